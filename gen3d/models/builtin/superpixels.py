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

from functools import cache, partial
from itertools import chain
from threading import Thread

import cv2
import numpy as np
from jaxtyping import Float
from skimage.segmentation import slic, watershed

from gen3d.geometry.compiled import compiled
from gen3d.geometry.components import components
from gen3d.geometry.ground_view import OFF, ground_of
from gen3d.geometry.membrane import around
from gen3d.geometry.together import together
from gen3d.models.base import Proposals
from gen3d.models.builtin.outlines import SPAN, STEP, Outlines

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

Scored = tuple[float, np.ndarray]


class SuperpixelSegmenter:
    """Plays the role Segmenter from depth steps and colour edges alone; deterministic, about a second a picture."""

    name = "superpixels"

    def __init__(self) -> None:
        _tables()

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        """Candidate masks, best first; none where the depth has no steps.

        image: sRGB in [0, 1]. depth: metres, +inf is sky; NaN counts as sky.
        """
        if image.shape[:2] != depth.shape:
            raise ValueError(f"image is {image.shape}, depth {depth.shape}")
        _tables().join()
        lab = _in_lab(image)
        near = _sharpen(_inverse(depth), lab)
        labels, standing_out, outlines = together([
            partial(_superpixels, lab, near), partial(_standing_out, near), partial(Outlines, lab, near),
        ])  # fmt: skip
        tasks = [partial(_parts, *pixels, near, labels) for pixels in standing_out]
        candidates = list(chain.from_iterable(together(tasks)))
        scored = together([partial(outlines.score, candidate) for candidate in candidates])
        found = list(zip(scored, candidates, strict=True))
        found = _distinct(_without_unions(_distinct(found), outlines))
        scores = np.array([min(score, 1.0) for score, _ in found], np.float32)
        return Proposals(np.array([c for _, c in found], bool).reshape(-1, *depth.shape), scores)


@cache
def _tables() -> Thread:
    """OpenCV's tables of CIELAB, which take it a tenth of a second, made while the picture is being read."""
    making = Thread(target=_in_lab, args=(np.zeros((1, 1, 3), np.float32),), name="tables of CIELAB")
    making.start()
    return making


def _in_lab(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    return cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2LAB)


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
    (high, low), (higher, lower), colour_steps = together([
        partial(_extremes, near, r), partial(_extremes, near, 3 * r), partial(_gradient, lab),
    ])  # fmt: skip
    span = high - low
    ramp = (span > STEP * high) & (higher - lower < 2 * span)
    height = (near - low) / np.maximum(span, 1e-9)
    sides = np.where(height > RAMP_ENDS[1], 2, np.where(height < RAMP_ENDS[0], 1, 0)) * ramp
    sides = watershed(colour_steps, markers=sides.astype(np.int32), mask=ramp)
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


def _parts(pixels: np.ndarray, sure: np.ndarray, near: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """The connected parts of a set moved to superpixel borders, as far as they have the size of a candidate."""
    parts, areas = components(_snap(pixels, sure, near, labels, int(labels.max()) + 1))
    smallest, largest = (a * near.size for a in AREAS)
    return [parts == i for i in range(1, len(areas)) if smallest <= areas[i] <= largest]


def _standing_out(near: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Sets of pixels of which the candidates are made, and which pixels of each are sure to be in it."""
    safe = np.maximum(near, 1e-6)
    widths = [max(3, round(share * min(near.shape))) for share in OPENINGS]
    found = [
        (rest > least, rest > 2 * least)
        for rest in ((near - _open(near, w)) / safe for w in widths)
        for least in RESIDUES
    ]
    ground = ground_of(near)
    above = None if ground is None else near - ground
    logs = np.log(safe[near > 0]) if (near > 0).any() else np.zeros(1)
    far, close = np.percentile(logs, (2, 98))
    for level in np.exp(np.linspace(far - STEP, close, LEVELS + 1)[:-1]):  # the first: all that is not sky
        nearer, surely = near > level, near > level * (1 + STEP)
        found.append((nearer, surely))
        if above is not None:
            found.append((nearer & (above > OFF * near), surely & (above > 2 * OFF * near)))
    return found


def _open(near: np.ndarray, width: int) -> np.ndarray:
    """Grey opening by a square; the border continues by point reflection, so that ramps go on as ramps."""
    padded = np.pad(near, width, mode="reflect", reflect_type="odd")
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    return opened[width:-width, width:-width]


@compiled
def _snap(pixels, sure, near, labels, count):
    """The set moved to superpixel borders by majority; sure pixels stay, pixels of another depth are not let in.

    labels: 0 to count - 1.
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
    snapped = np.zeros((h, w), np.bool_)
    for y in range(h):
        for x in range(w):
            i = labels[y, x]
            most = held[i] > 0.5 * sizes[i]
            alike = abs(near[y, x] - mean[i]) < STEP * mean[i]
            snapped[y, x] = (pixels[y, x] and (sure[y, x] or most)) or (most and alike)
    return snapped


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


def _without_unions(found: list[Scored], outlines: Outlines) -> list[Scored]:
    """Cut and rescored: what a candidate adds to the surer ones inside it has to stand in front, and be as sure.

    A chair together with the floor it stands on has most of its outline from the chair; the floor alone has none. The
    wall that is seen between the leaves of a plant has most of its outline from the leaves, and they stand before it.
    """
    judged: list[Scored] = []
    inside: list[tuple[int, tuple[slice, slice]]] = []
    for score, candidate in found:
        area = int(np.count_nonzero(candidate))
        added = candidate.copy()
        for (sure, part), (size, window) in zip(judged, inside, strict=True):
            if sure >= score and np.count_nonzero(part[window] & candidate[window]) > SAME * size:
                added[window] &= ~part[window]
        if area * LEAST_ADDED < np.count_nonzero(added) < area:
            score = min(score, outlines.score(added, candidate))
            candidate = candidate & ~_behind(added, outlines)
        judged.append((score, candidate))
        inside.append((int(np.count_nonzero(candidate)), around(candidate, 0)))
    return judged


def _behind(added: np.ndarray, outlines: Outlines) -> np.ndarray:
    """The connected parts, of the size of a candidate at least, that stand behind what surrounds them."""
    window, behind = around(added, 1), np.zeros_like(added)
    parts, areas = components(np.ascontiguousarray(added[window]))
    is_behind = (areas >= AREAS[0] * added.size) & outlines.behind(parts, len(areas), window)
    behind[window] = added[window] & is_behind[parts]
    return behind


def _same(a: np.ndarray, area_a: int, b: np.ndarray, area_b: int) -> bool:
    if min(area_a, area_b) < SAME * max(area_a, area_b):
        return False
    both = np.count_nonzero(a & b)
    return bool(both > SAME * (area_a + area_b - both))
