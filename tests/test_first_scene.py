"""The scene that comes with the package, which the page opens on before any was built; and the poster of any scene."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gen3d.formats.html import write_html
from gen3d.formats.view import Limits, read_photo, read_view, write_view
from gen3d.ui.core.gallery import Example, read_examples
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.steps import Steps
from gen3d.ui.core.words import examples
from gen3d.ui.page.showcase import opened, when_ready
from tests.browser import browser as browser
from tests.page import served
from tests.patience import PATIENCE_S
from tests.play import DOWNLOADS, PATHS, Play, PlayedGallery
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene

pytest_plugins = ["tests.page"]
ROOT = Path(__file__).parents[1]
LISTING = ROOT / "examples" / "gallery.json"
LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)


def test_the_first_example_of_the_app_has_a_small_scene_that_is_whole():
    first = read_examples(LISTING)[0].first
    assert first is not None and first.stat().st_size < 3e6
    file = read_view(first)
    assert len(file.gaussians) > 50_000 and file.tour is not None and read_photo(first)[:2] == b"\xff\xd8"


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    """The first scene, the viewer, style sheets, weights: whatever lies beside the code."""
    for name in ("pyproject.toml", "README.md", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "gen3d", tmp_path / "gen3d", ignore=shutil.ignore_patterns("__pycache__"))
    make = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", make, str(tmp_path)], cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("gen3d/")}
    there = {file.relative_to(tmp_path).as_posix() for file in (tmp_path / "gen3d").rglob("*") if file.is_file()}
    assert there == held


@pytest.mark.parametrize(
    ("ready", "coming", "told"),
    [
        (0, 0, "Examples"), (0, 3, "Examples: 0 of 3 scenes are ready, the others are being made"),
        (2, 1, "Examples: 2 of 3 scenes are ready, the others are being made"),
        (3, 0, "Examples: their scenes are ready"),
    ],
)  # fmt: skip
def test_scenes_are_called_ready_once_they_are(ready, coming, told):
    assert examples(ready, coming) == told


@pytest.fixture
def coming(built, tmp_path: Path) -> PlayedGallery:
    """One example, whose small scene is there, and which is built when a test lets it go."""
    first = tmp_path / "first" / "coming.view"
    first.parent.mkdir()
    shutil.copy(built.folder / "scene.view", first)
    example = Example("coming", "Coming", built.request.photo, first=first)
    return PlayedGallery([example], tmp_path / "gallery", made=built.folder)


def test_without_a_build_under_way_nothing_is_promised(coming):
    values, shown = opened(coming)
    assert "Coming" in values[0] and "being made" not in values[0]
    assert shown.values()["viewer"][0] == str(coming.examples[0].first) and shown.downloads() == []


def test_who_clicks_an_example_that_is_being_made_looks_at_its_small_scene(coming):
    coming.prepare()
    stream = when_ready(coming, coming.examples[0])
    assert next(stream)[-1] == coming.first()
    coming.go_on.set()
    assert str(list(stream)[-1][-1][0]).endswith("scene.view")


def test_a_first_start_opens_on_a_small_scene_and_goes_on_with_all_of_it(
    coming, built, gradio_home, open_window, tmp_path
):
    coming.prepare()
    play = Play(built.folder)
    with served(Steps(play.look, play.grow, play.tour, {}, "a stage", PATHS, True), Visits(tmp_path), coming) as url:
        window = open_window(url)
        stage = window.part("viewer").locator(".stage")
        window.says("This is an example, “Coming”")
        window.says("Its video and files are being made")
        assert int(window.views()["count"]) > 0 and window.file_viewed() == "coming.view"
        window.expect(window.part("asks")).to_contain_text("0 of 1 scenes are ready")
        window.lacks("video", "video")
        window.canvas().press("ArrowRight")
        window.expect(window.canvas()).to_have_attribute("data-still", "true")
        yaw = window.views()["yaw"]

        play.hold("layers")
        window.give("photo", built.request.photo)
        window.button("Build").click()
        window.says("layers 1 of 5")
        window.button("Cancel").click()
        window.says("What was here before is shown again")
        window.expect(stage).to_have_attribute("data-file", "coming.view")
        play.reset()

        window.visit(url)
        window.views()
        window.canvas().press("ArrowRight")
        window.expect(window.canvas()).to_have_attribute("data-yaw", yaw)
        coming.go_on.set()
        window.expect(window.part("asks")).to_contain_text("Examples: their scenes are ready")
        window.expect(stage).to_have_attribute("data-file", "scene.view")
        assert window.views()["yaw"] == yaw, "one goes on from where one looks"
        assert set(window.downloads()) == DOWNLOADS
        window.close()


# --- the poster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a photo, red, and without."""
    folder = tmp_path_factory.mktemp("scenes")
    photo = np.zeros((LENS.height, LENS.width, 3), np.float32)
    photo[..., 0] = 1
    write_view(folder / "ours.view", photo_scene(), LENS, 3.0, LIMITS, photo=photo)
    write_view(folder / "other.view", photo_scene(), LENS, 3.0, LIMITS)
    return folder


@pytest.fixture(scope="module")
def stock(folder: Path) -> Iterator[Shelf]:
    with shelf() as it:
        it.files = {file.name: file.read_bytes() for file in folder.iterdir()}
        yield it


HOLD = """() => {
  const send = Worker.prototype.postMessage, held = []
  Worker.prototype.postMessage = function (...told) { held.push(() => send.apply(this, told)) }
  window.go = () => { Worker.prototype.postMessage = send; for (const act of held) act() }
}"""
"""Nothing is drawn before go()."""


@pytest.fixture
def held(browser: object, stock: Shelf) -> Iterator[Callable[[], ScenePage]]:
    page = ScenePage(browser, stock.url)
    page.page.evaluate(HOLD)
    yield page
    page.context.close()
    assert page.wrong == []


def poster(page: ScenePage):
    return page.page.locator(".gen3d-viewer .poster")


def test_the_photo_is_seen_until_the_scene_is_drawn(held, stock):
    held.open(None)
    held.page.evaluate("() => { viewer.show('ours.view') }")
    poster(held).wait_for()
    red = held.picture().mean(axis=(0, 1))
    assert red[0] > 0.9 and red[1:].max() < 0.1 and held.told("revision") is None
    held.page.evaluate("() => go()")
    held.wait("ready === 'true'")
    assert poster(held).count() == 0 and held.picture().mean(axis=(0, 1))[1] > 0.1
    held.page.evaluate("() => viewer.show('ours.view')")
    assert poster(held).count() == 0, "the picture from before stays instead"


def test_a_page_may_have_a_poster_before_it_knows_the_scene(held):
    address = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='4' height='3'/>"
    held.page.evaluate("poster => { window.viewer = createSceneViewer(stage, {sway: false, poster}) }", address)
    poster(held).wait_for()
    held.page.evaluate("() => { viewer.show('other.view'); go() }")
    held.wait("ready === 'true'")
    assert poster(held).count() == 0


def test_a_scene_without_a_photo_has_no_poster(held):
    held.open(None)
    held.page.evaluate("() => { viewer.show('other.view') }")
    held.page.wait_for_function("() => viewer.canvas.getAttribute('aria-label').includes('Drag')")
    assert poster(held).is_hidden()


@pytest.mark.parametrize("name", ["ours.view", "other.view"])
def test_the_file_to_open_from_a_disk_shows_its_photo_before_its_script_runs(browser, folder, tmp_path, name):
    write_html(tmp_path / "scene.html", folder / name)
    has = name == "ours.view"
    text = (tmp_path / "scene.html").read_text(encoding="utf-8")
    assert (0 < text.find('id="poster"') < text.find('id="scene"')) == has
    wrong = []
    page = browser.new_page(java_script_enabled=False, viewport={"width": 96, "height": 72})
    page.on("console", lambda told: wrong.append(told.text))
    page.goto((tmp_path / "scene.html").as_uri())
    assert page.locator("img").count() == has
    assert not has or page.locator("img").bounding_box() == {"x": 0, "y": 0, "width": 96, "height": 72}
    page.close()
    page = browser.new_page(viewport={"width": 96, "height": 72})
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((tmp_path / "scene.html").as_uri())
    page.wait_for_selector("canvas[data-ready=true]", timeout=PATIENCE_S * 1000)
    assert page.locator("img").count() == 0 and wrong == []
    page.close()
