"""Points as patches of surface: from a depth map, and merged.

A point is the parallelogram of surface that one pixel saw, spanned by its two tangents (`point_picture.py` draws it).
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import torn
from gen3d.geometry.place import shell_depth
from gen3d.values import RGBD, PointCloud

CELL, CELL_STEP = 0.5, 4.0
"""Points are the same when they share a cell of this share of the new point's footprint, rounded to the median's times
a power of CELL_STEP. Chosen by eye."""


def lift(
    rgbd: RGBD,
    which: Bool[np.ndarray, "h w"],
    origin: int,
    shell_m: float,
    opacity: Float[np.ndarray, "h w"] | None = None,
) -> PointCloud:
    """The chosen pixels as points (eq. 3): xyz = c2w (z K^-1 [u v 1]).

    shell_m: radius of the sky around the first camera. opacity: of mixed pixels; None is 1.
    """
    camera, depth = rgbd.camera, rgbd.depth.astype(np.float32)
    if (sky := rgbd.sky).any():
        depth[sky] = shell_depth(camera.rays()[sky] @ camera.c2w[:3, :3].T, camera.center, shell_m)
    joined_down, joined_right = ~torn(depth, 0), ~torn(depth, 1)
    v, u = map(np.ascontiguousarray, np.nonzero(which))  # of one pixel alone they would be of another type
    lens = (np.ascontiguousarray(m, np.float64) for m in (camera.K, camera.c2w))
    xyz, tangents = _patches_of(depth, joined_right, joined_down, v, u, *lens)
    return PointCloud(
        xyz,
        rgbd.image[v, u].astype(np.float32),
        tangents,
        np.full(len(u), origin, np.int32),
        np.stack([u, v], axis=1).astype(np.int32),
        np.ones(len(u), np.float32) if opacity is None else opacity[v, u].astype(np.float32),
    )


@compiled
def _patches_of(depth, joined_right, joined_down, rows, columns, K, c2w):
    """Per pixel its place, and the surface's change to the right and down.

    Neighbours on the same surface share the step between them half and half, so that small steps of measured depth
    open no cracks. A neighbour across a depth edge would span a curtain: then the other side alone counts, and where
    both sides are edges the patch faces the camera.
    """
    h, w = depth.shape
    xyz, tangents = np.empty((len(rows), 3), np.float32), np.empty((len(rows), 2, 3), np.float32)
    for i in range(len(rows)):
        v, u = rows[i], columns[i]
        left, right = u > 0 and joined_right[v, u - 1], u < w - 1 and joined_right[v, u]
        above, below = v > 0 and joined_down[v - 1, u], v < h - 1 and joined_down[v, u]
        here = _seen_at(depth, v, u, K)
        across, down = (depth[v, u] / K[0, 0], 0.0, 0.0), (0.0, depth[v, u] / K[1, 1], 0.0)
        if left or right:
            across = _mean_step(depth, v, u - 1 if left else u, v, u + 1 if right else u, left + right, K)
        if above or below:
            down = _mean_step(depth, v - 1 if above else v, u, v + 1 if below else v, u, above + below, K)
        for c in range(3):
            R = c2w[c]
            xyz[i, c] = R[0] * here[0] + R[1] * here[1] + R[2] * here[2] + R[3]
            tangents[i, 0, c] = R[0] * across[0] + R[1] * across[1] + R[2] * across[2]
            tangents[i, 1, c] = R[0] * down[0] + R[1] * down[1] + R[2] * down[2]
    return xyz, tangents


@compiled
def _seen_at(depth, v, u, K):
    """A pixel's place in the camera's axes."""
    z = float(depth[v, u])
    return (u + 0.5 - K[0, 2]) / K[0, 0] * z, (v + 0.5 - K[1, 2]) / K[1, 1] * z, z


@compiled
def _mean_step(depth, v0, u0, v1, u1, count, K):
    """From one pixel to another that is so many pixels on, per pixel."""
    a, b = _seen_at(depth, v0, u0, K), _seen_at(depth, v1, u1, K)
    return (b[0] - a[0]) / count, (b[1] - a[1]) / count, (b[2] - a[2]) / count


def concatenate(*clouds: PointCloud) -> PointCloud:
    """Several clouds as one, in order."""
    return PointCloud(*(np.concatenate([getattr(c, f.name) for c in clouds]) for f in fields(PointCloud)))


def merge(old: PointCloud, new: PointCloud) -> PointCloud:
    """P_i = P_{i-1} with the new points (eq. 4), less those that double an old one.

    Two points are the same when they share a cell of a grid of about half the new point's footprint (the median's,
    times a power of 4).
    """
    if not len(new) or not len(old):
        return concatenate(old, new)
    footprint = np.sqrt(np.linalg.norm(np.cross(new.tangents[:, 0], new.tangents[:, 1]), axis=-1))
    half = CELL * float(np.median(footprint))
    level = np.round(np.log2(np.maximum(CELL * footprint, 1e-6 * half) / half) / np.log2(CELL_STEP)).astype(np.int32)
    twin = np.zeros(len(new), bool)
    for exponent in np.unique(level):
        at = np.nonzero(level == exponent)[0]
        twin[at] = _shares_a_cell(new.xyz[at], old.xyz, half * CELL_STEP**exponent)
    return concatenate(old, new.keep(~twin))


def _shares_a_cell(some: np.ndarray, others: np.ndarray, cell_m: float) -> np.ndarray:
    """Which of some points lie in a cell with one of the others; sorts these few, not those many."""
    keys, which = np.unique(_keys(some, float(cell_m)), return_inverse=True)
    return _visited(others, float(cell_m), keys, some.min(axis=0), some.max(axis=0))[which]


@compiled
def _visited(xyz, cell_m, keys, low, high):
    """Which of the sorted keys are those of a point's cell; low, high: what the keys' cells hold lies between."""
    found = np.zeros(len(keys), np.bool_)
    first, last = _cell(low, cell_m), _cell(high, cell_m)
    for i in range(len(xyz)):
        q = _cell(xyz[i], cell_m)
        if first[0] <= q[0] <= last[0] and first[1] <= q[1] <= last[1] and first[2] <= q[2] <= last[2]:
            key = _key(q)
            place = np.searchsorted(keys, key)
            if place < len(keys) and keys[place] == key:
                found[place] = True
    return found


@compiled
def _keys(xyz, cell_m):
    """The key of each point's cell."""
    keys = np.empty(len(xyz), np.int64)
    for i in range(len(xyz)):
        keys[i] = _key(_cell(xyz[i], cell_m))
    return keys


@compiled
def _cell(xyz, cell_m):
    """The cell that a point lies in, counted along each axis."""
    return (
        np.int64(np.floor(np.float64(xyz[0]) / cell_m)),
        np.int64(np.floor(np.float64(xyz[1]) / cell_m)),
        np.int64(np.floor(np.float64(xyz[2]) / cell_m)),
    )


@compiled
def _key(cell):
    """64 bits; cells less than a million apart along each axis never share one."""
    return (cell[0] << 42) + (cell[1] << 21) + cell[2]
