"""Photos, and what is no photo."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms

from tests.corpus.case import Case, Content, Wanted
from tests.corpus.contents import (
    HEIGHT,
    MB,
    WIDTH,
    chunk,
    deep_png,
    flipped,
    jpeg,
    noise,
    png,
    png_of_zeros,
    png_saying,
    png_with,
    saved,
    scene_image,
    scene_pixels,
    sparse,
    zeros,
)  # fmt: skip

QUICK = ("--size", "64", "--preset", "fast", "--engine", "builtin", "--fov", "60", "-o", "{out}")
BUILD = ("build", "{file}", *QUICK)
ORIENTATION, EXIF_IFD, FOCAL_35MM = 0x0112, 0x8769, 0xA405
UNDONE = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""EXIF's orientation -> how a picture is stored that is upright once it is followed."""


def photo(wanted: Wanted, name: str, file: str, content: Content = None, **more: object) -> Case:
    return Case("pictures", name, wanted, BUILD, file, content, **more)


def kind(name: str, **options: object) -> Callable[[], bytes]:
    return lambda: saved(scene_image(), name, **options)


def mode(name: str, kind: str, **options: object) -> Callable[[], bytes]:
    return lambda: saved(scene_image().convert(name), kind, **options)


def flat(colour: int, width: int = WIDTH, height: int = HEIGHT) -> Callable[[], bytes]:
    return lambda: saved(Image.new("RGB", (width, height), (colour,) * 3), "PNG")


def several(kind: str, mode: str = "RGB") -> Callable[[], bytes]:
    """Frames or pages, of which the first is meant."""
    upside_down = scene_image().transpose(Image.Transpose.FLIP_TOP_BOTTOM).convert(mode)
    return lambda: saved(scene_image().convert(mode), kind, save_all=True, append_images=[upside_down] * 4)


def turned(orientation: int) -> bytes:
    exif, stored = Image.Exif(), scene_image()
    exif[ORIENTATION] = orientation
    if UNDONE.get(orientation) is not None:
        stored = stored.transpose(UNDONE[orientation])
    return saved(stored, "JPEG", exif=exif, quality=97, subsampling=0)


def is_upright(out: Path) -> None:
    shown = Image.open(out / "previews" / "photo.png").convert("RGB")
    meant = scene_image().resize(shown.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(shown, float) - np.asarray(meant, float)).mean() < 12, "the picture is turned"


def focal(millimetres: int) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[FOCAL_35MM] = millimetres
    return saved(scene_image(), "JPEG", exif=exif)


def profile(space: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def with_alpha(alpha: np.ndarray | int) -> Image.Image:
    pixels = np.dstack([scene_pixels(), np.broadcast_to(np.uint8(alpha), (HEIGHT, WIDTH))])
    return Image.fromarray(pixels)


def tiff(array: Callable[[], np.ndarray], **options: object) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, array(), **options)


def tiff_saying(side: int) -> bytes:
    """The good picture, deflated, whose header says other sides."""
    content = bytearray(saved(scene_image(), "TIFF", compression="tiff_adobe_deflate"))
    [table] = struct.unpack("<I", content[4:8])
    [entries] = struct.unpack("<H", content[table : table + 2])
    for at in range(table + 2, table + 2 + 12 * entries, 12):
        if struct.unpack("<H", content[at : at + 2])[0] in (256, 257):
            content[at + 2 : at + 12] = struct.pack("<HII", 4, 1, side)
    return bytes(content)


def large_jpeg() -> bytes:
    return saved(Image.new("L", (9999, 9999), 90), "JPEG", quality=10)


def gif_saying(side: int) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x44\x01\0;"


def webp_saying_16k() -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\x3f" * 2 + bytes(4)
    return b"RIFF" + struct.pack("<I", 30) + body


def bmp_saying(side: int) -> bytes:
    body = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + body


WHOLE = [
    photo("built", "PNG", "a.png", png, sample=True),
    photo("built", "JPEG", "a.jpg", jpeg),
    photo("built", "JPEG named png", "a.png", jpeg),
    photo("built", "PNG named txt", "a.txt", png),
    photo("built", "no suffix", "a", png),
    photo("built", "JPEG with garbage behind", "a.jpg", lambda: jpeg() + noise(5000)),
    photo("built", "animated GIF", "a.gif", several("GIF", "P")),
    photo("built", "animated WebP", "a.webp", several("WEBP")),
    photo("built", "animated PNG", "a.png", several("PNG")),
    photo("built", "TIFF of pages", "a.tif", several("TIFF")),
    photo("built", "AVIF", "a.avif", kind("AVIF")),
    photo("built", "BMP", "a.bmp", kind("BMP")),
    photo("built", "progressive JPEG", "a.jpg", kind("JPEG", progressive=True)),
    photo("built", "interlaced palette", "a.gif", kind("GIF", interlace=1)),
    photo("built", "CMYK JPEG", "a.jpg", mode("CMYK", "JPEG"), sample=True),
    photo("built", "CMYK TIFF", "a.tif", mode("CMYK", "TIFF")),
    photo("built", "YCbCr TIFF", "a.tif", mode("YCbCr", "TIFF")),
    photo("either", "Lab TIFF", "a.tif", mode("LAB", "TIFF")),
    photo("built", "palette", "a.png", mode("P", "PNG")),
    photo("built", "palette with a transparent colour", "a.png", mode("P", "PNG", transparency=0)),
    photo("built", "one bit", "a.png", mode("1", "PNG")),
    photo("built", "fax", "a.tif", mode("1", "TIFF", compression="group4")),
    photo("built", "grey", "a.png", mode("L", "PNG")),
    photo("built", "grey with alpha", "a.png", mode("LA", "PNG")),
    photo("built", "grey of 16 bit", "a.png",
          lambda: saved(Image.fromarray(scene_pixels()[..., 0].astype(np.uint16) * 257), "PNG")),
    photo("built", "colour of 16 bit", "a.png", lambda: deep_png(3)),
    photo("built", "colour of 16 bit with alpha", "a.png", lambda: deep_png(4)),
    photo("built", "TIFF, LZW", "a.tif", kind("TIFF", compression="tiff_lzw")),
    photo("built", "TIFF, JPEG inside", "a.tif", kind("TIFF", compression="jpeg")),
    photo("built", "TIFF, grey of 16 bit", "a.tif", make=tiff(lambda: scene_pixels()[..., 0].astype(np.uint16) * 257)),
    photo("either", "TIFF, colour of 16 bit", "a.tif",
          make=tiff(lambda: scene_pixels().astype(np.uint16) * 257, photometric="rgb")),
    photo("either", "BigTIFF", "a.tif", make=tiff(scene_pixels, bigtiff=True)),
    photo("built", "all transparent", "a.png", lambda: saved(with_alpha(0), "PNG")),
    photo("built", "slope of transparency", "a.png", lambda: saved(with_alpha(2 * np.arange(WIDTH)), "PNG")),
    photo("built", "transparent WebP", "a.webp", lambda: saved(with_alpha(99), "WEBP")),
    photo("built", "black", "a.png", flat(0)),
    photo("built", "white", "a.png", flat(255)),
    photo("built", "grey all over", "a.png", flat(128)),
    photo("built", "noise", "a.png", lambda: saved(
        Image.fromarray(np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)), "PNG")),
    photo("built", "smallest", "a.png", lambda: saved(scene_image(32, 32), "PNG")),
    photo("built", "odd sides", "a.png", lambda: saved(scene_image(97, 61), "PNG")),
]  # fmt: skip

TOLD = [  # what a file says beside its pixels
    *(photo("built", f"EXIF orientation {n}", "a.jpg", lambda n=n: turned(n), after=is_upright, sample=n == 6)
      for n in UNDONE),
    photo("built", "EXIF orientation 99", "a.jpg", lambda: turned(99)),
    photo("built", "EXIF focal length of 65535 mm", "a.jpg", lambda: focal(65535)),
    photo("built", "EXIF of garbage", "a.jpg", kind("JPEG", exif=b"Exif\0\0" + noise(2000))),
    photo("built", "colour profile of garbage", "a.jpg", kind("JPEG", icc_profile=noise(3000))),
    photo("either", "colour profile Lab", "a.jpg", lambda: saved(scene_image(), "JPEG", icc_profile=profile("LAB"))),
    photo("either", "colour profile XYZ", "a.png", lambda: saved(scene_image(), "PNG", icc_profile=profile("XYZ"))),
    photo("either", "half a gigabyte of words", "a.png",
          lambda: png_with(chunk(b"zTXt", b"k\0\0" + zeros(512 * MB))), heavy=True),
    photo("either", "half a gigabyte of profile", "a.png",
          lambda: png_with(chunk(b"iCCP", b"k\0\0" + zeros(512 * MB))), heavy=True),
    photo("either", "twenty thousand words", "a.png", lambda: png_with(chunk(b"tEXt", b"a\0" + b"b" * 1000) * 20_000)),
]  # fmt: skip

BROKEN = [
    photo("refused", "empty", "a.png", b"", sample=True),
    photo("refused", "one byte", "a.png", b"\x89"),
    photo("refused", "signature alone", "a.png", lambda: png()[:8]),
    photo("refused", "half a PNG", "a.png", lambda: png()[: len(png()) // 2], sample=True),
    photo("refused", "half a JPEG", "a.jpg", lambda: jpeg()[: len(jpeg()) // 2]),
    photo("refused", "JPEG without its last 20 bytes", "a.jpg", lambda: jpeg()[:-20]),
    photo("refused", "PNG with turned bytes", "a.png", lambda: flipped(png(), 30, 60)),
    photo("either", "JPEG with turned bytes", "a.jpg", lambda: flipped(jpeg(), 10, 700)),
    photo("refused", "JPEG with garbage before", "a.jpg", lambda: b"xx" + jpeg()),
    photo("refused", "text named png", "a.png", b"hello world\n" * 50),
    photo("refused", "HTML named jpg", "a.jpg", b"<html><script>alert(1)</script>"),
    photo("refused", "HEIC", "a.heic", lambda: struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + noise(3000)),
    photo("refused", "AVIF cut short", "a.avif", lambda: saved(scene_image(), "AVIF")[:-200]),
    photo("refused", "SVG that names a file", "a.svg",
          b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', sample=True),
    photo("refused", "PostScript", "a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file"),
    photo("refused", "PDF", "a.pdf", b"%PDF-1.4\n" + b"x" * 999),
    photo("refused", "Photoshop", "a.psd",
          b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 72, 96, 8, 3) + bytes(9999)),
    *(photo("refused", f"{name} is none of the kinds", f"a.{name.lower()}", kind(name))
      for name in ("ICO", "TGA", "PPM", "DDS", "IM", "PCX")),
    photo("refused", "XBM is none of the kinds", "a.xbm", mode("1", "XBM")),
    photo("refused", "TIFF of floats", "a.tif", make=tiff(lambda: scene_pixels()[..., 0] / np.float32(255))),
    photo("either", "TIFF of floats in colour", "a.tif", make=tiff(lambda: scene_pixels() / np.float32(255))),
    photo("refused", "TIFF of whole numbers", "a.tif", make=tiff(lambda: scene_pixels()[..., 0].astype(np.int32))),
    photo("refused", "one pixel wide", "a.png", flat(9, 1, 500)),
    photo("refused", "one pixel high", "a.png", flat(9, 500, 1)),
    photo("refused", "31 pixels", "a.png", flat(9, 31, 31)),
    photo("refused", "a strip", "a.png", flat(9, 4000, 33)),
    photo("refused", "numbers in an array", "a.npy", b"\x93NUMPY\1\0" + bytes(200)),
]  # fmt: skip

BOMBS = [
    photo("refused", "PNG of 50 000 a side", "a.png", lambda: png_saying(50_000, 50_000, data=zeros(64 * MB)),
          sample=True),
    photo("refused", "PNG of 2^31 a side", "a.png", lambda: png_saying(2**31 - 1, 2**31 - 1)),
    photo("refused", "PNG of no side", "a.png", lambda: png_saying(0, 0)),
    photo("either", "PNG of 99 Mpx", "a.png", lambda: png_of_zeros(9999, 8, 2), heavy=True),
    photo("either", "PNG of 99 Mpx, 16 bit with alpha", "a.png", lambda: png_of_zeros(9999, 16, 6), heavy=True),
    photo("either", "JPEG of 99 Mpx", "a.jpg", large_jpeg, heavy=True),
    photo("refused", "GIF of 65 535 a side", "a.gif", lambda: gif_saying(65535)),
    photo("refused", "WebP of 4 Mpx a side", "a.webp", webp_saying_16k),
    photo("refused", "BMP without its pixels", "a.bmp", lambda: bmp_saying(9000)),
    photo("refused", "TIFF of 60 000 a side", "a.tif", lambda: tiff_saying(60_000)),
    photo("refused", "file of 65 MB", "a.png", make=lambda path: sparse(65 * MB, png())(path)),
]  # fmt: skip


def loop(path: Path) -> None:
    path.symlink_to(path.name)


PLACES = [
    photo("refused", "not there", "a.png", sample=True),
    photo("refused", "folder", "a.png", make=Path.mkdir),
    photo("refused", "pipe", "a.png", make=os.mkfifo, sample=True),
    photo("refused", "link to itself", "a.png", make=loop),
    photo("refused", "device of zeros", "/dev/zero"),
    photo("refused", "device of nothing", "/dev/null"),
    photo("refused", "memory of the process", "/proc/self/mem"),
    photo("refused", "name of 300 letters", "x" * 300 + ".png"),
    photo("built", "name of control characters and tags", "a\nb\t<i>\"'.png", png),
    photo("built", "name that is an option", "-o.png", png),
    photo("built", "name from right to left", "\u202egnp.exe.png", png),
    photo("built", "name of an emoji", "😀é.png", png),
    photo("built", "name that is no UTF-8", os.fsdecode(b"bad\xff\xfe.png"), png, sample=True),
]

CASES = [*WHOLE, *TOLD, *BROKEN, *BOMBS, *PLACES]
