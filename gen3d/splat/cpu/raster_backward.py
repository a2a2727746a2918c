"""The derivative of blending: every tile walks its list front to back once more.

Nothing per pixel is stored for it but the picture itself. With g = dL/d(rgb, depth) of a pixel and S, what is still to
come behind Gaussian i, which starts from the finished picture and shrinks as the walk goes on,

    S           = sum_{j>i} T_j alpha_j g . c_j - dL/d(alpha of the pixel) T_end
    dL/dalpha_i = T_i g . c_i - S / (1 - alpha_i)

Every (tile, Gaussian) pair writes a row of its own, at the pair's number (`binning.py`).
"""

from __future__ import annotations

import numpy as np
from numba import float32, uint64

from gen3d.splat.cpu.kernels import (
    ALPHA_MAX,
    ALPHA_MIN,
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
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
    inlined,
    kernel,
)
from gen3d.splat.cpu.lanes import all_lanes, but_not, choose, places, put, take, total
from gen3d.splat.cpu.machine import next_ticket, prefetch, stack_floats
from gen3d.splat.cpu.raster import (
    AHEAD,
    CHECK_EVERY,
    P1,
    P2,
    P3,
    P4,
    P5,
    alphas_of,
    footprint,
    takes_light,
    tile_place,
)


@kernel
def blend_tile_backward(packed, ids, pairs, first, last, left, top, width, height, buffer, pair_gradients):
    """Fills the rows pairs[first:last] of `pair_gradients`; `buffer` holds planes T = 1, S, gR, gG, gB, gDepth.

    The hot loop of the backward pass: the blend of `blend_tile` again, with sums per lane in registers.
    """
    alphas, none = stack_floats(256), all_lanes(ZERO)
    for s in range(first, last):
        row, ahead = packed[ids[s]], min(s + AHEAD, last - 1)
        prefetch(packed, ids[ahead])
        prefetch(pair_gradients, pairs[ahead])
        red, green, blue, depth = row[RED], row[GREEN], row[BLUE], row[DEPTH]
        mx, my, x0, x1, y0, y1 = footprint(row, left, top, width, height)
        # dL/dsigma times 1, dx, dx^2, dy, dx dy, dy^2; then dL/d of rgb and depth
        of_1, of_x, of_xx, of_y, of_xy, of_yy = none, none, none, none, none, none
        d_red, d_green, d_blue, d_depth = none, none, none, none
        for x in range(x0, x1, LANES):
            dx = places() + (float32(x) - mx)
            alphas_of(row, dx, my, y0, y1, alphas)
            here, here_y, here_yy, dy = none, none, none, all_lanes(float32(y0) - my)
            for y in range(y0, y1, 2):
                for k in range(2):
                    i = uint64((y + k) * STRIDE + x)
                    free_alpha = take(alphas, uint64(LANES * (y + k - y0)))
                    T, alpha = take(buffer, i), min(free_alpha, ALPHA_MAX)
                    w = alpha * T
                    counts, goes_on = alpha >= ALPHA_MIN, T - w > T_MIN
                    live = counts & goes_on
                    w = choose(live, w, ZERO)
                    put(buffer, i, choose(but_not(counts, goes_on), -abs(T), T - w))
                    g_red, g_green, g_blue = take(buffer, i + P2), take(buffer, i + P3), take(buffer, i + P4)
                    g_depth = take(buffer, i + P5)
                    g_colour = g_red * red + g_green * green + g_blue * blue + g_depth * depth
                    behind = take(buffer, i + P1) - w * g_colour
                    put(buffer, i + P1, behind)
                    d_alpha = T * g_colour - behind / (ONE - alpha)
                    d_sigma = choose(live & (free_alpha <= ALPHA_MAX), -alpha * d_alpha, ZERO)
                    d_sigma_dy = d_sigma * dy
                    here, here_y, here_yy = here + d_sigma, here_y + d_sigma_dy, here_yy + d_sigma_dy * dy
                    dy = dy + ONE
                    d_red, d_green, d_blue = d_red + w * g_red, d_green + w * g_green, d_blue + w * g_blue
                    d_depth = d_depth + w * g_depth
            of_1, of_y, of_yy = of_1 + here, of_y + here_y, of_yy + here_yy
            of_x, of_xx, of_xy = of_x + dx * here, of_xx + dx * (dx * here), of_xy + dx * here_y
        out = pair_gradients[pairs[s]]
        by_dx, by_dy = total(of_x), total(of_y)
        out[MX] = -(row[CONIC_A] * by_dx + row[CONIC_B] * by_dy)
        out[MY] = -(row[CONIC_B] * by_dx + row[CONIC_C] * by_dy)
        out[CONIC_A], out[CONIC_B], out[CONIC_C] = HALF * total(of_xx), total(of_xy), HALF * total(of_yy)
        out[OPACITY] = -total(of_1) / row[OPACITY]
        out[RED], out[GREEN], out[BLUE], out[DEPTH] = total(d_red), total(d_green), total(d_blue), total(d_depth)
        if (s - first) % CHECK_EVERY == CHECK_EVERY - 1 and not takes_light(buffer, width, height):
            for rest in range(s + 1, last):
                pair_gradients[pairs[rest]] = ZERO
            break


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


@kernel
def rasterize_backward(
    tickets, packed, ids, pairs, tile_starts, tiles_across,
    rgb, depth, transmittance, d_rgb, d_depth, d_alpha, pair_gradients,
):  # fmt: skip
    """Fills pair_gradients [pairs, GRADIENTS] from the finished picture and dL/d of its three parts."""
    h, w = transmittance.shape
    tiles = len(tile_starts) - 1
    buffer = np.empty(6 * PLANE, np.float32)
    t = next_ticket(tickets)
    while t < tiles:
        left, top, width, height = tile_place(t, tiles_across, h, w)
        _prepare(rgb, depth, transmittance, d_rgb, d_depth, d_alpha, left, top, width, height, buffer)
        first, last = tile_starts[t], tile_starts[t + 1]
        blend_tile_backward(packed, ids, pairs, first, last, left, top, width, height, buffer, pair_gradients)
        t = next_ticket(tickets)
