"""Surfaces continued into the unknown: what depth a hole should have, judged by the surfaces around it.

Works on inverse depth, where a plane is linear in pixel coordinates: first the slopes at the hole's rim are carried
inward, then the surface is integrated from them (`membrane.py`). So a floor goes on as a floor and a wall as a wall.
Only the far side of the rim counts: the near side belongs to whatever hides the hole.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import JUMP, depth_edges, depth_from_inverse, dilate, inverse_depth
from gen3d.geometry.membrane import around, solve_membrane
from gen3d.geometry.together import together

SLOPE_WINDOW_PX = 7
"""Slopes are averaged over this radius within a surface: single pixels of real depth are too noisy. Chosen by eye."""
ENOUGH = 0.15
"""A slope is trusted where at least this share of its window lies on the surface. Chosen by eye."""
SLOPE_REACH = 0.15
"""A slope fades over this share of the picture's diagonal into the hole, since far from the rim it is a guess. Chosen
by eye."""
CONTEXT_PX = 48
"""Only what lies within this distance of a hole decides how it is continued. Chosen by eye."""
FARTHEST, NEAREST = 0.7, 1.5
"""Continued surfaces stay between these multiples of the least and the largest known inverse depth. Chosen by eye."""
KNOWN_PERCENTS = (1.0, 99.0)
"""The percentiles that count as the least and the largest. Chosen by eye."""
FARTHER = 2.0
"""Whether a surface goes on is looked at over so many times the distance at which what it hides is. Chosen by eye."""
LEAST_ACROSS_PX = 4
"""What lies nearer along the rim than this does not lie across the hole. Chosen by eye."""
HIDES = 2
"""A rim pixel hides when what lies across the hole is farther than its plane by this many times `edges.JUMP`. Chosen by
eye."""


def complete_depth(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Unknown pixels (NaN) filled from the surfaces around them; known ones as they were; inf stays sky."""
    return continue_surfaces(depth, np.isnan(depth))


def continue_surfaces(
    depth: Float[np.ndarray, "h w"],
    hole: Bool[np.ndarray, "h w"],
    hiding: Bool[np.ndarray, "h w"] | None = None,
) -> Float[np.ndarray, "h w"]:
    """The depth map (metres, inf = sky) with the hole filled by continuing its surroundings.

    hiding: known pixels that must not be continued, because they stand in front of what the hole shows. NaN in `depth`
    counts as hole. Where nothing at all is known the hole gets depth 1.
    """
    hole = hole | np.isnan(depth)
    if not hole.any():
        return depth
    window = around(hole, CONTEXT_PX)
    wall = np.zeros_like(hole) if hiding is None else hiding & ~hole
    reach_px = SLOPE_REACH * float(np.hypot(*depth.shape))
    out = depth.astype(np.float32)
    out[window] = _continued(depth[window], hole[window], wall[window], reach_px)
    return out


def _continued(depth: np.ndarray, hole: np.ndarray, wall: np.ndarray, reach_px: float) -> np.ndarray:
    inverse = np.where(hole, 0, inverse_depth(np.where(hole, 1.0, depth))).astype(np.float32)
    held = ~hole & ~wall
    if not held.any():
        return np.where(hole, np.float32(1.0), depth).astype(np.float32)
    known_sky = held & (inverse <= 0)
    sky = known_sky.copy()
    if known_sky.any():
        share = solve_membrane(known_sky.astype(np.float32), hole, wall)
        sky = np.where(hole, share > 0.5, known_sky)
    solid_wall = wall | known_sky
    unknown = hole & ~sky
    filled = inverse
    if (held & ~known_sky).any():
        slopes = _carried_slopes(inverse, unknown, solid_wall, reach_px)
        filled = solve_membrane(inverse, unknown, solid_wall | (hole & sky), slopes)
        filled = np.where(unknown, _clipped(filled, inverse[held & ~known_sky]), filled)
    out = depth_from_inverse(filled, sky & hole | ~hole & np.isinf(depth))
    return np.where(hole, out, depth).astype(np.float32)


def _clipped(filled: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Inverse depths clipped to the range of the known ones, and a little beyond."""
    low, high = np.percentile(known, KNOWN_PERCENTS)
    return np.clip(filled, FARTHEST * low, NEAREST * high)


def _carried_slopes(
    inverse: np.ndarray, unknown: np.ndarray, wall: np.ndarray, reach_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """The slopes of inverse depth on known surfaces, carried into the unknown and fading there."""
    known = ~unknown & ~wall
    gx, gy, sure = _slopes(inverse, known)
    pull = 1.0 / reach_px**2
    free = unknown | (known & ~sure)
    across, down = together([partial(solve_membrane, slope, free, wall, pull=pull) for slope in (gx, gy)])
    return across, down


def _slopes(inverse: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes per pixel, averaged within surfaces, and where there was enough of a surface to tell."""
    depth = np.where(known, 1.0 / np.maximum(inverse, 1e-12), np.nan).astype(np.float32)
    filled = np.where(known, depth, np.float32(np.nanmedian(depth)) if known.any() else 1.0).astype(np.float32)
    smooth = known & ~dilate(depth_edges(filled), 1) & ~dilate(~known, 1)
    gx, gy = np.gradient(inverse, axis=1), np.gradient(inverse, axis=0)
    size = (2 * SLOPE_WINDOW_PX + 1,) * 2
    weight = cv2.boxFilter(smooth.astype(np.float32), -1, size, normalize=False)
    total_x = cv2.boxFilter(np.where(smooth, gx, 0).astype(np.float32), -1, size, normalize=False)
    total_y = cv2.boxFilter(np.where(smooth, gy, 0).astype(np.float32), -1, size, normalize=False)
    sure = known & (weight > ENOUGH * size[0] * size[1])
    w = np.maximum(weight, 1.0)
    return np.where(sure, total_x / w, 0), np.where(sure, total_y / w, 0), sure


def hiding_rim(
    depth: Float[np.ndarray, "h w"], hole: Bool[np.ndarray, "h w"], reach_px: float, width_px: int = 2
) -> Bool[np.ndarray, "h w"]:
    """Known pixels at the hole's rim (`width_px` deep) that stand in front of what the hole shows.

    A rim pixel hides when another rim pixel within `reach_px` across the hole lies farther than the plane through the
    first one goes there, by more than the depth jump of `edges.py`, and none straight across the hole lies on it. A
    floor that runs away from the camera is not hiding its own far end, and neither is a wall behind the floor; hills on
    both sides of a tree go on behind it, though the sky above them is farther.
    """
    known = ~hole & ~np.isnan(depth)
    rim = known & dilate(hole, 1)
    v, u = np.nonzero(rim)
    hiding = np.zeros_like(hole)
    if not len(u):
        return hiding
    inverse = np.where(known, inverse_depth(np.where(known, depth, 1.0)), 0).astype(np.float32)
    gx, gy, _ = _slopes(inverse, known & (inverse > 0))
    near = _hides(hole, u, v, inverse[v, u], gx[v, u], gy[v, u], float(reach_px), HIDES * JUMP)
    hiding[v[near], u[near]] = True
    return dilate(hiding, width_px) & known & _not_farther(inverse, hiding, width_px)


def _not_farther(inverse: np.ndarray, core: np.ndarray, radius: int) -> np.ndarray:
    """Pixels about as near as the nearest core pixel around them: growing must not spill over the edge."""
    nearest = cv2.dilate(np.where(core, inverse, 0).astype(np.float32), np.ones((2 * radius + 1,) * 2, np.uint8))
    return inverse > (1 - JUMP) * nearest


@compiled
def _hides(hole, u, v, inverse, gx, gy, reach, jump):
    n = u.shape[0]
    near = np.zeros(n, np.bool_)
    order = np.argsort(u)
    for a in range(n):
        i = order[a]
        if inverse[i] <= 0:
            continue
        for direction in (-1, 1):
            b = a + direction
            while 0 <= b < n and not near[i]:
                j = order[b]
                du = float(u[j] - u[i])
                if abs(du) > reach:
                    break
                dv = float(v[j] - v[i])
                if du * du + dv * dv <= reach * reach:
                    predicted = inverse[i] + gx[i] * du + gy[i] * dv
                    flat = min(predicted, inverse[i])
                    if inverse[j] < flat - jump * inverse[i]:
                        near[i] = True
                b += direction
        near[i] = near[i] and not _goes_on(hole, u, v, inverse, gx, gy, i, FARTHER * reach, jump)
    return near


@compiled
def _goes_on(hole, u, v, inverse, gx, gy, i, reach, jump):
    """Whether the surface of a rim pixel is seen across the hole again."""
    for j in range(u.shape[0]):
        du, dv = float(u[j] - u[i]), float(v[j] - v[i])
        if du * du + dv * dv > reach * reach:
            continue
        predicted = inverse[i] + gx[i] * du + gy[i] * dv
        low, high = min(predicted, inverse[i]), max(predicted, inverse[i])
        if low - jump * inverse[i] <= inverse[j] <= high + jump * inverse[i] and _through(hole, v[i], u[i], v[j], u[j]):
            return True
    return False


@compiled
def _through(hole, v0, u0, v1, u1):
    """Whether the straight way between two rim pixels leads through the hole."""
    steps = max(abs(v1 - v0), abs(u1 - u0))
    k = 1
    while k < steps and hole[v0 + round((v1 - v0) * k / steps), u0 + round((u1 - u0) * k / steps)]:
        k += 1
    return k == steps >= LEAST_ACROSS_PX
