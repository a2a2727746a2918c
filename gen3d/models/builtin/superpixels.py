"""The segmenter that needs no download: things are where depth steps, their outlines where depth or colour does.

Three sources of candidates, all independent of how near a thing is: what a grey opening of inverse depth removes (the
white top-hat of mathematical morphology, at several sizes; a plane seen in perspective is linear in inverse depth, and
an opening leaves linear ramps alone, so floors and walls are not proposed), the connected parts of "nearer than t", and
those again without the ground, which joins whatever stands on it.
Superpixels (SLIC, Achanta et al. 2012) straighten the outlines where a thing touches what it stands on.
A candidate's score is the share of its outline that lies on a step of depth or colour: a thing has a border of its
own, a chance union of things has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import cv2
import numpy as np
from jaxtyping import Float
from skimage.segmentation import slic, watershed

from gen3d.geometry.compiled import compiled
from gen3d.geometry.ground_view import OFF, ground_of
from gen3d.geometry.membrane import around
from gen3d.geometry.together import together
from gen3d.models.base import Proposals

STEP = 0.08
"""Relative change of depth across an outline that counts as a full step. Chosen by eye."""
COLOUR_STEP = 14.0
"""Change of colour (CIELAB units) across an outline that counts as a full edge. Chosen by eye."""
COLOUR_TRUST, FLAT_TRUST = 0.8, 0.25
"""Worth of a full colour edge without a depth step where the surface has a crease, and the share of that which is left
where it has none. Chosen by eye."""
BEND = 0.02
"""Relative second difference of inverse depth over SPAN that counts as a crease. Chosen by eye."""
SPAN = 0.016
"""Half width of soft depth edges and reach of the crease test, share of the shorter side. Chosen by eye."""
RAMP_ENDS = (0.15, 0.85)
"""Pixels of a ramp below and above these shares of its height are surely of the far and the near side. Chosen by
eye."""
OPENINGS = (0.04, 0.08, 0.16, 0.32)
"""Widths of the openings, shares of the shorter side. Chosen by eye."""
RESIDUES = (0.04, 0.08, 0.16)
"""Relative residues of an opening above which a pixel stands out. Chosen by eye."""
LEVELS = 16
"""How many depths t are tried for "nearer than t". Chosen by eye."""
SUPERPIXELS, COMPACTNESS, DEPTH_WEIGHT = 600, 10, 150
"""Of SLIC: how many, how round, and the CIELAB units that a factor of e in depth counts as. Chosen by eye."""
AREAS = (0.001, 0.80)
"""Smallest and largest candidate, shares of the picture. Chosen by eye."""
SAME = 0.9
"""Two candidates with a larger intersection over union are one. Chosen by eye."""
MOST = 64
"""At most so many proposals are returned. Chosen by eye."""
LEAST_SCORE = 0.3
"""Candidates below are not returned. Chosen by eye."""
LEAST_ADDED = 0.1
"""Share of a candidate that it must add to surer ones inside it to be judged by that. Chosen by eye."""
LEAST_OCCLUDING = 0.1
"""Share of the outline that must stand in front of something. Chosen by eye."""
FULL_SUPPORT, FULL_SCORE = 0.65, 0.9
"""A candidate with this share of its outline supported has this score. Chosen by eye."""

Scored = tuple[float, np.ndarray]


class SuperpixelSegmenter:
    """Plays the role Segmenter from depth steps and colour edges alone; deterministic, about a second a picture."""

    name = "superpixels"

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        """Candidate masks, best first; none where the depth has no steps.

        image: sRGB in [0, 1]. depth: metres, +inf is sky; NaN counts as sky.
        """
        if image.shape[:2] != depth.shape:
            raise ValueError(f"image is {image.shape}, depth {depth.shape}")
        lab = cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2LAB)
        near = _sharpen(_inverse(depth), lab)
        labels, outline = together([partial(_superpixels, lab, near), partial(_Outline, lab, near)])
        candidates = list(_candidates(near, labels))
        scored = together([partial(outline.score, candidate) for candidate in candidates])
        found = list(zip(scored, candidates, strict=True))
        found = _distinct(_without_unions(_distinct(found), outline))
        scores = np.array([min(score, 1.0) for score, _ in found], np.float32)
        return Proposals(np.array([c for _, c in found], bool).reshape(-1, *depth.shape), scores)


def _inverse(depth: np.ndarray) -> np.ndarray:
    """1 / depth, 0 for sky, scaled so that the nearest percent is about 1."""
    known = np.isfinite(depth) & (depth > 0)
    near = np.zeros(depth.shape, np.float32)
    near[known] = 1 / depth[known]
    top = np.percentile(near[known], 99) if known.any() else 1.0
    return near / max(top, 1e-12)


def _sharpen(near: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """Soft depth edges made hard: each pixel of a ramp joins the side its colour leads to, by watershed.

    A ramp is told from a sloping plane by contrast of scale: three times the window holds hardly more change.
    """
    r = max(4, round(SPAN * min(near.shape)))
    (high, low), (higher, lower) = _extremes(near, r), _extremes(near, 3 * r)
    span = high - low
    ramp = (span > STEP * high) & (higher - lower < 2 * span)
    height = (near - low) / np.maximum(span, 1e-9)
    sides = np.where(height > RAMP_ENDS[1], 2, np.where(height < RAMP_ENDS[0], 1, 0)) * ramp
    sides = watershed(_gradient(lab), markers=sides.astype(np.int32), mask=ramp)
    unclear = ramp & (height <= RAMP_ENDS[1]) & (height >= RAMP_ENDS[0])
    return np.where(unclear & (sides > 0), np.where(sides == 2, high, low), near)


def _extremes(picture: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.dilate(picture, window), cv2.erode(picture, window)


def _gradient(lab: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    return np.hypot(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)).sum(axis=2)


def _superpixels(lab: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Labels 0..n-1 of patches alike in colour and log depth."""
    log_depth = -np.log(np.maximum(near, 0.01))
    features = np.dstack([lab, DEPTH_WEIGHT * log_depth])
    reach = float(features.max() - features.min())  # slic scales its input to [0, 1] by this
    options = {"max_num_iter": 5, "convert2lab": False, "channel_axis": -1, "start_label": 0}
    return slic(features, n_segments=SUPERPIXELS, compactness=COMPACTNESS / max(reach, 1e-6), **options)


def _candidates(near: np.ndarray, labels: np.ndarray) -> Iterator[np.ndarray]:
    """Connected bool pictures, one a candidate."""
    return chain.from_iterable(together(list(_standing_out(near, labels))))


def _parts(pixels: np.ndarray, sure: np.ndarray, near: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """The connected parts of a set moved to superpixel borders, as far as they have the size of a candidate."""
    snapped = _snap(pixels, sure, near, labels, int(labels.max()) + 1)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(snapped, connectivity=4)
    smallest, largest = (a * near.size for a in AREAS)
    return [parts == i for i in range(1, count) if smallest <= stats[i, cv2.CC_STAT_AREA] <= largest]


def _standing_out(near: np.ndarray, labels: np.ndarray) -> Iterator[Callable[[], list[np.ndarray]]]:
    """What makes the candidates, some at a time."""
    safe = np.maximum(near, 1e-6)
    for share in OPENINGS:
        residue = (near - _open(near, max(3, round(share * min(near.shape))))) / safe
        for least in RESIDUES:
            yield partial(_parts, residue > least, residue > 2 * least, near, labels)
    ground = ground_of(near)
    above = None if ground is None else near - ground
    logs = np.log(safe[near > 0]) if (near > 0).any() else np.zeros(1)
    far, close = np.percentile(logs, (2, 98))
    for level in np.exp(np.linspace(far - STEP, close, LEVELS + 1)[:-1]):  # the first: all that is not sky
        nearer, surely = near > level, near > level * (1 + STEP)
        yield partial(_parts, nearer, surely, near, labels)
        if above is not None:
            yield partial(_parts, nearer & (above > OFF * near), surely & (above > 2 * OFF * near), near, labels)


def _open(near: np.ndarray, width: int) -> np.ndarray:
    """Grey opening by a square; the border continues by point reflection, so that ramps go on as ramps."""
    padded = np.pad(near, width, mode="reflect", reflect_type="odd")
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    return opened[width:-width, width:-width]


@compiled
def _snap(pixels, sure, near, labels, count):
    """The set moved to superpixel borders by majority; sure pixels stay, pixels of another depth are not let in.

    labels: 0 to count - 1. Returns 0 or 1.
    """
    h, w = near.shape
    sizes, held, mean = np.zeros(count), np.zeros(count), np.zeros(count)
    for y in range(h):
        for x in range(w):
            sizes[labels[y, x]] += 1
            if pixels[y, x]:
                held[labels[y, x]] += 1
                mean[labels[y, x]] += near[y, x]
    for i in range(count):
        mean[i] /= max(held[i], 1)
    snapped = np.zeros((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            i = labels[y, x]
            most = held[i] > 0.5 * sizes[i]
            alike = abs(near[y, x] - mean[i]) < STEP * mean[i]
            snapped[y, x] = (pixels[y, x] and (sure[y, x] or most)) or (most and alike)
    return snapped


class _Outline:
    """What lies across every crack between two pixels, so that any mask's outline can be judged quickly."""

    def __init__(self, lab: np.ndarray, near: np.ndarray) -> None:
        self.cracks = [_across(lab, near), _across(lab.transpose(1, 0, 2), near.T)]

    def score(self, candidate: np.ndarray, whole: np.ndarray | None = None) -> float:
        """Share of the outline on a step of depth (the outside farther) or of colour, FULL_SCORE for FULL_SUPPORT.

        0 where next to nothing of the outline occludes. whole: judge only the stretch where the candidate borders on
        what lies outside `whole`.
        """
        steps, colour = self._along(candidate, candidate if whole is None else whole)
        occludes = np.count_nonzero(steps >= 1) > LEAST_OCCLUDING * steps.size
        return float(np.maximum(steps, colour).mean() / FULL_SUPPORT * FULL_SCORE) if occludes else 0.0

    def is_behind(self, part: np.ndarray) -> bool:
        """Whether more of the outline is occluded than occludes."""
        steps, _ = self._along(part, part)
        return bool(np.count_nonzero(steps <= -1) > np.count_nonzero(steps >= 1))

    def _along(self, inside: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The cracks from `inside` to beyond `whole`: steps of depth, 1 where the outside is farther, and of colour."""
        rows, columns = around(inside, 1)
        found, inside, outside = [], inside[rows, columns], ~whole[rows, columns]
        windows = (rows, columns), (columns, rows)
        for cracks, (down, across), inner, outer in zip(
            self.cracks, windows, (inside, inside.T), (outside, outside.T), strict=True
        ):
            last = across.start + inner.shape[1] - 1
            depth_step, colour = (of[down, across.start : last] for of in cracks)
            for sign, a, b in ((1, slice(-1), slice(1, None)), (-1, slice(1, None), slice(-1))):
                here = inner[:, a] & outer[:, b]
                found.append((np.clip(sign * depth_step[here] / STEP, -1, 1), colour[here]))
        steps, colours = zip(*found, strict=True)
        return np.concatenate(steps), np.concatenate(colours)


def _across(lab: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each crack between columns x and x+1: signed depth step, and what the colour there is worth as evidence.

    The step is how much farther the right side is than the left, relative, negative where it is nearer; both sides
    are means of two pixels. A colour edge counts in full only where the surface bends too: a shadow or a pattern
    on a plane that runs on is no border of a thing, the foot of a thing on the ground is.
    """
    left, right = _pairs(near)
    step = (left - right) / np.maximum(np.maximum(left, right), 1e-6)
    colour_left, colour_right = _pairs(cv2.GaussianBlur(lab, (0, 0), 1.0))
    colour = np.linalg.norm(colour_left - colour_right, axis=2) / COLOUR_STEP
    bent = np.clip(_bend(near)[:, :-1] / BEND, FLAT_TRUST, 1)
    return step, COLOUR_TRUST * np.minimum(colour, 1.0) * bent


def _bend(near: np.ndarray) -> np.ndarray:
    """Relative second difference along rows; inverse depth is linear on planes, so theirs is zero."""
    k = max(2, round(SPAN * min(near.shape)))
    smooth = np.pad(cv2.blur(near, (5, 5)), [(0, 0), (k, k)], mode="reflect", reflect_type="odd")
    here = smooth[:, k:-k]
    return np.abs(smooth[:, 2 * k :] - 2 * here + smooth[:, : -2 * k]) / np.maximum(here, 1e-6)


def _pairs(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pad = [(0, 0), (1, 1)] + [(0, 0)] * (picture.ndim - 2)
    p = np.pad(picture, pad, mode="edge")
    return (p[:, :-3] + p[:, 1:-2]) / 2, (p[:, 2:-1] + p[:, 3:]) / 2


def _distinct(found: list[Scored]) -> list[Scored]:
    """The candidates with a fair score, best first, without doubles, at most MOST."""
    kept: list[tuple[float, np.ndarray, int]] = []
    for score, candidate in sorted(found, key=lambda f: -f[0]):
        if score < LEAST_SCORE or len(kept) == MOST:
            break
        area = int(np.count_nonzero(candidate))
        if not any(_same(candidate, area, other, size) for _, other, size in kept):
            kept.append((score, candidate, area))
    return [(score, candidate) for score, candidate, _ in kept]


def _without_unions(found: list[Scored], outline: _Outline) -> list[Scored]:
    """Cut and rescored: what a candidate adds to the surer ones inside it has to stand in front, and be as sure.

    A chair together with the floor it stands on has most of its outline from the chair; the floor alone has none. The
    wall that is seen between the leaves of a plant has most of its outline from the leaves, and they stand before it.
    """
    judged: list[Scored] = []
    for score, candidate in found:
        area = int(np.count_nonzero(candidate))
        added = candidate.copy()
        for sure, part in judged:
            if sure >= score and np.count_nonzero(part & candidate) > SAME * np.count_nonzero(part):
                added &= ~part
        if area * LEAST_ADDED < np.count_nonzero(added) < area:
            score = min(score, outline.score(added, candidate))
            candidate = candidate & ~_behind(added, outline)
        judged.append((score, candidate))
    return judged


def _behind(added: np.ndarray, outline: _Outline) -> np.ndarray:
    """The connected parts, of the size of a candidate at least, that stand behind what surrounds them."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(added.astype(np.uint8), connectivity=4)
    large = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= AREAS[0] * added.size]
    return np.isin(parts, [i for i in large if outline.is_behind(parts == i)])


def _same(a: np.ndarray, area_a: int, b: np.ndarray, area_b: int) -> bool:
    if min(area_a, area_b) < SAME * max(area_a, area_b):
        return False
    both = np.count_nonzero(a & b)
    return bool(both > SAME * (area_a + area_b - both))
