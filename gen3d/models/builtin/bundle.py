"""The engine "builtin": every role that can be played without a download, on any processor.

Its depth is seen by a small network of our own that lies in the package, its masks are superpixels that stand out in
depth, its fill borrows patches of the picture itself, and its sentences become small worlds that are built by rule;
the things that it makes are simple solids. It cannot caption a picture.
"""

from __future__ import annotations

from typing import Any

from gen3d.models.base import Models
from gen3d.models.builtin.mixed_depth import MixedDepth
from gen3d.models.builtin.patch_fill import PatchInpainter
from gen3d.models.builtin.solids import SolidMaker
from gen3d.models.builtin.superpixels import SuperpixelSegmenter
from gen3d.models.builtin.world_painter import Painter
from gen3d.models.engines import Engine


def builtin_models() -> Models:
    """The bundle."""
    fill = PatchInpainter()
    return Models(
        depth=MixedDepth(), segmenter=SuperpixelSegmenter(), background=fill, outpainter=fill, text_to_image=Painter(),
        object_maker=SolidMaker(),
    )  # fmt: skip


def open_builtin(engine: Engine, opened: object) -> dict[str, Any]:
    """Who plays the engine's roles."""
    models = builtin_models()
    return {role: getattr(models, role) for role in engine.roles}
