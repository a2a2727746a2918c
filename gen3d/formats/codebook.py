"""Few values that stand for many: codebooks, of numbers and of vectors. The same values give the same book.

Numbers: the heap with the largest squared error is split at its mean until there are enough (Wu 1991), then Lloyd's
method follows, both exactly, on sorted values. Vectors: likewise, each heap across the direction in which it is widest,
but many at once: those with the largest errors, a half of all heaps in a round.
"""

from __future__ import annotations

import heapq

import numpy as np
from jaxtyping import Bool, Float, Int

ROUNDS = 30
"""Of Lloyd's method; more gain nothing."""
_SOME = 2_000_000
"""Of so many numbers a book is made at most."""


def codebook(values: Float[np.ndarray, "*n"], size: int) -> Float[np.ndarray, "size"]:
    """So many numbers, ascending, that stand for these with little squared error."""
    flat = values.reshape(-1)
    known = np.sort(flat[:: len(flat) // _SOME + 1].astype(np.float64))
    sums, squares = (np.concatenate([[0.0], np.cumsum(power)]) for power in (known, known * known))
    ends = _split(known, sums, squares, size)
    codes = np.diff(sums[ends]) / np.diff(ends)
    for _ in range(ROUNDS):
        ends = np.concatenate([[0], np.searchsorted(known, 0.5 * (codes[1:] + codes[:-1])), [len(known)]])
        counts = np.diff(ends)
        codes = np.where(counts > 0, np.diff(sums[ends]) / np.maximum(counts, 1), codes)
    return np.pad(np.sort(codes), (0, size - len(codes)), mode="edge")


def _split(
    known: Float[np.ndarray, "n"], sums: Float[np.ndarray, "n+1"], squares: Float[np.ndarray, "n+1"], size: int
) -> Int[np.ndarray, "k"]:
    """Where heaps begin, and the last one's end."""

    def heap(start: int, end: int) -> tuple[float, int, int]:
        whole = sums[end] - sums[start]
        return -float(squares[end] - squares[start] - whole * whole / (end - start)), start, end

    heaps = [heap(0, len(known))]
    while len(heaps) < size:
        _, start, end = heaps[0]
        middle = start + int(np.searchsorted(known[start:end], (sums[end] - sums[start]) / (end - start)))
        if not start < middle < end:  # all of one value, and so are the others
            break
        heapq.heapreplace(heaps, heap(start, middle))
        heapq.heappush(heaps, heap(middle, end))
    return np.array([*sorted(start for _, start, _ in heaps), len(known)])


def nearest(values: Float[np.ndarray, "*n"], codes: Float[np.ndarray, "k"]) -> Int[np.ndarray, "*n"]:
    """The number of the code that is next to each value."""
    return np.searchsorted(0.5 * (codes[1:] + codes[:-1]), values)


def palette(vectors: Float[np.ndarray, "n d"], size: int) -> tuple[Float[np.ndarray, "k d"], Int[np.ndarray, "n"]]:
    """At most so many vectors, and which of them stands for each."""
    of = np.zeros(len(vectors), np.int64)
    while True:
        order = np.argsort(of, kind="stable")
        here, heap = vectors[order].astype(np.float64), of[order]
        starts = np.flatnonzero(np.diff(heap, prepend=-1))
        mean = np.add.reduceat(here, starts) / np.diff(starts, append=len(heap))[:, None]
        if len(mean) >= size:
            return mean, of
        spread = np.add.reduceat((here - mean[heap]) ** 2, starts)
        along = spread.argmax(axis=1)
        at = np.arange(len(heap)), along[heap]
        beyond = (here[at] > mean[heap, along[heap]]) & _worst(spread.sum(axis=1), size)[heap]
        if not beyond.any():
            return mean, of
        of[order] = np.unique(2 * heap + beyond, return_inverse=True)[1]


def _worst(errors: Float[np.ndarray, "k"], size: int) -> Bool[np.ndarray, "k"]:
    """Half of the heaps, by falling error, or as many as may still be split."""
    most = min(size - len(errors), (len(errors) + 1) // 2)
    worst = np.zeros(len(errors), bool)
    worst[np.argsort(-errors, kind="stable")[:most]] = True
    return worst
