"""A page with our scene viewer in it, served on this machine, and a hand on what the viewer does."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from gen3d.viewer import SCRIPT, STYLE
from tests.browser import READ_BACK
from tests.patience import PATIENCE_S

PAGE = f"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>{STYLE} body {{ margin: 0 }} #stage {{ width: 192px }} #stage > div {{ border-radius: 0 }}</style>
<button id="before">before</button><div id="stage"></div><p style="margin-top: 2000px">far below</p>
<script>{SCRIPT}; const stage = document.getElementById('stage')</script>"""


class Shelf:
    """What the server gives: files by name; `held` ones stop halfway until they are let go."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.held: dict[str, threading.Event] = {}
        self.asked: list[str] = []
        self.url = ""

    def hold(self, name: str) -> threading.Event:
        """From now on the file stops after its half; set the event to let the rest go."""
        self.held[name] = threading.Event()
        return self.held[name]


@contextmanager
def shelf() -> Iterator[Shelf]:
    """The server, on a free port."""
    stock = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            stock.asked.append(name)
            content = PAGE.encode() if not name else stock.files.get(name)
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "application/octet-stream" if name else "text/html")
            self.end_headers()
            half = len(content or b"") // 2
            self.wfile.write((content or b"")[:half])
            if name in stock.held:
                self.wfile.flush()
                stock.held[name].wait(PATIENCE_S)
            self.wfile.write((content or b"")[half:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stock.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield stock
    finally:
        for event in stock.held.values():
            event.set()
        server.shutdown()


class ScenePage:
    """A browser's page with one viewer, `viewer` in its scripts; what went wrong is in `wrong`."""

    def __init__(self, browser: object, url: str, **context: object) -> None:
        self.context = browser.new_context(viewport={"width": 480, "height": 420}, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(url)

    def _hear(self, message) -> None:
        if message.type in ("error", "warning") and READ_BACK not in message.text:
            self.wrong.append(message.text)

    def open(self, name: str | None = "scene.view", sway: bool = False) -> None:
        """A viewer; with a file's name it shows that file, and this waits until all of it is drawn."""
        sway_js = str(sway).lower()
        self.page.evaluate(f"() => {{ window.viewer = createSceneViewer(stage, {{sway: {sway_js}}}) }}")
        if name:
            self.page.evaluate(f"() => viewer.show('{name}')")
            self.wait("ready === 'true'")

    def wait(self, condition: str) -> None:
        """Until this is true of the canvas's dataset."""
        self.page.wait_for_function(f"() => {{ const {{{TOLD}}} = viewer.canvas.dataset; return {condition} }}")

    def told(self, name: str) -> str:
        return self.page.evaluate(f"() => viewer.canvas.dataset.{name}")

    def pose(self) -> tuple[float, float, float]:
        """(yaw, pitch) in degrees, and zoom, of the last picture."""
        return tuple(float(self.told(name)) for name in ("yaw", "pitch", "zoom"))

    def rest(self) -> int:
        """Waits until nothing moves any more; how many pictures there were so far."""
        self.page.wait_for_timeout(60)  # the last event is on its way
        self.wait("still === 'true'")
        return int(self.told("revision"))

    def middle(self) -> tuple[float, float]:
        box = self.page.locator(".frame > canvas").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, right: float, down: float) -> None:
        x, y = self.middle()
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=4)
        self.page.mouse.up()

    def picture(self) -> np.ndarray:
        """What the canvas shows, float [0, 1], without the button on it."""
        return picture_of(self.page)


TOLD = "mode, playing, ready, count, revision, still, progress, sway, yaw, pitch, zoom"


def picture_of(page: object) -> np.ndarray:
    """What the canvas shows, without the buttons on it."""
    page.evaluate("""() => {
        const rows = document.querySelectorAll('.gen3d-viewer :is(.tools, .around)')
        for (const row of rows) row.style.visibility = 'hidden'
    }""")
    shot = page.locator(".frame > canvas").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.float32) / 255
