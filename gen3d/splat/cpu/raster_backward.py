"""The derivative of blending: every tile walks its list front to back once more.

Nothing per pixel is stored for it but the picture itself. With g = dL/d(rgb, depth) of a pixel and S, what is still to
come behind Gaussian i, which starts from the finished picture and shrinks as the walk goes on,

    S           = sum_{j>i} T_j alpha_j g . c_j - dL/d(alpha of the pixel) T_end
    dL/dalpha_i = T_i g . c_i - S / (1 - alpha_i)

Every (tile, Gaussian) pair writes a row of its own, at the pair's number (`binning.py`).
"""

from __future__ import annotations

import numpy as np
from numba import carray, float32, prange, uint64

from gen3d.splat.cpu.kernels import (
    ALPHA_MAX,
    ALPHA_MIN,
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
    PLANE,
    RED,
    STRIDE,
    T_MIN,
    ZERO,
    exp_neg,
    inlined,
    kernel,
)
from gen3d.splat.cpu.machine import next_ticket, prefetch, stack_floats, sum_of_eight
from gen3d.splat.cpu.raster import AHEAD, CHECK_EVERY, P1, P2, P3, P4, P5, footprint, takes_light, tile_place

S0, S1, S2, S3, S4, S5, S6, S7, S8, S9 = (np.uint64(k * LANES) for k in range(GRADIENTS))
"""Gradient sums, one per lane, as offsets: of dL/dsigma times 1, dx, dx^2, dy, dx dy, dy^2; then of rgb and depth."""


@kernel
def blend_tile_backward(packed, ids, pairs, first, last, left, top, width, height, buffer, pair_gradients):
    """Fills the rows pairs[first:last] of `pair_gradients`; `buffer` holds planes T = 1, S, gR, gG, gB, gDepth.

    The hot loop of the backward pass: the blend of `blend_tile` again, with sums per lane in registers.
    """
    lanes = stack_floats(80)
    sums = carray(lanes, (80,))
    for s in range(first, last):
        row = packed[ids[s]]
        prefetch(packed, ids[min(s + AHEAD, last - 1)])
        half_a, b, half_c, opacity = HALF * row[CONIC_A], row[CONIC_B], HALF * row[CONIC_C], row[OPACITY]
        red, green, blue, depth = row[RED], row[GREEN], row[BLUE], row[DEPTH]
        mx, my, x0, x1, y0, y1 = footprint(row, left, top, width, height)
        for k in range(GRADIENTS * LANES):
            sums[uint64(k)] = ZERO
        for x in range(x0, x1, LANES):
            dx0 = float32(x) - mx
            for y in range(y0, y1):
                base, dy = uint64(y * STRIDE + x), float32(y) - my
                dy2 = dy * dy
                for lane in range(LANES):
                    k = uint64(lane)
                    i = base + k
                    dx = dx0 + float32(lane)
                    free_alpha = opacity * exp_neg(half_a * dx * dx + dy * (b * dx + half_c * dy))
                    alpha = min(ALPHA_MAX, free_alpha)
                    T = buffer[i]
                    w = alpha * T
                    counts = (alpha >= ALPHA_MIN) & (T > ZERO)
                    goes_on = T - w > T_MIN
                    live = counts & goes_on
                    w = w if live else ZERO
                    buffer[i] = T - w if goes_on | (not counts) else -T
                    g_red, g_green, g_blue, g_depth = buffer[i + P2], buffer[i + P3], buffer[i + P4], buffer[i + P5]
                    g_colour = g_red * red + g_green * green + g_blue * blue + g_depth * depth
                    behind = buffer[i + P1] - w * g_colour
                    buffer[i + P1] = behind
                    d_alpha = T * g_colour - behind / (ONE - alpha)
                    d_sigma = -alpha * d_alpha if live & (free_alpha <= ALPHA_MAX) else ZERO
                    d_sigma_dx = d_sigma * dx
                    sums[k + S0] += d_sigma
                    sums[k + S1] += d_sigma_dx
                    sums[k + S2] += d_sigma_dx * dx
                    sums[k + S3] += d_sigma * dy
                    sums[k + S4] += d_sigma_dx * dy
                    sums[k + S5] += d_sigma * dy2
                    sums[k + S6] += w * g_red
                    sums[k + S7] += w * g_green
                    sums[k + S8] += w * g_blue
                    sums[k + S9] += w * g_depth
        _write_gradients(lanes, row, pair_gradients[pairs[s]])
        if (s - first) % CHECK_EVERY == CHECK_EVERY - 1 and not takes_light(buffer, width, height):
            for rest in range(s + 1, last):
                pair_gradients[pairs[rest]] = ZERO
            break


@inlined
def _write_gradients(lanes, row, out):
    """Adds up the lanes and turns moments of dL/dsigma into dL/d(MX ... DEPTH)."""
    d_dx, d_dy = sum_of_eight(lanes, S1), sum_of_eight(lanes, S3)
    out[MX] = -(row[CONIC_A] * d_dx + row[CONIC_B] * d_dy)
    out[MY] = -(row[CONIC_B] * d_dx + row[CONIC_C] * d_dy)
    out[CONIC_A] = HALF * sum_of_eight(lanes, S2)
    out[CONIC_B] = sum_of_eight(lanes, S4)
    out[CONIC_C] = HALF * sum_of_eight(lanes, S5)
    out[OPACITY] = -sum_of_eight(lanes, S0) / row[OPACITY]
    out[RED], out[GREEN] = sum_of_eight(lanes, S6), sum_of_eight(lanes, S7)
    out[BLUE], out[DEPTH] = sum_of_eight(lanes, S8), sum_of_eight(lanes, S9)


@inlined
def _prepare(rgb, depth, transmittance, d_rgb, d_depth, d_alpha, left, top, width, height, buffer):
    """The buffer before the walk: T = 1, S of the whole pixel, and g; zeros outside of the picture."""
    buffer[:] = ZERO
    for y in range(height):
        for x in range(width):
            i = uint64(y * STRIDE + x)
            Y, X = top + y, left + x
            g_red, g_green, g_blue, g_depth = d_rgb[Y, X, 0], d_rgb[Y, X, 1], d_rgb[Y, X, 2], d_depth[Y, X]
            colour = g_red * rgb[Y, X, 0] + g_green * rgb[Y, X, 1] + g_blue * rgb[Y, X, 2] + g_depth * depth[Y, X]
            buffer[i], buffer[i + P1] = ONE, colour - d_alpha[Y, X] * transmittance[Y, X]
            buffer[i + P2], buffer[i + P3], buffer[i + P4], buffer[i + P5] = g_red, g_green, g_blue, g_depth


@kernel(parallel=True)
def rasterize_backward(
    packed, ids, pairs, tile_starts, tiles_across, tickets,
    rgb, depth, transmittance, d_rgb, d_depth, d_alpha, pair_gradients,
):  # fmt: skip
    """Fills pair_gradients [pairs, GRADIENTS] from the finished picture and dL/d of its three parts.

    `tickets` as in `raster.rasterize`.
    """
    h, w = transmittance.shape
    tiles = len(tile_starts) - 1
    for _ in prange(len(tickets)):
        buffer = np.empty(6 * PLANE, np.float32)
        t = next_ticket(tickets)
        while t < tiles:
            left, top, width, height = tile_place(t, tiles_across, h, w)
            _prepare(rgb, depth, transmittance, d_rgb, d_depth, d_alpha, left, top, width, height, buffer)
            first, last = tile_starts[t], tile_starts[t + 1]
            blend_tile_backward(packed, ids, pairs, first, last, left, top, width, height, buffer, pair_gradients)
            t = next_ticket(tickets)
