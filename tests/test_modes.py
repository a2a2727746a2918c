"""What else than the picture the viewer shows, against our own rasterizer; what a click hits; the photo beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gen3d.formats.view import Limits, read_view, write_view
from gen3d.products.limits import Pose, orbit
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.shown import sight
from gen3d.values import Kind
from tests.browser import browser as browser
from tests.measures import psnr
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene, tinted
from tests.test_shown import halves
from tests.worlds import box_room

LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)
PIVOT_M = 3.0
SIZE = {"width": LENS.width * 4, "height": LENS.height * 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ours.view, which knows kinds and has its photo, and other.view, which does not."""
    folder = tmp_path_factory.mktemp("scenes")
    ours = tinted(halves(Kind.PHOTO, Kind.OUTSIDE))
    photo = np.zeros((LENS.height, LENS.width, 3), np.float32)
    photo[..., 0] = 1
    write_view(folder / "ours.view", ours, LENS, PIVOT_M, LIMITS, photo=photo)
    write_view(folder / "other.view", photo_scene(), LENS, PIVOT_M, LIMITS)
    return folder


@pytest.fixture(scope="module")
def stock(folder: Path) -> Iterator[Shelf]:
    with shelf() as it:
        it.files = {file.name: file.read_bytes() for file in folder.iterdir()}
        yield it


@pytest.fixture(scope="module")
def one_page(browser: object, stock: Shelf) -> Iterator[ScenePage]:
    page = ScenePage(browser, stock.url)
    page.page.set_viewport_size({"width": 480, "height": 900})
    page.page.add_style_tag(content=f"#stage {{ width: {LENS.width}px }}")
    yield page
    page.context.close()
    assert page.wrong == []


@pytest.fixture
def shown(one_page: ScenePage) -> Iterator[Callable[[str], ScenePage]]:
    """The viewer with a scene, in a mode."""

    def look(mode: str, name: str = "ours.view") -> ScenePage:
        one_page.open(name)
        choose(one_page, mode)
        return one_page

    yield look
    one_page.page.evaluate("() => viewer.dispose()")


def choose(page: ScenePage, mode: str) -> None:
    """At this size there is no room for the list, and a script chooses."""
    page.page.evaluate(f"""() => {{
        const list = document.querySelector('.modes')
        list.value = '{mode}'
        list.dispatchEvent(new Event('change'))
    }}""")
    page.page.evaluate("() => { document.querySelector('.legend').style.visibility = 'hidden' }")
    page.wait(f"mode === '{mode}'")
    page.rest()


@pytest.mark.parametrize("mode", ["depth", "normals", "layers", "made-up", "alpha"])
def test_the_viewer_shows_what_render_shows(shown, folder, mode):
    page = shown(mode)
    file = read_view(folder / "ours.view")
    meant = sight(file.gaussians, LENS, pick_rasterizer(), mode, PIVOT_M).picture
    # of a ramp over depth each blends its own Gaussians' shades, the rasterizer shades the blended depth
    assert psnr(page.picture(), meant.clip(0, 1)) > (24 if mode == "depth" else 30)


def test_points_are_dots(shown):
    page = shown("points")
    dots = page.picture()
    choose(page, "picture")
    assert psnr(dots, page.picture()) < 35 and dots.std() > 0.05


def test_a_scene_of_somebody_elses_offers_no_kinds_and_no_photo(shown):
    page = shown("picture", "other.view")
    offered = page.page.eval_on_selector_all(".modes option", "all => all.map(one => one.value)")
    assert offered == ["picture", "depth", "normals", "alpha", "points"]


def test_the_photo_lies_over_the_scene_up_to_the_slider_at_the_photos_camera(shown):
    page = shown("picture")
    page.page.locator(".frame > canvas").focus()
    page.page.keyboard.press("ArrowRight")
    page.rest()
    choose(page, "photo")
    page.page.locator(".comparison:not([hidden])").wait_for()
    assert page.pose() == (0, 0, 1)
    slider = page.page.get_by_label("Photo on the left of here, scene on the right")
    slider.fill("25")
    page.page.evaluate("() => { document.querySelector('.comparison input').style.visibility = 'hidden' }")
    picture = page.picture()
    assert picture[10:, :22].reshape(-1, 3).mean(axis=0) == pytest.approx((1, 0, 0), abs=0.03)
    assert np.abs(picture[10:, 27:] - (1, 0, 0)).mean() > 0.2
    page.page.keyboard.press("Tab")
    page.page.locator(".frame > canvas").focus()
    page.page.keyboard.press("ArrowRight")
    page.wait("mode === 'picture'")
    assert page.page.locator(".comparison").is_hidden()


# --- measuring


def hit(page: ScenePage, u: float, v: float) -> str:
    """What is told of a click onto a pixel of the photo."""
    box = page.page.locator(".frame > canvas").bounding_box()
    scale = box["width"] / LENS.width
    page.page.mouse.click(box["x"] + u * scale, box["y"] + v * scale)
    return page.page.locator(".measure p").inner_text()


@pytest.fixture
def measuring(one_page: ScenePage) -> Iterator[ScenePage]:
    page = one_page
    page.page.add_style_tag(content="#stage { width: 480px !important }")
    page.open("other.view")
    page.page.get_by_role("button", name="Measure").click()
    page.page.locator(".measure p").filter(has_text="Click what you want").wait_for()
    yield page
    page.page.evaluate("() => viewer.dispose()")
    page.page.add_style_tag(content=f"#stage {{ width: {LENS.width}px !important }}")


def away_m(told: str) -> float:
    return float(told.removesuffix(" m away").split()[-1])


def world() -> np.ndarray:
    return LENS.unproject(box_room().view(LENS).depth)


def test_a_click_tells_how_far_away_it_is(measuring):
    for u, v in ((20.5, 20.5), (48.5, 30.5), (80.5, 45.5)):
        true = float(np.linalg.norm(world()[int(v), int(u)]))
        assert away_m(hit(measuring, u, v)) == pytest.approx(true, rel=0.02), (u, v)
        assert measuring.page.locator(".measure circle").count() in (1, 2)


def test_two_clicks_tell_how_far_apart_they_are_from_anywhere(measuring):
    xyz = world()
    a, b = xyz[20, 20], xyz[45, 80]
    hit(measuring, 20.5, 20.5)
    measuring.drag(60, 10)
    measuring.rest()
    camera = orbit(LENS, Pose(*measuring.pose()), PIVOT_M)
    (u, v), _ = camera.project(b)
    told = hit(measuring, float(u), float(v))
    assert float(told.split()[0]) == pytest.approx(float(np.linalg.norm(a - b)), rel=0.03)
    line = measuring.page.locator(".measure line")
    ends = np.array([float(line.get_attribute(name)) for name in ("x1", "y1", "x2", "y2")]).reshape(2, 2)
    scale = 480 / LENS.width
    assert ends == pytest.approx(scale * camera.project(np.stack([a, b]))[0], abs=4), "marks stay in the scene"


def test_the_middle_is_measured_by_the_keyboard(measuring):
    measuring.page.locator(".frame > canvas").focus()
    measuring.page.keyboard.press("Enter")
    told = measuring.page.locator(".measure p").inner_text()
    assert away_m(told) == pytest.approx(float(np.linalg.norm(world()[36, 48])), rel=0.03)
    measuring.page.keyboard.press("m")
    assert measuring.page.locator(".measure").is_hidden()


def test_a_drag_measures_nothing(measuring):
    before = measuring.page.locator(".measure p").inner_text()
    measuring.drag(30, 0)
    measuring.rest()
    assert measuring.page.locator(".measure p").inner_text() == before


# --- pictures out of it, and a gamepad


def saved(page: ScenePage, key: str) -> np.ndarray:
    """The PNG that a key gives, h w 4 in [0, 1]."""
    page.page.locator(".frame > canvas").focus()
    with page.page.expect_download() as download:
        page.page.keyboard.press(key)
    assert download.value.suggested_filename == "view.png"
    return np.asarray(Image.open(download.value.path()).convert("RGBA")).astype(np.float32) / 255


def test_the_present_view_is_saved_as_a_picture_with_transparency_too(shown, folder):
    page = shown("picture")
    page.drag(40, 0)
    page.rest()
    camera = orbit(LENS, Pose(*page.pose()), PIVOT_M)
    drawn = pick_rasterizer().render(read_view(folder / "ours.view").gaussians, camera)
    solid, cut = saved(page, "s"), saved(page, "S")
    assert solid.shape == cut.shape == (LENS.height, LENS.width, 4)
    assert (solid[..., 3] == 1).all() and psnr(solid[..., :3], drawn.rgb.numpy().clip(0, 1)) > 30
    alpha = drawn.alpha.numpy()
    assert (alpha < 0.5).any() and psnr(cut[..., 3], alpha) > 30
    assert psnr(cut[..., :3] * cut[..., 3:], drawn.rgb.numpy().clip(0, 1)) > 28


PAD = """([axes, pressed]) => {
    const button = pressed => ({pressed, value: Number(pressed)})
    const buttons = Array.from({length: 16}, (_, i) => button(pressed.includes(i)))
    navigator.getGamepads = () => (axes ? [{index: 0, axes, buttons}] : [])
    dispatchEvent(new Event('gamepadconnected'))
}"""


def test_a_gamepad_looks_around_and_goes_in(shown):
    page = shown("picture")
    page.page.evaluate(PAD, [[0, 0, 1, 0], []])
    page.wait("Number(yaw) > 3")
    page.page.evaluate(PAD, [[0.05, 0.05, 0, 0], [7]])
    page.wait("Number(zoom) < 0.9")
    page.page.evaluate(PAD, [[0, 0, 0, 0], [1]])
    page.wait("Number(zoom) === 1 && Number(yaw) === 0")
    page.page.evaluate(PAD, [[0, 0, 0, 0], []])
    page.page.evaluate(PAD, [[0, 0, 0, 0], [0]])
    page.page.wait_for_function("() => document.querySelectorAll('.keys li').length === 1")
    page.page.wait_for_timeout(200)
    assert page.page.locator(".keys li").count() == 1, "held, it is pressed once"
    page.page.evaluate(PAD, [None, []])
    page.rest()
