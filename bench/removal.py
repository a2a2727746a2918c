"""What stood behind a thing that is taken away, against the truth: `python -m bench.removal [room chair] [-o DIR]`.

An example is built from its photo, one of its things taken away, and the views that were held out drawn where it stood.
The example's ray-caster renders the same place without it: PSNR is taken there alone, and nothing else of the truth is
rendered, so that it can have many rays a pixel. Two baselines: the thing left where it is, and its pixels blurred over
in the built scene's own views, which knows where it stood in each.

The truth has no shadow of the thing either, which every scene keeps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from jaxtyping import Bool, Float

from bench.scenes import EXAMPLES
from bench.score import psnr
from bench.things import SCENES, described, objects_of
from gen3d.camera import Camera
from gen3d.edits import Edit
from gen3d.events import product
from gen3d.formats.picture import as_bytes, write_png
from gen3d.formats.stored import StoredScene
from gen3d.formats.transforms import read_transforms
from gen3d.models.pick import load_models
from gen3d.products.edited import heeding
from gen3d.request import Request
from gen3d.run.edit import Built, built_in, filled
from gen3d.run.steps import build
from gen3d.settings import PRESETS, ExpandSettings
from gen3d.splat.gaussians import joined
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer, draw

MAINLY = 0.5
"""A thing that was found is of the one asked for if it shows more of it than this share."""
GRID = 16
"""Rays a pixel, squared, of the truth: twice those of the example's own picture along each side, whose grain counts."""
MARGIN_PX, AROUND_PX = 3, 12
"""Where the chair stood begins so far from it; and so much is rendered around, for the film's denoiser and to look at.
"""
BLURS_PX, LEAST_SHARE = (4.0, 16.0, 64.0), 0.02
"""Of the baseline, finest first; what has less around it waits for the next."""


def truth(
    example: str, thing: str, camera: Camera, grid: int = GRID
) -> tuple[Float[np.ndarray, "h2 w2 3"], Bool[np.ndarray, "h2 w2"], tuple[slice, slice]]:
    """An example without a thing through a window of a camera of its world, where it stood in that, the window."""
    scene, make = described(example)
    first = make.camera_of(scene, scene.EYE, scene.TARGET, 1.0)
    there = camera.posed(first.c2w @ camera.c2w)
    objects, names = make.things_of(scene, there)
    size = np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)
    stood = cv2.dilate((objects == names.index(thing)).astype(np.uint8), size).astype(bool)
    rows, columns = window = _around(stood)
    cut = there.cropped(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    picture = make.picture(scene, make.without(scene, thing), cut, grid)
    return picture.astype(np.float32) / 255, stood[window], window


def _around(region: Bool[np.ndarray, "h w"]) -> tuple[slice, slice]:
    """The rows and columns that hold a region and what is around it."""
    ends = ((np.flatnonzero(region.any(axis=axis)), region.shape[1 - axis]) for axis in (1, 0))
    return tuple(slice(max(0, at[0] - AROUND_PX), min(size, at[-1] + 1 + AROUND_PX)) for at, size in ends)


def blurred(picture: Float[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
    """The hole filled from its rim by ever coarser means, as a blur does."""
    filled_in, weight = picture * ~hole[..., None], (~hole).astype(np.float32)
    for sigma in BLURS_PX:
        share = cv2.GaussianBlur(weight, (0, 0), sigma)
        mean = cv2.GaussianBlur(filled_in, (0, 0), sigma) / np.maximum(share, 1e-4)[..., None]
        near = hole & (share > LEAST_SHARE) & (weight == 0)
        filled_in[near], weight = mean[near], np.where(near, 1.0, weight).astype(np.float32)
    return filled_in


def drawn(scene: object, camera: Camera, rasterizer: Rasterizer) -> Float[np.ndarray, "h w 3"]:
    """On black, as it is scored."""
    return draw(rasterizer, drawable_from(scene, camera), camera).rgb.clamp(0, 1).cpu().numpy()


def numbers_of(example: str, thing: str, scene: Built) -> list[int]:
    """The things that were found which mainly show it in the photo."""
    found = scene.layered.layers.things
    objects, names = objects_of(example, *found.shape)
    all_of, of_it = (np.bincount(found[where]) for where in (found >= 0, objects == names.index(thing)))
    share = np.pad(of_it, (0, len(all_of) - len(of_it))) / np.maximum(all_of, 1)
    return [int(number) for number in np.flatnonzero(share > MAINLY) if number > 0]


def made(example: str, preset: str, folder: Path) -> Built:
    """It, built from its photo and true depth."""
    scene, _ = described(example)
    inputs = EXAMPLES / example
    request = Request(inputs / "rgb.jpg", None, next(inputs.glob("depth.*")), None, scene.FOV_DEG)
    product(build(request, load_models("builtin", "cpu"), pick_rasterizer(), PRESETS[preset], folder), lambda _: None)
    return built_in(folder)


def main() -> None:
    """Reads the command line and prints a line a view."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("example", nargs="?", default="room", choices=SCENES)
    parser.add_argument("thing", nargs="?", default="chair", help="by its name in the example's script")
    parser.add_argument("--preset", default="fast", choices=list(PRESETS))
    parser.add_argument("--scene", type=Path, help="the example, built already")
    parser.add_argument("--size", type=float, default=0.6, help="of the pictures, of 640 x 480")
    parser.add_argument("--grid", type=int, default=GRID, help="rays a pixel of the truth, squared")
    parser.add_argument("--views", type=int, nargs="+", default=[0, 1, 2, 3], help="0 is the photo's")
    parser.add_argument("-o", "--out", type=Path, help="a folder for the pictures")
    args = parser.parse_args()
    with TemporaryDirectory() as home:
        scene = built_in(args.scene) if args.scene else made(args.example, args.preset, Path(home) / "scene")
    rasterizer, numbers = pick_rasterizer(), numbers_of(args.example, args.thing, scene)
    how = scene.edited([Edit("remove", number, fill=True) for number in numbers])
    without = heeding(StoredScene(scene.gaussians), how).gaussians
    models = load_models("builtin", "cpu")
    more = joined(without, product(filled(scene, how, models, ExpandSettings())))
    cameras = read_transforms(EXAMPLES / args.example / "camera.json")
    print(f"{'PSNR, dB, where it stood':34}{'left':>8}{'blurred':>9}{'removed':>9}{'filled':>8}")
    for view in args.views:
        camera = cameras[view]
        small = camera.resized(round(args.size * camera.width), round(args.size * camera.height))
        picture, stood, window = truth(args.example, args.thing, small, args.grid)
        left, gone, full = (drawn(g, small, rasterizer)[window] for g in (scene.gaussians, without, more))
        shown = {"left": left, "blurred": blurred(left, stood), "removed": gone, "filled": full}
        told = [psnr(np.clip(one, 0, 1), picture, stood) for one in shown.values()]
        name = "the photo's view" if view == 0 else f"held-out view {view}"
        print(f"{name:34}{told[0]:8.2f}{told[1]:9.2f}{told[2]:9.2f}{told[3]:8.2f}", flush=True)
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            row = np.concatenate([picture, *shown.values()], axis=1)
            write_png(args.out / f"{view:02d}.png", as_bytes(np.clip(row, 0, 1)))


if __name__ == "__main__":
    main()
