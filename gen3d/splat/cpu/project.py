"""From the world to the screen: the first stage. Its derivative is `gather.py`.

Colour is evaluated on the way (`shade.py`). The letters W, J, R, N, M are those of `ewa.py`.

Gaussians are taken by the block: their numbers are laid out in planes, as the tile buffer of `kernels.py` is, so that
the algebra of eight of them becomes one vector instruction; only what may be seen is then looked at one by one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import int32, uint64

from gen3d.splat.cpu.ewa import (
    cross,
    dot,
    rotation,
    row_times,
    screen_jacobian,
    times,
    times_column,
    unit,
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
from gen3d.splat.cpu.machine import next_ticket
from gen3d.splat.cpu.shade import shade

INFINITE = np.float32(np.inf)
BLOCK = 64
"""Gaussians that are projected at a time."""
CHUNK = 16 * BLOCK
"""Gaussians that a thread takes at a time."""
X, Y, Z, QW, QX, QY, QZ, SX, SY, SZ, ALPHA, SUM = (np.uint64(k * BLOCK) for k in range(12))
"""Planes of a block's buffer, as offsets: mean, quaternion, scales, opacity, and a sum of all that a Gaussian is."""
U, V, XX, XY, YY, PER_DET, AREA, SEEN = (np.uint64((12 + k) * BLOCK) for k in range(8))
"""Planes of what becomes of them: the mean on the screen, Sigma', one over its determinant, that of Sigma' without its
low-pass, and 1 for what may be seen. Z becomes the depth."""
PLANES = 20
MOST_REACH = np.float32(2 * math.log(255) * 1.001)
"""Beyond the square root of so much in standard deviations on the screen, alpha is below ALPHA_MIN for any opacity."""


@inlined
def _lay_out(first, count, means, quats, scales, opacities, sh, b):
    """Fills the planes of a block from Gaussian `first` on; beyond `count` they keep what they hold."""
    for k in range(count):
        i, u = first + k, uint64(k)
        b[u + X], b[u + Y], b[u + Z] = means[i, 0], means[i, 1], means[i, 2]
        b[u + QW], b[u + QX], b[u + QY], b[u + QZ] = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
        b[u + SX], b[u + SY], b[u + SZ], b[u + ALPHA] = scales[i, 0], scales[i, 1], scales[i, 2], opacities[i]
        total = ZERO
        for j in range(sh.shape[1]):
            total += sh[i, j, 0] + sh[i, j, 1] + sh[i, j, 2]
        b[u + SUM] = total


@kernel
def _see(b, W, shift, lens):
    """The planes of what becomes of a block's Gaussians. The hot loop; written so that NaN fails every test."""
    for k in range(BLOCK):
        u = uint64(k)
        x, y, z = times_column(W, (b[u + X], b[u + Y], b[u + Z]))
        xyz = x + shift[0], y + shift[1], z + shift[2]
        q, scale = (b[u + QW], b[u + QX], b[u + QY], b[u + QZ]), (b[u + SX], b[u + SY], b[u + SZ])
        b[u + SUM] += b[u + X] + b[u + Y] + b[u + Z] + q[0] + q[1] + q[2] + q[3] + scale[0] + scale[1] + scale[2]
        j0, j1, _, _ = screen_jacobian(W, lens, xyz)
        R = rotation(unit(q)[0])
        m0, m1 = times(row_times(j0, R), scale), times(row_times(j1, R), scale)
        cov_xx, cov_xy, cov_yy = dot(m0, m0) + lens.eps2d, dot(m0, m1), dot(m1, m1) + lens.eps2d
        area = cross(m0, m1)
        det_sharp = dot(area, area)
        det = det_sharp + lens.eps2d * (cov_xx + cov_yy - lens.eps2d)
        per_z = ONE / xyz[2]
        mx, my = lens.fx * (xyz[0] * per_z) + lens.cx, lens.fy * (xyz[1] * per_z) + lens.cy
        b[u + Z], b[u + U], b[u + V], b[u + XX], b[u + XY], b[u + YY] = xyz[2], mx, my, cov_xx, cov_xy, cov_yy
        b[u + PER_DET], b[u + AREA] = ONE / det, det_sharp
        left, above = max(HALF - mx, mx - lens.width + HALF, ZERO), max(HALF - my, my - lens.height + HALF, ZERO)
        there = (xyz[2] > ZERO) & (xyz[2] >= lens.near) & (xyz[2] <= lens.far) & (det > ZERO) & (det < INFINITE)
        beside = (left * left <= MOST_REACH * cov_xx) & (above * above <= MOST_REACH * cov_yy)
        b[u + SEEN] = ONE if there & beside else ZERO


@inlined
def _pack_gaussian(i, u, b, lens, packed, tiles):
    """Row i of `packed` but for its colour, from place u of a block; True when some pixel may see it."""
    opacity, per_det = b[u + ALPHA], b[u + PER_DET]
    if lens.antialiased:
        opacity *= math.sqrt(b[u + AREA] * per_det)
    if not opacity >= ALPHA_MIN:
        return False
    mx, my, cov_xx, cov_yy = b[u + U], b[u + V], b[u + XX], b[u + YY]
    reach = TWO * math.log(opacity / ALPHA_MIN)
    extent_x, extent_y = math.sqrt(reach * cov_xx), math.sqrt(reach * cov_yy)
    if not _tile_span(mx, my, extent_x, extent_y, lens, tiles, i):
        return False
    packed[i, MX], packed[i, MY] = mx, my
    packed[i, CONIC_A], packed[i, CONIC_C] = cov_yy * per_det, cov_xx * per_det
    packed[i, CONIC_B] = -b[u + XY] * per_det
    packed[i, OPACITY], packed[i, DEPTH] = opacity, b[u + Z]
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
def _project_block(first, last, means, quats, scales, opacities, sh, w2c, center, lens, b, packed, tiles):
    """Gaussians first:last, at most a block; how many are unsound."""
    unsound = 0
    _lay_out(first, last - first, means, quats, scales, opacities, sh, b)
    _see(b, world_rotation(w2c), (w2c[0, 3], w2c[1, 3], w2c[2, 3]), lens)
    for i in range(first, last):
        u = uint64(i - first)
        # one sum finds any NaN or infinity
        unsound += 0 if abs(b[u + SUM]) < INFINITE and b[u + ALPHA] >= ZERO and b[u + ALPHA] <= ONE else 1
        if b[u + SEEN] > ZERO and _pack_gaussian(i, u, b, lens, packed, tiles):
            packed[i, RED], packed[i, GREEN], packed[i, BLUE] = shade(sh, lens.plain, i, vector(means, i), center)
        else:
            packed[i, EXTENT_X], packed[i, EXTENT_Y] = ZERO, ZERO
            tiles[i, 0], tiles[i, 1], tiles[i, 2], tiles[i, 3] = 0, 0, 0, 0
    return unsound


@kernel
def project(tickets, means, quats, scales, opacities, sh, w2c, center, lens, packed, tiles, unsound):
    """Fills `packed` [n, ROW] and `tiles` [n, 4] uint16 (x0, x1, y0, y1; ends exclusive), chunk by chunk.

    unsound [chunks]: how many Gaussians of the chunk hold NaN, infinity or an opacity outside [0, 1]; huge numbers may
    be counted too.

    `w2c` is [3, 4] float32, `center` [3] the camera's place. Where a Gaussian is not visible its tiles and extents are
    0 and the rest of its row is undefined.
    """
    b = np.zeros(PLANES * BLOCK, np.float32)
    chunk = next_ticket(tickets)
    while chunk < len(unsound):
        end, found = min((chunk + 1) * CHUNK, len(means)), 0
        for first in range(chunk * CHUNK, end, BLOCK):
            last = min(first + BLOCK, end)
            found += _project_block(
                first, last, means, quats, scales, opacities, sh, w2c, center, lens, b, packed, tiles
            )
        unsound[chunk] = found
        chunk = next_ticket(tickets)
