"""What the steps make, to be held in one's hands: `Looked`, `Scene`, and the `Picture` that a scene gives of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from gen3d.axes import AxesName
from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Enough, never
from gen3d.face.listening import Ear, Listener
from gen3d.format_table import asked_for, written_here
from gen3d.formats.claims import sweep
from gen3d.formats.layered import save_layered
from gen3d.formats.scene_file import tells
from gen3d.formats.stored import StoredScene
from gen3d.formats.things_file import write_things
from gen3d.geometry.place import place_of
from gen3d.models.base import Models
from gen3d.pipeline import film
from gen3d.products.bringing import anywhere
from gen3d.products.edited import (
    Edited,
    baked_as_json,
    edited_by,
    edits_beside,
    heeding,
    one_after_other,
    parsed_edits,
)
from gen3d.products.export import FinishedScene, export_as
from gen3d.products.standing import standing_of
from gen3d.products.things import things_of_scene
from gen3d.products.written import write_scene
from gen3d.request import Request, Review
from gen3d.run.bring import with_made
from gen3d.run.course import check_path, tour_cameras
from gen3d.run.filming import shoot_of, sink_of
from gen3d.run.output import check_output
from gen3d.run.record import write_json
from gen3d.run.review import review_layers
from gen3d.run.thrift import Thrift, memory_told
from gen3d.settings import Settings, TourSettings, tour_checked
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import Rasterizer, draw
from gen3d.values import LayeredDepth, Layers
from gen3d.video_table import VIDEOS, VideoRow, row_for, video_row


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Looked:
    """What is in a picture: the product of `gen3d.look`, to be grown as it is or after a review."""

    request: Request
    settings: Settings
    layers: Layers
    """The picture with its depth and camera (`layers.rgbd`), and what stands in front (`layers.foreground`)."""
    models: Models
    rasterizer: Rasterizer
    notices: tuple[str, ...] = ()
    """What was done otherwise than hoped, a sentence or two each."""

    @property
    def camera(self) -> Camera:
        """The photo's."""
        return self.layers.rgbd.camera

    def __repr__(self) -> str:
        front = float(self.layers.foreground.mean())
        return f"Looked({_size(self.camera)}, {front:.0%} of it in front)"

    def reviewed(self, review: Review) -> Looked:
        """The same with other things in front; an empty review gives back what was found at first."""
        return replace(self, layers=review_layers(self.layers, review, self.settings.layers)[0])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Picture:
    """A view of a scene. `numpy.asarray(picture)` is its colours."""

    rgb: Float[np.ndarray, "h w 3"]
    """Float32 sRGB; overlapping Gaussians may leave [0, 1] a little."""
    alpha: Float[np.ndarray, "h w"]
    """How much of each pixel the scene covers, in [0, 1]."""
    depth: Float[np.ndarray, "h w"]
    """Metres along z, the mean of what covers the pixel; 0 where nothing does."""

    def __repr__(self) -> str:
        height, width = self.alpha.shape
        return f"Picture({width} x {height}, {float((self.alpha > 0).mean()):.0%} covered)"

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return self.rgb.astype(dtype or self.rgb.dtype, copy=bool(copy))


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Scene:
    """A 3D scene: the product of `gen3d.grow` and `gen3d.build`. World = the photo's camera, metres, OpenCV axes."""

    gaussians: Gaussians
    """Torch tensors in main memory, activated: scales in metres, opacities in [0, 1]."""
    cameras: tuple[Camera, ...]
    """Of the fit, the photo's first."""
    layered: LayeredDepth
    """What it was made from: the photo, the background, what was made up around it, as pictures with depth."""
    request: Request
    settings: Settings
    models: Models
    rasterizer: Rasterizer
    notices: tuple[str, ...] = ()
    """What was done otherwise than hoped, a sentence or two each."""
    edits: Edited | None = None
    """What was done to its things since it was grown; None: nothing."""

    @property
    def camera(self) -> Camera:
        """The photo's, at the size that the scene was made at."""
        return self.cameras[0]

    def __repr__(self) -> str:
        return f"Scene({len(self.gaussians):,} Gaussians, {len(self.cameras)} views, photo {_size(self.camera)})"

    def render(self, camera: Camera, background: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Picture:
        """The scene through a camera, at its size and K; background: sRGB in [0, 1], behind what is not covered."""
        gaussians = drawable_from(self.gaussians.to(self.rasterizer.device), camera)
        with memory_told():
            drawn = draw(self.rasterizer, gaussians, camera).cpu()
        rgb = drawn.rgb + (1 - drawn.alpha[..., None]) * torch.tensor(background)
        return Picture(rgb.numpy(), drawn.alpha.numpy(), drawn.depth.numpy())

    def edited(self, edits: Sequence[Mapping[str, Any]]) -> Scene:
        """Another scene with its things moved, removed, copied ...; this one stays as it is.

        edits: dictionaries as edits.json has them (`gen3d/edits.py`), [{"op": "move", "thing": 1, "by": [0.5, 0, 0]}].
        A thing is meant by its number, or by its name in `things`. What is brought in is a file, or made of words by
        the scene's models. Raises InputError for what is no edit and for a thing that is not there.
        """
        told = self.things
        wanted, find = with_made(parsed_edits(list(edits), told), lambda: self.models.object_maker, anywhere)
        how = edited_by(wanted, self.gaussians, told, find, self.camera)
        whole = how if self.edits is None else one_after_other(self.edits, how)
        return replace(self, gaussians=heeding(StoredScene(self.gaussians), how).gaussians, edits=whole)

    @property
    def things(self) -> dict[str, Any]:
        """What there is in it, as things.json says (`gen3d/products/things.py`)."""
        names = {n: self.edits.name_of(n) for n in self.edits.things} if self.edits else None
        return things_of_scene(self.gaussians, self.layered.layers.rgbd, names)

    def save(
        self, file: str | Path, *, axes: AxesName | None = None, level: bool = False, scale: float = 1.0
    ) -> Path:
        """Writes the scene in the format that the name asks for, as `gen3d export` would; returns the name.

        `gen3d/format_table.py` lists them; a name without an ending is a folder to train from. axes: a row of
        `gen3d/axes.py`; None takes the format's own. level: upright, with the ground at zero, where one is found (a
        notice says). scale: of all lengths. Raises InputError for a name of no format, for axes that it cannot have and
        for what is no scale, Unwritable where the file cannot be.
        """
        file, row = Path(file), asked_for(Path(file))
        if row is None:
            known = ", ".join(row.suffix for row in written_here() if row.suffix)
            raise InputError(f"There is no format for {file.name}.", f"End its name in {known}, or name a folder.")
        if row.is_folder:
            check_output(file, False)
        sweep(file.parent)
        with TemporaryDirectory(prefix="gen3d-") as folder:
            scene = FinishedScene(self.gaussians, Path(folder), self.rasterizer)
            if row.make or tells(row):
                told = self.things if self.gaussians.things is not None else None
                write_scene(scene.files, self.gaussians, self.layered, self.cameras, self.rasterizer, things=told)
                if self.edits and told:
                    write_json(scene.files.baked, baked_as_json(self.edits))
                    write_things(scene.files.things, told)
                    scene = replace(scene, how=edits_beside(scene.files, self.gaussians))
            elif level:
                save_layered(scene.files.layers, self.layered)
            ear = Ear(None)
            scene = replace(scene, standing=ear.hear(standing_of(scene, axes, level, scale)))
            for unsaid in ear.hear(export_as(row, scene, file)):
                ear.note(unsaid)
        return file

    def film(
        self,
        file: str | Path,
        *,
        path: str | None = None,
        kind: str | None = None,
        shape: str = "photo",
        strength: float | None = None,
        on_event: Listener | None = None,
        enough: Enough = never,
    ) -> Path:
        """Writes a video along a path, as `gen3d.tour` does; returns its name."""
        file, path = Path(file), path or self.request.path
        row = _kind_of(file, kind)
        tour = tour_checked(replace(self.settings.tour, kind=row.name, shape=shape, strength=strength))
        check_path(path)
        scale = place_of(self.layered.layers.rgbd).scale
        cameras = tour_cameras(path, self.camera, scale, row.frames(tour.frames))
        engines = Thrift(replace(self.settings, tour=tour), rasterizer=self.rasterizer)
        with memory_told():
            filmed = film(self.gaussians, cameras, engines, sink_of(row, file, tour.fps), enough, shoot_of(row))
            Ear(on_event).hear(filmed)
        return file


def _kind_of(file: Path, kind: str | None) -> VideoRow:
    """The row of VIDEOS; InputError for a kind that there is not, and for a name that is none of its files'."""
    if kind is None:
        if (row := row_for(file)) is None:
            endings = ", ".join(sorted({row.suffix for row in VIDEOS}))
            raise InputError(f"{file.name} is no name for a video.", f"End it in one of {endings}.")
        return row
    tour_checked(TourSettings(kind=kind))
    if file.suffix.lower() != (row := video_row(kind)).suffix:
        raise InputError(f"{file.name} is no name for a video of the kind {kind}.", f"End it in {row.suffix}.")
    return row


def _size(camera: Camera) -> str:
    return f"{camera.width} x {camera.height}"
