"""Blending, tile by tile, front to back.

A tile's buffer holds T, red, green, blue and depth of every pixel. A pixel that has stopped keeps its T with the sign
flipped, so "T > 0" says that it still takes light, and T - w > T_MIN fails for it. Lists and tiles are those of
`binning.py`, the equations those of `kernels.py`; the derivative is `raster_backward.py`.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, uint64

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
    whole_up,
)
from gen3d.splat.cpu.lanes import all_lanes, but_not, choose, places, put, take
from gen3d.splat.cpu.machine import next_ticket, prefetch, stack_floats

P1, P2, P3, P4, P5 = (np.uint64(k * PLANE) for k in range(1, 6))
"""Planes of the tile buffers, as offsets. Plane 0 is T."""
CHECK_EVERY = 128
"""Gaussians between two checks whether a tile still takes light."""
AHEAD = 8
"""So many places ahead in the list a row is asked for."""


@inlined
def footprint(row, left, top, width, height):
    """The mean in tile pixels counted from the first centre, and the pixel ranges x0:x1, y0:y1 it may reach."""
    mx, my = row[MX] - float32(left) - HALF, row[MY] - float32(top) - HALF
    x0 = whole_up(max(mx - row[EXTENT_X], ZERO))
    x1 = int32(min(mx + row[EXTENT_X], float32(width - 1))) + int32(1)
    y0 = whole_up(max(my - row[EXTENT_Y], ZERO))
    y1 = int32(min(my + row[EXTENT_Y], float32(height - 1))) + int32(1)
    return mx, my, x0, x1, y0, y1


@inlined
def takes_light(buffer, width, height):
    """Whether any pixel of the tile has not stopped."""
    for y in range(height):
        lit = False
        for x in range(width):
            lit |= buffer[uint64(y * STRIDE + x)] > ZERO
        if lit:
            return True
    return False


@inlined
def tile_place(t, tiles_across, h, w):
    """(left, top, width, height) of tile t in pixels; the last of a row or column may be cut."""
    left, top = (t % tiles_across) * TILE, (t // tiles_across) * TILE
    return left, top, min(TILE, w - left), min(TILE, h - top)


@inlined
def alphas_of(row, dx, my, y0, y1, alphas):
    """Writes o exp(-sigma) of eight columns at `dx` in the rows y0:y1, in pairs, one after the other, to `alphas`.

    A loop of its own: so the constants of exp stay in registers, and many rows are under way at once.
    """
    opacity, half_c = row[OPACITY], HALF * row[CONIC_C]
    square, across, dy = HALF * row[CONIC_A] * dx * dx, row[CONIC_B] * dx, all_lanes(float32(y0) - my)
    for y in range(y0, y1, 2):
        for k in range(2):
            put(alphas, uint64(LANES * (y + k - y0)), opacity * exp_neg(square + dy * (across + half_c * dy)))
            dy = dy + ONE


@kernel
def blend_tile(packed, ids, first, last, left, top, width, height, buffer):
    """Blends the list ids[first:last] into `buffer` (planes T, R, G, B, depth). The hot loop of the forward pass."""
    alphas = stack_floats(256)
    for s in range(first, last):
        row = packed[ids[s]]
        prefetch(packed, ids[min(s + AHEAD, last - 1)])
        red, green, blue, depth = row[RED], row[GREEN], row[BLUE], row[DEPTH]
        mx, my, x0, x1, y0, y1 = footprint(row, left, top, width, height)
        for x in range(x0, x1, LANES):
            alphas_of(row, places() + (float32(x) - mx), my, y0, y1, alphas)
            for y in range(y0, y1, 2):
                for k in range(2):
                    i = uint64((y + k) * STRIDE + x)
                    T, alpha = take(buffer, i), min(take(alphas, uint64(LANES * (y + k - y0))), ALPHA_MAX)
                    w = alpha * T
                    counts, goes_on = alpha >= ALPHA_MIN, T - w > T_MIN
                    w = choose(counts & goes_on, w, ZERO)
                    put(buffer, i, choose(but_not(counts, goes_on), -abs(T), T - w))
                    put(buffer, i + P1, take(buffer, i + P1) + w * red)
                    put(buffer, i + P2, take(buffer, i + P2) + w * green)
                    put(buffer, i + P3, take(buffer, i + P3) + w * blue)
                    put(buffer, i + P4, take(buffer, i + P4) + w * depth)
        if (s - first) % CHECK_EVERY == CHECK_EVERY - 1 and not takes_light(buffer, width, height):
            break


@kernel
def rasterize(tickets, packed, ids, tile_starts, tiles_across, rgb, depth, transmittance):
    """Fills rgb [h, w, 3], depth [h, w] (the sum of w z, not yet divided by alpha) and transmittance [h, w]."""
    h, w = transmittance.shape
    tiles = len(tile_starts) - 1
    buffer = np.empty(5 * PLANE, np.float32)
    t = next_ticket(tickets)
    while t < tiles:
        left, top, width, height = tile_place(t, tiles_across, h, w)
        buffer[:PLANE] = ONE
        buffer[PLANE:] = ZERO
        blend_tile(packed, ids, tile_starts[t], tile_starts[t + 1], left, top, width, height, buffer)
        for y in range(height):
            for x in range(width):
                i = uint64(y * STRIDE + x)
                Y, X = top + y, left + x
                rgb[Y, X, 0], rgb[Y, X, 1], rgb[Y, X, 2] = buffer[i + P1], buffer[i + P2], buffer[i + P3]
                depth[Y, X], transmittance[Y, X] = buffer[i + P4], abs(buffer[i])
        t = next_ticket(tickets)
