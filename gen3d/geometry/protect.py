"""New points are kept from covering what the photo shows, so that the given picture stays as it is (paper 3.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.place import SKY_SHARE
from gen3d.geometry.points import lift
from gen3d.values import RGBD, PointCloud

COVERS = 1.0 / 30.0
"""New points nearer than the photo's depth by more than this share would cover it: depth is not known better. Chosen by
eye."""
MOVES_BACK = 6
"""Rounds of moving points back that would cover the photo, since one that is moved may cover another pixel. Chosen
by eye."""
CLEAR = 1.01
"""A point is moved back this factor farther than it covers, so that rounding leaves nothing. Chosen by eye."""


def lift_uncovering(
    rgbd: RGBD, new: Bool[np.ndarray, "h w"], photo: RGBD, origin: int, shell_m: float
) -> PointCloud:
    """The new pixels as points, none of which stands in front of what the photo shows.

    One that would is moved back along its own ray, onto or behind the surface that the photo saw; what still covers
    after a few such moves is dropped.
    """
    depth = rgbd.depth.copy()
    for _ in range(MOVES_BACK):
        points = lift(replace(rgbd, depth=depth), new, origin, shell_m)
        nearer = covers(points, photo, shell_m)
        if not (nearer > 1).any():
            break
        u, v = points.pixel[nearer > 1].T
        depth[v, u] *= CLEAR * nearer[nearer > 1]
    return points.keep(nearer <= 1)


def covers(points: PointCloud, photo: RGBD, shell_m: float) -> Float[np.ndarray, "n"]:
    """By what factor each point is nearer to the photo's camera than what the photo shows there; 1: covers nothing.

    A point nearer by up to the share COVERS covers nothing. The sky counts as SKY_SHARE of its shell.
    """
    uv, z = photo.camera.project(points.xyz)
    u, v = np.floor(uv[:, 0]).astype(np.int64), np.floor(uv[:, 1]).astype(np.int64)
    inside = (z > 0) & (u >= 0) & (u < photo.camera.width) & (v >= 0) & (v < photo.camera.height)
    known = np.minimum(photo.depth, SKY_SHARE * shell_m)[np.where(inside, v, 0), np.where(inside, u, 0)]
    covering = inside & (z < (1 - COVERS) * known)
    return np.where(covering, known / np.where(covering, z, 1.0), 1.0)
