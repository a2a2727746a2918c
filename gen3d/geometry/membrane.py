"""Smooth completion of a picture of numbers: one solver behind depth completion, far-side depth and seam blending.

Minimises  sum over neighbours i, j of (u_j - u_i - g_ij)^2  over the free pixels, all others held: Laplace's equation
for g = 0, Poisson's for a given slope field g. Pixels that are neither free nor held are walls: nothing flows through
them. Solved by conjugate gradients, each step of which is eased on coarser grids (`multigrid.py`).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.multigrid import FREE, HELD, WALL, eased, equations, grid_at, inner_product, step

MOST_ROUNDS = 12
"""Conjugate gradient steps at most; mostly four are taken. Chosen by eye."""
TOLERANCE = 2e-3
"""It ends when the equations are out by this share of what they were. Measured on the examples: then values are within
a thousandth of their spread of where more steps lead."""


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
    held one reaches stay about what is held around them; 0 (or the slope's integral) where nothing at all is held.
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
    value_, gx_, gy_ = (np.ascontiguousarray(a[window], np.float32) for a in (value, gx, gy))
    found = _solve(value_, np.ascontiguousarray(kind[window]), gx_, gy_, np.float32(pull))
    solved = value.copy()
    solved[window] = np.where(free[window], found, value[window])
    return solved


def around(region: Bool[np.ndarray, "h w"], margin_px: int) -> tuple[slice, slice]:
    """The rows and columns that hold the region and a margin around it; the region is not empty."""
    spans = []
    for axis in (1, 0):
        at = np.nonzero(region.any(axis=axis))[0]
        spans.append(slice(max(0, int(at[0]) - margin_px), int(at[-1]) + 1 + margin_px))
    return spans[0], spans[1]


def _solve(value: np.ndarray, kind: np.ndarray, gx: np.ndarray, gy: np.ndarray, pull: np.float32) -> np.ndarray:
    grids, places = equations(kind, pull)
    guess = _guessed(value, kind)
    rest = _unmet(guess, kind, gx, gy, pull)
    x, along, before = np.zeros_like(rest), np.zeros_like(rest), np.inf
    good_enough = TOLERANCE**2 * inner_product(rest, rest)
    for _ in range(MOST_ROUNDS):
        if inner_product(rest, rest) <= good_enough:
            break
        towards = eased(grids, places, 0, rest)
        left = inner_product(towards, rest)
        step(grid_at(grids, places, 0), towards, left, left / before, along, rest, x)
        before = left
    return guess + x[1:-1, 1:-1]


@compiled
def _guessed(value, kind):
    """Held pixels as they are, others as the mean of those held around: of four, or else of sixteen, and so on."""
    if kind.size == 1:
        return value if kind[0, 0] == HELD else np.zeros_like(value)
    out, coarse = np.empty_like(value), _guessed(*_halved(value, kind))
    for y in range(kind.shape[0]):
        for x in range(kind.shape[1]):
            out[y, x] = value[y, x] if kind[y, x] == HELD else coarse[y // 2, x // 2]
    return out


@compiled
def _halved(value, kind):
    """The same at half the size: means of held pixels; held where one of four is, else free."""
    h, w = kind.shape
    shape = (h + 1) // 2, (w + 1) // 2
    kinds, values = np.full(shape, FREE, np.uint8), np.zeros(shape, np.float32)
    for y in range(shape[0]):
        for x in range(shape[1]):
            held = 0
            for v in range(2 * y, min(2 * y + 2, h)):
                for u in range(2 * x, min(2 * x + 2, w)):
                    if kind[v, u] == HELD:
                        values[y, x] += value[v, u]
                        held += 1
            if held:
                kinds[y, x] = HELD
                values[y, x] /= np.float32(held)
    return values, kinds


@compiled
def _unmet(u, kind, gx, gy, pull):
    """By how much each free pixel's equation is out, with zeros around."""
    h, w = kind.shape
    rest, half = np.zeros((h + 2, w + 2), np.float32), np.float32(0.5)
    for y in range(h):
        for x in range(w):
            if kind[y, x] != FREE:
                continue
            out = -pull * u[y, x]
            if x > 0 and kind[y, x - 1] != WALL:
                out += u[y, x - 1] - u[y, x] + half * (gx[y, x - 1] + gx[y, x])
            if x < w - 1 and kind[y, x + 1] != WALL:
                out += u[y, x + 1] - u[y, x] - half * (gx[y, x + 1] + gx[y, x])
            if y > 0 and kind[y - 1, x] != WALL:
                out += u[y - 1, x] - u[y, x] + half * (gy[y - 1, x] + gy[y, x])
            if y < h - 1 and kind[y + 1, x] != WALL:
                out += u[y + 1, x] - u[y, x] - half * (gy[y + 1, x] + gy[y, x])
            rest[y + 1, x + 1] = out
    return rest
