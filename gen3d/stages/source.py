"""What is asked for becomes a picture to work on: read or drawn, reduced, with its depth and lens where they are known.

The lens comes from the first that tells: intrinsics, a field of view, EXIF; a photo with depth falls back to a default,
a photo without leaves it to the depth estimator.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from gen3d.camera import FOV_LIMIT_DEG, Camera
from gen3d.errors import InputError, ModelUnavailable
from gen3d.events import Intermediate, Notice, Stage, Started
from gen3d.formats.depth_file import read_depth
from gen3d.formats.picture import SMALLEST_SIDE_PX, focal_px, read_picture
from gen3d.geometry.resample import reduce_picture, resample_depth
from gen3d.models.base import Models, TextToImage
from gen3d.request import Request
from gen3d.settings import Settings
from gen3d.stages.depth import DEFAULT_FOV_DEG
from gen3d.values import Source

ASPECT_TOLERANCE = 0.02
"""Depth may differ so much in its sides' ratio from the picture (cropping to multiples of 8 or 14 explains no more)."""
USUAL_DEPTH_M = (0.05, 1000.0)
"""A median outside hints at a wrong scale."""


def read_source(request: Request, settings: Settings, models: Models) -> Stage[Source]:
    """The picture at `settings.size_px` or smaller, its depth (NaN unknown, inf sky) and camera where they are known.

    Raises InputError for what cannot be used, ModelUnavailable when a sentence is given and nobody can draw it.
    """
    yield Started("source")
    for fallen_back in models.notices:
        yield Notice(fallen_back)
    _check_request(request)
    if request.photo is None:
        image = _drawn(request.prompt or "", _artist(models), settings.size_px, request.seed)
    else:
        image = read_picture(request.photo)
    height, width, _ = image.shape
    camera = _camera(request, width, height)
    if request.photo is None and camera is None:  # nobody took this picture
        camera = Camera.from_fov(DEFAULT_FOV_DEG, width, height)
    depth = None if request.depth is None else _depth(request.depth, request.depth_scale, width, height)

    image = _reduced(image, settings.size_px)
    height, width, _ = image.shape
    yield Intermediate("source", {"image": image})
    camera = camera.resized(width, height) if camera else None
    if depth is not None:
        depth = resample_depth(depth, width, height)
        median_m = _median(depth)
        if camera is None:
            camera = Camera.from_fov(DEFAULT_FOV_DEG, width, height)
            yield Notice(
                f"The picture does not say how wide its lens sees, so {DEFAULT_FOV_DEG:.0f} degrees were taken. "
                "The field of view or the intrinsics give truer proportions."
            )
        if not USUAL_DEPTH_M[0] <= median_m <= USUAL_DEPTH_M[1]:
            yield Notice(f"Half of the depth is nearer than {median_m:.3g} m: if that is wrong, so is the depth scale.")
    return Source(image, depth, camera, request.prompt or None)


def _check_request(request: Request) -> None:
    """What can be known before a file is opened."""
    has_prompt = bool(request.prompt and request.prompt.strip())
    if request.photo is None and not has_prompt:
        raise InputError("There is neither a photo nor a sentence.", "Give one of them.", "photo")
    if request.photo is None and (request.depth is not None or request.intrinsics is not None):
        raise InputError("Depth and intrinsics belong to a photo, and there is none.", "Give the photo with them.")
    if request.seed < 0:
        raise InputError(f"The seed {request.seed} is negative.", "Give a whole number from 0 on.", "seed")
    low, high = FOV_LIMIT_DEG
    if request.fov_deg is not None and not low <= request.fov_deg <= high:
        raise InputError(
            f"A field of view of {request.fov_deg:g} degrees is not possible.", f"Give one from {low:g} to {high:g}.",
            "fov_deg",
        )


def _artist(models: Models) -> TextToImage:
    if models.text_to_image is None:
        raise ModelUnavailable(
            "No engine here can draw a sentence.", "Give a photo, or let the hub engine fetch its weights."
        )
    return models.text_to_image


def _drawn(prompt: str, artist: TextToImage, size_px: int, seed: int) -> np.ndarray:
    """A picture of 4:3."""
    return artist.draw(prompt.strip(), size_px, round(size_px * 3 / 4), seed)


def _reduced(image: np.ndarray, size_px: int) -> np.ndarray:
    height, width, _ = image.shape
    image = reduce_picture(image, size_px)
    if min(image.shape[:2]) < SMALLEST_SIDE_PX:
        raise InputError(
            f"The picture has {width} x {height} pixels, which is too narrow a strip.", "Crop it to a squarer shape.",
            "photo",
        )
    return image


def _camera(request: Request, width: int, height: int) -> Camera | None:
    """The lens as far as it is known, for the picture at its own size."""
    if request.intrinsics is not None:
        _check_intrinsics(request.intrinsics, width, height)
        return Camera.from_intrinsics(*request.intrinsics, width, height)
    if request.fov_deg is not None:
        return Camera.from_fov(request.fov_deg, width, height)
    focal = focal_px(request.photo, width, height) if request.photo else None
    return Camera.from_intrinsics(focal, focal, width / 2, height / 2, width, height) if focal else None


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


def _depth(path: Path, scale: float, width: int, height: int) -> np.ndarray:
    """Depth at its own size, once it is known to fit a picture of this size."""
    depth = read_depth(path, scale)
    rows, columns = depth.shape
    if abs(math.log((columns / rows) / (width / height))) > ASPECT_TOLERANCE:
        turned = " It seems to lie on its side." if abs(math.log(rows / columns * height / width)) < 0.02 else ""
        raise InputError(
            f"The depth has {columns} x {rows} pixels and the photo as displayed {width} x {height}.{turned}",
            "Give depth that covers the same view.",
            "depth",
        )
    return depth


def _median(depth: np.ndarray) -> float:
    known = depth[np.isfinite(depth)]
    if len(known) == 0:
        raise InputError("Too few pixels have a depth: none is left when it is reduced.", "Give a denser depth map.")
    return float(np.median(known))
