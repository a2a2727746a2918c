"""The page in a real Chromium, on steps that play the pipeline: a build from its first click to its downloads."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from gen3d.errors import InputError
from gen3d.settings import PRESETS
from tests.patience import eventually
from tests.play import DOWNLOADS, PATHS, POSES, colour
from tests.window import is_known_noise

pytest_plugins = ["tests.page"]


@pytest.mark.journey
def test_each_result_is_shown_as_soon_as_it_is_there(window, stand, play):
    play.hold("layers", "expand", "optimize", "flythrough")
    window.is_free()
    window.set_seed(7)
    window.give("photo", stand.photo)
    window.button("Build").click()

    window.says("layers 1 of 5 …")
    window.shows("depth")
    window.lacks("layers")
    assert window.colour_of("depth") == colour(7)
    window.is_busy()

    play.release("layers")
    window.says("new views 1 of 5 …")
    for name in ("layers", "background", "views"):
        window.shows(name)
    window.lacks("files", "a[href]")

    play.release("expand")
    window.says("fit 1 of 5 …")
    window.expect(window.part("views").locator("img")).to_have_count(POSES)
    play.release("optimize")
    window.says("video 1 of 5 …")
    assert set(window.downloads()) == DOWNLOADS - {"flythrough.mp4", "previews.zip"}
    window.lacks("video", "video")

    play.release("flythrough")
    window.says("Done in")
    window.expect(window.part("files").locator("a[href]")).to_have_count(len(DOWNLOADS))
    window.expect(window.part("video").locator("video")).to_have_count(1)
    window.is_free()
    assert [what for _, what in play.journal] == ["began", "finished"] * 3


def test_what_is_downloaded_is_what_was_made(window, stand, play):
    window.set_seed(11)
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("Done in")
    links = window.downloads()
    assert set(links) == DOWNLOADS
    for name in DOWNLOADS - {"run.json", "previews.zip"}:
        assert window.fetch(links[name]) == (stand.made.folder / name).read_bytes(), name
    assert json.loads(window.fetch(links["run.json"]))["seed"] == 11


@pytest.mark.journey
def test_the_page_asks_for_what_was_set(window, stand, play):
    window.choose_tab("Photo + depth")
    window.give("photo", stand.photo)
    window.give("depth-file", stand.depth)
    window.set_seed(5)
    window.page.get_by_label("balanced").check()
    window.part("path").locator("input").click()
    window.page.get_by_role("option", name=f"dolly: {PATHS['dolly']}").click()
    window.unfold("Advanced")
    window.type_number("Field of view", 61)
    window.type_number("Longer side to work at", 320)
    window.page.get_by_label("median depth, as in the paper").check()
    window.button("Build").click()
    window.says("Done in")
    request, settings = play.requests[0], play.settings[0]
    assert request.photo.read_bytes() == stand.photo.read_bytes()
    assert request.depth.read_bytes() == stand.depth.read_bytes()
    assert (request.path, request.seed, request.fov_deg, request.prompt) == ("dolly", 5, 61.0, None)
    assert (settings.preset, settings.size_px, settings.layers.rule) == ("balanced", 320, "paper")
    assert settings.fit == PRESETS["balanced"].fit


def test_the_used_seed_is_written_back_when_none_was_given(window, stand, play):
    window.set_seed(None)
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("Done in")
    assert window.seed() == play.requests[0].seed
    assert window.colour_of("depth") == colour(play.requests[0].seed)


def test_the_dice_throws_another_seed(window):
    seen = {window.seed()}
    for throws in range(2, 4):
        window.part("dice").click()
        eventually(lambda: seen.add(window.seed()) or len(seen) == throws)  # noqa: B023


def test_each_tab_shows_its_inputs(window):
    for tab, shown in (("Text", {"prompt"}), ("Photo + depth", {"photo", "depth-file"}), ("Photo", {"photo"})):
        window.choose_tab(tab)
        for name in ("photo", "depth-file", "prompt"):
            window.expect(window.part(name)).to_be_visible(visible=name in shown)


def test_a_sentence_alone_is_enough_where_it_can_be_drawn(window, play):
    window.choose_tab("Text")
    window.part("prompt").locator("textarea").fill("a lake at dawn")
    window.button("Build").click()
    window.says("Done in")
    assert (play.requests[0].photo, play.requests[0].prompt) == (None, "a lake at dawn")


def test_cancel_frees_the_page_ends_the_work_and_brings_back_what_was_there(window, stand, play):
    window.says("This is an example")
    before, video = window.viewed_job(), window.part("video").locator("video").get_attribute("src")
    play.hold("expand")
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("new views 1 of 5 …")
    eventually(lambda: window.viewed_job() not in (before, ""))
    window.lacks("video", "video")
    window.button("Cancel").click()
    window.says("Cancelled: nothing of that scene is kept. What was here before is shown again.")
    window.is_free()
    eventually(lambda: window.viewed_job() == before)
    window.expect(window.part("video").locator("video")).to_have_attribute("src", video)
    assert set(window.downloads()) == DOWNLOADS
    play.wait_for("grow", "closed")
    assert play.journal[-1] == ("grow", "closed")
    assert not (play.folders[0] / "grow").exists()

    play.release()
    window.button("Build").click()
    window.says("Done in")
    assert set(window.downloads()) == DOWNLOADS


def test_build_can_be_pressed_once_what_was_cancelled_is_over_for_the_browser(window, stand, play):
    """Pressed before that, it did nothing, and could not be pressed any more."""
    waiting = []
    window.page.route("**/cancel", lambda route: waiting.append(route))
    play.hold("layers")
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("layers 1 of 5 …")
    waiting.clear()
    window.button("Cancel").click()
    window.says("Cancelled")
    window.until(lambda: waiting)
    window.page.wait_for_timeout(500)
    window.expect(window.button("Build")).to_be_disabled()
    window.page.unroute("**/cancel")
    for route in waiting:
        route.continue_()
    window.expect(window.button("Build")).to_be_enabled()
    play.release()
    window.button("Build").click()
    window.says("Done in")
    window.is_free()


def test_enough_finishes_early_with_what_exists(window, stand, play):
    play.hold("expand")
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("new views 1 of 5 …")
    window.button("Enough").click()
    window.says("Done in")
    window.expect(window.part("views").locator("img")).to_have_count(1)
    assert set(window.downloads()) == DOWNLOADS
    window.is_free()

    play.release()
    window.button("Build").click()
    window.expect(window.part("views").locator("img")).to_have_count(POSES)
    window.is_free()


@pytest.mark.parametrize("stage", ["depth", "optimize"])
def test_a_failure_is_told_in_its_two_sentences(window, stand, play, stage):
    play.fail(stage, InputError("The lake is <b>dry</b>.", "Wait for rain."))
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("The lake is <b>dry</b>. Wait for rain.")
    window.expect(window.part("status").locator("[data-state=failed]")).to_be_visible()
    window.is_free()
    window.lacks("files", "a[href]")


def test_nothing_is_asked_of_the_pipeline_without_a_photo(window, play):
    window.choose_tab("Photo")
    window.button("Build").click()
    window.says("There is no photo yet.")
    window.is_free()
    assert play.journal == []


def test_another_seed_builds_the_same_photo_anew(window, stand, play):
    window.set_seed(7)
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("Done in")
    window.part("another").click()
    eventually(lambda: len(play.requests) == 6)
    window.says("Done in")
    first, second = play.requests[0], play.requests[-1]
    assert first.seed == 7 and second.seed not in (7, None) and window.seed() == second.seed
    assert second.photo.read_bytes() == stand.photo.read_bytes()


def test_all_previews_come_in_one_file(window, stand, play):
    window.choose_example(0)
    window.says("Done in")
    with zipfile.ZipFile(io.BytesIO(window.fetch(window.downloads()["previews.zip"]))) as archive:
        names = {picture.name for picture in stand.made.previews.glob("*.png")}
        assert set(archive.namelist()) == names and len(names) > 5
        assert archive.read("depth.png") == (stand.made.previews / "depth.png").read_bytes()


def test_the_page_names_its_engines_what_would_be_better_and_how_to_use_the_viewer(window):
    badge = window.page.locator(".badge")
    window.expect(badge).to_contain_text("Runs on a stage · played depth depth")
    window.expect(badge).to_contain_text("Better would be MoGe-2 vitb for depth: run gen3d download")
    window.views()
    assert "3D scene" in window.part("viewer").locator("section").get_attribute("aria-label")
    assert "arrow keys" in window.canvas().get_attribute("aria-label")


def test_only_known_noise_is_passed_over():
    assert is_known_noise("Failed to load resource: net::ERR_ABORTED", "http://127.0.0.1:1/scene.ply")
    assert not is_known_noise("Failed to load resource: net::ERR_ABORTED", "http://127.0.0.1:1/run.json")
    assert not is_known_noise("Uncaught TypeError: x is undefined", "http://127.0.0.1:1/scene.ply")
