"""The strip of keys of the path editor on a phone: it scrolls aside, and a finger that rests on a key lifts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gen3d.camera import Camera
from gen3d.formats.view import Limits, write_view
from tests.browser import browser as browser
from tests.patience import eventually
from tests.scene_page import ScenePage, shelf
from tests.small_scenes import photo_scene

LENS = Camera.from_fov(60.0, 32, 24)
MANY = 13
LIFTED_MS = 700
PHONE = {"has_touch": True, "is_mobile": True}
STRIP = "() => { const s = document.querySelector('.keys'); return [s.scrollLeft, s.clientWidth, s.scrollWidth] }"
ANGLES = "() => [...document.querySelectorAll('.keys li label:last-child input')].map(input => Number(input.value))"


@pytest.fixture(scope="module")
def phone(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScenePage]:
    """390 px, the editor with many keys, each of an angle of its own."""
    file = tmp_path_factory.mktemp("scene") / "scene.view"
    write_view(file, photo_scene(LENS), LENS, 3.0, Limits(10.0, 14.0, 5.0, 8.0, 0.7, 1.2))
    with shelf() as stock:
        stock.files["scene.view"] = file.read_bytes()
        page = ScenePage(browser, stock.url, **PHONE)
        page.page.set_viewport_size({"width": 390, "height": 780})
        page.page.add_style_tag(content="#stage { width: 340px }")
        page.open()
        page.page.get_by_role("button", name="Path", exact=True).click()
        for i in range(MANY):
            page.page.get_by_role("button", name="Add this view").click()
            page.page.get_by_label(f"View {i + 1} of {i + 1}: field of view, degrees").fill(str(30 + i))
        page.page.locator(".frame > canvas").focus()
        yield page
        page.context.close()
        assert page.wrong == []


def touch(page: ScenePage, x: float, y: float, to: float, rest_ms: int) -> None:
    """A finger comes down, rests, and goes to another place."""
    hand = page.context.new_cdp_session(page.page)
    hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    page.page.wait_for_timeout(rest_ms)
    for step in range(1, 11):
        at = x + (to - x) * step / 10
        hand.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": at, "y": y}]})
        page.page.wait_for_timeout(20)
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.page.wait_for_timeout(100)


def rewind(page: ScenePage) -> None:
    """Back to the first key, and no longer in motion from the finger before."""
    still = "() => { const s = document.querySelector('.keys'); const at = s.scrollLeft; s.scrollLeft = 0; return at }"
    eventually(lambda: page.page.evaluate(still) == 0)
    page.page.wait_for_timeout(100)
    eventually(lambda: page.page.evaluate(still) == 0)


def middle(page: ScenePage, i: int) -> tuple[float, float]:
    box = page.page.locator(".thumb").nth(i).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_many_keys_take_one_row_and_the_last_is_in_view(phone):
    at, seen, whole = phone.page.evaluate(STRIP)
    assert phone.page.locator(".keys").bounding_box()["height"] < 160 and whole > MANY * 96 > 3 * seen
    assert at == pytest.approx(whole - seen, abs=2), "what was added is shown"
    assert phone.page.locator(".director").bounding_box()["height"] < 500


def test_a_finger_scrolls_the_strip_and_one_that_rests_moves_a_key(phone):
    page = phone.page
    rewind(phone)
    page.locator(".keys").scroll_into_view_if_needed()
    before = page.evaluate(ANGLES)
    (x, y), (left, _) = middle(phone, 2), middle(phone, 0)
    touch(phone, x, y, left, 0)
    assert page.evaluate(ANGLES) == before and page.evaluate(STRIP)[0] > 50
    rewind(phone)
    touch(phone, x, y, left, LIFTED_MS)
    assert page.evaluate(ANGLES) == [before[2], before[0], before[1], *before[3:]] and page.evaluate(STRIP)[0] == 0


def test_the_tools_stay_within_the_picture(phone):
    frame = phone.page.locator(".frame").bounding_box()
    for tool in phone.page.locator(".tools > *:visible").all():
        box = tool.bounding_box()
        assert box["x"] >= frame["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
