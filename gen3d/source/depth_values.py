"""How the numbers of a depth map are spread, which tells what they are no matter what a file calls them.

Whole maps are gone through in strips, and of large ones every nth pixel tells what a part can tell.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Num

from gen3d.formats.depth_file import SKY_M, strips

LOOKED_AT_PX = 1_000_000
"""Of a large map, so many pixels tell how its values are spread."""
SHARED = 1e-3
"""The share of pixels from which one value is no accident."""
APART = 8.0
"""So many times farther than all others a far constant is a mark, not a wall."""
APART_ROUND = 3.0
"""The same for a power of ten from 100 on, as renderers and sensors write it."""
MARK_M = 50.0
"""Nearer than this a constant is a wall, however far it lies behind all else."""
NEARLY = 0.005
"""How far from the end of its range a relative map may end, as a share of that range."""
NOTHING_M = 0.02
"""Nothing is seen so near."""
LOWEST = 0.02
"""Times the median: where hardly a pixel of a metric map lies."""
FULL_FLOATS = (65504.0, 65535.0, 65.535)
"""The largest half float, and the largest 16-bit integer, in units and in metres of millimetres."""


def fills(values: Num[np.ndarray, "h w"]) -> str | None:
    """Why a map is relative: it runs smoothly from 0 to the largest number of its type, or from 0 to 1. Else None."""
    low, high = ends(values)
    ranges = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255, 65535)
    if not any((1 - NEARLY) * full <= high <= full and 0 <= low <= NEARLY * full for full in ranges):
        return None
    some = looked_at(values).astype(np.float64)
    some = some[np.isfinite(some)]
    positive, below = some[some > 0], some[some < high]
    smooth = (
        len(positive) > 0
        and positive.min() <= max(0.01 * high, 1.5 if high > 1 else 0)  # no gap above what would be "unknown"
        and below.max(initial=0) >= 0.95 * high  # and none below what would be "too far"
        and np.count_nonzero(np.histogram(some, 64, (0, high))[0]) >= 22
    )
    return f"The depth fills the whole range from {low:g} to {high:g}" if smooth else None


def reaches_0(values: Num[np.ndarray, "h w"]) -> bool:
    """Whether values go down to 0 without a gap, so that 0 is the farthest, not a mark."""
    low, high = ends(values)
    some = looked_at(values)
    positive = some[some > 0]
    return low <= 0.005 * high and len(positive) > 0 and float(positive.min()) <= 0.02 * high


def goes_to_nothing(depth: Float[np.ndarray, "h w"]) -> bool:
    """Whether metres go down to where nothing can be seen, on too many pixels for an accident."""
    some = looked_at(depth)
    known = some[(some > 0) & np.isfinite(some)]
    if len(known) == 0 or known.min() >= NOTHING_M:
        return False
    middle = np.median(known)
    return bool(middle > 1 and np.count_nonzero(known < LOWEST * middle) >= 2 * SHARED * len(known))


def far_mark(values: Num[np.ndarray, "h w"], units: float) -> float | None:
    """The largest value, where many pixels share it and it is the type's last, or far beyond all others.

    units: per metre.
    """
    _, high = ends(values)
    count = sum(np.count_nonzero(values[rows] == high) for rows in strips(values.shape))
    some = looked_at(values)
    below = some[np.isfinite(some) & (some > 0) & (some < high)]
    if count < SHARED * values.size or len(below) == 0:
        return None
    if high in FULL_FLOATS or (values.dtype.kind != "f" and high == np.iinfo(values.dtype).max):
        return high
    if high / units < MARK_M:
        return None
    power = 10.0 ** round(np.log10(high))
    is_round = power >= 100 and high in (power, power - 1)
    return high if high >= (APART_ROUND if is_round else APART) * float(below.max()) else None


def ends(values: Num[np.ndarray, "h w"]) -> tuple[float, float]:
    """The least and the largest finite value below the sky; (inf, -inf) where there is none."""
    low, high = np.inf, -np.inf
    for rows in strips(values.shape):
        part = values[rows]
        if part.dtype.kind == "f":
            part = part[np.isfinite(part) & (part <= min(SKY_M, float(np.finfo(part.dtype).max)))]
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    return low, high


def looked_at(values: Num[np.ndarray, "h w"]) -> np.ndarray:
    """Every nth pixel of a large map, all of a small one; one axis."""
    step = max(1, int(np.sqrt(values.size / LOOKED_AT_PX)))
    return values[::step, ::step].ravel()


def median(depth: Float[np.ndarray, "h w"], besides: float | None = None) -> float:
    """Of what is known and no sky, one value left out; NaN where nothing is."""
    some = looked_at(depth)
    known = some[np.isfinite(some)]
    if not len(known):
        known = depth[np.isfinite(depth)]
    if besides is not None:
        known = known[known != np.float32(besides)]
    return float(np.median(known)) if len(known) else float("nan")
