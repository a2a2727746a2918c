"""From gradients on the screen to gradients in the world: the last stage, `gen3d/splat/cpu/gather.py` in Triton."""

from __future__ import annotations

import triton.language as tl

from gen3d.splat.triton.ewa import (
    BLACK,
    C0,
    C1,
    combine,
    constant_colour,
    direction,
    dot,
    rotation,
    row_times,
    screen_jacobian,
    store_vector,
    times,
    times_column,
    to_camera,
    unit_quaternion,
    vector,
    view_dependent,
    world_rotation,
)
from gen3d.splat.triton.kernels import CONIC_A, DEPTH, FX, FY, MX, MY, OPACITY, RED, ROW, kernel

POWER_OF_2 = tl.constexpr(16)
"""Columns of a block that holds gradient rows."""


@kernel(do_not_specialize=["n"])
def add_up(pair_gradients, starts, counts, n, gradients, BLOCK: tl.constexpr, PAIRS: tl.constexpr):
    """Fills gradients [n, ROW], the sum of each Gaussian's gradient rows. PAIRS are on their way at a time."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < n
    count = tl.load(counts + i, mask=inside, other=0)
    start = tl.load(starts + i, mask=inside, other=0)
    column = tl.arange(0, POWER_OF_2)[None, :]
    at = pair_gradients + start[:, None] * ROW + column
    total = tl.zeros((BLOCK, POWER_OF_2), tl.float32)
    for done in range(0, tl.max(count, axis=0), PAIRS):
        for k in tl.static_range(PAIRS):
            total += tl.load(at + k * ROW, mask=(done + k < count[:, None]) & (column < ROW), other=0.0)
        at += PAIRS * ROW
    tl.store(gradients + i[:, None] * ROW + column, total, mask=inside[:, None] & (column < ROW))


@kernel
def _conic_to_covariance(conic, d_conic):
    """dL/dSigma' = -Q (dL/dQ) Q; d_b and the middle result count both off-diagonal places."""
    a, b, c = conic
    d_a, d_b, d_c = d_conic
    half = 0.5 * d_b
    e00, e01 = d_a * a + half * b, d_a * b + half * c
    e10, e11 = half * a + d_c * b, half * b + d_c * c
    return -(a * e00 + b * e10), -(a * e01 + b * e11 + b * e00 + c * e10), -(b * e01 + c * e11)


@kernel
def _rotation_to_quaternion(G, q, per_length):
    """dL/dquaternion, before it was normalised, from G = dL/dR."""
    w, x, y, z = q
    yz, zx, xy = G[2][1] + G[1][2], G[2][0] + G[0][2], G[1][0] + G[0][1]
    by_x, by_y, by_z = G[2][1] - G[1][2], G[0][2] - G[2][0], G[1][0] - G[0][1]
    dw = 2.0 * (x * by_x + y * by_y + z * by_z)
    dx = 2.0 * (y * xy + z * zx + w * by_x - 2.0 * x * (G[1][1] + G[2][2]))
    dy = 2.0 * (x * xy + z * yz + w * by_y - 2.0 * y * (G[0][0] + G[2][2]))
    dz = 2.0 * (x * zx + y * yz + w * by_z - 2.0 * z * (G[0][0] + G[1][1]))
    along = dw * w + dx * x + dy * y + dz * z
    return (
        (dw - along * w) * per_length,
        (dx - along * x) * per_length,
        (dy - along * y) * per_length,
        (dz - along * z) * per_length,
    )


@kernel
def _mean_gradient(W, view, xyz, j0, j1, d_j0, d_j1, u_free, v_free, d, drawn):
    """dL/dmean from the two ways it moves the screen: through J, and through the projected mean itself."""
    fx, fy = tl.load(view + FX), tl.load(view + FY)
    per_z = 1.0 / xyz[2]
    d_mx, d_my = tl.load(d + MX, mask=drawn, other=0.0), tl.load(d + MY, mask=drawn, other=0.0)
    d_z = tl.load(d + DEPTH, mask=drawn, other=0.0)
    d_u = fx * d_mx - tl.where(u_free, fx * per_z * dot(d_j0, W[2]), 0.0)
    d_v = fy * d_my - tl.where(v_free, fy * per_z * dot(d_j1, W[2]), 0.0)
    d_per_z = (dot(d_j0, j0) + dot(d_j1, j1)) * xyz[2] + d_u * xyz[0] + d_v * xyz[1]
    return row_times((d_u * per_z, d_v * per_z, d_z - d_per_z * per_z * per_z), W)


@kernel
def _shade_backward(sh, d_sh, inside, drawn, mean, view, d_rgb, COUNT: tl.constexpr):
    """Fills d_sh; returns dL/dmean, from what moving the mean does to the viewing direction."""
    rgb = constant_colour(sh, inside)
    turn = tl.zeros_like(mean[0]), tl.zeros_like(mean[0]), tl.zeros_like(mean[0])
    if COUNT > 3:
        way, per_distance = direction(mean, view)
        rgb = combine(1.0, rgb, 1.0, view_dependent(sh, inside, way))
    d = (
        tl.where(drawn & (rgb[0] >= BLACK), d_rgb[0], 0.0),
        tl.where(drawn & (rgb[1] >= BLACK), d_rgb[1], 0.0),
        tl.where(drawn & (rgb[2] >= BLACK), d_rgb[2], 0.0),
    )
    store_vector(d_sh, (d[0] * C0, d[1] * C0, d[2] * C0), inside)
    if COUNT > 3:
        d = d[0] * C1, d[1] * C1, d[2] * C1
        for k in tl.static_range(3):
            tl.store(d_sh + 3 + k, tl.where(drawn, -way[1] * d[k], 0.0), mask=inside)
            tl.store(d_sh + 6 + k, tl.where(drawn, way[2] * d[k], 0.0), mask=inside)
            tl.store(d_sh + 9 + k, tl.where(drawn, -way[0] * d[k], 0.0), mask=inside)
        sh1, sh2, sh3 = vector(sh + 3, inside), vector(sh + 6, inside), vector(sh + 9, inside)
        pull = -dot(d, sh3), -dot(d, sh1), dot(d, sh2)
        turn = combine(per_distance, pull, -dot(pull, way) * per_distance, way)
    return turn


@kernel(do_not_specialize=["n"])
def gather(
    means, quats, scales, sh, view, packed, counts, gradients, n, d_means, d_quats, d_scales, d_opacities, d_sh,
    COUNT: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Fills the `d_` arrays from the summed rows `gradients`; 0 where a Gaussian was not visible."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < n
    drawn = tl.load(counts + i, mask=inside, other=0) > 0
    row, d = packed + i * ROW, gradients + i * ROW
    mean, scale = vector(means + i * 3, inside), vector(scales + i * 3, inside)
    q, per_length = unit_quaternion(quats + i * 4, inside)
    W = world_rotation(view)
    xyz = to_camera(W, view, mean)
    j0, j1, u_free, v_free = screen_jacobian(W, view, xyz)
    R = rotation(q)
    n0, n1 = row_times(j0, R), row_times(j1, R)
    m0, m1 = times(n0, scale), times(n1, scale)
    d_xx, d_xy, d_yy = _conic_to_covariance(vector(row + CONIC_A, drawn), vector(d + CONIC_A, drawn))
    d_m0, d_m1 = combine(2.0 * d_xx, m0, d_xy, m1), combine(2.0 * d_yy, m1, d_xy, m0)
    d_scale = combine(1.0, times(d_m0, n0), 1.0, times(d_m1, n1))
    d_n0, d_n1 = times(d_m0, scale), times(d_m1, scale)
    d_R = combine(j0[0], d_n0, j1[0], d_n1), combine(j0[1], d_n0, j1[1], d_n1), combine(j0[2], d_n0, j1[2], d_n1)
    d_q = _rotation_to_quaternion(d_R, q, per_length)
    d_j0, d_j1 = times_column(R, d_n0), times_column(R, d_n1)
    d_mean = _mean_gradient(W, view, xyz, j0, j1, d_j0, d_j1, u_free, v_free, d, drawn)
    turn = _shade_backward(sh + i * COUNT, d_sh + i * COUNT, inside, drawn, mean, view, vector(d + RED, drawn), COUNT)
    for k in tl.static_range(3):
        tl.store(d_means + i * 3 + k, tl.where(drawn, d_mean[k] + turn[k], 0.0), mask=inside)
        tl.store(d_scales + i * 3 + k, tl.where(drawn, d_scale[k], 0.0), mask=inside)
    for k in tl.static_range(4):
        tl.store(d_quats + i * 4 + k, tl.where(drawn, d_q[k], 0.0), mask=inside)
    tl.store(d_opacities + i, tl.load(d + OPACITY, mask=drawn, other=0.0), mask=inside)
