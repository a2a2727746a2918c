"""Points as patches of surface: from a depth map, to a picture, pruned and merged.

A point is the parallelogram of surface that one pixel saw, spanned by its two tangents. Drawn so, neighbours tile
without cracks where the surface goes on and leave a true hole where it does not, from any viewpoint. Drawing is
z-buffered: without that, what is hidden bleeds through and the layers are lost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from gen3d.camera import Camera
from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import torn
from gen3d.geometry.place import shell_depth
from gen3d.geometry.together import together
from gen3d.values import RGBD, PointCloud

OVERLAP = 1.2
"""Patches are drawn this much larger than they are, so that rounding opens no cracks. Chosen by eye."""
SURFACE_THICKNESS = 0.01
"""Points within this share of the nearest one's depth (and the patch's own slope) belong to the same surface. Chosen by
eye."""
LARGEST_PATCH_PX = 24.0
"""Patches seen from very near are cut to this half size, which bounds the time of a drawing. Chosen by eye."""
NEAR_OF_MEDIAN = 1e-3
"""Points nearer than this share of their median distance are not drawn. From the rasterizers (`splat/role.py`)."""
SMALLEST_PX2 = 0.25
"""A patch of less area is drawn into the one pixel it lies in, with this weight. Chosen by eye."""
LEAST_WEIGHT = 1e-3
"""Pixels whose patches weigh less in all take the nearest patch's colour as it is. Chosen by eye."""
SHARES = 2
"""Points are projected in so many parts, side by side. Chosen by eye."""
CELL, CELL_STEP = 0.5, 4.0
"""Points are the same when they share a cell of this share of the new point's footprint, rounded to the median's times
a power of CELL_STEP. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class PointRendering:
    """A picture of points."""

    image: Float[np.ndarray, "h w 3"]
    """0 in holes."""
    depth: Float[np.ndarray, "h w"]
    """Metres along z; NaN in holes."""
    index: Int[np.ndarray, "h w"]
    """Which point is seen; -1 in holes."""

    @property
    def hole(self) -> Bool[np.ndarray, "h w"]:
        """Pixels that no point covers: M = 0 of the paper."""
        return self.index < 0


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


def render_points(points: PointCloud, camera: Camera) -> PointRendering:
    """A z-buffered picture of the points: the nearest solid patch wins, colours are interpolated along its surface.

    Points that are not wholly opaque are laid over what is seen behind them, and hide nothing: depth, index and hole
    are those of the solid points.
    """
    h, w = camera.height, camera.width
    index = np.full((h, w), -1, np.int32)
    zbuffer = np.full((h, w), np.inf, np.float32)
    R, t = camera.w2c[:3, :3].astype(np.float32), camera.w2c[:3, 3].astype(np.float32)
    near = np.float32(NEAR_OF_MEDIAN * _median_distance(points, camera))
    patches, soft = _projected(points, R, t, camera.K.astype(np.float32), near), points.opacity < 1
    fringe = patches[soft]
    patches[soft, 2] = 0
    _draw_patches(patches, zbuffer, index)
    rgb, opacity = points.rgb[soft], np.repeat(points.opacity[soft, None], 3, axis=1)
    parts = [(patches, points.rgb), (fringe, rgb), (fringe, opacity)][: 3 if soft.any() else 1]
    total, *over = together([partial(_blended, *part, zbuffer) for part in parts])
    hole = index < 0
    image = points.rgb[np.maximum(index, 0)] if len(points) else np.zeros((h, w, 3), np.float32)
    image = np.where(total[..., 3:] > LEAST_WEIGHT, total[..., :3] / np.maximum(total[..., 3:], LEAST_WEIGHT), image)
    if over:
        image = _laid_over(image, *over)
    image[hole] = 0
    return PointRendering(image.astype(np.float32), np.where(hole, np.float32(np.nan), zbuffer), index)


def _projected(
    points: PointCloud, R: np.ndarray, t: np.ndarray, K: np.ndarray, near: np.float32
) -> np.ndarray:
    """The patches of all points, see `_project_patches`; a share of them at a time, side by side."""
    patches, each = np.zeros((len(points), 8), np.float32), max(1, -(-len(points) // SHARES))
    shares = [slice(i, i + each) for i in range(0, len(points), each)]
    together([
        partial(_project_patches, points.xyz[part], points.tangents[part], R, t, K, near, patches[part])
        for part in shares
    ])  # fmt: skip
    return patches


def _blended(patches: np.ndarray, rgb: np.ndarray, zbuffer: np.ndarray) -> Float[np.ndarray, "h w 4"]:
    """Colour and weight of the patches on the nearest surface, see `_blend_patches`."""
    total = np.zeros((*zbuffer.shape, 4), np.float32)
    _blend_patches(patches, rgb, zbuffer, total)
    return total


def _laid_over(image: np.ndarray, tint: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """The picture under a layer of half transparent patches, which count as one however many share a pixel.

    tint, cover: their colours and their opacities, as `_blended` gives them.
    """
    weight = np.maximum(tint[..., 3:], 1.0)  # a layer's rim fades
    alpha = cover[..., :1] / weight
    return image * (1 - alpha) + alpha * tint[..., :3] / np.maximum(tint[..., 3:], 1e-6)


def _median_distance(points: PointCloud, camera: Camera) -> float:
    if not len(points):
        return 1.0
    some = points.xyz[:: max(1, len(points) // 1000)]
    return float(np.median(np.linalg.norm(some - camera.center, axis=1)))


@compiled
def _project_patches(xyz, tangents, R, t, K, near, out):
    """Rows of (u, v, z, a, c, b, d, slope) in pixels and metres into `out`; what is not drawn stays 0.

    (a, c) is the patch's edge for one pixel to the right in the picture it came from, (b, d) for one pixel down; slope
    is how much z changes over the patch.
    """
    for i in range(xyz.shape[0]):
        x = R[0, 0] * xyz[i, 0] + R[0, 1] * xyz[i, 1] + R[0, 2] * xyz[i, 2] + t[0]
        y = R[1, 0] * xyz[i, 0] + R[1, 1] * xyz[i, 1] + R[1, 2] * xyz[i, 2] + t[1]
        z = R[2, 0] * xyz[i, 0] + R[2, 1] * xyz[i, 1] + R[2, 2] * xyz[i, 2] + t[2]
        if z <= near:
            continue
        out[i, 0], out[i, 1], out[i, 2] = K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2], z
        for k in range(2):
            ex = R[0, 0] * tangents[i, k, 0] + R[0, 1] * tangents[i, k, 1] + R[0, 2] * tangents[i, k, 2]
            ey = R[1, 0] * tangents[i, k, 0] + R[1, 1] * tangents[i, k, 1] + R[1, 2] * tangents[i, k, 2]
            ez = R[2, 0] * tangents[i, k, 0] + R[2, 1] * tangents[i, k, 1] + R[2, 2] * tangents[i, k, 2]
            out[i, 3 + 2 * k] = K[0, 0] * (ex - x / z * ez) / z
            out[i, 4 + 2 * k] = K[1, 1] * (ey - y / z * ez) / z
            out[i, 7] += abs(ez)


@compiled
def _box(patch, reach, w, h):
    """The pixels whose centres a patch can cover when its edges are `reach` times as long."""
    half_w = min(0.5 * reach * (abs(patch[3]) + abs(patch[5])), LARGEST_PATCH_PX)
    half_h = min(0.5 * reach * (abs(patch[4]) + abs(patch[6])), LARGEST_PATCH_PX)
    u0 = max(0, int(np.ceil(max(patch[0] - half_w, -1.0) - 0.5)))
    u1 = min(w - 1, int(np.floor(min(patch[0] + half_w, w + 1.0) - 0.5)))
    v0 = max(0, int(np.ceil(max(patch[1] - half_h, -1.0) - 0.5)))
    v1 = min(h - 1, int(np.floor(min(patch[1] + half_h, h + 1.0) - 0.5)))
    return u0, u1, v0, v1


@compiled
def _draw_patches(patches, zbuffer, index):
    """The nearest patch at every pixel."""
    h, w = zbuffer.shape
    for i in range(patches.shape[0]):
        z = patches[i, 2]
        if z <= 0:
            continue
        u, v = patches[i, 0], patches[i, 1]
        if 0 <= u < w and 0 <= v < h and z < zbuffer[int(v), int(u)]:
            zbuffer[int(v), int(u)] = z  # a patch smaller than a pixel still owns the pixel it lies in
            index[int(v), int(u)] = i
        a, c, b, d = patches[i, 3], patches[i, 4], patches[i, 5], patches[i, 6]
        det = abs(a * d - b * c)
        u0, u1, v0, v1 = _box(patches[i], OVERLAP, w, h)
        for py in range(v0, v1 + 1):
            dy = py + 0.5 - v
            for px in range(u0, u1 + 1):
                dx = px + 0.5 - u
                # coordinates within the parallelogram, times its area; inside up to +-1/2 of it
                inside = max(abs(d * dx - b * dy), abs(a * dy - c * dx)) <= 0.5 * OVERLAP * det
                if inside and z < zbuffer[py, px]:
                    zbuffer[py, px] = z
                    index[py, px] = i


@compiled
def _blend_patches(patches, rgb, zbuffer, total):
    """Adds up colour and weight of the patches on the nearest surface, each a tent that reaches its neighbours.

    Between the points of a surface that is bilinear interpolation; where many points share a pixel, their mean.
    """
    h, w = zbuffer.shape
    for i in range(patches.shape[0]):
        z = patches[i, 2]
        if z <= 0:
            continue
        front = z - patches[i, 7] - SURFACE_THICKNESS * z
        u, v = patches[i, 0], patches[i, 1]
        a, c, b, d = patches[i, 3], patches[i, 4], patches[i, 5], patches[i, 6]
        # tents narrower than a pixel are widened to one, so that no pixel is missed
        det = a * d - b * c
        if abs(det) < SMALLEST_PX2:
            if 0 <= u < w and 0 <= v < h and front <= zbuffer[int(v), int(u)]:
                for k in range(3):
                    total[int(v), int(u), k] += SMALLEST_PX2 * rgb[i, k]
                total[int(v), int(u), 3] += SMALLEST_PX2
            continue
        u0, u1, v0, v1 = _box(patches[i], 2.0, w, h)
        for py in range(v0, v1 + 1):
            dy = py + 0.5 - v
            for px in range(u0, u1 + 1):
                if front > zbuffer[py, px]:
                    continue
                dx = px + 0.5 - u
                weight = (1 - abs((d * dx - b * dy) / det)) * (1 - abs((a * dy - c * dx) / det))
                if weight > 0 and abs((d * dx - b * dy) / det) < 1:
                    for k in range(3):
                        total[py, px, k] += weight * rgb[i, k]
                    total[py, px, 3] += weight


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
