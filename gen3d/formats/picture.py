"""Pictures: PNG, JPEG, WebP, HEIC and their like in, PNG out.

What comes in is what a viewer shows: turned as EXIF says, transparency on white, colours converted to sRGB where the
file carries another profile. Size is checked on the header, before anything is decoded.

A picture of up to WHOLE_PX pixels is made float as a whole and then reduced; a larger one is reduced while it is made,
strip by strip and along one axis after the other, which is the same mean (but for rounding) in a tenth of the memory.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8, UInt16
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import TiffImageFile

from gen3d.formats.depth_names import Size
from gen3d.formats.own_depth import OwnDepth, own_depth
from gen3d.formats.photo_file import SMALLEST_SIDE_PX as SMALLEST_SIDE_PX
from gen3d.formats.photo_file import open_photo, orientation_of, unwarned
from gen3d.formats.photo_xmp import panorama, xmp_of
from gen3d.formats.whole import refusing, write_whole

FILM_DIAGONAL_MM = 43.27
"""Of the 36 x 24 mm frame that "35 mm equivalent" refers to."""
PNG_LEVEL = 4
"""How hard a PNG is packed: half the time of the usual 6, for 1.5 % more bytes."""
WHOLE_PX = 20_000_000
"""Up to so many pixels nothing is done in strips."""
STRIP_PX = 2_000_000
DEEPEST_BYTES = 600_000_000
"""Beyond it 16-bit pixels are read as 8 bit, since OpenCV holds them twice: of more than 75 Mpx with alpha."""

_EXIF_IFD, _FOCAL_35MM = 0x8769, 0xA405

Strip = Callable[[int, int], np.ndarray]
"""Rows from, to: their pixels as integers, `h w 3`."""


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """A photo, and what its file says about it."""

    image: Float[np.ndarray, "h w 3"]
    """sRGB in [0, 1] as displayed, perhaps reduced."""
    size: Size
    """Width and height as displayed, before it was reduced."""
    stored_size: Size
    """The same before EXIF turned it."""
    orientation: int = 1
    """EXIF's: how `upright` turned it."""
    focal_px: float | None = None
    """At its own size, from EXIF."""
    own_depth: OwnDepth | None = None
    """As stored, not turned."""
    told: tuple[str, ...] = ()
    """What is doubtful, a sentence or two each."""


def read_photo(path: Path, longest_px: int | None = None) -> Photo:
    """A photo with what its file says of itself, at most `longest_px` long where it is too large to be kept whole.

    Raises InputError for whatever is not a whole picture of at least 32 px a side, at most 100 Mpx and at most 64 MB.
    """
    with open_photo(path) as picture:
        orientation, left = _load(path, picture)
        shown = picture.size[::-1] if left >= 5 else picture.size
        properties = xmp_of(picture)
        own, unusable = own_depth(path, picture, properties)
        told = [_page_told(picture), _panorama_told(panorama(properties)), unusable]
        focal = _focal_px(picture, *shown)
        image = _decoded(path, picture, left, longest_px)
    stored = shown[::-1] if orientation >= 5 else shown
    return Photo(image, shown, stored, orientation, focal, own, tuple(filter(None, told)))


def read_picture(path: Path) -> Float[np.ndarray, "h w 3"]:
    """A picture as a viewer would show it: float32 sRGB in [0, 1], at its own size.

    16-bit PNGs keep their precision, unless they carry a foreign colour profile. Raises as `read_photo` does.
    """
    with open_photo(path) as picture:
        _, left = _load(path, picture)
        return _decoded(path, picture, left, None)


def as_bytes(image: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Values in [0, 1], what lies outside cut off, as the nearest bytes."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def focal_px(path: Path, width: int, height: int) -> float | None:
    """The focal length that EXIF tells, in pixels of this picture at `width` x `height`; None when it tells none.

    From the 35 mm equivalent f: f_px = f * diagonal_px / 43.27 (the convention of CIPA DCG-001 for equal diagonals).
    """
    with open_photo(path) as picture:
        return _focal_px(picture, width, height)


def pixels_of(picture: Image.Image) -> UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w"]:
    """A picture of Pillow's as a viewer would show it, deep grey as it is; InputError for one that cannot be shown."""
    with refusing("The picture in memory cannot be shown.", "Convert it to RGB with 8 bit."):
        deep = picture.mode.startswith("I;16")
        pixels = np.asarray(picture).astype(np.uint16) if deep else np.asarray(_flattened(_in_srgb(picture)))
    return upright(pixels, orientation_of(picture))


def focal_of(picture: Image.Image) -> float | None:
    """The focal length that EXIF tells of a picture of Pillow's, in pixels; see `focal_px`."""
    return _focal_px(picture, *picture.size)


def size_of(path: Path) -> tuple[int, int]:
    """Width and height in pixels, by the file's header alone; InputError for what is no picture."""
    with open_photo(path) as picture:
        return picture.width, picture.height


def write_png(path: Path, image: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]) -> None:
    """Writes sRGB or grey bytes as PNG."""
    with write_whole(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG", compress_level=PNG_LEVEL)


def jpeg(image: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """The picture as a small file to look at; the same picture gives the same bytes."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=85)
    return file.getvalue()


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undoes how the camera was held; `orientation` is EXIF's number 1..8, others mean nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _focal_px(picture: Image.Image, width: int, height: int) -> float | None:
    try:
        focal_mm = float(picture.getexif().get_ifd(_EXIF_IFD).get(_FOCAL_35MM, 0))
    except Exception:  # EXIF is a bonus: whatever is broken in it, the picture itself may be fine
        return None
    if not 1.0 <= focal_mm <= 3000.0:  # 0 means unknown; also turns down NaN
        return None
    return focal_mm * math.hypot(width, height) / FILM_DIAGONAL_MM


def _page_told(picture: Image.Image) -> str | None:
    number = picture.tell() if picture.format == "TIFF" else 0
    if number == 0:
        return None
    return f"The photo's file holds {picture.n_frames} pages; the largest was taken, page {number + 1}."


def _panorama_told(what: str | None) -> str | None:
    if what is None:
        return None
    return (
        f"By its own account the photo is a {what}, but it was taken for an ordinary photo of one lens, so straight "
        "lines will bend. Cut an ordinary view of at most 90 degrees out of it in a panorama viewer, and give that."
    )


# -- decoding ------------------------------------------------------------------------------------------------------


def _load(path: Path, picture: Image.Image) -> tuple[int, int]:
    """Decodes it, before anything else is asked of it: a PNG decodes itself when EXIF is asked for, and fails once.

    Returns EXIF's orientation, and what of it is left to be undone: Pillow turns a TIFF itself, and forgets it.
    """
    told = orientation_of(picture) if isinstance(picture, TiffImageFile) else None
    with _damaged(path):
        picture.load()
    left = orientation_of(picture)
    return told or left, left


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """InputError for whatever fails in it."""
    told = f"{path.name} is truncated or damaged.", "Save or copy it again, or give another photo."
    with refusing(*told), unwarned():
        yield


def _decoded(path: Path, picture: Image.Image, orientation: int, longest_px: int | None) -> np.ndarray:
    """The pixels as displayed, float32 in [0, 1]; reduced where they are many."""
    width, height = picture.size
    with _damaged(path):
        strip = _deep_strips(path, picture) or _plain_strips(picture)
        if longest_px is None or width * height <= WHOLE_PX:
            return _as_floats(upright(strip(0, height), orientation))
        image = _reduced(strip, width, height, longest_px)
    return np.ascontiguousarray(upright(image, orientation))


def _as_floats(pixels: np.ndarray) -> np.ndarray:
    image = pixels.astype(np.float32)
    image /= np.iinfo(pixels.dtype).max
    return image


def _reduced(strip: Strip, width: int, height: int, longest_px: int) -> np.ndarray:
    """Each pixel the mean of what it covers: of every row first, then of every column."""
    scale = min(1.0, longest_px / max(width, height))
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    narrow = np.empty((height, columns, 3), np.float32)
    for top in range(0, height, step := max(1, STRIP_PX // width)):
        part = _as_floats(strip(top, min(top + step, height)))
        narrow[top : top + step] = cv2.resize(part, (columns, len(part)), interpolation=cv2.INTER_AREA)
    return cv2.resize(narrow, (columns, rows), interpolation=cv2.INTER_AREA)


def _plain_strips(picture: Image.Image) -> Strip:
    """8 bit, in sRGB and on white."""

    def strip(top: int, bottom: int) -> np.ndarray:
        whole = (top, bottom) == (0, picture.height)
        part = picture if whole else picture.crop((0, top, picture.width, bottom))
        return np.asarray(_flattened(_in_srgb(part)))

    return strip


def _deep_strips(path: Path, picture: Image.Image) -> Strip | None:
    """16 bit, of a PNG or a grey TIFF; None when the ordinary way loses nothing.

    Pillow reads 16-bit colour as 8 bit, and its colour management knows 8 bit only: right colours go before depth.
    """
    pixels = _deep_pixels(path, picture)
    if pixels is None:
        return None
    return lambda top, bottom: _deep_on_white(pixels[top:bottom])


def _deep_pixels(path: Path, picture: Image.Image) -> np.ndarray | None:
    """uint16, `h w` or `h w c` in OpenCV's order of colours; Pillow's own pixels, if they are not needed, are freed."""
    if picture.format == "TIFF" and picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.format != "PNG" or _foreign_profile(picture) is not None:
        return None
    with path.open("rb") as file:
        bits, colours = file.read(26)[24:]  # in IHDR, which comes first in every PNG
    channels = {0: 1, 2: 3}.get(colours, 4)
    if bits != 16 or 2 * channels * picture.width * picture.height > DEEPEST_BYTES:
        return None
    picture.close()  # it was decoded to see that it is whole
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError("OpenCV does not read what Pillow does")
    return pixels


def _deep_on_white(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    rgb = pixels[..., 2::-1]
    if pixels.shape[2] == 3:
        return rgb
    alpha = pixels[..., 3:].astype(np.float32) / 65535
    return np.rint(rgb * alpha + 65535 * (1 - alpha)).astype(np.uint16)


def _foreign_profile(picture: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The embedded colour profile, unless there is none, it is broken, or it is sRGB itself."""
    embedded = picture.info.get("icc_profile")
    if not embedded:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        return None if "srgb" in ImageCms.getProfileDescription(profile).lower() else profile
    except (OSError, ImageCms.PyCMSError):
        return None


def _in_srgb(picture: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB, at 8 bit."""
    if picture.mode in ("I", "F"):
        raise ValueError("numbers without a known range are no picture")
    profile, alpha = _foreign_profile(picture), None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        alpha = picture.getchannel("A")
    elif picture.mode not in ("L", "CMYK"):  # these two have profiles of their own kind
        picture = picture.convert("RGB")
    if profile is not None:
        try:
            colours = picture.convert("RGB") if alpha else picture
            picture = ImageCms.profileToProfile(colours, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except ImageCms.PyCMSError:  # a profile of another colour model: show the pixels as they are
            profile = None
    if profile is not None and alpha:
        picture.putalpha(alpha)
    return picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGB")


def _flattened(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
