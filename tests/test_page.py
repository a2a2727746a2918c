"""The page in a real Chromium, on steps that play the pipeline, and once on the pipeline itself."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from plyfile import PlyData

from gen3d.errors import InputError
from gen3d.formats.ply import read_ply, write_ply
from gen3d.scene import SceneFiles
from gen3d.settings import PRESETS
from gen3d.ui import words
from gen3d.ui.gallery import Example, Gallery
from gen3d.ui.jobs import Visits
from gen3d.ui.scene_viewer import scene_viewer
from gen3d.ui.steps import Steps
from tests.page import (
    PATHS,
    PATIENCE_S,
    POSES,
    VIEWER,
    Play,
    PlayedGallery,
    Window,
    colour,
    eventually,
    is_known_noise,
    launched,
    served,
)  # fmt: skip
from tests.runs import TINY, save_rgbd

pytest_plugins = ["tests.page"]
DOWNLOADS = {
    "scene.ply", "scene.splat", "flythrough.mp4", "scene.html", "previews.zip", "transforms.json", "run.json",
}  # fmt: skip


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


def test_the_page_asks_for_what_was_set(window, stand, play):
    window.choose_tab("Photo + depth")
    window.give("photo", stand.photo)
    window.give("depth-file", stand.depth)
    window.set_seed(5)
    window.page.get_by_label("balanced").check()
    window.part("path").locator("input").click()
    window.page.get_by_role("option", name=f"dolly: {PATHS['dolly']}").click()
    window.page.get_by_role("button", name="Advanced").click()
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


def test_the_scene_replaces_the_points_and_the_visitor_stays_where_they_look(window, stand, play):
    window.views()
    before = window.viewed_job()
    play.hold("expand", "flythrough")
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("new views 1 of 5 …")
    points = window.views()
    assert window.viewed_job() != before and float(points["yaw"]) == 0.0
    window.lacks("files", "a[href]")

    window.canvas().focus()
    for _ in range(3):
        window.page.keyboard.press("ArrowRight")
    eventually(lambda: abs(float(window.views()["yaw"])) > 0.5 and window.views()["still"] == "true")
    turned = window.views()
    window.canvas().evaluate("canvas => { canvas.dataset.mine = 'yes' }")
    play.release("expand")
    window.says("video 1 of 5 …")
    eventually(lambda: window.file_viewed() == "scene.view")
    fitted = window.views()
    assert (fitted["yaw"], fitted["pitch"], fitted["mine"]) == (turned["yaw"], turned["pitch"], "yes")

    play.release()
    window.says("Done in")
    assert window.views()["yaw"] == turned["yaw"]
    window.choose_example(0)
    eventually(lambda: "mine" not in window.views())
    assert float(window.views()["yaw"]) == 0.0


def test_gradios_viewer_loads_nothing_before_it_is_unfolded(stand, play, open_window):
    window = open_window("", viewer=True)
    asked = []
    window.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    window.visit(stand.url)
    window.views()
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("Done in")
    assert "model3d.ply" not in asked and not any(name.startswith("Canvas3DGS") for name in asked)
    fold = window.page.get_by_role("button", name=words.OTHER_VIEWER)
    fold.click()
    window.expect(window.part("scene").locator("canvas")).to_have_count(1)
    eventually(lambda: "model3d.ply" in asked)
    fold.click()
    window.lacks("scene", "canvas")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_viewer_first_and_nothing_overflows(stand, play, open_window, scheme):
    window = open_window(stand.url, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    window.views()
    assert overflow(window) == []
    top = {name: window.part(name).bounding_box()["y"] for name in ("viewer", "status", "photo", "build", "video")}
    assert list(top) == sorted(top, key=top.get) and top["viewer"] < 200
    play.hold("optimize")
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("fit 1 of 5 …")
    assert overflow(window) == []
    play.release()
    window.says("Done in")
    window.choose_tab("Photo + depth")
    window.page.get_by_role("button", name="Advanced").click()
    window.page.wait_for_timeout(400)
    assert overflow(window) == []


def overflow(window) -> list[str]:
    """What reaches beyond the right edge, if the page can be scrolled there."""
    return window.page.evaluate("""() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => `${e.tagName}#${e.id}.${e.className}`)""")


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


def test_twenty_scenes_in_a_row_leak_no_webgl_context(stand, browser, gradio_home, tmp_path):
    import gradio as gr

    scenes = itertools.count()
    with gr.Blocks() as page:
        viewer = scene_viewer(elem_id="viewer")
        button = gr.Button("next", elem_id="next")
        seed = gr.Number(1, elem_id="seed")

        def show():
            file = shutil.copy(stand.made.view, tmp_path / f"{next(scenes)}.view")
            return str(file), Path(file).stem

        button.click(show, None, viewer)
    with launched(page) as url:
        window = Window(browser, "", viewport={"width": 400, "height": 400})  # in software large pictures are slow
        window.context.add_init_script(COUNT_CONTEXTS)
        window.visit(url)
        for i in range(20):
            window.part("next").click()
            window.expect(window.part("viewer").locator(".stage")).to_have_attribute("data-job", str(i))
            window.views()
        told = window.page.evaluate("[contexts.length, contexts.filter(gl => !gl.isContextLost()).length]")
        canvases = window.canvas().count()
        window.close()
    assert told == [20, 1] and canvases == 1 and window.wrong == []
    assert seed.value == 1


COUNT_CONTEXTS = """
window.contexts = []
const get = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (...asked) {
  const context = get.apply(this, asked)
  if (asked[0] === 'webgl2' && !contexts.includes(context)) contexts.push(context)
  return context
}
"""


# --- on the pipeline itself


@pytest.fixture(scope="module")
def builtin(gradio_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app's own steps, with presets that finish at once."""
    import app

    home = tmp_path_factory.mktemp("builtin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", replace(TINY, preset="fast"))
        with served(app.steps(), Visits(home / "visits"), Gallery((), home / "gallery")) as url:
            yield url


def test_the_builtin_pipeline_makes_a_scene_that_is_drawn_and_flown_through(builtin, open_window, tmp_path):
    request = save_rgbd(tmp_path / "in")
    window = open_window(builtin, viewer=True)
    window.choose_tab("Photo + depth")
    window.give("photo", request.photo)
    window.give("depth-file", request.depth)
    window.button("Build").click()
    window.says("Done in", patience_s=90)
    for name in ("depth", "layers", "background", "views"):
        window.shows(name)

    links = window.downloads()
    assert set(links) == DOWNLOADS
    (tmp_path / "scene.ply").write_bytes(window.fetch(links["scene.ply"]))
    gaussians = PlyData.read(tmp_path / "scene.ply")["vertex"]
    assert len(gaussians) > 1000 and {"x", "f_dc_0", "opacity", "scale_0", "rot_0"} <= set(gaussians.data.dtype.names)
    assert len(window.fetch(links["scene.splat"])) == 32 * len(gaussians)

    video = window.part("video").locator("video")
    eventually(lambda: video.evaluate("v => v.readyState >= 2 && v.duration > 0 && v.videoWidth > 0"))
    eventually(lambda: window.views()["count"] == str(len(gaussians)) and contrast(window.canvas()) > 0.05)
    window.page.get_by_role("button", name=words.OTHER_VIEWER).click()
    canvas = window.part("scene").locator("canvas")
    eventually(lambda: contrast(canvas) > 0.05, patience_s=60)

    window.page.get_by_role("button", name="More formats").click()
    window.page.get_by_role("button", name="Make these files").click()
    window.page.get_by_text("2 files are ready below.").wait_for(timeout=60_000)
    made = window.links("more-downloads")
    assert set(made) == {"scene.glb", "scene.spz"}
    assert window.fetch(made["scene.glb"])[:4] == b"glTF" and window.fetch(made["scene.spz"])[:2] == b"\x1f\x8b"


def test_a_scene_file_of_a_visitor_is_opened_by_the_real_page(builtin, built, open_window, tmp_path):
    window = open_window(builtin)
    window.page.get_by_role("button", name="Open a scene file").click()
    some = write_some(tmp_path / "mine.ply", SceneFiles(built.folder).ply, 900)
    window.part("scene-file").locator("input[type=file]").set_input_files(some)
    window.says("This is mine.ply, a file of yours.", patience_s=60)
    eventually(lambda: window.views()["count"] == "900" and contrast(window.canvas()) > 0.05)


def test_more_formats_of_an_example_are_made_too(stand, open_window):
    window = open_window(stand.url)
    window.choose_example(0)
    window.says("Done in")
    window.page.get_by_role("button", name="More formats").click()
    window.page.get_by_role("button", name="Make these files").click()
    window.page.get_by_text("2 files are ready below.").wait_for()
    assert set(window.links("more-downloads")) == {"scene.glb", "scene.spz"}


def write_some(path: Path, scene: Path, count: int) -> Path:
    """A part of a scene file."""
    whole = read_ply(scene)
    write_ply(path, whole.keep(torch.arange(len(whole)) < count))
    return path


def contrast(canvas) -> float:
    """Standard deviation of what a canvas shows, in [0, 1]; nothing drawn is 0."""
    if canvas.count() == 0:
        return 0.0
    return float((np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("L")) / 255).std())


@pytest.fixture
def late_viewer(stand, open_window):
    """A window in which the viewer's code takes a while to come."""

    def slowly(route):
        time.sleep(1.0)
        route.continue_()

    window = open_window("", viewer=True)
    window.page.route(VIEWER, slowly)
    window.visit(stand.url)
    return window


def test_the_scene_is_drawn_though_the_viewer_comes_late(stand, play, late_viewer):
    late_viewer.give("photo", stand.photo)
    late_viewer.button("Build").click()
    late_viewer.says("Done in")
    late_viewer.page.get_by_role("button", name=words.OTHER_VIEWER).click()
    eventually(lambda: late_viewer.part("scene").locator("canvas").count() == 1, patience_s=10)


def test_the_scene_of_an_example_is_drawn_though_the_viewer_comes_late(late_viewer):
    late_viewer.choose_example(0)
    late_viewer.says("Done in")
    late_viewer.page.get_by_role("button", name=words.OTHER_VIEWER).click()
    late_viewer.expect(late_viewer.part("scene").locator("canvas")).to_have_count(1)


def test_what_is_wrong_is_told_beside_what_caused_it_until_the_next_build(builtin, open_window, tmp_path):
    for name, content in (("broken.png", "no picture"), ("wrong.json", "{not json"), ("depth.npy", "no array")):
        (tmp_path / name).write_text(content)
    good = save_rgbd(tmp_path / "in").photo
    window = open_window(builtin)
    window.choose_tab("Photo")

    def fails(field: str, sentence: str) -> None:
        window.button("Build").click()
        window.expect(window.part(f"beside-{field}")).to_contain_text(sentence)
        window.says(sentence)
        window.is_free()
        told = window.page.locator(".beside p")
        window.expect(told).to_have_count(1)
        window.expect(told).to_be_in_viewport()

    fails("photo", "There is no photo yet.")
    window.give("photo", tmp_path / "broken.png")
    fails("photo", "is not a picture that can be read")
    window.set_seed(-3)
    fails("seed", "-3 is not a seed. Give a whole number from 0 to 2147483647, or leave it empty.")
    window.set_seed(3)
    window.page.get_by_role("button", name="Advanced").click()
    window.give("transforms", tmp_path / "wrong.json")
    window.page.get_by_role("button", name="Advanced").click()
    fails("transforms", "wrong.json is not JSON.")
    window.part("transforms").get_by_role("button", name="Clear").click()
    window.type_number("Field of view", 500)
    window.give_anew("photo", good)
    fails("fov_deg", "A field of view of 500 degrees is not possible.")
    window.type_number("Field of view", 0)
    window.choose_tab("Photo + depth")
    fails("depth", "There is no depth file yet.")
    window.give("depth-file", tmp_path / "depth.npy")
    fails("depth", "depth.npy")


def test_a_sentence_that_nobody_can_draw_is_told_before_and_after(builtin, open_window):
    window = open_window(builtin)
    window.choose_tab("Text")
    window.expect(window.page.get_by_text(words.NO_SENTENCES)).to_be_visible()
    window.part("prompt").locator("textarea").fill("a lake at dawn")
    window.button("Build").click()
    window.says("No engine here can draw a sentence. Give a photo")
    window.is_free()


# --- the tests themselves


def test_only_known_noise_is_passed_over():
    assert is_known_noise("Failed to load resource: net::ERR_ABORTED", "http://127.0.0.1:1/scene.ply")
    assert not is_known_noise("Failed to load resource: net::ERR_ABORTED", "http://127.0.0.1:1/run.json")
    assert not is_known_noise("Uncaught TypeError: x is undefined", "http://127.0.0.1:1/scene.ply")
