"""Sharing on the page: a Space of the visitor's own, never without a click; an embed code; a link that fills in."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gen3d.errors import InputError
from gen3d.run.publish import NotPublished
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.page.errors import told_to_visitors
from tests.npm import npm_package
from tests.page import served
from tests.play import Play
from tests.space_hub import TOKEN
from tests.test_another_video import pages_steps
from tests.test_page_access import violations

pytest_plugins = ["tests.page"]
SPACE, ADDRESS = "https://hub/spaces/me/my-room", "https://me-my-room.static.hf.space/"


class Press:
    """Notes what is published, and fails to order."""

    def __init__(self) -> None:
        self.taken: list[tuple[Path, str, str, bool]] = []
        self.error: Exception | None = None

    def __call__(self, scene: Path, name: str, token: str, private: bool) -> tuple[str, str]:
        with told_to_visitors():
            self.taken.append((scene, name, token, private))
            if self.error:
                raise self.error
            return SPACE, ADDRESS


@pytest.fixture(scope="module")
def sharing(built, gradio_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Press]]:
    home, press = tmp_path_factory.mktemp("sharing"), Press()
    steps = replace(pages_steps(Play(built.folder)), publish=press)
    with served(steps, Visits(home / "visits"), Gallery((), home / "gallery")) as url:
        yield url, press


def value(window, part: str) -> str:
    return window.part(part).locator("input, textarea").first.input_value()


def fill(window, part: str, text: str) -> None:
    window.part(part).locator("input, textarea").first.fill(text)


def test_a_scene_is_published_on_a_click_and_the_token_is_gone_after(sharing, built, open_window, caplog):
    url, press = sharing
    window = open_window(url)
    window.unfold("Share")
    fill(window, "space-name", "my-room")
    fill(window, "space-token", TOKEN)
    window.button("publish").click()
    window.expect(window.page.get_by_text("There is no scene yet.")).to_be_visible()
    assert press.taken == []
    window.expect(window.part("space-token").locator("input")).to_have_value("")

    window.give("photo", built.request.photo)
    window.button("Build").click()
    window.says("Done in")
    assert press.taken == [], "nothing goes anywhere without a click"
    with caplog.at_level(logging.DEBUG):
        fill(window, "space-token", TOKEN)
        window.button("publish").click()
        window.expect(window.part("publish-status")).to_contain_text(f"Published: {SPACE}")
    [(scene, *asked)] = press.taken
    assert asked == ["my-room", TOKEN, False] and (scene / "scene.ply").exists()
    window.expect(window.part("space-token").locator("input")).to_have_value("")
    window.expect(window.part("embed-code").locator("textarea, input")).to_have_value(
        f'<iframe src="{ADDRESS}?noui" title="A scene in 3D" loading="lazy" allow="fullscreen; xr-spatial-tracking; '
        'gyroscope; accelerometer" style="width: 100%; aspect-ratio: 4 / 3; border: 0"></iframe>'
    )
    press.error = NotPublished("The hub does not know this token.", "Make one with the right to write.")
    fill(window, "space-token", TOKEN)
    window.button("publish").click()
    window.expect(window.page.get_by_text("The hub does not know this token. Make one")).to_be_visible()
    window.expect(window.button("publish")).to_be_enabled()
    assert TOKEN not in caplog.text and TOKEN not in window.page.content()
    kept = [file for file in (scene.parent).rglob("*") if file.is_file()]
    assert not [file for file in kept if TOKEN.encode() in file.read_bytes()]
    axe = (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")
    assert violations(window, axe) == []


def test_a_link_fills_in_what_was_asked_for_whoever_opens_it(sharing, open_window):
    url, press = sharing
    began = len(press.taken)
    window = open_window(url)
    window.unfold("Share")
    window.page.get_by_label("quality").check()
    window.type_number("Seed", 77)
    window.button("make-link").click()
    link = window.part("link").locator("textarea, input").first
    window.page.wait_for_function("() => document.querySelector('#link textarea, #link input').value.includes('://')")
    address = link.input_value()
    assert address == f"{url.rstrip('/')}/?preset=quality&seed=77"
    other = open_window(f"{address}&path=/etc/passwd&prompt=a+room")
    other.page.wait_for_function("() => document.querySelector('#seed input').value === '77'")
    assert other.page.get_by_label("quality").is_checked()
    other.expect(other.part("prompt").locator("textarea")).to_have_value("a room")
    assert other.part("path").locator("input").input_value().startswith("wander") and len(press.taken) == began


def test_a_strangers_scene_is_not_published(built, tmp_path):
    """By whatever name: the page looks for a visitor's own, or an example's, which is everybody's."""
    from gen3d.request import Request
    from gen3d.settings import PRESETS
    from gen3d.ui.core.filming import scene_of

    visits = Visits(tmp_path / "visits")
    job = visits.begin("me", Request(), PRESETS["fast"])
    with pytest.raises(InputError, match="no such job"):
        scene_of(visits, Gallery((), tmp_path / "gallery"), "you", job.name)
