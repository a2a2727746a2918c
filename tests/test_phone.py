"""A lighter scene for phones: made where there are many Gaussians, chosen by what the browser says, told, refusable."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
import pytest

from gen3d.camera import Camera
from gen3d.events import Started, Viewable
from gen3d.formats.ply import write_ply
from gen3d.formats.view import read_view, write_view
from gen3d.products import opened, show
from gen3d.products.opened import write_opened_view
from gen3d.products.show import FIRST_LIMITS, write_scene_view
from gen3d.scene_files import light_twin
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.page.scene_viewer import scene_viewer
from gen3d.values import Scale
from tests.browser import browser as browser
from tests.measures import psnr
from tests.page import launched
from tests.patience import PATIENCE_S
from tests.small_scenes import closed_room, photo_scene, shown
from tests.test_stream import after

LENS = Camera.from_fov(70.0, 96, 72)
MANY, FEW = len(photo_scene(LENS)), 1500
PHONE = {"is_mobile": True, "has_touch": True, "viewport": {"width": 390, "height": 780}}


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(show, "LIGHT", FEW)
    monkeypatch.setattr(opened, "LIGHT", FEW)


def test_a_scene_of_many_gaussians_gets_a_lighter_twin_that_shows_the_same(few, tmp_path):
    scene, rasterizer = photo_scene(LENS), pick_rasterizer("cpu")
    write_scene_view(tmp_path / "scene.view", scene, LENS, Scale(3.0, 2.0), rasterizer)
    whole, light = read_view(tmp_path / "scene.view"), read_view(tmp_path / "scene.light.view")
    assert len(whole.gaussians) == MANY and 0.8 * FEW < len(light.gaussians) <= FEW
    assert light.limits == whole.limits and light.pivot_m == whole.pivot_m
    pictures = [shown(rasterizer.render(view.gaussians, LENS)) for view in (light, whole)]
    assert psnr(*pictures) > 20


def test_a_scene_of_few_gaussians_has_none(tmp_path):
    write_scene_view(tmp_path / "scene.view", photo_scene(LENS), LENS, Scale(3.0, 2.0), pick_rasterizer("cpu"))
    assert not (tmp_path / "scene.light.view").exists()


def test_somebody_elses_scene_has_one_too(few, tmp_path):
    write_ply(tmp_path / "a.ply", closed_room((2.0, 1.5, 2.5), (0.3, 0.0, 0.2), 0.1))
    write_opened_view(tmp_path / "a.view", tmp_path / "a.ply", pick_rasterizer("cpu"))
    whole, light = read_view(tmp_path / "a.view"), read_view(light_twin(tmp_path / "a.view"))
    assert len(light.gaussians) <= FEW < len(whole.gaussians) and light.outside == whole.outside


def test_the_lighter_twin_is_kept_with_what_is_shown(tmp_path):
    view = tmp_path / "made" / "scene.view"
    view.parent.mkdir()
    (tmp_path / "kept").mkdir()
    view.write_bytes(b"whole")
    light_twin(view).write_bytes(b"light")
    kept = after([Started("optimize"), Viewable("scene", view)], tmp_path / "kept").view
    assert kept.read_bytes() == b"whole" and light_twin(kept).read_bytes() == b"light"


# -- the page


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A page that shows a scene with a lighter twin."""
    view = tmp_path_factory.mktemp("shown") / "scene.view"
    for file, part in ((view, photo_scene(LENS)), (light_twin(view), photo_scene(LENS.resized(48, 36)))):
        write_view(file, part, LENS, 3.0, FIRST_LIMITS)
    with gr.Blocks() as page:
        viewer = scene_viewer(elem_id="viewer")
        page.load(lambda: (str(view), "mine"), None, viewer)
    with launched(page, allowed_paths=[str(view.parent)]) as url:
        yield url


def ready(page, count: int) -> None:
    page.wait_for_selector(f"#viewer canvas[data-ready=true][data-count='{count}']", timeout=PATIENCE_S * 1000)


def test_a_phone_gets_the_lighter_scene_and_may_have_all(browser, address):
    context = browser.new_context(**PHONE)
    try:
        page = context.new_page()
        page.goto(address)
        ready(page, 48 * 36)
        page.get_by_text("This is a lighter scene, made for phones.").wait_for()
        page.get_by_role("button", name="Show all of it").click()
        ready(page, MANY)
        page.get_by_text("This is a lighter scene").wait_for(state="hidden")
    finally:
        context.close()


def test_a_large_screen_gets_all_and_hears_nothing(browser, address):
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    page.goto(address)
    ready(page, MANY)
    assert page.get_by_text("This is a lighter scene").is_hidden()
    page.close()
