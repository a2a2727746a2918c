"""Depth maps as files: 16-bit PNG, .npy, .npz, TIFF and EXR in; .npy, 16-bit PNG and EXR out.

What is read is numbers and the name they go by; `in_metres` makes metres of them where they are some: integers are
divided by the file's scale (units per metre, 1000 where none is told), floats only by one that is told. What a sensor
did not see (0, negative, NaN) becomes NaN; +inf, and what lies beyond a million metres as renderers write it where a
ray hits nothing, becomes +inf: sky. The kind of file is told by its first bytes, never by its name.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
import tifffile
from jaxtyping import Float, Num
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.depth_exr import read_exr
from gen3d.formats.depth_names import Offered, Size, choose
from gen3d.formats.photo_file import unwarned
from gen3d.formats.whole import MB, check_file, refusing, write_whole

LARGEST_BYTES = 512 * MB
"""Of the file, and of what is decoded from it."""
LARGEST_PX = 100_000_000
SKY_M = 1e6
INTEGER_SCALE = 1000.0
"""Units per metre of integers where none are told: millimetres."""
MOST_MAPS = 64
"""So many arrays or pages of a file are looked at."""
STRIP_PX = 4_000_000
"""So many pixels are converted at once, so that a large map needs little memory beside itself."""

_REMEDY = "Give depth as a 16-bit grey PNG, .npy, .npz, TIFF or EXR."


@dataclass(frozen=True, eq=False, slots=True)
class StoredDepth:
    """A map as its file holds it."""

    values: Num[np.ndarray, "h w"]
    """Integers or floats, of whatever unit."""
    name: str
    """What the file calls it, or the file's own name where that calls it nothing."""
    doubt: str | None = None
    """A sentence on what is doubtful about the choice."""


def read_stored(path: Path, channel: str | None = None, sizes: Sequence[Size] = ()) -> StoredDepth:
    """The depth map of a file, as it is stored.

    channel: the name of the array, channel or page to take; None leaves it to `depth_names.choose`. sizes: width and
    height of the picture it belongs to, as displayed first. Raises InputError for what is not a whole map of numbers.
    """
    check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} cannot be read as depth: it is damaged, or of another kind.", _REMEDY):
        values, name, doubt = _read_raw(path, channel, sizes)
    return StoredDepth(values, name or path.stem, doubt)


def read_depth(path: Path, scale: float | None = None) -> Float[np.ndarray, "h w"]:
    """Depth in metres along z, float32: NaN where unknown, +inf for sky, else positive.

    scale: units per metre, see `in_metres`. Raises InputError for what is not a whole depth map with a known value.
    """
    check_scale(scale)
    depth = in_metres(read_stored(path).values, scale)
    if not np.isfinite(depth).any():
        raise InputError(f"{path.name} holds no known depth.", "Give a depth map with positive values.")
    return depth


def check_scale(scale: float | None) -> None:
    """Raises InputError for what is no scale."""
    if scale is not None and not (math.isfinite(scale) and scale > 0):
        remedy = "Give the units per metre, e.g. 1000."
        raise InputError(f"The depth scale {scale:g} is not a positive number.", remedy, "depth_scale")


def in_metres(values: Num[np.ndarray, "h w"], scale: float | None = None) -> Float[np.ndarray, "h w"]:
    """Stored numbers as float32 metres: NaN where unknown, +inf for sky.

    scale: units per metre; None: 1000 for integers, and floats are metres.
    """
    whole = values.dtype.kind != "f"
    units = scale or (INTEGER_SCALE if whole else 1.0)
    depth = np.empty(values.shape, np.float32)
    for rows in strips(values.shape):
        with np.errstate(over="ignore", invalid="ignore"):
            part = values[rows] if units == 1 else values[rows] / np.float64(units)
            depth[rows] = part
            depth[rows][depth[rows] > SKY_M] = np.inf
            depth[rows][~(depth[rows] > 0)] = np.nan
    return depth


def strips(shape: tuple[int, int]) -> Iterator[slice]:
    """Rows of a large map, so many at a time that they hold STRIP_PX pixels."""
    height = max(1, STRIP_PX // max(shape[1], 1))
    for top in range(0, shape[0], height):
        yield slice(top, min(top + height, shape[0]))


def write_depth(path: Path, depth: Float[np.ndarray, "h w"]) -> None:
    """Writes metres as a float32 .npy; NaN and inf stay what they are."""
    with write_whole(path) as temporary, temporary.open("wb") as file:
        np.save(file, depth.astype(np.float32), allow_pickle=False)


def write_depth_png(path: Path, depth: Float[np.ndarray, "h w"], scale: float = INTEGER_SCALE) -> None:
    """Writes metres as a 16-bit grey PNG of `scale` units per metre; what is unknown, sky or too far for it is 0."""
    units = np.nan_to_num(depth.astype(np.float64) * scale, nan=0.0, posinf=0.0, neginf=0.0)
    held = np.where((units >= 0.5) & (units < 65535.5), np.rint(units), 0).astype(np.uint16)
    with write_whole(path) as temporary:
        Image.fromarray(held).save(temporary, format="PNG")


def png_scale(depths: Iterable[Float[np.ndarray, "_h _w"]]) -> float:
    """Units per metre that a PNG can hold all these depths with: 1000 (millimetres), or a power of ten of them."""
    farthest = max((float(d[np.isfinite(d)].max(initial=0)) for d in depths), default=0.0)
    return next((scale for scale in (1000.0, 100.0, 10.0) if farthest * scale < 65535), 1.0)


def write_depth_exr(path: Path, depth: Float[np.ndarray, "h w"]) -> None:
    """Writes metres as an EXR with the one float channel Z; inf stays sky, NaN stays unknown."""
    write_exr(path, {"Z": depth})


def write_exr(path: Path, channels: Mapping[str, Float[np.ndarray, "h w"]]) -> None:
    """Writes maps of one size as the float channels of an EXR."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    held = {name: np.ascontiguousarray(values, np.float32) for name, values in channels.items()}
    with write_whole(path) as temporary:
        OpenEXR.File(header, held).write(str(temporary))


def _read_raw(path: Path, channel: str | None, sizes: Sequence[Size]) -> tuple[np.ndarray, str, str | None]:
    """The numbers as stored, a 2-D array of integers or floats; what they are called; what is doubtful about it."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PK"):
        return _read_npz(path, channel, sizes)
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _read_tiff(path, channel, sizes)
    if start.startswith(b"v/1\x01"):
        return read_exr(path, _check, channel, sizes)
    if start.startswith(b"\x89PNG"):
        values = _read_png(path)
    elif start.startswith(b"\x93NUMPY"):
        with path.open("rb") as file:
            values = _read_npy(path, file, path.stat().st_size)
    else:
        raise InputError(f"{path.name} is not a depth file of a known kind.", _REMEDY)
    choose(path.name, [Offered("", *values.shape[::-1])], channel)
    return values, "", None


def _check(path: Path, shape: tuple[int, ...], dtype: np.dtype, channels: int = 1) -> None:
    """Asked with what a header says, before anything is allocated."""
    _check_map(path, shape, dtype)
    pixels = math.prod(shape)
    if pixels > LARGEST_PX or pixels * dtype.itemsize * channels > LARGEST_BYTES:
        raise InputError(f"{path.name} has {pixels / 1e6:.0f} million pixels.", "Reduce it and try again.")


def _check_map(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raises InputError for what is not one number per pixel."""
    if dtype.kind not in "fiu":
        raise InputError(f"{path.name} holds {dtype}, which is no number for a depth.", _REMEDY)
    sides = [n for n in shape if n != 1]
    if len(shape) < 2 or len(sides) > 2:
        raise InputError(f"{path.name} has the shape {shape}, which is not one map.", "Give one number per pixel.")
    if math.prod(shape) == 0:
        raise InputError(f"{path.name} holds no pixels.", _REMEDY)


def _flat(array: np.ndarray) -> np.ndarray:
    """Without axes of length one beside height and width."""
    while array.ndim > 2:
        array = array.squeeze(next(axis for axis in range(array.ndim) if array.shape[axis] == 1))
    return array


def _read_png(path: Path) -> np.ndarray:
    try:
        with unwarned():
            picture = Image.open(path, formats=("PNG",))
    except Image.DecompressionBombError as error:
        raise InputError(f"{path.name} has too many pixels.", "Reduce it and try again.") from error
    with picture:
        if picture.mode not in ("L", "I", "I;16", "I;16B"):
            raise InputError(f"{path.name} is a coloured picture, not a depth map.", _REMEDY)
        dtype = np.dtype(np.uint8 if picture.mode == "L" else np.uint16)
        _check(path, (picture.height, picture.width), dtype)
        return np.asarray(picture)


def _read_npy(path: Path, file: io.BufferedIOBase, size: int) -> np.ndarray:
    """One array of a .npy stream that is `size` bytes long; Python objects in it are never unpickled."""
    shape, dtype = _npy_header(file)
    _check(path, shape, dtype)
    if math.prod(shape) * dtype.itemsize > size - file.tell():
        raise InputError(f"{path.name} ends before its last value.", "Save or copy it again.")
    file.seek(0)
    return _flat(np.lib.format.read_array(file, allow_pickle=False))


def _npy_header(file: io.BufferedIOBase) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of a .npy stream; what follows is its values."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    return shape, dtype


def _read_npz(path: Path, channel: str | None, sizes: Sequence[Size]) -> tuple[np.ndarray, str, str | None]:
    with zipfile.ZipFile(path) as archive:
        members = {m.filename[:-4]: m for m in archive.infolist()[:MOST_MAPS] if m.filename.endswith(".npy")}
        offered, refusal = [], InputError(f"{path.name} holds no array.", _REMEDY)
        for name, member in members.items():
            try:
                with archive.open(member) as file:
                    offered.append(_offered(path, name, *_npy_header(file)))
            except InputError as error:
                refusal = error
        if not offered:
            raise refusal
        chosen, doubt = choose(path.name, offered, channel, sizes)
        with archive.open(members[chosen.name]) as file:
            return _read_npy(path, file, members[chosen.name].file_size), chosen.name, doubt


def _offered(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> Offered:
    """A map as its header tells of it; InputError for what is none. How large it is does not matter yet."""
    _check_map(path, shape, dtype)
    rows, columns = _sides(shape)
    return Offered(name, columns, rows)


def _sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width: without axes of length one beside them, the first of which goes first."""
    sides = list(shape)
    while len(sides) > 2:
        sides.remove(1)
    return sides[0], sides[1]


def _read_tiff(path: Path, channel: str | None, sizes: Sequence[Size]) -> tuple[np.ndarray, str, str | None]:
    """Of the pages that are maps at full resolution; page 2 is called "page 2", or what its PageName says."""
    with tifffile.TiffFile(path) as tiff:
        pages, refusal = {}, InputError(f"{path.name} holds no page.", _REMEDY)
        for number, page in enumerate(tiff.pages[:MOST_MAPS], 1):
            named = page.tags.get("PageName")
            name = str(named.value)[:80] if named else f"page {number}"
            try:
                offered = _offered(path, name, page.shape, np.dtype(page.dtype or "V"))
            except InputError as error:
                refusal = refusal if number > 1 else error
                continue
            if not page.is_reduced or number == 1:
                pages.setdefault(offered, page)
        if not pages:
            raise refusal
        chosen, doubt = choose(path.name, list(pages), channel, sizes)
        _check(path, pages[chosen].shape, np.dtype(pages[chosen].dtype))
        with refusing(
            f"{path.name} is damaged, or compressed in a way that is not understood.", "Save it without compression."
        ):
            return _flat(pages[chosen].asarray()), chosen.name if len(pages) > 1 else "", doubt
