"""A finished scene in any format of `format_table.py`, and those that need more than its Gaussians: meshes, a dataset.

What they need lies beside the scene in the folder that a build leaves: layers.npz, transforms.json. Each of them heeds
the scene's `Standing`: level, scaled, in the axes that were asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from pkgutil import resolve_name

import numpy as np

from gen3d import __version__
from gen3d.axes import AXES, AxesName
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Stage, Started
from gen3d.format_table import FormatRow, asked_for
from gen3d.formats.dataset import Frame, write_dataset
from gen3d.formats.glb import write_glb
from gen3d.formats.known import Labels
from gen3d.formats.layered import load_layered
from gen3d.formats.scene_file import save_scene, tells
from gen3d.formats.stored import NEAR, PLAIN, Origin, StoredScene, Writing
from gen3d.formats.transforms import frame_name, read_transforms, write_transforms
from gen3d.formats.whole import whole_folder
from gen3d.products.around import views_of
from gen3d.products.beside import known_beside
from gen3d.products.dataset import coloured_points, draw_frames
from gen3d.products.edited import Edited, edited_parts, unpictured_parts, with_baked
from gen3d.products.mesh import collider, mesh_parts
from gen3d.products.prune import views_around
from gen3d.products.relabel import relabelled_pixels
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.standing import AS_BUILT, Standing
from gen3d.values import RGBD, LayeredDepth, Part


@dataclass(frozen=True, eq=False)
class FinishedScene:
    """A scene, and the folder it lies in."""

    gaussians: Gaussians
    folder: Path
    rasterizer: Rasterizer | None
    """None: there is nobody to draw it, so only what a file can hold of it is written."""
    also: tuple[Path, ...] = ()
    """Files that lie elsewhere and belong into its bundle, as the video."""
    antialiased: bool = False
    """As in `formats/stored.py`, and what follows too."""
    origin: Origin = NEAR
    labels: Labels | None = None
    camera: Camera | None = None
    """The photo's, where the scene's file says so."""
    up: str = ""
    """As in `formats/stored.py`."""
    standing: Standing = AS_BUILT
    """How it goes into files; what is here is as it was built."""

    @property
    def files(self) -> SceneFiles:
        """What may lie there."""
        return SceneFiles(self.folder)

    thinned: bool = False
    """Whether it is less than what lies in the folder."""
    how: Edited | None = None
    """What was done to its things; `gaussians` are as they came of it."""

    @property
    def is_built(self) -> bool:
        """Whether it lies in the folder of a build."""
        return self.files.run.is_file() and self.files.transforms.is_file()

    @property
    def views(self) -> list[Camera]:
        """From where its Gaussians count: the views of its fit, else from where its photo was taken or all around."""
        if self.is_built:
            return self.cameras
        if self.camera is not None:
            return views_around([self.camera], self._middle_m(self.camera))
        return views_of(self.gaussians)

    @property
    def is_as_kept(self) -> bool:
        """Whether the files in the folder are of this very scene."""
        return self.standing.is_plain and not self.thinned and not self.is_edited

    @property
    def is_edited(self) -> bool:
        """Whether its Gaussians are no longer those that lie in the folder."""
        return self.how is not None and bool(self.how.edits)

    @property
    def was_edited(self) -> bool:
        """Whether its pictures show it otherwise than its Gaussians."""
        return self.is_edited or self.files.baked.is_file()

    @property
    def parts(self) -> list[Part]:
        """The meshes of its things and of what is around them."""
        how = with_baked(self.how, self.files)
        scene = self.layered
        if how is not None and scene.layers.things is not None:
            things = relabelled_pixels(scene.layers.things, how.changes)
            scene = replace(scene, layers=replace(scene.layers, things=things))
        pictured = edited_parts(mesh_parts(scene), how if scene.layers.things is not None else None)
        return [*unpictured_parts(self.gaussians, how), *pictured]

    @property
    def stored(self) -> StoredScene:
        """What of it a file can hold."""
        return StoredScene(
            self.gaussians, self.antialiased, self.origin, camera=self.camera, up=self.up, labels=self.labels
        )

    @cached_property
    def layered(self) -> LayeredDepth:
        """What the scene was made from; InputError where that was not kept."""
        return load_layered(self.beside(self.files.layers, "A mesh is made of"))

    @property
    def photo(self) -> RGBD | None:
        """What it was made from, where that is known."""
        return self.layered.layers.rgbd if self.files.layers.is_file() else None

    @cached_property
    def cameras(self) -> list[Camera]:
        """The cameras of the fit and places around them."""
        cameras = read_transforms(self.beside(self.files.transforms, "Views of a scene need"))
        return views_around(cameras, self._middle_m(cameras[0]))

    def beside(self, file: Path, what: str) -> Path:
        """A file that must lie beside the scene; InputError where it does not."""
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
    """The scene in a format; returns what of it is not said there.

    Raises InputError for a format that cannot be written in the standing that the scene is to have.
    """
    if (impossible := why_not(row, scene.standing)) is not None:
        raise impossible
    if row.make:
        yield from resolve_name(row.make)(scene, path)
        return unlike_standard(row, scene.standing)
    yield Started(row.suffix.removeprefix("."))
    stored = known_beside(scene.stored, scene.files, scene.how) if tells(row, how) else scene.stored
    unsaid = save_scene(row, path, stored, how, scene.standing)
    return (*unsaid, *unlike_standard(row, scene.standing))


def why_not(row: FormatRow, standing: Standing) -> InputError | None:
    """What to say of a format that cannot be written so; None where it can."""
    if standing.is_plain:
        return None
    if row.make and not row.stands:
        return InputError(f"{row.kind} cannot be written level, scaled or in other axes.", "Leave it out.")
    if not row.suffix and standing.axes and AXES[standing.axes].handed == "left":
        return InputError(
            f"A data set is right-handed for all who train on it, and {standing.axes} is left-handed.",
            "Write the cameras alone, as transforms.json, or take zup.",
        )
    return None


def unlike_standard(row: FormatRow, standing: Standing) -> tuple[str, ...]:
    """A word where a file is in other axes than its format says."""
    if not row.by_standard or not standing.axes or AXES[standing.axes].words == AXES[row.axes].words:
        return ()
    return (
        f"A {row.suffix} is in {row.axes} axes by its standard, and this one is in {standing.axes}: whoever keeps to "
        "the standard shows it turned. For a program that imports the format, leave --axes away.",
    )


def can_export(row: FormatRow, scene: FinishedScene) -> bool:
    """Whether all that it needs lies beside the scene, and it can stand as it is to."""
    there = all(getattr(scene.files, need).is_file() for need in row.needs)
    return bool(row.write or row.make) and there and why_not(row, scene.standing) is None


def export_mesh(scene: FinishedScene, path: Path) -> Stage[None]:
    """A textured .glb."""
    yield Started("mesh")
    write_glb(path, placed_parts(scene.parts, scene.standing))


def export_collider(scene: FinishedScene, path: Path) -> Stage[None]:
    """A coarse .glb without looks."""
    yield Started("collider")
    write_glb(path, placed_parts(collider(scene.layered), scene.standing))


def placed_parts(parts: Sequence[Part], standing: Standing) -> list[Part]:
    """The parts as they go into a .glb, whose writer turns ours into glTF's axes; mirrored, corners go backwards."""
    matrix = standing.before("opengl")
    corners = slice(None, None, 1 if np.linalg.det(matrix) > 0 else -1)
    placed = [
        replace(p.mesh, xyz=_moved(p.mesh.xyz, matrix), triangles=np.ascontiguousarray(p.mesh.triangles[:, corners]))
        for p in parts
    ]
    return [replace(part, mesh=mesh) for part, mesh in zip(parts, placed, strict=True)]


def export_cameras(scene: FinishedScene, path: Path) -> Stage[None]:
    """The cameras of the fit as a transforms.json; in left-handed axes a camera's own are left-handed too."""
    yield Started("cameras")
    cameras = read_transforms(scene.beside(scene.files.transforms, "The cameras of a scene are in"))
    world = AXES[scene.standing.axes or "opencv"]
    own: AxesName = "opengl" if world.handed == "right" else world.camera
    poses = [{"transform_matrix": scene.standing.pose(camera.c2w, "opencv", own).tolist()} for camera in cameras]
    about = {"axes": world.words, "camera_axes": AXES[own].words, "unit": world.unit}
    names = [f"{frame_name(i, len(cameras))}.png" for i in range(len(cameras))]
    write_transforms(path, cameras, names, poses, about)


def export_dataset(scene: FinishedScene, folder: Path) -> Stage[None]:
    """A folder to train from; see `formats/dataset.py`."""
    if scene.origin != NEAR:
        raise InputError("The scene lies too far from its origin for a data set.", "Export it with --centred.")
    known = scene.layered if scene.files.layers.is_file() and not scene.was_edited else None
    frames = yield from draw_frames(scene.gaussians, scene.cameras, scene.rasterizer, known)
    xyz, rgb = coloured_points(scene.gaussians)
    with whole_folder(folder) as work:
        placed = [_placed_frame(frame, scene.standing) for frame in frames]
        write_dataset(work, placed, _moved(xyz, scene.standing.within("opencv")), rgb)
        about = {"gen3d": __version__, "frames": len(frames), "gaussians": len(scene.gaussians)}
        (work / "run.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _placed_frame(frame: Frame, standing: Standing) -> Frame:
    """In a right-handed world that counts in metres."""
    camera = frame.camera.posed(standing.pose(frame.camera.c2w, "opencv", "opencv"))
    return replace(frame, camera=camera, depth=np.float32(standing.scale) * frame.depth)


def _moved(xyz: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return (xyz.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)
