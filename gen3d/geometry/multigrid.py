"""The equations of a membrane on grids from fine to coarse, and how the coarse ones ease the fine.

Briggs, Henson, McCormick, "A multigrid tutorial" (2000): what a step between neighbours leaves is smooth, and so can be
found on a grid of half the size. Its pixels stand for four each, bound to each other by what binds these: nothing
flows through a wall there either, however thin.
"""

from __future__ import annotations

import numpy as np

from gen3d.geometry.compiled import compiled

COARSEST_PX, COARSEST_SWEEPS = 12, 4
"""A grid whose longer side is at most so long is not halved any more, but swept so many times there and back. Chosen by
eye."""
SOFTER = np.float32(0.5)
"""A coarse pixel's neighbour is twice as far away, and bound by twice as many. By definition."""
DAMPED = np.float32(0.8)
"""The share of a pixel's own error that a step between neighbours takes away. From the book above."""
FREE, HELD, WALL = 0, 1, 2
"""Kinds of pixels. By definition."""
reordered = compiled(fastmath={"reassoc", "contract"})
"""Sums may be reordered, so that eight numbers are added at once."""


@compiled
def equations(kind, pull):
    """The equations from fine to coarse: total x = what is wanted + the sum of neighbours' x times what binds them.

    Returns four numbers a pixel, see `grid_at`, and where each grid has them: first, rows, columns. There is a frame of
    zeros around each; x is 0 where nothing is free.
    """
    h, w = kind.shape
    places = [(0, h + 2, w + 2)]
    while max(h, w) > COARSEST_PX:
        first = places[-1][0] + 4 * (h + 2) * (w + 2)
        h, w = (h + 1) // 2, (w + 1) // 2
        places.append((first, h + 2, w + 2))
    grids, places = np.zeros(places[-1][0] + 4 * (h + 2) * (w + 2), np.float32), np.array(places)
    _bind(kind, pull, grid_at(grids, places, 0))
    for level in range(1, len(places)):
        _soften(grid_at(grids, places, level - 1), grid_at(grids, places, level))
    for level in range(len(places)):
        _add_up(grid_at(grids, places, level))
    return grids, places


@compiled
def grid_at(grids, places, level):
    """What binds a free pixel to a free one on its right, and below; what binds it in all; one over that, or 0."""
    first, h, w = places[level]
    return grids[first : first + 4 * h * w].reshape((4, h, w))


@compiled
def _bind(kind, pull, grid):
    """Binds neighbours to each other, and (in `total`) what is free to what is held and, by the pull, to zero."""
    right, down, total = grid[0], grid[1], grid[2]
    h, w = kind.shape
    for y in range(h):
        for x in range(w):
            if kind[y, x] == FREE:
                total[y + 1, x + 1] += pull
            for v, u, bond in ((y, x + 1, right), (y + 1, x, down)):
                if v == h or u == w or kind[y, x] == WALL or kind[v, u] == WALL:
                    continue
                if kind[y, x] == FREE and kind[v, u] == FREE:
                    bond[y + 1, x + 1] = 1
                elif kind[y, x] == FREE:
                    total[y + 1, x + 1] += 1
                elif kind[v, u] == FREE:
                    total[v + 1, u + 1] += 1


@compiled
def _soften(fine, coarse):
    """Binds blocks of 2 x 2 by what binds their pixels; `total` still without the neighbours."""
    h, w = fine[0].shape
    for y in range(1, h - 1):
        for x in range(1, w - 1):
            v, u = (y + 1) // 2, (x + 1) // 2
            coarse[2][v, u] += SOFTER * fine[2][y, x]
            if x % 2 == 0:
                coarse[0][v, u] += SOFTER * fine[0][y, x]
            if y % 2 == 0:
                coarse[1][v, u] += SOFTER * fine[1][y, x]


@compiled
def _add_up(grid):
    """Adds the neighbours to `total`, and says what one over it is."""
    right, down, total, ease = grid[0], grid[1], grid[2], grid[3]
    for y in range(1, len(total) - 1):
        for x in range(1, total.shape[1] - 1):
            total[y, x] += right[y, x] + right[y, x - 1] + down[y, x] + down[y - 1, x]
            if total[y, x] > 0:
                ease[y, x] = 1 / total[y, x]


@compiled
def eased(grids, places, level, wanted):
    """About the x of a grid's equations: what the next one finds in two rounds, smoothed before and after."""
    here = grid_at(grids, places, level)
    if level == len(places) - 1:
        return _swept(here, wanted)
    x, left = _descended(here, wanted)
    found = eased(grids, places, level + 1, left)
    found += eased(grids, places, level + 1, _left(grid_at(grids, places, level + 1), left, found))
    return _ascended(here, wanted, x, found)


@reordered
def inner_product(a, b):
    """The sum of a b, row by row."""
    total = 0.0
    for y in range(a.shape[0]):
        row = np.float32(0)
        for x in range(np.uintp(a.shape[1])):
            row += a[y, x] * b[y, x]
        total += row
    return total


@reordered
def _row_left(right, down, total, wanted, x, y, out):
    """What a row's equations still want of x."""
    for i in range(np.uintp(1), np.uintp(len(out) - 1)):
        before, after = i - np.uintp(1), i + np.uintp(1)
        bound = right[y, i] * x[y, after] + right[y, before] * x[y, before]
        bound += down[y, i] * x[y + 1, i] + down[y - 1, i] * x[y - 1, i]
        out[i] = wanted[y, i] - total[y, i] * x[y, i] + bound


@reordered
def _left(grid, wanted, x):
    """What the equations still want of x."""
    right, down, total = grid[0], grid[1], grid[2]
    out = np.zeros_like(x)
    for y in range(1, len(x) - 1):
        _row_left(right, down, total, wanted, x, np.uintp(y), out[y])
    return out


@reordered
def _descended(grid, wanted):
    """An x after one step between neighbours, and what it leaves, summed over blocks of 2 x 2."""
    right, down, total, ease = grid[0], grid[1], grid[2], grid[3]
    h, w = wanted.shape
    x, coarse = DAMPED * ease * wanted, np.zeros(((h + 3) // 2, (w + 3) // 2), np.float32)
    line = np.zeros(2 * coarse.shape[1], np.float32)
    for y in range(1, h - 1):
        _row_left(right, down, total, wanted, x, np.uintp(y), line[:w])
        for i in range(np.uintp(1), np.uintp(coarse.shape[1] - 1)):
            coarse[(y + 1) // 2, i] += line[2 * i - np.uintp(1)] + line[2 * i]
    return x, coarse


@reordered
def _ascended(grid, wanted, x, coarse):
    """The x with what the coarse grid found added to it, in place, and then after one more step between neighbours."""
    right, down, total, ease = grid[0], grid[1], grid[2], grid[3]
    h, w = wanted.shape
    for y in range(np.uintp(1), np.uintp(h - 1)):
        v = (y + np.uintp(1)) // np.uintp(2)
        for i in range(np.uintp(1), np.uintp(w - 1)):
            more = coarse[v, (i + np.uintp(1)) // np.uintp(2)]
            x[y, i] += more if ease[y, i] > 0 else np.float32(0)
    out, line = np.zeros_like(x), np.zeros(w, np.float32)
    for y in range(np.uintp(1), np.uintp(h - 1)):
        _row_left(right, down, total, wanted, x, y, line)
        for i in range(np.uintp(w)):
            out[y, i] = x[y, i] + DAMPED * ease[y, i] * line[i]
    return out


@reordered
def _swept(grid, wanted):
    """An x after some sweeps, pixel by pixel, to the end and back."""
    right, down, ease = grid[0], grid[1], grid[3]
    x, (h, w) = np.zeros_like(wanted), wanted.shape
    n = (h - 2) * (w - 2)
    for sweep in range(2 * COARSEST_SWEEPS):
        for i in range(n):
            y, u = divmod(i if sweep % 2 == 0 else n - 1 - i, w - 2)
            y, u = y + 1, u + 1
            bound = right[y, u] * x[y, u + 1] + right[y, u - 1] * x[y, u - 1]
            bound += down[y, u] * x[y + 1, u] + down[y - 1, u] * x[y - 1, u]
            x[y, u] = ease[y, u] * (wanted[y, u] + bound)
    return x


@reordered
def step(grid, towards, left, kept, along, rest, x):
    """One step of conjugate gradients, in place: x goes on `along`, which turns to where it is to go, and `rest` falls.

    left: of the error. kept: the share of the direction before.
    """
    right, down, total = grid[0], grid[1], grid[2]
    h, w = x.shape
    kept, none = np.float32(kept), np.zeros_like(x)
    image, curvature = np.zeros_like(x), 0.0
    for y in range(h):
        for i in range(np.uintp(w)):
            along[y, i] = towards[y, i] + kept * along[y, i]
    for y in range(np.uintp(1), np.uintp(h - 1)):
        _row_left(right, down, total, none, along, y, image[y])
    curvature = -inner_product(image, along)
    if curvature <= 0:
        return
    far = np.float32(left / curvature)
    for y in range(h):
        for i in range(np.uintp(w)):
            x[y, i] += far * along[y, i]
            rest[y, i] += far * image[y, i]
