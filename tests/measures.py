"""What several tests measure or need done."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from gen3d.events import Event


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray | None = None) -> float:
    """Peak signal to noise in dB of two pictures in [0, 1], on the pixels of `where`."""
    error = (a.astype(np.float64) - b) ** 2
    return float(-10 * np.log10((error if where is None else error[where]).mean() + 1e-12))


def drain(stage: Generator) -> tuple[object, list[Event]]:
    """Runs a stage to its end: its product, and the events on the way."""
    events = []
    while True:
        try:
            events.append(next(stage))
        except StopIteration as finished:
            return finished.value, events
