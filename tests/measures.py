"""What several tests measure or need done."""

from __future__ import annotations

from collections.abc import Generator

from gen3d.events import Event, Intermediate, product
from gen3d.explain import preview_of
from gen3d.geometry.likeness import psnr_db as psnr

__all__ = ["drain", "psnr"]


def drain(stage: Generator) -> tuple[object, list[Event]]:
    """Runs a stage to its end: its product, and the events on the way, with the previews that a run makes of it."""
    events: list[Event | None] = []
    made = product(stage, lambda e: events.append(preview_of(e) if isinstance(e, Intermediate) else e))
    return made, [event for event in events if event]
