"""The depth of an EXR: of all its parts and layers, placed in the display window.

A channel is called PART.LAYER.CHANNEL here, as far as it has them. Three channels R, G and B are a picture, unless all
are alike, or G and B are 0: then R is a map. X, Y and Z together are a vector. What the data window leaves of the
display window is unknown, what it holds beyond is cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR

from gen3d.errors import InputError
from gen3d.formats.depth_names import Offered, Size, choose

FLAT = (OpenEXR.scanlineimage, OpenEXR.tiledimage)
MapCheck = Callable[[Path, tuple[int, ...], np.dtype, int], None]
"""Raises InputError for a file, a shape and a type that are no map, or too large for so many channels."""

_REMEDY = "Give depth as a 16-bit grey PNG, .npy, .npz, TIFF or EXR."


def read_exr(
    path: Path, check: MapCheck, channel: str | None, sizes: Sequence[Size]
) -> tuple[np.ndarray, str, str | None]:
    """The map, what it is called, and what is doubtful about it."""
    flat = _flat_parts(path, check)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        several = len(file.parts) > 1
        channels = {
            f"{file.parts[i].name()}.{name}" if several else name: (file.parts[i].header, held.pixels)
            for i in flat
            for name, held in file.parts[i].channels.items()
        }
        maps = _maps({name: pixels for name, (_, pixels) in channels.items()})
        offered = {name: _offered(name, header) for name, (header, _) in channels.items()}
        besides = [o for name, o in offered.items() if name not in maps]
        chosen, doubt = choose(path.name, [offered[name] for name in maps], channel, sizes, besides)
        return _placed(path, chosen.name, *channels[chosen.name], sizes), chosen.name, doubt


def _flat_parts(path: Path, check: MapCheck) -> list[int]:
    """Which parts hold one sample per pixel; all that will be decoded is checked here, on the headers."""
    with OpenEXR.File(str(path), header_only=True) as file:
        headers = [dict(part.header) for part in file.parts]  # they are emptied with the file
    flat = [i for i, header in enumerate(headers) if header.get("type", FLAT[0]) in FLAT]
    if not flat:
        raise InputError(f"{path.name} holds deep samples, not one depth per pixel.", _REMEDY)
    count = sum(len(header["channels"]) for header in headers)
    for i in flat:
        for window in ("dataWindow", "displayWindow"):
            check(path, _shape(headers[i][window]), np.dtype(np.float32), count if window == "dataWindow" else 1)
    return flat


def _maps(channels: dict[str, np.ndarray]) -> list[str]:
    """The channels that are numbers of their own, not a picture's colours or a vector's axes."""
    layers: dict[str, dict[str, str]] = {}
    for name in channels:
        layer, _, last = name.rpartition(".")
        layers.setdefault(layer, {})[last.upper()] = name
    left_out: set[str] = set()
    for layer in layers.values():
        if {"R", "G", "B"} <= set(layer):
            r, g, b = (channels[layer[c]] for c in "RGB")
            left_out |= {layer[c] for c in ("GB" if _is_one_map(r, g, b) else "RGB")}
        if {"X", "Y", "Z"} <= set(layer):
            left_out |= {layer[c] for c in "XYZ"}
    return [name for name in channels if name not in left_out]


def _is_one_map(r: np.ndarray, g: np.ndarray, b: np.ndarray) -> bool:
    """Whether three channels hold one: thrice, or in the first."""
    if not (r.shape == g.shape == b.shape):
        return False
    thrice = np.array_equal(r, g, equal_nan=True) and np.array_equal(r, b, equal_nan=True)
    return thrice or not (g.any() or b.any())


def _offered(name: str, header: dict[str, Any]) -> Offered:
    rows, columns = _shape(header["displayWindow"])
    return Offered(name, columns, rows)


def _shape(window: tuple[np.ndarray, np.ndarray]) -> tuple[int, int]:
    """Height and width of a window, which includes both its corners."""
    (left, top), (right, bottom) = window
    return int(bottom) - int(top) + 1, int(right) - int(left) + 1


def _placed(
    path: Path, name: str, header: dict[str, Any], pixels: np.ndarray, sizes: Sequence[Size]
) -> np.ndarray:
    """A channel as the display window shows it; as it lies where a picture has just the data window's pixels."""
    data, display = header["dataWindow"], header["displayWindow"]
    if pixels.shape != _shape(data):
        raise InputError(f"The channel {name} of {path.name} does not cover every pixel.", _REMEDY)
    shown = _shape(display)
    cropped_too = pixels.shape[::-1] in sizes and shown[::-1] not in sizes
    top, left = (int(data[0][axis]) - int(display[0][axis]) for axis in (1, 0))
    if cropped_too or ((top, left) == (0, 0) and shown == pixels.shape):
        return pixels
    placed = np.zeros(shown, pixels.dtype)  # 0 is unknown
    inside = placed[max(top, 0) : max(top + pixels.shape[0], 0), max(left, 0) : max(left + pixels.shape[1], 0)]
    if not inside.size:
        raise InputError(f"The data window of {path.name} lies outside of its display window.", _REMEDY)
    first_row, first_column = max(-top, 0), max(-left, 0)
    inside[:] = pixels[first_row : first_row + inside.shape[0], first_column : first_column + inside.shape[1]]
    return placed
