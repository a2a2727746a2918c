"""The viewer in a headset: an emulated one (npm `iwer`), whose stereo pair is held against our own rasterizer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.formats.html import write_html
from gen3d.formats.view import Limits, read_view, write_view
from gen3d.products.limits import Pose, orbit
from gen3d.splat.harmonics import seen_from
from gen3d.splat.pick import pick_rasterizer
from tests.browser import browser as browser
from tests.drawn import in_script
from tests.measures import psnr
from tests.npm import npm_package
from tests.patience import eventually
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene, shown, tinted
from tests.test_viewer import CAMERA, LIMITS, PIVOT_M

IWER = ("iwer", "2.5.0")
SIDE_PX = 96
"""Of an eye's picture."""
FOV, APART_M = 1.2, 0.2
"""Radians from top to bottom; eyes so far apart that a wrong one is told from the right one."""
DEVICE = f"{{stereoEnabled: true, fovy: {FOV}, ipd: {APART_M}}}"
WEAR = f"""modes => {{
    const kind = {{...IWER.metaQuest3, supportedSessionModes: ['inline', ...modes]}}
    window.device = new IWER.XRDevice(kind, {DEVICE})
    device.installRuntime({{forceInstall: true}})
}}"""
BOTH = ["immersive-vr", "immersive-ar"]
FLIP = np.diag([1.0, -1.0, -1.0])
"""Between a headset's axes (right, up, back) and ours."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    write_view(folder / "scene.view", tinted(photo_scene(CAMERA)), CAMERA, PIVOT_M, LIMITS)
    return folder


@pytest.fixture(scope="module")
def stock(folder: Path) -> Iterator[Shelf]:
    with shelf() as it:
        it.files["scene.view"] = (folder / "scene.view").read_bytes()
        yield it


@pytest.fixture(scope="module")
def one_page(browser: object, stock: Shelf) -> Iterator[ScenePage]:
    emulator = npm_package(*IWER) / "build" / "iwer.min.js"
    page = ScenePage(browser, stock.url)
    page.page.set_viewport_size({"width": 2 * SIDE_PX, "height": SIDE_PX})
    page.page.add_script_tag(path=emulator)
    page.page.add_style_tag(content="#stage { width: 420px }")
    yield page
    page.context.close()
    assert page.wrong == []


@pytest.fixture
def headset(one_page: ScenePage) -> Iterator[Callable[..., ScenePage]]:
    """The viewer with a scene, on a machine with a headset that offers these sessions."""

    def plugged(modes: list[str] = BOTH) -> ScenePage:
        one_page.page.evaluate(WEAR, modes)
        one_page.open()
        return one_page

    yield plugged
    one_page.page.evaluate("async () => { await device.activeSession?.end(); viewer.dispose() }")
    one_page.page.evaluate("() => device.uninstallRuntime()")


def press(page: ScenePage, *keys: str) -> None:
    page.page.locator(".frame > canvas").focus()
    for key in keys:
        page.page.keyboard.press(key)
    page.rest()
    page.page.evaluate("() => document.activeElement.blur()")  # the ring around it is no part of the scene


def put_on(page: ScenePage, kind: str = "VR") -> None:
    page.page.get_by_role("button", name=kind, exact=True).click()
    page.page.wait_for_function("() => viewer.canvas.dataset.worn === 'true'")


def settle(page: ScenePage) -> None:
    """Until what the headset shows is drawn with the order of its own view."""
    before = int(page.told("revision"))
    page.wait(f"Number(revision) > {before + 12}")


def eyes(page: ScenePage) -> tuple[np.ndarray, np.ndarray]:
    """What the left eye sees, and the right one."""
    settle(page)
    picture = np.asarray(Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")).astype(np.float32) / 255
    return picture[:, :SIDE_PX], picture[:, SIDE_PX:]


def meant(folder: Path, seat: np.ndarray, eye: int) -> np.ndarray:
    """The rasterizer's picture for an eye (0: left) of a head with this pose, camera to world."""
    focal = SIDE_PX / 2 / np.tan(FOV / 2)
    lens = Camera.from_intrinsics(focal, focal, SIDE_PX / 2, SIDE_PX / 2, SIDE_PX, SIDE_PX)
    aside = np.eye(4)
    aside[0, 3] = (eye - 0.5) * APART_M
    camera = lens.posed(seat @ aside)
    return shown(pick_rasterizer().render(seen_from(read_view(folder / "scene.view").gaussians, camera), camera))


def moved_head(page: ScenePage, turn: Rotation, by_m: tuple[float, float, float]) -> np.ndarray:
    """Turns and moves the head in the headset's axes; its pose relative to before, in ours."""
    page.page.evaluate("""([x, y, z, [a, b, c, d]]) => {
        const {position, quaternion} = device
        position.set(position.x + x, position.y + y, position.z + z)
        quaternion.set(a, b, c, d)
    }""", [*by_m, turn.as_quat().tolist()])  # fmt: skip
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = FLIP @ turn.as_matrix() @ FLIP, FLIP @ by_m
    return pose


def assert_seen(page: ScenePage, folder: Path, seat: np.ndarray) -> None:
    """Both eyes see what they should; neither the other one's picture nor a mirrored one would pass."""
    pair = eyes(page)
    for eye, picture in enumerate(pair):
        right = meant(folder, seat, eye)
        assert psnr(picture, right) > 32
        for wrong in (pair[1 - eye], picture[:, ::-1], picture[::-1]):
            assert psnr(wrong, right) < 26
        assert psnr(picture[4:-4, 4:-4], np.asarray(Image.fromarray((right * 255).astype(np.uint8)).resize(
            (SIDE_PX - 8, SIDE_PX - 8))) / 255) < 28  # fmt: skip


def test_each_eye_sees_what_the_rasterizer_draws_from_there(headset, folder):
    page = headset()
    put_on(page)
    assert_seen(page, folder, CAMERA.c2w)
    turn = Rotation.from_euler("YXZ", [8, -6, 5], degrees=True)
    head = moved_head(page, turn, (0.12, -0.05, -0.1))
    assert_seen(page, folder, CAMERA.c2w @ head)


def test_it_begins_where_the_visitor_looks_from_and_level(headset, folder):
    page = headset()
    page.page.evaluate("() => { device.quaternion.set(0, Math.sin(0.7), 0, Math.cos(0.7)) }")  # wherever they sit
    press(page, "ArrowRight", "ArrowRight", "ArrowUp")
    yaw, pitch, zoom = page.pose()
    assert yaw > 2 and pitch > 1
    seat = orbit(CAMERA, Pose(yaw), PIVOT_M).c2w
    seat[:3, 3] = orbit(CAMERA, Pose(yaw, pitch, zoom), PIVOT_M).center
    put_on(page)
    assert_seen(page, folder, seat)


def test_a_head_beyond_the_limits_is_held_and_both_eyes_with_it(headset, folder):
    page = headset()
    put_on(page)
    settle(page)
    moved_head(page, Rotation.identity(), (1.5, 0.0, 0.0))  # to the right: one looks left from there
    held = in_script(folder, ("path.js", "orbit.js", "xr.js"), HELD, given([CAMERA.c2w @ [1.5, 0, 0, 1]]))
    seat = CAMERA.c2w.copy()
    seat[:3, 3] = held[0]
    assert 0.2 < np.linalg.norm(seat[:3, 3] - CAMERA.center) < 1
    assert_seen(page, folder, seat)


def test_sticks_turn_by_steps_and_a_button_leads_back(headset, folder):
    page = headset()
    put_on(page)
    settle(page)
    stick = "x => device.controllers.right.updateAxes('thumbstick', x, 0)"
    page.page.evaluate(stick, 1)
    settle(page)
    page.page.evaluate(stick, 0)
    turned = CAMERA.c2w.copy()
    turned[:3, :3] = turned[:3, :3] @ Rotation.from_euler("y", 30, degrees=True).as_matrix()
    assert_seen(page, folder, turned)  # once, however long it is pushed
    page.page.evaluate("() => device.controllers.right.updateButtonValue('a-button', 1)")
    settle(page)
    page.page.evaluate("() => device.controllers.right.updateButtonValue('a-button', 0)")
    assert_seen(page, folder, CAMERA.c2w)


def test_the_left_stick_moves_the_seat_as_far_as_the_limits(headset, folder):
    page = headset()
    put_on(page)
    settle(page)
    page.page.evaluate("() => device.controllers.left.updateAxes('thumbstick', 0, -1)")  # ahead
    seat = orbit(CAMERA, Pose(distance=LIMITS.nearest), PIVOT_M).c2w
    left = meant(folder, seat, 0)
    eventually(lambda: psnr(eyes(page)[0], left) > 32)
    assert_seen(page, folder, seat)  # and stays there, though the stick is still pushed
    page.page.evaluate("() => device.controllers.left.updateAxes('thumbstick', 0, 0)")


def test_the_page_is_as_it_was_when_the_headset_is_taken_off(headset):
    page = headset()
    press(page, "ArrowRight", "ArrowUp")
    before, pose = page.picture(), page.pose()
    page.page.evaluate("() => { document.querySelector('.around').style.visibility = '' }")
    put_on(page)
    button = page.page.get_by_role("button", name="VR", exact=True)
    assert button.get_attribute("aria-pressed") == "true"
    settle(page)
    page.page.evaluate("() => device.activeSession.end()")
    page.page.wait_for_function("() => viewer.canvas.dataset.worn === 'false'")
    page.rest()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.pose() == pose
    assert psnr(page.picture(), before) > 50
    press(page, "ArrowLeft", "ArrowLeft")
    assert page.pose()[0] < pose[0], "keys lead again"


def test_in_the_visitors_own_room_nothing_hides_it_where_the_scene_ends(headset):
    page = headset()
    put_on(page, "AR")
    moved_head(page, Rotation.from_euler("y", 40, degrees=True), (0, 0, 0))
    settle(page)
    alphas = page.page.evaluate(f"""() => new Promise(done => device.activeSession.requestAnimationFrame(() => {{
        const gl = viewer.canvas.getContext('webgl2'), row = new Uint8Array(4 * {SIDE_PX})
        gl.readPixels(0, {SIDE_PX // 2}, {SIDE_PX}, 1, gl.RGBA, gl.UNSIGNED_BYTE, row)
        done([...row].filter((_, i) => i % 4 === 3))
    }}))""")
    assert min(alphas) == 0 and max(alphas) > 240


@pytest.mark.parametrize("modes", [[], ["immersive-vr"], ["immersive-ar"]])
def test_there_is_a_button_only_for_what_the_headset_can(headset, modes):
    page = headset(modes)
    page.page.wait_for_timeout(100)
    offered = [name for name in ("VR", "AR") if page.page.get_by_role("button", name=name, exact=True).is_visible()]
    assert offered == [mode[-2:].upper() for mode in modes]


def test_a_headset_that_does_not_start_is_told(headset):
    page = headset()
    page.page.evaluate("() => { navigator.xr.requestSession = async () => { throw new Error('no permission') } }")
    page.page.get_by_role("button", name="VR", exact=True).click()
    note = page.page.locator(".note")
    note.wait_for()
    assert "did not start (no permission)" in note.inner_text()
    press(page, "ArrowLeft")
    assert note.is_hidden()
    page.page.evaluate("() => { delete navigator.xr.requestSession }")


def test_the_file_for_a_friend_has_it_too(browser, folder, tmp_path):
    emulator = npm_package(*IWER) / "build" / "iwer.min.js"
    write_html(tmp_path / "room.html", folder / "scene.view")
    context = browser.new_context(viewport={"width": 2 * SIDE_PX, "height": SIDE_PX * 2})
    context.add_init_script(path=emulator)
    context.add_init_script(f"({WEAR})({BOTH})")
    page = context.new_page()
    page.goto((tmp_path / "room.html").as_uri())
    page.locator("canvas[data-ready=true]").wait_for()
    assert page.locator(".around button:not([hidden])").all_text_contents() == ["VR", "AR"]
    context.close()


# --- the box, without a browser

HELD = """(() => {
    const orbit = new Orbit(false)
    orbit.use(given.header)
    return given.places.map(place => heldPlace(orbit, place))
})()"""


def given(places: list[np.ndarray]) -> dict:
    names = ("yaw_left_deg", "yaw_right_deg", "pitch_up_deg", "pitch_down_deg", "nearest", "farthest")
    limits = {name: getattr(LIMITS, name) for name in names}
    lens = {"K": LENS.K.tolist(), "width": LENS.width, "w2c": CAMERA.w2c.tolist()}
    return {"header": lens | {"pivot_m": PIVOT_M, "limits": limits}, "places": [list(p[:3]) for p in places]}


@pytest.mark.parametrize("limits", [LIMITS, Limits(0.0, 0.0, 0.0, 0.0, 1.0, 1.0)])
def test_a_head_goes_where_the_mouse_goes_and_no_farther(tmp_path, limits):
    inside = [Pose(), Pose(13.0), Pose(-9.0, 1.0, 0.75), Pose(3.0, -6.0, 0.9), Pose(2.0, 2.0, 1.1)]
    places = [orbit(CAMERA, pose, PIVOT_M).center for pose in inside]
    rng = np.random.default_rng(0)
    wild = [CAMERA.center + rng.normal(0, 2, 3) for _ in range(50)]
    about = given(places + wild)
    about["header"]["limits"] = {name: getattr(limits, name) for name in about["header"]["limits"]}
    held = np.array(in_script(tmp_path, ("path.js", "orbit.js", "xr.js"), HELD, about))
    if limits is LIMITS:
        assert held[: len(inside)] == pytest.approx(np.array(places), abs=1e-9)
    else:
        assert held == pytest.approx(np.tile(CAMERA.center, (len(held), 1)), abs=1e-9)
    about["places"] = held.tolist()
    assert np.array(in_script(tmp_path, ("path.js", "orbit.js", "xr.js"), HELD, about)) == pytest.approx(held, abs=1e-9)
    pivot = (CAMERA.c2w @ [0, 0, PIVOT_M, 1])[:3]
    away = np.linalg.norm(held - pivot, axis=1) / PIVOT_M
    assert away.min() > limits.nearest - 1e-9 and away.max() < limits.farthest + 1e-9
