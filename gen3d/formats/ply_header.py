"""The header of a .ply: what elements follow, of which properties, and what its comments say of how to draw them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from gen3d.errors import InputError

REMEDY = "Give a .ply of 3D Gaussians, as gen3d writes it."
ANTIALIASED = "SplatRenderMode: mip"
"""The comment that Brush writes, and others read."""
_LINES = 2000
_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
_MODE = re.compile(
    r"(render|raster)[a-z]*[ _]?mode\W+(mip|anti[-_ ]?alias)|anti[-_ ]?alias(ed|ing)?\b(?!\W+(0|false|no|off|none)\b)",
    re.IGNORECASE,
)


class Element(NamedTuple):
    """A part of the file."""

    name: str
    count: int
    properties: list[tuple[str, str]]
    """(name, type), "list" for those of any length."""


class Header(NamedTuple):
    """What a file says of itself."""

    order: str
    """"<" or ">" of numbers in binary, or "text"."""
    elements: list[Element]
    comments: list[str]

    @property
    def antialiased(self) -> bool:
        """Whether a comment says that the Gaussians are to be drawn so."""
        return any(_MODE.search(comment) for comment in self.comments)


def read_header(path: Path, file: BinaryIO) -> Header:
    """Leaves the file at the header's end; InputError where there is no whole one."""
    if file.readline(16).strip() != b"ply":
        raise InputError(f"{path.name} is not a .ply file.", REMEDY)
    order, elements, comments = "", [], []
    for _ in range(_LINES):
        match file.readline(1024).decode("ascii", "replace").split():
            case ["format", kind, *_]:
                order = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "text"}[kind]
            case ["comment" | "obj_info", *words]:
                comments.append(" ".join(words))
            case ["element", name, count]:
                elements.append(Element(name, int(count), []))
            case ["property", "list", *_, name]:
                elements[-1].properties.append((name, "list"))
            case ["property", kind, name]:
                elements[-1].properties.append((name, kind))
            case ["end_header"]:
                if not order or any(element.count < 0 for element in elements):
                    break
                return Header(order, elements, comments)
    raise InputError(f"{path.name} has no whole .ply header.", REMEDY)


def row_of(order: str, element: Element) -> np.dtype:
    """One entry of an element in binary."""
    return np.dtype([(name, order + _TYPES[kind]) for name, kind in element.properties])
