"""A depth map as a triangle mesh: one surface wherever depth is continuous, cut wherever it is not.

Every pixel is a quad. The pixels around a corner that belong to one surface share a vertex there, and those across a
depth edge have one of their own: no triangle spans an edge, and none is missing beside it. Planes stay planes, since
each pixel tells its corners' inverse depth by its own slope. Blocks of pixels that lie on a plane become one quad;
where its neighbours are smaller, their vertices on its border are its own too, so that nothing gapes.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import inverse_depth, torn
from gen3d.geometry.place import shell_depth
from gen3d.values import Mesh

LARGEST_BLOCK = 32
"""Side in pixels of the largest quad, a power of two. Chosen by eye."""
ALIKE = 0.6
"""A step that is at least this share of the next is like it. Chosen by eye."""
STRAIGHT_PX = 6
"""So many like steps in a row are a plane's. Chosen by eye: more pixels than soft edges are wide."""
STEEPEST = 0.2
"""A pixel's slope moves its corners' inverse depth by this share at the most: slopes beside edges are uncertain. Chosen
by eye."""


def relief(
    depth: Float[np.ndarray, "h w"],
    camera: Camera,
    shown: Bool[np.ndarray, "h w"],
    shell_m: float,
    tolerance: float,
) -> Mesh:
    """The surface of a depth map where it is `shown`; pixels that are not shown still shape the border.

    depth: metres, inf = sky, no NaN. shell_m: radius of the sky around the world's origin. tolerance: how far a block
    of pixels may be off a plane to become one quad, as a share of its inverse depth.
    """
    inverse = inverse_depth(depth)
    joined_x, joined_y = continuous(depth, 1), continuous(depth, 0)
    slope_x, slope_y = _slopes(inverse, joined_x, 1), _slopes(inverse, joined_y, 0)
    corner, at, vertex_inverse = _vertices(inverse, slope_x, slope_y, joined_x, joined_y)
    size = _blocks(corner, vertex_inverse, joined_x, joined_y, shown, np.float32(tolerance), LARGEST_BLOCK)
    triangles, middles = _triangles(corner, size, len(at))
    at = np.concatenate([at, 0.5 * (at[middles[:, 0]] + at[middles[:, 1]])])
    vertex_inverse = np.concatenate([vertex_inverse, vertex_inverse[middles].mean(axis=1)])
    used, triangles = np.unique(triangles, return_inverse=True)
    xyz = _placed(at[used], vertex_inverse[used], camera, shell_m)
    uv = at[used] / np.array([camera.width, camera.height], np.float32)
    return Mesh(xyz.astype(np.float32), uv.astype(np.float32), triangles.reshape(-1, 3).astype(np.int32))


def continuous(depth: Float[np.ndarray, "h w"], axis: int) -> Bool[np.ndarray, "h2 w2"]:
    """Between which neighbours along an axis (0 down, 1 right) a surface goes on.

    Where there is no step (`edges.torn`), and where the steps are those of a plane that runs away steeply: in inverse
    depth one is like the next, over more pixels than any soft edge is wide.
    """
    step, sky = np.diff(inverse_depth(depth), axis=axis), np.isinf(depth)
    before, after = np.delete(step, -1, axis), np.delete(step, 0, axis)
    alike = before * after > ALIKE * np.maximum(before**2, after**2)
    length = (STRAIGHT_PX - 1, 1) if axis == 0 else (1, STRAIGHT_PX - 1)
    run = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, np.ones(length, np.uint8), borderValue=0) > 0
    one, none = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
    one[axis], none[axis] = (1, 0), (0, 1)
    both_or_neither = np.delete(sky, 0, axis) == np.delete(sky, -1, axis)
    return ~torn(depth, axis) | ((np.pad(run, one) | np.pad(run, none)) & both_or_neither)


def _slopes(inverse: np.ndarray, joined: np.ndarray, axis: int) -> np.ndarray:
    """Change of inverse depth per pixel along an axis: the mean over the neighbours on the same surface."""
    step, one, none = np.where(joined, np.diff(inverse, axis=axis), 0), [(0, 0), (0, 0)], [(0, 0), (0, 0)]
    one[axis], none[axis] = (1, 0), (0, 1)
    count = np.pad(joined, one).astype(np.float32) + np.pad(joined, none)
    slope = (np.pad(step, one) + np.pad(step, none)) / np.maximum(count, 1)
    return np.clip(slope, -2 * STEEPEST * inverse, 2 * STEEPEST * inverse).astype(np.float32)


def _placed(at: np.ndarray, inverse: np.ndarray, camera: Camera, shell_m: float) -> np.ndarray:
    """World points at pixel coordinates and inverse depths; an inverse depth of 0 is the sky's shell."""
    (fx, _, cx), (_, fy, cy), _ = camera.K
    rays = np.stack([(at[:, 0] - cx) / fx, (at[:, 1] - cy) / fy, np.ones(len(at))], axis=1) @ camera.c2w[:3, :3].T
    shell = shell_depth(rays, camera.center, shell_m)
    depth = np.where(inverse > 1e-9, 1 / np.maximum(inverse, 1e-9), shell)
    return camera.center + rays * np.minimum(depth, shell)[:, None]


@compiled
def _vertices(inverse, slope_x, slope_y, joined_x, joined_y):
    """The vertex of each pixel at each of its corners (h w 4: upper left, upper right, lower left, lower right).

    Also each vertex's pixel coordinates and inverse depth, the mean of what its pixels say.
    """
    h, w = inverse.shape
    corner = np.full((h, w, 4), -1, np.int32)
    at = np.empty((4 * h * w, 2), np.float32)
    value = np.empty(4 * h * w, np.float32)
    count = 0
    group = np.empty(4, np.int64)
    for y in range(h + 1):
        for x in range(w + 1):
            for k in range(4):  # of the four pixels around: upper left, upper right, lower left, lower right
                v, u = y - 1 + k // 2, x - 1 + k % 2
                group[k] = k if 0 <= v < h and 0 <= u < w else -1
            for _ in range(2):
                if group[0] >= 0 and group[1] >= 0 and joined_x[y - 1, x - 1]:
                    group[0] = group[1] = min(group[0], group[1])
                if group[2] >= 0 and group[3] >= 0 and joined_x[y, x - 1]:
                    group[2] = group[3] = min(group[2], group[3])
                if group[0] >= 0 and group[2] >= 0 and joined_y[y - 1, x - 1]:
                    group[0] = group[2] = min(group[0], group[2])
                if group[1] >= 0 and group[3] >= 0 and joined_y[y - 1, x]:
                    group[1] = group[3] = min(group[1], group[3])
            for leader in range(4):
                total, n = np.float32(0), 0
                for k in range(4):
                    if group[k] != leader:
                        continue
                    v, u = y - 1 + k // 2, x - 1 + k % 2
                    right, down = np.float32(0.5 - k % 2), np.float32(0.5 - k // 2)
                    total += inverse[v, u] + right * slope_x[v, u] + down * slope_y[v, u]
                    n += 1
                    corner[v, u, 3 - k] = count
                if n:
                    at[count, 0], at[count, 1], value[count] = x, y, max(total / n, np.float32(0))
                    count += 1
    return corner, at[:count].copy(), value[:count].copy()


@compiled
def _blocks(corner, value, joined_x, joined_y, shown, tolerance, largest):
    """The side of the square block that starts at each pixel; 0 where none does."""
    h, w = shown.shape
    size = np.zeros((h, w), np.int32)
    done = ~shown
    side = largest
    while side >= 1:
        for y in range(0, h - side + 1, side):
            for x in range(0, w - side + 1, side):
                if done[y, x]:
                    continue
                if side == 1 or _flat(corner, value, joined_x, joined_y, done, y, x, side, tolerance):
                    size[y, x] = side
                    done[y : y + side, x : x + side] = True
        side //= 2
    return size


@compiled
def _flat(corner, value, joined_x, joined_y, done, y, x, side, tolerance):
    """Whether a block is one surface without a gap, and near enough to what its four corners say."""
    last = side - 1
    a, b = value[corner[y, x, 0]], value[corner[y, x + last, 1]]
    c, d = value[corner[y + last, x, 2]], value[corner[y + last, x + last, 3]]
    for v in range(side):
        for u in range(side):
            if done[y + v, x + u]:
                return False
            if (u < last and not joined_x[y + v, x + u]) or (v < last and not joined_y[y + v, x + u]):
                return False
            right, down = (u + 1) / side, (v + 1) / side
            plane = (1 - down) * ((1 - right) * a + right * b) + down * ((1 - right) * c + right * d)
            if abs(value[corner[y + v, x + u, 3]] - plane) > tolerance * plane:
                return False
            if v == 0:
                plane = (1 - right) * a + right * b
                if abs(value[corner[y, x + u, 1]] - plane) > tolerance * plane:
                    return False
            if u == 0:
                plane = (1 - down) * a + down * c
                if abs(value[corner[y + v, x, 2]] - plane) > tolerance * plane:
                    return False
    return True


@compiled
def _triangles(corner, size, vertices):
    """Triangles of the blocks; blocks with a finer neighbour become fans around a vertex in their middle.

    Such a vertex gets the next number, and a row (upper left, lower right) of those it lies half-way between.
    """
    h, w = size.shape
    used = np.zeros(vertices, np.bool_)
    blocks = 0
    for y in range(h):
        for x in range(w):
            if size[y, x]:
                blocks += 1
                last = size[y, x] - 1
                used[corner[y, x, 0]] = used[corner[y + last, x, 2]] = True
                used[corner[y, x + last, 1]] = used[corner[y + last, x + last, 3]] = True
    out = np.empty((2 * h * w + 4 * h + 4 * w + 16, 3), np.int32)
    middles = np.empty((blocks, 2), np.int32)
    rim = np.empty(8 * LARGEST_BLOCK, np.int32)
    count, added = 0, 0
    for y in range(h):
        for x in range(w):
            side = size[y, x]
            if not side:
                continue
            n = _rim(corner, used, y, x, side, rim)
            if n == 4:
                out[count, 0], out[count, 1], out[count, 2] = rim[0], rim[1], rim[2]
                out[count + 1, 0], out[count + 1, 1], out[count + 1, 2] = rim[0], rim[2], rim[3]
                count += 2
                continue
            middles[added, 0], middles[added, 1] = corner[y, x, 0], corner[y + side - 1, x + side - 1, 3]
            for k in range(n):
                out[count, 0], out[count, 1], out[count, 2] = vertices + added, rim[k], rim[(k + 1) % n]
                count += 1
            added += 1
    return out[:count].copy(), middles[:added].copy()


@compiled
def _rim(corner, used, y, x, side, rim):
    """The vertices in use along a block's border, counterclockwise from its upper left corner; how many."""
    n, last = 0, side - 1
    for k in range(4 * side):
        step = k % side
        if k < side:
            vertex = corner[y + step, x, 0]
        elif k < 2 * side:
            vertex = corner[y + last, x + step, 2]
        elif k < 3 * side:
            vertex = corner[y + last - step, x + last, 3]
        else:
            vertex = corner[y, x + last - step, 1]
        if used[vertex]:
            rim[n] = vertex
            n += 1
    return n
