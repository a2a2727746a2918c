"""Many scenes at once, as `gen3d batch` makes them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen3d.events import product
from gen3d.face.listening import Listener
from gen3d.many.ask import Job
from gen3d.many.crew import Crew
from gen3d.many.gate.limits import checked_limits, read_limits
from gen3d.many.running import Tally, run_batch
from gen3d.settings import settings_of

LEFT_OPEN = {
    "prompt", "depth_scale", "fov_deg", "intrinsics", "path", "seed", "prompts", "depth_kind", "depth_channel",
    "turn_depth", "own_depth", "licence",
}  # fmt: skip
"""Fields of `Ask` that hold where a row does not say."""


def made(
    source: str | os.PathLike, out: str | os.PathLike, crew: Crew, job: Mapping[str, Any], asked: Mapping[str, Any],
    preset: str, size_px: int | None, limits: Any, retry_failed: bool, val_share: float, listener: Listener | None,
) -> Tally:  # fmt: skip
    """A run to its end."""
    if unknown := asked.keys() - LEFT_OPEN:
        raise TypeError(f"batch() got unexpected keywords {', '.join(sorted(unknown))}")
    defaults = {name: value for name, value in asked.items() if value is not None}
    whole = replace(Job(os.fspath(out), **job), limits=_limits(limits))
    defaults |= {"preset": settings_of(preset, size_px).preset, "size_px": size_px}
    run = run_batch(os.fspath(source), whole, crew, defaults, retry_failed, val_share)
    with closing(run):
        return product(run, listener)


def _limits(given: Any) -> str:
    """Of a file, or as they are."""
    if given is None:
        return ""
    if isinstance(given, Mapping):
        return checked_limits(json.loads(json.dumps(given)), "limits")
    return read_limits(Path(given))
