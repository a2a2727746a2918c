import json
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.errors import Gen3DError, InputError
from gen3d.events import Event, Finished, Notice, Preview, Progress, Started
from gen3d.formats.layers import load_layers
from gen3d.formats.ply import read_ply
from gen3d.formats.transforms import read_transforms, write_transforms
from gen3d.geometry.likeness import psnr_db
from gen3d.geometry.trajectory import moved, turned
from gen3d.models.builtin.bundle import builtin_models
from gen3d.run.steps import build, grow, look, tour
from gen3d.settings import FitSettings
from gen3d.splat.pick import pick_rasterizer
from tests.fakes import FakeInpainter
from tests.runs import TINY, as_bytes, draw, inside, picture, room_models, save_rgbd
from tests.worlds import NoisyDepth, box_room

RASTERIZER = pick_rasterizer()
STAGES = ["source", "depth", "layers", "words", "background", "lift", "expand", "optimize", "flythrough"]
PRODUCTS = {
    "scene.ply", "scene.splat", "scene.view", "scene.html", "model3d.ply", "layers.npz", "things.json",
    "flythrough.mp4", "transforms.json", "run.json", "previews"
}  # fmt: skip


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def run_json(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def frames(video: Path) -> list[np.ndarray]:
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@dataclass
class SeededInpainter(FakeInpainter):
    """A flat colour that the seed chooses."""

    def inpaint(self, image, hole, borrow, depth, prompt=None, seed=0):
        filled = super().inpaint(image, hole, borrow, depth, prompt, seed)
        filled[hole] = np.random.default_rng(seed).random(3, dtype=np.float32)
        return filled


# -- what a run leaves -----------------------------------------------------------------------------------------------


def test_each_step_leaves_a_folder_with_exactly_its_product(built, tmp_path):
    models = room_models()
    steps = {name: tmp_path / name for name in ("look", "grow", "tour")}
    runs = {
        "look": look(built.request, models, TINY, steps["look"]),
        "grow": grow(built.request, steps["look"], models, RASTERIZER, TINY, steps["grow"]),
        "tour": tour(built.request, steps["grow"], RASTERIZER, TINY, steps["tour"]),
    }
    for name, run in runs.items():
        *_, last = run
        assert isinstance(last, Finished) and (last.step, last.folder) == (name, steps[name])
    assert names(tmp_path) == set(steps)
    assert names(steps["look"]) == {"looked.npz", "run.json", "previews"}
    assert names(steps["look"] / "previews") == {"photo.png", "depth.png", "layers.png"}
    assert names(steps["grow"]) == PRODUCTS - {"flythrough.mp4"}
    views = len(read_transforms(steps["grow"] / "transforms.json"))
    expansions = {f"expand_{i:02d}.png" for i in range(1, views)}
    assert views > 1 and names(steps["grow"] / "previews") == {"background.png", "lift.png", "fit.png"} | expansions
    assert names(steps["tour"]) == {"flythrough.mp4", "run.json", "previews"}
    assert names(steps["tour"] / "previews") == {"flythrough_000.png", "flythrough_001.png"}
    # the three steps are the build
    for product in ("scene.ply", "scene.splat", "transforms.json", "flythrough.mp4"):
        folder = steps["tour" if product == "flythrough.mp4" else "grow"]
        assert (folder / product).read_bytes() == (built.folder / product).read_bytes()


def test_build_gathers_everything_in_one_folder(built):
    assert names(built.folder) == PRODUCTS
    assert names(built.folder.parent) == {"in", "scene"}
    shown = {f"{event.name}.png" for event in built.events if isinstance(event, Preview)}
    assert names(built.folder / "previews") == shown
    assert shown >= {"photo.png", "depth.png", "layers.png", "background.png", "expand_01.png"}
    assert len(frames(built.folder / "flythrough.mp4")) == TINY.tour.frames
    assert (built.folder / "scene.splat").stat().st_size == 32 * len(read_ply(built.folder / "scene.ply"))


def test_build_shows_the_photo_from_where_it_was_taken(built):
    photo = picture(built.folder / "previews" / "photo.png")
    assert psnr_db(draw(built.folder), photo) > 27
    assert psnr_db(frames(built.folder / "flythrough.mp4")[0] / 255, photo) > 25


def test_run_json_tells_what_was_asked_used_and_spent(built):
    record = run_json(built.folder)
    assert record["request"] == {
        "photo": "photo.png", "prompt": "a room", "depth": "depth.npy", "depth_scale": None, "fov_deg": 60.0,
        "intrinsics": None, "path": "wander", "seed": 3, "prompts": [], "depth_kind": "auto", "depth_channel": None,
        "turn_depth": "auto", "own_depth": "use", "border": "cut",
    }  # fmt: skip
    assert record["seed"] == 3 and record["settings"]["fit"]["iterations"] == 8
    assert record["settings"]["preset"] == "tiny"
    assert {"python", "torch", "numpy", "numba"} <= set(record["versions"]) and record["gen3d"]
    assert record["engines"] == room_models().names | {"rasterizer": RASTERIZER.name}
    assert record["notices"] == [event.text for event in built.events if isinstance(event, Notice)]
    assert list(record["seconds"]) == STAGES and all(s >= 0 for s in record["seconds"].values())
    assert 100 < record["peak_memory_mb"] < 100_000
    counts = record["counts"]
    assert (counts["width"], counts["height"]) == (96, 72)
    assert counts["gaussians"] == len(read_ply(built.folder / "scene.ply"))
    assert counts["views"] == len(read_transforms(built.folder / "transforms.json"))
    assert counts["median_depth_m"] == pytest.approx(np.median(np.load(built.request.depth)), rel=0.05)


def test_a_notice_of_any_step_reaches_run_json(tmp_path):
    request = save_rgbd(tmp_path / "in", noise=lambda depth: np.where(depth < 2.5, np.nan, depth), fov_deg=None)
    events = list(build(request, room_models(), RASTERIZER, TINY, tmp_path / "out"))
    notices = run_json(tmp_path / "out")["notices"]
    assert notices == [event.text for event in events if isinstance(event, Notice)]
    assert any("55 degrees" in text for text in notices) and any("of the depth was unknown" in text for text in notices)


def test_no_file_tells_where_the_visitor_keeps_his_files(built, tmp_path):
    cameras = read_transforms(built.folder / "transforms.json")
    write_transforms(tmp_path / "my path.json", cameras)
    request = replace(built.request, path=str(tmp_path / "my path.json"))
    list(build(request, room_models(), RASTERIZER, TINY, tmp_path / "out"))
    assert run_json(tmp_path / "out")["request"]["path"] == "my path.json"
    for secret in (str(tmp_path), str(built.request.photo.parent)):
        for file in (path for path in (tmp_path / "out").rglob("*") if path.is_file()):
            assert secret.encode() not in file.read_bytes(), file.name


def test_events_come_in_the_order_of_figure_1(built):
    started = [event.stage for event in built.events if isinstance(event, Started)]
    finished = [event.step for event in built.events if isinstance(event, Finished)]
    assert started == STAGES and finished == ["look", "grow", "tour", "build"]
    assert built.events[-1].folder == built.folder
    # the video begins before the last of the scene's files are there
    order = [*STAGES[:3], "look", *STAGES[3:8], "flythrough", "grow", "tour", "build"]
    marks = [getattr(event, "stage", getattr(event, "step", None)) for event in built.events]
    assert [m for m, e in zip(marks, built.events, strict=True) if isinstance(e, Started | Finished)] == order


def test_progress_counts_up_to_its_total(built):
    last: dict[str, Progress] = {}
    for event in built.events:
        if isinstance(event, Progress):
            assert 0 <= event.done <= event.total
            assert event.stage not in last or event.done >= last[event.stage].done
            last[event.stage] = event
    assert set(last) == {"words", "expand", "reproject", "optimize", "flythrough"}
    assert all(event.done == event.total for event in last.values())


# -- stopping --------------------------------------------------------------------------------------------------------

SHORT = replace(
    TINY, expand=replace(TINY.expand, poses=2), fit=FitSettings(iterations=3, reprojections=2, max_gaussians=5000),
    tour=replace(TINY.tour, frames=3),
)  # fmt: skip


def native_threads() -> int:
    """Threads of this process as the system counts them, or as Python does where the system does not tell."""
    tasks = Path("/proc/self/task")
    return len(os.listdir(tasks)) if tasks.exists() else threading.active_count()


def passing_threads() -> set[threading.Thread]:
    """Those of Python that a run has to end with it; who helps all runs (`geometry/together.py`) stays."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("together")}


def telling(events: list[Event]) -> list[int]:
    """The first of every run of events of one kind and stage, and the last of all: where something else happens."""
    kinds = [(type(event), getattr(event, "stage", None)) for event in events]
    return [i for i, kind in enumerate(kinds) if i in (0, len(kinds) - 1) or kind != kinds[i - 1]]


THOROUGHLY = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
"""At every single event, or where something else happens."""


@THOROUGHLY
def test_cancel_at_any_event_leaves_nothing(tmp_path, every):
    request = save_rgbd(tmp_path / "in", width=64, height=48)
    before, running = inside(tmp_path), passing_threads()
    whole = list(build(request, room_models(), RASTERIZER, SHORT, tmp_path / "out"))
    threads = native_threads()
    shutil.rmtree(tmp_path / "out")
    stops = range(len(whole)) if every else telling(whole)[::2]
    for stop in (stop for stop in stops if 0 < stop < len(whole)):  # the last event comes after the folder is in place
        run = build(request, room_models(), RASTERIZER, SHORT, tmp_path / "out")
        for _ in range(stop):
            next(run)
        run.close()
        assert inside(tmp_path) == before, f"left after {whole[stop - 1]}"
        assert passing_threads() <= running, f"left after {whole[stop - 1]}"
        assert native_threads() <= threads, f"left after {whole[stop - 1]}"


@pytest.mark.parametrize("step", [grow, build])
def test_a_file_that_cannot_be_written_beside_the_video_fails_the_run(built, tmp_path, monkeypatch, step):
    monkeypatch.setattr("gen3d.products.written.write_splat", lambda *_: {}["out of order"])
    looked = tmp_path / "look"
    list(look(built.request, room_models(), TINY, looked))
    before, running = inside(tmp_path), passing_threads()
    given = (built.request, looked) if step is grow else (built.request,)
    run = step(*given, room_models(), RASTERIZER, TINY, tmp_path / "out")
    with pytest.raises(KeyError, match="out of order"):
        list(run)
    assert inside(tmp_path) == before and passing_threads() <= running


def test_cancel_leaves_no_folder_that_had_to_be_made_for_the_output(built, tmp_path):
    run = look(built.request, room_models(), TINY, tmp_path / "a" / "b" / "out")
    next(run)
    assert (tmp_path / "a" / "b").is_dir()
    run.close()
    assert inside(tmp_path) == set()


@pytest.mark.parametrize("how", ["cancelled", "failing", "whole"])
def test_an_earlier_folder_stays_until_the_new_one_is_whole(built, tmp_path, monkeypatch, how):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    if how == "failing":
        monkeypatch.setattr("gen3d.pipeline.split_layers", out_of_order)
    run = look(built.request, room_models(), TINY, tmp_path / "out")
    if how == "cancelled":
        next(run), next(run)
        run.close()
    elif how == "failing":
        with pytest.raises(RuntimeError, match="out of order"):
            list(run)
    else:
        list(run)
    assert names(tmp_path) == {"out"}
    assert names(tmp_path / "out") == ({"looked.npz", "run.json", "previews"} if how == "whole" else {"old.txt"})


def counted(run: Callable[[Callable[[], bool]], Iterator[Event]], enough_after: int) -> list[Event]:
    """The events of a run whose visitor has had enough after so many of them."""
    events: list[Event] = []
    for event in run(lambda: len(events) >= enough_after):
        events.append(event)
    return events


@THOROUGHLY
def test_enough_at_any_event_gives_a_smaller_but_whole_result(tmp_path, every):
    request = save_rgbd(tmp_path / "in", width=64, height=48)

    def run(enough: Callable[[], bool]) -> Iterator[Event]:
        return build(request, room_models(), RASTERIZER, SHORT, tmp_path / "out", enough)

    whole = counted(run, 10**6)
    files = inside(tmp_path / "out")
    assert len(frames(tmp_path / "out" / "flythrough.mp4")) == 3
    lengths = []
    beginnings = [i for i, event in enumerate(whole) if isinstance(event, Started)]
    for after in range(len(whole)) if every else beginnings[::2]:
        events = counted(run, after)
        assert isinstance(events[-1], Finished) and events[-1].step == "build"
        assert [e.stage for e in events if isinstance(e, Started)] == STAGES
        assert names(tmp_path) == {"in", "out"} and names(tmp_path / "out") == PRODUCTS
        assert inside(tmp_path / "out") <= files
        assert 1 <= len(frames(tmp_path / "out" / "flythrough.mp4")) <= 3
        views = run_json(tmp_path / "out")["counts"]["views"]
        assert len(read_transforms(tmp_path / "out" / "transforms.json")) == views
        lengths.append(len(events))
    assert lengths == sorted(lengths) and lengths[-1] <= len(whole)
    assert lengths[0] < len(whole) - 4  # at once: no expansion, one step of the fit, one frame


def test_enough_at_once_still_shows_the_photo(built, tmp_path):
    events = counted(lambda enough: build(built.request, room_models(), RASTERIZER, TINY, tmp_path / "out", enough), 0)
    assert run_json(tmp_path / "out")["counts"]["views"] == 1
    assert sum(isinstance(e, Progress) and e.stage == "optimize" for e in events) == 1
    assert len(frames(tmp_path / "out" / "flythrough.mp4")) == 1
    assert psnr_db(draw(tmp_path / "out"), picture(tmp_path / "out" / "previews" / "photo.png")) > 25


def test_enough_while_the_path_is_tried_out_is_not_blamed_on_the_scene(built, tmp_path):
    request = replace(built.request, path="rotate360")
    patient = list(tour(request, built.folder, RASTERIZER, TINY, tmp_path / "patient"))
    hasty = counted(lambda enough: tour(request, built.folder, RASTERIZER, TINY, tmp_path / "hasty", enough), 0)
    assert run_json(tmp_path / "hasty")["counts"]["tour_amplitude"] == 0.05
    told = [[e.text for e in events if isinstance(e, Notice)] for events in (patient, hasty)]
    assert len(told[0]) == len(told[1]) == 1 and told[0] != told[1] and "not tried" in told[1][0]


# -- failing ---------------------------------------------------------------------------------------------------------


def out_of_order(*_, **__):
    """A stage with a fault of its own; of engines that fail, `test_checked.py` tells."""
    yield Started("a stage")
    raise RuntimeError("the stage is out of order")


@pytest.mark.parametrize(
    "stage", ["find_depth", "split_layers", "fill_background", "expand_world", "optimize_gaussians", "fly_through"]
)
def test_a_failing_stage_leaves_nothing(built, tmp_path, monkeypatch, stage):
    monkeypatch.setattr(f"gen3d.pipeline.{stage}", out_of_order)
    with pytest.raises(RuntimeError, match="out of order"):
        list(build(built.request, room_models(), RASTERIZER, TINY, tmp_path / "out"))
    assert inside(tmp_path) == set()


@pytest.mark.parametrize(
    "step",
    [
        lambda request, models, out: look(replace(request, path="nowhere"), models, TINY, out),
        lambda request, models, out: grow(request, out.parent / "missing", models, RASTERIZER, TINY, out),
        lambda request, models, out: tour(request, out.parent / "missing", RASTERIZER, TINY, out),
        lambda request, models, out: tour(replace(request, path="nowhere"), out.parent, RASTERIZER, TINY, out),
    ],
    ids=["look-nowhere", "grow-nothing", "tour-nothing", "tour-nowhere"],
)  # fmt: skip
def test_a_step_that_cannot_begin_says_why_in_two_sentences(built, tmp_path, step):
    with pytest.raises(Gen3DError) as caught:
        list(step(built.request, room_models(), tmp_path / "out"))
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".")
    assert inside(tmp_path) == set()


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo], ids=["file", "pipe"])
def test_what_is_no_folder_is_left_where_it_is(built, tmp_path, make):
    make(tmp_path / "out")
    inode = (tmp_path / "out").stat().st_ino
    with pytest.raises(InputError, match="is a file"):
        list(look(built.request, room_models(), TINY, tmp_path / "out"))
    assert names(tmp_path) == {"out"} and (tmp_path / "out").stat().st_ino == inode


def test_a_link_to_a_folder_stays_a_link(built, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    *_, last = look(built.request, room_models(), TINY, tmp_path / "out")
    assert last.folder == tmp_path / "out" and (tmp_path / "out").is_symlink()
    assert names(tmp_path) == {"disk", "out"}
    assert names(tmp_path / "disk") == {"looked.npz", "run.json", "previews"}


# -- seeds, scale, noise ---------------------------------------------------------------------------------------------


def test_the_same_request_gives_the_same_bytes_and_another_seed_another_scene(tmp_path):
    request = save_rgbd(tmp_path / "in", seed=1)
    models = room_models(background=SeededInpainter(), outpainter=SeededInpainter())
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        list(build(replace(request, seed=seed), models, RASTERIZER, TINY, tmp_path / name))
    products = {name: (tmp_path / name / "scene.ply").read_bytes() for name in "abc"}
    assert products["a"] == products["b"] != products["c"]
    assert (tmp_path / "a" / "flythrough.mp4").read_bytes() == (tmp_path / "b" / "flythrough.mp4").read_bytes()
    fills = [picture(tmp_path / name / "previews" / "background.png") for name in "abc"]
    assert np.array_equal(fills[0], fills[1]) and not np.array_equal(fills[0], fills[2])


@pytest.fixture(scope="module")
def scaled(tmp_path_factory):
    """The same room at three sizes, built with the builtin engine: scale -> folder."""
    home = tmp_path_factory.mktemp("scaled")
    folders = {}
    for scale in (1.0, 0.1, 100.0):
        request = save_rgbd(home / f"in{scale}", box_room(scale=scale))
        list(build(request, builtin_models(), RASTERIZER, TINY, home / f"out{scale}"))
        folders[scale] = home / f"out{scale}"
    return folders


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_scale_changes_lengths_and_nothing_else(scaled, scale):
    unit, other = scaled[1.0], scaled[scale]
    counts, others = run_json(unit)["counts"], run_json(other)["counts"]
    assert others["median_depth_m"] == pytest.approx(scale * counts["median_depth_m"], rel=1e-4)
    for count in ("points", "gaussians"):
        assert others[count] == pytest.approx(counts[count], rel=0.01)
    assert others["views"] == counts["views"] > 1
    camera, world = read_transforms(unit / "transforms.json")[0], box_room(scale=scale)
    assert psnr_db(draw(unit, camera), draw(other, camera)) > 35
    aside = draw(unit, box_room().moved(camera, right=0.1, down=-0.03, forward=0.05))
    assert psnr_db(aside, draw(other, world.moved(camera, right=0.1, down=-0.03, forward=0.05))) > 35
    assert psnr_db(aside, draw(unit, camera)) < 30  # moving is seen


def test_noisy_depth_runs_whole_and_keeps_the_photo(tmp_path):
    request = save_rgbd(tmp_path / "in", width=128, height=96, noise=NoisyDepth(seed=2))
    settings = replace(TINY, size_px=128)
    *_, last = build(request, builtin_models(), RASTERIZER, settings, tmp_path / "out")
    assert isinstance(last, Finished) and names(tmp_path / "out") == PRODUCTS
    assert psnr_db(draw(tmp_path / "out"), picture(tmp_path / "out" / "previews" / "photo.png")) > 25


# -- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["dolly", "peek", "rotate360"])
def test_tour_flies_another_path_than_the_scene_was_grown_along(built, tmp_path, path):
    events = list(tour(replace(built.request, path=path), built.folder, RASTERIZER, TINY, tmp_path / "out"))
    assert events[-1].step == "tour" and run_json(tmp_path / "out")["request"]["path"] == path
    flown = frames(tmp_path / "out" / "flythrough.mp4")
    usual = frames(built.folder / "flythrough.mp4")
    assert len(flown) == TINY.tour.frames
    assert psnr_db(flown[0] / 255, usual[0] / 255) > 35  # both start on the photo
    assert psnr_db(flown[2] / 255, usual[2] / 255) < 30


def test_a_path_file_is_taken_relative_to_its_first_frame(built, tmp_path):
    lens = read_transforms(built.folder / "transforms.json")[0]
    steps = [np.eye(4), turned(-40.0), moved(0.2, 0.0, 0.1) @ turned(40.0)]
    elsewhere = turned(100.0, 20.0)
    elsewhere[:3, 3] = (5.0, -3.0, 2.0)
    write_transforms(tmp_path / "path.json", [lens.posed(elsewhere @ step) for step in steps])
    request = replace(built.request, path=str(tmp_path / "path.json"))
    settings = replace(TINY, expand=replace(TINY.expand, poses=3))
    list(build(request, room_models(), RASTERIZER, settings, tmp_path / "out"))
    cameras = read_transforms(tmp_path / "out" / "transforms.json")
    np.testing.assert_allclose(cameras[0].c2w, np.eye(4), atol=1e-9)
    assert len(cameras) == 4  # the photo, the wide view from its place, and the two
    for step in steps[1:]:
        assert min(np.abs(camera.c2w - step).max() for camera in cameras) < 1e-6
    photo = picture(tmp_path / "out" / "previews" / "photo.png")
    assert psnr_db(frames(tmp_path / "out" / "flythrough.mp4")[0] / 255, photo) > 25


def test_the_cameras_of_a_path_file_are_no_larger_than_the_scene(built, tmp_path):
    large = Camera.from_fov(60.0, 400, 300)
    write_transforms(tmp_path / "path.json", [large, large.posed(turned(-20.0))])
    request = replace(built.request, path=str(tmp_path / "path.json"))
    settings = replace(TINY, expand=replace(TINY.expand, poses=2))
    list(build(request, room_models(), RASTERIZER, settings, tmp_path / "out"))
    cameras = read_transforms(tmp_path / "out" / "transforms.json")
    (camera,) = [c for c in cameras if np.abs(c.c2w - turned(-20.0)).max() < 1e-6]
    assert (camera.width, camera.height) == (96, 72)
    assert camera.fov_deg[0] == pytest.approx(60.0, abs=0.01)


# -- what look hands to grow -----------------------------------------------------------------------------------------


def test_layers_may_be_changed_between_look_and_grow(built, tmp_path):
    list(look(built.request, room_models(), TINY, tmp_path / "look"))
    layers = load_layers(tmp_path / "look" / "looked.npz")
    assert layers.foreground.any() and layers.rgbd.camera.fov_deg[0] == pytest.approx(60.0)
    with np.load(tmp_path / "look" / "looked.npz") as stored:
        arrays = dict(stored)
    arrays["foreground"] = arrays["hidden"] = np.zeros_like(arrays["foreground"])
    np.savez_compressed(tmp_path / "look" / "looked.npz", **arrays)
    list(grow(built.request, tmp_path / "look", room_models(), RASTERIZER, TINY, tmp_path / "grow"))
    assert "background.png" not in names(tmp_path / "grow" / "previews")
    points = run_json(tmp_path / "grow")["counts"]["points"]
    assert points < run_json(built.folder)["counts"]["points"]


def test_previews_on_disk_are_what_was_shown(built):
    shown = {event.name: event.image for event in built.events if isinstance(event, Preview)}
    for name, image in shown.items():
        np.testing.assert_array_equal(as_bytes(picture(built.folder / "previews" / f"{name}.png")), image)
    assert math.prod(shown["photo"].shape) == 96 * 72 * 3
