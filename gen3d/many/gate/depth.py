"""How far to trust the depth that a scene stands on, without knowing the true one.

Surfaces are mostly smooth, and the inverse depth of a plane is linear over a picture, whatever its slope: so where it
bends between edges, the depth is bumpy rather than the world. And an engine that sees the photo's middle mirrored
should see the same place: how far that is from the depth that was taken says how sure anybody can be of it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gen3d.geometry.align import apply_scale_shift, fit_scale_shift
from gen3d.geometry.edges import inverse_depth
from gen3d.models.base import DepthEstimator
from gen3d.values import RGBD

MARGIN = 0.125
"""Of each side of the photo is left out when the engine sees it once more: it must not do just the same again."""
STEP = 1 / 32
"""Of the longer side: bumps narrower than a few of these count; wider ones bend too little to be told from curves."""
LARGEST = 1.0
"""A difference of logarithms counts for no more than this."""
FEWEST_PX = 100
TAILS_PERCENT = (2.0, 98.0)


def bumps(depth: Float[np.ndarray, "h w"]) -> float | None:
    """Median |second difference| of inverse depth over STEP, as a share of it, along rows and columns; 0 of planes.

    None where there are too few pixels.
    """
    inverse, step = inverse_depth(depth).astype(np.float64), max(1, round(STEP * max(depth.shape)))
    bends = [_bends(a, step) for a in (inverse, inverse.T)]
    found = np.concatenate(bends)
    return float(np.median(found)) if found.size else None


def _bends(inverse: np.ndarray, step: int) -> np.ndarray:
    """Along the rows, where none of the three is sky."""
    left, middle, right = inverse[:, : -2 * step], inverse[:, step:-step], inverse[:, 2 * step :]
    solid = (left > 0) & (middle > 0) & (right > 0)
    return (np.abs(left + right - 2 * middle)[solid]) / middle[solid]


def confidence(photo: RGBD, eyes: DepthEstimator) -> float | None:
    """exp(-d): d is the mean |log ratio| of the depth taken to what `eyes` see in the middle of the photo, mirrored.

    The latter aligned by scale and shift of its inverse, which no single photo tells. 1 is full agreement; None where
    they cannot be compared.
    """
    h, w = photo.depth.shape
    rows, columns = (slice(round(MARGIN * side), side - round(MARGIN * side)) for side in (h, w))
    taken = photo.depth[rows, columns]
    seen = eyes.estimate(np.ascontiguousarray(photo.image[rows, columns][:, ::-1])).depth[:, ::-1]
    there = np.isfinite(taken) & np.isfinite(seen)
    if there.sum() < FEWEST_PX:
        return None
    aligned = apply_scale_shift(np.ascontiguousarray(seen), *fit_scale_shift(seen, taken, there))
    there &= np.isfinite(aligned)
    ratio = np.abs(np.log(np.maximum(aligned[there], 1e-9) / taken[there]))
    return float(np.exp(-np.minimum(ratio, LARGEST).mean())) if there.any() else None


def reach(depth: Float[np.ndarray, "h w"]) -> float | None:
    """How many times farther the far (98th percentile) is than the near (2nd), sky left out; None where all is sky."""
    solid = depth[np.isfinite(depth)]
    if not solid.size:
        return None
    near, far = np.percentile(solid, TAILS_PERCENT)
    return float(far / near)
