"""Depth without debris: small pieces that hang between two surfaces are moved to the depth of the one they belong to.

Where a depth map is soft, as every estimated one is, the pixels at an edge have depths between the two surfaces. As
points they can be dropped; in a mesh each would be a splinter of its own, and dropping it leaves a ragged silhouette.
Which surface a pixel belongs to is told by the mask of the foreground, which is more exact than the depth there.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gen3d.geometry.edges import JUMP
from gen3d.geometry.relief import continuous

SMALLEST_PX = 40
"""Surfaces of fewer pixels are debris. Chosen by eye."""
REACH_PX = 12
"""Debris farther from any surface of its side stays what it is. Chosen by eye."""


def absorb_debris(
    depth: Float[np.ndarray, "h w"], front: Bool[np.ndarray, "h w"], hanging: Bool[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """The depth (metres, inf = sky) with debris moved to the depth of the nearest surface on its side of `front`.

    hanging: pixels that are debris, whatever they hang together with.
    """
    surface = surfaces(depth)
    small = hanging | (np.bincount(surface.ravel())[surface] < SMALLEST_PX)
    out = depth.copy()
    for side in (front, ~front):
        solid = side & ~small
        if solid.any():
            distance, (v, u) = distance_transform_edt(~solid, return_indices=True)
            moved = side & small & (distance < REACH_PX)
            out[moved] = depth[v, u][moved]
    return out


def farther_beside(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], reach_px: int
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w 3"]]:
    """Depth and picture with the far side of every depth edge spread over the near side, as it is; the sky is not."""
    depth, image = depth.copy(), image.copy()
    for _ in range(reach_px):
        old, picture = depth.copy(), image.copy()
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            other = np.roll(old, step, axis)
            taken = np.isfinite(other) & (other > (1 + JUMP) * depth)
            border = (slice(None),) * axis + ((0 if step > 0 else -1),)
            taken[border] = False
            depth = np.where(taken, other, depth)
            image = np.where(taken[..., None], np.roll(picture, step, axis), image)
    return depth, image


def surfaces(depth: Float[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    """A number for every surface: pixels with a way from one to the other that crosses no depth edge."""
    place = np.arange(depth.size, dtype=np.int32).reshape(depth.shape)
    right, down = continuous(depth, 1), continuous(depth, 0)
    a = np.concatenate([place[:, :-1][right], place[:-1][down]])
    b = np.concatenate([place[:, 1:][right], place[1:][down]])
    links = coo_array((np.ones(len(a), bool), (a, b)), shape=(depth.size, depth.size))
    return connected_components(links, directed=False)[1].reshape(depth.shape)
