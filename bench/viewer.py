"""How fast the scene viewer is in Chromium with WebGL in software: `python -m bench.viewer [COUNT]`.

Prints, for COUNT Gaussians (200,000 unless told) at 640 x 480: the file's size, milliseconds from the call of `show` to
the first picture and to the whole one (drawn, not only asked for; from localhost), and the pictures a second while the
camera moves.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import sync_playwright

from gen3d.camera import Camera
from gen3d.formats.view import Limits, write_view
from tests.browser import CHROMIUM, FLAGS
from tests.scene_page import ScenePage, shelf
from tests.small_scenes import photo_scene

LIMITS = Limits(15.0, 15.0, 8.0, 8.0, 0.7, 1.1)
TIMED = """async () => {
    const began = performance.now(), at = {}
    const gl = viewer.canvas.getContext('webgl2'), pixel = new Uint8Array(4)
    const seen = new MutationObserver(() => {
        const {revision, ready} = viewer.canvas.dataset
        if (at.first && ready !== 'true') return
        if (revision) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)   // waits until it is drawn
        if (revision) at.first ??= performance.now() - began
        if (ready === 'true') at.whole ??= performance.now() - began
    })
    seen.observe(viewer.canvas, {attributeFilter: ['data-revision', 'data-ready']})
    await viewer.show('scene.view')
    while (!at.whole) await new Promise(requestAnimationFrame)
    return [at.first, at.whole]
}"""
MOVED = """async () => {
    const before = Number(viewer.canvas.dataset.revision), began = performance.now()
    while (performance.now() - began < 5000) {
        const key = Math.floor((performance.now() - began) / 600) % 2 ? 'ArrowLeft' : 'ArrowRight'
        viewer.canvas.dispatchEvent(new KeyboardEvent('keydown', {key}))
        await new Promise(requestAnimationFrame)
    }
    return (Number(viewer.canvas.dataset.revision) - before) / (performance.now() - began) * 1000
}"""


def main(count: int = 200_000) -> None:
    """Measures and prints."""
    height = round((count * 3 / 4) ** 0.5)
    camera = Camera.from_fov(60.0, round(count / height), height)
    scene = photo_scene(camera)
    with tempfile.TemporaryDirectory() as folder, shelf() as stock, sync_playwright() as playwright:
        file = Path(folder) / "scene.view"
        write_view(file, scene, camera, 3.0, LIMITS)
        stock.files["scene.view"] = file.read_bytes()
        print(f"{len(scene):,} Gaussians, {file.stat().st_size / 1e6:.2f} MB, {torch.get_num_threads()} threads")
        executable = next(path for name in CHROMIUM for path in Path("/usr/bin").glob(name))
        browser = playwright.chromium.launch(executable_path=str(executable), args=list(FLAGS))
        first, whole, rate = np.median([_visit(browser, stock.url) for _ in range(3)], axis=0)
        browser.close()
    print(f"first picture {first:.0f} ms, whole {whole:.0f} ms, {rate:.1f} pictures a second while moving")


def _visit(browser: object, url: str) -> tuple[float, float, float]:
    page = ScenePage(browser, url)
    page.page.set_viewport_size({"width": 640, "height": 520})
    page.page.add_style_tag(content="#stage { width: 640px; --viewer-max-height: none }")
    page.open(None)
    first, whole = page.page.evaluate(TIMED)
    rate = page.page.evaluate(MOVED)
    page.context.close()
    return first, whole, rate


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
