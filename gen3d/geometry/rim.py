"""Whose colour a pixel at a depth edge has: boundary pixels are mixed, and depth edges are a pixel off.

A pixel just outside a thing is often partly, or wholly, of the thing's colour. Lifted to the background's depth it
stays behind as a halo when the camera moves, and whatever is filled in beside it starts from the wrong colour.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import depth_from_inverse, far_rim, inverse_depth, near_rim

WINDOW_PX = 3
"""The two sides' own colours are averaged over this radius."""
DISTINCT = 0.08
"""Sides whose colours differ by less (sRGB, root of summed squares) cannot be told apart: nothing is mixed."""
FOREIGN = 0.5
"""Above this share of the other side's colour a pixel is the other side's."""


def settle_rims(image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The depth with those far-rim pixels that have the near side's colour moved to the near side."""
    inverse = inverse_depth(depth)
    rim = far_rim(depth)
    foreign = rim & (foreign_share(image, depth) > FOREIGN)
    nearest = cv2.dilate(inverse, np.ones((3, 3), np.uint8))
    settled = np.where(foreign, nearest, inverse)
    return np.where(foreign, depth_from_inverse(settled, settled <= 0), depth).astype(np.float32)


def foreign_share(image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """For far-rim pixels alpha of  c = alpha F + (1 - alpha) B, clipped to [0, 1]; 0 elsewhere and where undecided.

    F and B are the mean colours of the near and of the far side within WINDOW_PX, their own rims left out.
    """
    inverse = inverse_depth(depth)
    far = far_rim(depth)
    core = ~far & ~near_rim(depth)
    share = np.zeros(depth.shape, np.float32)
    nearest = cv2.dilate(inverse, np.ones((3, 3), np.uint8))
    _unmix(image.astype(np.float32), inverse, 0.5 * (inverse + nearest), far, core, share)
    return share


@compiled
def _unmix(image, inverse, middle, far, core, share):
    h, w = inverse.shape
    for y in range(h):
        for x in range(w):
            if not far[y, x]:
                continue
            total = np.zeros((2, 3))
            count = np.zeros(2)
            for v in range(max(0, y - WINDOW_PX), min(h, y + WINDOW_PX + 1)):
                for u in range(max(0, x - WINDOW_PX), min(w, x + WINDOW_PX + 1)):
                    if core[v, u]:
                        side = 1 if inverse[v, u] > middle[y, x] else 0
                        count[side] += 1
                        for c in range(3):
                            total[side, c] += image[v, u, c]
            if count[0] == 0 or count[1] == 0:
                continue
            along = 0.0
            length = 0.0
            for c in range(3):
                back = total[0, c] / count[0]
                across = total[1, c] / count[1] - back
                along += (image[y, x, c] - back) * across
                length += across * across
            if length > DISTINCT**2:
                share[y, x] = min(max(along / length, 0.0), 1.0)
