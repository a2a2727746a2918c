"""Depth maps as files: 16-bit PNG, .npy, .npz, TIFF and EXR in; .npy, 16-bit PNG and EXR out.

Integers are divided by the file's scale (units per metre), floats are metres. What a sensor did not see (0, negative,
NaN) becomes NaN; +inf, and floats beyond a million metres as renderers write them where a ray hits nothing, become
+inf: sky. The kind of file is told by its first bytes, never by its name.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import OpenEXR
import tifffile
from jaxtyping import Float
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing, write_whole

LARGEST_BYTES = 512 * MB
"""Of the file, and of what is decoded from it."""
LARGEST_PX = 100_000_000
SKY_M = 1e6

_REMEDY = "Give depth as a 16-bit grey PNG, .npy, .npz, TIFF or EXR."
_EXR_FLAT = (OpenEXR.scanlineimage, OpenEXR.tiledimage)
_EXR_CHANNELS = ("z", "depth", "y")


def read_depth(path: Path, scale: float = 1000.0) -> Float[np.ndarray, "h w"]:
    """Depth in metres along z, float32: NaN where unknown, +inf for sky, else positive.

    scale: units per metre of integer files. Raises InputError for what is not a whole depth map with a known value.
    """
    if not (math.isfinite(scale) and scale > 0):
        remedy = "Give the units per metre, e.g. 1000."
        raise InputError(f"The depth scale {scale:g} is not a positive number.", remedy, "depth_scale")
    check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} cannot be read as depth: it is damaged, or of another kind.", _REMEDY):
        raw = _read_raw(path)
        if raw.dtype.kind == "f":
            with np.errstate(over="ignore"):
                depth = raw.astype(np.float32)
            depth[depth > SKY_M] = np.inf
        else:
            depth = (raw / scale).astype(np.float32)
    depth[~(depth > 0)] = np.nan
    if not np.isfinite(depth).any():
        raise InputError(f"{path.name} holds no known depth.", "Give a depth map with positive values.")
    return depth


def write_depth(path: Path, depth: Float[np.ndarray, "h w"]) -> None:
    """Writes metres as a float32 .npy; NaN and inf stay what they are."""
    with write_whole(path) as temporary, temporary.open("wb") as file:
        np.save(file, depth.astype(np.float32), allow_pickle=False)


def write_depth_png(path: Path, depth: Float[np.ndarray, "h w"], scale: float = 1000.0) -> None:
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
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with write_whole(path) as temporary:
        OpenEXR.File(header, {"Z": np.ascontiguousarray(depth, np.float32)}).write(str(temporary))


def _read_raw(path: Path) -> np.ndarray:
    """The numbers as stored: a 2-D array of integers or floats."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\x89PNG"):
        return _read_png(path)
    if start.startswith(b"\x93NUMPY"):
        with path.open("rb") as file:
            return _read_npy(path, file, path.stat().st_size)
    if start.startswith(b"PK"):
        return _read_npz(path)
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _read_tiff(path)
    if start.startswith(b"v/1\x01"):
        return _read_exr(path)
    raise InputError(f"{path.name} is not a depth file of a known kind.", _REMEDY)


def _check(path: Path, shape: tuple[int, ...], dtype: np.dtype, channels: int = 1) -> None:
    """Asked with what a header says, before anything is allocated."""
    if dtype.kind not in "fiu":
        raise InputError(f"{path.name} holds {dtype}, which is no number for a depth.", _REMEDY)
    sides = [n for n in shape if n != 1]
    if len(shape) < 2 or len(sides) > 2:
        raise InputError(f"{path.name} has the shape {shape}, which is not one map.", "Give one number per pixel.")
    pixels = math.prod(shape)
    if pixels == 0:
        raise InputError(f"{path.name} holds no pixels.", _REMEDY)
    if pixels > LARGEST_PX or pixels * dtype.itemsize * channels > LARGEST_BYTES:
        raise InputError(f"{path.name} has {pixels / 1e6:.0f} million pixels.", "Reduce it and try again.")


def _flat(array: np.ndarray) -> np.ndarray:
    """Without axes of length one beside height and width."""
    while array.ndim > 2:
        array = array.squeeze(next(axis for axis in range(array.ndim) if array.shape[axis] == 1))
    return array


def _read_png(path: Path) -> np.ndarray:
    try:
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
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    _check(path, shape, dtype)
    if math.prod(shape) * dtype.itemsize > size - file.tell():
        raise InputError(f"{path.name} ends before its last value.", "Save or copy it again.")
    file.seek(0)
    return _flat(np.lib.format.read_array(file, allow_pickle=False))


def _read_npz(path: Path) -> np.ndarray:
    """The array named depth, else the first that is a map."""
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
        members.sort(key=lambda m: m.filename != "depth.npy")
        refusal = InputError(f"{path.name} holds no array.", _REMEDY)
        for member in members[:64]:
            with archive.open(member) as file:
                try:
                    return _read_npy(path, file, member.file_size)
                except InputError as error:
                    refusal = error
                    if member.filename == "depth.npy":
                        break
        raise refusal


def _read_tiff(path: Path) -> np.ndarray:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        _check(path, page.shape, np.dtype(page.dtype or "V"))
        with refusing(
            f"{path.name} is damaged, or compressed in a way that is not understood.", "Save it without compression."
        ):
            return _flat(page.asarray())


def _read_exr(path: Path) -> np.ndarray:
    """The channel Z, depth or Y of the first part (of any layer, named before a dot), else its first channel."""
    header = OpenEXR.File(str(path), header_only=True).header()
    if header.get("type", OpenEXR.scanlineimage) not in _EXR_FLAT:
        raise InputError(f"{path.name} holds deep samples, not one depth per pixel.", _REMEDY)
    low, high = header["dataWindow"]
    shape = (int(high[1]) - int(low[1]) + 1, int(high[0]) - int(low[0]) + 1)
    _check(path, shape, np.dtype(np.float32), len(header["channels"]))
    channels = OpenEXR.File(str(path), separate_channels=True).channels()
    names = {name.rsplit(".", 1)[-1].lower(): name for name in reversed(channels)}
    chosen = next((names[n] for n in _EXR_CHANNELS if n in names), next(iter(channels)))
    pixels = channels[chosen].pixels
    if pixels.shape != shape:
        raise InputError(f"The channel {chosen} of {path.name} does not cover every pixel.", _REMEDY)
    return pixels
