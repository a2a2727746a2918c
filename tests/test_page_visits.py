"""Visitors and examples on the page, in a real Chromium."""

from __future__ import annotations

import json
import threading

from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.steps import Steps
from tests.page import served
from tests.patience import PATIENCE_S, eventually
from tests.play import DOWNLOADS, PATHS, Play, PlayedGallery, colour
from tests.window import contrast

pytest_plugins = ["tests.page"]


def test_two_visitors_take_turns_and_see_only_their_own(stand, play, open_window):
    play.hold("layers")
    first, second = open_window(stand.url), open_window(stand.url)
    for window, seed in ((first, 1), (second, 2)):
        window.set_seed(seed)
        window.give("photo", stand.photo)
    first.button("Build").click()
    first.shows("depth")
    second.button("Build").click()
    second.says("queue: 1/1")
    assert [request.seed for request in play.requests] == [1]

    play.release()
    for window, seed in ((first, 1), (second, 2)):
        window.says("Done in")
        window.shows("depth")
        assert window.colour_of("depth") == colour(seed) and window.seed() == seed
        assert json.loads(window.fetch(window.downloads()["run.json"]))["seed"] == seed
    assert [request.seed for request in play.requests] == [1, 1, 1, 2, 2, 2]
    visits = {folder.parent for folder in play.folders}
    assert len(visits) == 2 and all(visit.parent == stand.visits.root for visit in visits)


def test_a_closed_page_takes_its_folder_along(stand, play, open_window):
    window, other = open_window(stand.url), open_window(stand.url)
    for visitor in (window, other):
        visitor.give("photo", stand.photo)
        visitor.button("Build").click()
        visitor.says("Done in")
    mine, others = play.folders[0].parent, play.folders[-1].parent
    assert mine.is_dir() and others.is_dir()
    window.close()
    eventually(lambda: not mine.exists())
    assert others.is_dir()


def test_work_for_a_closed_page_ends_and_leaves_nothing(stand, play, open_window):
    play.hold("expand")
    window = open_window(stand.url)
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("new views 1 of 5 …")
    folder = play.folders[0].parent
    window.close()
    play.wait_for("grow", "closed")
    eventually(lambda: not folder.exists())


def test_a_ready_example_shows_its_scene_at_once(window, stand, play):
    window.choose_example(0)
    window.says("Done in")
    for name in ("depth", "layers", "background", "views"):
        window.shows(name)
    links = window.downloads()
    assert set(links) == DOWNLOADS
    assert window.fetch(links["scene.ply"]) == stand.made.ply.read_bytes()
    assert window.seed() == json.loads(stand.made.run.read_text())["seed"]
    window.shows("photo")
    window.expect(window.part("depth-file")).to_contain_text("depth")
    assert play.journal == []


def test_an_example_that_is_being_prepared_says_so_and_then_shows(window, stand):
    window.choose_example(2)
    window.says("“Coming” is being prepared")
    window.lacks("depth")
    stand.gallery.go_on.set()
    window.says("Done in")
    window.shows("depth")


def test_an_example_that_failed_says_why(window):
    window.choose_example(1)
    window.warns("This example is not ready (The lamp is broken). Press Build to make it now.")


def test_more_formats_of_an_example_are_made_too(stand, open_window):
    window = open_window(stand.url)
    window.choose_example(0)
    window.says("Done in")
    window.unfold("More formats")
    window.page.get_by_role("button", name="Make these files").click()
    window.page.get_by_text("2 files are ready below.").wait_for()
    assert set(window.links("more-downloads")) == {"scene.glb", "scene.spz"}


def test_the_page_opens_on_a_finished_example_and_leaves_the_inputs_alone(window, play):
    window.says("This is an example, “Ready”")
    assert window.views()["yaw"] == "0.000"
    eventually(lambda: contrast(window.canvas()) > 0.05)
    window.expect(window.part("video").locator("video")).to_have_count(1)
    assert set(window.downloads()) == DOWNLOADS
    window.lacks("photo", "img")
    assert play.journal == []


def test_the_first_example_appears_as_soon_as_it_is_ready(built, gradio_home, open_window, tmp_path):
    request, play = built.request, Play(built.folder)
    gallery = PlayedGallery([Example("coming", "Coming", request.photo)], tmp_path / "gallery", made=built.folder)
    gallery.prepare()
    with served(Steps(play.look, play.grow, play.tour, {}, "a stage", PATHS, True), Visits(tmp_path), gallery) as url:
        window = open_window(url)
        window.says("“Coming” is being prepared")
        window.lacks("viewer", "canvas")
        gallery.go_on.set()
        window.says("This is an example, “Coming”")
        assert int(window.views()["count"]) > 0
        window.close()


def test_a_quick_build_is_not_overtaken_by_the_opening_example(stand, built, play, open_window, tmp_path):
    class Slow(Gallery):
        def is_ready(self, example: Example) -> bool:
            asked.set()
            return go_on.wait(PATIENCE_S) and super().is_ready(example)

    asked, go_on = threading.Event(), threading.Event()
    gallery = Slow((Example("ready", "Ready", built.request.photo),), stand.gallery.results)
    steps = Steps(play.look, play.grow, play.tour, {}, "a stage", PATHS, draws=True)
    with served(steps, Visits(tmp_path / "visits"), gallery) as url:
        window = open_window(url)
        assert asked.wait(PATIENCE_S)
        window.set_seed(7)
        window.choose_tab("Text")
        window.part("prompt").locator("textarea").fill("a lake at dawn")
        window.button("Build").click()
        window.says("Done in")
        mine = window.viewed_job()
        go_on.set()
        window.page.wait_for_timeout(1500)
        window.says("Done in")
        assert window.viewed_job() == mine and window.colour_of("depth") == colour(7)
        window.close()
