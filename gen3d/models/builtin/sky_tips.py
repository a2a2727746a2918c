"""What reaches into the sky and is too thin for the depth network's grid: a roof's tip, a mast, twigs.

Left in the sky it stays behind as a ghost, infinitely far, when what it belongs to moves. It is told by colour: it
differs from the sky around it by more than the sky does from itself, and it touches what is no sky.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

AROUND = 0.1
"""The sky's own colour is the mean over about this share of the longer side, so wide that something thin in it
hardly counts. Chosen by eye."""
SPREADS, LEAST = 2.0, 0.12
"""What differs from it by more than so many standard deviations, and by more than this (sRGB, root of summed squares),
is something else. Chosen by eye."""
LARGEST = 0.006
"""Of the picture: something larger is a cloud, or the network's own business. Chosen by eye."""


def tips_in_sky(sky: Bool[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Which pixels of the sky are of something small that stands before it, touching what is no sky."""
    if sky.all() or not sky.any():
        return np.zeros_like(sky)
    other = (sky & _unlike(sky, np.ascontiguousarray(image, np.float32))).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(other, connectivity=8)
    beside = np.unique(parts[cv2.dilate((~sky).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0])
    small = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] <= LARGEST * sky.size)
    return np.isin(parts, [part for part in np.intersect1d(beside, small) if part > 0])


def _unlike(sky: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Where a picture's colour is not that of the sky around."""
    sigma, held = AROUND * max(sky.shape), sky.astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(held, (0, 0), sigma), 1e-6)
    mean = cv2.GaussianBlur(image * held[..., None], (0, 0), sigma) / weight[..., None]
    squared = ((image - mean) ** 2).sum(2)
    spread = cv2.GaussianBlur(squared * held, (0, 0), sigma) / weight
    return squared > np.maximum(SPREADS**2 * spread, LEAST**2)


def with_nearest(
    near: Float[np.ndarray, "h w"], here: Bool[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """A picture with its values `here` taken over from the nearest `known` pixel, of which there must be one."""
    _, number = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value = np.zeros(number.max() + 1, near.dtype)
    value[number[known]] = near[known]
    return np.where(here, value[number], near)
