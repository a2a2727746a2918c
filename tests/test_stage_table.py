"""The table of stages: one more row, added as docs/architecture.md says, is found wherever stages are told or drawn."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

from gen3d import cli, explain, pipeline, stage_table
from gen3d.events import Intermediate, Progress, Stage, Started
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.sheet import contact_sheet
from gen3d.settings import PRESETS
from gen3d.splat.gaussians import Gaussians
from gen3d.stage_table import STAGES, StageRow
from tests.runs import TINY, save_rgbd

POLISH = StageRow("polish", "grow", "polishing", 0.05, "The shine", heading="Polish (no paper)")


def polish_gaussians(gaussians: Gaussians) -> Stage[Gaussians]:
    """What the file stages/polish.py would hold."""
    yield Started("polish")
    yield Progress("polish", 1, 1)
    yield Intermediate("polish", {"shine": 7})
    return gaussians


def show_polish(shine: int) -> Iterator[Exhibit]:
    """What explain/polish.py would hold."""
    yield Exhibit("polish", "1_shine", "How it shines", lambda: np.zeros((8, 8, 3), np.uint8), lambda: {"shine": shine})


@pytest.fixture
def polished(monkeypatch):
    """The recipe: the stage's file, its call in pipeline.py, its row, its exhibits; nothing else is touched."""
    module = ModuleType("gen3d.stages.polish", "Polishing: nothing changes, and everything shines.\n\nMore.")
    monkeypatch.setitem(sys.modules, "gen3d.stages.polish", module)
    fit = pipeline.optimize_gaussians

    def fitted_and_polished(*args) -> Stage[Gaussians]:
        gaussians = yield from fit(*args)
        return (yield from polish_gaussians(gaussians))

    monkeypatch.setattr(pipeline, "optimize_gaussians", fitted_and_polished)
    after = [row.name for row in STAGES].index("optimize") + 1
    monkeypatch.setattr(stage_table, "STAGES", (*STAGES[:after], POLISH, *STAGES[after:]))
    monkeypatch.setitem(explain.EXHIBITS, "polish", show_polish)
    monkeypatch.setitem(PRESETS, "fast", TINY)


def test_a_stage_that_is_added_is_told_timed_and_drawn(polished, tmp_path, capsys):
    request = save_rgbd(tmp_path / "in")
    argv = ["build", request.photo, "--depth", request.depth, "--preset", "fast", "--engine", "builtin"]
    assert cli.main([*map(str, argv), "--explain", "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert re.search(r"s  polish\n +Polishing: nothing changes, and everything shines\.\n", told)
    assert told.index("s  optimize") < told.index("s  polish") < told.index("s  flythrough")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["seconds"]["polish"] >= 0
    drawn = sorted(path.stem for path in (tmp_path / "out" / "explain").glob("*.png"))
    assert "07_polish_1_shine" in drawn and any(name.startswith("08_flythrough") for name in drawn)
    assert json.loads((tmp_path / "out" / "explain" / "figures.json").read_text())["07_polish_1_shine"]["shine"] == 7


def test_the_sheet_has_its_heading(polished, tmp_path):
    """Black pictures under the heading of their stage, and under one that has none."""
    from gen3d.formats.picture import write_png

    sizes = {}
    for name in ("07_polish_1_shine", "99_nobody_1_shine"):
        write_png(tmp_path / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
        sizes[name] = contact_sheet(tmp_path, {name: {"caption": "How it shines"}}, "title").shape[0]
    assert sizes["07_polish_1_shine"] > sizes["99_nobody_1_shine"] + 20


def test_its_row_is_asked_by_name_step_and_place(polished):
    assert stage_table.title("polish") == "polishing" and stage_table.row("polish") is POLISH
    assert stage_table.number("polish") == 7 and stage_table.number("flythrough") == 8
    assert POLISH in stage_table.stages_of("grow") and POLISH not in stage_table.stages_of("look", "tour")


def test_a_name_without_a_row_is_told_as_it_is():
    assert stage_table.title("mesh") == "mesh" and stage_table.row("mesh") is None
    with pytest.raises(ValueError, match="words"):
        stage_table.number("words")


@pytest.mark.parametrize("row", STAGES, ids=lambda row: row.name)
def test_every_stage_has_a_module_that_says_what_it_does_and_starts_by_its_name(row):
    module = import_module(row.module)
    assert module.__doc__ and f'Started("{row.name}")' in (module.__spec__.loader.get_source(row.module) or "")


def test_stages_run_in_the_order_of_their_rows_and_steps_hold_together(built):
    ran = [event.stage for event in built.events if isinstance(event, Started)]
    assert ran == [row.name for row in STAGES if row.name in ran]
    assert {row.name for row in STAGES if row.always} <= set(ran)
    assert list(dict.fromkeys(row.step for row in STAGES)) == list(stage_table.STEPS)
    assert all(0 <= row.share < 1 for row in STAGES) and sum(row.share for row in STAGES) == pytest.approx(1)


def test_what_previews_and_exhibits_are_drawn_from_belongs_to_a_stage():
    for name in (*explain.PREVIEWS, *explain.EXHIBITS):
        assert stage_table.row(name.split(".")[0]), name
