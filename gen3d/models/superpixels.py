"""The segmenter that needs no download: things are where depth steps, their outlines where depth or colour does.

Three sources of candidates, all blind to how near a thing is: what a grey opening of inverse depth removes (the white
top-hat of mathematical morphology, at several sizes; a plane seen in perspective is linear in inverse depth, and an
opening leaves linear ramps alone, so floors and walls are not proposed), the connected parts of "nearer than t", and
groups of superpixels (SLIC, Achanta et al. 2012) with no depth step between them. Superpixels straighten the outlines
where a thing touches what it stands on. A candidate's score is the share of its outline that lies on a step of depth
or colour: a thing has a border of its own, an accidental union has not.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from skimage.segmentation import slic, watershed

from gen3d.models.base import Proposals

STEP = 0.08
"""Relative change of depth across an outline that counts as a full step."""
COLOUR_STEP = 14.0
"""Change of colour (CIELAB units) across an outline that counts as a full edge."""
COLOUR_TRUST = 0.8
"""What a full colour edge without a depth step is worth."""
OPENINGS = (0.04, 0.08, 0.16, 0.32)
"""Widths of the openings as shares of the shorter side."""
RESIDUES = (0.04, 0.08, 0.16)
"""Relative residue of an opening above which a pixel stands out."""
LEVELS = 12
"""How many depths t are tried for "nearer than t"."""
SUPERPIXELS = 600
AREAS = (0.001, 0.80)
"""Smallest and largest candidate, shares of the picture."""
SAME = 0.9
"""Two candidates with a larger intersection over union are one."""
MOST = 64
"""At most so many proposals are returned."""
FULL_SUPPORT = 0.80
"""Share of supported outline that earns the score 0.9."""


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
        labels = _superpixels(lab, near)
        outline = _Outline(lab, near)
        found = []
        for candidate in _candidates(near, labels):
            score = outline.support(candidate) / FULL_SUPPORT * 0.9
            if score > 0.3:
                found.append((min(score, 1.0), candidate))
        return _best(found, depth.shape)


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
    r = max(2, round(0.016 * min(near.shape)))
    high, low = _window(cv2.dilate, near, r), _window(cv2.erode, near, r)
    wide = _window(cv2.dilate, near, 3 * r) - _window(cv2.erode, near, 3 * r)
    span = high - low
    ramp = (span > STEP * high) & (wide < 2 * span)
    height = (near - low) / np.maximum(span, 1e-9)
    sides = np.where(height > 0.85, 2, np.where(height < 0.15, 1, 0)) * ramp
    sides = watershed(_gradient(lab), markers=sides.astype(np.int32), mask=ramp)
    unclear = ramp & (height <= 0.85) & (height >= 0.15)
    return np.where(unclear & (sides > 0), np.where(sides == 2, high, low), near)


def _window(extreme, picture: np.ndarray, radius: int) -> np.ndarray:
    return extreme(picture, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))


def _gradient(lab: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    return np.hypot(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)).sum(axis=2)


def _superpixels(lab: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Labels 0..n-1 of patches alike in colour and log depth."""
    log_depth = -np.log(np.maximum(near, 0.01))
    features = np.dstack([lab, 150 * log_depth])
    reach = float(features.max() - features.min())  # slic scales its input to [0, 1] by this
    return slic(features, n_segments=SUPERPIXELS, compactness=10 / max(reach, 1e-6), max_num_iter=5,
                convert2lab=False, channel_axis=-1, start_label=0)  # fmt: skip


def _candidates(near: np.ndarray, labels: np.ndarray) -> Iterator[np.ndarray]:
    """Connected bool pictures, one a candidate."""
    smallest, largest = (a * near.size for a in AREAS)
    for pixels in _standing_out(near, labels):
        count, parts, stats, _ = cv2.connectedComponentsWithStats(pixels.astype(np.uint8), connectivity=4)
        for i in range(1, count):
            if smallest <= stats[i, cv2.CC_STAT_AREA] <= largest:
                yield parts == i


def _standing_out(near: np.ndarray, labels: np.ndarray) -> Iterator[np.ndarray]:
    """Bool pictures whose connected parts are the candidates."""
    safe = np.maximum(near, 1e-6)
    for share in OPENINGS:
        residue = (near - _open(near, max(3, round(share * min(near.shape))))) / safe
        for least in RESIDUES:
            yield _snap(residue > least, residue > 2 * least, near, labels)
    logs = np.log(safe[near > 0]) if (near > 0).any() else np.zeros(1)
    for level in np.exp(np.linspace(*np.percentile(logs, (2, 98)), LEVELS + 2)[1:-1]):
        yield _snap(near > level, near > level * (1 + STEP), near, labels)
    for step in (STEP / 2, STEP, 2 * STEP):
        groups = _groups(near, labels, step)
        sizes = np.bincount(groups.ravel())
        for i in np.flatnonzero((sizes > AREAS[0] * near.size) & (sizes < AREAS[1] * near.size)):
            yield groups == i


def _open(near: np.ndarray, width: int) -> np.ndarray:
    """Grey opening by a square; the border continues by point reflection, so that ramps go on as ramps."""
    padded = np.pad(near, width, mode="reflect", reflect_type="odd")
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    return opened[width:-width, width:-width]


def _snap(pixels: np.ndarray, sure: np.ndarray, near: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The set moved to superpixel borders by majority; sure pixels stay, pixels of another depth are not let in."""
    held = np.bincount(labels.ravel(), pixels.ravel())
    sizes = np.maximum(np.bincount(labels.ravel()), 1)
    mean = np.bincount(labels.ravel(), (near * pixels).ravel()) / np.maximum(held, 1)
    alike = np.abs(near - mean[labels]) < STEP * mean[labels]
    most = (held / sizes > 0.5)[labels]
    return (pixels & (sure | most)) | (most & alike)


def _groups(near: np.ndarray, labels: np.ndarray, step: float) -> np.ndarray:
    """Superpixels joined wherever depth runs on between them; a label per pixel."""
    n = int(labels.max()) + 1
    pairs, jumps = [], []
    for a, b, za, zb in ((labels[:, :-1], labels[:, 1:], near[:, :-1], near[:, 1:]),
                         (labels[:-1], labels[1:], near[:-1], near[1:])):  # fmt: skip
        border = a != b
        pairs.append(np.minimum(a, b)[border] * n + np.maximum(a, b)[border])
        jumps.append((np.abs(za - zb) / np.maximum(np.maximum(za, zb), 1e-6))[border])
    keys, which = np.unique(np.concatenate(pairs), return_inverse=True)
    jump = np.bincount(which, np.minimum(np.concatenate(jumps), 2 * STEP)) / np.bincount(which)
    joined = keys[jump < step]
    graph = coo_matrix((np.ones(len(joined)), (joined // n, joined % n)), shape=(n, n))
    return connected_components(graph, directed=False)[1][labels]


class _Outline:
    """What lies across every crack between two pixels, so that any mask's outline can be judged quickly."""

    def __init__(self, lab: np.ndarray, near: np.ndarray) -> None:
        self.cracks = [_across(lab, near), _across(lab.transpose(1, 0, 2), near.T)]

    def support(self, candidate: np.ndarray) -> float:
        """Share of the outline on a step of depth (the outside farther) or of colour; 0 if nothing occludes."""
        total = supported = occluding = 0.0
        for (depth_step, colour), inside in zip(self.cracks, (candidate, candidate.T), strict=True):
            a, b = inside[:, :-1], inside[:, 1:]
            for sign, here in ((1, a & ~b), (-1, b & ~a)):
                steps = np.clip(sign * depth_step[here] / STEP, -1, 1)
                total += steps.size
                supported += np.maximum(steps, COLOUR_TRUST * colour[here]).sum()
                occluding += np.count_nonzero(steps >= 1)
        return supported / total if occluding > 0.1 * total else 0.0


def _across(lab: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each crack between columns x and x+1: signed depth step and strength of the colour edge in [0, 1].

    The step is how much farther the right side is than the left, relative, negative where it is nearer; both sides
    are means of two pixels.
    """
    left, right = _pairs(near)
    step = (left - right) / np.maximum(np.maximum(left, right), 1e-6)
    colour_left, colour_right = _pairs(cv2.GaussianBlur(lab, (0, 0), 1.0))
    colour = np.linalg.norm(colour_left - colour_right, axis=2) / COLOUR_STEP
    return step, np.minimum(colour, 1.0)


def _pairs(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pad = [(0, 0), (1, 1)] + [(0, 0)] * (picture.ndim - 2)
    p = np.pad(picture, pad, mode="edge")
    return (p[:, :-3] + p[:, 1:-2]) / 2, (p[:, 2:-1] + p[:, 3:]) / 2


def _best(found: list[tuple[float, np.ndarray]], shape: tuple[int, int]) -> Proposals:
    """Sorted, without doubles, at most MOST."""
    kept: list[tuple[float, np.ndarray, int]] = []
    for score, candidate in sorted(found, key=lambda f: -f[0]):
        area = np.count_nonzero(candidate)
        if len(kept) < MOST and not any(_same(candidate, area, other, size) for _, other, size in kept):
            kept.append((score, candidate, area))
    masks = np.stack([m for _, m, _ in kept]) if kept else np.zeros((0, *shape), bool)
    scores: Bool[np.ndarray, "k"] = np.array([s for s, _, _ in kept], np.float32)
    return Proposals(masks, scores)


def _same(a: np.ndarray, area_a: int, b: np.ndarray, area_b: int) -> bool:
    if min(area_a, area_b) < SAME * max(area_a, area_b):
        return False
    both = np.count_nonzero(a & b)
    return both > SAME * (area_a + area_b - both)
