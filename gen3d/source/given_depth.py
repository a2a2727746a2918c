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
from gen3d.formats.depth_file import INTEGER_SCALE, StoredDepth, check_scale, in_metres, strips
from gen3d.formats.depth_names import meaning_of
from gen3d.request import DepthKind
from gen3d.source.depth_values import ends, far_mark, fills, goes_to_nothing, median, reaches_0

Inverted = Literal["inverse", "disparity"]

USUAL_M = (0.05, 1000.0)
"""A median outside hints at a wrong scale."""
POSSIBLE_M = (1e-3, 1e5)
"""A median outside is no place that anything can be built in."""
FAR_M = 100.0
"""Floats whose median is beyond it are probably no metres."""

ROOM_M = 10.0
"""Where nothing is farther than this there is no sky."""

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
    median_m = _checked_median(given, stored, scale)
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
    shares = {"sky": 100 * sky.mean(), "unknown": 100 * (marked & ~sky).mean()}
    parts = [f"{share:.2g} % as {what}" for what, share in shares.items() if share]
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
    middle = np.median(depth[known])
    ring = known & (beside > 0)
    around = np.bincount(beside[ring], minlength=count + 1)
    far_around = np.bincount(beside[ring], weights=depth[ring] >= middle, minlength=count + 1)
    is_sky = np.isin(np.arange(count + 1), regions[0]) & (far_around >= around / 2)
    return is_sky[regions] & marked


def _kind(stored: StoredDepth, scale: float | None) -> tuple[Literal["metric", "inverse", "disparity"], str | None]:
    """What the map is, by its name or its numbers, and why where it is not metric, or perhaps not."""
    meaning = meaning_of(stored.name)
    if meaning in ("inverse", "disparity"):
        return meaning, f"The depth is called {stored.name}"
    if meaning == "relative":
        return "metric", f"The depth is called {stored.name}"
    full = fills(stored.values)
    if full and scale is not None:  # who gives a scale has metres in mind
        return "metric", full
    if full:
        return "inverse", full
    return "metric", None


def _metric(stored: StoredDepth, scale: float | None, trusted: bool, why: str | None) -> GivenDepth:
    depth = in_metres(stored.values, scale)
    if trusted:
        return GivenDepth(depth)
    told = (
        f"{why}, so it is probably relative, and no metres; it was taken as metres all the same. "
        "If near is large in it, the depth kind inverse says so (--depth-kind inverse).",
    )
    far = None if why else far_mark(stored.values, _units(stored, scale))
    return GivenDepth(depth, told if why else (), None if far is None else far / _units(stored, scale))


def _inverted(stored: StoredDepth, scale: float | None, kind: Inverted, why: str | None) -> GivenDepth:
    """Of an inverse map: a / x where its unit is known or plausible, else put where half of it is MEDIAN_M away."""
    relative = kind == "inverse" and scale is None and reaches_0(stored.values)
    if relative:
        depth, how = _from_relative(stored.values), (
            f"half of it was put {MEDIAN_M:g} m away and the farthest {FARTHEST:g} times as far as the nearest"
        )
    else:
        depth, how = _divided(stored.values, scale)
    if scale is not None and why is None:
        return GivenDepth(depth)
    what = "relative, and probably inverse" if relative and why else "inverse"
    sentences = [f"{why}, so it is" if why else "The depth is", f"{what} (near is large): {how}."]
    if why:
        sentences.append("If it is metric, the depth kind metric says so (--depth-kind metric).")
    if scale is None and not relative:
        unit = "focal length in pixels times baseline in metres" if kind == "disparity" else "its values times metres"
        sentences.append(f"The depth scale ({unit}) gives it true metres (--depth-scale).")
    return GivenDepth(depth, (" ".join(sentences),))


def _divided(values: Num[np.ndarray, "h w"], scale: float | None) -> tuple[Float[np.ndarray, "h w"], str]:
    """The scale, or some scale, divided by each value; and which, in words."""
    depth = _reciprocal(values, scale)
    if scale is not None:
        return depth, "the depth scale was divided by each value"
    median_m = median(depth)
    if values.dtype.kind == "f" and PLAUSIBLE_M[0] <= median_m <= PLAUSIBLE_M[1]:
        return depth, "its values were taken for 1 / metres"
    put = depth * np.float32(MEDIAN_M / median_m) if np.isfinite(median_m) else depth
    return put, f"half of it was put {MEDIAN_M:g} m away, since its unit is unknown"


def _reciprocal(values: Num[np.ndarray, "h w"], scale: float | None) -> Float[np.ndarray, "h w"]:
    """Scale / x, 1 / x without one; unknown where x is not positive."""
    depth = np.empty(values.shape, np.float32)
    for rows in strips(values.shape):
        part = values[rows].astype(np.float32)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            depth[rows] = np.where(np.isfinite(part) & (part > 0), np.float32(scale or 1.0) / part, np.nan)
    return depth


def _from_relative(values: Num[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """1 / (x + b) with b such that the farthest is FARTHEST times as far as the nearest, its median MEDIAN_M."""
    low, high = ends(values)
    shift = (high - low) / (FARTHEST - 1)
    depth = np.empty(values.shape, np.float32)
    for rows in strips(values.shape):
        part = values[rows].astype(np.float32)
        depth[rows] = np.where(np.isfinite(part), 1 / (part - low + shift), np.nan)
    return depth * np.float32(MEDIAN_M / median(depth))


def _checked_median(given: GivenDepth, stored: StoredDepth, scale: float | None) -> float:
    """The median in metres, marks left out; InputError where nothing is known, or nothing could stand there."""
    median_m = median(given.depth, given.far_m)
    if POSSIBLE_M[0] <= median_m <= POSSIBLE_M[1]:
        return median_m
    known = ends(stored.values)[1]
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
        if median_m > FAR_M:
            return (
                f"{half}, since floats are taken for metres: if they are millimetres, give the depth scale 1000 "
                "(--depth-scale 1000), if near is large in them, the depth kind inverse (--depth-kind inverse)."
            )
        if goes_to_nothing(depth):
            return (
                f"The depth goes down to {ends(depth)[0]:.2g} m, where nothing can be seen: it was taken as metres. If "
                "near is large in it, as estimators of relative depth write it, the depth kind inverse says so "
                "(--depth-kind inverse)."
            )
    elif scale is None and (most := ends(stored.values)[1]) <= 255:
        return (
            f"The depth has 8 bit only, which at {INTEGER_SCALE:g} units per metre ends at {most / INTEGER_SCALE:.3g} "
            "m: give its depth scale (--depth-scale), or, if it is relative as estimators write it, the depth kind "
            "inverse (--depth-kind inverse)."
        )
    if usual:
        return None
    units = _units(stored, scale)
    return f"{half} at {units:g} units per metre: if that is wrong, so is the depth scale (--depth-scale)."


def _units(stored: StoredDepth, scale: float | None) -> float:
    return scale or (1.0 if stored.values.dtype.kind == "f" else INTEGER_SCALE)


def _flat(depth: Float[np.ndarray, "h w"]) -> str | None:
    low, high = ends(depth)
    if high - low > 1e-4 * high:
        return None
    return (
        f"Every known pixel of the depth is {high:.3g} m away, so the scene is as flat as the photo: "
        "if that is no wall, the file holds something else than depth."
    )
