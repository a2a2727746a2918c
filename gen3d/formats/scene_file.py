"""Scene files of any of the kinds that are read: the reader is chosen by what a file holds, then by its name."""

from __future__ import annotations

from pathlib import Path

from gen3d.errors import InputError
from gen3d.formats.ply import LARGEST_BYTES, MOST, read_ply
from gen3d.formats.splat import read_splat
from gen3d.formats.spz import read_spz
from gen3d.formats.whole import check_file
from gen3d.splat.gaussians import Gaussians

SUFFIXES = (".ply", ".splat", ".spz")
_REMEDY = f"Give a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} of 3D Gaussians."


def open_scene(path: Path, largest_bytes: int = LARGEST_BYTES, most: int = MOST) -> Gaussians:
    """The Gaussians of a .ply, .splat or .spz, whoever made it; those that nobody could draw are left out.

    largest_bytes, most: of the file, and of Gaussians in it; larger ones are refused before they are read. Raises
    InputError for what is broken, too large or of no known kind, EmptyWorld for a scene without Gaussians.
    """
    check_file(path, largest_bytes, _REMEDY)
    with path.open("rb") as file:
        start = file.read(4)
    if start[:3] == b"ply":
        return read_ply(path, most)
    if start == b"NGSP" or start[:2] == b"\x1f\x8b":
        return read_spz(path, most)
    match path.suffix.lower():
        case ".splat":  # nothing in it says what it is
            return read_splat(path, most)
        case ".ply" | ".spz" as kind:
            raise InputError(f"{path.name} is not a {kind} file, or it is damaged.", _REMEDY)
        case kind:
            raise InputError(f"{path.name} is of a kind{f', {kind},' if kind else ''} that is not read here.", _REMEDY)
