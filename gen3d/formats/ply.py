"""3D Gaussians as .ply, in the layout of the INRIA reference implementation that every viewer reads.

Per Gaussian, float32: x y z, nx ny nz (zero), f_dc_0..2, f_rest_* (channel-major: all of red, then green, then blue),
opacity (logit), scale_0..2 (log), rot_0..3 (wxyz). Binary, little endian; world and axes as in `gen3d.camera`. What is
written comes back within the rounding of float32, but for opacities, which stay 1e-6 away from 0 and 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.splat.gaussians import Gaussians

LARGEST_BYTES = 4096 * MB
LARGEST_TEXT_BYTES = 256 * MB
"""Of a .ply in text form, which is slow to read."""
MOST = 20_000_000
"""Gaussians that are read from any file, unless the caller says fewer; with all their harmonics they take 5 GB."""
_SMALLEST_OPACITY = 1e-6
"""Opacities stay this far from 0 and 1, where the logit is infinite."""
_SMALLEST_SCALE_M = 1e-20
_HEADER_LINES = 2000
_AT_ONCE = 1 << 14
"""Rows that stay in the processor's cache while one column after another is taken from them."""
_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
_XYZ = ("x", "y", "z")
_DC = ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALES = ("scale_0", "scale_1", "scale_2")
_QUATS = ("rot_0", "rot_1", "rot_2", "rot_3")
_REST_COUNTS = (0, 9, 24, 45)
_REMEDY = "Give a .ply of 3D Gaussians, as gen3d writes it."


def write_ply(path: Path, gaussians: Gaussians) -> None:
    """Writes the Gaussians in their order; the same Gaussians give the same bytes.

    Raises EmptyWorld when there are none, ValueError when a value is not finite.
    """
    if len(gaussians) == 0:
        raise EmptyWorld("The scene holds no Gaussians, so there is nothing to write.", "Try another photo.")
    rows = _rows(gaussians)
    if not np.isfinite(rows).all():
        raise ValueError("Gaussians hold values that are not finite")
    rest = rows.shape[1] - 17
    names = [*_XYZ, "nx", "ny", "nz", *_DC, *(f"f_rest_{i}" for i in range(rest)), "opacity", *_SCALES, *_QUATS]
    properties = "".join(f"property float {name}\n" for name in names)
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(rows)}\n{properties}end_header\n"
    with write_whole(path) as temporary, temporary.open("wb") as file:
        file.write(header.encode("ascii"))
        rows.tofile(file)


def read_ply(path: Path, most: int = MOST) -> Gaussians:
    """The Gaussians of a file, spherical harmonics of degree 0 to 3; the properties may come in any order.

    Binary of either byte order, by memory map, or text. Other properties and elements are passed over, and so are
    Gaussians that nobody could draw (a value that is not finite, a rotation of length zero). Raises InputError for what
    is not a whole file of this kind or holds more than `most` Gaussians, EmptyWorld for one without any.
    """
    size = check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is not a .ply file that can be read.", _REMEDY):
        with path.open("rb") as file:
            columns = _columns(path, file, size, most)
        gaussians = drawable(_from_columns(columns))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    return gaussians


def check_count(path: Path, count: int, most: int) -> None:
    """Raises EmptyWorld for no Gaussians, InputError for more than `most`."""
    if count == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussians.", "Give a scene that is not empty.")
    if count > most:
        raise InputError(
            f"{path.name} holds {count / 1e6:.4g} million Gaussians, and at most {most / 1e6:g} million are read.",
            "Reduce it and try again.",
        )


def drawable(gaussians: Gaussians) -> Gaussians:
    """Without those that hold a value that is not finite, or a rotation of length zero."""
    values = (gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities[:, None], gaussians.sh.flatten(1))
    good = torch.stack([v.isfinite().all(dim=1) for v in values]).all(dim=0) & (gaussians.quats.abs().amax(dim=1) > 0)
    return gaussians if bool(good.all()) else gaussians.keep(good)


def _rows(gaussians: Gaussians) -> np.ndarray:
    """One row of float32 a Gaussian, `n 17+3(k-1)`, in the order of the header."""
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
    )
    return np.concatenate([c.cpu().numpy().astype("<f4") for c in columns], axis=1)


def _columns(path: Path, file: BinaryIO, size: int, most: int) -> Mapping[str, np.ndarray]:
    """Each property of the vertices by name; what the header promises is checked against the file's size first."""
    order, elements = _elements(path, file)
    names = [name for name, *_ in elements]
    if "vertex" not in names:
        raise InputError(f"{path.name} is a .ply without vertices that can be read.", _REMEDY)
    before, (_, count, properties) = elements[: names.index("vertex")], elements[names.index("vertex")]
    _check_properties(path, tuple(name for name, _ in properties))
    if file.tell() + count > size:
        raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
    check_count(path, count, most)
    if order == "text":
        return _read_text(path, file, size, before, count, [name for name, _ in properties])
    if any(kind == "list" for *_, pairs in before for _, kind in pairs):
        raise InputError(f"{path.name} is a .ply whose vertices come after lists.", "Save it with the vertices first.")
    dtype = _row(order, properties)
    offset = file.tell() + sum(n * _row(order, pairs).itemsize for _, n, pairs in before)
    if offset + count * dtype.itemsize > size:
        raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
    table = np.memmap(path, dtype, mode="r", offset=offset, shape=(count,))
    return {name: table[name] for name in dtype.names or ()}


def _row(order: str, properties: list[tuple[str, str]]) -> np.dtype:
    return np.dtype([(name, order + _TYPES[kind]) for name, kind in properties])


def _read_text(
    path: Path, file: BinaryIO, size: int, before: list, count: int, names: list[str]
) -> Mapping[str, np.ndarray]:
    """One line an entry, each number in words."""
    if size > LARGEST_TEXT_BYTES:
        raise InputError(f"{path.name} is a .ply in text form, and too large for it.", "Save it in binary form.")
    for _ in range(sum(n for _, n, _ in before)):
        if not file.readline():
            break
    with warnings.catch_warnings():  # NumPy warns of a file without rows, which is told below
        warnings.simplefilter("ignore")
        rows = np.loadtxt(file, np.float32, comments=None, max_rows=count, ndmin=2)
    if len(rows) < count:
        raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
    if rows.shape[1] != len(names):
        raise InputError(f"{path.name} has {rows.shape[1]} numbers in a line, not {len(names)}.", "Save it again.")
    return dict(zip(names, rows.T, strict=True))


def _elements(path: Path, file: BinaryIO) -> tuple[str, list[tuple[str, int, list[tuple[str, str]]]]]:
    """The byte order, and each element's name, count and (property, type); leaves the file at the header's end."""
    if file.readline(16).strip() != b"ply":
        raise InputError(f"{path.name} is not a .ply file.", _REMEDY)
    order, elements = "", []
    for _ in range(_HEADER_LINES):
        match file.readline(1024).decode("ascii", "replace").split():
            case ["format", kind, *_]:
                order = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "text"}[kind]
            case ["element", name, count]:
                elements.append((name, int(count), []))
            case ["property", "list", *_, name]:
                elements[-1][2].append((name, "list"))
            case ["property", kind, name]:
                elements[-1][2].append((name, kind))
            case ["end_header"]:
                if not order or any(count < 0 for _, count, _ in elements):
                    break
                return order, elements
    raise InputError(f"{path.name} has no whole .ply header.", _REMEDY)


def _check_properties(path: Path, names: tuple[str, ...]) -> None:
    """Raises InputError unless everything a Gaussian needs is there, once."""
    if "packed_position" in names:
        raise InputError(f"{path.name} is a compressed .ply.", "Convert it to a plain .ply or .spz, in SuperSplat say.")
    if len(set(names)) < len(names):
        raise InputError(f"{path.name} names a property twice.", _REMEDY)
    missing = [name for name in (*_XYZ, *_DC, "opacity", *_SCALES, *_QUATS) if name not in names]
    if missing:
        raise InputError(f"{path.name} holds no 3D Gaussians: {missing[0]} is missing.", _REMEDY)
    rest = _rest_names(names)
    if len(rest) not in _REST_COUNTS or rest != [f"f_rest_{i}" for i in range(len(rest))]:
        raise InputError(
            f"{path.name} has {len(rest)} f_rest properties, which is no degree from 0 to 3.", "Save it again."
        )


def _rest_names(names: tuple[str, ...]) -> list[str]:
    rest = [name for name in names if name.startswith("f_rest_")]
    return sorted(rest, key=lambda name: (len(name), name))


def _from_columns(columns: Mapping[str, np.ndarray]) -> Gaussians:
    """Activates what is stored; each value is copied once."""

    def tensor(names: Sequence[str]) -> torch.Tensor:
        wide = np.empty((len(columns["x"]), len(names)), np.float32)
        for start in range(0, len(wide), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            for i, name in enumerate(names):
                wide[some, i] = columns[name][some]
        return torch.from_numpy(wide)

    rest = _rest_names(tuple(columns))
    k = len(rest) // 3
    by_harmonic = [rest[channel * k + i] for i in range(k) for channel in range(3)]
    return Gaussians(
        means=tensor(_XYZ),
        quats=tensor(_QUATS),
        scales=tensor(_SCALES).double().exp().float(),
        opacities=tensor(("opacity",))[:, 0].double().sigmoid().float(),
        sh=tensor([*_DC, *by_harmonic]).reshape(-1, 1 + k, 3),
    )
