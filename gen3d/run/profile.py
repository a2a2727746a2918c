"""Where a run's time and memory go: a tree by stage and function. `--profile` keeps it as profile.json beside run.json.

A thread looks a hundred times a second at what the thread of the run is in, and books what passed since its last look
(seconds of the wall clock, seconds of all threads' CPU, the most memory held) to that place. Kernels that hold the
interpreter are booked when they return, to whoever called them. The looks cost about a hundredth of the time.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from gen3d.events import Event, Intermediate, Started
from gen3d.formats.whole import write_whole
from gen3d.run.record import write_json

T = TypeVar("T")
EVERY_S = 0.01
"""Between two looks."""
LEAST = 0.01
"""Branches with a smaller share of the whole wall time are not printed."""
_PACKAGE = Path(__file__).parents[1]
_ROUND_THEM = (
    "__main__", "ending", "cli", "commands", "pipeline", "run.record", "run.thrift", "run.checked", "run.profile",
)  # fmt: skip
_STEPS = ("run.steps: build", "run.steps: look", "run.steps: grow", "run.steps: tour")
"""Modules and functions that every place lies in, and which say nothing."""
ALONE = 0.97
"""A branch with so much of its trunk's time stands on the same line."""


@dataclass(slots=True)
class Spent:
    """What passed in one place, and in what it called."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    """The most that the process held at a look there."""
    inside: dict[str, Spent] = field(default_factory=dict)
    """Stage, or module and function -> what passed there."""

    def book(self, place: tuple[str, ...], wall_s: float, cpu_s: float, held_mb: float) -> None:
        """Adds it here and along the way to the place."""
        self.wall_s, self.cpu_s, self.peak_mb = self.wall_s + wall_s, self.cpu_s + cpu_s, max(self.peak_mb, held_mb)
        if place:
            self.inside.setdefault(place[0], Spent()).book(place[1:], wall_s, cpu_s, held_mb)

    def as_json(self) -> dict[str, Any]:
        """All of it, the longest first."""
        inside = {name: part.as_json() for name, part in self._by_time()}
        figures = {"wall_s": round(self.wall_s, 3), "cpu_s": round(self.cpu_s, 3), "peak_mb": round(self.peak_mb)}
        return figures | ({"inside": inside} if inside else {})

    def lines(self, name: str = "all", depth: int = 0, least_s: float | None = None) -> Iterator[str]:
        """A table of text: wall and CPU seconds, megabytes, and a tree of places."""
        least_s = self.wall_s * LEAST if least_s is None else least_s
        told = [(inner, part) for inner, part in self._by_time() if part.wall_s >= least_s]
        if told and depth and told[0][1].wall_s >= ALONE * self.wall_s:
            yield from told[0][1].lines(f"{name} > {told[0][0]}", depth, least_s)
            return
        yield f"{self.wall_s:8.2f} s {self.cpu_s:8.2f} s CPU {self.peak_mb:6.0f} MB  {'  ' * depth}{name}"
        for inner, part in told:
            yield from part.lines(inner, depth + 1, least_s)

    def _by_time(self) -> list[tuple[str, Spent]]:
        return sorted(self.inside.items(), key=lambda item: -item[1].wall_s)


class Profiler:
    """Looks at the thread that made it, from `looking` on."""

    def __init__(self) -> None:
        self.spent = Spent()
        self._stage = "before"
        self._booking = threading.Lock()
        self._watched = threading.get_ident()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self.spent.book(("python",), 0.0, self._cpu, held_mb())

    @contextmanager
    def looking(self) -> Iterator[None]:
        """What happens inside is booked."""
        ended = threading.Event()
        looker = threading.Thread(target=self._look_on, args=(ended,), daemon=True, name="profile")
        looker.start()
        try:
            yield
        finally:
            ended.set()
            looker.join()

    def follow(self, run: Generator[Event | Intermediate, None, T]) -> Generator[Event | Intermediate, None, T]:
        """The same run; what passes is booked to the stage that it said had started, however short that was."""
        try:
            while True:
                try:
                    event = next(run)
                except StopIteration as done:
                    return done.value
                if isinstance(event, Started):
                    self._look()
                    self._stage = event.stage
                yield event
        finally:
            run.close()

    def _look_on(self, ended: threading.Event) -> None:
        while not ended.wait(EVERY_S):
            self._look()
        self._look()

    def _look(self) -> None:
        with self._booking:
            wall, cpu = time.perf_counter(), time.process_time()
            place = (self._stage, *place_of(sys._current_frames().get(self._watched)))
            self.spent.book(place, wall - self._wall, cpu - self._cpu, held_mb())
            self._wall, self._cpu = wall, cpu


def keep(folder: Path, spent: Spent) -> None:
    """Writes profile.json beside the run.json of a finished folder."""
    with write_whole(folder / "profile.json") as work:
        write_json(work, spent.as_json())


def place_of(frame: FrameType | None) -> tuple[str, ...]:
    """Module and function of each frame of this package, the outermost first, and the module of what it called.

    A function that calls itself counts once.
    """
    called = frame and frame.f_globals.get("__name__", "?")
    ours: list[str] = []
    while frame is not None:
        module = _module(frame)
        place = f"{module}: {frame.f_code.co_name}"
        if module and not module.startswith(_ROUND_THEM) and place not in _STEPS and place not in ours[:1]:
            ours.insert(0, place)
        frame = frame.f_back
    elsewhere = called and not called.startswith("gen3d")
    return (*ours, called) if ours and elsewhere else tuple(ours)


def _module(frame: FrameType) -> str:
    """"geometry.membrane"; nothing for what is not of this package."""
    with suppress(ValueError):
        return ".".join(Path(frame.f_code.co_filename).relative_to(_PACKAGE).with_suffix("").parts)
    return ""


def held_mb() -> float:
    """What this process holds of memory now; 0 where the system does not tell."""
    with suppress(OSError, IndexError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    return 0.0
