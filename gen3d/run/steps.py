"""The pipeline with folders around it: three steps that can each be stopped, looked at and resumed.

    look(request)          source -> depth -> layers                            folder: looked.npz
    grow(looked folder)    words -> background -> lift -> expand -> optimize    folder: scene.ply, .splat, .view, .html,
                                                                                        model3d.ply, transforms.json,
                                                                                        layers.npz, things.json
    tour(scene folder)     flythrough                                           folder: flythrough.mp4, or what
                                                                                        video_table.py has for its kind

Each step is a generator of events and leaves a folder with its product, previews/*.png and run.json, which also tells
of the steps before. The folder is made under a temporary name and renamed when whole: closing the generator leaves
nothing. `enough` ends a step early with what exists. `build` runs all three into one folder. Between the first two,
`run/review.py` changes what stands in front. With `explain` a step also leaves explain/: pictures of how each stage
came to its product, and figures.json; `build` puts them on one sheet.png.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from gen3d.errors import InputError
from gen3d.events import Enough, Event, Finished, Notice, Stage, Viewable, never
from gen3d.formats.layers import load_layers, save_layers
from gen3d.formats.painted import write_painted
from gen3d.formats.ply import read_ply
from gen3d.formats.stored import StoredScene
from gen3d.formats.things_file import write_things
from gen3d.formats.transforms import read_transforms
from gen3d.formats.whole import whole_folder
from gen3d.geometry.place import place_of
from gen3d.geometry.together import aside, together
from gen3d.late import load_beside
from gen3d.models.base import Models
from gen3d.pipeline import Made, Wanted, film, make_layers, make_scene
from gen3d.products.edited import edits_beside, heeding
from gen3d.products.prune import Pruned, prune_gaussians, views_around
from gen3d.products.show import write_points_view
from gen3d.products.things import floating_told, things_of_scene
from gen3d.products.written import write_others, write_shown
from gen3d.request import Request, called
from gen3d.run.course import SWEEP, check_path, expansion_cameras, played, tour_cameras
from gen3d.run.filming import Film as Film
from gen3d.run.filming import shoot_of, sink_of
from gen3d.run.folders import continued, gather, gather_exhibits, read_record
from gen3d.run.naming import names_of_things
from gen3d.run.record import Record, write_json
from gen3d.run.thrift import Thrift, memory_told
from gen3d.scene_files import SceneFiles
from gen3d.settings import Settings, tour_checked
from gen3d.source.read import read_source
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer
from gen3d.values import LayeredDepth, Layers, PointCloud, Scale
from gen3d.video_table import video_row


def look(
    request: Request, models: Models, settings: Settings, folder: Path, enough: Enough = never, explain: bool = False
) -> Iterator[Event]:
    """What is in the picture, and how far away: writes looked.npz. There is nothing here that `enough` could skip."""
    with whole_folder(folder) as work, memory_told():
        save_layers(work / "looked.npz", (yield from _looked(request, models, settings, work, explain)))
    yield Finished("look", folder)


def _looked(
    request: Request, models: Models, settings: Settings, work: Path, explain: bool
) -> Generator[Event, None, Layers]:
    """What looked.npz is to hold; writes all else that a look leaves in the folder `work`."""
    check_path(request.path)
    engines = Thrift(settings, models.at(settings.engines))
    record = Record(request, settings, engines.models.names, work, explain)
    at_source = {"source": partial(_count_pixels, record)}
    source = yield from record.follow(engines.run(lambda e: read_source(request, settings, e.models)), at_source)
    if source.things is not None:
        write_painted(work / "painted.npz", source)
    layers = yield from record.follow(make_layers(source, engines))
    h, w = layers.rgbd.depth.shape
    record.count(width=w, height=h, foreground=round(float(layers.foreground.mean()), 4))
    record.played(engines.models.names)
    write_json(work / "run.json", record.as_json())
    return layers


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
    layers, before = load_layers(looked / "looked.npz"), read_record(looked)
    with whole_folder(folder) as work, memory_told(), aside() as beside:
        yield from _grown(request, layers, before, models, rasterizer, settings, work, beside, enough, explain)
    yield Finished("grow", folder)


def _grown(
    request: Request,
    layers: Layers,
    before: dict[str, Any],
    models: Models,
    rasterizer: Rasterizer,
    settings: Settings,
    work: Path,
    beside: Callable[[Callable[[], object]], None],
    enough: Enough,
    explain: bool,
) -> Generator[Event, None, Gaussians]:
    """Grows a scene in the folder `work`; what nobody waits for is handed to `beside`, to be written meanwhile.

    before: the record of the look.
    """
    wanted = wanted_of(request, layers, settings)
    load_beside("torch", "av")
    engines = Thrift(settings, models.at(settings.engines), rasterizer)
    files = SceneFiles(work)
    record = Record(request, settings, engines.models.names | {"rasterizer": rasterizer.name}, work, explain)
    at_lift = {"lift": partial(_first_view, files, layers, settings)}
    made = yield from record.follow(make_scene(layers, wanted, engines, enough), at_lift)
    gaussians = made.gaussians
    if pruned := (yield from record.follow(pruned_to(settings.fit.keep, made, engines.rasterizer))):
        gaussians = pruned.gaussians
        record.count(gaussians_before=pruned.before, pruned_psnr_db=pruned.psnr_db, pruned_photo_db=pruned.photo_db)
    lens, scale = made.place.photo.camera, made.place.scale
    names = names_of_things(made.place.photo, made.layers.things, engines.models.namer)
    path, things = together([
        partial(played, request.path, gaussians, lens, scale, engines.rasterizer, settings.tour),
        partial(things_of_scene, gaussians, made.place.photo, names),
    ])  # fmt: skip
    cameras = [v.camera for v in made.world.views]
    write_shown(files, gaussians, made.place.photo, cameras, engines.rasterizer, path, things)
    write_things(files.things, things)
    yield from record.follow(told_of(floating_told(things)))
    yield from record.follow(engines.told())
    yield Viewable("scene", files.view)
    beside(partial(write_others, files, gaussians, layered_of(made)))
    files.points.unlink(missing_ok=True)
    record.count(
        points=len(made.world.points), gaussians=len(gaussians), views=len(made.world.views),
        median_depth_m=made.place.scale.median, nearest_depth_m=made.place.scale.nearest, prompt=made.words.scene,
        background_prompt=made.words.background,
    )  # fmt: skip
    record.played(engines.models.names | {"rasterizer": engines.rasterizer.name})
    write_json(files.run, continued(before, record))
    return gaussians


def _count_pixels(
    record: Record, photo_px: tuple[int, int], photo_at_px: tuple[int, int], **_: object
) -> Iterator[Event]:
    """How large the photo was before it was reduced, and where in it that began: who measures counts its own pixels."""
    record.count(photo_px=photo_px, photo_at_px=photo_at_px)
    yield from ()


def wanted_of(request: Request, layers: Layers, settings: Settings) -> Wanted:
    """The request's path as poses to expand along and places to sweep, and its words."""
    camera, scale = layers.rgbd.camera, place_of(layers.rgbd).scale
    path = expansion_cameras(request.path, camera, scale, settings.size_px)
    sweep = tour_cameras(request.path, camera, scale, SWEEP)(1.0)
    return Wanted(tuple(path), tuple(sweep), request.prompt, request.prompts, request.seed)


def told_of(sentence: str | None) -> Iterator[Event]:
    """A notice, where there is something to tell."""
    if sentence is not None:
        yield Notice(sentence)


def _first_view(
    files: SceneFiles, layers: Layers, settings: Settings, points: PointCloud, **_: object
) -> Iterator[Event]:
    """The points to look around in while the scene is being made."""
    scale = place_of(layers.rgbd).scale
    write_points_view(files.points, points, layers.rgbd.camera, scale, settings.fit)
    yield Viewable("points", files.points)


def pruned_to(most: int | None, made: Made, rasterizer: Rasterizer) -> Stage[Pruned | None]:
    """At most so many of the Gaussians; None where there are no more than that anyway."""
    if most is None or len(made.gaussians) <= most:
        return None
    around = views_around([view.camera for view in made.world.views], made.place.scale.median)
    return (yield from prune_gaussians(made.gaussians, most, around, rasterizer, made.place.photo))


def layered_of(made: Made) -> LayeredDepth:
    """What a scene was made from, as it is kept beside it."""
    return LayeredDepth(made.layers, made.background, made.world.sheets, made.place.shell_m)


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
    built = StoredScene(read_ply(files.ply))
    how = edits_beside(files, built.gaussians)
    told = how.told if how and how.edits else None
    gaussians = heeding(built, how).gaussians
    yield from _toured(request, files, gaussians, told, rasterizer, settings, folder, enough, explain)
    yield Finished("tour", folder)


def _toured(
    request: Request,
    files: SceneFiles,
    gaussians: Gaussians,
    told: str | None,
    rasterizer: Rasterizer,
    settings: Settings,
    folder: Path,
    enough: Enough,
    explain: bool,
) -> Iterator[Event]:
    """Films what a scene holds, of which its cameras and record have to be there. told: what is to be said of it."""
    kind = video_row(tour_checked(settings.tour).kind)
    before = read_record(files.run.parent)
    scale = _told_scale(before)
    camera = read_transforms(files.transforms)[0]
    engines = Thrift(settings, rasterizer=rasterizer)
    with whole_folder(folder) as work, memory_told():
        record = Record(request, settings, {"rasterizer": rasterizer.name}, work, explain)
        yield from record.follow(told_of(told))
        path = tour_cameras(request.path, camera, scale, kind.frames(settings.tour.frames))
        video = sink_of(kind, work / kind.file, settings.tour.fps)
        filmed = film(gaussians, path, engines, video, enough, shoot_of(kind))
        amplitude = yield from record.follow(filmed, {"flythrough.holes": partial(_count_holes, record)})
        record.count(tour_amplitude=amplitude)
        record.played({"rasterizer": engines.rasterizer.name})
        write_json(work / "run.json", continued(before, record))


def _told_scale(record: dict[str, Any]) -> Scale:
    """The lengths that a scene was grown at; InputError where its record does not say."""
    found = [record["counts"].get(name) for name in ("median_depth_m", "nearest_depth_m")]
    if not all(isinstance(m, int | float) and 0 < m < math.inf for m in found):
        raise InputError("The scene's run.json does not say how far things are.", "Run the step `grow` again.")
    return Scale(*map(float, found))


def _count_holes(record: Record, first: int | None, frames: int) -> Iterator[Event]:
    """Where a video whose strength was asked for begins to show holes: a frame's number from 0, None: nowhere."""
    record.count(first_hole=first, frames=frames)
    yield from ()


def build(
    request: Request,
    models: Models,
    rasterizer: Rasterizer,
    settings: Settings,
    folder: Path,
    enough: Enough = never,
    explain: bool = False,
) -> Iterator[Event]:
    """All three steps, their products in one folder: scene.ply, .splat, flythrough.mp4, transforms.json, run.json.

    What one step hands to the next it hands over as it is, not through a file, and the video is drawn while the last of
    the scene's files are written.
    """
    with whole_folder(folder) as work:
        steps = [work / name for name in ("look", "grow", "tour")]
        with whole_folder(steps[0]) as looked, memory_told():
            layers = yield from _looked(request, models, settings, looked, explain)
        yield Finished("look", steps[0])
        with whole_folder(steps[1]) as scene, memory_told(), aside() as beside:
            before = read_record(steps[0])
            grown = _grown(request, layers, before, models, rasterizer, settings, scene, beside, enough, explain)
            gaussians, files = (yield from grown), SceneFiles(scene)
            yield from _toured(request, files, gaussians, None, rasterizer, settings, steps[2], enough, explain)
        yield from (Finished("grow", steps[1]), Finished("tour", steps[2]))
        if explain:
            gather_exhibits(steps, work / "explain", _title(request, settings))
        gather(steps, work)
    yield Finished("build", folder)


def _title(request: Request, settings: Settings) -> str:
    what = request.prompt if request.photo is None else called(request.photo)
    return f"{what}, preset {settings.preset}, path {Path(request.path).name}, seed {request.seed}"
