import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.geometry.motion import MOMENTS, motion
from gen3d.geometry.trajectory import PATHS, TOURS, orbited, tour_path
from gen3d.ui.core.diagrams import HEIGHT_PX, PHOTO_PX, UNIT_PX, WIDTH_PX, diagram
from gen3d.values import Scale
from tests.browser import browser  # noqa: F401

SVG = "{http://www.w3.org/2000/svg}"
STILL = (0.0, 0.0, 0.0, 0.0)


def columns(path: str) -> np.ndarray:
    """x, z, yaw, pitch of all moments."""
    return np.array(motion(path)).T


@pytest.mark.parametrize("path", PATHS)
def test_a_motion_begins_and_ends_at_the_photo(path):
    x, z, yaw, pitch = columns(path)
    assert x.shape == (MOMENTS,)
    ends = np.stack([x, z, np.sin(np.radians(yaw / 2)), pitch])[:, [0, -1]]
    np.testing.assert_allclose(ends, 0.0, atol=1e-9)


def test_dolly_moves_forward_and_back_alone():
    x, z, yaw, pitch = columns("dolly")
    assert np.allclose([x, yaw, pitch], 0)
    assert z.max() == pytest.approx(0.24, abs=0.005) and z.min() == pytest.approx(-0.24, abs=0.005)


def test_rotate360_turns_a_full_circle_to_the_left_on_the_spot():
    x, z, yaw, pitch = columns("rotate360")
    assert np.allclose([x, z, pitch], 0, atol=1e-9)
    assert (np.diff(yaw) < 0).all() and yaw[-1] == pytest.approx(-360)


def test_orbit_faces_the_middle_of_the_scene_and_moves_against_its_turn():
    x, z, yaw, _ = columns("orbit")
    np.testing.assert_allclose(np.hypot(x, z - 1), 1, atol=1e-9)
    np.testing.assert_allclose(yaw, np.degrees(np.arctan2(-x, 1 - z)), atol=1e-9)
    assert yaw.max() == pytest.approx(18, abs=0.3)


def test_lookaround_tilts_up_while_it_looks_left():
    _, _, yaw, pitch = columns("lookaround")
    early = len(yaw) // 6
    assert yaw[early] < -20 and pitch[early] > 5
    assert np.abs(pitch).max() == pytest.approx(8, abs=0.3)


def test_a_motion_has_the_signs_of_the_poses_it_is_made_of(monkeypatch):
    turned_right_and_up = lambda t, k, scale, angle: orbited(30.0, 10.0, scale.median)  # noqa: E731
    monkeypatch.setitem(TOURS, "x", turned_right_and_up)
    x, z, yaw, pitch = motion("x", 2)[0]
    assert (yaw, pitch) == pytest.approx((30, 10))
    assert (x, z) == pytest.approx((-np.cos(np.radians(10)) * 0.5, 1 - np.cos(np.radians(10)) * np.cos(np.pi / 6)))


def test_a_motion_is_as_wide_as_its_path_gets():
    """`wander` is drawn as wide as it can get, which is where near things are as far as the median."""
    near = tour_path("wander", Camera.from_fov(55.0, 3, 2), Scale(1.0, 0.3), MOMENTS, 1.0)
    assert np.abs(columns("wander")[0]).max() > max(abs(camera.center[0]) for camera in near)


# --- the drawing


def steps_of(svg: str, name: str) -> list[tuple[float, ...]]:
    """The numbers of every keyframe of an animation."""
    frames = re.search(rf"@keyframes {name}\{{((?:[^{{}}]*\{{[^}}]*\}})*)\}}", svg).group(1)
    return [tuple(map(float, re.findall(r"-?[\d.]+(?=px|deg)", frame))) for frame in frames.split("}") if frame]


@pytest.mark.parametrize("path", PATHS)
def test_a_diagram_is_one_named_drawing_without_script_or_colour(path):
    svg = diagram(path, motion(path))
    root = ElementTree.fromstring(svg)
    assert root.tag == SVG + "svg" and root.get("role") == "img"
    assert root.find(SVG + "title").text == f"Camera path {path}, seen from above"
    assert "script" not in svg and "http" not in svg.replace(SVG[1:-1], "")
    paints = {element.get(kind) for element in root.iter() for kind in ("fill", "stroke")}
    assert paints <= {None, "none", "currentColor"} and "currentColor" in paints
    assert len(svg) < 10_000


def test_the_wedge_is_placed_and_turned_as_the_poses_say():
    svg = diagram("x", [STILL, (0.5, 0.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.0), (0.0, 0.0, 90.0, 0.0)])
    x, y = PHOTO_PX
    assert steps_of(svg, "path-x-moves") == [(x, y, 0), (x + UNIT_PX / 2, y, 0), (x, y - UNIT_PX / 2, 0), (x, y, 90)]


def test_pitch_is_drawn_where_there_is_some():
    flat = diagram("x", [STILL, (0.1, 0.0, 20.0, 0.5), STILL])
    assert "tilts" not in flat
    tilting = steps_of(diagram("x", [STILL, (0.0, 0.0, 0.0, 12.0), (0.0, 0.0, 0.0, -6.0)]), "path-x-tilts")
    (_, level), (_, up), (_, down) = tilting
    assert up - level == -28 and down - level == 14
    steep = steps_of(diagram("x", [STILL, (0.0, 0.0, 0.0, 80.0)]), "path-x-tilts")
    assert steep[1] == tilting[1]


def test_the_name_of_a_path_cannot_break_out():
    svg = diagram('a"</title><script>&', [STILL, STILL])
    assert ElementTree.fromstring(svg).find(SVG + "title").text.startswith('Camera path a"</title><script>&,')


@pytest.fixture
def page(browser):  # noqa: F811
    """All diagrams on one page, and again for a visitor who wants no motion."""

    def opened(**options):
        opened_page = browser.new_page(**options)
        opened_page.set_content("".join(f"<p id={path}>{diagram(path, motion(path))}</p>" for path in PATHS))
        return opened_page

    return opened


def test_chromium_moves_the_camera_within_the_drawing(page):
    shown = page()
    for path in PATHS:
        boxes = []
        for moment_ms in range(0, 7000, 500):
            shown.evaluate("t => document.getAnimations().forEach(a => {a.pause(); a.currentTime = t})", moment_ms)
            boxes.append(
                shown.evaluate(
                    """path => {
                        const frame = document.querySelector(`#${path} svg`).getBoundingClientRect();
                        const box = document.querySelector(`#${path} [class$=moves]`).getBoundingClientRect();
                        return [box.left - frame.left, box.top - frame.top,
                                box.right - frame.left, box.bottom - frame.top];
                    }""",
                    path,
                )
            )
        left, top, right, bottom = np.array(boxes).T
        assert left.min() >= 0 and top.min() >= 0 and right.max() <= WIDTH_PX and bottom.max() <= HEIGHT_PX, path
        assert np.ptp(left) + np.ptp(top) > 5, path


def test_nothing_moves_for_visitors_who_asked_for_less_motion(page):
    assert page().evaluate("document.getAnimations().length") >= len(PATHS)
    assert page(reduced_motion="reduce").evaluate("document.getAnimations().length") == 0
