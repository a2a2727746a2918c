"""Time and memory of a card: medians of wall clock with the card waited for, and the most that was held."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from bench.gpu.plan import Row


def wait(device: str) -> None:
    """Until the card has done all it was asked for."""
    if device == "cuda":
        torch.cuda.synchronize()


def let_go() -> None:
    """Memory that nobody uses."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def median_ms(run: Callable[[], Any], device: str, most_s: float) -> float:
    """Of three calls at least, and as many as fit into `most_s`, 30 at most; of one, if it takes longer than that.

    A call before them is not counted, unless there is no time at all.
    """
    if most_s > 0:
        run()
        wait(device)
    took: list[float] = []
    while not took or (len(took) < 30 and (sum(took) < most_s or (len(took) < 3 and max(took) < most_s))):
        start = time.perf_counter()
        run()
        wait(device)
        took.append(time.perf_counter() - start)
    return 1e3 * statistics.median(took)


def forget_peak(device: str) -> None:
    """From here on a peak counts."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()


def peak(device: str) -> Row:
    """The most of the card's memory since then, for a row; nothing without a card."""
    return {"peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 3)} if device == "cuda" else {}
