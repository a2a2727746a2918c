"""Flying pixels: those of a depth map that hang between two surfaces instead of lying on one."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.edges import inverse_depth

NEIGHBOURS = 3
"""A pixel that fewer than so many of its eight neighbours continue is flying. Chosen by eye."""
SAME_SURFACE = 0.12
"""Neighbours within this relative difference of inverse depth continue each other. Chosen by eye."""
STRAIGHT = 0.3
"""Second differences below this share of the first are those of a noisy plane. Chosen by eye."""
GOES_ON = 1.7
"""On a plane the step over four pixels is twice that over two; this many times is enough. Chosen by eye."""


def flying(depth: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Pixels whose depth hardly any neighbour shares, unless they lie on a steep plane (ground near its horizon)."""
    inverse = inverse_depth(depth)
    friends = np.zeros(depth.shape, np.int32)
    padded = cv2.copyMakeBorder(inverse, 1, 1, 1, 1, cv2.BORDER_REFLECT_101)
    h, w = depth.shape
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            other = padded[dy : dy + h, dx : dx + w]
            friends += np.abs(other - inverse) <= SAME_SURFACE * np.maximum(other, inverse)
    return (friends - 1 < NEIGHBOURS) & ~(_on_a_line(inverse) | _on_a_line(inverse.T).T)


def _on_a_line(inverse: np.ndarray) -> np.ndarray:
    """Pixels whose inverse depth runs steeply and straight over five pixels of their row: no ramp at an edge does."""
    p = cv2.copyMakeBorder(np.ascontiguousarray(inverse), 0, 0, 2, 2, cv2.BORDER_REFLECT_101)
    short, long = np.abs(p[:, 3:-1] - p[:, 1:-3]), np.abs(p[:, 4:] - p[:, :-4])
    bent = np.maximum(np.abs(p[:, 3:-1] + p[:, 1:-3] - 2 * inverse), np.abs(p[:, 4:] + p[:, :-4] - 2 * inverse))
    return (short > SAME_SURFACE * inverse) & (bent < STRAIGHT * short) & (long > GOES_ON * short)
