import json
import os
from pathlib import Path

import pytest
from gradio.utils import is_static_file

from gen3d.formats.ply import read_ply
from gen3d.request import Request
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.gallery import Example, Gallery, of_sentences, read_examples
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.steps import Steps
from gen3d.ui.page.actions import Actions
from gen3d.ui.page.layout import build_page
from gen3d.ui.page.sending import BUILT, NOBODY
from tests.patience import eventually
from tests.runs import save_rgbd

LISTING = Path(__file__).parents[1] / "examples" / "gallery.json"


def test_the_gallery_of_the_app_is_there_and_names_real_files():
    examples = read_examples(LISTING)
    assert {example.name for example in examples} >= {"room", "terrace"}
    for example in examples:
        assert example.photo.is_file() and (example.depth is None or example.depth.is_file())
        assert example.title and example.request.fov_deg == example.fov_deg


def test_the_examples_files_may_be_shown_wherever_the_app_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gallery = Gallery(read_examples(LISTING), tmp_path / "gallery")
    steps = Steps(print, print, print, {}, "a stage", {"wander": "here and there"}, draws=False)
    build_page(steps, Visits(tmp_path), gallery)
    files = [file for example in gallery.examples for file in (example.photo, example.depth) if file]
    assert len(files) > 3 and all(is_static_file(str(file)) for file in files)


TINY = ("--engine", "builtin", "--preset", "fast", "--size", "64")


@pytest.mark.slow
def test_what_is_missing_is_built_once_in_the_background(tmp_path):
    request = save_rgbd(tmp_path / "in")
    example = Example("room", "A room", request.photo, request.depth, request.fov_deg)
    gallery = Gallery([example], tmp_path / "results", TINY)
    assert not gallery.is_ready(example) and not gallery.is_coming(example) and not gallery.is_building()
    thread = gallery.prepare()
    assert gallery.is_coming(example)
    eventually(gallery.is_building)
    thread.join(120)
    assert not gallery.is_building()
    assert gallery.failures == {} and gallery.is_ready(example) and not gallery.is_coming(example)
    folder = gallery.folder_of(example)
    assert json.loads((folder / "run.json").read_text())["request"]["photo"] == "photo.png"
    assert len(read_ply(folder / "model3d.ply")) == len(read_ply(folder / "scene.ply"))
    made = (folder / "run.json").stat().st_mtime_ns
    gallery.prepare().join(60)
    assert (folder / "run.json").stat().st_mtime_ns == made


def test_what_a_killed_build_left_goes_when_nobody_can_be_at_it_any_more(tmp_path):
    for name in (".room-1.old", ".room-1.new", "room-1"):
        (tmp_path / name / "grow").mkdir(parents=True)
        if name != ".room-1.new":
            for folder in (tmp_path / name, tmp_path / name / "grow"):
                os.utime(folder, (0, 0))
    Gallery([], tmp_path).prepare().join(20)
    assert {folder.name for folder in tmp_path.iterdir()} == {".room-1.new", "room-1"}


def test_an_example_that_cannot_be_built_says_why_and_the_next_one_is(tmp_path):
    request = save_rgbd(tmp_path / "in")
    broken = Example("broken", "Broken", tmp_path / "nothing.jpg")
    good = Example("room", "A room", request.photo, request.depth, request.fov_deg)
    gallery = Gallery([broken, good], tmp_path / "results", TINY)
    gallery.prepare().join(120)
    assert "There is no file" in gallery.failures["broken"]
    assert gallery.is_ready(good) and not gallery.is_ready(broken)


@pytest.mark.slow
def test_the_end_of_the_app_ends_a_build_and_leaves_nothing_half_made(tmp_path):
    request = save_rgbd(tmp_path / "in", width=320, height=240)
    gallery = Gallery([Example("room", "A room", request.photo, request.depth, request.fov_deg)], tmp_path / "results")
    thread = gallery.prepare()
    results = tmp_path / "results"
    while not (results.exists() and list(results.iterdir())):
        assert thread.is_alive()
    gallery._interrupt()
    thread.join(30)
    assert not thread.is_alive() and (not results.exists() or list(results.iterdir()) == [])


def test_a_sentence_to_begin_with_is_named_after_its_words_and_asked_for_as_a_visitor_would(tmp_path):
    lake, night, same = of_sentences(["a lake", "a street at night", "a lake"])
    assert lake == same and lake.name != night.name
    assert lake.request == Request(prompt="a lake") and lake.asked == ["--prompt", "a lake"]
    gallery = Gallery((), tmp_path, sentences=(lake, night))
    assert gallery.ready_and_coming() == (0, 0), "the row of examples promises pictures only"
    (gallery.folder_of(night)).mkdir()
    (gallery.folder_of(night) / "run.json").touch()
    assert gallery.ready(night.name) == night and gallery.ready(lake.name) is None


def test_a_sentence_to_begin_with_shows_its_scene_where_it_is_ready_and_else_says_what_to_press(tmp_path):
    lake, night = of_sentences(["a lake", "a street at night"])
    gallery = Gallery((), tmp_path / "gallery", sentences=(lake, night))
    folder = gallery.folder_of(night)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"seed": 0, "seconds": {"source": 9.5}}')
    steps, expected = Steps(print, print, print, {}, "a stage", {}, True), Expected(tmp_path / "seconds.json")
    actions = Actions(steps, Visits(tmp_path), gallery, expected)
    soon, shown = (next(actions.show_sentence(index, NOBODY)) for index in (0, 1))
    assert "press Build to draw it now" in soon[0] and shown[BUILT.index("job")] == folder.name


@pytest.mark.slow
def test_sentences_are_built_after_the_examples(tmp_path):
    gallery = Gallery((), tmp_path, TINY, sentences=of_sentences(["a red sofa"]))
    gallery.prepare().join(240)
    assert gallery.failures == {} and gallery.is_ready(gallery.sentences[0])
