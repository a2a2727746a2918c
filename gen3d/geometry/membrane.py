"""Smooth completion of a picture of numbers: one solver behind depth completion, far-side depth and seam blending.

Minimises  sum over neighbours i, j of (u_j - u_i - g_ij)^2  over the free pixels, all others held: Laplace's equation
for g = 0, Poisson's for a given slope field g. Pixels that are neither free nor held are walls: nothing flows through
them. Solved from coarse to fine, at each level by conjugate gradients from what the level before found: these also
carry far where a coarse grid misleads, at walls that are thinner than its pixels.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled

MOST_ROUNDS = 100
"""Conjugate gradient steps of a level, at most. Chosen by eye."""
TOLERANCE = 1e-3
"""Each level ends when its residual has fallen to this share. Chosen by eye."""
COARSEST_PX = 12
"""Pictures whose shorter side is at most so long are not halved any more. Chosen by eye."""
FREE, HELD, WALL = 0, 1, 2
"""Kinds of pixels. By definition."""


def solve_membrane(
    value: Float[np.ndarray, "h w"],
    free: Bool[np.ndarray, "h w"],
    wall: Bool[np.ndarray, "h w"] | None = None,
    slope: tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]] | None = None,
    pull: float = 0.0,
) -> Float[np.ndarray, "h w"]:
    """The picture with its free pixels completed from the held ones.

    slope: (per pixel to the right, per pixel down) that the free region should have; None is flat. pull: strength per
    pixel^2 that draws the solution to zero, so that it decays over about 1 / sqrt(pull) pixels. Free pixels that no
    held one reaches take what a coarser grid finds for them; 0 (or the slope's integral) where nothing at all is held.
    """
    if value.shape != free.shape:
        raise ValueError(f"value is {value.shape}, free {free.shape}")
    kind = np.where(free, FREE, HELD).astype(np.uint8)
    if wall is not None:
        kind[wall & ~free] = WALL
    gx, gy = slope if slope is not None else (np.zeros_like(value), np.zeros_like(value))
    if not free.any():
        return value
    window = around(free, 1)
    value_, kind_, gx_, gy_ = (np.ascontiguousarray(a[window]) for a in (value, kind, gx, gy))
    solved = value.copy()
    found = _solve(value_.astype(np.float64), kind_, gx_.astype(np.float64), gy_.astype(np.float64), float(pull))
    solved[window] = np.where(free[window], found, value_)
    return solved


def around(region: Bool[np.ndarray, "h w"], margin_px: int) -> tuple[slice, slice]:
    """The rows and columns that hold the region and a margin around it; the region is not empty."""
    spans = []
    for axis in (1, 0):
        at = np.nonzero(region.any(axis=axis))[0]
        spans.append(slice(max(0, int(at[0]) - margin_px), int(at[-1]) + 1 + margin_px))
    return spans[0], spans[1]


def _solve(value: np.ndarray, kind: np.ndarray, gx: np.ndarray, gy: np.ndarray, pull: float) -> np.ndarray:
    held = kind == HELD
    u = np.where(held, value, value[held].mean() if held.any() else 0.0)
    if min(value.shape) > COARSEST_PX:
        coarse = _solve(*_halved(value, kind, gx, gy), 4 * pull)
        u = np.where(kind == FREE, _doubled(coarse, value.shape), u)
    _conjugate_gradients(u, kind, gx, gy, pull)
    return u


@compiled
def _halved(value, kind, gx, gy):
    """The same at half the size: means of held pixels, of slopes per pixel; held where one of four is, else free.

    Odd sides are padded by repetition.
    """
    h, w = kind.shape
    shape = (h + 1) // 2, (w + 1) // 2
    kinds, values = np.empty(shape, np.uint8), np.empty(shape)
    across, down = np.empty(shape), np.empty(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            total, held, free, right, low = 0.0, 0, 0, 0.0, 0.0
            for k in range(4):
                v, u = min(2 * y + k // 2, h - 1), min(2 * x + k % 2, w - 1)
                if kind[v, u] == HELD:
                    total, held = total + value[v, u], held + 1
                free += kind[v, u] == FREE
                right, low = right + gx[v, u], low + gy[v, u]
            kinds[y, x] = HELD if held else FREE if free else WALL
            values[y, x] = total / max(held, 1)
            across[y, x], down[y, x] = 2 * (right / 4), 2 * (low / 4)
    return values, kinds, across, down


def _doubled(a: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.repeat(np.repeat(a, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]


@compiled
def _conjugate_gradients(u, kind, gx, gy, pull):
    """Moves the free pixels of u, in place, to where their equations hold; preconditioned by the diagonal.

    Works on a list of the free pixels, with a last entry that stays zero for neighbours that do not move.
    """
    at, beside = _free_pixels(kind)
    n = at.shape[0]
    residual, diagonal, image = np.zeros(n), np.ones(n), np.zeros(n)
    direction = np.zeros(n + 1)
    left = 0.0
    for i in range(n):
        y, x = divmod(at[i], kind.shape[1])
        total, count = _neighbours(u, kind, y, x)
        diagonal[i] = max(count + pull, 1e-30)
        residual[i] = total + _rise(kind, gx, gy, y, x) - (count + pull) * u[y, x]
        direction[i] = residual[i] / diagonal[i]
        left += residual[i] * direction[i]
    good_enough = max(TOLERANCE**2 * left, 1e-300)
    moved = np.zeros(n)
    for _ in range(MOST_ROUNDS):
        if left <= good_enough:
            break
        curvature = 0.0
        for i in range(np.uintp(n)):
            near = direction[beside[i, 0]] + direction[beside[i, 1]] + direction[beside[i, 2]] + direction[beside[i, 3]]
            image[i] = diagonal[i] * direction[i] - near
            curvature += image[i] * direction[i]
        if curvature <= 0:
            break
        step, before, left = left / curvature, left, 0.0
        for i in range(n):
            moved[i] += step * direction[i]
            residual[i] -= step * image[i]
            left += residual[i] ** 2 / diagonal[i]
        for i in range(n):
            direction[i] = residual[i] / diagonal[i] + left / before * direction[i]
    for i in range(n):
        u[at[i] // kind.shape[1], at[i] % kind.shape[1]] += moved[i]


@compiled
def _free_pixels(kind):
    """The free pixels, row by row, and which of them lie left, right, above and below; their number stands for none."""
    h, w = kind.shape
    number = np.full((h, w), -1, np.int32)
    n = 0
    for y in range(h):
        for x in range(w):
            if kind[y, x] == FREE:
                number[y, x] = n
                n += 1
    at, beside = np.empty(n, np.int32), np.full((n, 4), n, np.uint32)
    for y in range(h):
        for x in range(w):
            i = number[y, x]
            if i < 0:
                continue
            at[i] = y * w + x
            if x > 0 and number[y, x - 1] >= 0:
                beside[i, 0] = number[y, x - 1]
            if x < w - 1 and number[y, x + 1] >= 0:
                beside[i, 1] = number[y, x + 1]
            if y > 0 and number[y - 1, x] >= 0:
                beside[i, 2] = number[y - 1, x]
            if y < h - 1 and number[y + 1, x] >= 0:
                beside[i, 3] = number[y + 1, x]
    return at, beside


@compiled
def _neighbours(a, kind, y, x):
    """The sum of a over a pixel's neighbours that are no walls, and their number."""
    total, n = 0.0, 0.0
    if x > 0 and kind[y, x - 1] != WALL:
        total, n = total + a[y, x - 1], n + 1
    if x < a.shape[1] - 1 and kind[y, x + 1] != WALL:
        total, n = total + a[y, x + 1], n + 1
    if y > 0 and kind[y - 1, x] != WALL:
        total, n = total + a[y - 1, x], n + 1
    if y < a.shape[0] - 1 and kind[y + 1, x] != WALL:
        total, n = total + a[y + 1, x], n + 1
    return total, n


@compiled
def _rise(kind, gx, gy, y, x):
    """By how much the slopes want a pixel above the mean of its neighbours, times their number."""
    rise = 0.0
    if x > 0 and kind[y, x - 1] != WALL:
        rise += 0.5 * (gx[y, x - 1] + gx[y, x])
    if x < kind.shape[1] - 1 and kind[y, x + 1] != WALL:
        rise -= 0.5 * (gx[y, x + 1] + gx[y, x])
    if y > 0 and kind[y - 1, x] != WALL:
        rise += 0.5 * (gy[y - 1, x] + gy[y, x])
    if y < kind.shape[0] - 1 and kind[y + 1, x] != WALL:
        rise -= 0.5 * (gy[y + 1, x] + gy[y, x])
    return rise
