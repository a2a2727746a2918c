"""Photos and depth maps that are in memory already, as arrays: taken as their files would be, in the same bounds."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gen3d.errors import InputError
from gen3d.formats.depth_file import StoredDepth
from gen3d.formats.depth_names import Offered, choose
from gen3d.formats.photo_file import LARGEST_PX, SMALLEST_SIDE_PX
from gen3d.formats.picture import Photo
from gen3d.request import called

DEPTH_NAME = "the depth array"
"""It has no name that could say what it holds."""


def photo_of(given: np.ndarray) -> Photo:
    """The photo in an array; InputError for what is no picture."""
    image = _pixels(given)
    height, width, _ = image.shape
    return Photo(image, (width, height), (width, height))


def stored_of(given: np.ndarray, channel: str | None = None) -> StoredDepth:
    """The depth map in an array, as a file would hold it; InputError for what is none, or has no such channel."""
    depth = np.squeeze(given) if given.ndim > 2 else given
    if depth.ndim != 2 or depth.dtype.kind not in "fiu" or depth.size == 0:
        raise InputError(
            f"The depth is {called(given)}, {given.dtype}, which is not one number per pixel.",
            "Give metres as floats, or whole numbers with their depth scale, height x width.",
            "depth",
        )
    _check_size(depth, "depth")
    choose(DEPTH_NAME, [Offered("", *depth.shape[::-1])], channel)
    return StoredDepth(depth, DEPTH_NAME)


def _pixels(given: np.ndarray) -> Float[np.ndarray, "h w 3"]:
    """Float32 in [0, 1], grey in three channels, alpha on white."""
    pixels = given[..., None] if given.ndim == 2 else given
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise InputError(f"The photo is {called(given)}, which is no picture.", "Give height x width x 3.", "photo")
    if min(pixels.shape[:2]) < SMALLEST_SIDE_PX:
        what = f"The photo has only {pixels.shape[1]} x {pixels.shape[0]} pixels."
        raise InputError(what, f"Give a photo of at least {SMALLEST_SIDE_PX} pixels a side.", "photo")
    _check_size(pixels, "photo")
    image = _floats(pixels)
    if image.shape[2] == 4:
        image = image[..., :3] * image[..., 3:] + (1 - image[..., 3:])
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image


def _floats(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    remedy = "Give uint8, uint16, or floats from 0 to 1."
    if pixels.dtype.kind != "f":
        raise InputError(f"The photo is an array of {pixels.dtype}.", remedy, "photo")
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # so it is of NaN, too
        raise InputError(f"The photo's values go from {pixels.min():g} to {pixels.max():g}.", remedy, "photo")
    return pixels.astype(np.float32)


def _check_size(given: np.ndarray, field: str) -> None:
    height, width = given.shape[:2]
    if height * width > LARGEST_PX:
        what = f"The {field} has more than {LARGEST_PX // 10**6} million pixels."
        raise InputError(what, "Reduce it and try again.", field)
