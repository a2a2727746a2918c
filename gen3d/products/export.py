"""A finished scene in the formats that need more than its Gaussians: meshes, a dataset, and everything in one zip.

What they need lies beside the scene in the folder that a build leaves: layers.npz, transforms.json, run.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gen3d import __version__
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Stage, Started
from gen3d.formats.bundle import write_bundle
from gen3d.formats.dataset import write_dataset
from gen3d.formats.glb import write_glb
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import write_ply
from gen3d.formats.splat import write_splat
from gen3d.formats.spz import write_spz
from gen3d.formats.stored import NEAR, Origin
from gen3d.formats.transforms import read_transforms
from gen3d.formats.whole import whole_folder
from gen3d.products.dataset import coloured_points, draw_frames
from gen3d.products.mesh import collider, mesh_parts
from gen3d.products.prune import views_around
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, device_of, draw
from gen3d.values import RGBD, LayeredDepth

BUNDLED = ("ply", "splat", "html", "video", "transforms", "run")
"""Of SceneFiles, those that go into the bundle as they are."""


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

    @property
    def files(self) -> SceneFiles:
        """What may lie there."""
        return SceneFiles(self.folder)

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
        gaussians = self.gaussians.to(device_of(self.rasterizer))
        drawn = draw(self.rasterizer, drawable_from(gaussians, small), small).cpu()
        depth = drawn.depth[drawn.alpha > FILLED_ALPHA].numpy()
        return float(np.median(depth)) if depth.size else 1.0


def export_mesh(scene: FinishedScene, path: Path) -> Stage[None]:
    """A textured .glb; one whose name ends in `collider.glb` is coarse and without looks."""
    yield Started("mesh")
    write_glb(path, (collider if path.stem.endswith("collider") else mesh_parts)(scene.layered))


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


def export_bundle(scene: FinishedScene, path: Path) -> Stage[None]:
    """A .zip with every format there is, what cannot be made left out."""
    yield Started("bundle")
    with TemporaryDirectory(prefix=".gen3d-", dir=path.resolve().parent) as temporary:
        made = Path(temporary)
        there = [getattr(scene.files, name) for name in BUNDLED] + list(scene.also)
        members = [(file.name, file) for file in there if file.is_file()]
        yield from _made(scene, made, {name for name, _ in members})
        members += [(f.relative_to(made).as_posix(), f) for f in sorted(made.rglob("*")) if f.is_file()]
        write_bundle(path, members, readme({name for name, _ in members}))


def export_file(scene: FinishedScene, path: Path) -> Stage[None]:
    """What the name asks for: .spz, .glb or .zip; the way of the page's button."""
    match path.suffix:
        case ".spz":
            yield Started("spz")
            write_spz(path, scene.gaussians)
        case ".glb":
            yield from export_mesh(scene, path)
        case ".zip":
            yield from export_bundle(scene, path)
        case other:
            raise ValueError(f"no file of the kind {other!r} is made here")


def _made(scene: FinishedScene, into: Path, there: set[str]) -> Stage[None]:
    """Makes what the folder does not hold yet."""
    write_spz(into / "scene.spz", scene.gaussians, antialiased=scene.antialiased, origin=scene.origin)
    if "scene.ply" not in there:
        write_ply(into / "scene.ply", scene.gaussians, scene.antialiased, scene.origin)
    if "scene.splat" not in there:
        write_splat(into / "scene.splat", scene.gaussians, scene.origin)
    if scene.files.layers.is_file():
        yield from export_mesh(scene, into / "scene.glb")
        yield from export_mesh(scene, into / "collider.glb")
    if scene.files.transforms.is_file():
        yield from export_dataset(scene, into / "dataset")


FOR_WHOM = {
    "scene.html": "any browser: double-click it; it needs no network",
    "flythrough.mp4": "any player: the video",
    "scene.ply": "SuperSplat, splat plugins of Unity, Unreal and Blender, nerfstudio: 3D Gaussians, whole",
    "scene.splat": "web viewers that read .splat: the same, smaller, without view-dependent colour",
    "scene.spz": "Scaniverse, Spark, SuperSplat, Niantic tools: the same, smallest",
    "scene.glb": "Blender, Unity, Unreal, Godot, three.js, Windows 3D Viewer: a textured mesh; move \"foreground\"",
    "collider.glb": "game engines: a coarse mesh without looks to collide with",
    "dataset": "nerfstudio (transforms.json) and COLMAP readers (sparse/0): views with depth and masks to train from",
    "transforms.json": "the cameras of the fit, as nerfstudio writes them",
    "run.json": "what was asked for, what was used, how long it took",
}
"""What is in a bundle -> who opens it."""


def readme(names: set[str]) -> str:
    """README.txt: a line for every file that is there."""
    there = {name.split("/")[0] for name in names}
    lines = [f"{name:<16} {words}" for name, words in FOR_WHOM.items() if name in there]
    return "\n".join(
        [
            f"A 3D scene made from one picture by gen3d {__version__}.", "", *lines, "",
            "Lengths are metres. .ply, .splat, transforms.json's world and COLMAP: x right, y down, z forward from the",
            "photo's camera; a tool that expects y up shows them upside down: turn by 180 degrees about x.",
            ".glb and .spz are y up.",
            "Depth PNGs: 16 bit, unit in dataset/transforms.json (depth_unit_scale_factor metres), 0 = unknown or sky.",
            "Depth EXRs: metres, inf = sky, NaN = unknown.", "",
        ]
    )  # fmt: skip
