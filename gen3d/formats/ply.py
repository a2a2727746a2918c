"""3D Gaussians as .ply, in the layout of the INRIA reference implementation that every viewer reads.

Per Gaussian, float32: x y z, nx ny nz (zero), f_dc_0..2, f_rest_* (channel-major: all of red, then green, then blue),
opacity (logit), scale_0..2 (log), rot_0..3 (wxyz); and, where it is known, gen3d_kind: a `Kind` of `gen3d.values`,
which other programs pass over, as a float as well, since some take every property for one. Binary, little endian; world
and axes as in `gen3d.camera`. What is written comes back within the rounding of float32, but for opacities, which stay
1e-6 away from 0 and 1.

Others write more, or less, and mean it. What is understood when reading:

    double x y z        kept as exactly as they are (`stored.py`); written so for a scene that lies far off
    red green blue      the colours, where f_dc_* is missing (nerfstudio)
    no scale_2          flat Gaussians, of 2DGS; with neither scale_1 nor scale_2, round ones
    f_rest_* above 44   degrees above 3 are cut off
    filter_3D           Mip-Splatting's 3D smoothing filter, by which every Gaussian is widened and dimmed
    SplatRenderMode     "comment SplatRenderMode: mip": to be drawn antialiased
    anything else       passed over, with a notice that names it
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.ply_header import ANTIALIASED, REMEDY, Element, Header, read_header, row_of
from gen3d.formats.ply_meaning import DC, KIND, QUATS, SCALES, XYZ, check_properties, understood
from gen3d.formats.stored import MOST, NEAR, PLAIN, Origin, StoredScene, Writing, check_count
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.splat.gaussians import Gaussians

LARGEST_BYTES = 4096 * MB
LARGEST_TEXT_BYTES = 256 * MB
"""Of a .ply in text form, which is slow to read."""
_SMALLEST_OPACITY = 1e-6
"""Opacities stay this far from 0 and 1, where the logit is infinite."""
_SMALLEST_SCALE_M = 1e-20


def write_ply(path: Path, gaussians: Gaussians, antialiased: bool = False, origin: Origin = NEAR) -> None:
    """Writes the Gaussians in their order; the same Gaussians give the same bytes.

    antialiased: said in a comment. origin: added to all means, which are then written as doubles. Raises EmptyWorld
    when there are none, ValueError when a value is not finite.
    """
    if len(gaussians) == 0:
        raise EmptyWorld("The scene holds no Gaussians, so there is nothing to write.", "Try another photo.")
    rows = _rows(gaussians)
    if not np.isfinite(rows).all():
        raise ValueError("Gaussians hold values that are not finite")
    kind = () if gaussians.kinds is None else (KIND,)
    rest = rows.shape[1] - 17 - len(kind)
    names = [*XYZ, "nx", "ny", "nz", *DC, *(f"f_rest_{i}" for i in range(rest)), "opacity", *SCALES, *QUATS, *kind]
    xyz = "float" if origin == NEAR else "double"
    properties = "".join(f"property {xyz if name in XYZ else 'float'} {name}\n" for name in names)
    comment = f"comment {ANTIALIASED}\n" if antialiased else ""
    header = f"ply\nformat binary_little_endian 1.0\n{comment}element vertex {len(rows)}\n{properties}end_header\n"
    with write_whole(path) as temporary, temporary.open("wb") as file:
        file.write(header.encode("ascii"))
        (rows if origin == NEAR else _far_rows(rows, origin)).tofile(file)


def store_ply(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene as it was read, and tells what not everybody reads of it. Raises as `write_ply` does."""
    write_ply(path, scene.gaussians, scene.antialiased, scene.origin)
    far = ("The scene lies so far from its origin that x, y, z are doubles; programs that read only floats need it "
           "with --centred.")  # fmt: skip
    return () if scene.origin == NEAR else (far,)


def read_ply(path: Path, most: int = MOST) -> Gaussians:
    """The Gaussians of a file where it has them, in float32, and nothing else that it says: for scenes made here."""
    return open_ply(path, most).in_place


def open_ply(path: Path, most: int = MOST) -> StoredScene:
    """What a file holds, spherical harmonics of degree 0 to 3; the properties may come in any order.

    Binary of either byte order, by memory map, or text. Gaussians that nobody could draw (a value that is not finite, a
    rotation of length zero) are left out. Raises InputError for what is not a whole file of this kind or holds more
    than `most` Gaussians, EmptyWorld for one without any.
    """
    size = check_file(path, LARGEST_BYTES, REMEDY)
    with refusing(f"{path.name} is not a .ply file that can be read.", REMEDY):
        with path.open("rb") as file:
            header = read_header(path, file)
            columns = _columns(path, file, header, size, most)
        scene = understood(path, header, columns)
    if len(scene.gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    return scene


def _rows(gaussians: Gaussians) -> np.ndarray:
    """One row of float32 a Gaussian, `n 17+3(k-1)`, one more with its kind, in the order of the header."""
    g = gaussians.detached()
    n = len(g)
    opacity = g.opacities.double().clamp(_SMALLEST_OPACITY, 1 - _SMALLEST_OPACITY)
    columns = (
        g.means,
        torch.zeros(n, 3),
        g.sh[:, 0],
        g.sh[:, 1:].transpose(1, 2).reshape(n, -1),
        torch.logit(opacity)[:, None],
        torch.log(g.scales.double().clamp(min=_SMALLEST_SCALE_M)),
        g.quats,
        *(() if g.kinds is None else (g.kinds.float()[:, None],)),
    )
    return np.concatenate([c.cpu().numpy().astype("<f4") for c in columns], axis=1)


def _far_rows(rows: np.ndarray, origin: Origin) -> np.ndarray:
    """The same rows with their first three numbers as doubles, the origin added."""
    far = np.empty(len(rows), [("xyz", "<f8", 3), ("rest", "<f4", rows.shape[1] - 3)])
    far["xyz"], far["rest"] = rows[:, :3].astype(np.float64) + origin, rows[:, 3:]
    return far


def _columns(path: Path, file: BinaryIO, header: Header, size: int, most: int) -> Mapping[str, np.ndarray]:
    """Each property of the vertices by name; what the header promises is checked against the file's size first."""
    names = [element.name for element in header.elements]
    if "vertex" not in names:
        raise InputError(f"{path.name} is a .ply without vertices that can be read.", REMEDY)
    at = names.index("vertex")
    before, vertex = header.elements[:at], header.elements[at]
    check_properties(path, tuple(name for name, _ in vertex.properties))
    if file.tell() + vertex.count > size:
        raise _cut_short(path)
    check_count(path, vertex.count, most)
    if header.order == "text":
        return _read_text(path, file, size, before, vertex)
    if any(kind == "list" for element in before for _, kind in element.properties):
        raise InputError(f"{path.name} is a .ply whose vertices come after lists.", "Save it with the vertices first.")
    row = row_of(header.order, vertex)
    offset = file.tell() + sum(element.count * row_of(header.order, element).itemsize for element in before)
    if offset + vertex.count * row.itemsize > size:
        raise _cut_short(path)
    table = np.memmap(path, row, mode="r", offset=offset, shape=(vertex.count,))
    return {name: table[name] for name in row.names or ()}


def _cut_short(path: Path) -> InputError:
    return InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")


def _read_text(
    path: Path, file: BinaryIO, size: int, before: list[Element], vertex: Element
) -> Mapping[str, np.ndarray]:
    """One line an entry, each number in words."""
    if size > LARGEST_TEXT_BYTES:
        raise InputError(f"{path.name} is a .ply in text form, and too large for it.", "Save it in binary form.")
    for _ in range(sum(element.count for element in before)):
        if not file.readline():
            break
    with warnings.catch_warnings():  # NumPy warns of a file without rows, which is told below
        warnings.simplefilter("ignore")
        rows = np.loadtxt(file, np.float64, comments=None, max_rows=vertex.count, ndmin=2)
    if len(rows) < vertex.count:
        raise _cut_short(path)
    if rows.shape[1] != len(vertex.properties):
        wanted = len(vertex.properties)
        raise InputError(f"{path.name} has {rows.shape[1]} numbers in a line, not {wanted}.", "Save it again.")
    return {name: column.astype(_held_as(kind)) for (name, kind), column in zip(vertex.properties, rows.T, strict=True)}


def _held_as(kind: str) -> str:
    """A number read from words: bytes stay bytes, since colours are told by their type."""
    return {"uchar": "u1", "uint8": "u1", "ushort": "u2", "uint16": "u2"}.get(kind, "f8")


