"""Points as a picture: each drawn as the patch of surface that it is, the nearest in front.

Drawn so, neighbours tile without cracks where the surface goes on and leave a true hole where it does not, from any
viewpoint. Drawing is z-buffered: without that, what is hidden bleeds through and the layers are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from gen3d.camera import Camera
from gen3d.geometry.compiled import compiled
from gen3d.geometry.together import together
from gen3d.values import PointCloud

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
LEAST_WEIGHT = np.float32(1e-3)
"""Pixels whose patches weigh less in all take the nearest patch's colour as it is. Chosen by eye."""
SHARES = 2
"""Points are projected in so many parts, side by side. Chosen by eye."""


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


class _Drawn(NamedTuple):
    """Points that a picture holds, projected; see `_project_patches`."""

    solid: Float[np.ndarray, "n 8"]
    """Nothing where a point is half transparent."""
    rgb: Float[np.ndarray, "n 3"]
    fringe: Float[np.ndarray, "m 8"]
    """Those that are."""
    tint: Float[np.ndarray, "m 3"]
    cover: Float[np.ndarray, "m 3"]
    """Their opacity, as a colour."""


class PointPicture:
    """A z-buffered picture that points are added to: the nearest solid patch wins, colours go along its surface.

    Points that are not wholly opaque are laid over what is seen behind them, and hide nothing: depth, index and hole
    are those of the solid points. What is added in parts is drawn as if it had come at once.
    """

    def __init__(self, camera: Camera, near: float) -> None:
        """near: metres along z up to which nothing is drawn."""
        w2c, K = camera.w2c.astype(np.float32), camera.K.astype(np.float32)
        self._lens = np.ascontiguousarray(w2c[:3, :3]), np.ascontiguousarray(w2c[:3, 3]), K, np.float32(near)
        self._zbuffer = np.full((camera.height, camera.width), np.inf, np.float32)
        self._index = np.full(self._zbuffer.shape, -1, np.int32)
        self._parts: list[_Drawn] = []

    @classmethod
    def of(cls, points: PointCloud, camera: Camera) -> PointPicture:
        """The points' picture, near as far as they lie."""
        picture = cls(camera, NEAR_OF_MEDIAN * _median_distance(points, camera))
        picture.add(points)
        return picture

    def add(self, points: PointCloud) -> None:
        """Draws more points: they count on where those before end."""
        patches, soft = _projected(points, *self._lens), np.flatnonzero(points.opacity < 1)
        cover = np.repeat(points.opacity[soft, None], 3, axis=1)
        drawn = _Drawn(patches, points.rgb, patches[soft], points.rgb[soft], cover)
        patches[soft, 2] = 0
        _draw_patches(patches, sum(len(part.solid) for part in self._parts), self._zbuffer, self._index)
        self._parts.append(drawn)

    @property
    def hole(self) -> Bool[np.ndarray, "h w"]:
        """Pixels that no point covers."""
        return self._index < 0

    def rendering(self) -> PointRendering:
        """What is seen of them."""
        kinds = ("solid", "rgb"), ("fringe", "tint"), ("fringe", "cover")
        image, first = np.zeros((*self._zbuffer.shape, 3), np.float32), 0
        for part in self._parts:
            _take_nearest(part.rgb, first, self._index, image)
            first += len(part.solid)
        _mix(image, *together([partial(self._blended, *kind) for kind in kinds]))
        image[self.hole] = 0
        return PointRendering(image, np.where(self.hole, np.float32(np.nan), self._zbuffer), self._index.copy())

    def _blended(self, patches: str, colours: str) -> Float[np.ndarray, "h w 4"]:
        """Colour and weight of the patches on the nearest surface, see `_blend_patches`."""
        total = np.zeros((*self._zbuffer.shape, 4), np.float32)
        for part in self._parts:
            _blend_patches(getattr(part, patches), getattr(part, colours), self._zbuffer, total)
        return total


def render_points(points: PointCloud, camera: Camera) -> PointRendering:
    """A picture of the points, see `PointPicture`."""
    return PointPicture.of(points, camera).rendering()


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
def _draw_patches(patches, first, zbuffer, index):
    """The nearest patch at every pixel, counted from `first`."""
    h, w = zbuffer.shape
    for i in range(patches.shape[0]):
        z = patches[i, 2]
        if z <= 0:
            continue
        u, v = patches[i, 0], patches[i, 1]
        if 0 <= u < w and 0 <= v < h and z < zbuffer[int(v), int(u)]:
            zbuffer[int(v), int(u)] = z  # a patch smaller than a pixel still owns the pixel it lies in
            index[int(v), int(u)] = first + i
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
                    index[py, px] = first + i


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


@compiled
def _take_nearest(rgb, first, index, image):
    """The colour of the patch that is seen, as it is; `index` counts these from `first`."""
    h, w = index.shape
    for y in range(h):
        for x in range(w):
            i = index[y, x] - first
            if 0 <= i < len(rgb):
                for k in range(3):
                    image[y, x, k] = rgb[i, k]


@compiled
def _mix(image, solid, tint, cover):
    """Colours as blended, in place, and the half transparent over them: one layer however many patches share a pixel.

    tint, cover: their colours and opacities, blended.
    """
    one, least = np.float32(1), np.float32(1e-6)
    h, w = image.shape[:2]
    for y in range(h):
        for x in range(w):
            weight = solid[y, x, 3]
            alpha = cover[y, x, 0] / max(tint[y, x, 3], one)  # a layer's rim fades
            for k in range(3):
                if weight > LEAST_WEIGHT:
                    image[y, x, k] = solid[y, x, k] / weight
                image[y, x, k] = image[y, x, k] * (one - alpha) + alpha * tint[y, x, k] / max(tint[y, x, 3], least)
