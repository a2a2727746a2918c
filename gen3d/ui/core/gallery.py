"""Finished examples: built once, when the app first starts, then shown at once to whoever clicks one.

Each is built by the command line in a process of its own, at low priority and with the engine "builtin" (it takes
nobody's GPU time), into a folder that stays for the next start. That process ends with the app, and holds the app's
claim on all results as long as it runs, so that two are never built at once: not by two apps, nor by one beside what
a killed one left running.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from gen3d import __version__
from gen3d.formats.claims import claim, release, sweep
from gen3d.request import Request
from gen3d.scene_files import SceneFiles
from gen3d.ui.core.disk import remove_abandoned

FIRST = Path(__file__).parents[1] / "first"
"""Small scenes of examples that come with the package, NAME.view each, as examples/make_first.py makes them."""


@dataclass(frozen=True, slots=True)
class Example:
    """A photo that the app brings along, or a sentence."""

    name: str
    title: str
    photo: Path | None
    depth: Path | None = None
    fov_deg: float | None = None
    first: Path | None = None
    """A small scene of it for the viewer, which is there before any was built here."""
    sentence: str | None = None

    @property
    def request(self) -> Request:
        """What a visitor would ask to get the same."""
        return Request(photo=self.photo, prompt=self.sentence, depth=self.depth, fov_deg=self.fov_deg)

    @property
    def asked(self) -> list[str]:
        """The same as arguments of `gen3d build`."""
        given = {"--prompt": self.sentence, "--depth": self.depth, "--fov": self.fov_deg}
        options = [part for name, value in given.items() if value for part in (name, str(value))]
        return [str(self.photo), *options] if self.photo else options


def read_examples(listing: Path) -> tuple[Example, ...]:
    """The examples that a gallery.json names; its files are relative to it."""
    folder = listing.parent.resolve()
    return tuple(
        Example(
            entry["name"],
            entry["title"],
            folder / entry["photo"],
            folder / entry["depth"] if "depth" in entry else None,
            entry.get("fov_deg"),
            _first(entry["name"]),
        )
        for entry in json.loads(listing.read_text(encoding="utf-8"))
    )


def of_sentences(sentences: Sequence[str]) -> tuple[Example, ...]:
    """The same of sentences; each is named after its words, so that other words are another example."""
    return tuple(Example(f"words-{crc32(said.encode()):08x}", said, None, sentence=said) for said in sentences)


def _first(name: str) -> Path | None:
    file = FIRST / f"{name}.view"
    return file if file.exists() else None


@dataclass(slots=True)
class Gallery:
    """Examples and the folder that their results are in."""

    examples: Sequence[Example]
    results: Path
    options: Sequence[str] = ("--engine", "builtin", "--preset", "fast")
    """Of `gen3d build`."""
    sentences: Sequence[Example] = ()
    """Made after the examples, and shown to whoever presses one."""
    failures: dict[str, str] = field(default_factory=dict)
    """Example -> why it could not be built."""
    _building: subprocess.Popen | None = None
    _thread: threading.Thread | None = None

    @property
    def given(self) -> list[Path]:
        """Photos and depths that are everybody's."""
        return [file for example in self.examples for file in (example.photo, example.depth) if file]

    def folder_of(self, example: Example) -> Path:
        """Where its result is, or will be; another version builds it anew."""
        return self.results / f"{example.name}-{__version__}"

    def is_ready(self, example: Example) -> bool:
        """Whether it can be shown."""
        return SceneFiles(self.folder_of(example)).run.exists()

    def ready(self, name: str) -> Example | None:
        """The example of this name, or whose result's folder has it, if there is a result."""
        found = (example for example in self._all if name in (example.name, self.folder_of(example).name))
        return next(filter(self.is_ready, found), None)

    @property
    def _all(self) -> tuple[Example, ...]:
        return (*self.examples, *self.sentences)

    def is_coming(self, example: Example) -> bool:
        """Whether it is being built, or will be."""
        return example.name not in self.failures and self._thread is not None and self._thread.is_alive()

    def first(self) -> tuple[str, str] | None:
        """The file of the first small scene that came along, and the name that its example has when it is ready."""
        found = next((example for example in self.examples if example.first), None)
        return (str(found.first), self.folder_of(found).name) if found else None

    def is_building(self) -> bool:
        """Whether one is being built right now, beside whatever else this machine does."""
        return self._building is not None and self._building.poll() is None

    def ready_and_coming(self) -> tuple[int, int]:
        """How many of the examples can be shown, and how many are still to be."""
        return sum(map(self.is_ready, self.examples)), sum(map(self._is_awaited, self.examples))

    def _is_awaited(self, example: Example) -> bool:
        return not self.is_ready(example) and self.is_coming(example)

    def prepare(self) -> threading.Thread:
        """Builds what is missing, one after the other, in the background; ends with this process."""
        self._thread = threading.Thread(target=self._build_all, name="gallery", daemon=True)
        atexit.register(self._interrupt)
        self._thread.start()
        return self._thread

    def _build_all(self) -> None:
        for folder in (self.results, self.results.parent):
            sweep(folder)
        remove_abandoned(self.results, prefix=".")
        for example in self._all:
            if not self.is_ready(example):
                self._build(example)

    def _build(self, example: Example) -> None:
        build = [sys.executable, "-m", "gen3d", "build"]
        command = [*build, *example.asked, "-o", str(self.folder_of(example)), *self.options]
        home = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(home), os.getenv("PYTHONPATH"))))}
        held = None
        try:
            self.results.mkdir(parents=True, exist_ok=True)
            held = claim(self.results, wait=True)
            if not self.is_ready(example):  # another app may have built it meanwhile
                self._run(example, [*_NICE, *command], environment, held)
        except OSError as error:
            self.failures[example.name] = str(error)
        finally:
            release(held)

    def _run(self, example: Example, command: list[str], environment: dict[str, str], held: int | None) -> None:
        options = {"pass_fds": () if held is None else (held,), "preexec_fn": _ending_with_the_app()}
        self._building = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, **options
        )
        _, errors = self._building.communicate()
        if self._building.returncode:
            self.failures[example.name] = errors.strip().splitlines()[-1] if errors.strip() else "it was stopped"

    def _interrupt(self) -> None:
        if self._building and self._building.poll() is None:
            self._building.terminate()


_NICE = ("nice", "-n", "10") if os.name == "posix" else ()


def _ending_with_the_app() -> Callable[[], None] | None:
    """What a child does before it begins: asks Linux to end it, gently, when its parent is gone; None elsewhere."""
    if sys.platform != "linux":
        return None
    prctl, app = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != app:  # it went before it was asked
            os._exit(1)

    return ask


_PR_SET_PDEATHSIG = 1
"""prctl(2)."""
