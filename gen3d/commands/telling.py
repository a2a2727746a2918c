"""What a person is told while a command runs: a line a stage, notes, and on a terminal a bar under them."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from gen3d.stage_table import row, title

if TYPE_CHECKING:
    from gen3d.commands.bar import Bar
    from gen3d.events import Event, Intermediate

T = TypeVar("T")
MARGIN = f"{'':10}"


def quiet_option(parser: ArgumentParser) -> None:
    """Whether anything but notes is told."""
    parser.add_argument("--quiet", action="store_true", help="say nothing but notes and errors")


def explain_option(parser: ArgumentParser) -> None:
    """Whether each stage says what it does."""
    parser.add_argument("--explain", action="store_true", help="say what each stage does, and draw it: explain/")


def profile_option(parser: ArgumentParser) -> None:
    """Whether it is told where the time goes."""
    parser.add_argument("--profile", action="store_true", help="tell where time and memory go; kept as profile.json")


class Teller:
    """Tells what happens, on stdout; where that and stderr are a terminal, a bar shows how far it is.

    quiet: only notes, since nothing is done otherwise than hoped without a word. explain: each stage's line is followed
    by what it does. timed: a stage is told with a line that begins with the seconds so far, a note with a margin.
    """

    def __init__(self, quiet: bool = False, explain: bool = False, timed: bool = True) -> None:
        self._quiet, self._explain, self._timed = quiet, explain, timed
        self._start = time.perf_counter()
        self._bar: Bar | None = None
        self._stage = ""

    def follow(self, run: Generator[Event | Intermediate, None, T] | Iterator[Event]) -> T | None:
        """Runs it to its end and returns its product; interrupting it closes the run, which cleans up."""
        try:
            while True:
                try:
                    self._hear(next(run))
                except StopIteration as done:
                    return done.value
        finally:
            self._show(None)
            if isinstance(run, Generator):
                run.close()

    def say(self, line: str) -> None:
        """A line for whoever wants to know."""
        if not self._quiet:
            self._print(line)

    def note(self, text: str) -> None:
        """What was done otherwise than hoped."""
        self._print(f"{MARGIN}note: {text}" if self._timed else text)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """While something runs that tells nothing by itself."""
        self._show(what)
        try:
            yield
        finally:
            self._show(None)

    def _hear(self, event: Event | Intermediate) -> None:
        from gen3d.events import Finished, Notice, Progress, Started

        match event:
            case Started():
                self._show(None)
                if self._timed:
                    self.say(f"{self._seconds()}  {event.stage}{_explained(event.stage) if self._explain else ''}")
                self._begin(event.stage)
            case Progress():
                if event.stage != self._stage:
                    self._begin(event.stage)
                if self._bar is not None:
                    self._bar.move(event.done, event.total)
            case Notice():
                self.note(event.text)
            case Finished():
                self._show(None)
                if self._timed:
                    self.say(f"{self._seconds()}  {event.step} is done: {event.folder}")

    def _seconds(self) -> str:
        return f"{time.perf_counter() - self._start:6.1f} s"

    def _begin(self, stage: str) -> None:
        self._stage = stage
        self._show(title(stage))

    def _show(self, what: str | None) -> None:
        """A new bar instead of the old one, or none."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if what is not None and not self._quiet and _on_a_terminal():
            from gen3d.commands.bar import Bar

            self._bar = Bar(what)

    def _print(self, line: str) -> None:
        with self._bar.external_write_mode() if self._bar is not None else nullcontext():
            print(line, flush=True)


def _on_a_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))


def _explained(stage: str) -> str:
    """The first sentences of the stage's own module; nothing of what is no stage."""
    from importlib import import_module

    found = row(stage)
    if found is None:
        return ""
    words = (import_module(found.module).__doc__ or "").strip().split("\n\n")
    return "".join(f"\n{MARGIN}{line}" for line in "\n".join(words[:2]).splitlines())
