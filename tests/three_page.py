"""three.js from npm in Chromium: what a .glb looks like to others, through a camera of ours."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from gen3d.camera import Camera
from tests.npm import npm_package

THREE = ("three", "0.187.0")
PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body { margin: 0 } canvas { display: block }</style>
<script type="importmap">{"imports": {"three": "./three/build/three.module.js"}}</script>
<script type="module">
import * as THREE from 'three'
import { GLTFLoader } from './three/examples/jsm/loaders/GLTFLoader.js'
const renderer = new THREE.WebGLRenderer({ preserveDrawingBuffer: true, antialias: true })
document.body.append(renderer.domElement)
let scene
window.load = async name => {
  const gltf = await new GLTFLoader().loadAsync(name)
  scene = new THREE.Scene()
  scene.add(gltf.scene)
  window.names = []
  gltf.scene.traverse(object => window.names.push(object.name))
}
window.move = (name, x, y, z) => scene.getObjectByName(name).position.add(new THREE.Vector3(x, y, z))
window.draw = (width, height, projection, world) => {
  renderer.setSize(width, height)
  const camera = new THREE.Camera()
  camera.projectionMatrix.fromArray(projection)
  camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert()
  camera.matrixAutoUpdate = false
  camera.matrix.fromArray(world)
  camera.matrixWorldNeedsUpdate = true
  renderer.render(scene, camera)
}
window.ready = true
</script>"""


@contextmanager
def served(files: dict[str, Path]) -> Iterator[str]:
    """The page's address; beside it three.js, and the files by name."""
    three = npm_package(*THREE)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            kind = "text/javascript" if name.endswith(".js") else "application/octet-stream" if name else "text/html"
            file = three / name.removeprefix("three/") if name.startswith("three/") else files.get(name)
            content = PAGE.encode() if not name else file.read_bytes() if file else b""
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def projection(camera: Camera, near_m: float = 0.01, far_m: float = 1e6) -> list[float]:
    """K as OpenGL's projection, column by column."""
    (fx, _, cx), (_, fy, cy), _ = camera.K
    w, h = camera.width, camera.height
    P = np.zeros((4, 4))
    P[0, 0], P[0, 2] = 2 * fx / w, 1 - 2 * cx / w
    P[1, 1], P[1, 2] = 2 * fy / h, 2 * cy / h - 1
    P[2, 2], P[2, 3] = -(far_m + near_m) / (far_m - near_m), -2 * far_m * near_m / (far_m - near_m)
    P[3, 2] = -1
    return P.T.ravel().tolist()


class ThreePage:
    """A browser's page that shows one file."""

    def __init__(self, browser: object, url: str, name: str) -> None:
        self.page = browser.new_page(viewport={"width": 900, "height": 700})
        self.page.goto(url)
        self.page.wait_for_function("() => window.ready")
        self.page.evaluate("name => load(name)", name)

    def move(self, name: str, by_m: tuple[float, float, float]) -> None:
        """Moves a node, in glTF's axes."""
        self.page.evaluate("a => move(...a)", [name, *by_m])

    def drawn(self, camera: Camera) -> np.ndarray:
        """What three.js draws, float [0, 1]."""
        axes = np.diag([1.0, -1.0, -1.0, 1.0])
        world = (axes @ camera.c2w @ axes).T.ravel().tolist()
        self.page.evaluate("a => draw(...a)", [camera.width, camera.height, projection(camera), world])
        shot = self.page.locator("canvas").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.float32) / 255

    def close(self) -> None:
        self.page.close()
