"""What a caller of the face gives, as a `Request`: paths of any kind, arrays, pictures of Pillow's."""

from __future__ import annotations

import math
import operator
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
from gen3d.stages.words import parse_prompt

FILES = ("photo", "depth")
"""Fields of `Request` that may be strings when people write one."""


def request_of(photo: Any, asked: Mapping[str, Any]) -> Request:
    """The request for a photo and the other fields; InputError for what is no photo, no depth or no number.

    A picture of Pillow's is taken as it is displayed, with the lens that its EXIF tells where none is given. What is
    asked for as None is left as it is.
    """
    asked = {field: _as_asked(field, value) for field, value in asked.items() if value is not None}
    if isinstance(photo, Request):
        files = {field: _given(field, file) for field in FILES if (file := getattr(photo, field)) is not None}
        return replace(photo, **(files | asked))
    if isinstance(photo, Image.Image) and not asked.keys() & {"fov_deg", "intrinsics"}:
        asked["fov_deg"] = _fov_deg(photo)
    pixels = pixels_of(photo) if isinstance(photo, Image.Image) else photo
    return Request(None if pixels is None else _given("photo", pixels), **asked)


def _as_asked(field: str, value: Any) -> Any:
    """As `Request` has it, of whatever means the same in Python."""
    match field:
        case "depth":
            return _given(field, np.asarray(value) if isinstance(value, Image.Image) else value)
        case "fov_deg" | "depth_scale":
            return _number(field, value)
        case "intrinsics":
            return _four_numbers(value)
        case "seed":
            return _whole_number(field, value)
        case "path":
            return os.fspath(value)
        case "prompts":
            pairs = value.items() if isinstance(value, Mapping) else value
            return tuple(parse_prompt(f"{where}={words}") for where, words in pairs)
    return value


def _given(field: str, what: Any) -> Path | np.ndarray:
    if isinstance(what, np.ndarray):
        return what
    if isinstance(what, str | os.PathLike):
        return Path(what)
    raise InputError(
        f"The {field} is {type(what).__name__}, which is neither a path nor pixels.",
        "Give the name of a file, a numpy array, or a picture of Pillow's.",
        field,
    )


def _number(field: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{field} is {value!r}, which is no number.", "Give a number.", field) from None


def _whole_number(field: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise InputError(f"{field} is {value!r}, which is no whole number.", "Give one from 0 on.", field) from None


def _four_numbers(value: Any) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy, or K."""
    K = np.asarray(value)
    numbers = (K[0, 0], K[1, 1], K[0, 2], K[1, 2]) if K.shape == (3, 3) else K
    if np.shape(numbers) != (4,):
        raise InputError("The intrinsics are not four numbers.", "Give fx, fy, cx, cy in pixels, or K.", "intrinsics")
    fx, fy, cx, cy = (_number("intrinsics", number) for number in numbers)
    return fx, fy, cx, cy


def _fov_deg(picture: Image.Image) -> float | None:
    """Along the longer side, by EXIF's focal length."""
    focal = focal_of(picture)
    return None if focal is None else math.degrees(2 * math.atan(max(picture.size) / 2 / focal))
