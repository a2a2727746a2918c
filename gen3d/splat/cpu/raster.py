"""Blending, tile by tile, front to back; and its derivative, front to back as well.

Forward a tile's buffer holds T, red, green, blue and depth of every pixel. A pixel that has stopped keeps its T with
the sign flipped, so "T > 0" says that it still takes light.

Backward nothing per pixel is stored but the picture itself. With g = dL/d(rgb, depth) of a pixel and S, what is still
to come behind Gaussian i, which starts from the finished picture and shrinks as the walk goes on,

    S        = sum_{j>i} T_j alpha_j g . c_j - dL/d(alpha of the pixel) T_end
    dL/dalpha_i = T_i g . c_i - S / (1 - alpha_i)

Lists, tiles and gradient rows are those of `binning.py` and `kernels.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import carray, float32, int32, prange, uint64

from gen3d.splat.cpu.kernels import (
    ALPHA_MAX,
    ALPHA_MIN,
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
    EXTENT_X,
    EXTENT_Y,
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
    TILE,
    ZERO,
    exp_neg,
    inlined,
    kernel,
    stack_floats,
)

# Planes of the tile buffers, as offsets. Plane 0 is T.
P1, P2, P3, P4, P5 = (np.uint64(k * PLANE) for k in range(1, 6))
# Gradient sums, one per lane, as offsets: of dL/dsigma times 1, dx, dx^2, dy, dx dy, dy^2; then of rgb and depth.
S1, S2, S3, S4, S5, S6, S7, S8, S9 = (np.uint64(k * LANES) for k in range(1, GRADIENTS))
CHECK_EVERY = 128
"""Gaussians between two looks at whether a tile still takes light."""


@inlined
def _footprint(row, left, top, width, height):
    """The mean in tile pixels counted from the first centre, and the pixel ranges x0:x1, y0:y1 it may reach."""
    mx, my = row[MX] - float32(left) - HALF, row[MY] - float32(top) - HALF
    x0 = int32(math.ceil(max(mx - row[EXTENT_X], ZERO)))
    x1 = int32(math.floor(min(mx + row[EXTENT_X], float32(width - 1)))) + int32(1)
    y0 = int32(math.ceil(max(my - row[EXTENT_Y], ZERO)))
    y1 = int32(math.floor(min(my + row[EXTENT_Y], float32(height - 1)))) + int32(1)
    return mx, my, x0, x1, y0, y1


@inlined
def _takes_light(buffer, width, height):
    """Whether any pixel of the tile has not stopped."""
    for y in range(height):
        lit = False
        for x in range(width):
            lit |= buffer[uint64(y * STRIDE + x)] > ZERO
        if lit:
            return True
    return False


@kernel
def blend_tile(packed, ids, first, last, left, top, width, height, buffer):
    """Blends the list ids[first:last] into `buffer` (planes T, R, G, B, depth). The hot loop of the forward pass."""
    for s in range(first, last):
        row = packed[ids[s]]
        half_a, b, half_c, opacity = HALF * row[CONIC_A], row[CONIC_B], HALF * row[CONIC_C], row[OPACITY]
        red, green, blue, depth = row[RED], row[GREEN], row[BLUE], row[DEPTH]
        mx, my, x0, x1, y0, y1 = _footprint(row, left, top, width, height)
        for y in range(y0, y1):
            dy = float32(y) - my
            q0, q1 = half_c * dy * dy, b * dy
            for x in range(x0, x1, LANES):
                base, dx0 = uint64(y * STRIDE + x), float32(x) - mx
                for lane in range(LANES):
                    i = base + uint64(lane)
                    dx = dx0 + float32(lane)
                    alpha = min(ALPHA_MAX, opacity * exp_neg(q0 + dx * (q1 + half_a * dx)))
                    T = buffer[i]
                    w = alpha * T
                    counts = (alpha >= ALPHA_MIN) & (T > ZERO)
                    goes_on = T - w > T_MIN
                    w = w if counts & goes_on else ZERO
                    buffer[i] = T - w if goes_on | (not counts) else -T
                    buffer[i + P1] += w * red
                    buffer[i + P2] += w * green
                    buffer[i + P3] += w * blue
                    buffer[i + P4] += w * depth
        if (s - first) % CHECK_EVERY == CHECK_EVERY - 1 and not _takes_light(buffer, width, height):
            break


@kernel(parallel=True)
def rasterize(packed, ids, tile_starts, tiles_across, rgb, depth, transmittance):
    """Fills rgb [h, w, 3], depth [h, w] (the sum of w z, not yet divided by alpha) and transmittance [h, w]."""
    h, w = transmittance.shape
    for t in prange(len(tile_starts) - 1):
        left, top = (t % tiles_across) * TILE, (t // tiles_across) * TILE
        width, height = min(TILE, w - left), min(TILE, h - top)
        buffer = np.zeros(5 * PLANE, np.float32)
        buffer[:PLANE] = ONE
        blend_tile(packed, ids, tile_starts[t], tile_starts[t + 1], left, top, width, height, buffer)
        for y in range(height):
            for x in range(width):
                i = uint64(y * STRIDE + x)
                rgb[top + y, left + x, 0] = buffer[i + P1]
                rgb[top + y, left + x, 1] = buffer[i + P2]
                rgb[top + y, left + x, 2] = buffer[i + P3]
                depth[top + y, left + x] = buffer[i + P4]
                transmittance[top + y, left + x] = abs(buffer[i])


@kernel
def blend_tile_backward(packed, ids, first, last, left, top, width, height, buffer, pair_gradients):
    """Fills pair_gradients[first:last]; `buffer` holds T = 1, S and g (planes T, S, gR, gG, gB, gDepth).

    The hot loop of the backward pass: the blend of `blend_tile` again, with sums per lane in registers.
    """
    sums = carray(stack_floats(80), (80,))
    for s in range(first, last):
        row = packed[ids[s]]
        half_a, b, half_c, opacity = HALF * row[CONIC_A], row[CONIC_B], HALF * row[CONIC_C], row[OPACITY]
        red, green, blue, depth = row[RED], row[GREEN], row[BLUE], row[DEPTH]
        mx, my, x0, x1, y0, y1 = _footprint(row, left, top, width, height)
        for k in range(GRADIENTS * LANES):
            sums[uint64(k)] = ZERO
        for y in range(y0, y1):
            dy = float32(y) - my
            q0, q1, dy2 = half_c * dy * dy, b * dy, dy * dy
            for x in range(x0, x1, LANES):
                base, dx0 = uint64(y * STRIDE + x), float32(x) - mx
                for lane in range(LANES):
                    k = uint64(lane)
                    i = base + k
                    dx = dx0 + float32(lane)
                    free_alpha = opacity * exp_neg(q0 + dx * (q1 + half_a * dx))
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
                    sums[k] += d_sigma
                    sums[k + S1] += d_sigma_dx
                    sums[k + S2] += d_sigma_dx * dx
                    sums[k + S3] += d_sigma * dy
                    sums[k + S4] += d_sigma_dx * dy
                    sums[k + S5] += d_sigma * dy2
                    sums[k + S6] += w * g_red
                    sums[k + S7] += w * g_green
                    sums[k + S8] += w * g_blue
                    sums[k + S9] += w * g_depth
        _write_gradients(sums, row, pair_gradients[s])
        if (s - first) % CHECK_EVERY == CHECK_EVERY - 1 and not _takes_light(buffer, width, height):
            pair_gradients[s + 1 : last] = ZERO
            break


@inlined
def _write_gradients(sums, row, out):
    """Adds up the lanes and turns moments of dL/dsigma into dL/d(MX ... DEPTH)."""
    for q in range(GRADIENTS):
        total = ZERO
        for lane in range(LANES):
            total += sums[uint64(q * LANES + lane)]
        sums[uint64(q * LANES)] = total
    d, d_dx, d_dxx, d_dy, d_dxy, d_dyy = sums[0], sums[S1], sums[S2], sums[S3], sums[S4], sums[S5]
    out[MX] = -(row[CONIC_A] * d_dx + row[CONIC_B] * d_dy)
    out[MY] = -(row[CONIC_B] * d_dx + row[CONIC_C] * d_dy)
    out[CONIC_A], out[CONIC_B], out[CONIC_C] = HALF * d_dxx, d_dxy, HALF * d_dyy
    out[OPACITY] = -d / row[OPACITY]
    out[RED], out[GREEN], out[BLUE], out[DEPTH] = sums[S6], sums[S7], sums[S8], sums[S9]


@kernel(parallel=True)
def rasterize_backward(
    packed, ids, tile_starts, tiles_across, rgb, depth, transmittance, d_rgb, d_depth, d_alpha, pair_gradients
):
    """Fills pair_gradients [pairs, GRADIENTS] from the finished picture and dL/d of its three parts."""
    h, w = transmittance.shape
    for t in prange(len(tile_starts) - 1):
        left, top = (t % tiles_across) * TILE, (t // tiles_across) * TILE
        width, height = min(TILE, w - left), min(TILE, h - top)
        buffer = np.zeros(6 * PLANE, np.float32)
        for y in range(height):
            for x in range(width):
                i = uint64(y * STRIDE + x)
                Y, X = top + y, left + x
                g_red, g_green, g_blue, g_depth = d_rgb[Y, X, 0], d_rgb[Y, X, 1], d_rgb[Y, X, 2], d_depth[Y, X]
                buffer[i] = ONE
                buffer[i + P1] = (
                    g_red * rgb[Y, X, 0]
                    + g_green * rgb[Y, X, 1]
                    + g_blue * rgb[Y, X, 2]
                    + g_depth * depth[Y, X]
                    - d_alpha[Y, X] * transmittance[Y, X]
                )
                buffer[i + P2], buffer[i + P3], buffer[i + P4], buffer[i + P5] = g_red, g_green, g_blue, g_depth
        blend_tile_backward(
            packed, ids, tile_starts[t], tile_starts[t + 1], left, top, width, height, buffer, pair_gradients
        )
