"""The static items of the WorldScore benchmark, one after the other: a scene of each, filmed along its layouts.

    OUT/worldscore_output/static/...   what the benchmark's evaluator scores (`formats/worldscore.py`)
    OUT/scenes/static/...              the scene of each item, and what making it took, for `gen3d score`
    OUT/run.json                       with what all of it was made

An item's two folders are whole or absent, the scene's first, so what a killed run left is known by them: `make_items`
goes on with the items that are not there. `make_item` is the body of its loop and asks nothing of the other items.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.errors import Gen3DError, InputError, without_folders
from gen3d.events import Event, Finished, Intermediate, Notice, Stage, Started
from gen3d.formats.claims import sweep
from gen3d.formats.ply import write_ply
from gen3d.formats.whole import whole_folder
from gen3d.formats.worldscore import FOCAL_PX, OUTPUT, SIDE_PX, Frames, Item, read_input, write_about
from gen3d.geometry.layouts import FRAMES_A_LAYOUT, amplitude_of, anchor_indices, anchors, check_layouts, to_opengl
from gen3d.geometry.layouts import frames as frames_of
from gen3d.geometry.place import place_of
from gen3d.geometry.trajectory import surround
from gen3d.models.base import Models
from gen3d.pipeline import Made, Wanted, film, make_layers, make_scene
from gen3d.request import Request
from gen3d.run.course import SWEEP
from gen3d.run.record import write_json
from gen3d.run.thrift import Thrift, memory_told
from gen3d.settings import Settings
from gen3d.source.read import read_source
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer
from gen3d.stages.flythrough import AsDrawn
from gen3d.values import Layers

Poses = Literal["anchor", "between"]
"""Where new views are made up: on the frames that are scored, or half-way between them."""
SCENES = "scenes"
_AGAIN = "Choose another folder, or give the same options."


@dataclass(frozen=True, eq=False, slots=True)
class Bench:
    """What all items are made with."""

    models: Models
    rasterizer: Rasterizer
    settings: Settings
    poses: Poses = "anchor"
    seed: int = 0
    side_px: int = SIDE_PX
    """Of a frame; another one than the benchmark's is for trying out."""

    def lens(self) -> Camera:
        """The benchmark's: 54.2 degrees."""
        focal, middle = FOCAL_PX * self.side_px / SIDE_PX, self.side_px / 2
        return Camera.from_intrinsics(focal, focal, middle, middle, self.side_px, self.side_px)

    def told(self) -> dict[str, Any]:
        """What files depend on, as run.json has it."""
        about = {"gen3d": __version__, "poses": self.poses, "seed": self.seed, "side_px": self.side_px}
        engines = self.models.names | {"rasterizer": self.rasterizer.name}
        return about | {"engines": engines, "settings": json.loads(json.dumps(asdict(self.settings)))}


def chosen(items: Sequence[Item], layouts: Sequence[str] = (), subset: int | None = None) -> list[Item]:
    """The items whose path has one of the layouts (all, where none are named), and of these as many as `subset`.

    They are spread evenly. Raises InputError where none is left.
    """
    if layouts:
        check_layouts(layouts)
    found = [item for item in items if not layouts or set(layouts) & set(item.layouts)]
    if not found:
        raise InputError("No item of the data set follows such a layout.", "Name others, or leave --layout away.")
    if subset is None or subset >= len(found):
        return found
    if subset < 1:
        raise InputError(f"A subset of {subset} items is none.", "Give --subset a number above 0.")
    return [found[i * len(found) // subset] for i in range(subset)]


def make_items(items: Sequence[Item], bench: Bench, out: Path, resume: bool = False) -> Iterator[Event]:
    """Makes the items that are not there yet; one that cannot be made is told and left out.

    Raises InputError, before anything is made, for a folder that holds something else; at the end for items left out.
    """
    _begin(out, bench, resume)
    failed: list[str] = []
    for number, item in enumerate(items, 1):
        for root in (OUTPUT, SCENES):
            sweep((out / root / item.place).parent)
        if is_made(item, out):
            continue
        try:
            yield from (event for event in make_item(item, bench, out) if not isinstance(event, Started))
            yield Finished(f"item {number} of {len(items)}", out / OUTPUT / item.place)
        except Gen3DError as error:
            failed.append(item.place.as_posix())
            yield Notice(f"{item.place.as_posix()} is left out. {error}")
    if failed:
        raise InputError(f"{len(failed)} of {len(items)} items could not be made.", "Mend them and give --resume.")


def _begin(out: Path, bench: Bench, resume: bool) -> None:
    """Makes the folder, or finds in it what the same options began."""
    if not out.exists() or not any(out.iterdir()):
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "run.json", bench.told())
        return
    if not resume:
        raise InputError(f"{out} is not empty.", "Choose another folder, or go on with it: --resume.")
    before = _record(out)
    if other := [name for name, value in bench.told().items() if before.get(name) != value]:
        raise InputError(f"{out} was begun with other {' and '.join(other)}.", _AGAIN)


def _record(out: Path) -> dict[str, Any]:
    try:
        return json.loads((out / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{out} was not begun by `gen3d worldscore`.", _AGAIN) from None


def is_made(item: Item, out: Path) -> bool:
    """Whether both folders of an item are there, which are whole if they are."""
    return all((out / root / item.place).is_dir() for root in (SCENES, OUTPUT))


def make_item(item: Item, bench: Bench, out: Path) -> Iterator[Event]:
    """A scene of the item's picture, and what of it is scored."""
    check_layouts(item.layouts)
    picture, notices, start = read_input(item, bench.side_px), [], time.perf_counter()
    engines = Thrift(bench.settings, bench.models.at(bench.settings.engines), bench.rasterizer)
    with memory_told():
        layers = yield from _heard(_looked(picture, bench, engines), notices)
        scale = place_of(layers.rgbd).scale
        amplitude = amplitude_of(scale)
        keys = anchors(item.layouts, amplitude)
        poses = frames_of(keys)
        made = yield from _heard(make_scene(layers, wanted(item, layers, poses, bench), engines), notices)
        with whole_folder(out / SCENES / item.place) as work:
            write_ply(work / "scene.ply", made.gaussians)
            about = {"seconds": round(time.perf_counter() - start, 2), "median_depth_m": scale.median}
            write_json(work / "run.json", about | _counts(made) | {"notices": [*map(without_folders, notices)]})
        with whole_folder(out / OUTPUT / item.place) as work:
            at = anchor_indices(len(item.layouts))
            write_about(work, item, picture, [*map(to_opengl, keys)], [*map(to_opengl, poses)], at, amplitude)
            yield from _heard(_filmed(made.gaussians, poses, bench, engines, work), notices)


def _looked(picture: np.ndarray, bench: Bench, engines: Thrift) -> Stage[Layers]:
    """The field of view is handed to who estimates depth."""
    lens = bench.lens()
    (fx, _, cx), (_, fy, cy), _ = lens.K
    request = Request(picture, intrinsics=(fx, fy, cx, cy), seed=bench.seed, border="keep")
    source = yield from engines.run(lambda e: read_source(request, bench.settings, e.models))
    return (yield from make_layers(source, engines))


def wanted(item: Item, layers: Layers, poses: Sequence[np.ndarray], bench: Bench) -> Wanted:
    """The views to make up: a wide one from where the picture was taken, and one for each layout, in its own words."""
    camera, count = layers.rgbd.camera, len(item.layouts)
    back = 0 if bench.poses == "anchor" else FRAMES_A_LAYOUT // 2
    views = [camera.posed(poses[at - back]) for at in anchor_indices(count)[1:]]
    words = tuple((str(i), item.prompt_of(i)) for i in range(1, count + 1))
    sweep_at = np.linspace(0, len(poses) - 1, SWEEP).round().astype(int)
    sweep_along = tuple(camera.posed(poses[i]) for i in sweep_at)
    return Wanted((surround(camera), *views), sweep_along, item.prompt_of(0), words, bench.seed)


def _filmed(
    gaussians: Gaussians, poses: Sequence[np.ndarray], bench: Bench, engines: Thrift, folder: Path
) -> Stage[float]:
    cameras = [bench.lens().posed(c2w) for c2w in poses]
    engines.settings = replace(engines.settings, tour=replace(engines.settings.tour, width_px=bench.side_px))
    return (yield from film(gaussians, AsDrawn(cameras), engines, partial(Frames, folder)))


def _counts(made: Made) -> dict[str, Any]:
    return {"gaussians": len(made.gaussians), "views": len(made.world.views)}


def _heard(stage: Stage[Any], notices: list[str]) -> Stage[Any]:
    """The stage, its notices kept and nothing of it drawn."""
    while True:
        try:
            event = next(stage)
        except StopIteration as done:
            return done.value
        if isinstance(event, Notice):
            notices.append(event.text)
        elif not isinstance(event, Intermediate):
            yield event
