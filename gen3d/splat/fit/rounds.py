"""The steps of a fit in rounds: which view each step renders, and whether another round is worth its time.

Views are drawn in proportion to their weights, evenly spread; a round is long enough for every view to be drawn. Its
loss is the weighted mean over the views of each view's own mean, so that it does not depend on how often each was
drawn, and two rounds are compared on the same views.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

LEAST_ROUND = 20
"""Steps of the shortest round: over fewer the random backdrops show in the mean. Chosen by eye."""


def schedule(weights: Sequence[float], steps: int, rng: np.random.Generator) -> list[int]:
    """Which view each step renders: each in proportion to its weight, evenly spread, ties broken by chance."""
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
    """Steps after which the view of the least positive weight has been drawn."""
    counting = [w for w in weights if w > 0]
    return max(LEAST_ROUND, int(np.ceil(sum(weights) / min(counting) - 1e-9)))


class Rounds:
    """Keeps the losses of this round and of the one before.

    views: renderings of a step. A round has as many steps whatever their number, since it is steps that lower the loss.
    """

    def __init__(self, weights: Sequence[float], views: int = 1) -> None:
        self._weights = weights
        self._left = self._length = views * round_length(weights)
        self._before: dict[int, float] = {}
        self._now: defaultdict[int, list[float]] = defaultdict(list)

    def gain(self, view: int, loss: float) -> float | None:
        """Notes a view's loss. At the end of a round: by what share the loss fell since the one before.

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
