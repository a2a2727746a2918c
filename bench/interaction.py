"""Interaction, ours against others in the same run: `python -m bench.interaction [COUNT [ROUNDS]]`.

Prints the pictures a second while the camera moves, of COUNT Gaussians (200,000 unless told) at 640 x 480 in Chromium
with WebGL in software. Ours is as a visitor gets it, coarser while it moves; three.js' own splats (from a .splats.glb)
and three.js with Spark (from a .ply), both from npm, are at the size that they draw. Each has the machine to itself, in
turn, ROUNDS times; what is told is the median. Afterwards ours stands still, until the sharp picture is there.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from bench.viewer import LIMITS, MOVED
from gen3d.camera import Camera
from gen3d.formats.ply import write_ply
from gen3d.formats.splats_glb import store_splats_glb
from gen3d.formats.stored import StoredScene
from gen3d.formats.view import write_view
from tests.browser import CHROMIUM, FLAGS
from tests.npm import npm_package
from tests.other_viewers import SPARK_PAGE, THREE_SPLATS_PAGE, serving
from tests.scene_page import ScenePage, shelf
from tests.small_scenes import photo_scene
from tests.test_other_viewers import VIEWERS

SIZE = (640, 480)
FOV_DEG, PIVOT_M = 46.8, 3.0
LOADING_MS = 600_000
SWUNG = """async ([seconds, pivot]) => {
    const before = window.frames_drawn, began = performance.now()
    while (performance.now() - began < 1000 * seconds || window.frames_drawn < before + 2) {
        const angle = 0.15 * Math.sin((performance.now() - began) / 600)
        camera.position.set(pivot * Math.sin(angle), 0, pivot * (Math.cos(angle) - 1))
        camera.rotation.y = angle
        await new Promise(requestAnimationFrame)
    }
    return (window.frames_drawn - before) / (performance.now() - began) * 1000
}"""
STILL = """async () => {
    const began = performance.now()
    while (viewer.canvas.dataset.still !== 'true') await new Promise(done => setTimeout(done, 10))
    return performance.now() - began
}"""


def main(count: int = 200_000, rounds: int = 3) -> None:
    """Measures and prints."""
    height = round((count * 3 / 4) ** 0.5)
    camera = Camera.from_fov(60.0, round(count / height), height)
    scene = photo_scene(camera)
    with tempfile.TemporaryDirectory() as folder, shelf() as stock, sync_playwright() as playwright:
        home = Path(folder)
        write_view(home / "scene.view", scene, camera, PIVOT_M, LIMITS)
        write_ply(home / "scene.ply", scene)
        store_splats_glb(home / "scene.splats.glb", StoredScene(scene))
        stock.files["scene.view"] = (home / "scene.view").read_bytes()
        executable = next(path for name in CHROMIUM for path in Path("/usr/bin").glob(name))
        browser = playwright.chromium.launch(executable_path=str(executable), args=list(FLAGS))
        sharp: list[float] = []
        runs: dict[str, Callable[[], float]] = {
            "ours": lambda: _ours(browser, stock.url, sharp),
            "three.js": lambda: _theirs(browser, home, THREE_SPLATS_PAGE, "three.js", "scene.splats.glb"),
            "spark": lambda: _theirs(browser, home, SPARK_PAGE, "spark", "scene.ply"),
        }
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                rates[name].append(run())
                print(f"{name}: {rates[name][-1]:.2f} pictures a second", flush=True)
        browser.close()
    print(f"{len(scene):,} Gaussians, {rounds} rounds, {SIZE[0]} x {SIZE[1]}; medians:")
    for name, measured in rates.items():
        print(f"  {name:9} {np.median(measured):6.2f} pictures a second while moving")
    print(f"  ours is sharp again {np.median(sharp):.0f} ms after")


def _ours(browser: object, url: str, sharp: list[float]) -> float:
    page = ScenePage(browser, url)
    page.page.set_viewport_size({"width": SIZE[0], "height": SIZE[1] + 40})
    page.page.add_style_tag(content=f"#stage {{ width: {SIZE[0]}px; --viewer-max-height: none }}")
    page.open()
    page.rest()
    rate = page.page.evaluate(MOVED)
    sharp.append(page.page.evaluate(STILL))
    page.context.close()
    return rate


def _theirs(browser: object, home: Path, template: str, name: str, file: str) -> float:
    """A page of `tests/other_viewers.py`, whose camera is handed out to be swung."""
    package = npm_package(*VIEWERS[name][1])
    for module in ("three", "fflate", "@sparkjsdev"):
        (home / module).unlink(missing_ok=True)
        (home / module).symlink_to(package.parents[1 if name == "spark" else 0] / module)
    page_text = template.replace("let frames = 0", "window.camera = camera\nlet frames = 0")
    text = page_text.format(width=SIZE[0], height=SIZE[1], fov_deg=FOV_DEG, file=file, y_down="true")
    (home / "index.html").write_text(text)
    context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
    with serving(home) as url:
        page = context.new_page()
        page.set_default_timeout(LOADING_MS)
        page.goto(url)
        page.wait_for_function("() => window.frames_drawn > 2")
        rate = page.evaluate(SWUNG, [10, PIVOT_M])
    context.close()
    return rate


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
