"""Depth files, and what is none; the photo they come with is good."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import OpenEXR
import tifffile

from tests.corpus.case import Case, Content, Wanted
from tests.corpus.contents import (
    HEIGHT,
    MB,
    WIDTH,
    depth_png,
    evil_array,
    flipped,
    jpeg,
    npy,
    npy_saying,
    npz,
    png,
    png_of_zeros,
    png_saying,
    saved,
    scene_depth,
    scene_image,
    scene_pixels,
    shaped,
    sparse,
    zeros,
)  # fmt: skip
from tests.corpus.pictures import QUICK, tiff_saying

BUILD = ("build", "{photo}", "--depth", "{file}", *QUICK)
D, COLUMN, ROW = scene_depth(), np.arange(WIDTH), np.arange(HEIGHT)[:, None]


def depth(wanted: Wanted, name: str, file: str, content: Content = None, **more: object) -> Case:
    return Case("depths", name, wanted, BUILD, file, content, **more)


def array(wanted: Wanted, name: str, values: Callable[[], np.ndarray], **more: object) -> Case:
    return depth(wanted, name, "d.npy", lambda: npy(values()), **more)


def everywhere(value: float) -> Callable[[], np.ndarray]:
    return lambda: np.full((HEIGHT, WIDTH), value, np.float32)


VALUES = [
    array("refused", "NaN", everywhere(np.nan), sample=True),
    array("refused", "inf", everywhere(np.inf)),
    array("refused", "minus inf", everywhere(-np.inf)),
    array("refused", "negative", everywhere(-2)),
    array("refused", "zero", everywhere(0)),
    array("built", "one distance", everywhere(3), sample=True),
    array("either", "1e-30 m", everywhere(1e-30)),
    array("either", "1e-44 m, a denormal", everywhere(1e-44), sample=True),
    array("either", "1e-6 m", everywhere(1e-6)),
    array("either", "100 km", everywhere(1e5)),
    array("either", "900 km", everywhere(9e5)),
    array("either", "from a micrometre to 900 km", lambda: np.where(D > 3, 9e5, 1e-6).astype(np.float32)),
    array("either", "one denormal", lambda: np.where((COLUMN == 40) & (ROW == 30), 1e-44, D).astype(np.float32)),
    array("either", "one known pixel", lambda: np.where((COLUMN == 40) & (ROW == 30), 2, np.nan).astype(np.float32)),
    array("built", "half unknown", lambda: np.where(COLUMN < 48, D, np.nan).astype(np.float32)),
    array("built", "half sky", lambda: np.where(COLUMN < 48, D, np.inf).astype(np.float32), sample=True),
    array("built", "every other pixel", lambda: np.where((COLUMN + ROW) % 2, D, np.nan).astype(np.float32)),
    array("either", "sky with one known pixel", lambda: np.where((COLUMN == 5) & (ROW == 5), 2, np.inf).astype("f4")),
    array("built", "noise", lambda: np.random.default_rng(0).uniform(0.1, 9, D.shape).astype(np.float32)),
    array("built", "half precision", lambda: D.astype(np.float16)),
    array("refused", "1e300", lambda: D.astype(np.float64) * 1e300),
    array("either", "long doubles", lambda: D.astype(np.longdouble)),
]

SHAPES = [
    array("built", "columns first", lambda: np.asfortranarray(D)),
    array("built", "big-endian", lambda: D.astype(">f4")),
    array("refused", "negative whole numbers", lambda: -(1000 * D).astype(np.int64)),
    array("built", "bytes", lambda: (40 * D).astype(np.uint8)),
    array("refused", "booleans", lambda: D > 3),
    array("refused", "complex", lambda: D.astype(np.complex64)),
    array("refused", "words", lambda: np.full(D.shape, "a")),
    array("refused", "records", lambda: np.zeros(D.shape, [("a", np.float32)])),
    array("refused", "dates", lambda: np.zeros(D.shape, "M8[s]")),
    array("refused", "three channels", lambda: np.dstack([D] * 3)),
    array("built", "axes of length one", lambda: D[None, :, :, None]),
    array("refused", "one pixel", lambda: D[:1, :1]),
    array("refused", "no pixel", lambda: D[:0, :0]),
    array("refused", "a line", lambda: D.ravel()),
    array("refused", "a number", lambda: D[0, 0]),
    array("refused", "on its side", lambda: np.rot90(D).copy(), sample=True),
    array("built", "half as large", lambda: D[::2, ::2].copy()),
    array("built", "twice as large", lambda: np.kron(D, np.ones((2, 2), np.float32))),
    array("refused", "3 % too narrow", lambda: D[:, :93].copy()),
]

NUMPY = [
    depth("refused", "pickled objects", "d.npy", lambda: npy(evil_array(), pickled=True), sample=True),
    depth("refused", "a pickle", "d.npy", b"\x80\x04cposix\nsystem\n(S'touch PWNED'\ntR."),
    depth("refused", "header of 10^12 pixels", "d.npy", lambda: npy_saying(shaped("(1000000, 1000000)")), sample=True),
    depth("refused", "header of 90 Mpx and no pixel", "d.npy", lambda: npy_saying(shaped("(9000, 9999)"))),
    depth("refused", "header of a negative side", "d.npy", lambda: npy_saying(shaped("(-4, 4)"), bytes(64))),
    depth("refused", "header of 4 GB", "d.npy", b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + b"{"),
    depth("refused", "header of 50 MB", "d.npy",
          lambda: npy_saying(shaped("(72, 96)") + " " * (50 * MB), D.tobytes(), (2, 0))),
    depth("refused", "header of brackets", "d.npy", lambda: npy_saying("(" * 30_000 + ")" * 30_000, b"", (2, 0))),
    depth("refused", "header that is a program", "d.npy", lambda: npy_saying("__import__('os').system('touch PWNED')")),
    depth("refused", "header of a number of 5000 digits", "d.npy", lambda: npy_saying(shaped(f"(1{'0' * 5000}, 4)"))),
    depth("either", "version 3", "d.npy", lambda: npy_saying(shaped("(72, 96)"), D.tobytes(), (3, 0))),
    depth("refused", "version 9", "d.npy", lambda: npy_saying(shaped("(72, 96)"), D.tobytes(), (9, 0))),
    depth("refused", "cut short", "d.npy", lambda: npy(D)[:-100]),
    depth("refused", "text named npy", "d.npy", b"1 2 3\n"),
    depth("refused", "513 MB", "d.npy", make=sparse(513 * MB)),
]  # fmt: skip


def squeezed(megabytes: int, shape: str) -> bytes:
    """An archive of one array of zeros."""
    file = BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("depth.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy_saying(shaped(shape)))
        for _ in range(megabytes):
            member.write(bytes(MB))
    return file.getvalue()


ARCHIVES = [
    depth("built", "npz", "d.npz", lambda: npz([("depth.npy", npy(D))])),
    depth("refused", "npz without an array", "d.npz", lambda: npz([("a.txt", b"x")])),
    depth("refused", "npz of pickled objects", "d.npz", lambda: npz([("depth.npy", npy(evil_array(), pickled=True))])),
    depth("refused", "npz of a gigabyte", "d.npz", lambda: squeezed(1024, "(16384, 16384)")),
    depth("refused", "npz of 64 MB that says a gigabyte", "d.npz", lambda: squeezed(64, "(16384, 16384)"), sample=True),
    depth("refused", "npz of 380 MB of zeros", "d.npz", lambda: squeezed(382, "(9999, 9999)"), heavy=True),
    depth("refused", "npz in an npz", "d.npz", lambda: npz([("depth.npy", npz([("depth.npy", npy(D))]))])),
    depth("refused", "npz of 100 000 members", "d.npz",
          lambda: npz([(f"m{i}.npy", b"x") for i in range(100_000)], zipfile.ZIP_STORED), heavy=True),
    depth("built", "npz with a name that climbs", "d.npz", lambda: npz([("../../../PWNED.npy", npy(D))])),
    depth("refused", "npz cut short", "d.npz", lambda: npz([("depth.npy", npy(D))])[:-60]),
    depth("refused", "npz with a wrong checksum", "d.npz", lambda: npz(
        [("depth.npy", npy(D))], zipfile.ZIP_STORED).replace(npy(D)[200:210], b"0123456789", 1)),
    depth("refused", "npz of a hundred that are no maps", "d.npz",
          lambda: npz([(f"m{i:02}.npy", npy_saying(shaped("(3, 5, 7)"))) for i in range(100)])),
    depth("either", "npz, bzip2", "d.npz", lambda: npz([("depth.npy", npy(D))], zipfile.ZIP_BZIP2)),
    depth("either", "npz, LZMA of 190 MB", "d.npz", lambda: npz(
        [("depth.npy", npy_saying(shaped("(7000, 7000)"), bytes(7000 * 7000 * 4)))], zipfile.ZIP_LZMA), heavy=True),
]  # fmt: skip


def tiff(values: Callable[[], np.ndarray], **options: object) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, values(), **options)


def made(make: Callable[[Path], None]) -> bytes:
    """What a library would write into a file."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        make(Path(folder) / "a")
        return (Path(folder) / "a").read_bytes()


PICTURES = [
    depth("built", "PNG of 16 bit", "d.png", depth_png, sample=True),
    depth("built", "PNG of 8 bit", "d.png", lambda: saved(scene_image().convert("L"), "PNG")),
    depth("refused", "PNG in colour", "d.png", png),
    depth("refused", "PNG palette", "d.png", lambda: saved(scene_image().convert("P"), "PNG")),
    depth("refused", "PNG of one bit", "d.png", lambda: saved(scene_image().convert("1"), "PNG")),
    depth("refused", "JPEG", "d.jpg", jpeg),
    depth("refused", "half a PNG", "d.png", lambda: depth_png()[:300]),
    depth("refused", "PNG of 50 000 a side", "d.png", lambda: png_saying(50_000, 50_000, 16, 0, zeros(64 * MB))),
    depth("refused", "PNG of 99 Mpx", "d.png", lambda: png_of_zeros(9999, 16, 0), heavy=True),
    depth("built", "TIFF of floats", "d.tif", make=tiff(lambda: D)),
    depth("built", "TIFF of doubles", "d.tif", make=tiff(lambda: D.astype(np.float64))),
    depth("built", "TIFF of 16 bit", "d.tif", make=tiff(lambda: (1000 * D).astype(np.uint16))),
    depth("refused", "TIFF in colour", "d.tif", make=tiff(scene_pixels)),
    depth("either", "TIFF, deflated", "d.tif", make=tiff(lambda: D, compression="zlib")),
    depth("refused", "TIFF cut short", "d.tif", lambda: made(tiff(lambda: D))[:2000]),
    depth("refused", "TIFF of 380 MB of zeros", "d.tif", heavy=True,
          make=tiff(lambda: np.zeros((9999, 9999), np.float32), compression="zlib")),
    depth("refused", "TIFF of 60 000 a side", "d.tif", lambda: tiff_saying(60_000)),
    depth("refused", "TIFF that points at itself", "d.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0", sample=True),
    depth("either", "TIFF of 200 000 empty pages", "d.tif", lambda: b"II*\0\x08\0\0\0" + b"".join(
        b"\0\0" + struct.pack("<I", 8 + 6 * (i + 1)) for i in range(200_000))),
]  # fmt: skip


def exr(channels: Callable[[], dict[str, np.ndarray]]) -> Callable[[Path], None]:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    return lambda path: OpenEXR.File(header, channels()).write(str(path))


def exr_saying(left: int, top: int, right: int, bottom: int) -> bytes:
    """The good map, whose header says another window."""
    content = made(exr(lambda: {"Z": D}))
    at = content.index(b"dataWindow\0box2i\0") + 21
    return content[:at] + struct.pack("<iiii", left, top, right, bottom) + content[at + 16 :]


EXR = [
    depth("built", "EXR", "d.exr", make=exr(lambda: {"Z": D})),
    depth("built", "EXR of halves", "d.exr", make=exr(lambda: {"Z": D.astype(np.float16)})),
    depth("either", "EXR of whole numbers", "d.exr", make=exr(lambda: {"Z": (1000 * D).astype(np.uint32)})),
    depth("either", "EXR in colour", "d.exr", make=exr(lambda: {"RGB": np.dstack([D] * 3)})),
    depth("refused", "EXR cut short", "d.exr", lambda: made(exr(lambda: {"Z": D}))[:900]),
    depth("refused", "EXR of 10^9 a side", "d.exr", lambda: exr_saying(0, 0, 10**9, 10**9)),
    depth("refused", "EXR inside out", "d.exr", lambda: exr_saying(5, 5, -5, -5)),
    depth("refused", "EXR of 99 Mpx and no pixel", "d.exr", lambda: exr_saying(0, 0, 9998, 9998)),
    depth("refused", "EXR of 99 Mpx of zeros", "d.exr", heavy=True,
          make=exr(lambda: {"Z": np.zeros((9999, 9999), np.float32)})),
    depth("either", "EXR with turned bytes", "d.exr", lambda: flipped(made(exr(lambda: {"Z": D})), 40, 330)),
    depth("refused", "EXR without a header", "d.exr", b"v/1\x01\x02\0\0\0"),
]  # fmt: skip

PLACES = [
    depth("refused", "empty", "d.npy", b""),
    depth("refused", "folder", "d.npy", make=Path.mkdir),
    depth("refused", "pipe", "d.npy", make=os.mkfifo),
    depth("refused", "not there", "d.npy"),
]
SCALES = [
    Case("depths", f"scale {scale}", wanted, (*BUILD, f"--depth-scale={scale}"), "d.png", depth_png,
         sample=scale == "0")
    for scale, wanted in (
        ("0", "refused"), ("-1", "refused"), ("nan", "refused"), ("inf", "refused"), ("1e-300", "refused"),
        ("1e300", "refused"), ("1e-30", "either"), ("1e30", "either"), ("1", "built"),
    )
]  # fmt: skip

CASES = [*VALUES, *SHAPES, *NUMPY, *ARCHIVES, *PICTURES, *EXR, *PLACES, *SCALES]
