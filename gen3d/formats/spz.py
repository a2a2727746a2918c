"""3D Gaussians as .spz, the small format of Niantic Labs, a fifth of a .ply or less; versions 2 to 4 out, 1 to 4 in.

    header of 16 bytes, then one array after another: positions, opacities, colours, scales, rotations, harmonics

Versions 1 to 3 are one gzip stream. Version 4 begins with a plain header of 32 bytes, and each array is a Zstandard
stream of its own. What a file keeps, and how exactly (the largest error of what is written here):

    position      24-bit fixed point, 12 bits of them for parts of a metre: 0.12 mm, up to 2 km away. A scene that
                  reaches farther gets fewer such bits, each of which doubles both figures
    scale         8-bit logarithm: a factor of e^(1/32), between 45 micrometres and 379 m
    rotation      version 3: the three smaller components of the unit quaternion, 10 bits each: 0.0007 in each, 0.0021
                  in the fourth. Version 2: x y z, 8 bits each: 0.005 in each, and up to 0.12 in w where that is near 0
    opacity       8 bits: 0.002
    colour        8 bits over [-0.44, 1.44]: 0.0037
    harmonics     7 bits (degree 1) or 6 bits (above) over [-1, 1]: 0.008 and 0.016

Axes are the format's: x right, y up, z back ("RUB"), so ours are turned by diag(1, -1, -1), harmonics included. A file
may name other axes in an extension (0xADBE0003), which is honoured. SuperSplat and splat-transform take the axes of any
.spz for those of a .ply (y down, z forward), and so show one that keeps to the format upside down, and write such. For
them there is `y_up=False`, which writes our own axes and names them in that extension, which few readers look at. The
flag "antialiased" says that the Gaussians were fitted for a rasterizer that dims what the low-pass widens
(`splat/antialiased.py`); ours are not. Other programs also leave the gzip stream of versions 1 to 3 away.

Version 4 also says how far one may look around, where that is known (extension 0xADBE0002): the lowest and the highest
elevation of a camera that orbits, radians above the horizon of the photo's camera, and the least radius, metres.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.known import Viewpoint
from gen3d.formats.spz_codes import RDF, RUB, Header, packed, signs_of, unpacked
from gen3d.formats.stored import (
    DENSEST,
    MOST,
    NEAR,
    PLAIN,
    Origin,
    StoredScene,
    Writing,
    around_middle,
    check_count,
    check_steps,
    check_writable,
    drawable,
)
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.splat.gaussians import Gaussians

LARGEST_BYTES = 1024 * MB
VERSIONS = (2, 3, 4)
"""Those that are written. Version 2 is read everywhere; 3 is exact about rotations, and nearly everybody reads it; 4 is
as exact and about as small, is unpacked quicker, and is still young."""
MOST_WRITTEN = 10_000_000
"""Readers of versions 1 to 3 refuse more."""
FRACTION_BITS = 12
"""Of a position, for parts of a metre."""
GZIP_LEVEL = 6
"""The usual one; 9 takes twice as long and saves nothing."""
ZSTANDARD_LEVEL = 12
"""Of 22. Measured on a room of 345,000 Gaussians: 3 gives 1 % more, 19 4 % less in ten times the time."""
_MAGIC = b"NGSP"
_GZIP = b"\x1f\x8b"
_PLAIN_VERSIONS = [version.to_bytes(4, "little") for version in (1, 2, 3)]
"""Whose stream somebody may have unpacked."""
_HEADER = struct.Struct("<4sIIBBBB")
_PLAIN_HEADER = struct.Struct("<4sIIBBBBI12x")
_EXTENSION = struct.Struct("<III")
_ANTIALIASED, _EXTENDED = 1, 2
_ORBIT_EXTENSION, _AXES_EXTENSION = 0xADBE0002, 0xADBE0003
_EXTENSION_BYTES = MB
_WINDOW = 128 * MB
"""What a Zstandard stream may ask to remember."""
_REMEDY = "Give a .spz of 3D Gaussians, version 1 to 4."


def write_spz(
    path: Path,
    gaussians: Gaussians,
    version: int = 3,
    antialiased: bool = False,
    y_up: bool = True,
    origin: Origin = NEAR,
    viewpoint: Viewpoint | None = None,
) -> None:
    """Writes the Gaussians in their order; the same Gaussians give the same bytes.

    y_up: in the format's own axes, not in those that SuperSplat takes for granted. origin: added to all means.
    viewpoint: version 4 says how far one may orbit. Raises EmptyWorld when there are none, InputError when they are
    too many or reach too far for what they are large, ValueError for another version, or a value that is not finite.
    """
    if version not in VERSIONS:
        raise ValueError(f"version {version} of .spz is not written, {VERSIONS} are")
    g = gaussians.detached()
    _check(g)
    if origin != NEAR:
        g = replace(g, means=g.means.double() + torch.tensor(origin, dtype=torch.float64, device=g.means.device))
    bits = _fraction_bits(g.means)
    check_steps(".spz", 2.0**-bits, g, origin)
    axes = RUB if y_up else RDF
    extensions = b"" if y_up else _EXTENSION.pack(_AXES_EXTENSION, 4, axes)
    extensions += _orbit(viewpoint) if version == 4 else b""
    header = Header(version, len(g), g.sh_degree, bits, _ANTIALIASED * antialiased | _EXTENDED * bool(extensions))
    arrays = [part.tobytes() for part in packed(g, version, bits, axes)]
    with write_whole(path) as temporary:
        temporary.write_bytes((_in_streams if version == 4 else _in_a_stream)(header, arrays, extensions))


def _in_a_stream(header: Header, arrays: list[bytes], extensions: bytes) -> bytes:
    """Versions 1 to 3."""
    content = b"".join([_HEADER.pack(_MAGIC, *header, 0), *arrays, extensions])
    return gzip.compress(content, GZIP_LEVEL, mtime=0)


def _in_streams(header: Header, arrays: list[bytes], extensions: bytes) -> bytes:
    """Version 4: an array without a byte has no stream."""
    import zstandard

    pack = zstandard.ZstdCompressor(level=ZSTANDARD_LEVEL, write_checksum=True)
    arrays = [array for array in arrays if array]
    streams = [pack.compress(array) for array in arrays]
    start = _PLAIN_HEADER.pack(_MAGIC, *header, len(streams), _PLAIN_HEADER.size + len(extensions))
    sizes = b"".join(struct.pack("<QQ", len(s), len(a)) for s, a in zip(streams, arrays, strict=True))
    return b"".join([start, extensions, sizes, *streams])


def _orbit(viewpoint: Viewpoint | None) -> bytes:
    """How far one may orbit; a view that turns up is had by a camera that goes down."""
    if viewpoint is None or viewpoint.limits is None or viewpoint.pivot_m is None:
        return b""
    limits = viewpoint.limits
    lowest, highest = math.radians(-limits.pitch_up_deg), math.radians(limits.pitch_down_deg)
    return struct.pack("<IIfff", _ORBIT_EXTENSION, 12, lowest, highest, limits.nearest * viewpoint.pivot_m)


def store_spz(path: Path, scene: StoredScene, how: Writing = PLAIN) -> tuple[str, ...]:
    """Writes a scene as it was read; the format can say all of it. Raises as `write_spz` does."""
    write_spz(
        path, scene.gaussians, how.spz_version, scene.antialiased, how.spz_y_up, scene.origin, scene.viewpoint
    )
    return ()


def read_spz(path: Path, most: int = MOST) -> Gaussians:
    """The Gaussians of a file where it has them, and nothing else that it says."""
    return open_spz(path, most).in_place


def open_spz(path: Path, most: int = MOST) -> StoredScene:
    """What a file holds, in its order, without Gaussians that nobody could draw; harmonics up to degree 3.

    Raises InputError for what is not a whole file of this kind or holds more than `most` Gaussians, EmptyWorld for one
    without any.
    """
    size = check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is damaged, or not a .spz file.", _REMEDY):
        with path.open("rb") as file:
            start = file.read(len(_MAGIC) + 4)
        if start.startswith(_GZIP) or (start.startswith(_MAGIC) and start[4:] in _PLAIN_VERSIONS):
            header, arrays, extensions = _one_stream(path, size, most, start.startswith(_GZIP))
        elif start.startswith(_MAGIC):
            header, arrays, extensions = _many_streams(path, size, most)
        else:
            raise InputError(f"{path.name} is not a .spz file.", _REMEDY)
        gaussians = drawable(unpacked(header, arrays, _signs(path, extensions)))
    if len(gaussians) == 0:
        raise EmptyWorld(f"{path.name} holds no Gaussian with finite values.", "Give a scene that is not damaged.")
    cut = f"{path.name} has harmonics of degree {header.degree}, of which those up to 3 are kept."
    notices = (cut,) if header.degree > 3 else ()
    left_out = header.count - len(gaussians)
    return around_middle(
        StoredScene(gaussians, bool(header.flags & _ANTIALIASED), notices=notices, left_out=left_out)
    )


def _check(g: Gaussians) -> None:
    check_writable(g)
    if len(g) > MOST_WRITTEN:
        raise InputError(
            f"The scene holds {len(g) / 1e6:.1f} million Gaussians, and readers of .spz take {MOST_WRITTEN // 10**6}.",
            "Write a .ply instead.",
        )


def _fraction_bits(means: torch.Tensor) -> int:
    """As many as leave room for the farthest coordinate."""
    farthest = float(means.abs().max())
    bits = FRACTION_BITS
    while bits and farthest * 2**bits > 2**23 - 1:
        bits -= 1
    if farthest > 2**23 - 1:
        raise InputError(f"The scene reaches {farthest / 1000:.0f} km, too far for .spz.", "Write a .ply instead.")
    return bits


def _one_stream(path: Path, size: int, most: int, zipped: bool) -> tuple[Header, list[bytes], bytes]:
    """Versions 1 to 3; what follows the arrays is read too, for with it comes the checksum."""
    with gzip.open(path) if zipped else path.open("rb") as file:
        magic, *fields, _ = _HEADER.unpack(file.read(_HEADER.size))
        header = Header(*fields)
        if magic != _MAGIC:
            raise InputError(f"{path.name} is not a .spz file.", _REMEDY)
        sizes = _sizes(path, header, size, most, (1, 2, 3))
        content = file.read(sum(sizes))
        extensions = file.read(_EXTENSION_BYTES)
    if len(content) < sum(sizes):
        raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
    ends = np.cumsum(sizes)
    return header, [content[end - n : end] for n, end in zip(sizes, ends, strict=True)], extensions


def _many_streams(path: Path, size: int, most: int) -> tuple[Header, list[bytes], bytes]:
    """Version 4: a table of (packed, unpacked) sizes, then the streams; an empty array has none."""
    import zstandard

    content = path.read_bytes()
    _, version, count, degree, bits, flags, streams, toc = _PLAIN_HEADER.unpack_from(content)
    header = Header(version, count, degree, bits, flags)
    sizes = _sizes(path, header, size, most, (4,))
    if streams != sum(n > 0 for n in sizes) or not _PLAIN_HEADER.size <= toc <= len(content) - 16 * streams:
        raise InputError(f"{path.name} does not hold the arrays that it should.", _REMEDY)
    table = np.frombuffer(content, "<u8", 2 * streams, toc).reshape(-1, 2).tolist()
    arrays, place = [], toc + 16 * streams
    unpack = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    for n in sizes:
        packed = table.pop(0)[0] if n else 0
        stream = io.BytesIO(content[place : place + packed])
        arrays.append(unpack.stream_reader(stream).read(n) if n else b"")
        place += packed
    if [len(array) for array in arrays] != sizes:
        raise InputError(f"{path.name} ends before its last Gaussian.", "Save or copy it again.")
    return header, arrays, content[_PLAIN_HEADER.size : toc]


def _sizes(path: Path, header: Header, size: int, most: int, versions: tuple[int, ...]) -> list[int]:
    """Bytes of each array; asked before anything is allocated, since a header can promise what it likes."""
    if header.version not in versions:
        raise InputError(f"{path.name} is a .spz of version {header.version}, which is not known here.", _REMEDY)
    if header.degree > 4:
        raise InputError(f"{path.name} has harmonics of degree {header.degree}, and 4 is the highest.", _REMEDY)
    check_count(path, header.count, most)
    row = (6 if header.version == 1 else 9, 1, 3, 3, 3 if header.version < 3 else 4, 3 * (header.degree + 1) ** 2 - 3)
    if header.count * sum(row) > max(MB, DENSEST * size):
        raise InputError(f"{path.name} does not hold as many Gaussians as it says.", "Save or copy it again.")
    return [header.count * n for n in row]


def _signs(path: Path, extensions: bytes) -> np.ndarray:
    """Of the axes that the file's extension names, else of the format's own."""
    place = 0
    while place + 8 <= len(extensions):
        kind, length = struct.unpack_from("<II", extensions, place)
        if kind == _AXES_EXTENSION and length >= 4:
            code = int.from_bytes(extensions[place + 8 : place + 12], "little")
            if code > 8:
                raise InputError(f"{path.name} has its y and z axes exchanged.", "Save it in axes of its own format.")
            return signs_of(code or RUB)
        place += 8 + length
    return signs_of(RUB)
