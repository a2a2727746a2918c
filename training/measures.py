"""How good an inverse depth is, whatever its scale and shift.

error: mean distance from the truth after a robust scale and shift, as a share of the truth's mean. correlation:
Pearson's. order: the share of pairs, differing by ORDER or more in depth, that stand in the wrong order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS, SOFT = 15, 1e-3
"""Of reweighted least squares, and how near a sample may come before it weighs no more (in medians)."""
ORDER, PAIRS = 1.15, 20000


@dataclass(frozen=True)
class Figures:
    """Of one picture."""

    error: float
    correlation: float
    order: float


def aligned(said: np.ndarray, true: np.ndarray) -> np.ndarray:
    """A * said + b nearest to the truth in the mean of distances; both (n,) inverse depths."""
    terms, weight = np.c_[said, np.ones_like(said)], np.ones_like(true)
    for _ in range(ROUNDS):
        x = np.linalg.lstsq(terms * weight[:, None], true * weight, rcond=None)[0]
        weight = 1 / np.sqrt(np.maximum(np.abs(terms @ x - true), SOFT * max(np.median(true), 1e-9)))
    return terms @ x


def figures(said: np.ndarray, true: np.ndarray) -> Figures:
    """Of (n,) samples of inverse depth; what has no spread has no correlation (0)."""
    said, true = said.astype(float), true.astype(float)
    error = np.abs(aligned(said, true) - true).mean() / true.mean()
    spread = said.std() * true.std()
    correlation = float(((said - said.mean()) * (true - true.mean())).mean() / spread) if spread > 1e-12 else 0.0
    i, j = np.random.default_rng(0).integers(0, len(true), (2, PAIRS))
    nearer = np.where(true[i] > true[j] * ORDER, 1, np.where(true[j] > true[i] * ORDER, -1, 0))
    wrong = (np.sign(said[i] - said[j]) != nearer)[nearer != 0]
    return Figures(float(error), correlation, float(wrong.mean()) if wrong.size else 0.0)


def overlap(said: np.ndarray, true: np.ndarray) -> float:
    """Intersection over union of two areas; 1 where neither is."""
    union = (said | true).sum()
    return float((said & true).sum() / union) if union else 1.0


def mean_figures(some: list[Figures]) -> Figures:
    """The mean of each figure."""
    return Figures(*(float(np.mean([getattr(f, name) for f in some])) for name in Figures.__dataclass_fields__))
