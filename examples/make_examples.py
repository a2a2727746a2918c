"""Renders the example pictures with their exact depth and cameras: python examples/make_examples.py [room|terrace].

The scenes are described in `room.py` and `terrace.py`, shapes and light are `shapes.py`, `rays.py` and `tracer.py`.
Everything is computed, nothing is photographed or downloaded, and the same call gives the same files on the same
machine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from pathlib import Path

import numba
import numpy as np
from film import developed
from PIL import Image
from tracer import depths, hits, render

from gen3d.camera import Camera

HERE = Path(__file__).resolve().parent
OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
UP = np.array([1.0, -1.0, 1.0])
"""Scenes are modelled with y up; cameras have y down."""


def camera_of(scene, eye: tuple, target: tuple, size: float) -> Camera:
    """The scene's lens at this place; size shrinks the picture for a quick look."""
    lens = Camera.from_fov(scene.FOV_DEG, scene.WIDTH, scene.HEIGHT)
    lens = lens.resized(round(scene.WIDTH * size), round(scene.HEIGHT * size))
    return lens.look_at(np.array(eye) * UP, np.array(target) * UP)


def picture(scene, built: tuple, camera: Camera, grid: int) -> np.ndarray:
    """What the camera sees, 8 bits a channel."""
    shapes, materials, lights = built
    args = (camera.center * UP, camera.c2w[:3, :3], camera.K, camera.width, camera.height, shapes)
    light, features = render(*args, materials, lights, grid)
    return developed(light, features, scene.EXPOSURE)


def depth_of(built: tuple, camera: Camera) -> np.ndarray:
    """Metres along z at the pixel centres, inf where the sky is."""
    args = (camera.center * UP, camera.c2w[:3, :3], camera.K, camera.width, camera.height, built[0])
    depth = depths(*args)
    return np.where(depth > 1e20, np.inf, depth)


def things_of(scene, camera: Camera) -> tuple[np.ndarray, list[str]]:
    """Which thing each pixel shows, a number into the names; 0 is none: a wall, the ground, the sky."""
    shapes, _, _ = scene.modelled()
    names = list(dict.fromkeys(["", *shapes.things]))
    of = np.array([*map(names.index, shapes.things), 0])  # the last for rays that meet nothing
    args = (camera.center * UP, camera.c2w[:3, :3], camera.K, camera.width, camera.height, shapes.packed())
    return of[hits(*args)], names


def without(scene, thing: str) -> tuple:
    """The scene as it is when a thing is taken away, built."""
    shapes, ink, light = scene.modelled()
    shapes.take_away(thing)
    return shapes.packed(), ink.packed(), light


def transforms(cameras: list[Camera], names: list[str]) -> dict:
    """Nerfstudio's transforms.json: camera to world in OpenGL axes, the world being the first camera."""
    first, lens = cameras[0], cameras[0].K
    frames = [
        {"file_path": name, "transform_matrix": (first.w2c @ camera.c2w @ OPENGL).round(9).tolist()}
        for camera, name in zip(cameras, names, strict=True)
    ]
    focal = {"fl_x": lens[0, 0], "fl_y": lens[1, 1], "cx": lens[0, 2], "cy": lens[1, 2]}
    return {"camera_model": "PINHOLE", **focal, "w": first.width, "h": first.height, "frames": frames}


def save_depth(folder: Path, depth: np.ndarray) -> None:
    """Millimetres in a PNG where everything is near, half floats in metres where there is sky."""
    if np.isfinite(depth).all():
        Image.fromarray(np.round(depth * 1000).astype(np.uint16)).save(folder / "depth.png", optimize=True)
    else:
        np.savez_compressed(folder / "depth.npz", depth=depth.astype(np.float16))


def make(name: str, out: Path, size: float, grid: int | None, views: int) -> None:
    """One example's folder."""
    scene = importlib.import_module(name)
    built = scene.build()
    poses = [(scene.EYE, scene.TARGET), *scene.HELD_OUT][: views + 1]
    cameras = [camera_of(scene, *pose, size) for pose in poses]
    names = ["rgb.jpg", *(f"held_out/{k:02d}.jpg" for k in range(1, len(poses)))]
    (out / name / "held_out").mkdir(parents=True, exist_ok=True)
    for camera, file in zip(cameras, names, strict=True):
        start = time.perf_counter()
        image = picture(scene, built, camera, grid or scene.GRID)
        Image.fromarray(image).save(out / name / file, quality=95 if file == "rgb.jpg" else 92, subsampling=0)
        print(f"{name}/{file}: {time.perf_counter() - start:.0f} s", flush=True)
    save_depth(out / name, depth_of(built, cameras[0]))
    (out / name / "camera.json").write_text(json.dumps(transforms(cameras, names), indent=1) + "\n")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["room", "terrace"])
    parser.add_argument("-o", "--out", type=Path, default=HERE)
    parser.add_argument("--size", type=float, default=1.0, help="of the full 640 x 480")
    parser.add_argument("--grid", type=int, help="rays per pixel = grid squared; fewer for a quick look")
    parser.add_argument("--views", type=int, default=3, help="held-out views")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    numba.set_num_threads(min(args.threads, numba.config.NUMBA_NUM_THREADS))
    for name in args.names:
        make(name, args.out, args.size, args.grid, args.views)


if __name__ == "__main__":
    main()
