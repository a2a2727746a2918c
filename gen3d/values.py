"""The values that flow between stages: frozen, numpy, on the CPU, never edited in place.

Images are float32 sRGB in [0, 1]; depth is float32 metres along z, +inf is sky. A bool array is named for what True
means.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from gen3d.camera import Camera


@dataclass(frozen=True, eq=False, slots=True)
class Things:
    """Which thing each pixel of a picture shows."""

    labels: Int[np.ndarray, "h w"]
    """Number of the thing, from 1; 0 is none: a wall, the ground, the sky."""
    names: tuple[str, ...]
    """Of the things, the first of number 1; those that are hidden have one too."""


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The picture as it will be worked on."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"] | None
    """Given depth; NaN = unknown, inf = sky. None when only a picture was given."""
    camera: Camera | None
    """None when nothing is known about the lens: then the depth estimator's is taken, or the default."""
    prompt: str | None = None
    things: Things | None = None
    """Known where the picture was painted from a world: then its depth is exact, to the pixel, and complete."""


@dataclass(frozen=True, eq=False, slots=True)
class RGBD:
    """A picture with a depth for every pixel."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]
    camera: Camera
    normals: Float[np.ndarray, "h w 3"] | None = None
    """Of the surfaces: unit vectors in camera axes, towards the camera, 0 in the sky; None where they are not known."""

    @property
    def sky(self) -> Bool[np.ndarray, "h w"]:
        """Where depth is infinite."""
        return np.isinf(self.depth)


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """The masks among which the foreground is chosen: those that eq. 1 lets pass."""

    masks: Bool[np.ndarray, "k h w"]
    chosen: Bool[np.ndarray, "k"]
    """Which of them the rule of the settings calls foreground."""


@dataclass(frozen=True, eq=False, slots=True)
class Layers:
    """A picture split by depth (paper 3.1): what stands in front, and where the background is hidden."""

    rgbd: RGBD
    foreground: Bool[np.ndarray, "h w"]
    """M_fg of eq. 2."""
    hidden: Bool[np.ndarray, "h w"]
    """Omega: the pixels whose background is to be filled; holds the foreground and a margin around it."""
    candidates: Candidates | None = None
    """What the foreground was chosen from, so that a review can choose otherwise."""
    things: Int[np.ndarray, "h w"] | None = None
    """Which thing each pixel shows, from 1; 0 is none. None where they were not told apart yet."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The lengths that a path is measured in, metres."""

    median: float
    nearest: float
    """The 2nd percentile of depth, so that one stray pixel does not decide."""


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """The photo, and the lengths that follow from its depth (`geometry/place.py`)."""

    photo: RGBD
    scale: Scale
    shell_m: float
    """Radius of the sky around the first camera."""


class Origin(IntEnum):
    """Which picture a point comes from; each expansion view has the next number."""

    PHOTO = 0
    BACKGROUND = 1
    BEHIND_EDGES = 2
    """The far surfaces continued behind depth edges."""
    FRINGE = 3
    """The near layer of mixed pixels at depth edges."""
    FIRST_VIEW = 4


class Kind(IntEnum):
    """What is known of a Gaussian: whether the photo saw what it shows, or it was made up, and where."""

    FOREGROUND = 0
    """The photo saw it, in front."""
    PHOTO = 1
    """The photo saw it, behind that."""
    BEHIND = 2
    """Made up within the photo's frame, where something hid it."""
    OUTSIDE = 3
    """Made up beyond the photo's frame."""


UNKNOWN = 255
"""Of a Gaussian of which no Kind is known."""
NO_THING, SKY, LAST_THING = 0, 65535, 65534
"""Of a Gaussian that is of no thing, of the sky; and the largest number of a thing."""


@dataclass(frozen=True, eq=False, slots=True)
class PointCloud:
    """Surface samples, each the patch of surface that one pixel saw."""

    xyz: Float[np.ndarray, "n 3"]
    rgb: Float[np.ndarray, "n 3"]
    tangents: Float[np.ndarray, "n 2 3"]
    """The patch's two edges in metres: how xyz moves for one pixel to the right and one pixel down."""
    origin: Int[np.ndarray, "n"]
    """Which picture it comes from: an `Origin`, or FIRST_VIEW + i for the i-th new view."""
    pixel: Int[np.ndarray, "n 2"]
    """(column, row) there; with `origin` it says which points were neighbours."""
    opacity: Float[np.ndarray, "n"]
    """1, or the share alpha of a mixed pixel that is of this surface."""

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
    pose: int | None = None
    """Its number along the world's path, from 0; None for the photo and for views between two poses."""


@dataclass(frozen=True, eq=False, slots=True)
class Sheet:
    """A picture with depth, some of whose pixels show surface that no picture before it showed (`new`)."""

    rgbd: RGBD
    new: Bool[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False, slots=True)
class LayeredDepth:
    """A scene as pictures with depth, from the photo outwards: what its mesh is made from."""

    layers: Layers
    """The photo, and what stands in front."""
    background: RGBD
    """The photo without its foreground."""
    sheets: tuple[Sheet, ...]
    """The expansion views around it."""
    shell_m: float
    """Radius of the sky around the first camera."""


@dataclass(frozen=True, eq=False, slots=True)
class Mesh:
    """Textured triangles, counterclockwise as seen from the camera of their picture."""

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
    """Its texture: sRGB, c = 3, or 4 with alpha, cut out where alpha is below a half. None: untextured."""


@dataclass(frozen=True, eq=False, slots=True)
class Surface:
    """A piece of somebody's mesh, counterclockwise as seen from outside; its colour is rgb times the picture's."""

    xyz: Float[np.ndarray, "n 3"]
    """Metres, OpenCV axes: what stands upright has its head towards -y."""
    triangles: Int[np.ndarray, "t 3"]
    rgb: Float[np.ndarray, "n 3"]
    """SRGB, of each corner."""
    uv: Float[np.ndarray, "n 2"] | None = None
    """As in `Mesh`; beyond 0 and 1 the picture repeats."""
    picture: UInt8[np.ndarray, "h w 4"] | None = None
    """What alpha says is not there is left out."""
    lit: bool = True
    """Whether it is to be shaded; not where its colours hold light already."""
    normals: Float[np.ndarray, "n 3"] | None = None
    """Of each corner, of any length, outwards; None: each triangle's own."""


@dataclass(frozen=True, eq=False, slots=True)
class World:
    """The scene so far: P_i and the pictures it came from."""

    points: PointCloud
    views: tuple[View, ...]
    """The photo first, then every expansion view."""
    path: tuple[Camera, ...]
    """The poses to expand along, after the first."""
    sheets: tuple[Sheet, ...] = ()
    """The same additions as `points` after P_0, still as pictures: what a mesh is made from."""


@dataclass(frozen=True, eq=False, slots=True)
class DrawnPath:
    """A camera path as somebody drew it: keys to pass through, each at its time (`geometry/drawn_path.py`)."""

    c2w: Float[np.ndarray, "k 4 4"]
    """In the scene's world, OpenCV axes."""
    focal: Float[np.ndarray, "k"]
    """Focal lengths as shares of the picture's height."""
    seconds: Float[np.ndarray, "k"]
    """Since the key before; of the first: from the last one to it, where the path repeats."""
    loop: Literal["none", "repeat", "pingpong"] = "none"
    tension: float = 0.0
    """1: straight from key to key."""
