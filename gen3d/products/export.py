"""A finished scene in any format of `format_table.py`, and those that need more than its Gaussians: meshes, a dataset.

What they need lies beside the scene in the folder that a build leaves: layers.npz, transforms.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from pkgutil import resolve_name

import numpy as np

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Stage, Started
from gen3d.format_table import FormatRow, asked_for
from gen3d.formats.dataset import write_dataset
from gen3d.formats.glb import write_glb
from gen3d.formats.known import Labels
from gen3d.formats.layered import load_layered
from gen3d.formats.scene_file import save_scene, tells
from gen3d.formats.stored import NEAR, PLAIN, Origin, StoredScene, Writing
from gen3d.formats.transforms import read_transforms
from gen3d.formats.whole import whole_folder
from gen3d.products.beside import known_beside
from gen3d.products.dataset import coloured_points, draw_frames
from gen3d.products.mesh import collider, mesh_parts
from gen3d.products.prune import views_around
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.values import RGBD, LayeredDepth


@dataclass(frozen=True, eq=False)
class FinishedScene:
    """A scene, and the folder it lies in."""

    gaussians: Gaussians
    folder: Path
    rasterizer: Rasterizer
    also: tuple[Path, ...] = ()
    """Files that lie elsewhere and belong into its bundle, as the video."""
    antialiased: bool = False
    """As in `formats/stored.py`, and what follows too."""
    origin: Origin = NEAR
    labels: Labels | None = None

    @property
    def files(self) -> SceneFiles:
        """What may lie there."""
        return SceneFiles(self.folder)

    @property
    def stored(self) -> StoredScene:
        """What of it a file can hold."""
        return StoredScene(self.gaussians, self.antialiased, self.origin, labels=self.labels)

    @cached_property
    def layered(self) -> LayeredDepth:
        """What the scene was made from; InputError where that was not kept."""
        return load_layered(self._beside(self.files.layers, "A mesh is made of"))

    @property
    def photo(self) -> RGBD | None:
        """What it was made from, where that is known."""
        return self.layered.layers.rgbd if self.files.layers.is_file() else None

    @cached_property
    def cameras(self) -> list[Camera]:
        """The cameras of the fit and places around them."""
        cameras = read_transforms(self._beside(self.files.transforms, "Views of a scene need"))
        return views_around(cameras, self._middle_m(cameras[0]))

    def _beside(self, file: Path, what: str) -> Path:
        if not file.is_file():
            raise InputError(
                f"{what} {file.name}, and there is none beside the scene.",
                "Give the scene in the folder that `gen3d build` made.",
            )
        return file

    def _middle_m(self, camera: Camera) -> float:
        """The median depth of what a camera sees, metres."""
        small = camera.resized(*(max(1, side // 4) for side in (camera.width, camera.height)))
        gaussians = self.gaussians.to(self.rasterizer.device)
        drawn = draw(self.rasterizer, drawable_from(gaussians, small), small).cpu()
        depth = drawn.depth[drawn.alpha > FILLED_ALPHA].numpy()
        return float(np.median(depth)) if depth.size else 1.0


def export_file(scene: FinishedScene, path: Path, how: Writing = PLAIN) -> Stage[tuple[str, ...]]:
    """What the name asks for; returns what of the scene is not said there. ValueError for a name of no known format."""
    row = asked_for(path)
    if row is None:
        raise ValueError(f"no file of the kind {path.suffix!r} is made here")
    return (yield from export_as(row, scene, path, how))


def export_as(row: FormatRow, scene: FinishedScene, path: Path, how: Writing = PLAIN) -> Stage[tuple[str, ...]]:
    """The scene in a format; returns what of it is not said there."""
    if row.make:
        yield from resolve_name(row.make)(scene, path)
        return ()
    yield Started(row.suffix.removeprefix("."))
    stored = known_beside(scene.stored, scene.files) if tells(row, how) else scene.stored
    return save_scene(row, path, stored, how)


def can_export(row: FormatRow, scene: FinishedScene) -> bool:
    """Whether all that it needs lies beside the scene."""
    return bool(row.write or row.make) and all(getattr(scene.files, need).is_file() for need in row.needs)


def export_mesh(scene: FinishedScene, path: Path) -> Stage[None]:
    """A textured .glb."""
    yield Started("mesh")
    write_glb(path, mesh_parts(scene.layered))


def export_collider(scene: FinishedScene, path: Path) -> Stage[None]:
    """A coarse .glb without looks."""
    yield Started("collider")
    write_glb(path, collider(scene.layered))


def export_dataset(scene: FinishedScene, folder: Path) -> Stage[None]:
    """A folder to train from; see `formats/dataset.py`."""
    if scene.origin != NEAR:
        raise InputError("The scene lies too far from its origin for a data set.", "Export it with --centred.")
    known = scene.layered if scene.files.layers.is_file() else None
    frames = yield from draw_frames(scene.gaussians, scene.cameras, scene.rasterizer, known)
    with whole_folder(folder) as work:
        write_dataset(work, frames, *coloured_points(scene.gaussians))
        about = {"gen3d": __version__, "frames": len(frames), "gaussians": len(scene.gaussians)}
        (work / "run.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
