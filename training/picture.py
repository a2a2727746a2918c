"""One picture with its truth: a function of a seed, a generation, a kind and a size."""

from __future__ import annotations

import numpy as np

from training.looks import finish
from training.render import Drawn, render
from training.worlds import draw_kind, make_world

TRIES = 4
"""A world whose camera sees nothing but sky, or stands inside a body, is made anew, so often at most."""
NEAREST_M = 0.05


def picture(
    seed: tuple[int, ...], generation: int, width: int, height: int, kind: str | None = None
) -> tuple[np.ndarray, Drawn, str]:
    """The picture (h, w, 3) uint8, what was drawn, and its kind (None: any that is trained on)."""
    for attempt in range(TRIES):
        rng = np.random.default_rng((*seed, attempt))
        name = kind or draw_kind(rng, generation)
        world = make_world(name, rng)
        drawn = render(world, width, height)
        if is_good(drawn) or attempt == TRIES - 1:
            return finish(rng, drawn, world.painted), drawn, name
    raise AssertionError("no attempt was made")


def is_good(drawn: Drawn) -> bool:
    """Enough of it has a depth, nothing touches the lens, and it is more than one plane of one distance."""
    seen = np.isfinite(drawn.depth)
    if seen.mean() < 0.15:
        return False
    depth = drawn.depth[seen]
    return bool(np.percentile(depth, 2) > NEAREST_M * 3 and np.percentile(depth, 95) > 1.15 * np.percentile(depth, 5))
