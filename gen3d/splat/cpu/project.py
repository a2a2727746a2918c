"""From the world to the screen: the first stage. Its derivative is `gather.py`.

Colour is evaluated on the way (`shade.py`). The letters W, J, R, N, M are those of `ewa.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, int32, prange

from gen3d.splat.cpu.ewa import (
    cross,
    dot,
    rotation,
    row_times,
    screen_jacobian,
    times,
    to_camera,
    unit_quaternion,
    vector,
    world_rotation,
)
from gen3d.splat.cpu.kernels import (
    ALPHA_MIN,
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
    EXTENT_X,
    EXTENT_Y,
    GREEN,
    HALF,
    MX,
    MY,
    ONE,
    OPACITY,
    RED,
    TILE,
    TWO,
    ZERO,
    inlined,
    kernel,
    whole_up,
)
from gen3d.splat.cpu.shade import shade


@inlined
def _pack_gaussian(i, mean, q, scale, opacity, w2c, lens, packed, tiles):
    """Row i of `packed`; True when some pixel may see it. Written so that NaN fails every test."""
    W = world_rotation(w2c)
    xyz = to_camera(W, w2c, mean)
    if not (xyz[2] > ZERO and xyz[2] >= lens.near and xyz[2] <= lens.far):
        return False
    j0, j1, _, _ = screen_jacobian(W, lens, xyz)
    R = rotation(q)
    m0, m1 = times(row_times(j0, R), scale), times(row_times(j1, R), scale)
    cov_xx, cov_xy, cov_yy = dot(m0, m0) + lens.eps2d, dot(m0, m1), dot(m1, m1) + lens.eps2d
    area = cross(m0, m1)
    det_sharp = dot(area, area)
    det = det_sharp + lens.eps2d * (cov_xx + cov_yy - lens.eps2d)
    per_det = ONE / det
    if lens.antialiased:
        opacity *= math.sqrt(det_sharp * per_det)
    if not (det > ZERO and det < float32(np.inf) and opacity >= ALPHA_MIN):
        return False
    per_z = ONE / xyz[2]
    mx, my = lens.fx * (xyz[0] * per_z) + lens.cx, lens.fy * (xyz[1] * per_z) + lens.cy
    reach = TWO * math.log(opacity / ALPHA_MIN)
    extent_x, extent_y = math.sqrt(reach * cov_xx), math.sqrt(reach * cov_yy)
    if not _tile_span(mx, my, extent_x, extent_y, lens, tiles, i):
        return False
    packed[i, MX], packed[i, MY] = mx, my
    packed[i, CONIC_A], packed[i, CONIC_B], packed[i, CONIC_C] = cov_yy * per_det, -cov_xy * per_det, cov_xx * per_det
    packed[i, OPACITY], packed[i, DEPTH] = opacity, xyz[2]
    packed[i, EXTENT_X], packed[i, EXTENT_Y] = extent_x, extent_y
    return True


@inlined
def _tile_span(mx, my, extent_x, extent_y, lens, tiles, i):
    """Row i of `tiles`: the tiles that hold a pixel centre within the extents. False when there is none."""
    if not (
        mx + extent_x >= HALF
        and mx - extent_x <= lens.width - HALF
        and my + extent_y >= HALF
        and my - extent_y <= lens.height - HALF
    ):
        return False
    first_x = whole_up(max(mx - extent_x - HALF, ZERO))
    last_x = int32(min(mx + extent_x - HALF, lens.width - ONE))
    first_y = whole_up(max(my - extent_y - HALF, ZERO))
    last_y = int32(min(my + extent_y - HALF, lens.height - ONE))
    if first_x > last_x or first_y > last_y:
        return False
    tiles[i, 0], tiles[i, 1] = first_x // TILE, last_x // TILE + 1
    tiles[i, 2], tiles[i, 3] = first_y // TILE, last_y // TILE + 1
    return True


@inlined
def _sound(i, means, quats, scales, opacity, sh):
    """Whether the numbers of Gaussian i can be drawn: one sum finds any NaN or infinity."""
    total = opacity
    for k in range(3):
        total += means[i, k] + scales[i, k]
    for k in range(4):
        total += quats[i, k]
    for k in range(sh.shape[1]):
        total += sh[i, k, 0] + sh[i, k, 1] + sh[i, k, 2]
    return abs(total) < float32(np.inf) and opacity >= ZERO and opacity <= ONE


@kernel(parallel=True)
def project(means, quats, scales, opacities, sh, w2c, center, lens, packed, tiles):
    """Fills `packed` [n, ROW] and `tiles` [n, 4] uint16 (x0, x1, y0, y1; ends exclusive).

    Returns how many Gaussians hold NaN, infinity or an opacity outside [0, 1]; huge numbers may be counted too.

    `w2c` is [3, 4] float32, `center` [3] the camera's place. Where a Gaussian is not visible its tiles and extents are
    0 and the rest of its row is undefined.
    """
    unsound = 0
    for i in prange(len(means)):
        unsound += 0 if _sound(i, means, quats, scales, opacities[i], sh) else 1
        q, _ = unit_quaternion(quats, i)
        mean, scale = vector(means, i), vector(scales, i)
        if _pack_gaussian(i, mean, q, scale, opacities[i], w2c, lens, packed, tiles):
            packed[i, RED], packed[i, GREEN], packed[i, BLUE] = shade(sh, lens.plain, i, mean, center)
        else:
            packed[i, EXTENT_X], packed[i, EXTENT_Y] = ZERO, ZERO
            tiles[i, 0], tiles[i, 1], tiles[i, 2], tiles[i, 3] = 0, 0, 0, 0
    return unsound
