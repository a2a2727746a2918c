"""Places with truth to judge a scene by: a photo with depth and its camera, and views that no stage sees.

`room` and `terrace` are the ray-cast examples, whose tracer tells the true depth at any camera. `motorcycle` is a real
stereo pair with measured disparity, which scikit-image brings along: the left picture goes in, the right is held out.
The painted ones are sentences that the world painter draws; it draws the views held out as well. The traced ones are
modelled and path-traced (`bench/truth/`), which has to be done once.
The world is the photo's camera, metres, OpenCV axes, as everywhere.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from bench.truth.places import PLACES
from gen3d.camera import Camera
from gen3d.formats.depth_file import read_depth
from gen3d.formats.picture import read_picture
from gen3d.formats.transforms import read_transforms
from gen3d.geometry.resample import fitted_size, reduce_picture, resample_depth
from gen3d.values import RGBD

EXAMPLES = Path(__file__).parents[1] / "examples"
UP = np.array([1.0, -1.0, 1.0])
"""Examples are modelled with y up; cameras have y down."""
FOCAL_PX, BASELINE_M = 994.978, 0.193001
CX_PX, CY_PX, RIGHT_CX_PX = 311.193 + 0.125, 254.877 + 0.125, 311.193 + 31.086 + 0.125
"""Of the motorcycle as scikit-image documents it; the data counts pixels of the full size, four times larger, from
their centres, which makes half of one of those, an eighth of ours, to add."""

Cast = Callable[[Camera], np.ndarray]
"""Camera -> true depth, metres along z at the pixel centres; inf is sky."""


class SceneUnavailable(Exception):
    """A scene's data is not on this machine and cannot be fetched."""


@dataclass(frozen=True, slots=True)
class Plane:
    """All points of the world with normal . x = offset, metres."""

    normal: tuple[float, float, float]
    offset: float

    def distance(self, xyz: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n"]:
        """Metres from the plane."""
        return np.abs(xyz @ np.asarray(self.normal) - self.offset)


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """A place with truth. Depths: metres, NaN unknown, inf sky."""

    name: str
    photo: RGBD
    held_out: tuple[RGBD, ...]
    cast: Cast | None = None
    planes: tuple[Plane, ...] = ()
    """Large flat surfaces, where the place is known so well."""
    kinds: tuple[str, ...] = ()
    """How far each view held out is from the photo, `near` or `far`, where that is told."""

    def reduced(self, longest_px: int) -> Scene:
        """The same place in smaller pictures."""
        small = [_reduced(view, longest_px, self.cast) for view in (self.photo, *self.held_out)]
        return replace(self, photo=small[0], held_out=tuple(small[1:]))


def _reduced(view: RGBD, longest_px: int, cast: Cast | None) -> RGBD:
    w, h = fitted_size(view.camera.width, view.camera.height, longest_px)
    camera = view.camera.resized(w, h)
    depth = cast(camera) if cast else resample_depth(view.depth, w, h)
    return RGBD(reduce_picture(view.image, longest_px), depth.astype(np.float32), camera)


def load(name: str) -> Scene:
    """A scene by its name in SCENES. Raises SceneUnavailable with one sentence that says what is missing."""
    return SCENES[name]()


def _example(name: str) -> Scene:
    """A ray-cast example; its depth is cast anew, since the stored one is rounded."""
    folder = EXAMPLES / name
    cameras = read_transforms(folder / "camera.json")
    cast, first = _caster(name)
    pictures = [folder / "rgb.jpg", *sorted((folder / "held_out").glob("*.jpg"))]
    views = [RGBD(read_picture(p), cast(c), c) for p, c in zip(pictures, cameras, strict=True)]
    stored = read_depth(next(folder.glob("depth.*")))
    photo = RGBD(views[0].image, stored, views[0].camera)
    planes = tuple(_seen_from(first, plane) for plane in MODELLED_PLANES[name])
    return Scene(name, photo, tuple(views[1:]), cast, planes)


MODELLED_PLANES = {
    "room": (
        Plane((0, 1, 0), 0.0), Plane((0, 1, 0), 2.75), Plane((0, 0, 1), 5.0), Plane((1, 0, 0), -2.6),
        Plane((1, 0, 0), 2.5),
    ),
    "terrace": (Plane((0, 1, 0), 0.0),),
}  # fmt: skip
"""Floor, ceiling and walls in the axes the examples are modelled in."""


def _caster(name: str) -> tuple[Cast, Camera]:
    """The example's true depth, and the photo's camera in modelling axes."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))  # its files are scripts that import each other by name
    make, described = importlib.import_module("make_examples"), importlib.import_module(name)
    built = described.build()
    first = make.camera_of(described, described.EYE, described.TARGET, 1.0)
    return lambda camera: make.depth_of(built, camera.posed(first.c2w @ camera.c2w)).astype(np.float32), first


def _seen_from(first: Camera, plane: Plane) -> Plane:
    """A plane in modelling axes as the photo's camera sees it."""
    normal = np.asarray(plane.normal) * UP
    return Plane(tuple(first.c2w[:3, :3].T @ normal), plane.offset - float(normal @ first.center))


def _motorcycle() -> Scene:
    left, right, disparity = _stereo_pair()
    h, w = disparity.shape
    camera = Camera.from_intrinsics(FOCAL_PX, FOCAL_PX, CX_PX, CY_PX, w, h)
    aside = np.eye(4)
    aside[0, 3] = BASELINE_M
    other = Camera.from_intrinsics(FOCAL_PX, FOCAL_PX, RIGHT_CX_PX, CY_PX, w, h).posed(aside)
    depth = np.where(np.isfinite(disparity), FOCAL_PX * BASELINE_M / (disparity + RIGHT_CX_PX - CX_PX), np.nan)
    pictures = [p.astype(np.float32) / 255 for p in (left, right)]
    photo = RGBD(pictures[0], depth.astype(np.float32), camera)
    return Scene("motorcycle", photo, (RGBD(pictures[1], depth_aside(photo, other), other),))


def _stereo_pair() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left and right picture, uint8, and the left one's disparity in pixels, NaN unknown."""
    try:
        from skimage.data import stereo_motorcycle

        return stereo_motorcycle()
    except (ImportError, OSError, RuntimeError, ValueError) as why:  # no pooch, no network, or a damaged download
        raise SceneUnavailable(
            "The stereo pair `motorcycle` is left out: this scikit-image does not bring it along, and it could not be "
            f"fetched ({type(why).__name__})."
        ) from why


def depth_aside(view: RGBD, other: Camera) -> Float[np.ndarray, "h w"]:
    """Depth at a camera moved sideways along the rows, from the depth of the first: metres, NaN unknown.

    What the first camera did not see is given the depth of the farther of its neighbours in the row. That is a guess of
    its depth, but enough to tell what is behind or outside, which is all it is used for.
    """
    uv, z = other.project(view.camera.unproject(np.nan_to_num(view.depth, nan=1.0)))
    column = np.floor(uv[..., 0]).astype(np.intp)
    rows, columns = np.nonzero(~np.isnan(view.depth) & (column >= 0) & (column < other.width))
    depth = np.full((other.height, other.width), np.inf)
    np.minimum.at(depth, (rows, column[rows, columns]), z[rows, columns])
    depth = np.where(np.isinf(depth), np.nan, depth)
    return np.where(np.isnan(depth), np.fmax(_carried(depth), _carried(depth[:, ::-1])[:, ::-1]), depth)


def _carried(depth: np.ndarray) -> np.ndarray:
    """The depth with the last known value of each row carried on to the right."""
    last = np.maximum.accumulate(np.where(np.isnan(depth), -1, np.arange(depth.shape[1])), axis=1)
    return np.where(last >= 0, np.take_along_axis(depth, np.maximum(last, 0), axis=1), np.nan)


PAINTED = {
    "painted-room": "a cosy room in the evening with a red sofa, two plants and a lamp on the left",
    "painted-lake": "a white house by a lake in the mountains, a red boat on the water",
    "painted-still-life": "a still life with a bowl of apples, a green bottle and a candle",
}
"""Scene -> the sentence that the world painter draws."""
ASIDE = ((-0.05, 0.0), (0.05, 0.0), (0.0, -0.035))
"""How far the views held out are to the right and below, as shares of the median depth. Chosen by eye."""


def painted(name: str, sentence: str, width_px: int = 640, height_px: int = 480) -> Scene:
    """What a sentence becomes, seen from aside too: the world is there to be asked."""
    from gen3d.painter.painting import GRID, paint

    drawn = paint(sentence, width_px, height_px)
    seen = drawn.world.seen_by
    median = float(np.median(drawn.depth[np.isfinite(drawn.depth)]))
    cameras = [
        drawn.camera.look_at(np.array([x * median, y * median, 0]), np.array([0, 0, median])) for x, y in ASIDE
    ]
    held_out = [
        RGBD(drawn.world.built.picture(seen(c), GRID), drawn.world.built.hits(seen(c))[0], c) for c in cameras
    ]
    photo = RGBD(drawn.image, drawn.depth, drawn.camera)
    return Scene(name, photo, tuple(held_out), lambda camera: drawn.world.built.hits(seen(camera))[0])


TRACED = Path(os.environ.get("GEN3D_TRUTH", Path(__file__).parent / "truth" / "out"))
"""Where the path-traced places are; they are made, not shipped."""


def _traced(place: str) -> Scene:
    from bench.truth.folder import read_place

    try:
        return read_place(TRACED / place)
    except FileNotFoundError as why:
        raise SceneUnavailable(
            "Path-traced places are left out: `make bench-truth` makes them, once, in about ten minutes."
        ) from why


SCENES: dict[str, Callable[[], Scene]] = {
    "room": lambda: _example("room"),
    "terrace": lambda: _example("terrace"),
    "motorcycle": _motorcycle,
    **{name: partial(painted, name, sentence) for name, sentence in PAINTED.items()},
    **{f"traced-{place}": partial(_traced, place) for place in PLACES},
}
