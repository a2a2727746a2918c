"""From the world to the screen: the projection of every Gaussian, and its derivative.

Colour is evaluated on the way (`shade.py`). The letters W, J, R, N, M are those of `ewa.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, prange

from gen3d.splat.cpu.ewa import (
    combine,
    determinant,
    dot,
    rotation,
    row_times,
    screen_jacobian,
    times,
    times_column,
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
    EPS_2D,
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
)
from gen3d.splat.cpu.shade import shade, shade_backward


@inlined
def _pack_gaussian(i, mean, q, scale, opacity, w2c, lens, packed, tiles):
    """Row i of `packed`; True when some pixel may see it. Written so that NaN fails every test."""
    W = world_rotation(w2c)
    xyz = to_camera(W, w2c, mean)
    if not xyz[2] > lens.near:
        return False
    j0, j1, _, _ = screen_jacobian(W, lens, xyz)
    R = rotation(q)
    m0, m1 = times(row_times(j0, R), scale), times(row_times(j1, R), scale)
    cov_xx, cov_xy, cov_yy = dot(m0, m0) + EPS_2D, dot(m0, m1), dot(m1, m1) + EPS_2D
    det = determinant(m0, m1, cov_xx, cov_yy)
    if not (det > ZERO and det < float32(np.inf) and opacity >= ALPHA_MIN):
        return False
    mx, my = lens.fx * xyz[0] / xyz[2] + lens.cx, lens.fy * xyz[1] / xyz[2] + lens.cy
    reach = TWO * math.log(opacity / ALPHA_MIN)
    extent_x, extent_y = math.sqrt(reach * cov_xx), math.sqrt(reach * cov_yy)
    if not _tile_span(mx, my, extent_x, extent_y, lens, tiles, i):
        return False
    packed[i, MX], packed[i, MY] = mx, my
    packed[i, CONIC_A], packed[i, CONIC_B], packed[i, CONIC_C] = cov_yy / det, -cov_xy / det, cov_xx / det
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
    first_x = math.ceil(max(mx - extent_x - HALF, ZERO))
    last_x = math.floor(min(mx + extent_x - HALF, lens.width - ONE))
    first_y = math.ceil(max(my - extent_y - HALF, ZERO))
    last_y = math.floor(min(my + extent_y - HALF, lens.height - ONE))
    if first_x > last_x or first_y > last_y:
        return False
    tiles[i, 0], tiles[i, 1] = first_x // TILE, last_x // TILE + 1
    tiles[i, 2], tiles[i, 3] = first_y // TILE, last_y // TILE + 1
    return True


@kernel(parallel=True)
def project(means, quats, scales, opacities, sh, w2c, center, lens, packed, tiles):
    """Fills `packed` [n, ROW] and `tiles` [n, 4] uint16 (x0, x1, y0, y1; ends exclusive; x1 = 0: not visible).

    `w2c` is [3, 4] float32, `center` [3] the camera's place. Rows of `packed` stay undefined where a
    Gaussian is not visible.
    """
    for i in prange(len(means)):
        q, _ = unit_quaternion(quats, i)
        mean, scale = vector(means, i), vector(scales, i)
        if _pack_gaussian(i, mean, q, scale, opacities[i], w2c, lens, packed, tiles):
            packed[i, RED], packed[i, GREEN], packed[i, BLUE] = shade(sh, i, mean, center)
        else:
            tiles[i, 1] = 0


@inlined
def _conic_to_covariance(conic, d_conic):
    """dL/dSigma' = -Q (dL/dQ) Q; d_b and the middle result count both off-diagonal places."""
    (a, b, c), (d_a, d_b, d_c) = conic, d_conic
    half = HALF * d_b
    e00, e01 = d_a * a + half * b, d_a * b + half * c
    e10, e11 = half * a + d_c * b, half * b + d_c * c
    return -(a * e00 + b * e10), -(a * e01 + b * e11 + b * e00 + c * e10), -(b * e01 + c * e11)


@inlined
def _rotation_to_quaternion(G, q, per_length):
    """dL/dquaternion, before it was normalised, from G = dL/dR."""
    w, x, y, z = q
    dw = TWO * (x * (G[2][1] - G[1][2]) + y * (G[0][2] - G[2][0]) + z * (G[1][0] - G[0][1]))
    dx = TWO * (
        y * (G[1][0] + G[0][1]) + z * (G[2][0] + G[0][2]) + w * (G[2][1] - G[1][2]) - TWO * x * (G[1][1] + G[2][2])
    )
    dy = TWO * (
        x * (G[1][0] + G[0][1]) + z * (G[2][1] + G[1][2]) + w * (G[0][2] - G[2][0]) - TWO * y * (G[0][0] + G[2][2])
    )
    dz = TWO * (
        x * (G[2][0] + G[0][2]) + y * (G[2][1] + G[1][2]) + w * (G[1][0] - G[0][1]) - TWO * z * (G[0][0] + G[1][1])
    )
    along = dw * w + dx * x + dy * y + dz * z
    return (
        (dw - along * w) * per_length,
        (dx - along * x) * per_length,
        (dy - along * y) * per_length,
        (dz - along * z) * per_length,
    )


@inlined
def _mean_gradient(W, lens, xyz, j0, j1, d_j0, d_j1, u_free, v_free, d_mx, d_my, d_depth):
    """dL/dmean from the two ways it moves the screen: through J, and through the projected mean itself."""
    per_z = ONE / xyz[2]
    d_u = -lens.fx * per_z * dot(d_j0, W[2]) if u_free else ZERO
    d_v = -lens.fy * per_z * dot(d_j1, W[2]) if v_free else ZERO
    d_u += lens.fx * d_mx
    d_v += lens.fy * d_my
    d_per_z = (dot(d_j0, j0) + dot(d_j1, j1)) * xyz[2] + d_u * xyz[0] + d_v * xyz[1]
    return row_times((d_u * per_z, d_v * per_z, d_depth - d_per_z * per_z * per_z), W)


@inlined
def _gaussian_gradient(conic, d, mean, q, per_length, scale, w2c, lens):
    """dL/d(mean, quaternion, scale) from `d`, the summed gradient row."""
    W = world_rotation(w2c)
    xyz = to_camera(W, w2c, mean)
    j0, j1, u_free, v_free = screen_jacobian(W, lens, xyz)
    R = rotation(q)
    n0, n1 = row_times(j0, R), row_times(j1, R)
    m0, m1 = times(n0, scale), times(n1, scale)
    d_xx, d_xy, d_yy = _conic_to_covariance(conic, (d[CONIC_A], d[CONIC_B], d[CONIC_C]))
    d_m0, d_m1 = combine(TWO * d_xx, m0, d_xy, m1), combine(TWO * d_yy, m1, d_xy, m0)
    d_scale = combine(ONE, times(d_m0, n0), ONE, times(d_m1, n1))
    d_n0, d_n1 = times(d_m0, scale), times(d_m1, scale)
    d_R = (
        combine(j0[0], d_n0, j1[0], d_n1),
        combine(j0[1], d_n0, j1[1], d_n1),
        combine(j0[2], d_n0, j1[2], d_n1),
    )
    d_j0, d_j1 = times_column(R, d_n0), times_column(R, d_n1)
    d_mean = _mean_gradient(W, lens, xyz, j0, j1, d_j0, d_j1, u_free, v_free, d[MX], d[MY], d[DEPTH])
    return d_mean, _rotation_to_quaternion(d_R, q, per_length), d_scale


@inlined
def _gather(pair_gradients, places, first, last):
    """The sum of one Gaussian's gradient rows, in the order of its tiles."""
    d = (ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)
    for k in range(first, last):
        p = places[k]
        d = (
            d[0] + pair_gradients[p, 0],
            d[1] + pair_gradients[p, 1],
            d[2] + pair_gradients[p, 2],
            d[3] + pair_gradients[p, 3],
            d[4] + pair_gradients[p, 4],
            d[5] + pair_gradients[p, 5],
            d[6] + pair_gradients[p, 6],
            d[7] + pair_gradients[p, 7],
            d[8] + pair_gradients[p, 8],
            d[9] + pair_gradients[p, 9],
        )
    return d


@kernel(parallel=True)
def project_backward(
    means, quats, scales, sh, w2c, center, lens, packed, starts, places, pair_gradients,
    d_means, d_quats, d_scales, d_opacities, d_sh,
):  # fmt: skip
    """Adds up every Gaussian's gradient rows and carries them back through `project`.

    `starts` [n + 1] and `places` are those of `binning.fill`. The `d_` arrays come zeroed and stay so where a Gaussian
    was not visible.
    """
    for i in prange(len(means)):
        if starts[i] == starts[i + 1]:
            continue
        d = _gather(pair_gradients, places, starts[i], starts[i + 1])
        mean, scale = vector(means, i), vector(scales, i)
        q, per_length = unit_quaternion(quats, i)
        conic = packed[i, CONIC_A], packed[i, CONIC_B], packed[i, CONIC_C]
        d_mean, d_quat, d_scale = _gaussian_gradient(conic, d, mean, q, per_length, scale, w2c, lens)
        d_turn = shade_backward(sh, i, mean, center, (d[RED], d[GREEN], d[BLUE]), d_sh)
        d_means[i, 0], d_means[i, 1], d_means[i, 2] = combine(ONE, d_mean, ONE, d_turn)
        d_quats[i, 0], d_quats[i, 1], d_quats[i, 2], d_quats[i, 3] = d_quat
        d_scales[i, 0], d_scales[i, 1], d_scales[i, 2] = d_scale
        d_opacities[i] = d[OPACITY]
