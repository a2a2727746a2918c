"""Coarser points: flat blocks of neighbours become one larger point each; and every surface gets a backing.

Gaussians that are just large enough for the view they were made from leave gaps between neighbours when a camera comes
nearer. The backing, a second surface of a quarter as many points just behind, shows through those gaps and is hidden
otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gen3d.geometry.points import concatenate
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
    merged = points
    for doubled in range(DOUBLINGS + 1):
        merged = _quadtree(points, 2**doubled * colour_tolerance, plane_tolerance)
        if len(merged) <= limit:
            return merged
    return _thinned(_plainest_merged(merged, limit, plane_tolerance), limit)


def backing(points: PointCloud, limit: int, colour_tolerance: float, plane_tolerance: float) -> PointCloud:
    """At most `limit` points a little behind the solid ones: one for every block of 2 x 2 on a plane.

    Behind is away from the first camera, beyond all that the block's own slant spans in depth. Tolerances as above.
    """
    solid = points.keep(points.opacity >= 1)
    blocks = _full_blocks(solid, 2)
    coarse = _as_one(solid, blocks[_on_a_plane(solid, blocks, plane_tolerance)], 2)
    if len(coarse) > limit:
        coarse = replace(coarse, pixel=coarse.pixel // 2)
        coarse = merge_flat_blocks(coarse, limit, colour_tolerance, plane_tolerance)
    away = coarse.xyz / np.maximum(np.linalg.norm(coarse.xyz, axis=1, keepdims=True), np.float32(1e-30))
    footprint = np.sqrt(np.linalg.norm(np.cross(coarse.tangents[:, 0], coarse.tangents[:, 1]), axis=1))
    slant = np.abs(np.einsum("nkc,nc->nk", coarse.tangents, away)).sum(axis=1)
    step = (np.float32(BEHIND) * footprint + slant)[:, None]
    return replace(coarse, xyz=(coarse.xyz + step * away).astype(np.float32))


def _quadtree(points: PointCloud, colour_tolerance: float, plane_tolerance: float) -> PointCloud:
    done = []
    for size in BLOCKS_PX:
        blocks = _full_blocks(points, size)
        plain = _colour_deviation(points, blocks) < colour_tolerance
        blocks = blocks[plain & _on_a_plane(points, blocks, plane_tolerance)]
        done.append(_as_one(points, blocks, size))
        points = _without(points, blocks)
    return concatenate(points, *done)


def _plainest_merged(points: PointCloud, limit: int, plane_tolerance: float) -> PointCloud:
    """As many blocks of 2 x 2 points merged as the limit asks for, beginning with those of the most even colour."""
    blocks = _full_blocks(points, 2)
    blocks = blocks[_on_a_plane(points, blocks, plane_tolerance)]
    too_many = -(-(len(points) - limit) // 3)
    blocks = blocks[np.argsort(_colour_deviation(points, blocks), kind="stable")[:too_many]]
    return concatenate(_without(points, blocks), _as_one(points, blocks, 2))


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


def _colour_deviation(points: PointCloud, blocks: np.ndarray) -> np.ndarray:
    """Per block how far the colour of any of its points is from their mean, in the worst channel; so is opacity."""
    rgba = np.concatenate([points.rgb, points.opacity[:, None]], axis=1)[blocks]
    return np.abs(rgba - rgba.mean(axis=1, keepdims=True)).max(axis=(1, 2), initial=0)


def _on_a_plane(points: PointCloud, blocks: np.ndarray, tolerance: float) -> np.ndarray:
    """Which blocks lie on the plane through their middle."""
    xyz, tangents = points.xyz[blocks], points.tangents[blocks]
    offset = points.pixel[blocks] - points.pixel[blocks].mean(axis=1, keepdims=True)
    edges = tangents.mean(axis=1)
    plane = xyz.mean(axis=1, keepdims=True) + np.einsum("bkt,btc->bkc", offset, edges)
    deviation = np.linalg.norm(xyz - plane, axis=-1).max(axis=1, initial=0)
    return deviation < tolerance * np.linalg.norm(edges, axis=-1).min(axis=1)


def _as_one(points: PointCloud, blocks: np.ndarray, size: int) -> PointCloud:
    return PointCloud(
        points.xyz[blocks].mean(axis=1),
        points.rgb[blocks].mean(axis=1),
        size * points.tangents[blocks].mean(axis=1),
        points.origin[blocks[:, 0]],
        points.pixel[blocks].min(axis=1),
        points.opacity[blocks].mean(axis=1),
    )
