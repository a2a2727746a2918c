"""From points to Gaussians (paper 3.3): initialised at P_N, fitted to the N+1 pictures and to M reprojections.

The reprojections are pictures of the points from jittered poses, counted only where points are seen (eq. 5). They
constrain the Gaussians between the poses of the pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.errors import EngineFailed
from gen3d.events import Enough, Intermediate, Notice, Progress, Stage, Started, never
from gen3d.geometry.kinds import kinds_of
from gen3d.geometry.labels import things_of
from gen3d.geometry.point_picture import render_points
from gen3d.geometry.points import concatenate
from gen3d.geometry.quadtree import backing, halved, merge_flat_blocks
from gen3d.geometry.together import together
from gen3d.geometry.trajectory import orbited
from gen3d.settings import FitSettings
from gen3d.splat.fit.loop import LostNumbers, fit_gaussians
from gen3d.splat.gaussians import Gaussians, from_points
from gen3d.splat.role import Rasterizer
from gen3d.values import Layers, PointCloud, View, World

JITTER_DEG = 5.0
"""Reprojections turn by up to this much about the point in the middle of the view. Chosen by eye."""
FARTHEST = 3
"""That point is at most so many median depths away, so that the sky does not set it. Chosen by eye."""
MIDDLE_CELL_PX = 8
"""Its depth is measured on a rendering reduced by this. Chosen by eye."""
PHOTO_SHARE, EXPANSION_SHARE, REPROJECTION_SHARE = 0.33, 0.45, 0.22
"""How the steps of the fit are shared out among the kinds of views. Measured: with 0.17 for reprojections, 20 quick
steps lose 0.2 dB of what is behind things (room); `python -m bench.ablation` measures what reprojections bring and cost
(docs/ablation.md)."""
FRONT_SHARE = 0.65
"""Of the Gaussians there may be; the others are left to the backing. Chosen by eye."""
BACKING_SIZE = 0.6
"""Standard deviation of the backing as a share of its footprint. Measured: with it walls keep an alpha of 0.98 from
half the distance (tests/test_fit.py); without a backing, Gaussians large enough for that cost 0.3 dB on held-out views,
as `python -m bench.quality` scores them."""
AT_A_TIME = 6
"""Of what a fit begins with, so much is made between two reports: its Gaussians, reprojections. Chosen by eye."""
PREVIEWS_PER_FIT = 4
"""Previews of the photo's view during the fit. Chosen by eye."""


def optimize_gaussians(
    world: World, rasterizer: Rasterizer, settings: FitSettings, median_m: float, seed: int = 0, enough: Enough = never,
    layers: Layers | None = None,
) -> Stage[Gaussians]:  # fmt: skip
    """The Gaussians of a world, fitted. median_m: the scene's unit of length. layers: which tell its kind and thing."""
    yield Started("optimize")
    yield from (Notice(text) for text in rasterizer.notices)
    begin = partial(initial_gaussians, world.points, settings, layers)
    tasks, done = [begin, *reprojected(world, settings.reprojections, median_m, seed)], []
    while len(done) < len(tasks):
        done += together(tasks[len(done) : len(done) + AT_A_TIME])
        if settings.reprojections:
            yield Progress("reproject", len(done) - 1, settings.reprojections)
    (start, behind), *reprojections = done
    views = _weighted(world.views, reprojections)
    fit = fit_gaussians(start, views, rasterizer, settings, median_m, seed, behind)
    every = max(1, settings.iterations // PREVIEWS_PER_FIT)
    previews, losses = 0, []
    try:
        step = next(fit)
        while True:
            losses += [(one.view, one.loss) for one in step.views]
            yield Progress("optimize", step.done, step.total)
            photo = next((one.rendered for one in step.views if one.view == 0), None)
            if photo is not None and step.done >= previews * every:
                previews += 1
                yield Intermediate("optimize.photo", {"rendered": photo})
            step = fit.send(enough())
    except StopIteration as finished:
        gaussians = finished.value
    except LostNumbers as error:
        remedy = "Try another seed, or --rasterizer cpu."
        raise EngineFailed(f"The fit of the scene broke down: {error}.", remedy) from error
    finally:
        fit.close()
    yield Intermediate("optimize.loss", {"losses": losses, "pictures": len(world.views)})
    yield Intermediate("optimize", {"start": len(start) + len(behind), "gaussians": gaussians, "views": world.views,
                                    "rasterizer": rasterizer})  # fmt: skip
    return gaussians


def initial_gaussians(
    points: PointCloud, settings: FitSettings, layers: Layers | None = None
) -> tuple[Gaussians, Gaussians]:
    """One for every point, flat blocks merged; and the backing that closes the gaps between them from nearby.

    With their kinds, and their things where those were told apart, if there are layers to tell them from.
    """
    limit, flat = settings.max_gaussians, (settings.flat_colour, settings.flat_plane)
    most = max(1, round(FRONT_SHARE * limit))
    front, coarse = together([partial(merge_flat_blocks, points, most, *flat), partial(halved, points, flat[1])])
    behind = backing(coarse, limit - len(front), *flat)
    told = [] if layers is None else [kinds_of] if layers.things is None else [kinds_of, things_of]
    both = concatenate(front, behind)
    spread = partial(from_points, front), partial(from_points, behind, BACKING_SIZE)
    *known, first, then = together([*(partial(of, both, layers) for of in told), *spread])
    for name, of in zip(("kinds", "things"), known, strict=False):
        parts = torch.from_numpy(of).split([len(front), len(behind)])
        first, then = (replace(g, **{name: part}) for g, part in zip((first, then), parts, strict=True))
    return first, then


def _weighted(pictures: tuple[View, ...], reprojections: list[View]) -> list[View]:
    """All views, weighted so that each kind gets its share of the steps."""
    kinds = ((pictures[:1], PHOTO_SHARE), (pictures[1:], EXPANSION_SHARE), (reprojections, REPROJECTION_SHARE))
    return [replace(view, weight=share / len(kind)) for kind, share in kinds for view in kind]


def reprojected(world: World, count: int, median_m: float, seed: int) -> list[Callable[[], View]]:
    """What makes `count` pictures of the points (the M views of eq. 5), from poses near those of the world's views."""
    rng, bases = np.random.default_rng(seed), [view.camera for view in world.views[:count]]
    away_m = together([partial(_middle_depth, world, base, median_m) for base in bases])
    cameras = [jittered(bases[i % len(bases)], away_m[i % len(bases)], rng) for i in range(count)]
    return [partial(_reprojected, world, camera) for camera in cameras]


def _reprojected(world: World, camera: Camera) -> View:
    rendering = render_points(world.points, camera)
    return View(rendering.image, ~rendering.hole, camera)


def jittered(camera: Camera, distance_m: float, rng: np.random.Generator) -> Camera:
    """The camera turned by up to JITTER_DEG each way about the point `distance_m` ahead."""
    yaw, pitch = rng.uniform(-JITTER_DEG, JITTER_DEG, 2)
    return camera.posed(camera.c2w @ orbited(yaw, pitch, distance_m))


def _middle_depth(world: World, camera: Camera, median_m: float) -> float:
    """How far the points in the middle of the view are; far ones (the sky) count as the median depth."""
    small = camera.resized(camera.width // MIDDLE_CELL_PX + 1, camera.height // MIDDLE_CELL_PX + 1)
    depth = render_points(world.points, small).depth
    h, w = depth.shape
    middle = depth[h // 3 : 2 * h // 3 + 1, w // 3 : 2 * w // 3 + 1]
    middle = middle[np.isfinite(middle)]
    return min(float(np.median(middle)), FARTHEST * median_m) if middle.size else median_m
