"""What somebody asks for: a scene of a photo or a sentence, and other layers than were found (`run/review.py`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import UInt8

from gen3d.errors import InputError

_SURROGATE = re.compile("[\ud800-\udfff]")

DepthKind = Literal["auto", "metric", "inverse", "disparity"]
TurnDepth = Literal["auto", "yes", "no"]
OwnDepth = Literal["use", "ignore"]
Border = Literal["cut", "keep"]
DEPTH_CHOICES: dict[str, tuple[str, ...]] = {
    "depth_kind": get_args(DepthKind), "turn_depth": get_args(TurnDepth), "own_depth": get_args(OwnDepth),
}  # fmt: skip
"""Field of `Request` -> what may be chosen."""
CHOICES: dict[str, tuple[str, ...]] = DEPTH_CHOICES | {"border": get_args(Border)}
"""The same of all fields, not of the depth's alone."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, before anything is read."""

    photo: Path | np.ndarray | None = None
    """A file, or pixels: `h w 3`, sRGB, uint8, uint16 or floats in [0, 1]; `h w` is grey, `h w 4` has alpha."""
    prompt: str | None = None
    """With a photo: words for the inpainter. Without: the sentence to draw."""
    depth: Path | np.ndarray | None = None
    """A file, or numbers, `h w`, which mean what they would in a file."""
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
    border: Border = "cut"
    """Whether a border around the photo (bars, a scan's margin, what rectifying left empty) is cut away, and from its
    depth; fov_deg and intrinsics are those of the photo as given all the same."""

    def __post_init__(self) -> None:
        """Raises InputError for words that are no text: a lone half of a character, or bytes that are not UTF-8."""
        for field, words in (("prompt", self.prompt or ""), *self.prompts):
            if _SURROGATE.search(words):
                raise InputError("The words hold something that is no character.", "Write them anew as UTF-8.", field)


def called(given: Path | np.ndarray) -> str:
    """What to call a photo or a depth map: by its file's name, without the folder; an array by its shape."""
    if isinstance(given, Path):
        return given.name
    return f"an array of {' x '.join(map(str, given.shape))}"


@dataclass(frozen=True, slots=True)
class Flip:
    """A place in the picture that somebody pointed at, so that what is there changes sides."""

    x: float
    """From the left edge, as a share of the width."""
    y: float
    """From the upper edge, as a share of the height."""
    front: bool | None = None
    """The side it goes to; None is the other one than that on which it is. Kept with the place, so that it stays
    there when the threshold moves."""
    thing: bool = False
    """Whether the thing is meant that is seen there, as whoever clicks into a picture means it, or the smallest of the
    regions, as whoever picks one from their list does."""


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody wants otherwise in the layers of a picture; by default nothing."""

    depth_percentile: float | None = None
    """theta_d of eq. 2, as a percentile of depth: what is nearer is foreground. None leaves it to the run's rule."""
    flips: tuple[Flip, ...] = ()
    """In the order in which they were made; they come after the threshold."""


@dataclass(frozen=True, slots=True)
class Region:
    """A candidate mask in a few numbers, for whoever has to name it."""

    x: float
    y: float
    """A place, as in `Flip`, at which a flip means this region."""
    share: float
    """Of the picture."""
    depth_percentile: float
    """How much of the picture, in percent, is nearer than the region's median depth."""
    front: bool


@dataclass(frozen=True, eq=False, slots=True)
class Reviewed:
    """What became of a review."""

    review: Review
    """As it was understood: every flip with its side, and without those that pointed into the sky."""
    picture: UInt8[np.ndarray, "h w 3"]
    """The photo with the foreground tinted and all else in grey, at most 512 px."""
    share: float
    """Of the picture that is foreground."""
    regions: tuple[Region, ...]
    """The largest candidates that can be pointed at, from left to right."""
