"""What stood behind a thing that is taken away, against the truth: `python -m bench.removal [--preset fast] [-o DIR]`.

The room is built from its photo, its chair taken away, and the views that were held out drawn where the chair stood.
The example's ray-caster renders the same room without the chair: PSNR is taken there alone, and nothing else of the
truth is rendered, so that it can have many rays a pixel. Two baselines: the chair left where it is, and its pixels
blurred over in the built scene's own views, which knows where it stood in each.

The truth has no shadow of the chair either, which every scene keeps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from jaxtyping import Bool, Float

from bench.score import psnr
from bench.things import described
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

EXAMPLE, THING = "room", "chair"
GRID = 16
"""Rays a pixel, squared, of the truth: twice those of the example's own picture along each side, whose grain counts."""
MARGIN_PX, AROUND_PX = 3, 12
"""Where the chair stood begins so far from it; and so much is rendered around, for the film's denoiser and to look at.
"""
BLURS_PX, LEAST_SHARE = (4.0, 16.0, 64.0), 0.02
"""Of the baseline, finest first; what has less around it waits for the next."""


def truth(
    camera: Camera, grid: int = GRID
) -> tuple[Float[np.ndarray, "h2 w2 3"], Bool[np.ndarray, "h2 w2"], tuple[slice, slice]]:
    """The room without the chair through a window of a camera of its world, where the chair stood in it, the window."""
    scene, make = described(EXAMPLE)
    first = make.camera_of(scene, scene.EYE, scene.TARGET, 1.0)
    there = camera.posed(first.c2w @ camera.c2w)
    objects, names = make.things_of(scene, there)
    size = np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8)
    stood = cv2.dilate((objects == names.index(THING)).astype(np.uint8), size).astype(bool)
    rows, columns = window = _around(stood)
    cut = there.cropped(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    picture = make.picture(scene, make.without(scene, THING), cut, grid)
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


def chair_of(scene: Built) -> int:
    """The thing that shows most of the chair in the photo."""
    example, make = described(EXAMPLE)
    things = scene.layered.layers.things
    objects, names = make.things_of(example, make.camera_of(example, example.EYE, example.TARGET, 1.0).resized(
        things.shape[1], things.shape[0]))  # fmt: skip
    return int(np.bincount(things[(objects == names.index(THING)) & (things > 0)]).argmax())


def made(preset: str, folder: Path) -> Built:
    """The room, built from its photo and true depth."""
    example, _ = described(EXAMPLE)
    inputs = Path(example.__file__).parent / EXAMPLE
    request = Request(inputs / "rgb.jpg", None, inputs / "depth.png", None, example.FOV_DEG)
    product(build(request, load_models("builtin", "cpu"), pick_rasterizer(), PRESETS[preset], folder), lambda _: None)
    return built_in(folder)


def main() -> None:
    """Reads the command line and prints a line a view."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="fast", choices=list(PRESETS))
    parser.add_argument("--scene", type=Path, help="a room that is built already")
    parser.add_argument("--size", type=float, default=0.6, help="of the pictures, of 640 x 480")
    parser.add_argument("--grid", type=int, default=GRID, help="rays a pixel of the truth, squared")
    parser.add_argument("--views", type=int, nargs="+", default=[0, 1, 2, 3], help="0 is the photo's")
    parser.add_argument("-o", "--out", type=Path, help="a folder for the pictures")
    args = parser.parse_args()
    with TemporaryDirectory() as home:
        scene = built_in(args.scene) if args.scene else made(args.preset, Path(home) / "room")
    rasterizer, number = pick_rasterizer(), chair_of(scene)
    how = scene.edited([Edit("remove", number, fill=True)])
    without = heeding(StoredScene(scene.gaussians), how).gaussians
    models = load_models("builtin", "cpu")
    more = joined(without, product(filled(scene, how, models, ExpandSettings())))
    example, _ = described(EXAMPLE)
    cameras = read_transforms(Path(example.__file__).parent / EXAMPLE / "camera.json")
    print(f"{'PSNR, dB, where the chair stood':34}{'left':>8}{'blurred':>9}{'removed':>9}{'filled':>8}")
    for view in args.views:
        camera = cameras[view]
        small = camera.resized(round(args.size * camera.width), round(args.size * camera.height))
        picture, stood, window = truth(small, args.grid)
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
