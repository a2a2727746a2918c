"""A visitor's browser window on the page."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.patience import PATIENCE_S, eventually

LOADED = "() => Number(document.querySelector('#seed input')?.value) > 0"
"""A page is there when it has been given a seed."""
VIEWER = "**/assets/Canvas3DGS-*.js"
"""The code of Gradio's viewer of Gaussians."""
SLOW_SCREEN = """
window.requestAnimationFrame = tell => setTimeout(() => tell(performance.now()), 500)
window.cancelAnimationFrame = clearTimeout
"""


class Window:
    """One visitor's browser window on the page, and what is wrong with it.

    viewer: with Gradio's 3D viewer; it draws all the time, and what it has drawn in software can keep the browser busy
        for minutes after the page is gone, so most do without, and the others have a screen of two pictures a second.
    context: how the browser is set; by default it asks for little motion, so that our viewer rests.
    """

    def __init__(self, browser: object, url: str, viewer: bool = False, **context: object) -> None:
        from playwright.sync_api import expect

        self.expect = expect
        self.wrong: list[str] = []
        usual = {"viewport": {"width": 1400, "height": 1000}, "reduced_motion": "reduce", "device_scale_factor": 0.5}
        self.context = _context(browser, json.dumps(usual | context))
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"pageerror: {error}"))
        self.context.on("request", self._watch)
        if not viewer:
            stub = {"content_type": "text/javascript", "body": "export default () => {};"}
            self.page.route(VIEWER, lambda route: route.fulfill(**stub))
        else:
            self.page.add_init_script(SLOW_SCREEN)
        if url:
            self.visit(url)

    def visit(self, url: str) -> None:
        """What the page that is left says of its streams, which end unfinished, is no fault."""
        if self.page.url != "about:blank":
            before = len(self.wrong)
            self.page.goto("about:blank")
            del self.wrong[before:]
        self.page.goto(url)
        self.page.wait_for_function(LOADED)

    def until(self, holds: Callable[[], object]) -> None:
        """As `eventually`, for what the window's own events tell: they are heard while it waits."""
        eventually(lambda: holds() or self.page.wait_for_timeout(50))

    def button(self, name: str):
        return self.page.locator(f"button#{name.lower()}")

    def part(self, name: str):
        """A component by its name."""
        return self.page.locator(f"#{name}")

    def give(self, name: str, file: Path) -> None:
        """Uploads a file into a field, and waits until it is there."""
        self.part(name).locator("input[type=file]").set_input_files(file)
        there = "img" if name == "photo" else f"text={file.stem}"
        self.part(name).locator(there).first.wait_for()

    def give_anew(self, name: str, file: Path) -> None:
        """In place of the picture that is there."""
        self.part(name).get_by_role("button", name="Remove").click()
        self.give(name, file)

    def choose_tab(self, title: str) -> None:
        tab = self.page.get_by_role("tab", name=title, exact=True)
        self._click_until(tab, lambda: tab.get_attribute("aria-selected") == "true")

    def unfold(self, title: str, opened: bool = True) -> None:
        """Opens the part of the page with this title, or closes it again."""
        button = self.page.get_by_role("button", name=title)
        self._click_until(button, lambda: ("open" in button.get_attribute("class").split()) == opened)

    def fold(self, title: str) -> None:
        self.unfold(title, opened=False)

    def _click_until(self, button: object, holds: Callable[[], bool]) -> None:
        """A click in the moment in which something ends, and the page moves, may be lost: it is repeated."""
        for _ in range(5):
            button.click()
            for _ in range(10):
                if holds():
                    return
                self.page.wait_for_timeout(100)
        raise AssertionError(f"{button} cannot be pressed")

    def seed(self) -> int:
        return int(self.part("seed").locator("input").input_value())

    def says(self, sentence: str | re.Pattern[str]) -> None:
        """The status tells this."""
        self.expect(self.part("status")).to_contain_text(sentence)

    def warns(self, sentence: str) -> None:
        """A message is laid over the page."""
        self.expect(self.page.get_by_test_id("toast-body")).to_contain_text(sentence)

    def canvas(self):
        """Our viewer's."""
        return self.part("viewer").locator(".frame > canvas")

    def views(self) -> dict[str, str]:
        """What our viewer says of itself once it has drawn all of the scene."""
        self.part("viewer").scroll_into_view_if_needed()  # out of sight it rests
        self.expect(self.canvas()).to_have_attribute("data-ready", "true")
        return self.canvas().evaluate("canvas => ({...canvas.dataset})")

    def viewed_job(self) -> str:
        """The job of the file in our viewer."""
        return self.part("viewer").locator(".stage").get_attribute("data-job")

    def file_viewed(self) -> str:
        """The name of that file."""
        return self.part("viewer").locator(".stage").get_attribute("data-file")

    def shows(self, name: str) -> None:
        """The component has a picture."""
        self.expect(self.part(name).locator("img").first).to_be_visible()

    def lacks(self, name: str, what: str = "img") -> None:
        self.expect(self.part(name).locator(what)).to_have_count(0)

    def is_free(self) -> None:
        """Only Build can be pressed."""
        self._pressable(build=True)

    def is_busy(self) -> None:
        """Only Enough and Cancel can be pressed."""
        self._pressable(build=False)

    def downloads(self) -> dict[str, str]:
        """File name -> address, of all links under Downloads."""
        return self.links("files")

    def links(self, part: str) -> dict[str, str]:
        """The same of another part of the page."""
        links = self.part(part).locator("a[href]")
        self.expect(links.first).to_be_visible()
        addresses = list(dict.fromkeys(link.get_attribute("href") for link in links.all()))
        return {address.rsplit("/", 1)[-1]: address for address in addresses}

    def fetch(self, address: str) -> bytes:
        """What the address gives to this window."""
        answer = self.context.request.get(address)
        assert answer.status == 200, f"{answer.status} for {address}"
        return answer.body()

    def set_seed(self, seed: int | None) -> None:
        field = self.part("seed").locator("input")
        field.fill("" if seed is None else str(seed))
        field.blur()

    def type_number(self, label: str, value: int) -> None:
        """A field that has only just appeared may still be set to its first value: it is repeated until it holds."""
        field = self.page.get_by_role("spinbutton", name=label)
        for _ in range(5):
            field.fill(str(value))
            field.blur()
            self.page.wait_for_timeout(400)
            if field.input_value() == str(value):
                return
        raise AssertionError(f"{label} cannot be set")

    def colour_of(self, name: str) -> tuple[int, int, int]:
        """Of the picture that a component shows, which is flat."""
        address = self.part(name).locator("img").first.get_attribute("src")
        pixels = np.asarray(Image.open(io.BytesIO(self.fetch(address))).convert("RGB")).reshape(-1, 3)
        return tuple(int(value) for value in pixels.mean(axis=0).round())

    def choose_example(self, index: int) -> None:
        self.part("examples").locator("button.gallery-item").nth(index).click()

    def close(self) -> None:
        if not self.page.is_closed():
            self.context.remove_listener("request", self._watch)
            self.page.close()

    def _pressable(self, build: bool) -> None:
        for name, can in (("Build", build), ("Enough", not build), ("Cancel", not build)):
            self.expect(self.button(name)).to_be_enabled(enabled=can)

    def _hear(self, message) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not is_known_noise(message.text, where):
            self.wrong.append(f"console: {message.text} ({where})")

    def _watch(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname not in ("127.0.0.1", "localhost"):
            self.wrong.append(f"request to outside: {request.url}")


@functools.cache
def _context(browser: object, settings: str) -> object:
    """Windows of the same settings share what the browser fetched and compiled: a page opens in 2 s, not 3."""
    return browser.new_context(**json.loads(settings))


def is_known_noise(text: str, where: str) -> bool:
    """Babylon tries WebGPU first, and stops reading a .ply after its header."""
    return "WebGPU" in text or ("net::ERR_ABORTED" in text and ".ply" in where)


def contrast(canvas) -> float:
    """Standard deviation of what a canvas shows, in [0, 1]; nothing drawn is 0."""
    if canvas.count() == 0:
        return 0.0
    return float((np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("L")) / 255).std())
