"""A scene as a camera sees it: the picture, the exact depth, the things. Rows are shared out among threads."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int
from numba import config

from gen3d.camera import Camera
from gen3d.events import product
from gen3d.painter.light.film import curved, despeckle_rows, smooth_rows
from gen3d.painter.light.tracer import FEATURES, hit_rows, light_rows

UP = np.array([1.0, -1.0, 1.0])
"""Worlds are modelled with y up; cameras have y down."""
BAND_PX = 8
"""Rows that a thread takes at once."""
LIGHT_SHARE = 0.93
"""Of the time of a picture, what its light takes; the rest smooths it. Measured at 160x120."""
DARKEST = 0.012
"""Texture is taken out of the light before it is smoothed, but for what is as good as black."""


T = TypeVar("T")
Drawing = Generator[float, None, T]
"""Work that yields the share of it that is done, and returns its product; closing it ends it."""


@dataclass(frozen=True, eq=False, slots=True)
class Built:
    """A world as the kernels take it."""

    scene: tuple
    """What `Shapes.packed` makes."""
    materials: Float[np.ndarray, "m 15"]
    lights: Float[np.ndarray, "48"]
    """See `light/sky.py`."""
    lamps: Float[np.ndarray, "l 7"]
    exposure: float
    turns: int
    """How often a path of light may turn."""

    def picture(self, camera: Camera, grid: int) -> Float[np.ndarray, "h w 3"]:
        """SRGB in [0, 1] from grid x grid paths a pixel."""
        return product(self.drawing(camera, grid))

    def drawing(self, camera: Camera, grid: int) -> Drawing[Float[np.ndarray, "h w 3"]]:
        """The same, bit by bit."""
        h, w = camera.height, camera.width
        light, features = np.zeros((h, w, 3)), np.zeros((h, w, FEATURES))
        given = (*_seen_from(camera), self.scene, self.materials, self.lights, self.lamps, grid, self.turns)
        paths = _in_bands(h, lambda top, end: light_rows(*given, top, light[top:end], features[top:end]))
        yield from _part(paths, 0.0, LIGHT_SHARE)
        smoothed = yield from _part(_without_noise(light, features), LIGHT_SHARE, 1.0)
        return curved(smoothed, self.exposure)

    def hits(self, camera: Camera) -> tuple[Float[np.ndarray, "h w"], Int[np.ndarray, "h w"]]:
        """Metres along z at the pixel centres, inf in the sky; and the number of the thing there, 0 for none."""
        depth = np.full((camera.height, camera.width), np.inf, np.float32)
        things = np.zeros(depth.shape, np.int32)
        given = (*_seen_from(camera), self.scene)
        product(_in_bands(camera.height, lambda top, end: hit_rows(*given, top, depth[top:end], things[top:end])))
        return depth, things


def _seen_from(camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return camera.center * UP, np.ascontiguousarray(camera.c2w[:3, :3]), camera.K


PASSES = ((2, 4, 0.03), (3, 2, 0.02), (2, 1, 0.012))
"""Reach, step and trust of each smoothing after the first."""


def _part(drawing: Drawing[T], begin: float, end: float) -> Drawing[T]:
    """Work that is a part of more: from this share of it to that."""
    with closing(drawing):
        while True:
            try:
                yield begin + (end - begin) * next(drawing)
            except StopIteration as done:
                return done.value


def _without_noise(light: np.ndarray, features: np.ndarray) -> Drawing[np.ndarray]:
    """The light with its texture, smoothed without it.

    The first pass trusts the shape of surfaces alone and makes a guide; the others heed the guide's shadows.
    """
    texture = np.maximum(features[..., :3], DARKEST)
    light = _rowwise(despeckle_rows, light / texture)
    guide = _rowwise(smooth_rows, light, light, features, 3, 1, 0.8)
    for done, (reach, step, trust) in enumerate(PASSES, 1):
        yield done / (1 + len(PASSES))
        light = guide = _rowwise(smooth_rows, light, guide, features, reach, step, trust)
    return light * texture


def _rowwise(kernel: Callable, light: np.ndarray, *more: object) -> np.ndarray:
    out = np.zeros_like(light)
    product(_in_bands(len(light), lambda top, end: kernel(light, *more, top, out[top:end])))
    return out


def _in_bands(height: int, work: Callable[[int, int], object]) -> Drawing[None]:
    """Calls work(top, end) for bands of rows; kernels hold no lock of the interpreter, so threads run at once.

    Closing it leaves out the bands that have not begun.
    """
    tops = range(0, height, BAND_PX)
    pool = ThreadPoolExecutor(min(config.NUMBA_NUM_THREADS, len(tops)))
    try:
        bands = [pool.submit(work, top, min(top + BAND_PX, height)) for top in tops]
        for number, band in enumerate(bands, 1):
            band.result()
            yield number / len(bands)
    finally:
        pool.shutdown(cancel_futures=True)
