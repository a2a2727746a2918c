"""The viewers on the page, in a real Chromium."""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path

import pytest

from gen3d.ui.core import words
from gen3d.ui.page.scene_viewer import scene_viewer
from tests.page import launched
from tests.patience import eventually
from tests.window import VIEWER, Window

pytest_plugins = ["tests.page"]


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
    window.unfold(words.OTHER_VIEWER)
    window.expect(window.part("scene").locator("canvas")).to_have_count(1)
    window.until(lambda: "model3d.ply" in asked)
    window.fold(words.OTHER_VIEWER)
    window.lacks("scene", "canvas")


def test_a_scene_unfolded_the_moment_it_is_done_stays(stand, play, open_window):
    """What was asked before the unfolding, for a viewer that was folded, is answered after it."""
    window = open_window("", viewer=True)
    late = []

    def hold_back(route):
        told = route.request.post_data_json["data"]
        if len(told) == 2 and str(told[0]).find("model3d.ply") > 0 and not late:
            late.append((route, route.fetch()))
        else:
            route.continue_()

    window.page.route("**/run/predict*", hold_back)
    window.visit(stand.url)
    window.give("photo", stand.photo)
    window.button("Build").click()
    window.says("Done in")
    window.until(lambda: late)
    window.unfold(words.OTHER_VIEWER)
    canvas = window.part("scene").locator("canvas")
    window.expect(canvas).to_have_count(1)
    route, answer = late[0]
    route.fulfill(response=answer)
    window.page.wait_for_timeout(1000)
    window.expect(canvas).to_have_count(1)


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
    late_viewer.unfold(words.OTHER_VIEWER)
    late_viewer.expect(late_viewer.part("scene").locator("canvas")).to_have_count(1)


@pytest.mark.slow
def test_the_scene_of_an_example_is_drawn_though_the_viewer_comes_late(late_viewer):
    late_viewer.choose_example(0)
    late_viewer.says("Done in")
    late_viewer.unfold(words.OTHER_VIEWER)
    late_viewer.expect(late_viewer.part("scene").locator("canvas")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
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
    window.unfold("Advanced")
    window.page.wait_for_timeout(400)
    assert overflow(window) == []


def overflow(window) -> list[str]:
    """What reaches beyond the right edge, if the page can be scrolled there."""
    return window.page.evaluate("""() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => `${e.tagName}#${e.id}.${e.className}`)""")


@pytest.mark.slow
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
        window.page.add_init_script(COUNT_CONTEXTS)
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
