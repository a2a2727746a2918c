"""3D Gaussians as .ply, in the layout of the INRIA reference implementation that every viewer reads.

Per Gaussian, float32: x y z, nx ny nz (zero), f_dc_0..2, f_rest_* (channel-major: all of red, then green, then blue),
opacity (logit), scale_0..2 (log), rot_0..3 (wxyz). Binary, little endian; world and axes as in `gen3d.camera`.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.splat.gaussians import Gaussians

LARGEST_BYTES = 4096 * MB
_SMALLEST_OPACITY = 1e-6
"""Opacities stay this far from 0 and 1, where the logit is infinite."""
_SMALLEST_SCALE_M = 1e-20
_HEADER_LINES = 2000
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


def read_ply(path: Path) -> Gaussians:
    """The Gaussians of a file, spherical harmonics of degree 0 to 3; the properties may come in any order.

    Other properties and elements are passed over, and so are Gaussians that nobody could draw (a value that is not
    finite, a rotation of length zero). Raises InputError for what is not a whole file of this kind, EmptyWorld for one
    without Gaussians.
    """
    size = check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is not a .ply file that can be read.", _REMEDY):
        with path.open("rb") as file:
            count, dtype, offset = _read_header(path, file)
        _check_properties(path, dtype.names or ())
        if count == 0:
            raise EmptyWorld(f"{path.name} holds no Gaussians.", "Give a scene that is not empty.")
        if offset + count * dtype.itemsize > size:
            raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
        table = np.memmap(path, dtype, mode="r", offset=offset, shape=(count,))
        gaussians = drawable(_from_table(table))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    return gaussians


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


def _read_header(path: Path, file: BinaryIO) -> tuple[int, np.dtype, int]:
    """Number of vertices, the layout of one, and the byte where they start."""
    order, elements = _elements(path, file)
    offset = file.tell()
    for name, count, properties in elements:
        if any(kind == "list" for _, kind in properties):
            break
        dtype = np.dtype([(p, order + _TYPES[kind]) for p, kind in properties])
        if name == "vertex":
            return count, dtype, offset
        offset += count * dtype.itemsize
    raise InputError(f"{path.name} is a .ply without vertices that can be read.", _REMEDY)


def _elements(path: Path, file: BinaryIO) -> tuple[str, list[tuple[str, int, list[tuple[str, str]]]]]:
    """The byte order, and each element's name, count and (property, type); leaves the file at the header's end."""
    if file.readline(16).strip() != b"ply":
        raise InputError(f"{path.name} is not a .ply file.", _REMEDY)
    order, elements = "", []
    for _ in range(_HEADER_LINES):
        match file.readline(1024).decode("ascii", "replace").split():
            case ["format", "ascii", *_]:
                raise InputError(f"{path.name} is a .ply in text form.", "Save it in binary form and try again.")
            case ["format", kind, *_]:
                order = {"binary_little_endian": "<", "binary_big_endian": ">"}[kind]
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
    """Raises InputError unless everything a Gaussian needs is there."""
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


def _from_table(table: np.ndarray) -> Gaussians:
    """Activates what is stored."""

    def columns(names: tuple[str, ...] | list[str]) -> torch.Tensor:
        wide = np.empty((len(table), len(names)), np.float32)
        for i, name in enumerate(names):
            wide[:, i] = table[name]
        return torch.from_numpy(wide)

    rest = columns(_rest_names(table.dtype.names))
    sh = torch.cat([columns(_DC)[:, None, :], rest.reshape(len(table), 3, -1).transpose(1, 2)], dim=1)
    return Gaussians(
        means=columns(_XYZ),
        quats=columns(_QUATS),
        scales=columns(_SCALES).double().exp().float(),
        opacities=columns(("opacity",))[:, 0].double().sigmoid().float(),
        sh=sh,
    )
