"""Odd inputs through the command line, through Python, and through the page's API: see `tests/corpus`.

A sample by default; every case in `make test-all`, those with gigabytes in them in processes of their own.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from gen3d.errors import Gen3DError
from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Request
from gen3d.run.steps import build
from gen3d.settings import PRESETS
from gen3d.splat.pick import pick_rasterizer
from tests.corpus.case import Case
from tests.corpus.driver import CASES, prepare, try_out
from tests.runs import TINY, inside

QUICK = replace(
    TINY, preset="fast", size_px=64, expand=replace(TINY.expand, poses=2), fit=replace(TINY.fit, iterations=3),
    tour=replace(TINY.tour, frames=3),
)  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The preset fast finishes at once."""
    monkeypatch.setitem(PRESETS, "fast", QUICK)


def marked(cases: list[Case]) -> list:
    slow = pytest.mark.slow
    return [pytest.param(case, id=case.title, marks=() if case.sample else slow) for case in cases]


@pytest.mark.parametrize("case", marked([case for case in CASES if not case.heavy]))
def test_an_odd_input_is_built_or_refused_and_nothing_else(case, tmp_path):
    assert try_out(case, tmp_path) == []


REQUEST_OF = {
    "pictures": lambda file: Request(file, fov_deg=60.0),
    "depths": lambda file: Request(file.parent / "photo.png", depth=file, fov_deg=60.0),
    "paths": lambda file: Request(file.parent / "photo.png", path=str(file), fov_deg=60.0),
}


@pytest.mark.parametrize(
    "case", marked([c for c in CASES if c.group in REQUEST_OF and not c.heavy and "scale" not in c.name])
)
@pytest.mark.slow
def test_python_gives_the_same_or_one_error(case, tmp_path):
    prepare(case, tmp_path)
    request, before = REQUEST_OF[case.group](tmp_path / "in" / case.file), inside(tmp_path)
    try:
        *_, last = build(request, builtin_models(), pick_rasterizer(), QUICK, tmp_path / "out")
    except Gen3DError as error:
        assert case.wanted != "built" and error.what.endswith((".", "!", "?")) and error.remedy.endswith(".")
        assert inside(tmp_path) == before
        return
    assert case.wanted != "refused" and last.step == "build" and (tmp_path / "out" / "scene.ply").is_file()


@pytest.mark.slow
def test_what_claims_gigabytes_is_built_or_refused_within_two(tmp_path):
    """Each in a process of its own, whose memory is measured."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "bench.corpus", "--heavy", "--most-mb", "2048"], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_corpus_is_large_and_says_what_it_wants():
    groups = Counter(case.group for case in CASES)
    assert len(CASES) > 422 and len({case.title for case in CASES}) == len(CASES)
    assert all(groups[group] > 25 for group in groups) and 30 < sum(case.sample for case in CASES) < 60
    assert Counter(case.wanted for case in CASES)["refused"] > 200
