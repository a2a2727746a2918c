"""The depth that belongs to a photo: of the file given with it, else the photo's own where it carries one.

EXIF says how a camera was held, and a photo is shown turned accordingly. Depth beside it may be of the sensor, not
turned, or of the photo as displayed: its sides tell, unless both fit.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gen3d.errors import InputError
from gen3d.formats.depth_file import StoredDepth, read_stored
from gen3d.formats.depth_names import Offered, Size, fits
from gen3d.formats.picture import Photo, upright
from gen3d.request import Request, TurnDepth, called
from gen3d.source.arrays import stored_of
from gen3d.source.given_depth import GivenDepth, meant

TURNS = {
    2: "mirrored", 3: "turned by 180 degrees", 4: "mirrored upside down", 5: "mirrored on its side",
    6: "turned by 90 degrees", 7: "mirrored on its side", 8: "turned by 90 degrees",
}  # fmt: skip
"""How EXIF's orientation has a photo displayed."""


def depth_given(request: Request, photo: Photo) -> tuple[GivenDepth | None, str | None]:
    """The depth at its own size, and a sentence about how it lies or where it comes from; None where there is none.

    Raises InputError for depth of another shape than the photo.
    """
    if request.depth is not None:
        stored = _stored(request.depth, request.depth_channel, _sizes(photo))
        values, told = _turned(stored.values, photo, request.turn_depth)
        return meant(replace(stored, values=values), request.depth_scale, request.depth_kind), told
    own = photo.own_depth if request.own_depth == "use" else None
    if own is None:
        return None, None
    size = own.values.shape[::-1]
    values = upright(own.values, photo.orientation) if fits(Offered("", *size), photo.stored_size) else own.values
    if not fits(Offered("", *values.shape[::-1]), photo.size):
        return None, f"The photo carries depth of its own ({own.what}), of another shape: it is not used."
    given = meant(StoredDepth(values, called(request.photo)), None, own.kind)
    return given, (
        f"The photo carries depth of its own ({own.what}), which was taken. A depth file given with it goes before; "
        "own depth ignore leaves it out (--own-depth ignore)."
    )


def _stored(given: Path | np.ndarray, channel: str | None, sizes: list[Size]) -> StoredDepth:
    return read_stored(given, channel, sizes) if isinstance(given, Path) else stored_of(given, channel)


def _sizes(photo: Photo) -> list[Size]:
    """That depth may have the shape of: as displayed, then as stored."""
    return [photo.size] if photo.stored_size == photo.size else [photo.size, photo.stored_size]


def _turned(values: np.ndarray, photo: Photo, turn: TurnDepth) -> tuple[np.ndarray, str | None]:
    """The map as the photo is displayed, and a sentence where that is not plain."""
    stored, shown = (fits(Offered("", *values.shape[::-1]), size) for size in (photo.stored_size, photo.size))
    done = TURNS.get(photo.orientation)
    told = None
    if done and (turn == "yes" or (turn == "auto" and stored and not shown)):
        values = upright(values, photo.orientation)
        told = None if turn == "yes" else (
            f"By its EXIF the photo is {done}, and the depth fits only as it was before, so it was turned alike. "
            "turn depth no leaves it as it lies (--turn-depth no)."
        )  # fmt: skip
    elif done and turn == "auto" and stored:
        told = (
            f"By its EXIF the photo is {done}; its depth fits either way and was taken as it lies. "
            "If it is of the photo as it was before, turn depth yes turns it alike (--turn-depth yes)."
        )
    elif turn == "yes":
        told = "EXIF does not turn the photo, so its depth was not turned either."
    _check_shape(values, photo)
    return values, told


def _check_shape(values: np.ndarray, photo: Photo) -> None:
    if fits(Offered("", *values.shape[::-1]), photo.size):
        return
    (rows, columns), (width, height) = values.shape, photo.size
    side = " It seems to lie on its side." if fits(Offered("", rows, columns), photo.size) else ""
    raise InputError(
        f"The depth has {columns} x {rows} pixels and the photo as displayed {width} x {height}.{side}",
        "Give depth that covers the same view, turned as the photo is displayed.",
        "depth",
    )
