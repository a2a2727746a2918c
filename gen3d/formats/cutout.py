"""A cut-out picture as a card that stands upright: a patch of surface for each pixel that its alpha says is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.photo_file import open_photo
from gen3d.formats.whole import refusing
from gen3d.values import Origin, PointCloud

LONGEST_PX = 220
"""Of the card's longer side, to which a picture is reduced: a card that fills a frame's third is then sharp."""
FAINTEST = 0.04
"""What is more transparent is left out."""
_REMEDY = "Give a PNG or WebP with what is to stand cut out."
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def is_picture(start: bytes) -> bool:
    """Whether a file that begins so is a picture: 16 bytes suffice."""
    return start.startswith(_STARTS) or (start.startswith(b"RIFF") and start[8:12] == b"WEBP") or (
        start[4:12] in (b"ftypavif", b"ftypavis")
    )  # fmt: skip


def read_cutout(path: Path) -> tuple[PointCloud, tuple[str, ...]]:
    """The card, 1 for its longer side, its face towards -z; and what is to be told. InputError where it is none."""
    rgba, is_cut = _pixels(path)
    told = () if is_cut else (
        f"{path.name} has no alpha, so all of it stands there as a card; cut out what is meant for less.",
    )  # fmt: skip
    row, column = np.nonzero(rgba[..., 3] >= 255 * FAINTEST)
    if not len(row):
        raise InputError(f"{path.name} is transparent all over.", _REMEDY)
    step = 1 / LONGEST_PX
    count = len(row)
    xyz = np.stack([(column + 0.5) * step, (row + 0.5) * step, np.zeros(count)], axis=1).astype(np.float32)
    colour = rgba[row, column].astype(np.float32) / 255
    tangents = np.tile(np.array([[[step, 0, 0], [0, step, 0]]], np.float32), (count, 1, 1))
    pixel = np.stack([column, row], axis=1)
    return PointCloud(xyz, colour[:, :3], tangents, np.full(count, Origin.PHOTO), pixel, colour[:, 3]), told


def _pixels(path: Path) -> tuple[np.ndarray, bool]:
    """RGBA of what is not all transparent, LONGEST_PX a side; and whether something was."""
    picture = open_photo(path)
    with refusing(f"{path.name} is damaged: it cannot be decoded.", _REMEDY):
        picture.draft("RGB", (2 * LONGEST_PX, 2 * LONGEST_PX))
        whole = picture.convert("RGBA")
        is_cut = whole.getchannel("A").getextrema()[0] < 255
        whole = whole.crop(whole.getchannel("A").getbbox() or (0, 0, *whole.size))
        share = LONGEST_PX / max(whole.size)
        size = (max(1, round(side * share)) for side in whole.size)
        card = whole.convert("RGBa").resize(tuple(size), Image.Resampling.BOX).convert("RGBA")
        return np.asarray(card), is_cut
