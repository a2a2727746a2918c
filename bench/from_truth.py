"""From a scene with truth to Gaussians and their figures, by the pipeline in memory.

The world is kept, so that what the expansion did can be measured and not only what became of it. The path is that of a
preset, or leads through the held-out cameras, whose pictures no stage sees. At a pose of the path wrong depth does not
show, since new points move along their rays; it shows from elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from bench.noisy import NoisyDepth, NoisyEyes
from bench.perceptual import Distance
from bench.scenes import Scene
from bench.score import classify, mean_of, psnr, score_view
from gen3d.camera import Camera
from gen3d.events import product
from gen3d.geometry.align import apply_scale_shift, fit_scale_shift
from gen3d.geometry.place import scale_of
from gen3d.geometry.resample import fitted_size, reduce_picture, resample_depth
from gen3d.geometry.trajectory import along, expansion_path, surround, tour_path
from gen3d.models.base import Models
from gen3d.pipeline import Plain, Wanted, make_layers, make_scene
from gen3d.run.course import SWEEP
from gen3d.settings import Settings
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer
from gen3d.values import RGBD, Source, World

HELD_OUT = "held-out"
"""The path through the held-out cameras."""


@dataclass(frozen=True, eq=False, slots=True)
class Built:
    """What became of a photo."""

    gaussians: Gaussians
    world: World
    shell_m: float
    seconds: float


def spoilt(scene: Scene, noise: NoisyDepth) -> Scene:
    """The scene with the photo's depth as a network would give it, but for its scale, which the photo's depth sets."""
    depth = noise(scene.photo.depth, 0) / np.float32(noise.scale(0))
    return replace(scene, photo=replace(scene.photo, depth=depth))


def estimated(scene: Scene, estimate: Callable[[np.ndarray], np.ndarray]) -> Scene:
    """The scene with the photo's depth as it was estimated, brought to the truth by scale and shift of its inverse."""
    photo, said = scene.photo, estimate(scene.photo.image)
    depth = apply_scale_shift(said, *fit_scale_shift(said, photo.depth, np.ones(said.shape, bool)))
    return replace(scene, photo=replace(photo, depth=depth))


def noisy_eyes(scene: Scene, models: Models, noise: NoisyDepth, settings: Settings) -> Models:
    """The models with eyes that see the place, badly."""
    return replace(models, depth=NoisyEyes(scene.cast, noise, given(scene, settings).camera))


def given(scene: Scene, settings: Settings) -> Source:
    """The photo as `read_source` would hand it on: at most `settings.size_px` large."""
    photo = scene.photo
    w, h = fitted_size(photo.camera.width, photo.camera.height, settings.size_px)
    image = reduce_picture(photo.image, settings.size_px)
    return Source(image, resample_depth(photo.depth, w, h), photo.camera.resized(w, h))


def build_from_truth(
    scene: Scene, models: Models, rasterizer: Rasterizer, settings: Settings, seed: int = 0, path: str = HELD_OUT
) -> Built:
    """The method, from the depth to the fit; path: HELD_OUT or the name of a preset."""
    start = time.perf_counter()
    engines = Plain(models, rasterizer, settings)
    layers = product(make_layers(given(scene, settings), engines))
    poses, sweep = _path(path, scene, layers.rgbd, settings)
    made = product(make_scene(layers, Wanted(tuple(poses), tuple(sweep), seed=seed), engines))
    return Built(made.gaussians, made.world, made.place.shell_m, time.perf_counter() - start)


def _path(name: str, scene: Scene, photo: RGBD, settings: Settings) -> tuple[list[Camera], list[Camera]]:
    """The cameras to expand along, and those that are swept for slivers."""
    if name != HELD_OUT:
        scale = scale_of(photo)
        return expansion_path(name, photo.camera, scale), tour_path(name, photo.camera, scale, SWEEP, 1.0)
    lenses = [view.camera for view in scene.held_out]
    poses = [lens.resized(*fitted_size(lens.width, lens.height, settings.size_px)) for lens in lenses]
    sweep = along([photo.camera, *(photo.camera.posed(lens.c2w) for lens in lenses)], SWEEP, 1.0)
    return [surround(photo.camera), *poses], sweep


def score_scene(
    truth: Scene, gaussians: Gaussians, rasterizer: Rasterizer, distances: Mapping[str, Distance] | None = None
) -> dict[str, float]:
    """The mean figures of the held-out views, and `psnr_input`, how well the photo itself is kept."""
    figures = score_frames(truth, [draw(gaussians, view, rasterizer) for view in truth.held_out], distances)
    drawn, _ = draw(gaussians, truth.photo, rasterizer)
    return figures | {"psnr_input": psnr(drawn, truth.photo.image)}


def score_frames(
    truth: Scene, frames: Sequence[tuple[np.ndarray, np.ndarray]], distances: Mapping[str, Distance] | None = None
) -> dict[str, float]:
    """The mean figures of pictures (h w 3) and alphas (h w), one of each held-out view, whoever drew them.

    Where the scene tells which views are near and which far, also `..._near` and `..._far`. distances: of whole views,
    by name, as `bench.perceptual` has them.
    """
    rows = []
    for view, (drawn, alpha) in zip(truth.held_out, frames, strict=True):
        classes = classify(view.depth, view.camera, truth.photo.depth, truth.photo.camera)
        whole = {name: distance(drawn, view.image) for name, distance in (distances or {}).items()}
        rows.append(score_view(drawn, alpha, view.image, classes) | whole)
    figures = mean_of(rows)
    for kind in dict.fromkeys(truth.kinds):
        alike = mean_of(row for row, this in zip(rows, truth.kinds, strict=True) if this == kind)
        figures |= {f"{name}_{kind}": value for name, value in alike.items()}
    return figures


def draw(gaussians: Gaussians, view: RGBD, rasterizer: Rasterizer) -> tuple[np.ndarray, np.ndarray]:
    """The scene on black through a view's camera at its own size, h w 3, and its alpha, h w."""
    with torch.no_grad():
        drawn = rasterizer.render(gaussians, view.camera)
    return drawn.rgb.clamp(0, 1).numpy(), drawn.alpha.numpy()
