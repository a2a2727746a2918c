"""Runs a case through the command line, in this process, and says what is wrong with how it went.

    faults = try_out(case, folder)

A folder of its own gets the inputs in `in/`, a foreign file in `foreign/`, and is the only place where anything may
be left. Standard output is strict UTF-8, as in a terminal.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gen3d.cli import main
from tests.corpus import depths, exports, options, paths, pictures, scenes
from tests.corpus.case import Case
from tests.corpus.contents import depth_png, png

CASES: list[Case] = [c for module in (pictures, depths, paths, scenes, options, exports) for c in module.CASES]
SENTENCES = re.compile(r"^gen3d: .+[.!?] \S.*[.!?]$", re.DOTALL)
GOOD = {
    "photo": ("photo.png", png), "depth": ("depth.png", depth_png), "cameras": ("cameras.json", scenes.cameras),
    "scene": ("scene.ply", lambda: scenes.ply(scenes.rows())),
}  # fmt: skip
BUILT = {"scene.ply", "scene.splat", "scene.view", "scene.html", "transforms.json", "run.json", "flythrough.mp4"}


@dataclass(frozen=True)
class Outcome:
    """How a case went."""

    code: int | None
    """None for an exception that nobody caught."""
    told: str
    """On standard error, a traceback included."""
    shown: str
    """On standard output."""
    seconds: float


def try_out(case: Case, home: Path) -> list[str]:
    """What is wrong with how a case goes; nothing, if all is as it should be."""
    outcome = run(case, home)
    return faults(case, home, outcome)


def run(case: Case, home: Path) -> Outcome:
    """Prepares a folder and lets the command line loose on the case."""
    argv = prepare(case, home)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors=rule) for rule in ("strict", "backslashreplace"))
    start = time.perf_counter()
    with chdir(home / "cwd"), _temporaries_in(home / "tmp"), redirect_stdout(out), redirect_stderr(err):
        code = _exit_code(argv)
    seconds = time.perf_counter() - start
    told, shown = (_read(stream) for stream in (err, out))
    return Outcome(code, told, shown, seconds)


def _read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()


def _exit_code(argv: list[str]) -> int | None:
    try:
        return main(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except Exception:
        traceback.print_exc()
        return None


def prepare(case: Case, home: Path) -> list[str]:
    """Makes the inputs; the arguments as they are then."""
    for name in ("in", "tmp", "cwd", "foreign"):
        (home / name).mkdir(parents=True)
    (home / "foreign" / "thesis.txt").write_text("mine")
    (home / "linked").symlink_to(home / "target")
    places = {"home": home, "out": home / "out", "linked": home / "linked", "file": case.put(home / "in")}
    for name, (file, content) in GOOD.items():
        places[name] = home / "in" / file
        if f"{{{name}}}" in " ".join(case.argv):
            places[name].write_bytes(content())
    return [re.sub(r"\{(\w+)\}", lambda found: str(places[found[1]]), argument) for argument in case.argv]


@contextmanager
def _temporaries_in(folder: Path) -> Iterator[None]:
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before[0]
        os.environ.pop("TMPDIR") if before[1] is None else os.environ.update(TMPDIR=before[1])


def faults(case: Case, home: Path, outcome: Outcome) -> list[str]:
    """What is wrong, in words."""
    wrong = [*_said(case, outcome), *_left(case, home, outcome)]
    if outcome.code == 0 and not wrong:
        wrong += _made(case, home)
    return wrong


def _said(case: Case, outcome: Outcome) -> Iterator[str]:
    """About the exit code and the words."""
    last = outcome.told.strip().rpartition("\ngen3d: ")[2][-300:]
    if outcome.code not in (0, 1, 2) or "Traceback" in outcome.told:
        yield f"a traceback: {outcome.told.strip()[-600:]}"
    elif outcome.code == 1 and not SENTENCES.match("gen3d: " + last.removeprefix("gen3d: ")):
        yield f"no two sentences: {last}"
    elif "plays" in outcome.told + outcome.shown:
        yield f"an engine was blamed for the input: {last}"
    elif case.wanted != "either" and (outcome.code == 0) != (case.wanted == "built"):
        yield f"{case.wanted} was wanted, the exit code is {outcome.code}: {last}"


def _left(case: Case, home: Path, outcome: Outcome) -> Iterator[str]:
    """About what lies in the folder afterwards."""
    if (home / "foreign" / "thesis.txt").read_text() != "mine":
        yield "a foreign file was changed"
    there = {os.fsencode(path.name).decode("utf-8", "backslashreplace"): path for path in home.iterdir()}
    others = {name for name in there if name not in ("in", "tmp", "cwd", "foreign", "linked")}
    stray = {name for name in others if name.startswith(".")}
    if outcome.code != 0 and case.argv[0] != "export":  # an export keeps the files that it has made whole
        stray = others
    stray |= {f"tmp/{path.name}" for path in (home / "tmp").iterdir() if not path.name.startswith("torchinductor")}
    stray |= {f"cwd/{path.name}" for path in (home / "cwd").iterdir() if outcome.code != 0 or path.name == "PWNED"}
    if stray:
        yield f"left behind: {', '.join(sorted(stray))}"


def _made(case: Case, home: Path) -> Iterator[str]:
    """About the output."""
    for scene in (*home.glob("*/scene.ply"), *home.glob("out.ply")):
        content = scene.read_bytes()
        if not np.isfinite(np.frombuffer(content[content.index(b"end_header\n") + 11 :], "<f4")).all():
            yield f"{scene.name} holds what is not a number"
    if case.argv[0] == "build" and (home / "out").is_dir() and not (home / "out" / "a").is_dir():
        missing = BUILT - {path.name for path in (home / "out").iterdir()}
        if missing:
            yield f"the output lacks {', '.join(sorted(missing))}"
    if case.after is not None:
        case.after(home / "out")
