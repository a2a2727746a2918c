"""The box room as pictures with depth, all of them true: photo, what is behind its boxes, and what is around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gen3d.geometry.edges import dilate
from gen3d.geometry.place import shell_m_of
from gen3d.values import RGBD, LayeredDepth, Layers, Sheet
from tests.worlds import AnalyticWorld, box_room

MARGIN_PX = 24


def layered_room(
    width: int = 160,
    height: int = 120,
    noise: Callable[[np.ndarray], np.ndarray] = np.copy,
    world: AnalyticWorld | None = None,
) -> LayeredDepth:
    """Photo, background, and one sheet all around the photo; noise: what an estimator makes of the photo's depth."""
    world = world or box_room()
    camera = world.camera(width, height)
    photo = world.view(camera, supersample=2)
    foreground, hidden = world.foreground(camera), world.hidden(camera)
    wide = camera.padded(MARGIN_PX)
    new = np.ones((wide.height, wide.width), bool)
    new[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = False
    told = RGBD(photo.image, noise(photo.depth).astype(np.float32), camera)
    return LayeredDepth(
        Layers(told, foreground, dilate(foreground, 2)),
        RGBD(np.where(foreground[..., None], hidden.image, photo.image),
             np.where(foreground, hidden.depth, told.depth), camera),
        (Sheet(world.hidden(wide), new),),
        shell_m_of(photo.depth),
    )  # fmt: skip
