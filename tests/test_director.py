"""The camera path editor in the viewer: as a visitor uses it, by mouse and by keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gen3d.formats.camera_path import read_camera_path
from gen3d.formats.view import Limits, Outside, write_view
from gen3d.geometry.drawn_path import Course
from gen3d.products.limits import Pose, orbit
from tests.browser import browser as browser
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene

LIMITS = Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2)
PIVOT_M = 3.0
FILMED = "{film: (text, seconds) => { window.filmed = [text, seconds] }, sway: false}"

PATH_FILE, PATH_TIME = (f'[role=group][aria-label="Camera path"] {part}' for part in ("input[type=file]", "output"))


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    file = tmp_path_factory.mktemp("scenes") / "scene.view"
    write_view(file, photo_scene(), LENS, PIVOT_M, LIMITS)
    with shelf() as it:
        it.files["scene.view"] = file.read_bytes()
        yield it


@pytest.fixture(scope="module")
def one_page(browser: object, stock: Shelf) -> Iterator[ScenePage]:
    page = ScenePage(browser, stock.url)
    page.page.set_viewport_size({"width": 480, "height": 900})
    page.page.add_style_tag(content="#stage { width: 480px }")
    yield page
    page.context.close()
    assert page.wrong == []


@pytest.fixture
def director(one_page: ScenePage) -> Iterator[Callable[..., ScenePage]]:
    """A fresh viewer with the editor unfolded."""
    page = one_page.page
    page.evaluate(f"() => {{ window.filmed = null; window.viewer = createSceneViewer(stage, {FILMED}) }}")
    page.evaluate("() => viewer.show('scene.view')")
    one_page.wait("ready === 'true'")
    page.get_by_role("button", name="Path", exact=True).click()
    yield one_page
    page.evaluate("() => viewer.dispose()")


def keep(page: ScenePage, right: float = 0, down: float = 0) -> tuple[float, float, float]:
    """Looks aside, and keeps that view."""
    if right or down:
        page.drag(right, down)
        page.rest()
    page.page.locator(".frame > canvas").focus()
    page.page.keyboard.press("k")
    return page.pose()


def keys(page: ScenePage) -> int:
    return page.page.locator(".keys li").count()


def focal(page: ScenePage) -> float:
    return page.page.evaluate("() => viewer.pose().focal")


def saved(page: ScenePage, kind: str, folder: Path) -> Path:
    """What the button Save as gives."""
    page.page.get_by_label("Kind of file").select_option(kind)
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Save as").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


@pytest.mark.journey
def test_views_that_are_kept_become_a_path_that_plays(director):
    start = keep(director)
    end = keep(director, 200, 30)
    assert keys(director) == 2 and end != start
    director.page.get_by_role("button", name="Play").click()
    director.wait("playing === 'true'")
    director.wait("playing === 'false'")
    director.rest()
    view = np.array(director.page.evaluate("() => viewer.pose().view"))
    assert view == pytest.approx(orbit(LENS, Pose(*end), PIVOT_M).w2c[:3], abs=1e-3)


def test_a_saved_file_is_what_was_kept_and_loads_again(director, tmp_path):
    poses = [keep(director), keep(director, 200, 0), keep(director, -120, 40)]
    drawn = read_camera_path(saved(director, "transforms.json", tmp_path), LENS)
    meant = [orbit(LENS, Pose(*pose), PIVOT_M).c2w for pose in poses]
    assert drawn.c2w == pytest.approx(np.array(meant), abs=2e-3)
    assert drawn.focal == pytest.approx(LENS.K[1, 1] / LENS.height) and drawn.seconds == pytest.approx(2.0)
    for kind, name in (("nerfstudio camera path", "camera_path.json"), ("SuperSplat settings", "settings.json")):
        file = saved(director, kind, tmp_path)
        assert file.name == name
        director.page.locator(PATH_FILE).set_input_files(file)
        director.page.get_by_text(f"{name}: 3 views.").wait_for()
        again = read_camera_path(saved(director, "transforms.json", tmp_path), LENS)
        assert again.c2w == pytest.approx(drawn.c2w, abs=1e-4) and again.focal == pytest.approx(drawn.focal, abs=1e-4)


def test_what_is_no_path_is_told_and_leaves_the_path_as_it_was(director, tmp_path):
    keep(director)
    (tmp_path / "wrong.json").write_text('{"frames": 3}')
    director.page.locator(PATH_FILE).set_input_files(tmp_path / "wrong.json")
    director.page.get_by_text("wrong.json is no camera path that can be read").wait_for()
    assert keys(director) == 1


def test_scrubbing_shows_the_very_view_of_the_time(director, tmp_path):
    keep(director)
    keep(director, 150, 30)
    keep(director, -250, 0)
    director.page.get_by_label("Time").fill("2.7")
    director.rest()
    course = Course(read_camera_path(saved(director, "transforms.json", tmp_path), LENS), PIVOT_M)
    view = np.array(director.page.evaluate("() => viewer.pose().view"))
    place = -view[:, :3].T @ view[:, 3]
    assert place == pytest.approx(course.at(2.7)[:3], abs=1e-6)


def test_time_and_field_of_view_are_each_keys_own(director, tmp_path):
    keep(director)
    keep(director, 150, 0)
    page = director.page
    page.get_by_label("View 2 of 2: seconds since the one before").fill("5")
    page.get_by_label("View 2 of 2: field of view, degrees").fill("30")
    page.get_by_label("View 2 of 2: field of view, degrees").blur()
    director.rest()
    assert focal(director) == pytest.approx(0.5 / np.tan(np.radians(15)), rel=1e-6), "it is shown at once"
    assert "of 5.0 s" in page.locator(PATH_TIME).inner_text()
    drawn = read_camera_path(saved(director, "transforms.json", tmp_path), LENS)
    assert drawn.seconds[1] == 5 and drawn.focal[1] == pytest.approx(0.5 / np.tan(np.radians(15)))
    page.get_by_label("View 2 of 2: seconds since the one before").fill("-3")
    page.get_by_label("View 2 of 2: seconds since the one before").blur()
    assert page.get_by_label("View 2 of 2: seconds since the one before").input_value() == "0.1"


def order(director: ScenePage, folder: Path) -> list[int]:
    """Yaws of the keys, in whole degrees."""
    forward = read_camera_path(saved(director, "transforms.json", folder), LENS).c2w[:, :3, 2]
    return [round(float(np.degrees(np.arctan2(x, z)))) for x, _, z in forward]


def test_keys_are_put_in_another_order_by_drag_and_by_the_keyboard_and_taken_back(director, tmp_path):
    for right in (0, 100, 100):
        keep(director, right)
    first, second, third = order(director, tmp_path)
    assert first < second < third
    page = director.page
    page.locator(".thumb").nth(0).drag_to(page.locator(".thumb").nth(2))
    assert order(director, tmp_path) == [second, third, first]
    page.locator(".thumb").nth(2).focus()
    page.keyboard.press("Alt+ArrowLeft")
    assert page.evaluate("() => document.activeElement.ariaLabel") == "View 2 of 3: go there"
    assert order(director, tmp_path) == [second, first, third]
    page.get_by_role("button", name="View 1 of 3: remove").click()
    assert keys(director) == 2
    for left in (3, 3, 3, 2, 1, 0):
        page.get_by_role("button", name="Undo").click()
        assert keys(director) == left
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_a_view_is_kept_after_the_one_that_is_chosen(director, tmp_path):
    keep(director)
    keep(director, 220)
    director.page.get_by_role("button", name="View 1 of 2: go there").click()
    director.rest()
    assert director.page.evaluate("() => viewer.pose().view")[0][3] == pytest.approx(0, abs=1e-6)
    keep(director, 100)
    first, middle, last = order(director, tmp_path)
    assert first == 0 < middle < last


def test_the_hand_takes_over_where_the_path_has_led(director):
    keep(director)
    there = keep(director, 200, 20)
    director.page.keyboard.press("Home")
    director.rest()
    director.page.get_by_role("button", name="View 2 of 2: go there").click()
    director.rest()
    director.page.locator(".frame > canvas").focus()
    director.page.keyboard.press("+")
    director.rest()
    yaw, pitch, zoom = director.pose()
    assert (yaw, pitch) == pytest.approx(there[:2], abs=0.05) and zoom < 1


@pytest.mark.parametrize("loop", ["Round and round", "Back and forth"])
def test_a_loop_goes_on(director, loop):
    keep(director)
    keep(director, 200)
    for key in (1, 2):
        if key == 2 or loop == "Round and round":
            director.page.get_by_label("How it goes on").select_option(loop)
            field = director.page.get_by_label(f"View {key} of 2: seconds since the one before")
            field.fill("0.3")
            field.blur()
    director.page.get_by_label("How it goes on").select_option(loop)
    assert "of 0.6 s" in director.page.locator(PATH_TIME).inner_text()
    director.page.get_by_role("button", name="Play").click()
    director.page.wait_for_timeout(1500)
    assert director.told("playing") == "true"
    director.page.get_by_role("button", name="Pause").click()
    director.wait("playing === 'false'")


def outward(yaw_deg: float) -> str:
    """A path that turns so far to the right, and back."""
    poses = [orbit(LENS, Pose(yaw), PIVOT_M).c2w @ np.diag([1.0, -1, -1, 1]) for yaw in (0.0, yaw_deg, 0.0)]
    frames = [{"transform_matrix": c2w.tolist(), "fl_x": 90, "fl_y": 84, "cx": 55, "cy": 33, "w": 96, "h": 72}
              for c2w in poses]  # fmt: skip
    return json.dumps({"camera_path": {"loop": "none"}, "frames": frames})


@pytest.mark.parametrize(("yaw_deg", "leaves"), [(12.0, False), (30.0, True)])
def test_where_a_path_leaves_what_was_built_is_shown(director, tmp_path, yaw_deg, leaves):
    (tmp_path / "path.json").write_text(outward(yaw_deg))
    director.page.locator(PATH_FILE).set_input_files(tmp_path / "path.json")
    director.page.get_by_text("path.json: 3 views.").wait_for()
    assert director.page.get_by_text("leaves what was built").is_visible() == leaves
    assert bool(director.page.evaluate("() => document.querySelector('.marks').style.background")) == leaves


def test_between_keys_within_the_limits_it_does_not_swing_out(director, tmp_path):
    """Five views along the edge, close to each other and far: the spline alone would leave the limits."""
    for right, down in ((500, 0), (0, -14), (-60, 0), (-800, 0), (30, 8)):
        keep(director, right, down)
    drawn = read_camera_path(saved(director, "transforms.json", tmp_path), LENS)
    course = Course(drawn, PIVOT_M)
    assert director.page.get_by_text("leaves what was built").is_hidden()
    forward = np.array([_forward(course.at(t)[3:7]) for t in np.linspace(0, course.duration_s, 200)])
    yaw = np.degrees(np.arctan2(forward[:, 0], forward[:, 2]))
    assert yaw.max() < LIMITS.yaw_right_deg + 0.3 and yaw.min() > -LIMITS.yaw_left_deg - 0.3


def _forward(turn: np.ndarray) -> tuple[float, float, float]:
    w, x, y, z = turn
    return 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)


def test_film_this_path_hands_on_the_path_and_its_length(director, tmp_path):
    keep(director)
    keep(director, 200)
    director.page.get_by_role("button", name="Film this path").click()
    text, seconds = director.page.evaluate("() => window.filmed")
    (tmp_path / "path.json").write_text(text)
    assert seconds == pytest.approx(2.0) and len(read_camera_path(tmp_path / "path.json", LENS).seconds) == 2


def test_somebody_elses_scene_has_paths_and_is_not_filmed(director, stock, tmp_path):
    aside = Outside((0.0, 0.0, 3.0), 4.0, "-y", starts=True)
    write_view(tmp_path / "other.view", photo_scene(), LENS, PIVOT_M, LIMITS, outside=aside)
    stock.files["other.view"] = (tmp_path / "other.view").read_bytes()
    director.page.evaluate("() => viewer.show('other.view')")
    director.wait("ready === 'true'")
    keep(director)
    there = keep(director, 150, 30)
    assert keys(director) == 2 and director.page.get_by_text("leaves what was built").is_hidden()
    assert director.page.get_by_role("button", name="Film this path").is_hidden()
    director.page.get_by_role("button", name="View 1 of 2: go there").click()
    director.rest()
    director.page.get_by_role("button", name="View 2 of 2: go there").click()
    director.rest()
    director.page.locator(".frame > canvas").focus()
    director.page.keyboard.press("+")
    director.rest()
    assert director.pose()[:2] == pytest.approx(there[:2], abs=0.05), "the hand goes on from there"


def test_thumbnails_show_their_views(director):
    keep(director)
    keep(director, 250)
    pixels = director.page.evaluate("""() => [...document.querySelectorAll('.thumb canvas')].map(canvas =>
        [...canvas.getContext('2d').getImageData(0, 0, 96, 64).data])""")
    first, second = np.array(pixels, float)
    assert first.std() > 10 and second.std() > 10 and np.abs(first - second).mean() > 1
