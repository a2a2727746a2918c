"""Pictures: PNG, JPEG, WebP and their like in, PNG out.

What comes in is what a viewer shows: turned as EXIF says, transparency on white, colours converted to sRGB where the
file carries another profile. Size is checked on the header, before anything is decoded.
"""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageCms

from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing, write_whole

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
"""The Pillow decoders that may see a stranger's file: no PostScript, nothing that starts a program."""
LARGEST_BYTES = 64 * MB
LARGEST_PX = 100_000_000
SMALLEST_SIDE_PX = 32
FILM_DIAGONAL_MM = 43.27
"""Of the 36 x 24 mm frame that "35 mm equivalent" refers to."""

_ORIENTATION, _EXIF_IFD, _FOCAL_35MM = 0x0112, 0x8769, 0xA405
_REMEDY = "Give a photo as PNG, JPEG or WebP."


def as_bytes(image: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Values in [0, 1], what lies outside cut off, as the nearest bytes."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def read_picture(path: Path) -> Float[np.ndarray, "h w 3"]:
    """A picture as a viewer would show it: float32 sRGB in [0, 1].

    16-bit PNGs keep their precision, unless they carry a foreign colour profile. Raises InputError for whatever is
    not a whole picture of at least 32 px a side, at most 100 Mpx and at most 64 MB.
    """
    with _opened(path) as picture:
        _check_size(path, *picture.size)
        with refusing(f"{path.name} is truncated or damaged.", "Save or copy it again, or give another photo."):
            picture.load()
            pixels = _deep_pixels(path, picture)
            if pixels is None:
                pixels = np.asarray(_flattened(_in_srgb(picture)))
            pixels = _upright(pixels, _orientation(picture))
    image = pixels.astype(np.float32)
    image /= np.iinfo(pixels.dtype).max
    return image


def focal_px(path: Path, width: int, height: int) -> float | None:
    """The focal length that EXIF tells, in pixels of this picture at `width` x `height`; None when it tells none.

    From the 35 mm equivalent f: f_px = f * diagonal_px / 43.27 (the convention of CIPA DCG-001 for equal diagonals).
    """
    with _opened(path) as picture:
        try:
            focal_mm = float(picture.getexif().get_ifd(_EXIF_IFD).get(_FOCAL_35MM, 0))
        except Exception:  # EXIF is a bonus: whatever is broken in it, the picture itself may be fine
            return None
    if not 1.0 <= focal_mm <= 3000.0:  # 0 means unknown; also turns down NaN
        return None
    return focal_mm * math.hypot(width, height) / FILM_DIAGONAL_MM


def size_of(path: Path) -> tuple[int, int]:
    """Width and height in pixels, by the file's header alone; InputError for what is no picture."""
    with _opened(path) as picture:
        return picture.width, picture.height


def write_png(path: Path, image: UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]) -> None:
    """Writes sRGB or grey bytes as PNG."""
    with write_whole(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")


def _opened(path: Path) -> Image.Image:
    """The picture's header; nothing is decoded yet."""
    check_file(path, LARGEST_BYTES, _REMEDY)
    Image.init()  # Pillow loads decoders late, and refuses to be asked for one it has not loaded
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit follows
            return Image.open(path, formats=[f for f in FORMATS if f in Image.OPEN])
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except Exception as error:
        raise InputError(
            f"{path.name} is not a picture that can be read.",
            "Give a photo as PNG, JPEG or WebP (a HEIC photo must be exported as JPEG first).",
        ) from error


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


def _deep_pixels(path: Path, picture: Image.Image) -> np.ndarray | None:
    """The 16-bit pixels of a PNG, `h w 3` uint16; None when the ordinary way loses nothing.

    Pillow reads 16-bit colour as 8 bit, and its colour management knows 8 bit only: right colours go before depth.
    """
    if picture.format == "TIFF" and picture.mode.startswith("I;16"):
        return np.repeat(np.asarray(picture).astype(np.uint16)[..., None], 3, axis=2)
    if picture.format != "PNG" or _foreign_profile(picture) is not None:
        return None
    encoded = np.fromfile(path, np.uint8)
    if encoded[24] != 16:  # the bit depth in IHDR, which comes first in every PNG
        return None
    pixels = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        return None
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


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # as in focal_px
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undoes how the camera was held; `orientation` is EXIF's number 1..8, others mean nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
