"""New depth onto known depth (paper 3.2, eq. 4): W moves new points only along their camera ray.

Three parts. (a) A robust scale and shift in inverse depth on the pixels that are already known, in closed form.
(b) What is left on the known rim is spread into the hole by Laplace's equation on the log-depth correction, held to
zero at the far frame border: a smooth form of the paper's linear interpolation. (c) The hinge: what is revealed
behind known geometry may not come in front of it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

from gen3d.geometry.edges import depth_edges, depth_from_inverse, dilate, inverse_depth
from gen3d.geometry.membrane import solve_membrane

IRLS_ROUNDS = 12
"""Rounds of reweighting. Chosen by eye."""
LEAST_RESIDUAL = 1e-3
"""Residuals below this share of the median inverse depth count as equally small, so that no weight is infinite. Chosen
by eye."""
LEAST_SPREAD = 1e-3
"""Inverse depths within this share of their median are one distance, which cannot fix a shift. Chosen by eye."""
MIN_SHARED = 50
"""Fewer shared pixels cannot fix a shift either: only a scale is fitted. Chosen by eye."""
LEAST_SLOPE, FARTHEST_PERCENT = 0.05, 2.0
"""A fit is given up for the ratio of medians when its scale is below this share of that ratio, or when it would put
what lies at this percentile of inverse depth beyond infinity. Chosen by eye."""
EDGE_CLEARANCE_PX = 2
"""Rim pixels this close to a depth edge give no boundary value: near depth would stretch into the hole. Chosen by
eye."""
MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation. By definition."""
ROBUST_RESIDUAL, RESIDUAL_FLOOR = 3.0, 0.01
"""Rim residuals (of log depth) beyond so many standard deviations, but never within the floor's, give no boundary value
either. Chosen by eye."""
BEHIND = 1.02
"""What is revealed behind a thing lies at least this factor behind its rim. Chosen by eye."""


def fit_scale_shift(
    new: Float[np.ndarray, "h w"], known: Float[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"]
) -> tuple[float, float]:
    """(a, b) with  1 / known ~ a / new + b  on the pixels of `where`, robustly (least absolute residuals by IRLS).

    Sky and unknown pixels are left out. a is positive always; with too little shared, or where the fit would turn
    depth inside out, it is the ratio of the medians and b = 0; with nothing shared, or all of it the same, (1, 0).
    """
    usable = where & np.isfinite(new) & np.isfinite(known) & (new > 0) & (known > 0)
    if np.array_equal(new[usable], known[usable]):
        return 1.0, 0.0
    x, y = 1.0 / new[usable].astype(np.float64), 1.0 / known[usable].astype(np.float64)
    ratio = float(np.median(y / x))
    if len(x) < MIN_SHARED or np.ptp(x) < LEAST_SPREAD * np.median(x):
        return ratio, 0.0
    weight = np.ones_like(x)
    floor = LEAST_RESIDUAL * float(np.median(y))
    a, b = ratio, 0.0
    for _ in range(IRLS_ROUNDS):
        a, b = _weighted_line(x, y, weight)
        weight = 1.0 / np.maximum(np.abs(a * x + b - y), floor)
    inside_out = a <= LEAST_SLOPE * ratio or a * float(np.percentile(x, FARTHEST_PERCENT)) + b <= 0
    return (ratio, 0.0) if inside_out else (float(a), float(b))


def _weighted_line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """(a, b) of the line y = a x + b of least weighted squares."""
    total = weight.sum()
    mx, my = (weight * x).sum() / total, (weight * y).sum() / total
    variance = (weight * (x - mx) ** 2).sum()
    a = float((weight * (x - mx) * (y - my)).sum() / max(variance, 1e-30))
    return a, float(my - a * mx)


def apply_scale_shift(depth: Float[np.ndarray, "h w"], a: float, b: float) -> Float[np.ndarray, "h w"]:
    """The depth with 1 / z' = a / z + b; sky stays sky, nothing turns negative. What fits as it is stays to the bit."""
    if (a, b) == (1, 0):
        return depth.astype(np.float32)
    inverse = inverse_depth(depth)
    return depth_from_inverse(np.where(inverse > 0, a * inverse + b, 0), inverse <= 0)


def blend_seam(
    new: Float[np.ndarray, "h w"],
    known: Float[np.ndarray, "h w"],
    hole: Bool[np.ndarray, "h w"],
    hiding: Bool[np.ndarray, "h w"],
) -> Float[np.ndarray, "h w"]:
    """The new depth, bent along its rays so that it meets the known depth at the hole's rim.

    new: complete. known: read outside the hole only. hiding: rim pixels that stand in front (`surfaces.hiding_rim`).
    Outside the hole the known depth comes back. An estimator may hand back the depth that it was told to expect, which
    has no step at the rim: there is nothing to bend.
    """
    rim = ~hole & dilate(hole, 1) & np.isfinite(known) & np.isfinite(new) & ~hiding
    if np.array_equal(new[rim], known[rim]):
        return np.where(hole, new, known).astype(np.float32)
    # edges of either depth, not of their sum: the seam itself may jump, that is what is to be healed
    edges = depth_edges(new.astype(np.float32)) | depth_edges(_nearest_known(known, hole))
    rim &= ~dilate(edges, EDGE_CLEARANCE_PX)
    residual = np.zeros_like(new)
    residual[rim] = np.log(known[rim]) - np.log(new[rim])
    rim &= _within_robust(residual, rim)
    held = rim | (hole & _frame_border(hole.shape))
    correction = solve_membrane(np.where(rim, residual, 0).astype(np.float32), hole & ~held, ~hole & ~rim)
    bent = new * np.exp(np.where(hole, correction, 0))
    return np.where(hole, bent, known).astype(np.float32)


def _nearest_known(known: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The known depth, its hole filled with the nearest known pixel."""
    if hole.all():
        return np.ones(known.shape, np.float32)
    v, u = distance_transform_edt(hole, return_distances=False, return_indices=True)
    return known[v, u].astype(np.float32)


def _within_robust(residual: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """Where the residual is near the rim's median one, in units of the rim's own spread."""
    if not rim.any():
        return rim
    r = residual[rim]
    middle = np.median(r)
    spread = MAD_TO_SIGMA * np.median(np.abs(r - middle)) + RESIDUAL_FLOOR
    return np.abs(residual - middle) < ROBUST_RESIDUAL * spread


def _frame_border(shape: tuple[int, int]) -> np.ndarray:
    border = np.ones(shape, bool)
    border[1:-1, 1:-1] = False
    return border


def keep_behind(
    depth: Float[np.ndarray, "h w"],
    known: Float[np.ndarray, "h w"],
    hole: Bool[np.ndarray, "h w"],
    hiding: Bool[np.ndarray, "h w"],
    reach_px: float,
    expected: Float[np.ndarray, "h w"],
) -> Float[np.ndarray, "h w"]:
    """The hinge: in the hole, within `reach_px` of a hiding rim, depth is at least that rim's.

    expected: where the surfaces around the hole go on (`surfaces.continue_surfaces`). What these bring in front of the
    rim, such as the ground before a thing, is not revealed behind it: nothing is pushed farther than this.
    """
    if not hiding.any():
        return depth
    distance, (v, u) = distance_transform_edt(~hiding, return_indices=True)
    floor = np.where(hole & (distance <= reach_px), np.minimum(BEHIND * known[v, u], expected), 0)
    return np.maximum(depth, np.nan_to_num(floor, nan=0.0)).astype(np.float32)
