"""The steps of a fit in rounds: which view is looked at when, and whether another round pays.

Views are dealt out by weight, evenly spread; a round is long enough for every view to have its turn. Its loss is the
weighted mean over the views, each by its own mean: so it does not depend on who happened to be looked at, and two
rounds are compared on the same views.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

LEAST_ROUND = 20
"""Steps of the shortest round: over fewer the random backdrops show in the mean."""


def schedule(weights: Sequence[float], steps: int, rng: np.random.Generator) -> list[int]:
    """Which view each step looks at: each as often as its weight says, evenly spread, ties broken by chance."""
    share = np.asarray(weights, np.float64) / sum(weights)
    owed = rng.random(len(share)) * share
    order = []
    for _ in range(steps):
        owed += share
        view = int(np.argmax(owed))
        owed[view] -= 1.0
        order.append(view)
    return order


def round_length(weights: Sequence[float]) -> int:
    """Steps after which the rarest view that counts has had its turn."""
    counting = [w for w in weights if w > 0]
    return max(LEAST_ROUND, int(np.ceil(sum(weights) / min(counting) - 1e-9)))


class Rounds:
    """Keeps the losses of this round and of the one before.

    views: so many are looked at in a step; a round has as many steps as with one, or it could gain less.
    """

    def __init__(self, weights: Sequence[float], views: int = 1) -> None:
        self._weights = weights
        self._left = self._length = views * round_length(weights)
        self._before: dict[int, float] = {}
        self._now: defaultdict[int, list[float]] = defaultdict(list)

    def gain(self, view: int, loss: float) -> float | None:
        """Notes what a step found. At the end of a round: by what share the loss fell since the one before.

        None within a round, and after the first.
        """
        self._now[view].append(loss)
        self._left -= 1
        if self._left:
            return None
        means = {seen: float(np.mean(losses)) for seen, losses in self._now.items()}
        gain = self._fall(self._before, means)
        self._before, self._left = means, self._length
        self._now.clear()
        return gain

    def _fall(self, before: dict[int, float], now: dict[int, float]) -> float | None:
        both = [view for view in now if view in before]
        was = sum(self._weights[view] * before[view] for view in both)
        return 1 - sum(self._weights[view] * now[view] for view in both) / was if was > 0 else None
