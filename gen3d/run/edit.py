"""Edits baked: a folder as `grow` leaves one, of a scene as somebody edited it; the one it is made of stays as it is.

Where an edit asks to fill, what it uncovers and nobody made is made as `expand` makes what lies around a photo: the
points of the scene as it is now are looked at along the scene's own cameras, and what is open there is painted, lifted
and added. Nothing is fitted anew, so all else keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.edits import Edit
from gen3d.errors import InputError
from gen3d.events import Event, Finished, Notice, Stage
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import read_ply
from gen3d.formats.stored import StoredScene
from gen3d.formats.things_file import read_things, write_things
from gen3d.formats.transforms import read_transforms
from gen3d.formats.whole import whole_folder
from gen3d.geometry.place import place_of
from gen3d.geometry.points import concatenate, lift
from gen3d.models.base import Models
from gen3d.products.bringing import Find, beside
from gen3d.products.edited import Edited, baked_as_json, edited_by, heeding, with_baked
from gen3d.products.relabel import in_parts, relabelled_pixels
from gen3d.products.things import floating_told, things_of_scene
from gen3d.products.written import write_scene
from gen3d.run.bring import with_made
from gen3d.run.folders import read_record
from gen3d.run.record import write_json
from gen3d.run.steps import told_of
from gen3d.run.thrift import memory_told
from gen3d.scene_files import SceneFiles
from gen3d.settings import ExpandSettings
from gen3d.splat.gaussians import Gaussians, from_points, joined
from gen3d.splat.role import Rasterizer
from gen3d.stages.expand import expand_world
from gen3d.values import NO_THING, Kind, LayeredDepth, Origin, PointCloud, View, World


@dataclass(frozen=True, eq=False, slots=True)
class Built:
    """A scene as it lies in the folder of a build."""

    files: SceneFiles
    gaussians: Gaussians
    layered: LayeredDepth
    cameras: list[Camera]
    things: dict[str, Any]

    def edited(self, edits: Sequence[Edit], find: Find | None = None) -> Edited:
        """The edits made of its things. find: what is brought in by its name; None: as it lies beside the scene."""
        return edited_by(edits, self.gaussians, self.things, find or beside(self.files.folder), self.cameras[0])

    def in_parts(self, thing: int) -> Built:
        """Each part of a thing as one of its own. Raises InputError for a thing whose parts cannot be told apart."""
        told = in_parts(self.things, self.gaussians, self.layered.layers, self.cameras[0], thing)
        return replace(self, things=told)


def built_in(folder: Path) -> Built:
    """What lies there; InputError where no build left it, or one from before things were told apart."""
    files = SceneFiles(folder)
    missing = next((f for f in (files.ply, files.layers, files.transforms, files.run) if not f.is_file()), None)
    if missing:
        raise InputError(f"{folder} holds no {missing.name}.", "Give the folder of a `gen3d build`, or its scene.ply.")
    gaussians, layered = read_ply(files.ply), load_layered(files.layers)
    if gaussians.things is None:
        raise InputError(
            f"{files.ply.name} does not say which of its Gaussians are which thing.", "Build the scene again."
        )
    photo = layered.layers.rgbd
    things = read_things(files.things) if files.things.is_file() else things_of_scene(gaussians, photo)
    return Built(files, gaussians, layered, read_transforms(files.transforms), things)


def edit(
    scene: Built,
    edits: Sequence[Edit],
    rasterizer: Rasterizer,
    folder: Path,
    models: Callable[[], Models] | None = None,
    settings: ExpandSettings | None = None,
    find: Find | None = None,
    refine: Callable[[Gaussians], Stage[Gaussians]] | None = None,
) -> Iterator[Event]:
    """Bakes the edits into a new folder: scene.ply, .splat, .view, .html, things.json ...; no video.

    models: called where an edit asks to fill, or brings in by words. find: what is brought in by its name; None: as it
    lies beside the scene. refine: what is done to the Gaussians at last (`run/refine.py`). Raises InputError for edits
    that cannot be made.
    """
    find = find or beside(scene.files.folder)
    edits, find = with_made(edits, lambda: models().object_maker if models else None, find)
    how = scene.edited(edits, find)
    for told in how.notices:
        yield Notice(told)
    gaussians = heeding(StoredScene(scene.gaussians), how).gaussians
    with whole_folder(folder) as work, memory_told():
        files = SceneFiles(work)
        if models and settings and any(one.fill for one in edits):
            gaussians = joined(gaussians, (yield from filled(scene, how, models(), settings)))
        if refine:
            gaussians = yield from refine(gaussians)
        names = {n: how.name_of(n) for n, thing in how.things.items() if not thing.hidden}
        things = things_of_scene(gaussians, scene.layered.layers.rgbd, names)
        write_scene(files, gaussians, scene.layered, scene.cameras, rasterizer, things=things)
        write_things(files.things, things)
        write_json(files.baked, baked_as_json(with_baked(how, scene.files) or how))
        record = read_record(scene.files.folder)
        record["counts"] |= {"gaussians": len(gaussians), "edits": len(edits)}
        write_json(files.run, record)
        yield from told_of(floating_told(things))
    yield Finished("edit", folder)


def filled(scene: Built, how: Edited, models: Models, settings: ExpandSettings) -> Stage[Gaussians]:
    """Gaussians for what is open from the scene's cameras after the edits; none where nothing is."""
    layers, place = scene.layered.layers, place_of(scene.layered.layers.rgbd)
    photo = layers.rgbd
    points = points_of(scene.layered, with_baked(how, scene.files) or how)
    view = View(photo.image, np.ones(photo.depth.shape, bool), photo.camera)
    path = tuple(camera.resized(photo.camera.width, photo.camera.height) for camera in scene.cameras)
    world = yield from expand_world(
        World(points, (view,), path), place, models.outpainter, models.depth,
        replace(settings, protect_photo=False), sweep=path, foreground=layers.foreground,
    )  # fmt: skip
    new = from_points(world.points.keep(np.arange(len(points), len(world.points))))
    kinds = torch.full((len(new),), int(Kind.BEHIND), dtype=torch.uint8)
    return replace(new, kinds=kinds, things=torch.full((len(new),), NO_THING, dtype=torch.int32))


def points_of(layered: LayeredDepth, how: Edited) -> PointCloud:
    """The pictures of a scene as points, its things where the edits put them."""
    layers, shell_m = layered.layers, layered.shell_m
    photo = layers.rgbd
    things = np.zeros(photo.depth.shape, np.int32) if layers.things is None else layers.things
    of = relabelled_pixels(things, how.changes)
    parts = [lift(photo, of == 0, Origin.PHOTO, shell_m), lift(layered.background, of > 0, Origin.BACKGROUND, shell_m)]
    for number, thing in how.things.items():
        if thing.hidden or not (of == thing.of).any():
            continue
        here = lift(photo, of == thing.of, Origin.FIRST_VIEW + number, shell_m)
        A = thing.matrix.astype(np.float32)
        parts.append(replace(here, xyz=here.xyz @ A[:3, :3].T + A[:3, 3], tangents=here.tangents @ A[:3, :3].T))
    sheets = [lift(s.rgbd, s.new, Origin.FIRST_VIEW, shell_m) for s in layered.sheets]
    return concatenate(*parts, *sheets)
