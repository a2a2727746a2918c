"""From gradients on the screen to gradients in the world: the last stage.

Adds up the gradient rows of every Gaussian, which lie side by side (`binning.py`), and carries the sum back through
`project.py`. The algebra is done for eight Gaussians at a time: what it takes of those that were seen is laid out by
planes, a row of `BLOCK` for each number of a Gaussian, and their gradients take its place there.
The letters W, J, R, N, M are those of `ewa.py`; d_x stands for dL/dx.
"""

from __future__ import annotations

import math

import numpy as np
from numba import uint64

from gen3d.splat.cpu.ewa import (
    combine,
    cross,
    dot,
    rotation,
    row_times,
    screen_jacobian,
    times,
    times_column,
    to_camera,
    unit,
    vector,
    world_rotation,
)
from gen3d.splat.cpu.kernels import (
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
    GRADIENTS,
    GREEN,
    HALF,
    LANES,
    MX,
    MY,
    ONE,
    OPACITY,
    RED,
    TWO,
    ZERO,
    inlined,
    kernel,
)
from gen3d.splat.cpu.lanes import all_lanes, choose, put, take
from gen3d.splat.cpu.machine import next_ticket
from gen3d.splat.cpu.shade import shade_backward

BLOCK = 64
"""Gaussians of which the algebra is done at a time."""
MEAN, QUAT, SCALE, OF_OPACITY, CONIC = GRADIENTS, GRADIENTS + 3, GRADIENTS + 7, GRADIENTS + 10, GRADIENTS + 11
"""The first of their planes; before them are those of the summed gradient row."""
PLANES = GRADIENTS + 14
PLANE_1, PLANE_2 = np.uint64(BLOCK), np.uint64(2 * BLOCK)


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
    d_u = lens.fx * d_mx - choose(u_free, lens.fx * per_z * dot(d_j0, W[2]), ZERO)
    d_v = lens.fy * d_my - choose(v_free, lens.fy * per_z * dot(d_j1, W[2]), ZERO)
    d_per_z = (dot(d_j0, j0) + dot(d_j1, j1)) * xyz[2] + d_u * xyz[0] + d_v * xyz[1]
    return row_times((d_u * per_z, d_v * per_z, d_depth - d_per_z * per_z * per_z), W)


@inlined
def _antialiased(conic, m0, m1, d_faded, opacity, lens):
    """For o k with k = sqrt(det M M^T / det Sigma'): k, then what k adds to d_m0, d_m1 and d_Sigma' (xx, xy, yy).

    With c = m0 x m1, det M M^T = c . c and dk = k (dm0 . (m1 x c) + dm1 . (c x m0)) / c . c - k/2 d(det) / det.
    """
    c = cross(m0, m1)
    sharp = dot(c, c)
    a, b, d = conic
    det = sharp + lens.eps2d * (dot(m0, m0) + dot(m1, m1) + lens.eps2d)
    k = math.sqrt(sharp / det)
    d_k = d_faded * opacity * k
    share = choose(sharp > ZERO, d_k / sharp, ZERO)
    by_m0, by_m1 = cross(m1, c), cross(c, m0)
    none = ZERO, ZERO, ZERO
    return (
        k,
        combine(share, by_m0, ZERO, none),
        combine(share, by_m1, ZERO, none),
        (-HALF * d_k * a, -d_k * b, -HALF * d_k * d),
    )


@inlined
def _gaussian_gradient(conic, d, mean, q, per_length, scale, opacity, w2c, lens):
    """d_mean, d_quaternion, d_scale and d_opacity from `d`, the summed gradient row."""
    W = world_rotation(w2c)
    xyz = to_camera(W, w2c, mean)
    j0, j1, u_free, v_free = screen_jacobian(W, lens, xyz)
    R = rotation(q)
    n0, n1 = row_times(j0, R), row_times(j1, R)
    m0, m1 = times(n0, scale), times(n1, scale)
    d_xx, d_xy, d_yy = _conic_to_covariance(conic, (d[CONIC_A], d[CONIC_B], d[CONIC_C]))
    none = all_lanes(ZERO)
    d_m0, d_m1, d_opacity = (none, none, none), (none, none, none), d[OPACITY]
    if lens.antialiased:
        k, d_m0, d_m1, more = _antialiased(conic, m0, m1, d_opacity, opacity, lens)
        d_xx, d_xy, d_yy, d_opacity = d_xx + more[0], d_xy + more[1], d_yy + more[2], d_opacity * k
    d_m0 = combine(ONE, d_m0, ONE, combine(TWO * d_xx, m0, d_xy, m1))
    d_m1 = combine(ONE, d_m1, ONE, combine(TWO * d_yy, m1, d_xy, m0))
    d_scale = combine(ONE, times(d_m0, n0), ONE, times(d_m1, n1))
    d_n0, d_n1 = times(d_m0, scale), times(d_m1, scale)
    d_R = (
        combine(j0[0], d_n0, j1[0], d_n1),
        combine(j0[1], d_n0, j1[1], d_n1),
        combine(j0[2], d_n0, j1[2], d_n1),
    )
    d_j0, d_j1 = times_column(R, d_n0), times_column(R, d_n1)
    d_mean = _mean_gradient(W, lens, xyz, j0, j1, d_j0, d_j1, u_free, v_free, d[MX], d[MY], d[DEPTH])
    return d_mean, _rotation_to_quaternion(d_R, q, per_length), d_scale, d_opacity


@inlined
def _summed(pair_gradients, first, last):
    """The sum of one Gaussian's gradient rows, in the order of its tiles."""
    d = (ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)
    for p in range(first, last):
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


@inlined
def carried_back(first, last, means, quats, scales, opacities, w2c, lens, packed, starts, pair_gradients, planes, seen):
    """The gradients of those of the Gaussians first:last, at most a block, that were seen: how many these are.

    `seen` tells which; by mean, quaternion, scales and opacity they lie in the planes of these, by colour in its own.
    """
    count = 0
    for i in range(first, last):
        if starts[i] < starts[i + 1]:
            _lay_out(i, count, means, quats, scales, opacities, packed, starts, pair_gradients, planes)
            seen[count] = i
            count += 1
    _carry_back(count, w2c, lens, planes)
    return count


@inlined
def _lay_out(i, k, means, quats, scales, opacities, packed, starts, pair_gradients, planes):
    """What the algebra takes of Gaussian i, at place k of the planes."""
    at = uint64(k)
    d = _summed(pair_gradients, starts[i], starts[i + 1])
    for c in range(GRADIENTS):
        planes[at + uint64(c * BLOCK)] = d[c]
    for c in range(3):
        planes[at + uint64((MEAN + c) * BLOCK)] = means[i, c]
        planes[at + uint64((SCALE + c) * BLOCK)] = scales[i, c]
        planes[at + uint64((CONIC + c) * BLOCK)] = packed[i, CONIC_A + c]
    for c in range(4):
        planes[at + uint64((QUAT + c) * BLOCK)] = quats[i, c]
    planes[at + uint64(OF_OPACITY * BLOCK)] = opacities[i]


@inlined
def _three(planes, which, k):
    """Three planes from `which` on at the places from k on."""
    at = uint64(which * BLOCK + k)
    return take(planes, at), take(planes, at + PLANE_1), take(planes, at + PLANE_2)


@inlined
def _put_three(planes, which, k, values):
    at = uint64(which * BLOCK + k)
    put(planes, at, values[0])
    put(planes, at + PLANE_1, values[1])
    put(planes, at + PLANE_2, values[2])


@kernel
def _carry_back(count, w2c, lens, planes):
    """Puts the gradients of `count` Gaussians, by mean, quaternion, scales and opacity, in the place of these."""
    for k in range(0, count, LANES):
        at = uint64(k)
        mean, scale, conic = _three(planes, MEAN, k), _three(planes, SCALE, k), _three(planes, CONIC, k)
        x, y, z = _three(planes, QUAT + 1, k)
        q, per_length = unit((take(planes, at + uint64(QUAT * BLOCK)), x, y, z))
        opacity = take(planes, at + uint64(OF_OPACITY * BLOCK))
        d = (
            *_three(planes, MX, k),
            *_three(planes, MX + 3, k),
            *_three(planes, MX + 6, k),
            take(planes, at + uint64(DEPTH * BLOCK)),
        )
        d_mean, d_quat, d_scale, d_opacity = _gaussian_gradient(
            conic, d, mean, q, per_length, scale, opacity, w2c, lens
        )
        _put_three(planes, MEAN, k, d_mean)
        _put_three(planes, SCALE, k, d_scale)
        put(planes, at + uint64(QUAT * BLOCK), d_quat[0])
        _put_three(planes, QUAT + 1, k, (d_quat[1], d_quat[2], d_quat[3]))
        put(planes, at + uint64(OF_OPACITY * BLOCK), d_opacity)


@inlined
def at_place(planes, which, k):
    """The number at place k of a plane."""
    return planes[uint64(which * BLOCK + k)]


@kernel
def gather(
    tickets, means, quats, scales, opacities, sh, w2c, center, lens, packed, starts, pair_gradients,
    d_means, d_quats, d_scales, d_opacities, d_sh,
):  # fmt: skip
    """Fills the `d_` arrays; 0 where a Gaussian was not visible. `starts` [n + 1] is that of `binning.scan`."""
    n = len(means)
    planes, seen = np.zeros(PLANES * BLOCK, np.float32), np.empty(BLOCK, np.int64)
    first = next_ticket(tickets) * BLOCK
    while first < n:
        last = min(first + BLOCK, n)
        for i in range(first, last):
            d_means[i], d_quats[i], d_scales[i], d_opacities[i], d_sh[i] = ZERO, ZERO, ZERO, ZERO, ZERO
        count = carried_back(
            first, last, means, quats, scales, opacities, w2c, lens, packed, starts, pair_gradients, planes, seen
        )
        for k in range(count):
            i = seen[k]
            d_rgb = at_place(planes, RED, k), at_place(planes, GREEN, k), at_place(planes, BLUE, k)
            d_turn = shade_backward(sh, lens.plain, i, vector(means, i), center, d_rgb, d_sh)
            for c in range(3):
                d_means[i, c] = at_place(planes, MEAN + c, k) + d_turn[c]
                d_scales[i, c] = at_place(planes, SCALE + c, k)
            for c in range(4):
                d_quats[i, c] = at_place(planes, QUAT + c, k)
            d_opacities[i] = at_place(planes, OF_OPACITY, k)
        first = next_ticket(tickets) * BLOCK
