"""Figure 1: the stages in order, in three steps that can each be stopped, looked at and resumed.

    look(request)          source -> depth -> layers                            folder: looked.npz
    grow(looked folder)    words -> background -> lift -> expand -> optimize    folder: scene.ply, .splat, .view, .html,
                                                                                        model3d.ply, transforms.json,
                                                                                        layers.npz
    tour(scene folder)     flythrough                                           folder: flythrough.mp4

Each step is a generator of events and leaves a folder with its product, previews/*.png and run.json, which also tells
of the steps before. The folder is made under a temporary name and renamed when whole: closing the generator leaves
nothing. `enough` ends a step early with what exists. `build` runs all three into one folder. Between the first two,
`review` changes what stands in front. With `explain` a step also leaves explain/: pictures of how each stage came to
its product, and figures.json; `build` puts them on one sheet.png.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gen3d.errors import InputError
from gen3d.events import Enough, Event, Finished, Viewable, never
from gen3d.folders import continued, gather, gather_exhibits, read_record
from gen3d.formats.html import write_html
from gen3d.formats.layered import save_layered
from gen3d.formats.looked import load_looked, save_looked
from gen3d.formats.model3d import write_model3d
from gen3d.formats.picture import write_png
from gen3d.formats.ply import read_ply, write_ply
from gen3d.formats.splat import write_splat
from gen3d.formats.transforms import read_transforms, write_transforms
from gen3d.formats.whole import whole_folder
from gen3d.geometry.points import sky_radius
from gen3d.geometry.rim import unmix_rims
from gen3d.geometry.trajectory import Scale
from gen3d.models.base import Models
from gen3d.record import Record, write_json
from gen3d.review import Review, Reviewed
from gen3d.scene import LayeredDepth, Request, SceneFiles, View, World
from gen3d.settings import Settings
from gen3d.splat.rasterizer import Rasterizer
from gen3d.stages.background import fill_background
from gen3d.stages.course import SWEEP, check_path, expansion_cameras, scale_of, tour_cameras
from gen3d.stages.depth import find_depth
from gen3d.stages.expand import expand_world
from gen3d.stages.flythrough import fly_through
from gen3d.stages.layers import ONE_LAYER, split_layers
from gen3d.stages.lift import lift_layers
from gen3d.stages.optimize import optimize_gaussians
from gen3d.stages.preview import region_preview
from gen3d.stages.prune import prune_gaussians, views_around
from gen3d.stages.review import review_layers, show_review
from gen3d.stages.show import write_points_view, write_scene_view
from gen3d.stages.source import read_source
from gen3d.stages.words import find_words, prompt_at
from gen3d.thrift import Thrift, memory_told


def look(
    request: Request, models: Models, settings: Settings, folder: Path, enough: Enough = never, explain: bool = False
) -> Iterator[Event]:
    """What is in the picture, and how far away: writes looked.npz. There is nothing here that `enough` could skip."""
    check_path(request.path)
    thrift = Thrift(settings, models.at(settings.engines))
    with whole_folder(folder) as work, memory_told():
        record = _record(request, settings, thrift.models.names, work, explain)
        source = yield from record.follow(thrift.run(lambda t: read_source(request, settings, t.models)))
        rgbd = yield from record.follow(thrift.run(lambda t: find_depth(source, t.models.depth)))
        layers = yield from record.follow(thrift.run(lambda t: split_layers(rgbd, t.models.segmenter, settings.layers)))
        h, w = rgbd.depth.shape
        record.count(width=w, height=h, foreground=round(float(layers.foreground.mean()), 4))
        record.played(thrift.models.names)
        save_looked(work / "looked.npz", layers)
        write_json(work / "run.json", record.as_json())
    yield Finished("look", folder)


def review(asked: Review, looked: Path, settings: Settings) -> Reviewed:
    """Chooses the foreground of a looked folder otherwise; an empty review restores what the run's rule chose.

    Every review begins with that, whatever the one before it was. run.json then says what was asked for.
    """
    layers, settled = review_layers(load_looked(looked / "looked.npz"), asked, settings.layers)
    shown = show_review(layers, settled, settings.layers)
    record = read_record(looked)
    record["counts"]["foreground"] = round(shown.share, 4)
    record["notices"] = [told for told in record["notices"] if told != ONE_LAYER]
    record["notices"] += [] if layers.foreground.any() else [ONE_LAYER]
    record["review"] = asdict(settled)
    with whole_folder(looked) as work:
        shutil.copytree(looked, work, dirs_exist_ok=True)
        save_looked(work / "looked.npz", layers)
        write_png(work / "previews" / "layers.png", region_preview(layers.rgbd.image, layers.foreground))
        write_json(work / "run.json", record)
    return shown


def grow(
    request: Request,
    looked: Path,
    models: Models,
    rasterizer: Rasterizer,
    settings: Settings,
    folder: Path,
    enough: Enough = never,
    explain: bool = False,
) -> Iterator[Event]:
    """The scene behind and around what was looked at: writes scene.ply, .splat, .view, .html and transforms.json."""
    layers, before = load_looked(looked / "looked.npz"), read_record(looked)
    photo, seed = layers.rgbd, request.seed
    thrift = Thrift(settings, models.at(settings.engines), rasterizer)
    scale, shell_m = scale_of(photo), sky_radius(photo.depth)
    path = expansion_cameras(request.path, photo.camera, scale, settings.size_px)
    with whole_folder(folder) as work, memory_told():
        files = SceneFiles(work)
        record = _record(request, settings, thrift.models.names | {"rasterizer": rasterizer.name}, work, explain)
        words = yield from record.follow(
            thrift.run(lambda t: find_words(photo.image, layers.foreground, request.prompt, t.models.captioner))
        )
        fringe = unmix_rims(photo) if settings.layers.matting else None
        background = yield from record.follow(
            thrift.run(
                lambda t: fill_background(layers, t.models.background, t.models.depth, words.background, seed, fringe)
            )
        )
        points = yield from record.follow(lift_layers(layers, background, settings.layers.behind_edges, fringe))
        write_points_view(files.points, points, photo.camera, scale, settings.fit)
        yield Viewable("points", files.points)
        seen = World(points, (View(photo.image, np.ones(photo.depth.shape, bool), photo.camera),), tuple(path))
        sweep = tour_cameras(request.path, photo.camera, scale, SWEEP)(1.0)
        world = yield from record.follow(
            thrift.run(
                lambda t: expand_world(
                    seen, photo, t.models.outpainter, t.models.depth, settings.expand, shell_m,
                    prompt_at(path, words.scene, request.prompts), seed, enough, sweep, layers.foreground
                )
            )
        )
        gaussians = yield from record.follow(
            thrift.run(lambda t: optimize_gaussians(world, t.rasterizer, t.settings.fit, scale.median, seed, enough))
        )
        if (most := settings.fit.keep) is not None and len(gaussians) > most:
            around = views_around([view.camera for view in world.views], scale.median)
            pruned = yield from record.follow(prune_gaussians(gaussians, most, around, thrift.rasterizer, photo))
            record.count(gaussians_before=pruned.before, pruned_psnr_db=pruned.psnr_db, pruned_photo_db=pruned.photo_db)
            gaussians = pruned.gaussians
        save_layered(files.layers, LayeredDepth(layers, background, world.sheets, shell_m))
        write_ply(files.ply, gaussians)
        write_splat(files.splat, gaussians)
        write_model3d(files.model3d, gaussians, photo.camera, scale.median)
        write_scene_view(files.view, gaussians, photo.camera, scale, thrift.rasterizer)
        yield from record.follow(thrift.told())
        write_html(files.html, files.view)
        yield Viewable("scene", files.view)
        files.points.unlink()
        write_transforms(files.transforms, [view.camera for view in world.views])
        record.count(
            points=len(world.points), gaussians=len(gaussians), views=len(world.views),
            median_depth_m=scale.median, nearest_depth_m=scale.nearest, prompt=words.scene,
            background_prompt=words.background,
        )  # fmt: skip
        record.played(thrift.models.names | {"rasterizer": thrift.rasterizer.name})
        write_json(files.run, continued(before, record))
    yield Finished("grow", folder)


def tour(
    request: Request,
    scene: Path,
    rasterizer: Rasterizer,
    settings: Settings,
    folder: Path,
    enough: Enough = never,
    explain: bool = False,
) -> Iterator[Event]:
    """A video of a grown scene along the request's path, which need not be the one it was grown along."""
    check_path(request.path)
    files = SceneFiles(scene)
    if not files.run.exists() or not files.ply.exists():
        raise InputError(f"{scene} holds no scene.", "Run the step `grow` first.")
    before = read_record(scene)
    scale = _told_scale(before)
    gaussians, camera = read_ply(files.ply), read_transforms(files.transforms)[0]
    thrift = Thrift(settings, rasterizer=rasterizer)
    with whole_folder(folder) as work, memory_told():
        record = _record(request, settings, {"rasterizer": rasterizer.name}, work, explain)
        path, video = tour_cameras(request.path, camera, scale, settings.tour.frames), SceneFiles(work).video
        amplitude = yield from record.follow(
            thrift.run(lambda t: fly_through(gaussians, path, t.rasterizer, settings.tour, video, enough))
        )
        record.count(tour_amplitude=amplitude)
        record.played({"rasterizer": thrift.rasterizer.name})
        write_json(work / "run.json", continued(before, record))
    yield Finished("tour", folder)


def build(
    request: Request,
    models: Models,
    rasterizer: Rasterizer,
    settings: Settings,
    folder: Path,
    enough: Enough = never,
    explain: bool = False,
) -> Iterator[Event]:
    """All three steps, their products in one folder: scene.ply, .splat, flythrough.mp4, transforms.json, run.json."""
    with whole_folder(folder) as work:
        steps = [work / name for name in ("look", "grow", "tour")]
        yield from look(request, models, settings, steps[0], enough, explain)
        yield from grow(request, steps[0], models, rasterizer, settings, steps[1], enough, explain)
        yield from tour(request, steps[1], rasterizer, settings, steps[2], enough, explain)
        if explain:
            gather_exhibits(steps, work / "explain", _title(request, settings))
        gather(steps, work)
    yield Finished("build", folder)


def _told_scale(record: dict[str, Any]) -> Scale:
    """The lengths that a scene was grown at; InputError where its record does not say."""
    found = [record["counts"].get(name) for name in ("median_depth_m", "nearest_depth_m")]
    if not all(isinstance(m, int | float) and 0 < m < math.inf for m in found):
        raise InputError("The scene's run.json does not say how far things are.", "Run the step `grow` again.")
    return Scale(*map(float, found))


def _record(request: Request, settings: Settings, engines: dict[str, str], work: Path, explain: bool) -> Record:
    return Record(request, settings, engines, work / "previews", write_png, work / "explain" if explain else None)


def _title(request: Request, settings: Settings) -> str:
    what = request.photo.name if request.photo else request.prompt
    return f"{what}, preset {settings.preset}, path {Path(request.path).name}, seed {request.seed}"
