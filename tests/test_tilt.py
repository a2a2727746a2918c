"""Looking around by tilting a phone: asked for on a tap, a little, within the limits; the sensor is emulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gen3d.formats.view import write_view
from tests.browser import browser as browser
from tests.drawn import in_script
from tests.npm import npm_package
from tests.scene_page import ScenePage, Shelf, shelf
from tests.small_scenes import LENS, photo_scene
from tests.test_viewer import LIMITS, PIVOT_M

HELD = {"alpha": 20, "beta": 50, "gamma": 5}
"""As one holds a phone to look at it."""
REFUSES = "() => { DeviceOrientationEvent.requestPermission = async () => 'denied' }"
ALLOWS = "() => { DeviceOrientationEvent.requestPermission = async () => { window.asked = true; return 'granted' } }"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    file = tmp_path_factory.mktemp("scenes") / "scene.view"
    write_view(file, photo_scene(), LENS, PIVOT_M, LIMITS)
    with shelf() as it:
        it.files["scene.view"] = file.read_bytes()
        yield it


@pytest.fixture(scope="module")
def one_page(browser: object, stock: Shelf) -> Iterator[ScenePage]:
    page = ScenePage(browser, stock.url, has_touch=True, is_mobile=True)
    page.page.set_viewport_size({"width": 390, "height": 800})
    page.page.add_style_tag(content="#stage { width: 390px }")
    yield page
    page.context.close()
    assert page.wrong == []


class Phone:
    """The page on a phone."""

    def __init__(self, page: ScenePage) -> None:
        self.page = page
        self.sensor = page.context.new_cdp_session(page.page)
        self.button = page.page.get_by_role("button", name="Tilt", exact=True)

    def hold(self, right_deg: float = 0.0, up_deg: float = 0.0) -> None:
        """Turned by so much about its own axes from how it is held at first; a phone tells it again and again."""
        first = Rotation.from_euler("ZXY", [HELD[name] for name in ("alpha", "beta", "gamma")], degrees=True)
        held = first * Rotation.from_euler("YX", [-right_deg, up_deg], degrees=True)
        alpha, beta, gamma = held.as_euler("ZXY", degrees=True).tolist()
        if abs(gamma) > 90:  # the event's is within a right angle, and beta is what goes all around
            alpha, beta, gamma = alpha + 180, 180 - beta, gamma - np.copysign(180, gamma)
        angles = {"alpha": alpha % 360, "beta": (beta + 180) % 360 - 180, "gamma": float(gamma)}
        self.sensor.send("DeviceOrientation.setDeviceOrientationOverride", angles)

    def start(self) -> None:
        self.hold()
        self.button.tap()
        self.page.page.wait_for_function("() => document.querySelector('.around [aria-pressed=true]')")
        self.page.page.wait_for_timeout(100)


@pytest.fixture
def phone(one_page: ScenePage) -> Iterator[Callable[[], Phone]]:
    one_page.open()
    held = Phone(one_page)
    yield held
    held.sensor.send("DeviceOrientation.clearDeviceOrientationOverride")
    one_page.page.evaluate("() => { viewer.dispose(); delete DeviceOrientationEvent.requestPermission }")


def test_it_is_off_until_it_is_tapped(phone):
    phone.hold()
    phone.hold(10)
    phone.page.rest()
    assert phone.page.pose() == (0, 0, 1)
    assert phone.button.get_attribute("aria-pressed") == "false"


def test_the_scene_turns_a_little_with_the_phone_and_comes_back(phone):
    phone.start()
    phone.hold(10)
    phone.page.wait("Math.abs(Number(yaw) - 4) < 0.3")  # 10 degrees of 25, of a lean of 10
    assert abs(phone.page.pose()[1]) < 0.3
    phone.hold(0, 8)
    phone.page.wait("Math.abs(Number(pitch) - 3.2) < 0.3 && Math.abs(Number(yaw)) < 0.3")
    phone.hold()
    phone.page.wait("Math.abs(Number(pitch)) < 0.3 && Math.abs(Number(yaw)) < 0.3")


@pytest.mark.parametrize("right_deg", [-60.0, 60.0])
def test_it_never_leads_beyond_the_limits(phone, right_deg):
    phone.start()
    for share in (0.3, 0.6, 1.0):
        phone.hold(right_deg * share, 40 * share)
        phone.page.page.wait_for_timeout(250)
        yaw, pitch, _ = phone.page.pose()
        left, up = LIMITS.yaw_left_deg if yaw < 0 else LIMITS.yaw_right_deg, LIMITS.pitch_up_deg
        assert np.hypot(yaw / left, pitch / up) < 1.001 and yaw * right_deg >= 0


def test_it_is_about_where_the_visitor_looks_now(phone):
    phone.start()
    phone.page.drag(120, 0)
    phone.page.rest()
    yaw = phone.page.pose()[0]
    assert yaw > 2
    phone.hold(2)  # what is told first after the drag is straight ahead
    phone.page.page.wait_for_timeout(150)
    phone.hold(7)
    phone.page.wait(f"Math.abs(Number(yaw) - {yaw} - 2) < 0.4")


def test_a_phone_that_lies_still_is_no_silent_one(phone):
    phone.start()
    phone.page.drag(20, 0)  # anew from here: nothing is told while it is held still
    phone.page.page.wait_for_timeout(1700)
    assert phone.button.get_attribute("aria-pressed") == "true"


def test_a_second_tap_ends_it_and_the_view_stays(phone):
    phone.start()
    phone.hold(10)
    phone.page.wait("Number(yaw) > 3.5")
    phone.button.tap()
    yaw = phone.page.pose()[0]
    phone.hold(-10)
    phone.page.page.wait_for_timeout(300)
    assert phone.page.pose()[0] == pytest.approx(yaw, abs=0.3)
    assert phone.button.get_attribute("aria-pressed") == "false"


def test_a_phone_that_asks_first_is_asked_on_the_tap(phone):
    phone.page.page.evaluate(ALLOWS)
    assert phone.page.page.evaluate("() => window.asked") is None
    phone.start()
    assert phone.page.page.evaluate("() => window.asked") is True


def test_a_refusal_is_told_and_changes_nothing(phone):
    phone.page.page.evaluate(REFUSES)
    phone.button.tap()
    note = phone.page.page.locator(".note")
    note.wait_for()
    assert "does not let this page know how the phone is held" in note.inner_text()
    assert phone.button.get_attribute("aria-pressed") == "false"
    phone.page.drag(10, 0)
    assert note.is_hidden()


def test_axe_finds_nothing_wrong_with_the_button_and_what_is_told(phone):
    page = phone.page.page
    page.add_script_tag(path=npm_package("axe-core", "4.14.1") / "axe.min.js")
    page.evaluate(REFUSES)
    phone.button.tap()
    page.locator(".note").wait_for()
    rules = page.evaluate("async () => (await axe.run('.gen3d-viewer')).violations")
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in rules] == []


def test_a_device_that_tells_nothing_is_told(phone):
    phone.button.tap()
    note = phone.page.page.locator(".note")
    note.wait_for()
    assert "does not tell how it is held" in note.inner_text()
    assert phone.button.get_attribute("aria-pressed") == "false"


def test_where_there_is_a_mouse_there_is_no_button(browser, stock):
    page = ScenePage(browser, stock.url)
    page.page.add_style_tag(content="#stage { width: 390px }")
    page.open()
    assert page.page.get_by_role("button", name="Tilt", exact=True).count() == 0
    page.context.close()


# --- the angles, without a browser


def test_angles_of_the_event_are_the_turn_that_they_mean(tmp_path):
    """W3C's DeviceOrientation Event: about z, then the new x, then the new y."""
    angles = np.random.default_rng(0).uniform((0, -180, -90), (360, 180, 90), (20, 3)).tolist()
    turns = np.array(in_script(tmp_path, ("tilt.js",), "given.map(angles => heldTurn(...angles))", angles))
    assert turns == pytest.approx(Rotation.from_euler("ZXY", angles, degrees=True).as_matrix(), abs=1e-12)


@pytest.mark.parametrize("screen_deg", [0, 90, 180, 270])
@pytest.mark.parametrize(("right_deg", "up_deg"), [(7.0, 0.0), (0.0, -5.0)])
def test_however_the_screen_lies_to_the_right_is_to_the_right(tmp_path, screen_deg, right_deg, up_deg):
    """The screen's picture is turned clockwise by so much on a device that is itself turned back by as much."""
    upright = Rotation.from_euler("ZX", [30, 60], degrees=True)
    before = upright * Rotation.from_euler("z", screen_deg, degrees=True)
    on_screen = Rotation.from_euler("YX", [-right_deg, up_deg], degrees=True)
    now = upright * on_screen * Rotation.from_euler("z", screen_deg, degrees=True)
    given = [before.as_matrix().tolist(), now.as_matrix().tolist(), screen_deg]
    script = "tiltBetween(...given)"
    assert in_script(tmp_path, ("orbit.js", "tilt.js"), script, given) == pytest.approx((right_deg, up_deg), abs=1e-9)
