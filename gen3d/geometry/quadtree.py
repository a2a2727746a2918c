"""Fewer points for the same picture: flat blocks of neighbours become one larger point each."""

from __future__ import annotations

import numpy as np

from gen3d.geometry.points import concatenate
from gen3d.scene import PointCloud

COLOUR_TOLERANCES = (0.01, 0.02, 0.04, 0.08)
"""Largest deviation from a block's mean colour, per channel, tried in this order."""
PLANE_TOLERANCE = 0.35
"""Largest deviation from a block's plane, in pixel footprints."""


def merge_flat_blocks(points: PointCloud, limit: int) -> PointCloud:
    """At most `limit` points: square blocks of neighbours with one colour on one plane become one larger point.

    A quadtree over the pixels that the points come from, with blocks of 8, 4 and 2 pixels; the tolerance in colour
    starts where nobody sees it and doubles until few enough are left. If even that does not do, some are dropped,
    evenly.
    """
    merged = points
    for tolerance in COLOUR_TOLERANCES:
        merged = _quadtree(points, tolerance)
        if len(merged) <= limit:
            return merged
    return merged.keep(np.linspace(0, len(merged) - 1, limit).astype(np.int64))


def _quadtree(points: PointCloud, tolerance: float) -> PointCloud:
    done = []
    for size in (8, 4, 2):
        blocks = _full_blocks(points, size)
        blocks = blocks[_is_flat(points, blocks, tolerance)]
        done.append(_as_one(points, blocks, size))
        single = np.ones(len(points), bool)
        single[blocks] = False
        points = points.keep(single)
    return concatenate(points, *done)


def _full_blocks(points: PointCloud, size: int) -> np.ndarray:
    """Indices (b, size^2) of the points of every block of size x size pixels that has them all."""
    u, v = (points.pixel // size).astype(np.int64).T
    key = (points.origin.astype(np.int64) << 40) | (v << 20) | u
    order = np.argsort(key, kind="stable")
    first = np.nonzero(np.diff(key[order], prepend=-1))[0]
    count = np.diff(np.append(first, len(points)))
    return order[first[count == size**2][:, None] + np.arange(size**2)]


def _is_flat(points: PointCloud, blocks: np.ndarray, tolerance: float) -> np.ndarray:
    """Which blocks have one colour and lie on the plane through their middle."""
    rgb, xyz, tangents = points.rgb[blocks], points.xyz[blocks], points.tangents[blocks]
    plain = np.abs(rgb - rgb.mean(axis=1, keepdims=True)).max(axis=(1, 2)) < tolerance
    offset = points.pixel[blocks] - points.pixel[blocks].mean(axis=1, keepdims=True)
    edges = tangents.mean(axis=1)
    plane = xyz.mean(axis=1, keepdims=True) + np.einsum("bkt,btc->bkc", offset, edges)
    deviation = np.linalg.norm(xyz - plane, axis=-1).max(axis=1)
    return plain & (deviation < PLANE_TOLERANCE * np.linalg.norm(edges, axis=-1).min(axis=1))


def _as_one(points: PointCloud, blocks: np.ndarray, size: int) -> PointCloud:
    return PointCloud(
        points.xyz[blocks].mean(axis=1),
        points.rgb[blocks].mean(axis=1),
        size * points.tangents[blocks].mean(axis=1),
        points.origin[blocks[:, 0]],
        points.pixel[blocks].min(axis=1),
    )
