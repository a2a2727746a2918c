"""What a caller of the face gives, as a `Request`: paths of any kind, arrays, pictures of Pillow's."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.picture import focal_of, pixels_of
from gen3d.request import Request


def request_of(photo: Any, asked: Mapping[str, Any]) -> Request:
    """The request for a photo and the other fields; InputError for what is no photo or no depth.

    A picture of Pillow's is taken as it is displayed, with the lens that its EXIF tells where none is given.
    """
    if isinstance(photo, Request):
        return replace(photo, **asked)
    asked = dict(asked)
    if isinstance(photo, Image.Image):
        if asked.get("fov_deg") is None and asked.get("intrinsics") is None:
            asked["fov_deg"] = _fov_deg(photo)
        photo = pixels_of(photo)
    depth = asked.pop("depth", None)
    depth = np.asarray(depth) if isinstance(depth, Image.Image) else depth
    return Request(_given(photo, "photo"), depth=_given(depth, "depth"), **asked)


def _given(what: Any, field: str) -> Path | np.ndarray | None:
    if what is None or isinstance(what, np.ndarray):
        return what
    if isinstance(what, str | os.PathLike):
        return Path(what)
    raise InputError(
        f"The {field} is {type(what).__name__}, which is neither a path nor pixels.",
        "Give the name of a file, a numpy array, or a picture of Pillow's.",
        field,
    )


def _fov_deg(picture: Image.Image) -> float | None:
    """Along the longer side, by EXIF's focal length."""
    focal = focal_of(picture)
    return None if focal is None else math.degrees(2 * math.atan(max(picture.size) / 2 / focal))
