"""Time of an edit in the viewer as a browser has it: `python -m bench.page_edits [SCENE.view] [--rounds 5]`.

In Chromium, of a build's scene.view (without one, of a room of 350,000 Gaussians with two things): how long the edit
itself keeps the page from answering, until the first picture that shows it is drawn to its last pixel, which may be a
coarse one, until the sharp one is, and how many pictures there are until then; beside a picture that is drawn again
without an edit. A thing is moved, turned, scaled, tinted, copied, hidden, dropped to the ground and removed; that is
undone and redone; at last something is brought in (a ball of 40,000 Gaussians). Without a graphics card Chromium draws
on the processor.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import sync_playwright

from gen3d.camera import Camera
from gen3d.formats.view import read_told, write_view
from gen3d.models.builtin.solids import SolidMaker
from gen3d.run.bring import made_of, write_for_viewer
from tests.browser import CHROMIUM, FLAGS
from tests.scene_page import ScenePage, shelf
from tests.test_modes import LIMITS, PIVOT_M
from tests.thing_scenes import room_with_cards, told_of_cards

COUNT = 350_000
"""Gaussians of the room."""
PATIENCE_MS = 240_000
SMALL = {"width": 400, "height": 500}
"""Of the page, since a processor that draws takes seconds for a large picture, and that is not what is measured."""
LISTEN = """() => {
  const gl = viewer.canvas.getContext('webgl2'), pixel = new Uint8Array(4)
  new MutationObserver(() => {
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
    window.pictures.push(performance.now())
  }).observe(viewer.canvas, {attributeFilter: ['data-revision']})
}"""
"""Notes when a picture is there: to read a pixel of it waits for all of it."""
TIMED = """async ([js, given]) => {
  window.pictures = []
  window.began = performance.now()
  await (0, eval)(js)(given)
  return performance.now() - window.began
}"""
TIMES = "() => window.pictures.map(at => at - window.began)"
DRAW_AGAIN = "() => { const {style} = stage; style.width = style.width === '399px' ? '398px' : '399px' }"
UNDO, REDO, LOAD = "() => viewer.things.undo()", "() => viewer.things.redo()", "text => viewer.things.load(text)"
TAKE = "([edit, source]) => viewer.things.take(edit, source)"


def edits_of(thing: int) -> list[dict[str, Any]]:
    """One of each kind, of one thing; the last of a list is what is new."""
    return [
        {"op": "move", "thing": thing, "by": [0.2, 0, 0]}, {"op": "turn", "thing": thing, "deg": 40},
        {"op": "scale", "thing": thing, "by": 1.2}, {"op": "tint", "thing": thing, "rgb": [0.2, 1, 0.2]},
        {"op": "duplicate", "thing": thing, "by": [0.3, 0, 0]}, {"op": "hide", "thing": thing},
        {"op": "drop", "thing": thing}, {"op": "remove", "thing": thing},
    ]  # fmt: skip


class Watch:
    """A page with a scene whose things are unfolded, and how long each edit takes there."""

    def __init__(self, page: ScenePage) -> None:
        self._page, self.told = page, {}
        page.page.set_default_timeout(PATIENCE_MS)
        page.page.set_viewport_size(SMALL)
        page.open()
        page.page.evaluate("() => viewer.things.toggle(true)")
        page.rest()
        page.page.evaluate(LISTEN)

    def edit(self, what: str, script: str, given: Any = None) -> None:
        """Does it, and notes milliseconds: of the call, until the first picture, until the sharp one; and how many."""
        call_ms = self._page.page.evaluate(TIMED, [script, given])
        self._page.rest()
        times = self._page.page.evaluate(TIMES)
        self.told.setdefault(what, []).append((call_ms, times[0], times[-1], len(times)))


def measured(watch: Watch, thing: int, source: str, rounds: int) -> None:
    """All edits, so many times."""
    edits = edits_of(thing)
    for _ in range(rounds):
        watch.edit("no edit", DRAW_AGAIN)
        watch.edit("without", LOAD, "[]")
        for n, edit in enumerate(edits, 1):
            watch.edit(edit["op"], LOAD, json.dumps(edits[:n]))
        watch.edit("undo", UNDO)
        watch.edit("redo", REDO)
    edit = {"op": "bring in", "file": "brought/ball", "at": [0.1, 0.8, 2.6], "size_m": 0.5, "light": [1, 1, 1]}
    watch.edit("bring in", TAKE, [{**edit, "name": "ball"}, source])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path, nargs="?", help="a scene.view that tells of things")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, shelf() as stock, sync_playwright() as playwright:
        scene = args.scene or _room(Path(folder) / "scene.view")
        write_for_viewer(Path(folder) / "ball.view", made_of(SolidMaker(), "a red ball"), "ball")
        stock.files = {"scene.view": scene.read_bytes(), "ball.view": (Path(folder) / "ball.view").read_bytes()}
        executable = next(filter(None, map(shutil.which, CHROMIUM)))
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        page = ScenePage(browser, stock.url)
        watch = Watch(page)
        print(f"{int(page.told('count')):,} Gaussians; medians of {args.rounds}, ms", flush=True)
        measured(watch, read_told(scene)["things"][0]["id"], f"{stock.url}ball.view", args.rounds)
        browser.close()
    print(f"{'':12}{'the call':>10}{'first picture':>15}{'sharp picture':>15}{'pictures':>10}")
    for what, rows in watch.told.items():
        call, first, sharp, pictures = (median(values) for values in zip(*rows, strict=True))
        print(f"{what:12}{call:10.1f}{first:15.0f}{sharp:15.0f}{pictures:10.0f}")


def _room(file: Path) -> Path:
    height = round((COUNT * 3 / 4) ** 0.5)
    camera = Camera.from_fov(60.0, round(COUNT / height), height)
    room = room_with_cards(camera, step=0.004)
    write_view(file, room, camera, PIVOT_M, LIMITS, things=told_of_cards(room))
    return file


if __name__ == "__main__":
    main()
