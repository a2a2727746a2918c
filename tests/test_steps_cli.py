"""`gen3d look`, `grow` and `tour`: a build in three commands, each going on from the folder of the one before."""

import json
from dataclasses import replace

import pytest

import gen3d.models.pick
from gen3d.settings import PRESETS
from tests.runs import TINY, inside, room_models, save_rgbd
from tests.test_cli import refused, run


@pytest.fixture
def asked(tmp_path, monkeypatch) -> tuple[object, ...]:
    """A photo with depth, at a size that is not the preset's."""
    monkeypatch.setattr(gen3d.models.pick, "load_models", lambda *_: room_models())
    monkeypatch.setitem(PRESETS, "fast", replace(TINY, preset="fast", size_px=128))
    request = save_rgbd(tmp_path / "in")
    given = ("--depth", request.depth, "--fov", request.fov_deg, "--path", "orbit", "--seed", 3)
    return request.photo, *given, "--prompt-for", "left=a door", "--preset", "fast", "--size", 80


def test_three_steps_one_after_the_other_make_what_a_build_makes(asked, tmp_path):
    build, look, grow, tour = (tmp_path / name for name in ("b", "1", "2", "3"))
    assert run("build", *asked, "-o", build) == 0
    assert run("look", *asked, "-o", look) == run("grow", look, "-o", grow) == run("tour", grow, "-o", tour) == 0
    for name in ("scene.ply", "scene.splat", "transforms.json", "layers.npz"):
        assert (grow / name).read_bytes() == (build / name).read_bytes()
    assert (tour / "flythrough.mp4").read_bytes() == (build / "flythrough.mp4").read_bytes()
    records = [json.loads((folder / "run.json").read_text()) for folder in (build, tour)]
    for part in ("request", "settings", "seed"):
        assert records[0][part] == records[1][part]
    assert records[1]["request"]["photo"] == "photo.png" and records[1]["counts"]["width"] == 80
    assert set(records[0]["seconds"]) == set(records[1]["seconds"])


def test_a_later_step_may_be_asked_otherwise(asked, tmp_path):
    look, grow, tour = (tmp_path / name for name in ("1", "2", "3"))
    assert run("look", *asked, "-o", look) == 0
    otherwise = ("--path", "peek", "--seed", 5, "--prompt", "a hall", "--max-gaussians", 900)
    assert run("grow", look, *otherwise, "-o", grow) == 0
    assert run("tour", grow, "--path", "dolly", "-o", tour) == 0
    grown, told = (json.loads((folder / "run.json").read_text()) for folder in (grow, tour))
    assert (grown["request"]["path"], grown["seed"], grown["request"]["prompt"]) == ("peek", 5, "a hall")
    assert grown["request"]["prompts"] == [["left", "a door"]] and grown["counts"]["gaussians"] == 900
    assert (told["request"]["path"], told["seed"]) == ("dolly", 5)


def test_another_kind_of_video_is_asked_for_in_words(asked, tmp_path, capsys):
    assert run("build", *asked, "-o", tmp_path / "b") == 0
    capsys.readouterr()
    asked_for = ("--kind", "webp", "--shape", "9:16", "--strength", 2)
    assert run("tour", tmp_path / "b", *asked_for, "-o", tmp_path / "t") == 0
    told, record = capsys.readouterr(), json.loads((tmp_path / "t" / "run.json").read_text())
    assert (tmp_path / "t" / "boomerang.webp").read_bytes()[8:12] == b"WEBP"
    assert not (tmp_path / "t" / "flythrough.mp4").exists()
    assert "9:16 is cut out of the photo's shape" in told.err + told.out
    counts = record["counts"]
    assert counts["tour_amplitude"] == 2.0 and counts["frames"] == TINY.tour.frames // 2 + 1
    assert ("Holes begin at frame" in told.err + told.out) == (counts["first_hole"] is not None)
    assert "A strength of 3" in refused(capsys, "tour", tmp_path / "b", "--strength", 3, "-o", tmp_path / "out")
    assert "A width of 9 pixels" in refused(capsys, "tour", tmp_path / "b", "--width", 9, "-o", tmp_path / "out")
    assert "a shape of its own" in refused(
        capsys, "tour", tmp_path / "b", "--kind", "vr180", "--shape", "1:1", "-o", tmp_path / "out",
    )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_step_without_the_one_before_is_refused(asked, tmp_path, capsys):
    look = tmp_path / "1"
    assert run("look", *asked, "-o", look) == 0
    before = inside(tmp_path)
    assert "holds no scene" in refused(capsys, "tour", look, "-o", tmp_path / "out")
    assert "run.json" in refused(capsys, "grow", tmp_path / "in", "-o", tmp_path / "out")
    assert "run.json" in refused(capsys, "tour", tmp_path / "none", "-o", tmp_path / "out")
    for output in (look, tmp_path):
        assert "lies in the output folder" in refused(capsys, "grow", look, "--force", "-o", output)
    assert "no path" in refused(capsys, "grow", look, "--path", "zigzag", "-o", tmp_path / "out")
    assert inside(tmp_path) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.pop("request"), lambda record: record.update(request=[1]),
        lambda record: record["request"].pop("photo"), lambda record: record["request"].update(prompts=[1]),
        lambda record: record["request"].update(colour="red"), lambda record: record.update(settings={}),
        lambda record: record["settings"].update(preset="best"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_say_what_was_asked_is_refused(asked, damage, tmp_path, capsys):
    look = tmp_path / "1"
    assert run("look", *asked, "-o", look) == 0
    record = json.loads((look / "run.json").read_text())
    damage(record)
    (look / "run.json").write_text(json.dumps(record))
    refused(capsys, "grow", look, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
