"""Depth that a photo carries in itself, as portrait modes write it.

    GDepth           XMP: a PNG or JPEG in base64, near, far, RangeInverse or RangeLinear
    Dynamic Depth    XMP: the same numbers, and a directory of files that follow the JPEG
    MPF + Apple      a further grey picture, whose own XMP says that it is disparity or depth, from where to where
    HEIC             a depth picture beside the main one, with the range where an encoder told it

RangeInverse with v in 0..1 is z = near far / (far - v (far - near)), RangeLinear z = near + v (far - near), as the
formats define them. Whatever is broken in any of it costs the depth, never the photo.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from PIL import Image

from gen3d.formats.photo_xmp import Properties, xmp_of

LARGEST_PX = 50_000_000
MOST_PICTURES = 8
MOST_ITEMS = 16
FARTHEST_M = 1e5

_GDEPTH = "http://ns.google.com/photos/1.0/depthmap/"
_DYNAMIC = ("http://ns.google.com/photos/dd/1.0/depthmap/",)
_ITEM = ("http://ns.google.com/photos/dd/1.0/item/", "http://ns.google.com/photos/1.0/container/item/")
_APPLE = "http://ns.apple.com/pixeldatainfo/1.0/"
_MILLIMETRES = ("mm", "millimeters", "millimetres")
_DECODERS = ("PNG", "JPEG", "MPO", "WEBP")


@dataclass(frozen=True, eq=False, slots=True)
class OwnDepth:
    """A photo's own depth, as the photo is stored (before EXIF turns it)."""

    values: Float[np.ndarray, "h w"]
    """Metres, NaN unknown; or, of kind inverse, numbers that are large where it is near."""
    kind: Literal["metric", "inverse"]
    what: str
    """Its format and range, in words."""


def own_depth(path: Path, picture: Image.Image, properties: Properties) -> tuple[OwnDepth | None, str | None]:
    """The depth in a photo's file, or why what is there cannot be used; (None, None) where there is none.

    picture: opened from `path`; further pictures in it are visited, and the first is what it shows afterwards.
    """
    try:
        found = next(_found(path, picture, properties), None)
    except Exception as error:  # as many kinds of failure as there are writers
        return None, f"The photo carries depth of its own that cannot be read ({type(error).__name__}): it is not used."
    return found, None


def _found(path: Path, picture: Image.Image, properties: Properties) -> Iterator[OwnDepth]:
    data = properties.get(_GDEPTH, "Data")
    if data:
        yield _ranged(_decoded(base64.b64decode(data)), _range_of(properties, _GDEPTH), "GDepth")
    if properties.get(_DYNAMIC, "Format"):
        yield _ranged(_decoded(_item(path, properties)), _range_of(properties, _DYNAMIC), "Dynamic Depth")
    if picture.format == "MPO":
        yield from _further(picture)
    if picture.format == "HEIF":
        yield from map(_of_heif, picture.info.get("depth_images", [])[:1])


@dataclass(frozen=True, slots=True)
class _Range:
    """Where values from 0 to 1 lie; NaN where it is not told."""

    near_m: float
    far_m: float
    inverse: bool

    @property
    def is_known(self) -> bool:
        return 0 < self.near_m < self.far_m <= FARTHEST_M


def _range_of(properties: Properties, space: str | tuple[str, ...]) -> _Range:
    units = (properties.get(space, "Units") or "m").strip().lower()
    metres = 0.001 if units in _MILLIMETRES else 1.0 if units in ("m", "meters", "metres") else math.nan
    form = (properties.get(space, "Format") or "RangeInverse").strip().lower()
    near, far = (properties.number(space, name) * metres for name in ("Near", "Far"))
    return _Range(near, far, form != "rangelinear")


def _ranged(v: np.ndarray, where: _Range, what: str) -> OwnDepth:
    """From values that go from 0, near, to 1, far; relative where it is not told how far that is."""
    if not where.is_known:
        return OwnDepth((1 - v).astype(np.float32), "inverse", f"{what}, relative")
    near, far = where.near_m, where.far_m
    depth = near * far / (far - v * (far - near)) if where.inverse else near + v * (far - near)
    return OwnDepth(depth.astype(np.float32), "metric", f"{what}, {near:.3g} to {far:.3g} m")


def _decoded(content: bytes) -> np.ndarray:
    """A small picture's first channel from 0 to 1."""
    with Image.open(io.BytesIO(content), formats=[f for f in _DECODERS if f in Image.OPEN]) as picture:
        return _grey(picture)


def _grey(picture: Image.Image) -> np.ndarray:
    if picture.width * picture.height > LARGEST_PX:
        raise ValueError("a depth picture larger than photos are")
    values = np.asarray(picture if picture.mode.startswith("I;16") else picture.convert("RGB").getchannel(0))
    return values.astype(np.float32) / np.iinfo(values.dtype).max


def _item(path: Path, properties: Properties) -> bytes:
    """The depth's file among those that follow the JPEG: they end with the file, in the order of the directory."""
    lengths = [int(n) for n in properties.all(_ITEM, "Length")][:MOST_ITEMS]
    names = [n.lower() for n in properties.all(_ITEM, "DataURI") or properties.all(_ITEM, "Semantic")][:MOST_ITEMS]
    told = len(names) - len(lengths)  # the photo itself comes first, and need not say how long it is
    lengths = [0] * max(told, 0) + lengths
    index = next(i for i, name in enumerate(names) if "depth" in name)
    if index == 0 or min(lengths) < 0:
        raise ValueError("a directory without the depth's place")
    after = sum(lengths[index + 1 :])
    with path.open("rb") as file:
        start = path.stat().st_size - after - lengths[index]
        if start <= 0 or lengths[index] <= 0:
            raise ValueError("a directory longer than its file")
        file.seek(start)
        return file.read(lengths[index])


def _further(picture: Image.Image) -> Iterator[OwnDepth]:
    """Depth among the further pictures of a JPEG, by what their own XMP says."""
    try:
        for number in range(1, min(getattr(picture, "n_frames", 1), MOST_PICTURES)):
            picture.seek(number)
            own = xmp_of(_alone(picture))
            kind = (own.get(_APPLE, "AuxiliaryImageType") or "").lower()
            if kind in ("disparity", "depth"):
                low, high = (own.number(_APPLE, name) for name in ("FloatMinValue", "FloatMaxValue"))
                yield _between(_grey(picture), low, high, kind, "a further picture of the JPEG")
    finally:
        picture.seek(0)


def _alone(picture: Image.Image) -> Image.Image:
    """A further picture opened for itself, since Pillow keeps the first one's XMP."""
    picture.fp.seek(picture.offset)
    return Image.open(io.BytesIO(picture.fp.read()), formats=["JPEG"])


def _between(v: np.ndarray, low: float, high: float, kind: str, what: str) -> OwnDepth:
    """From values of 0 to 1 that go from low to high: 1 / metres of a disparity, metres of a depth."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return OwnDepth((v if kind == "disparity" else 1 - v).astype(np.float32), "inverse", f"{what}, relative")
    values = low + v * (high - low)
    with np.errstate(divide="ignore"):
        depth = np.where(values > 0, 1 / values if kind == "disparity" else values, np.nan)
    return OwnDepth(depth.astype(np.float32), "metric", what)


def _of_heif(image: object) -> OwnDepth:
    """By HEIF's depth representation: 0 is 1 / z, 2 is z, from z_near to z_far; the others are relative disparities."""
    told = (image.info or {}).get("metadata") or {}
    v, near, far = _grey(image.to_pillow()), *(float(told.get(name) or math.nan) for name in ("z_near", "z_far"))
    form = int(told.get("representation_type") or 0)
    if form == 2:
        return _ranged(v, _Range(near, far, inverse=False), "depth of the HEIC")
    return _ranged(1 - v, _Range(near if form == 0 else math.nan, far, inverse=True), "depth of the HEIC")
