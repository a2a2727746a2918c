"""Stereo and VR180 as .mp4: videos that say how they are to be shown.

In the description of the samples stand the boxes of Google's Spherical Video V2 RFC: `st3d` (which eye is where), and
for VR180 `sv3d` (where on the sphere the picture lies: equirectangular, a quarter cut off at the left and at the
right).
"""

from __future__ import annotations

import struct
from contextlib import ExitStack
from pathlib import Path

from gen3d.formats.video import VideoWriter

LEFT_RIGHT = 2
"""The left eye's picture is the left half."""
QUARTER = 0x3FFFFFFF
"""Of the circle, in parts of 2^32, as cameras of VR180 write it."""
SOURCE = b"Gen3D\0"
_INSIDE = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8, b"avc1": 78}
"""Boxes on the way to the description, and so many bytes in each before its first box."""
_OFFSETS = {b"stco": ">I", b"co64": ">Q"}
"""Tables of where the samples lie."""


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _full(kind: bytes, content: bytes) -> bytes:
    """A box with a version and flags, both 0."""
    return _box(kind, bytes(4) + content)


STEREO = _full(b"st3d", bytes([LEFT_RIGHT]))
HALF_SPHERE = _box(
    b"sv3d",
    _full(b"svhd", SOURCE)
    + _box(b"proj", _full(b"prhd", bytes(12)) + _full(b"equi", struct.pack(">IIII", 0, 0, QUARTER, QUARTER))),
)


class SideBySideWriter(VideoWriter):
    """A video whose left half is the left eye's."""

    boxes = STEREO

    def _also(self, stack: ExitStack, temporary: Path) -> None:
        stack.push(lambda kind, *_: describe(temporary, self.boxes) if kind is None else None)


class HalfSphereWriter(SideBySideWriter):
    """VR180: each half is a square, half a sphere as one eye sees it."""

    boxes = STEREO + HALF_SPHERE


def describe(file: Path, boxes: bytes) -> None:
    """Puts boxes into the description of an .mp4 whose index stands in front, as `VideoWriter` leaves it."""
    content = file.read_bytes()
    index = content.index(b"moov") - 4
    size = struct.unpack_from(">I", content, index)[0]
    grown = _grown(content[index : index + size], boxes)
    file.write_bytes(content[:index] + grown + content[index + size :])


def _grown(box: bytes, boxes: bytes) -> bytes:
    """A box with those inside it changed: the description longer, and all samples so much later in the file."""
    kind = box[4:8]
    if kind in _OFFSETS:
        return box[:16] + _moved(box[16:], _OFFSETS[kind], len(boxes))
    if kind not in _INSIDE:
        return box
    first = 8 + _INSIDE[kind]
    inner = b"".join(_grown(one, boxes) for one in _boxes(box, first)) + (boxes if kind == b"avc1" else b"")
    return _box(kind, box[8:first] + inner)


def _boxes(box: bytes, at: int) -> list[bytes]:
    found = []
    while at < len(box):
        size = struct.unpack_from(">I", box, at)[0]
        found.append(box[at : at + size])
        at += size
    return found


def _moved(table: bytes, form: str, by: int) -> bytes:
    return b"".join(struct.pack(form, place + by) for (place,) in struct.iter_unpack(form, table))
