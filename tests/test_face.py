"""Gen3D from Python: the face gives what the command line gives, in memory."""

from __future__ import annotations

import logging
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gen3d
from gen3d import cli
from gen3d.errors import InputError
from gen3d.events import Started
from gen3d.formats.picture import read_picture
from gen3d.formats.scene_file import open_scene
from gen3d.request import Flip
from gen3d.settings import PRESETS
from gen3d.stage_table import STAGES
from tests.measures import psnr
from tests.runs import TINY, inside, room_models, save_rgbd

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def heard() -> list:
    return []


@pytest.fixture(scope="module")
def scene(built, heard) -> gen3d.Scene:
    """The build of `built`, by the face; its events are in `heard`."""
    return gen3d.build(built.request, preset=TINY, engine=room_models(), on_event=heard.append)


# -- what it makes -----------------------------------------------------------------------------------------------------


def test_a_scene_saves_the_bytes_that_the_step_grow_leaves_in_its_folder(scene, built, tmp_path):
    for name in ("scene.ply", "scene.splat"):
        assert scene.save(tmp_path / name).read_bytes() == (built.folder / name).read_bytes()


def test_python_and_the_command_line_make_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "fast", TINY)
    request = save_rgbd(tmp_path / "in")
    given = ["build", request.photo, "--depth", request.depth, "--fov", request.fov_deg, "--seed", 2]
    argv = [*given, "--preset", "fast", "--engine", "builtin", "--device", "cpu", "-o", tmp_path / "out"]
    assert cli.main(list(map(str, argv))) == 0
    scene = gen3d.build(
        request.photo, depth=str(request.depth), fov_deg=request.fov_deg, seed=2, preset="fast", engine="builtin",
        device="cpu",
    )  # fmt: skip
    assert scene.save(tmp_path / "a.ply").read_bytes() == (tmp_path / "out" / "scene.ply").read_bytes()


def test_a_scene_is_seen_from_the_photos_place_as_the_photo(scene, built):
    photo = read_picture(built.request.photo)
    seen = scene.render(scene.camera)
    assert seen.rgb.shape == photo.shape and seen.rgb.dtype == seen.alpha.dtype == seen.depth.dtype == np.float32
    assert psnr(seen.rgb, photo) > 25
    assert np.array_equal(np.asarray(seen), seen.rgb)
    known = seen.alpha > 0.99
    assert np.median(np.abs(seen.depth - np.load(built.request.depth))[known]) < 0.1


def test_what_a_scene_does_not_cover_is_the_background(scene):
    away = scene.camera.look_at(eye=np.zeros(3), target=np.array([0.0, 0.0, -1.0]))
    black, red = scene.render(away), scene.render(away, background=(1.0, 0.0, 0.0))
    empty = black.alpha == 0
    assert empty.any() and not black.rgb[empty].any()
    assert (red.rgb[empty] == (1, 0, 0)).all() and "100% covered" in repr(scene.render(scene.camera))


@pytest.mark.parametrize("name", ["a.ply", "a.splat", "a.SPZ"])
def test_saved_gaussians_are_read_back(scene, tmp_path, name):
    assert len(open_scene(scene.save(tmp_path / name)).gaussians) == len(scene.gaussians)


def test_a_scene_saves_meshes_views_and_everything(scene, tmp_path):
    for name in ("a.glb", "collider.glb", "a.zip", "views"):
        assert scene.save(str(tmp_path / name)) == tmp_path / name
    assert (tmp_path / "a.glb").stat().st_size > (tmp_path / "collider.glb").stat().st_size > 0
    assert (tmp_path / "views" / "transforms.json").is_file()
    assert len(list(tmp_path.iterdir())) == 4


def test_a_tour_is_a_video_along_another_path(scene, tmp_path):
    heard = []
    assert gen3d.tour(scene, tmp_path / "a.mp4", path="orbit", on_event=heard.append) == tmp_path / "a.mp4"
    assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"
    small = gen3d.tour(scene, tmp_path / "a.gif", path="peek", shape="1:1", strength=0.5)
    assert small.read_bytes()[:6] == b"GIF89a"
    assert any(isinstance(event, gen3d.Preview) for event in heard)


def test_a_folder_asked_for_holds_what_the_command_line_leaves_and_gives_the_same_scene(built, tmp_path):
    scene = gen3d.build(built.request, preset=TINY, engine=room_models(), folder=tmp_path / "out")
    of_a_page = {"previews.zip"}  # a page that another test served from that folder packs them there
    assert inside(tmp_path / "out") == inside(built.folder) - of_a_page
    assert (tmp_path / "out" / "scene.ply").read_bytes() == (built.folder / "scene.ply").read_bytes()
    assert len(scene.gaussians) and scene.layered.layers.rgbd.image.shape == (72, 96, 3)
    assert np.allclose(scene.camera.K, scene.layered.layers.rgbd.camera.K)


def test_fewer_gaussians_are_kept_where_the_settings_say_so(built):
    few = replace(TINY, fit=replace(TINY.fit, keep=500))
    scene = gen3d.build(built.request, preset=few, engine=room_models())
    assert len(scene.gaussians) == 500 and "500 of" in scene.notices[-1]


# -- in steps ----------------------------------------------------------------------------------------------------------


def test_what_was_looked_at_can_be_changed_before_it_grows(built):
    looked = gen3d.look(built.request, preset=TINY, engine=room_models())
    front = looked.layers.foreground
    row, column = np.argwhere(front)[len(np.argwhere(front)) // 2]
    h, w = front.shape
    changed = looked.reviewed(gen3d.Review(flips=(Flip((column + 0.5) / w, (row + 0.5) / h, front=False),)))
    assert 0 < changed.layers.foreground.sum() < front.sum()
    assert np.array_equal(changed.reviewed(gen3d.Review()).layers.foreground, front)
    assert "96 x 72" in repr(looked)
    grown = gen3d.grow(changed)
    assert np.array_equal(grown.layered.layers.foreground, changed.layers.foreground)


# -- what it takes -----------------------------------------------------------------------------------------------------


def looked(request: gen3d.Request | None = None, photo=None, **asked) -> gen3d.Looked:
    return gen3d.look(request or photo, preset=TINY, engine=room_models(), **asked)


def same(a: gen3d.Looked, b: gen3d.Looked) -> bool:
    return np.array_equal(a.layers.rgbd.image, b.layers.rgbd.image) and np.array_equal(
        a.layers.rgbd.depth, b.layers.rgbd.depth
    )


def test_arrays_and_pillows_pictures_are_taken_as_their_files_would_be(built):
    request = built.request
    with Image.open(request.photo) as picture:
        pixels, depth = np.asarray(picture), np.load(request.depth)
        asked = {"fov_deg": request.fov_deg, "prompt": request.prompt}
        of_files = looked(request)
        assert same(looked(photo=pixels, depth=depth, **asked), of_files)
        assert same(looked(photo=picture, depth=depth, **asked), of_files)
        assert same(looked(photo=pixels.astype(np.float64) / 255, depth=depth, **asked), of_files)
        millimetres = np.rint(depth * 1000).astype(np.uint16)
        in_mm = looked(photo=str(request.photo), depth=Image.fromarray(millimetres), **asked)
        alike = np.isclose(in_mm.layers.rgbd.depth, of_files.layers.rgbd.depth, atol=0.02)
        assert alike.mean() > 0.999, "but for a pixel that goes to the other side of an edge"


def test_a_picture_of_pillows_is_turned_as_it_is_displayed_and_brings_its_lens(built, tmp_path):
    with Image.open(built.request.photo) as picture:
        exif = Image.Exif()
        exif[0x0112] = 6
        exif.get_ifd(0x8769)[0xA405] = 35
        picture.convert("RGB").save(tmp_path / "turned.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "turned.jpg") as turned:
        of_memory, of_file = looked(photo=turned), looked(photo=tmp_path / "turned.jpg")
    assert np.allclose(of_memory.camera.K, of_file.camera.K) and of_memory.camera.height == 96
    assert np.abs(of_memory.layers.rgbd.image - of_file.layers.rgbd.image).max() < 0.02


def test_what_means_the_same_in_python_is_asked_for_alike(built):
    K = np.array([[90, 0, 48], [0, 90, 36], [0, 0, 1]])
    of_K = looked(built.request, intrinsics=K, seed=np.int64(4), depth_scale=1)
    assert of_K.request.intrinsics == (90.0, 90.0, 48.0, 36.0) and np.allclose(of_K.camera.K, K)
    assert of_K.request == replace(built.request, intrinsics=of_K.request.intrinsics, seed=4, depth_scale=1.0)
    by_names = replace(built.request)
    for field in ("photo", "depth"):  # around the checker of types, which runs in tests alone
        object.__setattr__(by_names, field, str(getattr(built.request, field)))
    assert looked(by_names).request == built.request
    assert looked(built.request, prompts={"left": "a lake"}).request.prompts == (("left", "a lake"),)


def test_grey_and_transparent_arrays_are_pictures_too(built):
    depth = np.full((48, 64), 2.0, np.float32)
    grey = looked(photo=np.full((48, 64), 128, np.uint8), depth=depth)
    assert np.allclose(grey.layers.rgbd.image, 128 / 255)
    clear = np.zeros((48, 64, 4), np.uint16)
    assert (looked(photo=clear, depth=depth).layers.rgbd.image == 1).all()


BAD_PHOTOS = {
    "no picture": np.zeros((48, 64, 2), np.uint8),
    "one row": np.zeros((64,), np.uint8),
    "too small": np.zeros((8, 64, 3), np.uint8),
    "empty": np.zeros((0, 0, 3), np.uint8),
    "floats to 255": np.full((48, 64, 3), 255.0),
    "NaN": np.full((48, 64, 3), np.nan),
    "long integers": np.zeros((48, 64, 3), np.int64),
    "words": np.full((48, 64, 3), "a"),
    "a number": 3,
    "a missing file": "no-such-photo.jpg",
}
BAD_DEPTHS = {
    "a colour picture": np.zeros((48, 64, 3), np.uint8),
    "words": np.full((48, 64), "a"),
    "objects": np.full((48, 64), None),
    "empty": np.zeros((0, 64)),
    "of nothing known": np.zeros((48, 64)),
    "of another shape": np.ones((64, 20)),
    "a list": [1, 2],
}


@pytest.mark.parametrize("photo", BAD_PHOTOS.values(), ids=BAD_PHOTOS)
def test_what_is_no_photo_is_refused_in_two_sentences(photo):
    with pytest.raises(InputError) as refusal:
        looked(photo=photo)
    assert refusal.value.what.endswith(".") and refusal.value.remedy.endswith(".")


@pytest.mark.parametrize("depth", BAD_DEPTHS.values(), ids=BAD_DEPTHS)
def test_what_is_no_depth_is_refused_in_two_sentences(depth):
    with pytest.raises(InputError) as refusal:
        looked(photo=np.full((48, 64, 3), 128, np.uint8), depth=depth)
    assert refusal.value.what.endswith(".") and refusal.value.remedy.endswith(".")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"preset": "swift"}, "preset"), ({"engine": "magic"}, "engine"), ({"device": "tpu"}, "device"),
        ({"rasterizer": "crayon"}, "rasterizer"), ({"path": "nowhere"}, "path"), ({"size_px": 7}, "size"),
        ({"seed": -1}, "seed"), ({"seed": 1.5}, "whole number"), ({"fov_deg": "wide"}, "no number"),
        ({"intrinsics": (500, 500)}, "four numbers"), ({"prompts": {"behind": "a lake"}}, "behind"),
        ({"depth_scale": 0}, "scale"), ({}, "neither a photo"),
    ],
    ids=lambda value: next(iter(value), "nothing") if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(built, asked, words):
    with pytest.raises(gen3d.Gen3DError, match=words):
        gen3d.look(built.request if asked else None, **({"preset": TINY, "engine": room_models()} | asked))


def test_a_sentence_of_which_nothing_is_understood_is_refused():
    with pytest.raises(InputError, match="No engine here can draw a sentence"):
        gen3d.build(prompt="xyzzy", preset="fast", engine="builtin")


def test_folders_and_names_that_are_somebody_elses_stay(scene, built, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    for refused in (
        lambda: gen3d.build(built.request, preset=TINY, engine=room_models(), folder=tmp_path / "mine"),
        lambda: gen3d.build(built.request, preset=TINY, engine=room_models(), folder=built.request.photo.parent),
        lambda: scene.save(tmp_path / "mine"),
        lambda: scene.save(tmp_path / "a.obj"),
        lambda: scene.save(tmp_path / "nowhere" / "a.ply"),
        lambda: gen3d.tour(scene, tmp_path / "a.avi"),
        lambda: gen3d.tour(scene, tmp_path / "a.mp4", kind="gif"),
        lambda: gen3d.tour(scene, tmp_path / "a.mp4", kind="hologram"),
        lambda: gen3d.tour(scene, tmp_path / "a.mp4", shape="4:3"),
    ):
        with pytest.raises(InputError):
            refused()
    assert inside(tmp_path) == {"mine", "mine/diary.txt"}


# -- what it tells and leaves ------------------------------------------------------------------------------------------


def test_a_listener_hears_every_stage_in_order_and_sees_pictures(scene, heard):
    ran = [event.stage for event in heard if isinstance(event, Started)]
    assert ran == [row.name for row in STAGES if row.name in ran] and {"depth", "optimize"} <= set(ran)
    assert {event.name for event in heard if isinstance(event, gen3d.Preview)} >= {"photo", "depth", "fit"}
    assert scene.notices == tuple(event.text for event in heard if isinstance(event, gen3d.Notice))


def test_without_a_listener_notices_are_logged(caplog):
    with caplog.at_level(logging.WARNING, logger="gen3d"):
        found = looked(photo=np.full((48, 64, 3), 90, np.uint8), depth=np.full((48, 64), 2.0, np.float32))
    assert found.notices and [record.getMessage() for record in caplog.records] == list(found.notices)


def test_nothing_is_left_of_a_build_in_memory_or_of_one_that_its_listener_stops(built, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def stop(event) -> None:
        if isinstance(event, gen3d.Started) and event.stage == "expand":
            raise KeyboardInterrupt

    gen3d.build(built.request, preset=TINY, engine=room_models())
    for folder in (None, tmp_path / "out"):
        with pytest.raises(KeyboardInterrupt):
            gen3d.build(built.request, preset=TINY, engine=room_models(), folder=folder, on_event=stop)
    assert list(tmp_path.iterdir()) == []


def test_enough_ends_a_build_with_what_exists(built, heard):
    steps = []
    scene = gen3d.build(
        built.request, preset=TINY, engine=room_models(), enough=lambda: True, on_event=steps.append
    )
    fitted = [event for event in steps if isinstance(event, gen3d.Progress) and event.stage == "optimize"]
    assert len(scene.gaussians) and len(fitted) < TINY.fit.iterations


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(gen3d, name) is not None for name in gen3d.__all__) and set(gen3d.__all__) <= set(dir(gen3d))
    with pytest.raises(AttributeError, match="looks"):
        _ = gen3d.looks
    assert isinstance(gen3d.load_models("builtin").names, dict)


# -- the README --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("small", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["small", "as it is"])
def test_the_readmes_lines_run_as_they_are_written(small, tmp_path, monkeypatch, capsys):
    lines = re.search(r"## From Python\n.*?```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert lines and len(lines[1].splitlines()) <= 12
    if small:
        monkeypatch.setitem(PRESETS, "fast", replace(TINY, preset="fast"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    exec(lines[1], names := {})
    assert isinstance(names["scene"], gen3d.Scene) and isinstance(names["scene"].gaussians.means, torch.Tensor)
    assert {"room.spz", "room.mp4"} <= inside(tmp_path) and "optimize" in capsys.readouterr().out
