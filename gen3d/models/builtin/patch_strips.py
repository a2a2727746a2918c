"""The inner loops of patch-based completion over strips of rows, side by side.

A strip sees of the others what they were before the sweep. Where strips begin depends on the targets alone, so the same
arguments give the same bytes on any number of threads.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from gen3d.geometry.together import together
from gen3d.models.builtin import patch_kernels as kernels

STRIPS, LEAST = 4, 1000
"""Of at most so many strips each has at least so many targets. Chosen by eye."""


def strips(ys: Int[np.ndarray, "n"]) -> list[slice]:
    """Targets in scan order (their rows) as runs of about equal length that end where a row does."""
    count = max(1, min(STRIPS, len(ys) // LEAST))
    inner = [int(np.searchsorted(ys, ys[len(ys) * k // count])) for k in range(1, count)]
    ends = [0, *inner, len(ys)]
    return [slice(a, b) for a, b in pairwise(ends) if a < b]


def search(target, source, weight, norm, guide, lends, ys, xs, match, cost, rounds, strict, seed) -> None:
    """PatchMatch: `match` and `cost` improved in place by so many sweeps; see `patch_kernels.sweep`."""
    parts = strips(ys)
    pictures, places = (target, source, weight, norm, guide), [(ys[part], xs[part]) for part in parts]
    together([partial(kernels.rate, *pictures, *place, match, cost, strict) for place in places])
    states = [kernels.random_state(seed, strip) for strip in range(len(parts))]
    for r in range(rounds):
        before = (match.copy(), cost.copy()) if len(parts) > 1 else (match, cost)
        step = 1 if r % 2 == 0 else -1
        together([
            partial(kernels.sweep, *pictures, lends, *place, match, cost, strict, *before, step, state)
            for place, state in zip(places, states, strict=True)
        ])  # fmt: skip


def vote(
    target, source, confidence, ys, xs, match: Int[np.ndarray, "h w 2"], cost: Float[np.ndarray, "h w"], softness: float
) -> None:
    """The pixels (ys, xs) of `target` repainted; see `patch_kernels.vote`."""
    together([
        partial(kernels.vote, target, source, confidence, ys[part], xs[part], match, cost, softness)
        for part in strips(ys)
    ])  # fmt: skip
