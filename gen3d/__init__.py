"""GEN3D: one picture in, one explorable 3D scene out (arXiv 2511.14291).

    scene = gen3d.build("photo.jpg", depth="depth.png", preset="fast")
    scene.save("scene.spz")

The package reads like Figure 1 of the paper. A request goes through three steps, each of stages that are generators of
events; `pipeline.py` has them in memory, `run/` with folders around them, so that each can be resumed:

    look   source -> depth -> layers                  what is in the picture, and how far away
    grow   background -> lift -> expand -> optimize   the hidden surfaces, the world around, the Gaussians
    tour   flythrough                                 a video along a path

Between the first two, a review changes what stands in front.

Each arrow is one file in `stages/`, and one row of `stage_table.py`. Stages hand frozen values to each other
(`values.py`, `camera.py`), tell their listener what happens (`events.py`), and call roles that are handed in:
pretrained networks or their download-free stand-ins (`models/`), and a rasterizer (`splat/`). Pure geometry is in
`geometry/`, files in `formats/`. docs/architecture.md draws the house; `tests/test_floors.py` holds the table of who
may import whom.

Conventions (see `camera.py`): OpenCV axes, metres, world = first camera, depth is z, pixel centres at +0.5.

What is public is in `__all__` and lives in `face/`; nothing heavy is imported before the first call.
"""

import os
from typing import TYPE_CHECKING, Any

# Before numba or torch load: their OpenMP threads otherwise spin while they wait, at twice the time on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Before numpy loads: its BLAS otherwise wakes other threads for points times a matrix of 3 x 3, and spins until they
# have done their part: 1 ms of work takes 30 to 100 where the cores are busy. Nothing here multiplies large matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.5.0"
__all__ = [
    "PRESETS", "Camera", "Gen3DError", "InputError", "Looked", "Notice", "Picture", "Preview", "Progress", "Request",
    "Review", "Scene", "Settings", "Started", "batch", "build", "grow", "info", "load_models", "look", "tour",
]  # fmt: skip

if TYPE_CHECKING:
    from gen3d.face import (
        PRESETS,
        Camera,
        Gen3DError,
        InputError,
        Looked,
        Notice,
        Picture,
        Preview,
        Progress,
        Request,
        Review,
        Scene,
        Settings,
        Started,
        batch,
        build,
        grow,
        info,
        load_models,
        look,
        tour,
    )


def __getattr__(name: str) -> Any:
    """What is public, imported when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gen3d import face

    return getattr(face, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
