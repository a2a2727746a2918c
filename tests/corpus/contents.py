"""Contents of files, good ones and such as lie about themselves; the same bytes every time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 72
MB = 1 << 20


def scene_pixels(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A slope of brown with a green box and a red corner, so that one can tell how it is turned."""
    chance = np.random.default_rng(7)
    pixels = np.linspace(0.5, 1, height)[:, None, None] * np.array([200.0, 120, 60])
    pixels = pixels + chance.normal(0, 4, (height, width, 3))
    pixels[height // 3 : 3 * height // 4, width // 3 : width // 2] = (90, 200, 90)
    pixels[: height // 6, : width // 6] = (250, 10, 10)
    return pixels.clip(0, 255).astype(np.uint8)


def scene_depth(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Metres: a floor, and the box in front of it."""
    depth = np.repeat(np.linspace(6, 2, height, dtype=np.float32)[:, None], width, axis=1)
    depth[height // 3 : 3 * height // 4, width // 3 : width // 2] = 1.5
    return depth


def scene_image(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    return Image.fromarray(scene_pixels(width, height))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as Pillow saves it."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png() -> bytes:
    return saved(scene_image(), "PNG")


def jpeg() -> bytes:
    return saved(scene_image(), "JPEG", quality=92)


def depth_png() -> bytes:
    """Millimetres in 16 bit."""
    return saved(Image.fromarray((1000 * scene_depth()).astype(np.uint16)), "PNG")


def flipped(content: bytes, count: int, first: int) -> bytes:
    """With some bytes from a place on turned over."""
    bad, chance = bytearray(content), np.random.default_rng(count)
    for at in chance.integers(first, len(bad) - 2, count):
        bad[at] ^= 255
    return bytes(bad)


def noise(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)


def zeros(count: int, level: int = 9) -> bytes:
    """So many zeros, deflated a megabyte at a time."""
    packer, parts = zlib.compressobj(level), []
    for start in range(0, count, MB):
        parts.append(packer.compress(bytes(min(MB, count - start))))
    return b"".join(parts) + packer.flush()


# -- PNG -------------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_saying(width: int, height: int, bits: int = 8, colours: int = 2, data: bytes = b"x") -> bytes:
    """A PNG with this header, whatever its data. colours: 0 grey, 2 RGB, 6 RGBA."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png_of_zeros(side: int, bits: int, colours: int) -> bytes:
    """A true picture, small on disk and large in memory."""
    channels = {0: 1, 2: 3, 6: 4}[colours]
    return png_saying(side, side, bits, colours, zeros(side * (side * channels * bits // 8 + 1)))


def png_with(*chunks: bytes) -> bytes:
    """The good picture with more chunks behind its header."""
    good = png()
    return good[:33] + b"".join(chunks) + good[33:]


def deep_png(channels: int) -> bytes:
    """16 bit a channel."""
    pixels = np.concatenate([scene_pixels()] * 2, axis=2)[..., :channels].astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return png_saying(WIDTH, HEIGHT, 16, {3: 2, 4: 6}[channels], zlib.compress(rows))


# -- numpy -----------------------------------------------------------------------------------------------------------


def npy(array: np.ndarray, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def npy_saying(header: str, body: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An array file with this header."""
    text = header.encode("latin1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + body


def shaped(shape: str, kind: str = "<f4") -> str:
    """A header that says this shape."""
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


def npz(members: Sequence[tuple[str, bytes]], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


class Evil:
    """What unpickles it makes a file; nobody may."""

    def __reduce__(self) -> tuple:
        return open, ("PWNED", "w")


def evil_array() -> np.ndarray:
    array = np.empty((HEIGHT, WIDTH), object)
    array.fill(Evil())
    return array


def sparse(size: int, head: bytes = b""):
    """Makes a file with so many bytes, all but the first of which are holes."""

    def make(path) -> None:
        with path.open("wb") as file:
            file.write(head)
            file.truncate(size)

    return make
