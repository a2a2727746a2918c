"""The record of a run: what was asked, what was used, what it cost. Becomes run.json.

What is drawn of it (`explain/`) is drawn here: previews always, exhibits where a run is to be explained.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import torch

from gen3d import __version__
from gen3d.card import card_in_use
from gen3d.errors import without_folders
from gen3d.events import Event, Intermediate, Notice, Stage, Started
from gen3d.explain import exhibits_of, preview_of
from gen3d.formats.picture import write_png
from gen3d.geometry.together import aside
from gen3d.request import Request, called
from gen3d.settings import Settings

T = TypeVar("T")
NOTHING: Mapping[str, Callable[..., Iterator[Event]]] = {}
PACKAGES = ("torch", "numpy", "scipy", "numba", "opencv-python-headless", "scikit-image", "pillow", "av")


class Record:
    """Listens to the stages of a step and keeps what run.json shall say.

    work: the step's folder; every preview goes to previews/NAME.png in it. explain: whether exhibits and figures.json
    go to explain/; else nothing of them is drawn or reckoned.
    """

    def __init__(
        self,
        request: Request,
        settings: Settings,
        engines: dict[str, str],
        work: Path,
        explain: bool = False,
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
        self._figures: dict[str, dict[str, Any]] = {}
        self._previews, self._explain = work / "previews", work / "explain" if explain else None
        self._previews.mkdir(parents=True, exist_ok=True)
        if self._explain:
            self._explain.mkdir(parents=True, exist_ok=True)
            write_json(self._explain / "figures.json", self._figures)

    def follow(self, run: Stage[T], at: Mapping[str, Callable[..., Iterator[Event]]] = NOTHING) -> Stage[T]:
        """One stage or several in a row, timed, their notices kept; of intermediate results only previews go on.

        at: name of an intermediate result -> events to follow it, made from its values.
        """
        clock = _Clock(self._seconds, self._card_peak)
        try:
            with aside() as beside:
                while True:
                    try:
                        event = next(run)
                    except StopIteration as done:
                        return done.value
                    match event:
                        case Intermediate():
                            with clock.stopped():
                                self._exhibit(event)
                            yield from self._preview(event, beside)
                            if event.name in at:
                                yield from at[event.name](**event.values)
                            continue
                        case Started():
                            clock.start(event.stage)
                        case Notice():
                            self._notices.append(without_folders(event.text))  # run.json is handed on
                    yield event
        finally:
            run.close()
            clock.end()

    def _preview(self, found: Intermediate, beside: Callable[[Callable[[], object]], None]) -> Iterator[Event]:
        if preview := preview_of(found):
            beside(partial(write_png, self._previews / f"{preview.name}.png", preview.image))
            yield preview

    def _exhibit(self, found: Intermediate) -> None:
        """Draws and saves its exhibits if the run is to be explained."""
        for exhibit in exhibits_of(found) if self._explain else ():
            write_png(self._explain / f"{exhibit.name}.png", exhibit.draw())
            self._figures[exhibit.name] = {"caption": exhibit.caption} | exhibit.figures()
            write_json(self._explain / "figures.json", self._figures)

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


class _Clock:
    """How long each stage took, and what it held of a card's memory; a stage ends where the next one starts."""

    def __init__(self, seconds: dict[str, float], card_peak: dict[str, int]) -> None:
        self._seconds, self._card_peak = seconds, card_peak
        self._stage, self._began = "", time.perf_counter()
        _forget_card_peak()

    def start(self, stage: str) -> None:
        """The first stage counts from when the clock was made: it may have worked before it said so."""
        if self._stage:
            self.end()
            self._began = time.perf_counter()
        self._stage = stage

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What happens inside is none of the stage's."""
        start = time.perf_counter()
        yield
        self._began += time.perf_counter() - start

    def end(self) -> None:
        """Of the stage that runs; one that had nothing to do never started."""
        if name := self._stage:
            self._seconds[name] = round(self._seconds.get(name, 0.0) + time.perf_counter() - self._began, 2)
            if (peak := card_peak_mb()) is not None:
                self._card_peak[name] = max(peak, self._card_peak.get(name, 0))
            _forget_card_peak()


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
    return round(torch.cuda.max_memory_allocated() / (1 << 20)) if card_in_use() else None


def _forget_card_peak() -> None:
    if card_in_use():
        torch.cuda.reset_peak_memory_stats()


def _plain(request: Request) -> dict[str, Any]:
    """The request without anybody's folders: files by name."""
    given = {key: file for key in ("photo", "depth") if (file := getattr(request, key)) is not None}
    values = asdict(replace(request, **dict.fromkeys(given)))
    return values | {key: called(file) for key, file in given.items()} | {"path": Path(request.path).name}
