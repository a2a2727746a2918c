"""Mixed pixels along depth edges: which side each belongs to, and matting of those that belong to both.

A pixel at a thing's outline is partly of the thing's colour F and partly of the colour B behind it,
c = alpha F + (1 - alpha) B. Lifted whole to either depth it leaves a halo when the camera moves, and whatever is filled
in beside it starts from the wrong colour. So the depth edge is first moved to the pixel where the colour changes, and
what is still mixed then is split: B becomes an opaque point on the far surface, F one of opacity alpha before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import TEAR, depth_from_inverse, far_rim, inverse_depth, near_rim
from gen3d.geometry.together import in_bands
from gen3d.values import RGBD

WINDOW_PX, FALL = 3, 2.0
"""The two sides' own colours are averaged over this radius, with weights exp(-FALL (distance / radius)^2). Chosen by
eye."""
FEWEST = 2
"""Each side must have so many pixels there, or the pixel is left alone. Chosen by eye."""
DISTINCT = 0.08
"""Sides whose colours differ by less (sRGB, root of summed squares) cannot be told apart: nothing is mixed. Chosen by
eye."""
ALIEN = 0.5
"""A colour farther from the line between the two sides' than this share of its length is no mixture of them. Chosen by
eye."""
NEAR_OWNS, FAR_OWNS = 0.5, 0.1
"""A far rim pixel above the first share is the near side's, a near rim pixel below the second the far side's. Chosen by
eye."""
PURE = 0.1
"""Shares of alpha within this of 0 or 1 are taken for 0 or 1: splitting such a pixel would show nothing. Chosen by
eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Fringe:
    """Mixed pixels split into two layers; meaningful where `mixed`."""

    mixed: Bool[np.ndarray, "h w"]
    front: RGBD
    """The near side's colour F and depth."""
    back: RGBD
    """The whole picture; where a pixel is mixed, the far side's colour B and depth."""
    share: Float[np.ndarray, "h w"]
    """alpha."""


@dataclass(frozen=True, eq=False, slots=True)
class _Mixtures:
    """The two sides of each rim pixel that is a mixture of their colours; `share` (alpha) is NaN where it is none."""

    far: np.ndarray
    """Whether a rim pixel lies on the far side of an edge; the others lie on the near side alone."""
    share: np.ndarray
    near_rgb: np.ndarray
    far_rgb: np.ndarray
    near_inverse: np.ndarray
    far_inverse: np.ndarray


def snap_rims_to_colour(image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The depth (metres, inf = sky) with those rim pixels that have the other side's colour moved to its depth."""
    found = _mixtures(image, depth)
    to_near, to_far = found.far & (found.share > NEAR_OWNS), ~found.far & (found.share < FAR_OWNS)
    inverse = np.where(to_near, found.near_inverse, found.far_inverse)
    moved = to_near | to_far
    return np.where(moved, depth_from_inverse(inverse, inverse <= 0), depth).astype(np.float32)


def unmix_fringe(rgbd: RGBD) -> Fringe:
    """The picture's mixed rim pixels as two layers; `front` over `back` with the opacity `share` is the picture."""
    found = _mixtures(rgbd.image, rgbd.depth)
    mixed = (found.share > PURE) & (found.share < 1 - PURE)
    stays_behind = mixed & found.far
    before = depth_from_inverse(found.near_inverse, np.zeros_like(mixed))
    behind = depth_from_inverse(found.far_inverse, found.far_inverse <= 0)
    front = np.where(stays_behind, before, rgbd.depth).astype(np.float32)
    back = np.where(mixed & ~stays_behind, behind, rgbd.depth).astype(np.float32)
    return Fringe(
        mixed,
        RGBD(np.where(mixed[..., None], found.near_rgb, rgbd.image), front, rgbd.camera),
        RGBD(np.where(mixed[..., None], found.far_rgb, rgbd.image), back, rgbd.camera),
        np.where(mixed, found.share, 0).astype(np.float32),
    )


def _mixtures(image: np.ndarray, depth: np.ndarray) -> _Mixtures:
    inverse = inverse_depth(depth)
    near, far = near_rim(depth, jump=TEAR), far_rim(depth, jump=TEAR)
    kernel = np.ones((3, 3), np.uint8)
    middle = 0.5 * (cv2.dilate(inverse, kernel) + cv2.erode(inverse, kernel))
    shape = inverse.shape
    found = _Mixtures(
        far, np.full(shape, np.nan, np.float32), np.zeros((*shape, 3), np.float32), np.zeros((*shape, 3), np.float32),
        np.zeros(shape, np.float32), np.zeros(shape, np.float32),
    )  # fmt: skip
    arrays = (found.share, found.near_rgb, found.far_rgb, found.near_inverse, found.far_inverse)
    given = np.ascontiguousarray(image, np.float32), inverse, middle, near | far
    in_bands(len(depth), _unmix, *given, *arrays)
    return found


@compiled
def _unmix(first, end, image, inverse, middle, rim, share, near_rgb, far_rgb, near_inverse, far_inverse):
    """Of the rim pixels in the rows from `first` to before `end`; writes into the last five."""
    h, w = inverse.shape
    rgb, depth, weight, count = np.zeros((2, 3)), np.zeros(2), np.zeros(2), np.zeros(2)
    back, front, across, rest = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    nearness = np.zeros((2 * WINDOW_PX + 1, 2 * WINDOW_PX + 1))
    for v in range(-WINDOW_PX, WINDOW_PX + 1):
        for u in range(-WINDOW_PX, WINDOW_PX + 1):
            nearness[v, u] = np.exp(-FALL * (v**2 + u**2) / WINDOW_PX**2)
    for y in range(first, end):
        for x in range(w):
            if not rim[y, x]:
                continue
            rgb[:], depth[:], weight[:], count[:] = 0, 0, 0, 0
            for v in range(max(0, y - WINDOW_PX), min(h, y + WINDOW_PX + 1)):
                for u in range(max(0, x - WINDOW_PX), min(w, x + WINDOW_PX + 1)):
                    if rim[v, u]:
                        continue
                    side = 1 if inverse[v, u] > middle[y, x] else 0
                    near = nearness[v - y, u - x]
                    for c in range(3):
                        rgb[side, c] += near * image[v, u, c]
                    depth[side] += near * inverse[v, u]
                    weight[side] += near
                    count[side] += 1
            if count.min() < FEWEST:
                continue
            length, along, off = 0.0, 0.0, 0.0
            for c in range(3):
                back[c], front[c] = rgb[0, c] / weight[0], rgb[1, c] / weight[1]
                across[c], rest[c] = front[c] - back[c], image[y, x, c] - back[c]
                length += across[c] * across[c]
                along += rest[c] * across[c]
            if length < DISTINCT**2:
                continue
            alpha = min(max(along / length, 0.0), 1.0)
            for c in range(3):
                rest[c] -= alpha * across[c]
                off += rest[c] * rest[c]
            if off > ALIEN**2 * length:
                continue
            share[y, x] = alpha
            near_inverse[y, x], far_inverse[y, x] = depth[1] / weight[1], depth[0] / weight[0]
            for c in range(3):  # the rest goes to both sides, so that they make up the pixel exactly
                near_rgb[y, x, c] = min(max(front[c] + rest[c], 0.0), 1.0)
                far_rgb[y, x, c] = min(max(back[c] + rest[c], 0.0), 1.0)
