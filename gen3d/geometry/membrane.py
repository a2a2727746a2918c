"""Smooth completion of a picture of numbers: one solver behind depth completion, far-side depth and seam blending.

Minimises  sum over neighbours i, j of (u_j - u_i - g_ij)^2  over the free pixels, all others held: Laplace's equation
for g = 0, Poisson's for a given slope field g. Pixels that are neither free nor held are walls: nothing flows through
them. Solved from coarse to fine with successive over-relaxation, a few dozen sweeps a level.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled

SWEEPS = 40
OVERRELAXATION = 1.8
COARSEST_PX = 12
FREE, HELD, WALL = 0, 1, 2


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
    held one reaches come back as 0 (or their slope's integral).
    """
    if value.shape != free.shape:
        raise ValueError(f"value is {value.shape}, free {free.shape}")
    kind = np.where(free, FREE, HELD).astype(np.uint8)
    if wall is not None:
        kind[wall & ~free] = WALL
    gx, gy = slope if slope is not None else (np.zeros_like(value), np.zeros_like(value))
    solved = _solve(value.astype(np.float64), kind, gx.astype(np.float64), gy.astype(np.float64), float(pull))
    return np.where(free, solved, value).astype(value.dtype)


def _solve(value: np.ndarray, kind: np.ndarray, gx: np.ndarray, gy: np.ndarray, pull: float) -> np.ndarray:
    u = np.where(kind == HELD, value, 0.0)
    if min(value.shape) > COARSEST_PX:
        coarse = _solve(_halved(value, kind == HELD), _halved_kind(kind), 2 * _halved(gx), 2 * _halved(gy), 4 * pull)
        u = np.where(kind == FREE, _doubled(coarse, value.shape), u)
    _relax(u, kind, gx, gy, pull, SWEEPS)
    return u


def _blocks(a: np.ndarray) -> np.ndarray:
    """The 2x2 blocks of a picture, odd sides padded by repetition: h/2 w/2 4."""
    h, w = a.shape
    a = np.pad(a, ((0, h % 2), (0, w % 2)), mode="edge")
    return a.reshape(a.shape[0] // 2, 2, a.shape[1] // 2, 2).swapaxes(1, 2).reshape(a.shape[0] // 2, -1, 4)


def _halved(a: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    if where is None:
        return _blocks(a).mean(-1)
    weight = _blocks(where.astype(np.float64))
    total = (_blocks(np.where(where, a, 0.0)) * weight).sum(-1)
    return total / np.maximum(weight.sum(-1), 1.0)


def _halved_kind(kind: np.ndarray) -> np.ndarray:
    blocks = _blocks(kind)
    held, free = (blocks == HELD).any(-1), (blocks == FREE).any(-1)
    return np.where(held, HELD, np.where(free, FREE, WALL)).astype(np.uint8)


def _doubled(a: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.repeat(np.repeat(a, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]


@compiled
def _relax(u, kind, gx, gy, pull, sweeps):
    """Gauss-Seidel sweeps with over-relaxation, in place; alternating direction so that no side is preferred."""
    h, w = u.shape
    for sweep in range(sweeps):
        for row in range(h):
            y = row if sweep % 2 == 0 else h - 1 - row
            for column in range(w):
                x = column if sweep % 2 == 0 else w - 1 - column
                if kind[y, x] != FREE:
                    continue
                total = 0.0
                n = 0.0
                if x > 0 and kind[y, x - 1] != WALL:
                    total += u[y, x - 1] + 0.5 * (gx[y, x - 1] + gx[y, x])
                    n += 1.0
                if x < w - 1 and kind[y, x + 1] != WALL:
                    total += u[y, x + 1] - 0.5 * (gx[y, x + 1] + gx[y, x])
                    n += 1.0
                if y > 0 and kind[y - 1, x] != WALL:
                    total += u[y - 1, x] + 0.5 * (gy[y - 1, x] + gy[y, x])
                    n += 1.0
                if y < h - 1 and kind[y + 1, x] != WALL:
                    total += u[y + 1, x] - 0.5 * (gy[y + 1, x] + gy[y, x])
                    n += 1.0
                if n > 0:
                    u[y, x] += OVERRELAXATION * (total / (n + pull) - u[y, x])
