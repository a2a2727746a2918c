"""3D Gaussians as .ksplat (GaussianSplats3D, version 0.1): read only, since its own program gave way to newer formats.

    header of 4096 bytes, a header of 1024 for each section, then the sections: buckets, then one record a Gaussian

Level 0 keeps float32 positions, scales, rotations (wxyz) and harmonics; levels 1 and 2 keep positions as uint16 around
the middle of a bucket, the others as half floats, and level 2 harmonics as bytes over a range that the header tells.
Colours and opacities are bytes. World and axes as in a .ply.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.stored import MOST, StoredScene, around_middle, check_count, drawable
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb

LARGEST_BYTES = 2048 * MB
_HEADER_BYTES, _SECTION_BYTES = 4096, 1024
_MOST_SECTIONS = 10_000
_SH_RANGE = (-1.5, 1.5)
"""Where the header tells none."""
_QUANTISED = 32767
_COMPONENTS = (0, 9, 24, 45)
"""Numbers of harmonics by degree."""
_REMEDY = "Give a .ksplat of version 0.1, or the scene in another format."


class _Header(NamedTuple):
    sections: int
    count: int
    level: int
    sh_range: tuple[float, float]


class _Section(NamedTuple):
    count: int
    most: int
    capacity: int
    """Gaussians in a full bucket."""
    buckets: int
    block_m: float
    """The side of a bucket."""
    bucket_bytes: int
    quantised: int
    full: int
    partial: int
    degree: int


def open_ksplat(path: Path, most: int = MOST) -> StoredScene:
    """What a file holds, in its order, without Gaussians that nobody could draw.

    Raises InputError for what is not a whole file of this kind or holds more than `most` Gaussians, EmptyWorld for one
    without any.
    """
    size = check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is damaged, or not a .ksplat.", _REMEDY):
        content = np.memmap(path, np.uint8, "r") if size >= _HEADER_BYTES else np.zeros(0, np.uint8)
        header = _header(path, content)
        check_count(path, header.count, most)
        parts = list(_parts(path, header, content))
        if sum(len(part) for part in parts) != header.count:
            raise InputError(f"{path.name} does not hold as many Gaussians as it says.", "Save or copy it again.")
        k = max(part.sh.shape[1] for part in parts)
        gaussians = drawable(joined(*(_widened(part, k) for part in parts)))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    return around_middle(StoredScene(gaussians))


def _header(path: Path, content: np.ndarray) -> _Header:
    if len(content) < _HEADER_BYTES or content[0] != 0 or content[1] < 1:
        raise InputError(f"{path.name} is not a .ksplat of version 0.1.", _REMEDY)
    start = content[:_HEADER_BYTES].tobytes()
    (sections,), (count, level) = struct.unpack_from("<I", start, 4), struct.unpack_from("<IH", start, 16)
    low, high = struct.unpack_from("<ff", start, 36)
    if level > 2 or sections > _MOST_SECTIONS:
        raise InputError(f"{path.name} is a .ksplat of a kind that is not known here.", _REMEDY)
    return _Header(sections, count, level, (low or _SH_RANGE[0], high or _SH_RANGE[1]))


def _parts(path: Path, header: _Header, content: np.ndarray) -> Iterator[Gaussians]:
    """Section by section; each is asked whether it fits into the file before it is read."""
    at = _HEADER_BYTES + header.sections * _SECTION_BYTES
    left = header.count
    for i in range(header.sections):
        start = _HEADER_BYTES + i * _SECTION_BYTES
        section = _section(content[start : start + _SECTION_BYTES].tobytes(), header.level)
        row = _row(header.level, _COMPONENTS[section.degree])
        buckets_bytes = section.bucket_bytes * section.buckets + 4 * section.partial
        end = at + buckets_bytes + section.most * row.itemsize
        if end > len(content) or section.count > min(section.most, left):
            raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
        rows = np.frombuffer(content[at + buckets_bytes : end], row, section.count)
        if section.count:
            yield _gaussians(rows, _offsets(section, content[at : at + buckets_bytes], header.level), header)
        at, left = end, left - section.count


def _section(content: bytes, level: int) -> _Section:
    count, most, capacity, buckets, block_m, bucket_bytes = struct.unpack_from("<IIIIfH", content)
    quantised, _, full, partial, degree = struct.unpack_from("<IIIIH", content, 24)
    return _Section(
        count, most, capacity, buckets, block_m, bucket_bytes, quantised or _QUANTISED, full, partial, degree
    )


def _row(level: int, components: int) -> np.dtype:
    """One Gaussian."""
    number = "<f2" if level else "<f4"
    place, harmonic = ("<u2" if level else "<f4"), ("u1" if level == 2 else number)
    fields = [("xyz", place, (3,)), ("scale", number, (3,)), ("quat", number, (4,)), ("rgba", "u1", (4,))]
    return np.dtype([*fields, ("sh", harmonic, (components,))])


def _offsets(section: _Section, content: np.ndarray, level: int) -> tuple[float, Float[np.ndarray, "n 3"]] | None:
    """Metres a step, and the middle of each Gaussian's bucket less half the steps; None where none is needed."""
    if level == 0:
        return None
    if section.bucket_bytes < 12 or section.full + section.partial > section.buckets:
        raise ValueError("buckets that cannot be")
    lengths = np.frombuffer(content[: 4 * section.partial], "<u4").astype(np.int64)
    middles = np.frombuffer(content[4 * section.partial :], "u1").reshape(section.buckets, section.bucket_bytes)
    middles = np.ascontiguousarray(middles[:, :12]).view("<f4").astype(np.float64)
    ends = np.cumsum(np.concatenate([np.full(section.full, section.capacity, np.int64), lengths]))
    of = np.searchsorted(ends, np.arange(section.count), side="right")
    step = section.block_m / 2 / section.quantised
    return step, middles[of] - step * section.quantised


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is left out later
def _gaussians(rows: np.ndarray, offsets: tuple[float, np.ndarray] | None, header: _Header) -> Gaussians:
    xyz = rows["xyz"].astype(np.float64)
    if offsets is not None:
        xyz = offsets[0] * xyz + offsets[1]
    rest = rows["sh"].astype(np.float32)
    if header.level == 2:
        low, high = header.sh_range
        rest = low + rest / 255 * (high - low)
    rgba = torch.from_numpy(rows["rgba"].astype(np.float32) / 255)
    parts = (xyz, rows["quat"], rows["scale"])
    means, quats, scales = (torch.from_numpy(part.astype(np.float32)) for part in parts)
    sh = torch.cat([sh_from_rgb(rgba[:, :3]), torch.from_numpy(_by_harmonic(rest).astype(np.float32))], dim=1)
    return Gaussians(means, quats, scales.clamp(min=0), rgba[:, 3].contiguous(), sh)


def _by_harmonic(rest: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n k 3"]:
    """Each degree lies channel by channel: all of red, then of green, then of blue."""
    degrees = [band for band in ((0, 9), (9, 24), (24, 45)) if rest.shape[1] >= band[1]]
    bands = [rest[:, start:end].reshape(len(rest), 3, -1) for start, end in degrees]
    return np.concatenate([np.zeros((len(rest), 3, 0)), *bands], axis=2).transpose(0, 2, 1)


def _widened(g: Gaussians, k: int) -> Gaussians:
    """With harmonics of zero up to so many."""
    return Gaussians(g.means, g.quats, g.scales, g.opacities,
                     torch.cat([g.sh, torch.zeros(len(g), k - g.sh.shape[1], 3)], dim=1))  # fmt: skip
