"""The record of a run: what was asked, what was used, what it cost. Becomes run.json.

Where a run is to be explained it also keeps the exhibits that the stages hold up; otherwise it drops them unseen.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import torch

from gen3d import __version__
from gen3d.errors import without_folders
from gen3d.events import Event, Exhibit, Notice, Preview, Stage, Started
from gen3d.scene import Request
from gen3d.settings import Settings

T = TypeVar("T")
PACKAGES = ("torch", "numpy", "scipy", "numba", "opencv-python-headless", "scikit-image", "pillow", "av")


class Record:
    """Listens to the stages of a step and keeps what run.json shall say.

    previews: the folder that every `Preview` is written to as NAME.png, by `save(path, image)`. explain: the folder
    for every `Exhibit` and for figures.json; None: exhibits are dropped, and nothing of them is drawn or reckoned.
    """

    def __init__(
        self,
        request: Request,
        settings: Settings,
        engines: dict[str, str],
        previews: Path,
        save: Callable,
        explain: Path | None = None,
    ) -> None:
        self._about: dict[str, Any] = {
            "gen3d": __version__,
            "request": _plain(request),
            "seed": request.seed,
            "settings": asdict(settings),
            "engines": engines,
        }
        self._notices: list[str] = []
        self._seconds: dict[str, float] = {}
        self._card_peak: dict[str, int] = {}
        self._counts: dict[str, Any] = {}
        self._previews, self._save, self._explain = previews, save, explain
        self._figures: dict[str, dict[str, Any]] = {}
        previews.mkdir(parents=True, exist_ok=True)
        if explain:
            explain.mkdir(parents=True, exist_ok=True)
            write_json(explain / "figures.json", self._figures)

    def follow(self, stage: Stage[T]) -> Generator[Event, None, T]:
        """The stage itself without its exhibits, timed, its notices and previews kept."""
        name, start, product = "", time.perf_counter(), None
        _forget_card_peak()
        try:
            while True:
                try:
                    event = next(stage)
                except StopIteration as done:
                    product = done.value
                    break
                if isinstance(event, Exhibit):
                    start += self._keep(event)
                    continue
                match event:
                    case Started():
                        name = event.stage
                    case Notice():
                        self._notices.append(without_folders(event.text))  # run.json is handed on
                    case Preview():
                        self._save(self._previews / f"{event.name}.png", event.image)
                yield event
        finally:
            stage.close()
            if name:  # a stage that had nothing to do never started
                self._seconds[name] = round(self._seconds.get(name, 0.0) + time.perf_counter() - start, 2)
                if (peak := card_peak_mb()) is not None:
                    self._card_peak[name] = max(peak, self._card_peak.get(name, 0))
        return product

    def _keep(self, exhibit: Exhibit) -> float:
        """Draws and saves an exhibit if the run is to be explained; the seconds it took are none of the stage's."""
        start = time.perf_counter()
        if self._explain:
            self._save(self._explain / f"{exhibit.name}.png", exhibit.draw())
            self._figures[exhibit.name] = {"caption": exhibit.caption} | exhibit.figures()
            write_json(self._explain / "figures.json", self._figures)
        return time.perf_counter() - start

    def count(self, **numbers: Any) -> None:
        """Adds to what was counted or measured."""
        self._counts |= numbers

    def played(self, engines: dict[str, str]) -> None:
        """Role -> who played it in the end, where that is not who began."""
        self._about["engines"] = self._about["engines"] | engines

    def as_json(self) -> dict[str, Any]:
        """Everything, as run.json holds it."""
        return self._about | {
            "notices": self._notices,
            "counts": self._counts,
            "seconds": self._seconds,
            "card_peak_mb": self._card_peak,
            "peak_memory_mb": peak_memory_mb(),
            "versions": versions(),
        }


def merged(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The records of consecutive steps as one; what was asked last counts (a video may take another path)."""
    whole = {key: value for record in records for key, value in record.items()}
    for part in ("counts", "seconds", "card_peak_mb"):
        whole[part] = {key: value for record in records for key, value in record.get(part, {}).items()}
    whole["engines"] = _who_played(records)
    whole["notices"] = [notice for record in records for notice in record["notices"]]
    whole["peak_memory_mb"] = max(filter(None, (record["peak_memory_mb"] for record in records)), default=None)
    return whole


def _who_played(records: list[dict[str, Any]]) -> dict[str, str]:
    """Role -> engine, of the last step that had it; one that failed in a step and played in the next did fail."""
    played: dict[str, str] = {}
    for role, name in (item for record in records for item in record.get("engines", {}).items()):
        if not played.get(role, "").startswith(f"{name}, then "):
            played[role] = name
    return played


def write_json(path: Path, content: dict[str, Any]) -> None:
    """The content, readable; of the name of a file what is no text becomes a question mark."""
    told = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.write_text(told, encoding="utf-8", errors="replace")


def versions() -> dict[str, str]:
    """Python and the packages that pictures depend on."""
    return {"python": platform.python_version()} | {p: metadata.version(p) for p in PACKAGES}


def peak_memory_mb() -> int | None:
    """The most memory this process ever held; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20) if sys.platform == "darwin" else peak / 1024)


def card_peak_mb() -> int | None:
    """The most of the card's memory that torch held at once since it was last told to forget; None without a card.

    A card that was not used yet is not woken: before a call on ZeroGPU there is none.
    """
    return round(torch.cuda.max_memory_allocated() / (1 << 20)) if torch.cuda.is_initialized() else None


def _forget_card_peak() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()


def _plain(request: Request) -> dict[str, Any]:
    """The request without anybody's folders: files by name."""
    values = asdict(request)
    for key in ("photo", "depth"):
        values[key] = values[key].name if values[key] else None
    values["path"] = Path(request.path).name
    return values
