"""Other people's viewers, as they come from npm, each looking at a scene file of ours through a camera of ours.

SuperSplat's viewer is the page it ships; three.js with Spark is a page of the few lines that its documentation gives.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from gen3d.camera import Camera
from tests.patience import PATIENCE_S

SPARK_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><style>body {{ margin: 0 }}</style>
<script type="importmap">{{"imports": {{
  "three": "./three/build/three.module.js", "three/addons/": "./three/examples/jsm/",
  "fflate": "./fflate/esm/browser.js", "@sparkjsdev/spark": "./@sparkjsdev/spark/dist/spark.module.js"
}}}}</script>
<script type="module">
import * as THREE from 'three'
import {{ SparkRenderer, SplatMesh }} from '@sparkjsdev/spark'
const renderer = new THREE.WebGLRenderer()
renderer.setSize({width}, {height})
document.body.append(renderer.domElement)
const scene = new THREE.Scene(), camera = new THREE.PerspectiveCamera({fov_deg}, {width} / {height}, 0.01, 1000)
const spark = new SparkRenderer({{ renderer }})
const mesh = new SplatMesh({{ url: '{file}' }})
if ({y_down}) mesh.quaternion.set(1, 0, 0, 0)   // half a turn about x
scene.add(spark, mesh)
await mesh.initialized
let frames = 0
renderer.setAnimationLoop(() => {{ renderer.render(scene, camera); window.frames_drawn = ++frames }})
</script>"""

PLAYCANVAS_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body {{ margin: 0 }} canvas {{ display: block }}</style><canvas id="canvas"></canvas>
<script type="module">
import * as pc from './playcanvas/build/playcanvas.mjs'
const canvas = document.getElementById('canvas')
const app = new pc.Application(canvas, {{ graphicsDeviceOptions: {{ antialias: false, preferWebGl2: true }} }})
app.setCanvasFillMode(pc.FILLMODE_NONE, {width}, {height})
app.setCanvasResolution(pc.RESOLUTION_FIXED, {width}, {height})
const camera = new pc.Entity()
camera.addComponent('camera', {{
  clearColor: new pc.Color(0, 0, 0), fov: {fov_deg}, nearClip: 0.01, farClip: 1000, toneMapping: pc.TONEMAP_NONE
}})
app.root.addChild(camera)
app.start()
const asset = new pc.Asset('scene', 'container', {{ url: '{file}' }})
app.assets.add(asset)
asset.ready(() => {{ app.root.addChild(asset.resource.instantiateRenderEntity()) }})
app.assets.load(asset)
app.on('frameend', () => {{ window.frames_drawn = (window.frames_drawn || 0) + 1 }})
</script>"""

THREE_SPLATS_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body {{ margin: 0 }} canvas {{ display: block }}</style>
<script type="importmap">{{"imports": {{
  "three": "./three/build/three.webgpu.js", "three/webgpu": "./three/build/three.webgpu.js",
  "three/tsl": "./three/build/three.tsl.js", "three/addons/": "./three/examples/jsm/"
}}}}</script>
<script type="module">
import * as THREE from 'three/webgpu'
import {{ GLTFLoader }} from 'three/addons/loaders/GLTFLoader.js'
import {{ GLTFGaussianSplatLoaderExtension }} from 'three/addons/loaders/GLTFGaussianSplatLoaderExtension.js'
const renderer = new THREE.WebGPURenderer({{ forceWebGL: true }})
renderer.outputColorSpace = THREE.LinearSRGBColorSpace   // what is drawn is encoded already
renderer.setSize({width}, {height})
document.body.append(renderer.domElement)
await renderer.init()
const scene = new THREE.Scene(), camera = new THREE.PerspectiveCamera({fov_deg}, {width} / {height}, 0.01, 1000)
const loader = new GLTFLoader()
loader.register(parser => new GLTFGaussianSplatLoaderExtension(parser))
scene.background = new THREE.Color(0)
scene.add((await loader.loadAsync('{file}')).scene)
let frames = 0
renderer.setAnimationLoop(() => {{ renderer.render(scene, camera); window.frames_drawn = ++frames }})
</script>"""

SUPERSPLAT_SETTINGS = {
    "version": 2, "tonemapping": "none", "highPrecisionRendering": False,
    "background": {"color": [0, 0, 0]},
    "postEffectSettings": {
        "sharpness": {"enabled": False, "amount": 0}, "bloom": {"enabled": False, "intensity": 1, "blurLevel": 2},
        "grading": {"enabled": False, "brightness": 0, "contrast": 1, "saturation": 1, "tint": [1, 1, 1]},
        "vignette": {"enabled": False, "intensity": 0.5, "inner": 0.3, "outer": 0.75, "curvature": 1},
        "fringing": {"enabled": False, "intensity": 0.5},
    },
    "animTracks": [], "annotations": [], "startMode": "default",
}  # fmt: skip


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP on this machine, at the address given."""

    class Quiet(SimpleHTTPRequestHandler):
        extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript", ".mjs": "text/javascript"}

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def seen_by_spark(browser: object, package: Path, file: Path, camera: Camera, folder: Path) -> np.ndarray:
    """What three.js with Spark shows of a file, h w 3 in [0, 1]; a .spz is y up already, the others are turned."""
    modules = package.parents[1]
    for name in ("three", "fflate", "@sparkjsdev"):
        (folder / name).symlink_to(modules / name)
    (folder / file.name).write_bytes(file.read_bytes())
    page = SPARK_PAGE.format(
        width=camera.width, height=camera.height, fov_deg=camera.fov_deg[1], file=file.name,
        y_down=str(file.suffix != ".spz").lower(),
    )  # fmt: skip
    (folder / "index.html").write_text(page)
    with serving(folder) as url:
        return _settled(browser, url, camera, "window.frames_drawn > 3")


def seen_by_playcanvas(browser: object, package: Path, file: Path, camera: Camera, folder: Path) -> np.ndarray:
    """What the PlayCanvas engine shows of a .glb, h w 3 in [0, 1]."""
    return _seen_on(PLAYCANVAS_PAGE, browser, package, file, camera, folder)


def seen_by_three(browser: object, package: Path, file: Path, camera: Camera, folder: Path) -> np.ndarray:
    """What three.js' own splats show of a .glb, h w 3 in [0, 1]."""
    return _seen_on(THREE_SPLATS_PAGE, browser, package, file, camera, folder)


def _seen_on(page: str, browser: object, package: Path, file: Path, camera: Camera, folder: Path) -> np.ndarray:
    (folder / package.name).symlink_to(package)
    (folder / file.name).write_bytes(file.read_bytes())
    text = page.format(width=camera.width, height=camera.height, fov_deg=camera.fov_deg[1], file=file.name)
    (folder / "index.html").write_text(text)
    with serving(folder) as url:
        return _settled(browser, url, camera, "window.frames_drawn > 3")


def seen_by_supersplat(browser: object, package: Path, file: Path, camera: Camera, folder: Path) -> np.ndarray:
    """What SuperSplat's own viewer shows of a file, h w 3 in [0, 1]: its page, untouched, told where to stand."""
    for part in (package / "public").iterdir():
        (folder / part.name).symlink_to(part)
    (folder / file.name).write_bytes(file.read_bytes())
    wider_deg = max(camera.fov_deg)  # its settings say "vertical", but on a wide page the viewer takes it for the width
    start = {"position": [0, 0, 0], "target": [0, 0, 3], "fov": wider_deg}
    (folder / "settings.json").write_text(json.dumps(SUPERSPLAT_SETTINGS | {"cameras": [{"initial": start}]}))
    with serving(folder) as url:
        asked = f"{url}?content={file.name}&settings=settings.json&webgl&noui&noanim&nofx&fullload"
        return _settled(browser, asked, camera, "true")


def _settled(browser: object, url: str, camera: Camera, condition: str) -> np.ndarray:
    """The page's canvas once two pictures in a row are the same and show something."""
    context = browser.new_context(viewport={"width": camera.width, "height": camera.height})
    wrong: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text))
        page.on("requestfailed", lambda r: wrong.append(f"no {r.url}"))
        page.goto(url)
        try:
            page.wait_for_function(f"() => {condition}", timeout=PATIENCE_S * 1000)
        except Exception as error:
            raise AssertionError(f"{error}: {wrong[-10:]}") from None
        before = None
        for _ in range(60):
            page.wait_for_timeout(500)
            now = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(np.float32) / 255
            if before is not None and now.std() > 0.02 and np.abs(now - before).max() < 2 / 255:
                return now
            before = now
        raise AssertionError(f"nothing is shown: {wrong[-10:]}")
    finally:
        context.close()
