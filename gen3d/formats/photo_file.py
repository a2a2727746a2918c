"""A photo's file, opened but not decoded: the right page of it, by a decoder that may see a stranger's file.

What cannot be read is called by its name where it is known: a camera's RAW, whose ordinary decoders would give the
thumbnail; a TIFF of a kind that Pillow cannot convert; a format of somebody else's.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
"""The Pillow decoders that may see a stranger's file: no PostScript, nothing that starts a program."""
LARGEST_BYTES = 64 * MB
LARGEST_PX = 100_000_000
SMALLEST_SIDE_PX = 32
ORIENTATION = 0x0112
MOST_PAGES = 32

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong with a file is told by a sentence

_REMEDY = "Give a photo as PNG, JPEG or WebP."
_EXPORT = "Export it as JPEG, PNG or WebP and give that."
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SENSOR = (32803, 34892)
"""PhotometricInterpretation of a sensor's own values: colour filter array, linear raw."""
_DNG_VERSION = 50706

_KINDS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"FUJIFILMCCD-RAW", "a camera RAW (Fujifilm)"), (0, b"IIRO", "a camera RAW (Olympus)"),
    (0, b"IIRS", "a camera RAW (Olympus)"), (0, b"IIU\0", "a camera RAW (Panasonic)"), (0, b"FOVb", "a camera RAW"),
    (4, b"ftypcrx ", "a camera RAW (Canon CR3)"), (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"), (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"), (0, b"8BPS", "a Photoshop document"), (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript file"), (0, b"\xc5\xd0\xd3\xc6", "a PostScript file"), (0, b"<svg", "an SVG drawing"),
    (0, b"v/1\x01", "an EXR file"), (0, b"#?RADIANCE", "a Radiance HDR file"), (4, b"ftypavif", "a damaged AVIF"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"), (0, b"DDS ", "a DDS texture"), (0, b"PK\x03\x04", "a zip archive"),
)  # fmt: skip
"""Offset, first bytes, what it is: formats that people take for a photo's."""


def open_photo(path: Path) -> Image.Image:
    """The picture's header, of the page at full resolution; nothing is decoded yet. Raises InputError."""
    check_file(path, LARGEST_BYTES, _REMEDY)
    with path.open("rb") as file:
        start = file.read(64)
    number = _full_page(path, start) if start[:4] in _TIFF else 0
    try:
        with unwarned():
            picture = _opened(path, start)
            picture.seek(number)
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except InputError:
        raise
    except Exception as error:
        raise _unreadable(path, start) from error
    _check_size(path, *picture.size)
    return _converted(path, picture, number) if picture.format == "TIFF" else picture


@contextmanager
def unwarned() -> Iterator[None]:
    """Without Pillow's word on large pictures: our own limit is asked before one is decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def orientation_of(picture: Image.Image) -> int:
    """EXIF's number for how the camera was held, 1..8; 1 where it says nothing sensible."""
    try:
        told = int(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # EXIF is a bonus: whatever is broken in it, the picture itself may be fine
        return 1
    return told if 1 <= told <= 8 else 1


def is_heif(start: bytes) -> bool:
    """Whether a file that begins like this is a HEIC or its like (an AVIF, which Pillow reads, is not)."""
    if start[4:8] != b"ftyp" or start[8:12] in (b"avif", b"avis"):
        return False
    return start[8:12] in _HEIF_BRANDS and not (start[8:12] in (b"mif1", b"msf1") and b"avif" in start[16:])


def _opened(path: Path, start: bytes) -> Image.Image:
    formats = [f for f in FORMATS if f in Image.OPEN or _loaded(f)]
    if is_heif(start):
        formats = [_heif_decoder(path)]
    return Image.open(path, formats=formats)


def _loaded(name: str) -> bool:
    """Pillow loads decoders late, and refuses to be asked for one it has not loaded."""
    Image.init()
    return name in Image.OPEN


def _heif_decoder(path: Path) -> str:
    """Pillow's name of the decoder for HEIC, registered on use; InputError where it is not installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise InputError(
            f"{path.name} is a HEIC photo, and pillow-heif, which reads those, is not installed here.",
            "Export it as JPEG, or install pillow-heif.",
            "photo",
        ) from error
    register_heif_opener(thumbnails=False)
    return "HEIF"


def _unreadable(path: Path, start: bytes) -> InputError:
    if is_heif(start):
        return InputError(f"{path.name} is a HEIC photo that cannot be read.", "Export it as JPEG and give that.")
    kind = next((kind for offset, first, kind in _KINDS if start[offset:].startswith(first)), None)
    if kind:
        return InputError(f"{path.name} is {kind}, not a picture that can be read.", _EXPORT)
    if start[:4] in _TIFF and (told := _tiff_kind(path)):
        return InputError(f"{path.name} is {told}, not a picture that can be read.", "Save it with 8 or 16 bit.")
    return InputError(
        f"{path.name} is not a picture that can be read.", "Give a photo as PNG, JPEG, WebP or HEIC."
    )


def _too_large(path: Path) -> InputError:
    return InputError(f"{path.name} has more than {LARGEST_PX // 10**6} million pixels.", "Reduce it and try again.")


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > LARGEST_PX:
        raise _too_large(path)
    if min(width, height) < SMALLEST_SIDE_PX:
        raise InputError(
            f"{path.name} has only {width} x {height} pixels.",
            f"Give a photo of at least {SMALLEST_SIDE_PX} pixels a side.",
        )


# -- TIFF: pages, sensors, colours --------------------------------------------------------------------------------


def _full_page(path: Path, start: bytes) -> int:
    """Which page of a TIFF is the picture, from 0: the largest that is no preview. InputError for a camera's RAW."""
    try:
        with tifffile.TiffFile(path) as tiff:
            pages = list(tiff.pages[:MOST_PAGES])
            inner = [sub for page in pages for sub in (page.pages or [])[:MOST_PAGES]]
            is_raw = start[8:10] == b"CR" or any(_is_raw(page) for page in (*pages, *inner))
            pixels = [0 if page.is_reduced else int(page.imagewidth) * int(page.imagelength) for page in pages]
            largest_inner = max((int(s.imagewidth) * int(s.imagelength) for s in inner), default=0)
            first = pages[0].imagewidth, pages[0].imagelength
    except Exception:  # Pillow may read it all the same, and says why not where it does not
        return 0
    if is_raw or largest_inner > max(pixels) or (max(pixels) == 0 and largest_inner):
        raise InputError(
            f"{path.name} is a camera RAW; what can be read of it is a preview of {first[0]} x {first[1]} pixels.",
            "Export it as JPEG or PNG and give that.",
            "photo",
        )
    return pixels.index(max(pixels))


def _is_raw(page: tifffile.TiffPage) -> bool:
    return _DNG_VERSION in page.tags or int(page.photometric or 0) in _SENSOR


def _converted(path: Path, picture: Image.Image, number: int) -> Image.Image:
    """The page itself, or the same where Pillow cannot convert its colours; InputError for what nobody here can."""
    photometric = picture.tag_v2.get(262)
    if picture.mode in ("F", "I"):
        raise InputError(
            f"{path.name} is {_tiff_kind(path) or 'a TIFF of numbers without a known range'}, not a picture that can "
            "be read.", "Save it with 8 or 16 bit.",
        )  # fmt: skip
    if photometric != 6 or picture.tag_v2.get(259) in (6, 7, 34892):  # YCbCr, but for what JPEG decodes itself
        return picture
    damaged = f"{path.name} is truncated or damaged.", "Save or copy it again, or give another photo."
    with refusing(*damaged), tifffile.TiffFile(path) as tiff:
        read = _from_ycbcr(path, tiff.pages[number], picture.size)
    read.format = "TIFF"
    read.getexif()[ORIENTATION] = orientation_of(picture)
    return read


def _from_ycbcr(path: Path, page: tifffile.TiffPage, size: tuple[int, int]) -> Image.Image:
    """A page of luma and colour differences at full resolution, as RGB."""
    width, height = size
    if page.bitspersample != 8 or page.shape not in ((height, width, 3), (3, height, width)):
        raise InputError(f"{path.name} is {_tiff_kind(path)}, not a picture that can be read.", "Save it as RGB.")
    if page.tags.valueof(530, (2, 2)) != (1, 1):
        raise InputError(f"{path.name} is a TIFF of subsampled YCbCr, which is not read.", "Save it as RGB.")
    pixels = page.asarray() if page.planarconfig != 2 else np.moveaxis(page.asarray(), 0, -1)
    held = memoryview(np.ascontiguousarray(pixels)).cast("B")
    return Image.frombytes("YCbCr", size, held).convert("RGB")


def _tiff_kind(path: Path) -> str | None:
    """What a whole TIFF holds, in words; None where it is not whole."""
    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages[0]
            ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
            if max(ends) > path.stat().st_size:
                return None
            colours = getattr(page.photometric, "name", page.photometric)
            number = {3: "floating-point", 2: "signed", 1: ""}.get(int(page.sampleformat), "")
            packed = getattr(page.compression, "name", page.compression)
            return f"a TIFF of {page.bitspersample}-bit {number} {colours} ({packed})".replace("  ", " ")
    except Exception:  # no sentence is better than a wrong one
        return None
