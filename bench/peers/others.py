"""What somebody else made of the photos: a folder of frames a place, or a splat file a place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from bench.from_truth import draw
from bench.scenes import Scene
from gen3d.formats.scene_file import open_scene
from gen3d.splat.antialiased import suited
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import FILLED_ALPHA, Rasterizer
from gen3d.splat.role import draw as rendered
from gen3d.values import RGBD

Frames = list[tuple[np.ndarray, np.ndarray]]
"""A picture (h w 3, [0, 1]) and an alpha (h w) of each view held out."""


class NotThere(Exception):
    """Somebody has nothing of that place."""


def frames_of(folder: Path, place: Scene, rasterizer: Rasterizer, scaled: bool) -> Frames:
    """FOLDER/PLACE/01.png ..., or else FOLDER/PLACE.* drawn; scaled: a splat is brought to the place's scale."""
    name = place.name.removeprefix("traced-")
    if (folder / name).is_dir():
        return [_frame(folder / name / f"{n:02d}.png", view) for n, view in enumerate(place.held_out, 1)]
    files = sorted(path for path in folder.glob(f"{name}.*") if path.is_file())
    if not files:
        raise NotThere(f"{folder} has neither a folder {name} nor a file {name}.*")
    stored = open_scene(files[0])
    drawn_by = suited(rasterizer, stored.antialiased)
    gaussians = stored.gaussians
    if scaled:
        gaussians = _sized(gaussians, scale_to(place.photo, gaussians, drawn_by))
    return [draw(gaussians, view, drawn_by) for view in place.held_out]


def _frame(path: Path, view: RGBD) -> tuple[np.ndarray, np.ndarray]:
    if not path.exists():
        raise NotThere(f"{path} is missing")
    with Image.open(path) as file:
        size, rgba = file.size, np.asarray(file.convert("RGBA"), np.float32) / 255
    if size != (view.camera.width, view.camera.height):
        raise NotThere(f"{path} is {size[0]} x {size[1]}, not {view.camera.width} x {view.camera.height}")
    return rgba[..., :3] * rgba[..., 3:], rgba[..., 3]


def scale_to(photo: RGBD, gaussians: Gaussians, rasterizer: Rasterizer) -> float:
    """The factor that brings the splat's depth, seen from the photo's camera, to the true one: a median of ratios."""
    seen = rendered(rasterizer, gaussians, photo.camera)
    depth = seen.depth.numpy()
    counted = (seen.alpha.numpy() > FILLED_ALPHA) & (depth > 0) & np.isfinite(photo.depth)
    if not counted.any():
        raise NotThere("the photo's camera sees nothing of the splat: is it in OpenCV axes, the photo's camera at 0?")
    return float(np.median(photo.depth[counted] / depth[counted]))


def _sized(gaussians: Gaussians, factor: float) -> Gaussians:
    return replace(gaussians, means=gaussians.means * factor, scales=gaussians.scales * factor)
