"""`gen3d score`: figures of what was made for the benchmark, at the frames it looks at and at random."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.cli import main
from gen3d.events import Notice, product
from gen3d.formats.worldscore import read_items, written_in
from gen3d.run.score import FIGURES, random_cameras, score
from gen3d.run.worldscore import Bench, make_items
from gen3d.splat.pick import pick_rasterizer
from tests.runs import TINY, room_models
from tests.tiny_worldscore import save_dataset

OF_PAIRS = {"reprojection_px", "cycle_px", "warped_db", "flicker"}


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("scored")
    items = read_items(save_dataset(home / "data", [["move_left"]]))
    made = Bench(room_models(), pick_rasterizer("cpu"), TINY, side_px=96)
    list(make_items(items[:1], made, home / "out"))
    return home / "out"


def test_every_figure_is_reckoned_and_defined(out, capsys):
    assert main(["score", str(out), "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    found = json.loads((out / "score.json").read_text())
    assert set(found["figures"]) == set(FIGURES) and "not WorldScore" in found["about"] and "not WorldScore" in printed
    assert all(name in printed for name in FIGURES)
    [item] = found["items"].values()
    of_view = set(FIGURES) - set(item["files"])
    assert set(item["anchor"]) == of_view and set(item["random"]) == of_view
    assert item["files"]["rotation_error_deg"] < 1e-4 and item["files"]["translation_error"] < 1e-6
    assert item["anchor"]["reprojection_px"] < 6 and item["anchor"]["warped_db"] > 18  # of 512: a pixel here is 5.3
    assert 0.9 < item["anchor"]["coverage"] <= 1 and item["random"]["largest_hole"] < 0.1


def test_poses_that_are_not_those_of_the_layout_are_told(out, tmp_path):
    shutil.copytree(out, tmp_path / "out")
    file = next((tmp_path / "out").rglob("camera_data.json"))
    told = json.loads(file.read_text())
    told["cameras_interp"][49][0][3] += told["scale"] / 4
    file.write_text(json.dumps(told))
    found = product(score(tmp_path / "out", pick_rasterizer("cpu")))
    assert found["mean"]["files"]["translation_error"] == pytest.approx(0.25, abs=1e-6)


def test_an_item_without_a_scene_is_scored_by_its_files(out, tmp_path):
    shutil.copytree(out / "worldscore_output", tmp_path / "worldscore_output")
    told = []
    found = product(score(tmp_path, pick_rasterizer("cpu")), told.append)
    assert [event for event in told if isinstance(event, Notice)]
    assert set(found["mean"]["anchor"]) == {"style_distance", "sharpness"} and found["mean"]["random"] == {}


def test_random_views_are_the_same_for_the_same_seed_and_lie_beside_the_path(out):
    [item] = written_in(out)
    lens = Camera.from_fov(54.2, 96, 96)
    one, again, other = ([a.c2w for a, _ in random_cameras(item, lens, seed)] for seed in (0, 0, 1))
    assert np.array_equal(one, again) and not np.allclose(one, other)
    path = [(-x, 0, 0) for x in np.linspace(0, item.amplitude_m / 2, 50)]
    beside = [min(np.linalg.norm(c2w[:3, 3] - place) for place in path) for c2w in one]
    assert 0 < max(beside) < 0.2 * item.amplitude_m


def test_a_folder_without_items_and_a_damaged_one_are_refused(out, tmp_path, capsys):
    assert main(["score", str(tmp_path)]) == 1
    assert "gen3d worldscore" in capsys.readouterr().err
    shutil.copytree(out / "worldscore_output", tmp_path / "worldscore_output")
    next(tmp_path.rglob("image_data.json")).write_text("{")
    assert main(["score", str(tmp_path)]) == 1
    assert "damaged" in capsys.readouterr().err and not (tmp_path / "score.json").exists()
