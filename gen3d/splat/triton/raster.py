"""Blending and its derivative, tile by tile, front to back: `gen3d/splat/cpu/raster.py` and `raster_backward.py`.

A program is a tile and one warp. A pixel that has stopped keeps its T with the sign flipped; so do those of a cut tile
that lie outside of the picture. Nothing per pixel is stored for the way back but the picture itself.
"""

from __future__ import annotations

import triton.language as tl

from gen3d.splat.triton.kernels import (
    ALPHA_MAX,
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
    GREEN,
    MX,
    MY,
    OPACITY,
    RED,
    ROW,
    blend,
    free_alpha,
    kernel,
)


@kernel
def _pixels(width, height, TILE: tl.constexpr):
    """Column, row, and whether it lies in the picture, of every pixel of this program's tile."""
    across = (width + TILE - 1) // TILE
    p = tl.arange(0, TILE * TILE)
    x = (tl.program_id(0) % across) * TILE + p % TILE
    y = (tl.program_id(0) // across) * TILE + p // TILE
    return x, y, (x < width) & (y < height)


@kernel
def _shape(row):
    """The scalars that say where a Gaussian lies and how it falls off."""
    half_a, b, half_c = 0.5 * tl.load(row + CONIC_A), tl.load(row + CONIC_B), 0.5 * tl.load(row + CONIC_C)
    return tl.load(row + MX), tl.load(row + MY), half_a, b, half_c


@kernel
def _lit(T):
    """1 when any pixel still takes light, else 0."""
    return tl.max((T > 0).to(tl.int32), axis=0)


@kernel(do_not_specialize=["width", "height"])
def rasterize(
    packed, ids, tile_starts, width, height, rgb, depth, transmittance,
    TILE: tl.constexpr, UNROLLED: tl.constexpr,
):  # fmt: skip
    """Fills rgb [h, w, 3], depth [h, w] (the sum of w z, not yet divided by alpha) and transmittance [h, w].

    UNROLLED Gaussians are blended between two checks whether the tile still takes light: their loads overlap.
    """
    x, y, inside = _pixels(width, height, TILE)
    px, py = x + 0.5, y + 0.5
    T = tl.where(inside, 1.0, -1.0)
    red, green, blue, z = tl.zeros_like(T), tl.zeros_like(T), tl.zeros_like(T), tl.zeros_like(T)
    s, last = tl.load(tile_starts + tl.program_id(0)), tl.load(tile_starts + tl.program_id(0) + 1)
    lit = 1
    while (s < last) & (lit > 0):
        for _ in tl.static_range(UNROLLED):
            row = packed + tl.load(ids + tl.minimum(s, last - 1)) * ROW
            mx, my, half_a, b, half_c = _shape(row)
            opacity = tl.where(s < last, tl.load(row + OPACITY), 0.0)
            _, w, T, _ = blend(free_alpha(px - mx, py - my, half_a, b, half_c, opacity), T)
            red += w * tl.load(row + RED)
            green += w * tl.load(row + GREEN)
            blue += w * tl.load(row + BLUE)
            z += w * tl.load(row + DEPTH)
            s += 1
        lit = _lit(T)
    pixel = y * width + x
    tl.store(rgb + pixel * 3, red, mask=inside)
    tl.store(rgb + pixel * 3 + 1, green, mask=inside)
    tl.store(rgb + pixel * 3 + 2, blue, mask=inside)
    tl.store(depth + pixel, z, mask=inside)
    tl.store(transmittance + pixel, tl.abs(T), mask=inside)


@kernel
def _write_gradients(at, row, d_sigma, dx, dy, half_a, b, half_c, opacity):
    """The first six numbers of a gradient row, from moments of dL/dsigma over the tile."""
    d_sigma_dx, d_sigma_dy = d_sigma * dx, d_sigma * dy
    d_dx, d_dy = tl.sum(d_sigma_dx, axis=0), tl.sum(d_sigma_dy, axis=0)
    tl.store(at + MX, -(2.0 * half_a * d_dx + b * d_dy))
    tl.store(at + MY, -(b * d_dx + 2.0 * half_c * d_dy))
    tl.store(at + CONIC_A, 0.5 * tl.sum(d_sigma_dx * dx, axis=0))
    tl.store(at + CONIC_B, tl.sum(d_sigma_dx * dy, axis=0))
    tl.store(at + CONIC_C, 0.5 * tl.sum(d_sigma_dy * dy, axis=0))
    tl.store(at + OPACITY, -tl.sum(d_sigma, axis=0) / opacity)


@kernel(do_not_specialize=["width", "height"])
def rasterize_backward(
    packed, ids, pairs, tile_starts, width, height, rgb, depth, transmittance, d_rgb, d_depth, d_alpha,
    pair_gradients, TILE: tl.constexpr,
):  # fmt: skip
    """Writes rows pairs[s] of pair_gradients [pairs, ROW], which come zeroed, from the picture and dL/d of its parts.

    `behind` is S of `raster_backward.py`: what is still to come, dotted with the gradient.
    """
    x, y, inside = _pixels(width, height, TILE)
    px, py, pixel = x + 0.5, y + 0.5, y * width + x
    g_red = tl.load(d_rgb + pixel * 3, mask=inside, other=0.0)
    g_green = tl.load(d_rgb + pixel * 3 + 1, mask=inside, other=0.0)
    g_blue = tl.load(d_rgb + pixel * 3 + 2, mask=inside, other=0.0)
    g_z = tl.load(d_depth + pixel, mask=inside, other=0.0)
    behind = g_red * tl.load(rgb + pixel * 3, mask=inside, other=0.0)
    behind += g_green * tl.load(rgb + pixel * 3 + 1, mask=inside, other=0.0)
    behind += g_blue * tl.load(rgb + pixel * 3 + 2, mask=inside, other=0.0)
    behind += g_z * tl.load(depth + pixel, mask=inside, other=0.0)
    end = tl.load(transmittance + pixel, mask=inside, other=0.0)
    behind -= tl.load(d_alpha + pixel, mask=inside, other=0.0) * end
    T = tl.where(inside, 1.0, -1.0)
    s, last = tl.load(tile_starts + tl.program_id(0)), tl.load(tile_starts + tl.program_id(0) + 1)
    lit, i = 1, tl.load(ids + s, mask=s < last, other=0)
    while (s < last) & (lit > 0):
        row = packed + i * ROW
        i = tl.load(ids + tl.minimum(s + 1, last - 1))  # the next one is on its way meanwhile
        mx, my, half_a, b, half_c = _shape(row)
        opacity = tl.load(row + OPACITY)
        dx, dy = px - mx, py - my
        free = free_alpha(dx, dy, half_a, b, half_c, opacity)
        T_before = T
        alpha, w, T, live = blend(free, T)
        g_colour = g_red * tl.load(row + RED) + g_green * tl.load(row + GREEN)
        g_colour += g_blue * tl.load(row + BLUE) + g_z * tl.load(row + DEPTH)
        behind -= w * g_colour
        if tl.max(live.to(tl.int32), axis=0) > 0:
            d_free = T_before * g_colour - behind / (1.0 - alpha)
            d_sigma = tl.where(live & (free <= ALPHA_MAX), -alpha * d_free, 0.0)
            at = pair_gradients + tl.load(pairs + s) * ROW
            _write_gradients(at, row, d_sigma, dx, dy, half_a, b, half_c, opacity)
            tl.store(at + RED, tl.sum(w * g_red, axis=0))
            tl.store(at + GREEN, tl.sum(w * g_green, axis=0))
            tl.store(at + BLUE, tl.sum(w * g_blue, axis=0))
            tl.store(at + DEPTH, tl.sum(w * g_z, axis=0))
        s += 1
        lit = _lit(T)
