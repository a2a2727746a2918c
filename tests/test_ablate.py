"""`gen3d ablate`: settings are varied as they are called, crossed, and told with figures and seconds."""

from __future__ import annotations

import csv

import pytest

from gen3d.cli import main
from gen3d.errors import InputError
from gen3d.events import Notice, product
from gen3d.request import Request
from gen3d.run.ablate import ALIGN, VARIED, Vary, ablate, parse_vary, photos_in, varied
from gen3d.splat.pick import pick_rasterizer
from tests.runs import TINY, room_models, save_rgbd


def test_every_name_changes_what_it_says():
    case = Request(), TINY
    assert varied(case, {"N": "4"})[1].expand.poses == 4
    assert varied(case, {"M": "0"})[1].fit.reprojections == 0
    assert varied(case, {"iterations": "7"})[1].fit.iterations == 7
    assert varied(case, {"path": "orbit"})[0].path == "orbit"
    assert varied(case, {"size": "80"})[1].size_px == 80
    assert [varied(case, {"align": kind})[1].expand.align for kind in ALIGN] == list(ALIGN.values())
    both = varied(case, {"N": "4", "align": "none"})[1].expand
    assert (both.poses, both.align) == (4, ())
    assert set(VARIED) == {"N", "M", "iterations", "path", "size", "align"}


@pytest.mark.parametrize("text", ["", "N", "N=", "K=1,2", "=4"])
def test_what_varies_nothing_is_refused(text):
    with pytest.raises(InputError, match="NAME=A,B,C"):
        parse_vary(text)


@pytest.mark.parametrize("chosen", [{"N": "-1"}, {"N": "four"}, {"align": "some"}, {"path": "moon"}, {"size": "7"}])
def test_a_value_that_is_none_is_refused(chosen):
    with pytest.raises(InputError):
        varied((Request(), TINY), chosen)


@pytest.mark.slow
def test_values_are_crossed_and_leave_a_row_each(tmp_path):
    save_rgbd(tmp_path / "photos").depth.rename(tmp_path / "photos" / "photo_depth.npy")
    requests = photos_in(tmp_path / "photos")
    assert [request.depth.name for request in requests] == ["photo_depth.npy"]
    varying, told = [parse_vary("N=0,2"), Vary("align", ("none", "full"))], []
    rows = product(
        ablate(requests, varying, room_models(), pick_rasterizer("cpu"), TINY, tmp_path / "out"), told.append
    )
    assert [(row["N"], row["align"]) for row in rows] == [("0", "none"), ("0", "full"), ("2", "none"), ("2", "full")]
    assert all(row["seconds"] > 0 and {"coverage", "sharpness", "warped_db"} <= set(row) for row in rows)
    assert [row["views"] > 0 for row in rows] == [False, False, True, True]
    assert rows[2]["gaussians"] > rows[0]["gaussians"]
    with (tmp_path / "out" / "ablation.csv").open() as file:
        assert [row["N"] for row in csv.DictReader(file)] == ["0", "0", "2", "2"]
    plots = {file.stem for file in (tmp_path / "out").glob("*.png")}
    without = any("matplotlib" in event.text for event in told if isinstance(event, Notice))
    assert ("coverage" in plots) != without


def test_a_folder_without_photos_is_refused(tmp_path, capsys):
    assert main(["ablate", str(tmp_path), "--vary", "N=1", "-o", str(tmp_path / "out")]) == 1
    assert "holds no photos" in capsys.readouterr().err and not (tmp_path / "out").exists()
