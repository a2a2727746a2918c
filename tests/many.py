"""Many small photos for tests of the batch: pictures at once to write, a crew that makes nothing, the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gen3d.events import product
from gen3d.formats.picture import write_png
from gen3d.many.ask import Ask, Job, Outcome, is_of
from gen3d.many.running import Tally, run_batch
from gen3d.many.store import WHOLE, store_of

ROOT = Path(__file__).parents[1]
DEFAULTS = {"preset": "fast", "size_px": 64}
FAST = ("--preset", "fast", "--size", "64", "--engine", "builtin", "--device", "cpu")


def photo(path: Path, seed: int = 0, width: int = 48, height: int = 36) -> Path:
    """A smooth picture of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:height, :width] / width
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    rgb = 0.5 + 0.4 * np.sin(6 * x[..., None] + 4 * y[..., None] * np.arange(1, 4) + phase)
    write_png(path, np.rint(255 * rgb).astype(np.uint8))
    return path


class Pretending:
    """A crew that puts a small file where a scene would be; whoever is named in `failing` fails."""

    def __init__(self, *failing: str) -> None:
        self.failing, self.made = set(failing), []

    def work(self, job: Job, asks: Iterator[Ask]) -> Iterator[Outcome]:
        store = store_of(job.out)
        for ask in asks:
            if ask.name in self.failing:
                yield Outcome(ask.name, "failed", None, "It is no photo.", "Give one.")
                continue
            with store.making(ask.name) as work:
                key = ask.key(job)
                if not is_of(store.marker(ask.name), ask, key):
                    self.made.append(ask.name)
                    store.put(pretended(work, ask, key), ask.name)
            yield Outcome(ask.name, "built", row_of(ask))


def row_of(ask: Ask) -> dict[str, Any]:
    return {"name": ask.name, "line": ask.line, "photo": ask.photo, "verdict": "accept", "reasons": []}


def pretended(work: Path, ask: Ask, key: str) -> Path:
    scene = work / "scene"
    scene.mkdir()
    (scene / "scene.ply").write_text(ask.name)
    (scene / "run.json").write_text("{}")
    marker = {"key": key, "photo_bytes": ask.photo_bytes, "depth_bytes": None, "row": row_of(ask), "files": {}}
    (scene / WHOLE).write_text(json.dumps(marker))
    return scene


def batch(source: object, out: object, crew: Any = None, defaults: dict | None = None, **more: Any) -> Tally:
    """A run that pretends."""
    run = run_batch(str(source), Job(str(out)), crew or Pretending(), DEFAULTS | (defaults or {}), **more)
    return product(run)


def faults(out: Path) -> list[dict[str, Any]]:
    """Of failed.jsonl."""
    file = out / "failed.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def command(*argv: object, python: str = sys.executable) -> list[str]:
    return [python, "-m", "gen3d", "batch", *map(str, argv), *FAST]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def started(*argv: object) -> subprocess.Popen:
    """The command line, in a process group of its own."""
    return subprocess.Popen(
        command(*argv), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
