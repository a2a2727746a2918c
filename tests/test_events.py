import multiprocessing
import pickle
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from gen3d.errors import EmptyWorld, Gen3DError, InputError, ModelUnavailable, OutOfMemory
from gen3d.events import Event, Finished, Notice, Preview, Progress, Started, Viewable
from gen3d.request import Request
from gen3d.run.steps import build, look
from gen3d.settings import ExpandSettings, FitSettings
from gen3d.splat.pick import pick_rasterizer
from tests.patience import PATIENCE_S
from tests.runs import TINY, inside, room_models, save_rgbd

EXAMPLES = (
    Started("expand"),
    Progress("expand", 2, 9),
    Preview("depth", np.arange(24, dtype=np.uint8).reshape(2, 4, 3)),
    Viewable("points", Path("out") / "points.view"),
    Notice("The depth is a guess."),
    Finished("grow", Path("out") / "scene"),
)


def there_and_back(value: object) -> object:
    return pickle.loads(pickle.dumps(value))


def same(a: Event, b: Event) -> bool:
    pairs = [(getattr(a, field.name), getattr(b, field.name)) for field in fields(a)]
    return type(a) is type(b) and all(np.array_equal(x, y) for x, y in pairs)


def test_every_kind_of_event_survives_pickling():
    assert {type(event) for event in EXAMPLES} == set(get_args(Event))
    for event in EXAMPLES:
        assert same(there_and_back(event), event)


def test_events_are_frozen():
    for event in EXAMPLES:
        with pytest.raises(AttributeError):
            setattr(event, fields(event)[0].name, None)


@pytest.mark.parametrize("kind", [Gen3DError, InputError, ModelUnavailable, OutOfMemory, EmptyWorld])
def test_errors_survive_pickling_with_both_sentences(kind):
    error = kind("The photo is empty.", "Give another one.")
    back = there_and_back(error)
    assert type(back) is kind and isinstance(back, Gen3DError)
    assert (back.what, back.remedy) == ("The photo is empty.", "Give another one.")
    assert str(back) == "The photo is empty. Give another one."


def check(event: Event) -> None:
    """What the listener of a step in another process relies on."""
    assert same(there_and_back(event), event) and len(pickle.dumps(event)) < 1_000_000
    assert not any(isinstance(getattr(event, field.name), torch.Tensor) for field in fields(event))
    if isinstance(event, Preview):
        h, w, channels = event.image.shape
        assert event.image.dtype == np.uint8 and channels == 3 and max(h, w) <= 512


def test_the_events_of_a_run_are_small(built):
    for event in built.events:
        check(event)


@pytest.mark.slow
def test_previews_of_a_large_picture_are_reduced(tmp_path):
    request = save_rgbd(tmp_path / "in", width=560, height=128)
    settings = replace(
        TINY, size_px=560, expand=ExpandSettings(poses=1), fit=FitSettings(iterations=2, reprojections=1),
        tour=replace(TINY.tour, frames=2, width_px=560),
    )  # fmt: skip
    previews = []
    for event in build(request, room_models(), pick_rasterizer(), settings, tmp_path / "out"):
        check(event)
        previews += [event] if isinstance(event, Preview) else []
    assert {max(event.image.shape[:2]) for event in previews} == {512}
    shown = {event.name for event in previews}
    assert shown >= {"photo", "depth", "layers", "background", "lift", "expand_01", "fit", "flythrough_000"}


# -- in another process, as a GPU call on a shared machine is ------------------------------------------------------


def child(home, orders, request: Request, folder: Path) -> None:
    """Runs a build in the forked process: sends each event, asks whether to go on, says at last how it ended."""
    torch.set_num_threads(1)  # the threads of the parent's pool are not here
    run = build(request, room_models(), pick_rasterizer(), TINY, folder)
    end: str | Gen3DError = "whole"
    try:
        for event in run:
            home.put(event)
            if orders.get() == "stop":
                run.close()
                end = "closed"
    except Gen3DError as error:
        end = error
    home.put(end)


def forked(request: Request, folder: Path, stop_at: str = "never") -> list:
    """All that a forked run sends home; it is told to stop at its first event of the stage `stop_at`."""
    context = multiprocessing.get_context("fork")
    home, orders = context.SimpleQueue(), context.SimpleQueue()
    process = context.Process(target=child, args=(home, orders, request, folder), daemon=True)
    process.start()
    events: list = []
    try:
        while not events or not isinstance(events[-1], str | Exception):
            assert home._reader.poll(PATIENCE_S), f"the forked run fell silent after {events[-3:]}"
            events.append(home.get())
            orders.put("stop" if getattr(events[-1], "stage", None) == stop_at else "go on")
        process.join(PATIENCE_S)
        assert process.exitcode == 0
    finally:
        process.kill()
    return events


needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")


@needs_fork
def test_a_forked_run_sends_its_events_home(built, tmp_path):
    """`built` has already drawn in this process, as a page has that warmed up before its first visitor."""
    *events, end = forked(built.request, tmp_path / "out")
    assert end == "whole"
    assert [type(event) for event in events] == [type(event) for event in built.events]
    assert isinstance(events[-1], Finished) and events[-1].folder == tmp_path / "out"
    assert (tmp_path / "out" / "scene.ply").read_bytes() == (built.folder / "scene.ply").read_bytes()


@needs_fork
@pytest.mark.parametrize("stage", ["source", "expand", "optimize", "flythrough"])
def test_a_forked_run_ends_on_cancel_and_leaves_nothing(built, tmp_path, stage):
    *events, end = forked(built.request, tmp_path / "out", stop_at=stage)
    assert end == "closed" and events[-1].stage == stage
    assert inside(tmp_path) == set()


@needs_fork
def test_a_failure_in_a_forked_run_comes_home_with_both_sentences(built, tmp_path):
    error = forked(replace(built.request, photo=tmp_path / "missing.png"), tmp_path / "out")[-1]
    assert isinstance(error, InputError) and "missing.png" in error.what and error.remedy.endswith(".")
    assert inside(tmp_path) == set()


def test_a_run_does_nothing_before_its_first_event_is_asked_for(built, tmp_path):
    run = look(built.request, room_models(), TINY, tmp_path / "out")
    assert inside(tmp_path) == set()
    run.close()
    assert inside(tmp_path) == set()
