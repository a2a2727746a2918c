"""Coarser points: flat blocks of neighbours become one larger point each; and every surface gets a backing.

Gaussians that are just large enough for the view they were made from leave gaps between neighbours when a camera comes
nearer. The backing, a second surface of a quarter as many points just behind, shows through those gaps and is hidden
otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from gen3d.geometry.compiled import compiled
from gen3d.geometry.points import concatenate
from gen3d.geometry.together import together
from gen3d.values import PointCloud

DOUBLINGS = 3
"""So often the tolerance in colour is doubled where too many points are left. Chosen by eye."""
BLOCKS_PX = (8, 4, 2)
"""Sides of the blocks that are merged, the largest first. Chosen by eye."""
BEHIND = 0.5
"""The backing lies this many of its own footprints behind its surface, and beyond the slant of its block. Chosen by
eye."""


def merge_flat_blocks(points: PointCloud, limit: int, colour_tolerance: float, plane_tolerance: float) -> PointCloud:
    """At most `limit` points: square blocks of neighbours with one colour on one plane become one larger point.

    A quadtree over the pixels that the points come from, with blocks of 8, 4 and 2 pixels; the tolerance in colour
    doubles until few enough are left. If even that does not do, the plainest blocks of 2 become one whatever their
    colours; and if that does not, points are dropped evenly and the others made larger.

    colour_tolerance: largest deviation from a block's mean colour, per channel, at first.
    plane_tolerance: largest deviation from a block's plane, in pixel footprints.
    """
    found = together([partial(_Blocks.of, points, size, plane_tolerance) for size in BLOCKS_PX])
    for doubled in range(DOUBLINGS + 1):
        chosen = _chosen(len(points), found, 2**doubled * colour_tolerance)
        if len(points) - sum(blocks.size - len(blocks) for blocks in chosen) <= limit:
            break
    merged = _as_blocks(points, chosen)
    return _thinned(_plainest_merged(merged, limit, plane_tolerance), limit) if len(merged) > limit else merged


def halved(points: PointCloud, plane_tolerance: float) -> PointCloud:
    """One point for every block of 2 x 2 solid ones on a plane. The tolerance as above."""
    solid = points.keep(points.opacity >= 1)
    return _as_one(solid, _Blocks.of(solid, 2, plane_tolerance).points, 2)


def backing(coarse: PointCloud, limit: int, colour_tolerance: float, plane_tolerance: float) -> PointCloud:
    """At most `limit` points a little behind those of a surface that was `halved`.

    Behind is away from the first camera, beyond all that the block's own slant spans in depth. Tolerances as above.
    """
    if len(coarse) > limit:
        coarse = replace(coarse, pixel=coarse.pixel // 2)
        coarse = merge_flat_blocks(coarse, limit, colour_tolerance, plane_tolerance)
    away = coarse.xyz / np.maximum(np.linalg.norm(coarse.xyz, axis=1, keepdims=True), np.float32(1e-30))
    footprint = np.sqrt(np.linalg.norm(np.cross(coarse.tangents[:, 0], coarse.tangents[:, 1]), axis=1))
    slant = np.abs(np.einsum("nkc,nc->nk", coarse.tangents, away)).sum(axis=1)
    step = (np.float32(BEHIND) * footprint + slant)[:, None]
    return replace(coarse, xyz=(coarse.xyz + step * away).astype(np.float32))


class _Blocks(NamedTuple):
    """The full blocks of one size that lie on a plane."""

    points: np.ndarray
    """Indices (b, size^2)."""
    deviation: np.ndarray
    """Of their colours, see `_measured`."""

    @classmethod
    def of(cls, points: PointCloud, size: int, plane_tolerance: float) -> _Blocks:
        """All there are among the points."""
        blocks = _full_blocks(points, size)
        deviation, flatness = _measured(points.xyz, points.rgb, points.opacity, points.tangents, points.pixel, blocks)
        flat = flatness < plane_tolerance
        return cls(blocks[flat], deviation[flat])


def _chosen(count: int, found: list[_Blocks], colour_tolerance: float) -> list[np.ndarray]:
    """Of each size the blocks of one colour, but for what lies in larger ones; of `count` points."""
    taken, chosen = np.zeros(count, bool), []
    for blocks in found:
        plain = blocks.points[blocks.deviation < colour_tolerance]
        chosen.append(plain[~taken[plain[:, 0]]])
        taken[chosen[-1]] = True
    return chosen


def _as_blocks(points: PointCloud, chosen: list[np.ndarray]) -> PointCloud:
    single = np.ones(len(points), bool)
    for blocks in chosen:
        single[blocks] = False
    merged = (partial(_as_one, points, blocks, size) for blocks, size in zip(chosen, BLOCKS_PX, strict=True))
    return concatenate(*together([partial(points.keep, single), *merged]))


def _plainest_merged(points: PointCloud, limit: int, plane_tolerance: float) -> PointCloud:
    """As many blocks of 2 x 2 points merged as the limit asks for, beginning with those of the most even colour."""
    blocks = _Blocks.of(points, 2, plane_tolerance)
    too_many = -(-(len(points) - limit) // 3)
    plainest = blocks.points[np.argsort(blocks.deviation, kind="stable")[:too_many]]
    return concatenate(_without(points, plainest), _as_one(points, plainest, 2))


def _thinned(points: PointCloud, limit: int) -> PointCloud:
    """At most `limit` of the points, evenly chosen, each as much larger as others are missing."""
    if len(points) <= limit:
        return points
    kept = points.keep(np.linspace(0, len(points) - 1, limit).astype(np.int64))
    return replace(kept, tangents=kept.tangents * np.float32(np.sqrt(len(points) / max(limit, 1))))


def _without(points: PointCloud, blocks: np.ndarray) -> PointCloud:
    single = np.ones(len(points), bool)
    single[blocks] = False
    return points.keep(single)


def _full_blocks(points: PointCloud, size: int) -> np.ndarray:
    """Indices (b, size^2) of the points of every block of size x size pixels that has them all."""
    u, v = (points.pixel // size).astype(np.int64).T
    key = (points.origin.astype(np.int64) << 40) | (v << 20) | u
    order = np.argsort(key, kind="stable")
    first = np.nonzero(np.diff(key[order], prepend=-1))[0]
    count = np.diff(np.append(first, len(points)))
    return order[first[count == size**2][:, None] + np.arange(size**2)]


@compiled
def _measured(xyz, rgb, opacity, tangents, pixel, blocks):
    """Of each block, in one pass over its points, how far it is from being one point.

    First how far the colour of any of them is from their mean, in the worst channel (so is opacity); then how far any
    lies from the plane through their middle, in footprints.
    """
    count, many = blocks.shape
    deviation, flatness = np.zeros(count, np.float32), np.zeros(count, np.float32)
    rgba, middle, edges, centre = np.zeros(4), np.zeros(3), np.zeros((2, 3)), np.zeros(2)
    for b in range(count):
        rgba[:], middle[:], edges[:], centre[:] = 0, 0, 0, 0
        for k in range(many):
            i = blocks[b, k]
            rgba[3] += opacity[i] / many
            for c in range(3):
                rgba[c] += rgb[i, c] / many
                middle[c] += xyz[i, c] / many
                edges[0, c] += tangents[i, 0, c] / many
                edges[1, c] += tangents[i, 1, c] / many
            centre[0] += pixel[i, 0] / many
            centre[1] += pixel[i, 1] / many
        farthest = 0.0
        for k in range(many):
            i = blocks[b, k]
            off = 0.0
            for c in range(3):
                deviation[b] = max(deviation[b], abs(rgb[i, c] - rgba[c]))
                plane = (pixel[i, 0] - centre[0]) * edges[0, c] + (pixel[i, 1] - centre[1]) * edges[1, c]
                off += (xyz[i, c] - middle[c] - plane) ** 2
            deviation[b] = max(deviation[b], abs(opacity[i] - rgba[3]))
            farthest = max(farthest, off)
        right, down = 0.0, 0.0
        for c in range(3):
            right, down = right + edges[0, c] ** 2, down + edges[1, c] ** 2
        footprint = min(right, down)
        flatness[b] = np.sqrt(farthest / max(footprint, 1e-60))
    return deviation, flatness


def _as_one(points: PointCloud, blocks: np.ndarray, size: int) -> PointCloud:
    of = points.xyz, points.rgb, points.tangents.reshape(-1, 6), points.opacity[:, None]
    xyz, rgb, tangents, opacity = (_means(values, blocks) for values in of)
    first = blocks[:, 0]
    pixel = points.pixel[first] // size * size
    return PointCloud(xyz, rgb, size * tangents.reshape(-1, 2, 3), points.origin[first], pixel, opacity[:, 0])


@compiled
def _means(values, blocks):
    """Of each block, the mean of its rows."""
    count, many = blocks.shape
    means = np.zeros((count, values.shape[1]), np.float32)
    for b in range(count):
        for k in range(many):
            for c in range(values.shape[1]):
                means[b, c] += values[blocks[b, k], c]
        for c in range(values.shape[1]):
            means[b, c] /= np.float32(many)
    return means
