"""What odd inputs come to: `python -m bench.corpus [--only WORDS] [--heavy] [--most-mb 2048]`.

Every case of `tests/corpus` through the command line, each in a fork of a process that has imported everything and run
nothing, with a preset that finishes at once. Prints, by kind of input: cases, built, refused, those with something
wrong, the slowest refusal, the most memory that a process held; then what was wrong. The exit code is 1 if anything
was, or if more memory was taken than `--most-mb`.
"""

from __future__ import annotations

import gen3d  # noqa: F401  # isort: skip  # before torch, so that its wait policy counts

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.tables import table
from gen3d.settings import PRESETS
from tests.corpus.case import Case
from tests.corpus.driver import CASES, faults, run

USED = (
    "gen3d.run.steps", "gen3d.run.render", "gen3d.run.checked", "gen3d.products.export", "gen3d.products.prune",
    "gen3d.models.builtin", "gen3d.formats.scene_file",
)  # fmt: skip
"""What the commands import when they run."""


@dataclass(frozen=True)
class Row:
    """How a case went."""

    group: str
    name: str
    code: int | None
    seconds: float
    peak_mb: int
    wrong: list[str]


def tried(case: Case) -> Row:
    """The case in a process of its own."""
    home = Path(tempfile.mkdtemp(prefix="gen3d-corpus-"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, json.dumps(_inside(case, home)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        answer = told.read()
    _, status, used = os.wait4(child, 0)
    shutil.rmtree(home, ignore_errors=True)
    code, seconds, wrong = json.loads(answer) if answer else (None, 0.0, [f"the process ended with {status}"])
    return Row(case.group, case.name, code, seconds, used.ru_maxrss // 1024, wrong)


def _inside(case: Case, home: Path) -> tuple[int | None, float, list[str]]:
    try:
        outcome = run(case, home)
        return outcome.code, round(outcome.seconds, 2), faults(case, home, outcome)
    except BaseException as error:
        return None, 0.0, [f"{type(error).__name__}: {error}"]


def quickly() -> None:
    """The preset fast finishes at once, and everything is imported that a command would."""
    fast = PRESETS["fast"]
    PRESETS["fast"] = replace(
        fast, expand=replace(fast.expand, poses=2), fit=replace(fast.fit, iterations=3, max_gaussians=20_000),
        tour=replace(fast.tour, frames=3, width_px=96),
    )  # fmt: skip
    for module in USED:
        importlib.import_module(module)


def summary(group: str, rows: list[Row]) -> list[str]:
    """A line of the table."""
    refused = [row for row in rows if row.code in (1, 2)]
    return [
        group, str(len(rows)), str(sum(row.code == 0 for row in rows)), str(len(refused)),
        str(sum(row.code not in (0, 1, 2) for row in rows)), str(sum(bool(row.wrong) for row in rows)),
        f"{max((row.seconds for row in refused), default=0):.1f}", str(max(row.peak_mb for row in rows)),
    ]  # fmt: skip


HEAD = ["group", "cases", "built", "refused", "tracebacks", "wrong", "slowest refusal s", "peak MB"]


def main() -> int:
    """Runs what was asked for and prints the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="WORDS", help="cases whose title holds this")
    parser.add_argument("--heavy", action="store_true", help="only those with gigabytes in them")
    parser.add_argument("--most-mb", type=int, help="more memory than this is wrong")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every row")
    told = parser.parse_args()
    quickly()
    chosen = [c for c in CASES if (not told.heavy or c.heavy) and (told.only or "") in c.title]
    rows = [tried(case) for case in chosen]
    groups = {row.group: [r for r in rows if r.group == row.group] for row in rows}
    lines = [summary(group, some) for group, some in groups.items()]
    print(table(HEAD, [*lines, summary("all", rows)] if rows else []), flush=True)
    large = [row for row in rows if told.most_mb and row.peak_mb > told.most_mb]
    for row in rows:
        for fault in row.wrong:
            print(f"{row.group}: {row.name}: {fault}")
    for row in large:
        print(f"{row.group}: {row.name}: {row.peak_mb} MB")
    if told.json:
        told.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 1 if large or any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
