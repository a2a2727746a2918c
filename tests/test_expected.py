"""How long a scene takes: before anything was measured, and learned."""

import json
import threading

import pytest

from gen3d.events import Started
from gen3d.request import Request
from gen3d.settings import FAST, PRESETS
from gen3d.stage_table import STEPS
from gen3d.ui.core.expected import NEWEST, Expected, shares
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.running import Running
from gen3d.ui.core.steps import Steps

MEASURED = {"depth": 2.0, "expand": 10.0}


def test_before_a_first_scene_the_presets_seconds_count(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    for name, preset in PRESETS.items():
        assert expected.seconds(name) == pytest.approx(preset.seconds)
        assert list(expected.stages(name)) == list(shares())
    assert not (tmp_path / "seconds.json").exists(), "asking writes nothing"


def test_the_first_scene_counts_whole_and_later_ones_by_their_share(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    expected.learn("fast", MEASURED)
    assert expected.stages("fast") == MEASURED and expected.seconds("fast") == 12.0
    expected.learn("fast", {"depth": 4.0, "expand": 10.0})
    assert expected.stages("fast") == {"depth": 2.0 + NEWEST * 2.0, "expand": 10.0}


def test_a_preset_that_was_never_run_is_as_much_slower_as_those_that_were(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    expected.learn("fast", {"depth": 2.0 * PRESETS["fast"].seconds})
    assert expected.seconds("balanced") == pytest.approx(2 * PRESETS["balanced"].seconds)
    assert expected.stages("balanced")["expand"] == pytest.approx(2 * PRESETS["balanced"].seconds * shares()["expand"])


@pytest.mark.parametrize("slower", [(), ("examples are being made",)])
def test_a_scene_is_learned_from_only_where_nothing_else_was_under_way(tmp_path, slower):
    def step(request, settings, folder):
        yield Started("depth")

    steps = Steps(step, step, step, {}, "a stage", {}, draws=False)
    visits, expected = Visits(tmp_path / "visits"), Expected(tmp_path / "seconds.json", lambda: slower)
    request = Request(tmp_path / "photo.png")
    run = Running(steps, visits, expected).run(STEPS, "somebody", lambda: visits.begin("somebody", request, FAST))
    assert [*run][-1].state == "done"
    assert expected.is_measured("fast") == (not slower)


def test_stages_come_in_the_order_in_which_they_last_ran(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    expected.learn("fast", MEASURED)
    expected.learn("fast", {"words": 1.0, **MEASURED})
    assert list(expected.stages("fast")) == ["words", "depth", "expand"]


def test_what_was_learned_is_there_after_a_restart(tmp_path):
    file = tmp_path / "new folder" / "seconds.json"
    Expected(file).learn("quality", MEASURED)
    assert Expected(file).stages("quality") == MEASURED


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"fast": 3}', '{"fast": {"depth": "soon"}}', '{"fast": {}}'])
def test_a_file_that_others_wrote_is_no_error(tmp_path, text):
    file = tmp_path / "seconds.json"
    file.write_text(text)
    expected = Expected(file)
    assert expected.seconds("fast") == pytest.approx(PRESETS["fast"].seconds)
    expected.learn("fast", MEASURED)
    assert json.loads(file.read_text())["fast"] == MEASURED


def test_a_place_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    expected = Expected(tmp_path / "file" / "seconds.json")
    expected.learn("fast", MEASURED)
    assert expected.stages("fast") == MEASURED


def test_visitors_who_finish_at_once_leave_a_whole_file(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    threads = [threading.Thread(target=expected.learn, args=(preset, MEASURED)) for preset in 4 * list(PRESETS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads((tmp_path / "seconds.json").read_text()) == dict.fromkeys(PRESETS, MEASURED)


def test_what_is_handed_out_is_a_copy(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    expected.learn("fast", MEASURED)
    expected.stages("fast").clear()
    assert expected.stages("fast") == MEASURED
