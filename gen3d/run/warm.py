"""Every kernel made ready ahead: a tiny photo with depth and a tiny sentence become scenes that nobody keeps.

What is compiled already is loaded and run, in five seconds; what is not compiles in a process of its own
(`geometry/compiler.py`), a minute once a machine, while whoever asked for this may go on.
"""

from __future__ import annotations

import tempfile
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np

from gen3d.formats.picture import write_png
from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Request
from gen3d.run.steps import build
from gen3d.settings import FAST, Settings
from gen3d.splat.cpu.function import CpuRasterizer, warm_up

WIDTH, HEIGHT = 128, 96
SENTENCE = "a lighthouse on a cliff above the sea at sunset"


def warm_everything() -> None:
    """All kernels that a build with the builtin engine runs, of a photo or of a sentence, compiled or loaded."""
    warm_up()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        for name, request in (("photo", _photo(folder)), ("sentence", Request(None, SENTENCE))):
            deque(build(request, builtin_models(), CpuRasterizer(), tiny(), folder / name), maxlen=0)


def tiny() -> Settings:
    """As fast as it goes, through every stage."""
    fit = replace(FAST.fit, iterations=2, reprojections=2)
    return replace(FAST, size_px=WIDTH, fit=fit, tour=replace(FAST.tour, frames=4))


def _photo(folder: Path) -> Request:
    """A box before a wall and a floor, sky above, a part of its depth unknown: work for every stage."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    depth = np.minimum(4.0, 150.0 / np.maximum(y - 40, 1)).astype(np.float32)
    depth[:12] = np.inf
    box = (abs(x - 60) < 22) & (abs(y - 58) < 20)
    depth[box], depth[80:84, 4:12] = 2.0, np.nan
    depth[38:78, 82:85] = 1 / np.linspace(1 / 2, 1 / 4, 5)[1:-1]  # a soft edge
    colour = np.random.default_rng(0).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    image = 0.25 * colour + np.where(box[..., None], np.float32([0.7, 0.2, 0.1]), np.float32([0.3, 0.4, 0.5]))
    write_png(folder / "photo.png", np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8))
    np.save(folder / "depth.npy", depth)
    return Request(folder / "photo.png", depth=folder / "depth.npy")
