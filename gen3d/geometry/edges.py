"""Where depth jumps: edges, their near and far sides; and the dilation, erosion and opening of regions.

Works on inverse depth (1 / z, sky = 0), because there a plane is linear in pixel coordinates: what a plane predicts
can be subtracted, and what is left is a jump between surfaces.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

JUMP = 0.06
"""Relative step of inverse depth between neighbours from which they belong to two surfaces. Chosen by eye."""
TEAR = 0.02
"""The same where the steps around are much smaller. Chosen by eye: with JUMP alone, patches spanned steps of 2 to 6 %
as curtains."""
SUDDEN = 1.7
"""How many times the steps around it a step must be to be much larger. Chosen by eye."""
LARGE = 4
"""How many times the least step a step must be to count without being compared to those around it. Chosen by eye."""
TYPICAL_PX = 5
"""The steps around: their median in a square with this side. Chosen by eye."""
FARTHEST = 1e-3
"""Inverse depth that falls below this share of the median is held there. Chosen by eye."""


def inverse_depth(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """1 / z in float32; sky is 0, unknown stays NaN."""
    with np.errstate(divide="ignore"):
        return (1.0 / depth).astype(np.float32)


def depth_from_inverse(inverse: Float[np.ndarray, "h w"], sky: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Metres along z: inf where `sky`, positive and finite elsewhere (inverse is held at or above a floor)."""
    solid = inverse[~sky & (inverse > 0)]
    floor = FARTHEST * float(np.median(solid)) if solid.size else 1e-6
    return np.where(sky, np.inf, 1.0 / np.maximum(inverse, floor)).astype(np.float32)


def dilate(region: Bool[np.ndarray, "h w"], radius_px: int | float) -> Bool[np.ndarray, "h w"]:
    """The region and everything within `radius_px` of it."""
    r = round(radius_px)
    return region.copy() if r < 1 else cv2.dilate(region.astype(np.uint8), disc(r)).astype(bool)


def erode(region: Bool[np.ndarray, "h w"], radius_px: int | float) -> Bool[np.ndarray, "h w"]:
    """The region without everything within `radius_px` of its outside; what lies beyond the frame is not outside."""
    return ~dilate(~region, radius_px)


def close_gaps(hole: Bool[np.ndarray, "h w"], gap_px: int) -> Bool[np.ndarray, "h w"]:
    """The hole opened by a square of side `gap_px`: without its narrower parts, which are cracks between points."""
    kernel = np.ones((gap_px, gap_px), np.uint8)
    return cv2.morphologyEx(hole.astype(np.uint8), cv2.MORPH_OPEN, kernel).astype(bool)


def disc(radius: int) -> np.ndarray:
    """A round structuring element for OpenCV's morphology."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def innermost(region: Bool[np.ndarray, "h w"]) -> tuple[int, int]:
    """(column, row) of a region's pixel that is farthest from its outside; what lies beyond the frame is outside."""
    inside = cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(column), int(row)


def near_rim(depth: Float[np.ndarray, "h w"], width_px: int = 1, jump: float = JUMP) -> Bool[np.ndarray, "h w"]:
    """The near side of every depth edge, `width_px` wide: pixels that stand in front of a neighbour.

    jump: the least relative step in inverse depth.
    """
    inverse = inverse_depth(depth)
    nearest, farthest = cv2.dilate(inverse, np.ones((3, 3), np.uint8)), cv2.erode(inverse, np.ones((3, 3), np.uint8))
    edge = _beyond_plane(inverse, inverse - farthest, nearest - inverse, jump)
    return dilate(edge, width_px - 1) & (inverse > 0)


def far_rim(depth: Float[np.ndarray, "h w"], width_px: int = 1, jump: float = JUMP) -> Bool[np.ndarray, "h w"]:
    """The far side of every depth edge, `width_px` wide: pixels that a neighbour stands in front of."""
    inverse = inverse_depth(depth)
    nearest, farthest = cv2.dilate(inverse, np.ones((3, 3), np.uint8)), cv2.erode(inverse, np.ones((3, 3), np.uint8))
    edge = _beyond_plane(nearest, nearest - inverse, inverse - farthest, jump)
    return dilate(edge, width_px - 1)


def _beyond_plane(reference: np.ndarray, step: np.ndarray, opposite: np.ndarray, jump: float) -> np.ndarray:
    """Steps above `jump` that are also sudden, as a plane's never are, however steep towards its horizon.

    Sudden is what is clearly more than the steps around it; or, so that thin things count, large and clearly more
    than the step to the opposite side.
    """
    typical = cv2.medianBlur(np.ascontiguousarray(step, np.float32), TYPICAL_PX)
    large = (step > LARGE * jump * reference) & (step > SUDDEN * opposite)
    return (step > jump * reference) & ((step > SUDDEN * typical) | large)


def torn(depth: Float[np.ndarray, "h w"], axis: int) -> Bool[np.ndarray, "h2 w2"]:
    """Between which neighbours along an axis (0 down, 1 right; one fewer than pixels) a surface ends. No NaN."""
    inverse = inverse_depth(depth)
    after, before = (inverse[1:], inverse[:-1]) if axis == 0 else (inverse[:, 1:], inverse[:, :-1])
    step = np.abs(after - before) / np.maximum(np.maximum(after, before), 1e-30)
    typical = cv2.medianBlur(np.ascontiguousarray(step, np.float32), TYPICAL_PX)
    return (step > JUMP) | ((step > TEAR) & (step > SUDDEN * typical))


def depth_edges(depth: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Both sides of every depth edge, one pixel each."""
    return near_rim(depth) | far_rim(depth)
