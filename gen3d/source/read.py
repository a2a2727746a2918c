"""What is asked for becomes a picture to work on: read or drawn, reduced, with its depth and lens where they are known.

The lens comes from the first that tells: intrinsics, a field of view, EXIF; a photo with depth falls back to a default,
a photo without leaves it to the depth estimator.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np

from gen3d.camera import FOV_LIMIT_DEG, Camera
from gen3d.errors import InputError, ModelUnavailable
from gen3d.events import Intermediate, Notice, Progress, Stage, Started
from gen3d.formats.depth_names import Size
from gen3d.formats.picture import SMALLEST_SIDE_PX, Photo, read_photo
from gen3d.geometry.resample import reduce_picture, resample_depth
from gen3d.models.base import Models, Painted, TextToImage, painted_by
from gen3d.request import CHOICES, Request
from gen3d.settings import Settings
from gen3d.source.arrays import photo_of
from gen3d.source.framed import without_border
from gen3d.source.given_depth import settle_far
from gen3d.source.photo_depth import depth_given
from gen3d.stages.depth import DEFAULT_FOV_DEG
from gen3d.values import Source

LARGEST_SEED = 2**63 - 1


def read_source(request: Request, settings: Settings, models: Models) -> Stage[Source]:
    """The picture at `settings.size_px` or smaller, its depth (NaN unknown, inf sky) and camera where they are known.

    Raises InputError for what cannot be used, ModelUnavailable when a sentence is given and nobody can draw it.
    """
    yield Started("source")
    for fallen_back in models.notices:
        yield Notice(fallen_back)
    _check_request(request)
    if request.photo is None:
        return (yield from _painted(request, _artist(models), settings.size_px))
    photo = _photo(request.photo, settings.size_px)
    image, (width, height) = photo.image, photo.size
    yield from map(Notice, photo.told)
    camera = _camera(request, photo.focal_px, width, height)
    given, told = depth_given(request, photo)
    yield from map(Notice, filter(None, [told]))

    at_px, (full_width, full_height) = (0, 0), (width, height)
    if request.border == "cut" and (cut := without_border(image, (width, height), camera, given)):
        yield Notice(cut.told)
        image, camera, given, at_px = cut.image, cut.camera, cut.given, cut.at_px
        full_width, full_height = cut.size
    image = _reduced(image, settings.size_px, (full_width, full_height))
    height, width, _ = image.shape
    yield Intermediate("source", {"image": image, "photo_px": (full_width, full_height), "photo_at_px": at_px})
    camera = camera.resized(width, height) if camera else None
    depth = None
    if given is not None:
        depth, told = settle_far(given, resample_depth(given.depth, width, height))
        if not np.isfinite(depth).any():
            raise InputError(
                "Too few pixels have a depth: none is left when it is reduced.", "Give a denser depth map.", "depth"
            )
        yield from map(Notice, (*given.told, *filter(None, [told])))
        if camera is None:
            camera = Camera.from_fov(DEFAULT_FOV_DEG, width, height)
            yield Notice(
                f"The picture does not say how wide its lens sees, so {DEFAULT_FOV_DEG:.0f} degrees were taken. "
                "The field of view or the intrinsics give truer proportions."
            )
    return Source(image, depth, camera, request.prompt or None)


def _check_request(request: Request) -> None:
    """What can be known before a file is opened."""
    for field, choices in CHOICES.items():
        if (value := getattr(request, field)) not in choices:
            raise InputError(
                f"{str(value)[:40]!r} is no choice for the {field.replace('_', ' ')}.",
                f"Use one of {', '.join(choices)}.", field,
            )  # fmt: skip
    has_prompt = bool(request.prompt and request.prompt.strip())
    if request.photo is None and not has_prompt:
        raise InputError("There is neither a photo nor a sentence.", "Give one of them.", "photo")
    if request.photo is None and (request.depth is not None or request.intrinsics is not None):
        raise InputError("Depth and intrinsics belong to a photo, and there is none.", "Give the photo with them.")
    if request.seed < 0:
        raise InputError(f"The seed {request.seed} is negative.", "Give a whole number from 0 on.", "seed")
    if request.seed > LARGEST_SEED:
        raise InputError(f"The seed {request.seed} is too large.", f"Give at most {LARGEST_SEED}.", "seed")
    low, high = FOV_LIMIT_DEG
    if request.fov_deg is not None and not low <= request.fov_deg <= high:
        raise InputError(
            f"A field of view of {request.fov_deg:g} degrees is not possible.", f"Give one from {low:g} to {high:g}.",
            "fov_deg",
        )


def _photo(given: Path | np.ndarray, longest_px: int) -> Photo:
    return read_photo(given, longest_px) if isinstance(given, Path) else photo_of(given)


def _artist(models: Models) -> TextToImage:
    if models.text_to_image is None:
        raise ModelUnavailable(
            "No engine here can draw a sentence.", "Give a photo, or let the hub engine fetch its weights."
        )
    return models.text_to_image


def _painted(request: Request, artist: TextToImage, size_px: int) -> Stage[Source]:
    """A picture of 4:3 of the sentence, with what its artist knows of it."""
    width, height = size_px, round(size_px * 3 / 4)
    painting = painted_by(artist, request.prompt.strip(), width, height, request.seed, request.fov_deg)
    painted = yield from _told_of(painting)
    yield from map(Notice, filter(None, [painted.told]))
    image = _reduced(painted.image, size_px, (width, height))
    yield Intermediate("source", {"image": image, "photo_px": (width, height), "photo_at_px": (0, 0)})
    camera = painted.camera or Camera.from_fov(request.fov_deg or DEFAULT_FOV_DEG, width, height)
    return Source(image, painted.depth, camera, request.prompt, painted.things)


def _told_of(painting: Generator[float, None, Painted]) -> Stage[Painted]:
    """What is painted; how far it is, in per cent."""
    with closing(painting):
        while True:
            try:
                share = next(painting)
            except StopIteration as done:
                return done.value
            yield Progress("source", round(100 * share), 100)


def _reduced(image: np.ndarray, size_px: int, size: Size) -> np.ndarray:
    width, height = size
    image = reduce_picture(image, size_px)
    if min(image.shape[:2]) < SMALLEST_SIDE_PX:
        raise InputError(
            f"The picture has {width} x {height} pixels, which is too narrow a strip.", "Crop it to a squarer shape.",
            "photo",
        )
    return image


def _camera(request: Request, focal_px: float | None, width: int, height: int) -> Camera | None:
    """The lens as far as it is known, for the picture at its own size; focal_px: as EXIF tells it."""
    if request.intrinsics is not None:
        _check_intrinsics(request.intrinsics, width, height)
        return Camera.from_intrinsics(*request.intrinsics, width, height)
    if request.fov_deg is not None:
        return Camera.from_fov(request.fov_deg, width, height)
    if focal_px is None:
        return None
    return Camera.from_intrinsics(focal_px, focal_px, width / 2, height / 2, width, height)


def _check_intrinsics(intrinsics: tuple[float, float, float, float], width: int, height: int) -> None:
    fx, fy, cx, cy = intrinsics
    remedy = "Give fx, fy, cx, cy in pixels of the photo as displayed."
    if not all(math.isfinite(v) for v in intrinsics) or min(fx, fy) <= 0:
        raise InputError("The focal lengths are not positive numbers, or the principal point is no number.", remedy)
    widest_deg = 2 * math.degrees(math.atan(max(width / fx, height / fy) / 2))
    if not FOV_LIMIT_DEG[0] <= widest_deg <= FOV_LIMIT_DEG[1]:
        raise InputError(
            f"Focal lengths of {fx:g} and {fy:g} pixels make {width} x {height} pixels {widest_deg:.3g} degrees wide.",
            remedy,
        )
    if not (-width / 2 <= cx <= 1.5 * width and -height / 2 <= cy <= 1.5 * height):
        raise InputError(f"The principal point {cx:g}, {cy:g} is far outside {width} x {height} pixels.", remedy)
