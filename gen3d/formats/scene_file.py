"""Scene files of any of the kinds that are read: the reader is chosen by what a file holds, then by its name.

Any of them may come gzipped once more, as .ply.gz say: it is then unpacked beside, within bounds.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

from gen3d.errors import InputError
from gen3d.formats.ply import LARGEST_BYTES, open_ply
from gen3d.formats.splat import open_splat
from gen3d.formats.spz import DENSEST, open_spz
from gen3d.formats.stored import MOST, StoredScene
from gen3d.formats.whole import MB, check_file, refusing

SUFFIXES = (".ply", ".splat", ".spz")
_GZIP = b"\x1f\x8b"
_MAGIC = 4
_LAYERS = 3
"""Of gzip around a file, at most."""
_REMEDY = f"Give a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} of 3D Gaussians."


def open_scene(path: Path, largest_bytes: int = LARGEST_BYTES, most: int = MOST) -> StoredScene:
    """What a .ply, .splat or .spz holds, whoever made it; Gaussians that nobody could draw are left out.

    largest_bytes, most: of the file, packed or not, and of Gaussians in it; larger ones are refused before they are
    read. Raises InputError for what is broken, too large or of no known kind, EmptyWorld for a scene without Gaussians.
    """
    return _opened(path, largest_bytes, most, _LAYERS)


def _opened(path: Path, largest_bytes: int, most: int, layers: int) -> StoredScene:
    check_file(path, largest_bytes, _REMEDY)
    with path.open("rb") as file:
        start = file.read(_MAGIC)
    if start.startswith(_GZIP) and layers and _is_wrapped(path):
        with TemporaryDirectory(prefix="gen3d-") as folder:
            return _opened(_unpacked(path, Path(folder), largest_bytes), largest_bytes, most, layers - 1)
    if start[:3] == b"ply":
        return open_ply(path, most)
    if start == b"NGSP" or start.startswith(_GZIP):
        return open_spz(path, most)
    match path.suffix.lower():
        case ".splat":  # nothing in it says what it is
            return open_splat(path, most)
        case ".ply" | ".spz" as kind:
            raise InputError(f"{path.name} is not a {kind} file, or it is damaged.", _REMEDY)
        case kind:
            raise InputError(f"{path.name} is of a kind{f', {kind},' if kind else ''} that is not read here.", _REMEDY)


def _is_wrapped(path: Path) -> bool:
    """Whether there is another file within the gzip stream; a .spz is one itself."""
    with refusing(f"{path.name} is damaged: it cannot be unpacked.", "Save or copy it again."), gzip.open(path) as file:
        inner = file.read(_MAGIC)
    return inner[:3] == b"ply" or inner.startswith(_GZIP) or _inner_name(path).lower().endswith(".splat")


def _inner_name(path: Path) -> str:
    return path.stem if path.suffix.lower() in (".gz", ".gzip") else path.name


def _unpacked(path: Path, folder: Path, largest_bytes: int) -> Path:
    """The file within, in `folder`; InputError where it is larger than allowed, or than scenes ever unpack to."""
    bound = min(largest_bytes, max(MB, DENSEST * path.stat().st_size))
    inner, filled = folder / _inner_name(path), 0
    damaged = f"{path.name} is damaged: it cannot be unpacked."
    with refusing(damaged, "Save or copy it again."), gzip.open(path) as file, inner.open("wb") as out:
        while block := file.read(MB):
            filled += len(block)
            if filled > bound:
                raise InputError(f"{path.name} unpacks to more than {bound / MB:.0f} MB.", "Reduce it and try again.")
            out.write(block)
    return inner
