"""How soon the page shows a scene on the very first start: `python -m bench.first_picture`.

Starts app.py with an empty home, so that nothing was built yet, and visits it in Chromium with WebGL in software.
Prints seconds from the page's load event to the poster, to the first picture of the scene (drawn, not only asked for)
and to the whole one, for three visitors who have nothing in their caches; the examples are being built meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import CHROMIUM, FLAGS
from tests.page import free_port

APP = Path(__file__).parents[1] / "app.py"
WATCH = """
window.at = {}
addEventListener('load', () => { at.load = performance.now() })
const look = () => {
  const canvas = document.querySelector('#viewer .frame > canvas'), poster = document.querySelector('#viewer .poster')
  if (poster?.complete && poster.naturalWidth) at.poster ??= performance.now()
  if (canvas?.dataset.revision) {
    const gl = canvas.getContext('webgl2'), pixel = new Uint8Array(4)
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)     // waits until it is drawn
    at.first ??= performance.now()
    if (canvas.dataset.ready === 'true') at.whole ??= performance.now()
  }
  if (!at.whole) requestAnimationFrame(look)
}
look()
"""


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        told = os.environ | {"GEN3D_HOME": home, "PORT": str(port), "GEN3D_ENGINE": "builtin"}
        app = subprocess.Popen([sys.executable, str(APP)], env=told, stdout=subprocess.DEVNULL)
        try:
            _await(f"http://127.0.0.1:{port}/")
            _visits(f"http://127.0.0.1:{port}/")
        finally:
            app.terminate()
            app.wait(30)


def _await(url: str) -> None:
    for _ in range(600):
        with suppress(OSError):
            urllib.request.urlopen(url).read()
            return
        time.sleep(0.2)
    raise SystemExit("the app did not start")


def _visits(url: str) -> None:
    executable = next(path for name in CHROMIUM for path in Path("/usr/bin").glob(name))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(executable), args=list(FLAGS))
        for visitor in range(3):
            page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
            page.add_init_script(WATCH)
            page.goto(url)
            page.wait_for_function("() => at.whole && at.load", timeout=60_000)
            at = page.evaluate("() => at")
            seconds = {name: (at[name] - at["load"]) / 1000 for name in ("poster", "first", "whole") if name in at}
            print(f"visitor {visitor + 1}:", ", ".join(f"{name} {s:.2f} s" for name, s in seconds.items()))
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main()
