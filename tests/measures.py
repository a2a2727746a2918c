"""What several tests measure or need done."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from gen3d.events import Event, Intermediate
from gen3d.explain import preview_of


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray | None = None) -> float:
    """Peak signal to noise in dB of two pictures in [0, 1], on the pixels of `where`."""
    error = (a.astype(np.float64) - b) ** 2
    return float(-10 * np.log10((error if where is None else error[where]).mean() + 1e-12))


def drain(stage: Generator) -> tuple[object, list[Event]]:
    """Runs a stage to its end: its product, and the events on the way, with the previews that a run makes of it."""
    events = []
    while True:
        try:
            event = next(stage)
            shown = preview_of(event) if isinstance(event, Intermediate) else event
            events += [shown] if shown else []
        except StopIteration as finished:
            return finished.value, events
