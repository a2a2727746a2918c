"""The values that flow between stages: frozen, numpy, on the CPU, never edited in place.

Images are float32 sRGB in [0, 1]; depth is float32 metres along z, +inf is sky. A bool array is named for what True
means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from gen3d.camera import Camera
from gen3d.errors import InputError

_SURROGATE = re.compile("[\ud800-\udfff]")

DepthKind = Literal["auto", "metric", "inverse", "disparity"]
TurnDepth = Literal["auto", "yes", "no"]
OwnDepth = Literal["use", "ignore"]
DEPTH_CHOICES: dict[str, tuple[str, ...]] = {
    "depth_kind": get_args(DepthKind), "turn_depth": get_args(TurnDepth), "own_depth": get_args(OwnDepth),
}  # fmt: skip
"""Field of `Request` -> what may be chosen."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, before anything is read."""

    photo: Path | None = None
    prompt: str | None = None
    """With a photo: words for the inpainter. Without: the sentence to draw."""
    depth: Path | None = None
    depth_scale: float | None = None
    """Units per metre of the depth file; None: 1000 for integers, and floats are metres. Of an inverse map it is the
    map's values times metres, of a disparity the focal length in pixels times the baseline in metres."""
    fov_deg: float | None = None
    """Field of view along the longer side."""
    intrinsics: tuple[float, float, float, float] | None = None
    """fx, fy, cx, cy in pixels of the photo as displayed (after EXIF rotation)."""
    path: str = "wander"
    """A preset of `geometry/trajectory.py`, or the path of a nerfstudio transforms.json."""
    seed: int = 0
    prompts: tuple[tuple[str, str], ...] = ()
    """(where, words) for some of the views that are made up: where is "left", "right", "up", "down", "back", or the
    number of a pose along the path, from 1."""
    depth_kind: DepthKind = "auto"
    """What the numbers of the depth file are; auto: what its names and numbers say, metres where they say nothing."""
    depth_channel: str | None = None
    """The array, channel or page of the depth file to take; None: the one that is depth by its name and shape."""
    turn_depth: TurnDepth = "auto"
    """Whether the depth file is turned as EXIF turns the photo; auto: where it fits only so."""
    own_depth: OwnDepth = "use"
    """Whether depth that the photo carries in itself counts where no file is given."""

    def __post_init__(self) -> None:
        """Raises InputError for words that are no text: a lone half of a character, or bytes that are not UTF-8."""
        for field, words in (("prompt", self.prompt or ""), *self.prompts):
            if _SURROGATE.search(words):
                raise InputError("The words hold something that is no character.", "Write them anew as UTF-8.", field)


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The picture as it will be worked on."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"] | None
    """Given depth; NaN = unknown, inf = sky. None when only a picture was given."""
    camera: Camera | None
    """None when nothing is known about the lens: the depth estimator or the default decides."""
    prompt: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class RGBD:
    """A picture with a depth for every pixel."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]
    camera: Camera
    normals: Float[np.ndarray, "h w 3"] | None = None
    """Of the surfaces, where somebody saw them: unit vectors in camera axes, towards the camera; 0 in the sky."""

    @property
    def sky(self) -> Bool[np.ndarray, "h w"]:
        """Where depth is infinite."""
        return np.isinf(self.depth)


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """The masks among which the foreground is chosen: those that eq. 1 lets pass."""

    masks: Bool[np.ndarray, "k h w"]
    chosen: Bool[np.ndarray, "k"]
    """Which of them the run's own rule called foreground."""


@dataclass(frozen=True, eq=False, slots=True)
class Layers:
    """A picture split by depth (paper 3.1): what stands in front, and where the background must be made up."""

    rgbd: RGBD
    foreground: Bool[np.ndarray, "h w"]
    """M_fg of eq. 2."""
    hidden: Bool[np.ndarray, "h w"]
    """Omega: the pixels whose background is to be filled; holds the foreground and a margin around it."""
    candidates: Candidates | None = None
    """What the foreground was chosen from, for whoever wants to choose otherwise."""


@dataclass(frozen=True, eq=False, slots=True)
class PointCloud:
    """Surface samples, each the patch of surface that one pixel saw."""

    xyz: Float[np.ndarray, "n 3"]
    rgb: Float[np.ndarray, "n 3"]
    tangents: Float[np.ndarray, "n 2 3"]
    """The patch's two edges in metres: how xyz moves for one pixel to the right and one pixel down."""
    origin: Int[np.ndarray, "n"]
    """Which picture it comes from: 0 the photo, 1 the background, 2 what goes on behind edges, 3 the fringes of
    things, 4... the new views."""
    pixel: Int[np.ndarray, "n 2"]
    """(column, row) there; with `origin` it says which points were neighbours."""
    opacity: Float[np.ndarray, "n"]
    """1, or how much of a mixed pixel is of this surface: such a point lets see what lies behind."""

    def __len__(self) -> int:
        return len(self.xyz)

    def keep(self, which: np.ndarray) -> PointCloud:
        """The points picked by a bool array or by indices, in that order."""
        return PointCloud(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A picture that the Gaussians are fitted to (paper 3.3)."""

    image: Float[np.ndarray, "h w 3"]
    seen: Bool[np.ndarray, "h w"]
    """M of eq. 5: pixels that count in the loss."""
    camera: Camera
    weight: float = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Sheet:
    """A picture with depth, some of whose pixels show surface that nobody had seen before."""

    rgbd: RGBD
    new: Bool[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False, slots=True)
class LayeredDepth:
    """A place as pictures with depth, from the photo outwards: what its mesh is made from."""

    layers: Layers
    """The photo, and what stands in front."""
    background: RGBD
    """The photo without its foreground."""
    sheets: tuple[Sheet, ...]
    """What was made up around it."""
    shell_m: float
    """Where the sky lies, metres from the first camera."""


@dataclass(frozen=True, eq=False, slots=True)
class Mesh:
    """Triangles, each with a place in a picture; counterclockwise from where the picture was taken."""

    xyz: Float[np.ndarray, "n 3"]
    """World, metres, OpenCV axes."""
    uv: Float[np.ndarray, "n 2"]
    """Shares of the picture's width and height, from its upper left corner."""
    triangles: Int[np.ndarray, "t 3"]

    def __len__(self) -> int:
        return len(self.triangles)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One piece of a textured scene."""

    name: str
    """Its place among the others, as "foreground/thing 1"."""
    mesh: Mesh
    picture: UInt8[np.ndarray, "h w c"] | None = None
    """sRGB, c = 3, or 4 with alpha: what is below a half is cut away. None: no looks."""


@dataclass(frozen=True, eq=False, slots=True)
class World:
    """Everything known about the place: P_i and the pictures it came from."""

    points: PointCloud
    views: tuple[View, ...]
    """The photo first, then every expansion view."""
    path: tuple[Camera, ...]
    """The poses to expand along, after the first."""
    sheets: tuple[Sheet, ...] = ()
    """The same additions as `points` after P_0, still as pictures: what a mesh is made from."""


@dataclass(frozen=True, slots=True)
class SceneFiles:
    """Where a finished scene lies; see `pipeline.py` for what each file holds."""

    folder: Path

    @property
    def ply(self) -> Path:
        """The scene in the layout that 3D Gaussian viewers read."""
        return self.folder / "scene.ply"

    @property
    def splat(self) -> Path:
        """The scene in 32 bytes a Gaussian."""
        return self.folder / "scene.splat"

    @property
    def model3d(self) -> Path:
        """A copy for the page's ready-made viewer, moved to where that viewer starts."""
        return self.folder / "model3d.ply"

    @property
    def view(self) -> Path:
        """The scene for our own viewer, with the photo's camera and how far one may look around."""
        return self.folder / "scene.view"

    @property
    def layers(self) -> Path:
        """What the scene was made from, as pictures with depth: for meshes."""
        return self.folder / "layers.npz"

    @property
    def points(self) -> Path:
        """The same of the points, while the scene is being made."""
        return self.folder / "points.view"

    @property
    def html(self) -> Path:
        """The viewer and the scene in one file, to open from a disk."""
        return self.folder / "scene.html"

    @property
    def transforms(self) -> Path:
        """The cameras of the fit."""
        return self.folder / "transforms.json"

    @property
    def video(self) -> Path:
        """The fly-through."""
        return self.folder / "flythrough.mp4"

    @property
    def previews(self) -> Path:
        """A picture for every stage."""
        return self.folder / "previews"

    @property
    def run(self) -> Path:
        """The record of the run."""
        return self.folder / "run.json"
