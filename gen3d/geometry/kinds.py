"""What the photo saw, and what was made up: the kind of each point, told from its picture and its place.

Points of the photo and of its mixed pixels were seen; all others were made up. Those are behind something where the
photo's frame holds them, and outside where it does not: a new view shows both.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from gen3d.values import Kind, Layers, Origin, PointCloud


def kinds_of(points: PointCloud, layers: Layers) -> UInt8[np.ndarray, "n"]:
    """The kind of each point, of a backing's too, which lies behind its surface as the photo's camera sees it."""
    camera, foreground = layers.rgbd.camera, layers.foreground
    uv, z = camera.project(points.xyz.astype(np.float64))
    h, w = foreground.shape
    inside = camera.frames(uv, z)
    column, row = np.clip(np.where(z[:, None] > 0, uv, 0), 0, (w - 1, h - 1)).astype(np.int64).T
    seen = (points.origin == Origin.PHOTO) | (points.origin == Origin.FRINGE)
    kinds = np.where(foreground[row, column], Kind.FOREGROUND, Kind.PHOTO)
    return np.where(seen, kinds, np.where(inside, Kind.BEHIND, Kind.OUTSIDE)).astype(np.uint8)
