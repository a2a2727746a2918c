"""What the numbers of a given depth map mean: metres, their inverse, or something relative; and which are no distances.

A map that says nothing about itself is taken for metres, and an ordinary one passes without a word. What is doubtful
is used as it most probably was meant, with one sentence that says how, and how to say otherwise; what makes no
distances that anything could stand in is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Num
from scipy import ndimage

from gen3d.errors import InputError
from gen3d.formats.depth_file import INTEGER_SCALE, SKY_M, StoredDepth, check_scale, in_metres, strips
from gen3d.formats.depth_names import meaning_of
from gen3d.scene import DepthKind

Inverted = Literal["inverse", "disparity"]

USUAL_M = (0.05, 1000.0)
"""A median outside hints at a wrong scale."""
POSSIBLE_M = (1e-3, 1e5)
"""A median outside is no place that anything can be built in."""
NOTHING_NEARER_M = 20.0
"""Floats whose hundredth part is nearest beyond it, and whose median is beyond 100 m, are probably no metres."""
FAR_M = 100.0

LOOKED_AT_PX = 1_000_000
"""Of a large map, so many pixels tell how its values are spread."""
SHARED = 1e-3
"""The share of pixels from which one value is no accident."""
APART = 8.0
"""So many times farther than all others a far constant is a mark, not a wall."""
APART_ROUND = 3.0
"""The same for a power of ten from 100 on, as renderers and sensors write it."""
ROOM_M = 10.0
"""Where nothing is farther than this there is no sky."""
MARK_M = 50.0
"""Nearer than this a constant is a wall, however far it lies behind all else."""
FULL_FLOATS = (65504.0, 65535.0, 65.535)
"""The largest half float, and the largest 16-bit integer, in units and in metres of millimetres."""

MEDIAN_M = 3.0
"""Where half of a relative map is put, for want of any scale."""
FARTHEST = 10.0
"""How many times farther than its nearest point the farthest of a relative map is put."""
PLAUSIBLE_M = (0.3, 100.0)
"""Where the median of 1 / x has to lie for x to be taken for 1 / metres."""


@dataclass(frozen=True, eq=False, slots=True)
class GivenDepth:
    """A given map in metres."""

    depth: Float[np.ndarray, "h w"]
    """At its own size; NaN unknown, inf sky."""
    told: tuple[str, ...] = ()
    """What was doubtful, a sentence or two each."""
    far_m: float | None = None
    """The depth that marks what has none: it becomes sky or unknown in `settle_far`."""


def meant(stored: StoredDepth, scale: float | None, kind: DepthKind) -> GivenDepth:
    """The map in metres as it was probably meant, or as `kind` says.

    scale: units per metre; of an inverse map its values times metres (of a disparity: focal length in pixels times the
    baseline in metres). None where it was not told. Raises InputError for what makes no distances.
    """
    check_scale(scale)
    found, why = _kind(stored, scale) if kind == "auto" else (kind, None)
    if found == "metric":
        given = _metric(stored, scale, trusted=kind == "metric", why=why)
    else:
        given = _inverted(stored, scale, found, why)
    median_m = _checked_median(given.depth, stored, scale)
    told = [stored.doubt, *given.told]
    if kind == "auto" and found == "metric" and not given.told:
        told += [_flat(given.depth), _doubtful_metres(given.depth, median_m, stored, scale)]
    return GivenDepth(given.depth, tuple(filter(None, told)), given.far_m)


def settle_far(given: GivenDepth, depth: Float[np.ndarray, "h w"]) -> tuple[Float[np.ndarray, "h w"], str | None]:
    """What is marked as too far becomes sky where it reaches the upper edge, unknown where near things surround it.

    depth: `given.depth` on whatever grid. Returns it with a sentence on what was done.
    """
    if given.far_m is None:
        return depth, None
    marked = depth == np.float32(given.far_m)
    sky = _open_above(marked, depth)
    settled = np.where(marked, np.where(sky, np.float32(np.inf), np.float32(np.nan)), depth)
    parts = [f"{share:.2g} % as {what}" for share, what in
             ((100 * sky.mean(), "sky"), (100 * (marked & ~sky).mean(), "unknown")) if share]  # fmt: skip
    if not parts:
        return depth, None
    return settled, (
        f"Many pixels of the depth hold the same far value, {given.far_m:.6g} m: it was taken for a mark, not a "
        f"distance: {' and '.join(parts)}. If it is a distance, the depth kind metric says so (--depth-kind metric)."
    )


def _open_above(marked: Bool[np.ndarray, "h w"], depth: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Those regions of `marked` that reach the upper edge and end at what is not nearer than half of all.

    None where all that is known is within a room's length.
    """
    regions, count = ndimage.label(marked)
    beside = ndimage.grey_dilation(regions, size=3)  # where two regions meet a pixel, it counts for one
    known = np.isfinite(depth) & ~marked
    if depth[known].max(initial=0) < ROOM_M:
        return np.zeros_like(marked)
    median = np.median(depth[known])
    ring = known & (beside > 0)
    ends = np.bincount(beside[ring], minlength=count + 1)
    far_ends = np.bincount(beside[ring], weights=depth[ring] >= median, minlength=count + 1)
    is_sky = np.isin(np.arange(count + 1), regions[0]) & (far_ends >= ends / 2)
    return is_sky[regions] & marked


def _kind(stored: StoredDepth, scale: float | None) -> tuple[Literal["metric", "inverse", "disparity"], str | None]:
    """What the map is, by its name or its numbers, and why where it is not metric, or perhaps not."""
    meaning = meaning_of(stored.name)
    if meaning in ("inverse", "disparity"):
        return meaning, f"The depth is called {stored.name}"
    if meaning == "relative":
        return "metric", f"The depth is called {stored.name}"
    fills = _fills(stored.values)
    if fills and scale is not None:  # who gives a scale has metres in mind
        return "metric", fills
    if fills:
        return "inverse", fills
    return "metric", None


def _metric(stored: StoredDepth, scale: float | None, trusted: bool, why: str | None) -> GivenDepth:
    depth = in_metres(stored.values, scale)
    if trusted:
        return GivenDepth(depth)
    told = ()
    if why:
        told = (f"{why}, so it is probably relative, and no metres; it was taken as metres all the same. "
                "If near is large in it, the depth kind inverse says so (--depth-kind inverse).",)  # fmt: skip
    far = None if why else _far_mark(stored, scale)
    return GivenDepth(depth, told, None if far is None else far / _units(stored, scale))


def _inverted(stored: StoredDepth, scale: float | None, kind: Inverted, why: str | None) -> GivenDepth:
    """Of an inverse map: a / x where its unit is known or plausible, else put where half of it is MEDIAN_M away."""
    values, told = stored.values, f"{why}, so it is" if why else "The depth is"
    touches_0 = kind == "inverse" and scale is None and _reaches_0(values)
    if touches_0:
        depth, how = _from_relative(values), (
            f"half of it was put {MEDIAN_M:g} m away and the farthest {FARTHEST:g} times as far as the nearest"
        )
    else:
        depth, how = _reciprocal(values, scale), "each value was divided into the depth scale"
        median_m = _median(depth)
        if scale is None and PLAUSIBLE_M[0] <= median_m <= PLAUSIBLE_M[1] and values.dtype.kind == "f":
            how = "its values were taken for 1 / metres"
        elif scale is None and np.isfinite(median_m):
            depth = depth * np.float32(MEDIAN_M / median_m)
            how = f"half of it was put {MEDIAN_M:g} m away, since its unit is unknown"
    if scale is not None and why is None:
        return GivenDepth(depth)
    what = "relative, and probably inverse" if touches_0 and why else "inverse"
    sentences = [f"{told} {what} (near is large): {how}."]
    if why:
        sentences.append("If it is metric, the depth kind metric says so (--depth-kind metric).")
    if scale is None and not touches_0:
        unit = "focal length in pixels times baseline in metres" if kind == "disparity" else "its values times metres"
        sentences.append(f"The depth scale ({unit}) gives it true metres (--depth-scale).")
    return GivenDepth(depth, (" ".join(sentences),))


def _reciprocal(values: Num[np.ndarray, "h w"], scale: float | None) -> Float[np.ndarray, "h w"]:
    """A / x; unknown where x is not positive."""
    depth = np.empty(values.shape, np.float32)
    for rows in strips(values.shape):
        part = values[rows].astype(np.float32)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            depth[rows] = np.where(np.isfinite(part) & (part > 0), np.float32(scale or 1.0) / part, np.nan)
    return depth


def _from_relative(values: Num[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """1 / (x + b) with b such that the farthest is FARTHEST times as far as the nearest, its median MEDIAN_M."""
    low, high = _ends(values)
    shift = (high - low) / (FARTHEST - 1)
    depth = np.empty(values.shape, np.float32)
    for rows in strips(values.shape):
        part = values[rows].astype(np.float32)
        depth[rows] = np.where(np.isfinite(part), 1 / (part - low + shift), np.nan)
    return depth * np.float32(MEDIAN_M / _median(depth))


def _fills(values: Num[np.ndarray, "h w"]) -> str | None:
    """Why a map is relative: it runs smoothly from 0 to the largest number of its type, or from 0 to 1. Else None."""
    low, high = _ends(values)
    if values.dtype.kind == "f":
        full = high in (1.0, 255.0, 65535.0) and low == 0
    else:
        full = high in (255, 65535) and 0 <= low <= 1 and high <= np.iinfo(values.dtype).max
    if not full:
        return None
    some = _some(values).astype(np.float64)
    some = some[np.isfinite(some)]
    positive, below = some[some > 0], some[some < high]
    smooth = (
        len(positive) > 0
        and positive.min() <= max(0.01 * high, 1.5 if high > 1 else 0)  # no gap above what would be "unknown"
        and below.max(initial=0) >= 0.95 * high  # and none below what would be "too far"
        and np.count_nonzero(np.histogram(some, 64, (0, high))[0]) >= 22
    )
    return f"The depth fills the whole range from {low:g} to {high:g}" if smooth else None


def _reaches_0(values: Num[np.ndarray, "h w"]) -> bool:
    """Whether values go down to 0 without a gap, so that 0 is the farthest, not a mark."""
    low, high = _ends(values)
    some = _some(values)
    positive = some[some > 0]
    return low <= 0.005 * high and len(positive) > 0 and float(positive.min()) <= 0.02 * high


def _far_mark(stored: StoredDepth, scale: float | None) -> float | None:
    """The largest value, where many pixels share it and it is the type's last, or far beyond all others."""
    values = stored.values
    _, high = _ends(values)
    count = sum(np.count_nonzero(values[rows] == high) for rows in strips(values.shape))
    some = _some(values)
    below = some[np.isfinite(some) & (some > 0) & (some < high)]
    if count < SHARED * values.size or len(below) == 0:
        return None
    if high in FULL_FLOATS or (values.dtype.kind != "f" and high == np.iinfo(values.dtype).max):
        return high
    if high / _units(stored, scale) < MARK_M:
        return None
    power = 10.0 ** round(np.log10(high))
    is_round = power >= 100 and high in (power, power - 1)
    return high if high >= (APART_ROUND if is_round else APART) * float(below.max()) else None


def _checked_median(depth: Float[np.ndarray, "h w"], stored: StoredDepth, scale: float | None) -> float:
    """The median in metres; InputError where nothing is known, or nothing could stand there."""
    median_m = _median(depth)
    if POSSIBLE_M[0] <= median_m <= POSSIBLE_M[1]:
        return median_m
    known = _ends(stored.values)[1]
    if not known > 0 or (scale is None and not np.isfinite(median_m)):
        raise InputError(f"{stored.name} holds no known depth.", "Give a depth map with positive values.", "depth")
    given = f"At {_units(stored, scale):g} units per metre, half"
    where = f"nearer than {median_m:.3g} m" if median_m < 1 else "out of sight"
    raise InputError(
        f"{given} of the depth is {where}: nothing can be built there.",
        "Give the depth scale that fits, units per metre (--depth-scale), or depth in metres.",
        "depth_scale" if scale is not None else "depth",
    )


def _doubtful_metres(
    depth: Float[np.ndarray, "h w"], median_m: float, stored: StoredDepth, scale: float | None
) -> str | None:
    """A sentence on metres that are hardly any, with the knob that would help; None where they may well be."""
    side = "nearer" if median_m < 1 else "farther"
    half = f"Half of the depth is {side} than {median_m:.3g} m"
    usual = USUAL_M[0] <= median_m <= USUAL_M[1]
    if scale is None and stored.values.dtype.kind == "f":
        if median_m >= FAR_M and (not usual or _nearest(depth) > NOTHING_NEARER_M):
            return (
                f"{half}, since floats are taken for metres: if they are millimetres, give the depth scale 1000 "
                "(--depth-scale 1000)."
            )
    elif scale is None and (most := _ends(stored.values)[1]) <= 255:
        return (
            f"The depth has 8 bit only, which at {INTEGER_SCALE:g} units per metre ends at {most / INTEGER_SCALE:.3g} "
            "m: give its depth scale (--depth-scale), or, if it is relative as estimators write it, the depth kind "
            "inverse (--depth-kind inverse)."
        )
    if usual:
        return None
    units = _units(stored, scale)
    return f"{half} at {units:g} units per metre: if that is wrong, so is the depth scale (--depth-scale)."


def _nearest(depth: Float[np.ndarray, "h w"]) -> float:
    """A hundredth of what is known is nearer."""
    some = _some(depth)
    return float(np.percentile(some[np.isfinite(some)], 1))


def _units(stored: StoredDepth, scale: float | None) -> float:
    return scale or (1.0 if stored.values.dtype.kind == "f" else INTEGER_SCALE)


def _flat(depth: Float[np.ndarray, "h w"]) -> str | None:
    low, high = _ends(depth)
    if high - low > 1e-4 * high:
        return None
    return (
        f"Every known pixel of the depth is {high:.3g} m away, so the scene is as flat as the photo: "
        "if that is no wall, the file holds something else than depth."
    )


def _ends(values: Num[np.ndarray, "h w"]) -> tuple[float, float]:
    """The least and the largest finite value below the sky; (inf, -inf) where there is none."""
    low, high = np.inf, -np.inf
    for rows in strips(values.shape):
        part = values[rows]
        if part.dtype.kind == "f":
            part = part[np.isfinite(part) & (part <= min(SKY_M, float(np.finfo(part.dtype).max)))]
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    return low, high


def _some(values: Num[np.ndarray, "h w"]) -> np.ndarray:
    """Every nth pixel of a large map, all of a small one; one axis."""
    step = max(1, int(np.sqrt(values.size / LOOKED_AT_PX)))
    return values[::step, ::step].ravel()


def _median(depth: Float[np.ndarray, "h w"]) -> float:
    """Of what is known and no sky; NaN where nothing is."""
    some = _some(depth)
    known = some[np.isfinite(some)]
    if not len(known):
        known = depth[np.isfinite(depth)]
    return float(np.median(known)) if len(known) else float("nan")
