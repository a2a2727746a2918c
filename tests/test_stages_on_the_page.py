"""One row of STAGES is all that a stage takes on the page: a process of its own reads the table with a row more."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

PROGRAM = '''
import json, sys
from pathlib import Path
import gen3d.stage_table as table
tint = table.StageRow("tint", "grow", "tinting", 0.5, "The tinted photo")
table.STAGES = (*table.STAGES[:5], tint, *table.STAGES[5:])

import numpy as np
from gen3d.events import Preview, Progress, Started
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.progress import Shown
from gen3d.ui.core.running import _part
from gen3d.ui.core.steps import Steps
from gen3d.ui.page import sending
from gen3d.ui.page.layout import build_page

folder = Path(sys.argv[1])
steps = Steps(None, None, None, {}, "a stage", {"wander": "here and there"}, draws=True)
page = build_page(steps, Visits(folder / "visits"), Gallery((), folder / "gallery"))
seconds = Expected(folder / "seconds.json").stages("fast")
shown = Shown(1, "job", _part(seconds, ["grow"]))
for event in (Started("tint"), Progress("tint", 1, 4), Preview("tint", np.zeros((4, 4, 3), np.uint8))):
    shown = shown.after(event, folder / "shown")
print(json.dumps({
    "line": shown.sentence, "status": shown.values()["status"], "picture": shown.values()["tint"],
    "expected": list(shown.expected), "grown": sending.GROWN, "built": sending.BUILT, "looked": sending.LOOKED,
    "labels": [part["props"].get("label") for part in page.get_config_file()["components"]],
    "returns": [one["label"] for one in page.get_api_info()["named_endpoints"]["/grow"]["returns"]],
    "scripts": " ".join(one["js"] for one in page.get_config_file()["dependencies"] if isinstance(one["js"], str)),
}))
'''


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("tint")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, cwd=Path(__file__).parents[1],
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_is_in_the_progress_line_and_counts(told):
    assert told["line"].startswith("Step 1 of 9: tinting 1 of 4 … about ")
    assert "tinting 1/4" in told["status"]


def test_its_seconds_are_expected_where_its_step_runs(told):
    assert told["expected"] == ["background", "tint", "lift", "expand", "optimize"]


def test_its_picture_has_a_place_on_the_page_and_a_name(told):
    assert Path(told["picture"]).name == "tint.png"
    assert "The tinted photo" in told["labels"] and '"tint": "The tinted photo"' in told["scripts"]


def test_the_steps_that_run_it_give_its_picture(told):
    assert told["grown"] == ["progress", "background", "tint", "views", "scene", "files", "viewer"]
    assert "tint" in told["built"] and "tint" not in told["looked"] and "The tinted photo" in told["returns"]
