"""Search and vote over all targets of a level, side by side on all cores, in a way that threads cannot change.

A sweep asks the neighbours that it has passed, so a block of the picture can go as soon as the blocks before it, above
and beside, are done, and be swept again, the other way, as soon as those behind it have been. What comes out is what
one thread would have made going row by row, to the bit, what is drawn by chance included: the generator is run ahead to
where each block begins. A vote reads only what it does not write, so it goes in strips.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gen3d.geometry.together import in_turn, together
from gen3d.models.builtin import patch_kernels as kernels
from gen3d.models.builtin.patch_levels import Level

BLOCK_PX = 64
"""The side of a block. Changes nothing but how well the cores share the work. Chosen by eye."""


def search(
    level: Level, weight: np.ndarray, norm: np.ndarray, lends: np.ndarray, match: np.ndarray, cost: np.ndarray,
    sweeps: int, strict: np.ndarray, seed: int,
) -> None:  # fmt: skip
    """Improves `match` and `cost` in place, at the targets: where the cost is finite. See `patch_kernels.sweep`."""
    patches = level.target, level.source, weight, norm, level.guide, strict
    h, w = cost.shape
    goal, states = cost < np.inf, np.empty((sweeps, h, -(-w // BLOCK_PX)), np.uint64)
    start = np.uint64((seed * 2654435761 + 88172645463325252) % 2**64)
    tasks = {"draws": (partial(kernels.draws, goal, BLOCK_PX, start, states), [])}
    blocks = {at: block for at, block in _blocks(h, w) if goal[block[0] : block[1], block[2] : block[3]].any()}
    for (row, column), block in blocks.items():
        tasks["ask", row, column] = partial(kernels.ask, *patches, match, cost, block), []
        for k in range(sweeps):
            step = 1 if k % 2 == 0 else -1
            beside = [at for at in ((row - step, column), (row, column - step)) if at in blocks]
            after = ["draws", ("ask", row, column)] if k == 0 else [(k - 1, row, column)]
            sweep = partial(kernels.sweep, *patches, lends, match, cost, block, step, states[k, :, column])
            tasks[k, row, column] = sweep, after + [(k, *at) for at in beside]
    in_turn(tasks)


def vote(level: Level, sure: np.ndarray, where: np.ndarray, match: np.ndarray, cost: np.ndarray, softness: float):
    """Repaints the level's target at `where`; see `patch_kernels.vote`."""
    ys, xs = map(np.ascontiguousarray, np.nonzero(where))  # of one pixel alone they would be of another type
    parts = range(0, len(ys), BLOCK_PX * BLOCK_PX)
    strips = [(ys[i : i + BLOCK_PX * BLOCK_PX], xs[i : i + BLOCK_PX * BLOCK_PX]) for i in parts]
    together([partial(kernels.vote, level.target, level.source, sure, *s, match, cost, softness) for s in strips])


def _blocks(h: int, w: int) -> Iterator[tuple[tuple[int, int], tuple[int, int, int, int]]]:
    """(row, column) of each block, and its first and last rows and columns."""
    for row, y in enumerate(range(0, h, BLOCK_PX)):
        for column, x in enumerate(range(0, w, BLOCK_PX)):
            yield (row, column), (y, min(y + BLOCK_PX, h), x, min(x + BLOCK_PX, w))
