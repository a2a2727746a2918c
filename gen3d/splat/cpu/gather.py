"""From gradients on the screen to gradients in the world: the last stage.

Adds up the gradient rows of every Gaussian, which lie side by side (`binning.py`), and carries the sum back through
`project.py`. The letters W, J, R, N, M are those of `ewa.py`; d_x stands for dL/dx.
"""

from __future__ import annotations

import math

from numba import prange

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
    unit_quaternion,
    vector,
    world_rotation,
)
from gen3d.splat.cpu.kernels import (
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
    GREEN,
    HALF,
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
from gen3d.splat.cpu.shade import shade_backward


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
    share = d_k / sharp if sharp > ZERO else ZERO
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
    d_m0, d_m1, d_opacity = (ZERO, ZERO, ZERO), (ZERO, ZERO, ZERO), d[OPACITY]
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


@kernel(parallel=True)
def gather(
    means, quats, scales, opacities, sh, w2c, center, lens, packed, starts, pair_gradients,
    d_means, d_quats, d_scales, d_opacities, d_sh,
):  # fmt: skip
    """Fills the `d_` arrays; 0 where a Gaussian was not visible. `starts` [n + 1] is that of `binning.scan`."""
    for i in prange(len(means)):
        if starts[i] == starts[i + 1]:
            d_means[i], d_quats[i], d_scales[i], d_opacities[i], d_sh[i] = ZERO, ZERO, ZERO, ZERO, ZERO
            continue
        d = _summed(pair_gradients, starts[i], starts[i + 1])
        mean, scale = vector(means, i), vector(scales, i)
        q, per_length = unit_quaternion(quats, i)
        conic = packed[i, CONIC_A], packed[i, CONIC_B], packed[i, CONIC_C]
        d_mean, d_quat, d_scale, d_opacities[i] = _gaussian_gradient(
            conic, d, mean, q, per_length, scale, opacities[i], w2c, lens
        )
        d_turn = shade_backward(sh, lens.plain, i, mean, center, (d[RED], d[GREEN], d[BLUE]), d_sh)
        d_means[i, 0], d_means[i, 1], d_means[i, 2] = combine(ONE, d_mean, ONE, d_turn)
        d_quats[i, 0], d_quats[i, 1], d_quats[i, 2], d_quats[i, 3] = d_quat
        d_scales[i, 0], d_scales[i, 1], d_scales[i, 2] = d_scale
