"""A thing taken apart: where its surface folds inward or changes its colour, one part ends and another begins.

The thing's pixels are gathered into superpixels (k-means of place and colour, as SLIC, Achanta et al. 2012), and those
that touch in the picture and in depth are one part where their common edge is convex, or flat, and they look alike
(locally convex connected patches, Stein et al. 2014). Parts that are too small join the one they border on most.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gen3d.geometry.edges import torn
from gen3d.values import RGBD

PIXELS, MOST = 40, 600
"""Of a superpixel, about; and how many there are at most. Chosen by eye: with 60 one across the edge of the room's vase
joined it to its table or not, as a few pixels of the mask fell."""
ROUNDS = 4
"""Of k-means. Chosen by eye."""
LAB_AS_SIDE = 10.0
"""A difference of colour (CIELAB) that counts as much as a superpixel's side. Chosen by eye."""
FLAT_DEG = 20.0
"""Where two superpixels turn by less, their edge is no fold. Chosen by eye: planes through few pixels are uncertain."""
ALIKE_LAB = 25.0
"""Superpixels whose colours differ by more are of two parts. Chosen by eye."""
LEAST = 0.05
"""Of the thing's pixels that a part has. Chosen by eye."""


class Parts(NamedTuple):
    """The parts of a thing."""

    of: Int[np.ndarray, "h w"]
    """Which one a pixel shows, from 1, the largest first; 0 is none."""
    touch: Bool[np.ndarray, "p p"]
    """Which border on each other."""


def parts_of(which: Bool[np.ndarray, "h w"], rgbd: RGBD) -> Parts:
    """The parts of the thing that shows at `which`; one where nothing tells them apart, none of nothing."""
    which = which & np.isfinite(rgbd.depth)
    if not which.any():
        return Parts(np.zeros(which.shape, np.int64), np.zeros((0, 0), bool))
    lab = cv2.cvtColor(np.ascontiguousarray(rgbd.image, np.float32), cv2.COLOR_RGB2LAB)
    patch = _superpixels(which, lab)
    pairs, lengths = _borders(patch, rgbd.depth)
    one = pairs[_go_on(patch, pairs, rgbd, lab)]
    count = patch.max() + 1
    _, part = connected_components(coo_matrix((np.ones(len(one), bool), one.T), (count, count)), directed=False)
    part = _without_small(part, np.bincount(patch[which]), pairs, lengths)
    of = _numbered(np.where(which, part[patch], -1))
    touch = np.zeros((of.max(),) * 2, bool)
    a, b = _neighbours(of, rgbd.depth)
    touch[a - 1, b - 1] = touch[b - 1, a - 1] = True
    return Parts(of, touch)


def _superpixels(which: np.ndarray, lab: np.ndarray) -> Int[np.ndarray, "h w"]:
    """A number from 0 for each of the thing's pixels; -1 elsewhere."""
    v, u = np.nonzero(which)
    count = int(np.clip(len(v) / PIXELS, 1, MOST))
    side = np.sqrt(len(v) / count)
    features = np.concatenate([np.stack([u, v], 1) / side, lab[v, u] / LAB_AS_SIDE], axis=1)
    middles = features[((np.arange(count) + 0.5) * len(v) / count).astype(np.int64)]
    for _ in range(ROUNDS):
        _, nearest = cKDTree(middles).query(features)
        size = np.bincount(nearest, minlength=len(middles))
        sums = np.stack([np.bincount(nearest, axis, len(middles)) for axis in features.T], axis=1)
        middles = sums[size > 0] / size[size > 0, None]
    found = np.full(which.shape, -1, np.int64)
    found[v, u] = np.unique(cKDTree(middles).query(features)[1], return_inverse=True)[1]
    return found


def _neighbours(of: np.ndarray, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers, above 0 of both, on the two sides of all steps between pixels that no tear in depth parts."""
    sides = []
    for axis in (0, 1):
        a, b = np.delete(of, -1, axis), np.delete(of, 0, axis)
        across = (a != b) & (a > 0) & (b > 0) & ~torn(depth, axis)
        sides.append((a[across], b[across]))
    return np.concatenate([a for a, _ in sides]), np.concatenate([b for _, b in sides])


def _borders(patch: np.ndarray, depth: np.ndarray) -> tuple[Int[np.ndarray, "e 2"], Int[np.ndarray, "e"]]:
    """Which superpixels border on each other, and along how many pixels."""
    pairs = np.sort(np.stack(_neighbours(patch + 1, depth), axis=1) - 1, axis=1)
    return np.unique(pairs, axis=0, return_counts=True) if len(pairs) else (pairs, np.zeros(0, np.int64))


def _go_on(patch: np.ndarray, pairs: np.ndarray, rgbd: RGBD, lab: np.ndarray) -> Bool[np.ndarray, "e"]:
    """Which pairs look alike and have no inward fold between them."""
    shown = patch >= 0
    number, size = patch[shown], np.bincount(patch[shown])
    xyz = rgbd.camera.unproject(np.where(np.isfinite(rgbd.depth), rgbd.depth, 1.0).astype(np.float64))[shown]
    middles, colours = (_means(values, number, size) for values in (xyz, lab[shown].astype(np.float64)))
    off = xyz - middles[number]
    spread = _means((off[:, :, None] * off[:, None]).reshape(-1, 9), number, size).reshape(-1, 3, 3)
    normals = np.linalg.eigh(spread)[1][:, :, 0]
    normals *= -np.sign((normals * (middles - rgbd.camera.center)).sum(axis=1, keepdims=True))  # towards the camera
    a, b = pairs.T
    turn = np.degrees(np.arccos(np.clip((normals[a] * normals[b]).sum(axis=1), -1, 1)))
    convex = ((normals[a] - normals[b]) * (middles[a] - middles[b])).sum(axis=1) > 0
    return (convex | (turn < FLAT_DEG)) & (np.linalg.norm(colours[a] - colours[b], axis=1) < ALIKE_LAB)


def _means(values: Float[np.ndarray, "n c"], number: np.ndarray, size: np.ndarray) -> Float[np.ndarray, "k c"]:
    return np.stack([np.bincount(number, axis, len(size)) for axis in values.T], axis=1) / size[:, None]


def _without_small(
    part: np.ndarray, size: np.ndarray, pairs: np.ndarray, lengths: np.ndarray
) -> Int[np.ndarray, "k"]:
    """Small parts joined to the one that they border on most, the smallest first; those that border on none stay."""
    part, least = part.copy(), LEAST * size.sum()
    while True:
        area = np.bincount(part, size)
        a, b = part[pairs].T if len(pairs) else (np.zeros(0, np.int64),) * 2
        borders = np.zeros((len(area),) * 2)
        np.add.at(borders, (a, b), lengths)
        borders = borders + borders.T
        np.fill_diagonal(borders, 0)
        small = np.flatnonzero((area > 0) & (area < least) & (borders.max(axis=1, initial=0) > 0))
        if not small.size:
            return part
        smallest = small[area[small].argmin()]
        part[part == smallest] = borders[smallest].argmax()


def _numbered(of: np.ndarray) -> Int[np.ndarray, "h w"]:
    """From 1, the largest first; what is too small and stood alone goes to the part that is nearest in the picture."""
    numbers, own = np.unique(of, return_inverse=True)
    area = np.bincount(own.ravel()) * (numbers >= 0)
    order = np.argsort(-area, kind="stable")
    keeps = area >= min(LEAST * area.sum(), area.max())
    rank = np.zeros(len(numbers), np.int64)
    rank[order] = np.cumsum(keeps[order]) * keeps[order]
    found = rank[own.reshape(of.shape)]
    v, u = distance_transform_edt(found == 0, return_distances=False, return_indices=True)
    return np.where(of >= 0, found[v, u], 0)
