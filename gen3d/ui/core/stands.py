"""How a visitor wants the files of a scene to stand: in which axes, level or not, and how large."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import astuple, dataclass
from typing import Any

from gen3d.axes import AXES, AXES_NAMES
from gen3d.errors import InputError
from gen3d.ui.core.parse import Number

LATER: dict[str, Any] = {"axes": "", "level": False, "scale": 1, "pixels": "", "metres": 0}
"""What /more_files took on later -> the value for calls that do not know it."""
LARGEST_SCALE = 1e6
_PIXEL = re.compile(r"\d+(?:\.\d+)?,\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Stands:
    """What was asked of it."""

    axes: str = ""
    """A name of `axes.py`, or "" for those of each format."""
    level: bool = False
    scale: float = 1.0
    measured: str = ""
    """Two pixels of the photo at the size that the scene was made at, and metres: U,V:U,V=METRES, or ""."""

    @property
    def folder(self) -> str:
        """Where such files lie among a scene's others: "" where nothing was asked."""
        return "" if self == AS_MADE else hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:8]


AS_MADE = Stands()


def stands_of(axes: str, level: bool, scale: Number | None, pixels: str, metres: Number | None) -> Stands:
    """Raises InputError, naming the input, for what is none of it."""
    if axes and axes not in AXES_NAMES:
        raise InputError(f"There are no axes {axes[:40]!r}.", f"Use one of {', '.join(AXES_NAMES)}.", "axes")
    if scale is None or not 1 / LARGEST_SCALE <= scale <= LARGEST_SCALE:
        raise InputError("All lengths cannot be multiplied by that.", "Give a factor above 0, as 1.5.", "scale")
    return Stands(axes, level, float(scale), _measured(pixels.replace(" ", ""), metres))


def clicked(pixels: str, x: Number, y: Number) -> str:
    """The pixels after another click: the first and second of a pair, and then a new first."""
    place, known = f"{x:g},{y:g}", pixels.strip().split(":")
    return f"{known[0]}:{place}" if len(known) == 2 and not known[1] and known[0] else f"{place}:"


def choices() -> list[tuple[str, str]]:
    """(words, name) of the axes one may choose."""
    told = [(f"{row.name}: {row.words}, {row.unit}", row.name) for row in AXES.values()]
    return [("as each format has them", ""), *told]


def _measured(pixels: str, metres: Number | None) -> str:
    if not pixels.strip(":") and not metres:
        return ""
    ends = pixels.split(":")
    if len(ends) != 2 or not all(map(_PIXEL.fullmatch, ends)):
        raise InputError("Two points are needed to measure between.", "Click two points of the photo.", "pixels")
    if not metres or not 0 < metres < math.inf:
        raise InputError("It is not said how far the two points are apart.", "Give it in metres.", "metres")
    return f"{pixels}={metres:f}"
