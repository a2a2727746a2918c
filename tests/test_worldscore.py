"""What is written for the WorldScore benchmark: its files, names, sizes, fields and poses, however a run ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from gen3d.cli import main
from gen3d.errors import InputError
from gen3d.events import Notice
from gen3d.formats.worldscore import centre_crop, read_items
from gen3d.geometry.layouts import LAYOUTS
from gen3d.models.builtin.bundle import builtin_models
from gen3d.run.worldscore import Bench, chosen, make_item, make_items, wanted
from gen3d.settings import FAST
from gen3d.splat.pick import pick_rasterizer
from tests.fakes import FakeDepth, FakeInpainter
from tests.patience import PATIENCE_S
from tests.runs import TINY, room_models
from tests.test_layouts import recomputed
from tests.tiny_worldscore import save_dataset, write_items

ROOT = Path(__file__).parents[1]
SIDE_PX = 48
CHAIN = ["pan_left", "move_right"]


def bench(**otherwise) -> Bench:
    made = {"models": room_models(), "rasterizer": pick_rasterizer("cpu"), "settings": TINY, "side_px": SIDE_PX}
    return Bench(**(made | otherwise))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of what is scored, and the scenes; not what tells seconds."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "run.json")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return save_dataset(tmp_path_factory.mktemp("data"), [CHAIN])


@pytest.fixture(scope="module")
def out(dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "out"
    list(make_items(read_items(dataset), bench(), folder))
    return folder


def check(folder: Path, item: dict, side_px: int) -> None:
    """Everything that the evaluator opens, strictly."""
    layouts = item["camera_path"]
    count = 49 * len(layouts) + 1
    named = {"input_image.png", "image_data.json", "camera_data.json", "videos", "frames"}
    assert {path.name for path in folder.iterdir()} == named
    assert sorted(os.listdir(folder / "frames")) == [f"{i:03d}.png" for i in range(count)]
    for file in [folder / "input_image.png", *(folder / "frames").iterdir()]:
        with Image.open(file) as picture:
            assert (picture.size, picture.mode) == ((side_px, side_px), "RGB")
    assert os.listdir(folder / "videos") == ["output.mp4"]
    with av.open(str(folder / "videos" / "output.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == count
    about = json.loads((folder / "image_data.json").read_text(encoding="utf-8"))
    anchors = [49 * i for i in range(len(layouts) + 1)]
    assert about == item | {"num_scenes": len(layouts), "total_frames": count, "anchor_frame_idx": anchors}
    told = json.loads((folder / "camera_data.json").read_text(encoding="utf-8"))
    assert set(told) == {"focal_length", "scale", "cameras", "cameras_interp"} and told["focal_length"] == 500
    keys, frames = recomputed(layouts, told["scale"])
    assert np.allclose(told["cameras"], keys, atol=1e-9) and np.allclose(told["cameras_interp"], frames, atol=1e-9)


def test_exactly_the_files_of_the_evaluator_are_written(dataset, out):
    items = [item for item in json.loads((dataset / "static" / "static.json").read_text()) if "camera_path" in item]
    root = out / "worldscore_output" / "static"
    places = ["photorealistic/indoor/living_spaces/000", "stylized/outdoor/coastlines/000"]
    assert [folder.relative_to(root).as_posix() for folder in sorted(root.glob("*/*/*/*"))] == places
    for place, item in zip(places, items, strict=True):
        check(root / place, item, SIDE_PX)


def test_the_first_frame_shows_the_picture_and_a_pan_what_is_beside_it(out):
    folder = out / "worldscore_output" / "static" / "photorealistic" / "indoor" / "living_spaces" / "000"
    picture, first, last = (
        np.asarray(Image.open(folder / name), float)
        for name in ("input_image.png", "frames/000.png", "frames/049.png")
    )
    assert np.abs(picture - first).mean() < 12
    shift = round(500 * SIDE_PX / 512 * np.tan(np.radians(30)))  # of what was in the middle, which pans to the right
    assert np.abs(first[:, :8] - last[:, shift : shift + 8]).mean() < np.abs(first[:, :8] - last[:, :8]).mean()


def test_the_benchmarks_field_of_view_is_handed_to_the_depth_engine(dataset, tmp_path):
    class Asked(FakeDepth):
        seen = None

        def estimate(self, image, camera=None, expected=None):
            Asked.seen = Asked.seen or camera
            return super().estimate(image, camera, expected)

    items = read_items(dataset)
    next(event for event in make_item(items[0], bench(models=room_models(depth=Asked())), tmp_path) if Asked.seen)
    assert Asked.seen.fov_deg == pytest.approx((54.2, 54.2), abs=0.05)


def test_every_layout_is_made_up_in_its_own_words(dataset, tmp_path):
    painter = FakeInpainter()
    list(make_item(read_items(dataset)[0], bench(models=room_models(outpainter=painter)), tmp_path))
    assert {"the first scene. Oil on canvas", "the scene after pan_left. Oil on canvas"} <= set(painter.prompts)


def test_new_views_lie_on_the_anchors_or_between_them(dataset):
    from gen3d.geometry.layouts import anchors, frames
    from gen3d.values import RGBD, Layers

    lens = bench().lens()
    flat = RGBD(np.zeros((SIDE_PX, SIDE_PX, 3), np.float32), np.full((SIDE_PX, SIDE_PX), 2, np.float32), lens)
    nothing = np.zeros((SIDE_PX, SIDE_PX), bool)
    poses = frames(anchors(CHAIN, 1.0))
    for kind, at in (("anchor", (49, 98)), ("between", (25, 74))):
        asked = wanted(read_items(dataset)[0], Layers(flat, nothing, nothing), poses, bench(poses=kind))
        assert np.allclose([view.c2w for view in asked.path[1:]], [poses[i] for i in at])
        assert asked.path[0].width > SIDE_PX and np.allclose(asked.path[0].c2w, np.eye(4))
        assert dict(asked.prompts)["2"] == "the scene after move_right. Oil on canvas"


def test_a_crop_is_the_middle_of_the_picture():
    image = np.zeros((40, 80, 3), np.float32)
    image[:, 20:60] = 1
    assert centre_crop(image, 32).min() == 255


KILLED = """
import os, sys
from pathlib import Path
from gen3d.formats import worldscore
from gen3d.formats.worldscore import read_items
from gen3d.run.worldscore import make_items
from tests.test_worldscore import bench

add = worldscore.Frames.add
def dying_in_the_second(self, frame):
    if self._count == 7 and any(Path(sys.argv[2]).glob("worldscore_output/static/photorealistic/*/*/000")):
        os.kill(os.getpid(), 9)
    add(self, frame)
worldscore.Frames.add = dying_in_the_second
list(make_items(read_items(Path(sys.argv[1])), bench(), Path(sys.argv[2])))
"""


def test_a_run_that_was_killed_goes_on_and_ends_with_the_same_files(dataset, out, tmp_path):
    again = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, dataset, again], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert any(".gen3d-" in path.name for path in again.rglob("*"))  # half of the second item
    before = (again / "worldscore_output/static/photorealistic/indoor/living_spaces/000").stat().st_ino
    list(make_items(read_items(dataset), bench(), again, resume=True))
    assert (again / "worldscore_output/static/photorealistic/indoor/living_spaces/000").stat().st_ino == before
    assert contents(again) == contents(out)


def test_a_folder_is_only_gone_on_with_by_the_same_options(dataset, out, tmp_path):
    items = read_items(dataset)
    with pytest.raises(InputError, match="is not empty"):
        next(make_items(items, bench(), out))
    with pytest.raises(InputError, match="other poses and seed"):
        next(make_items(items, bench(poses="between", seed=1), out, resume=True))
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(InputError, match="was not begun by"):
        next(make_items(items, bench(), tmp_path, resume=True))
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_item_whose_picture_is_broken_is_told_and_the_others_are_made(tmp_path):
    dataset = save_dataset(tmp_path / "data", [["push_in"]])
    picture = next((dataset / "static" / "photorealistic").rglob("000.png"))
    whole = picture.read_bytes()
    picture.write_bytes(b"no picture")
    told = []
    with pytest.raises(InputError, match=r"1 of 2 items .* --resume"):
        for event in make_items(read_items(dataset), bench(), tmp_path / "out"):
            told += [event.text] if isinstance(event, Notice) else []
    assert len(told) == 1 and told[0].startswith("static/photorealistic/indoor/living_spaces/000 is left out.")
    picture.write_bytes(whole)
    list(make_items(read_items(dataset), bench(), tmp_path / "out", resume=True))
    assert len(list((tmp_path / "out").glob("worldscore_output/static/*/*/*/*"))) == 2


def changed(**otherwise):
    def change(items):
        items[0] |= otherwise
        return items

    return change


@pytest.mark.parametrize(
    "change",
    [
        changed(image="../secret/living_spaces/000.png"), changed(image="/etc/passwd"), changed(visual_style="../../x"),
        changed(scene_type=".."), changed(camera_path="pan_left"), changed(camera_path=[]), changed(prompt_list=[1]),
        changed(image=7), lambda items: [{}], lambda items: [], lambda items: {"a": 1}, lambda items: [items[0]] * 2,
    ],
)  # fmt: skip
def test_a_data_set_that_is_none_or_leads_elsewhere_is_refused(change, tmp_path):
    dataset = save_dataset(tmp_path / "data", [["push_in"]], 48, 36)
    items = json.loads((dataset / "static" / "static.json").read_text())
    write_items(dataset, change(items))
    with pytest.raises(InputError):
        read_items(dataset)


def test_a_folder_without_a_list_and_a_layout_that_is_none_are_refused_on_the_command_line(dataset, tmp_path, capsys):
    assert main(["worldscore", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert "static/static.json" in capsys.readouterr().err
    assert main(["worldscore", str(dataset), "--layout", "zoom", "-o", str(tmp_path / "out")]) == 1
    assert "push_in" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_subset_is_spread_evenly_and_a_layout_picks(tmp_path):
    items = read_items(save_dataset(tmp_path, [[name] for name in LAYOUTS], 48, 36))
    assert [item.layouts[0] for item in chosen(items, subset=4)] == ["push_in", "orbit_left"] * 2
    assert {item.layouts for item in chosen(items, ["pan_left"])} == {("pan_left",)}
    with pytest.raises(InputError):
        chosen(items, subset=0)


@pytest.mark.slow
def test_eight_layouts_of_two_pictures_with_the_builtin_engine(tmp_path):
    dataset = save_dataset(tmp_path / "data", [[name] for name in LAYOUTS])
    settings = replace(FAST, size_px=96, fit=replace(FAST.fit, iterations=8), expand=replace(FAST.expand, margin_px=8))
    made = bench(models=builtin_models(), settings=settings, side_px=96)
    items = read_items(dataset)
    list(make_items(items, made, tmp_path / "out"))
    for item in items:
        check(tmp_path / "out" / "worldscore_output" / item.place, item.told, 96)
