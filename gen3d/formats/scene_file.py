"""Scene files of any of the kinds in `format_table.py`: a reader is chosen by what a file holds, then by its name.

Any of them may come gzipped once more, as .ply.gz say: it is then unpacked beside, within bounds.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory

from gen3d.errors import InputError
from gen3d.format_table import FormatRow, listed, read_here
from gen3d.formats.ply import LARGEST_BYTES
from gen3d.formats.stored import DENSEST, MOST, PLAIN, StoredScene, Writing, in_place
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.standing import AS_BUILT, Standing

_GZIP = b"\x1f\x8b"
_MAGIC = 16
"""Bytes at the beginning of a file that say what it is."""
_LAYERS = 3
"""Of gzip around a file, at most."""


def open_scene(path: Path, largest_bytes: int = LARGEST_BYTES, most: int = MOST) -> StoredScene:
    """What a file of 3D Gaussians holds, whoever made it; Gaussians that nobody could draw are left out.

    largest_bytes, most: of the file, packed or not, and of Gaussians in it; larger ones are refused before they are
    read. Raises InputError for what is broken, too large or of no known kind, EmptyWorld for a scene without Gaussians.
    """
    return _opened(path, largest_bytes, most, _LAYERS)


def save_scene(
    row: FormatRow, path: Path, scene: StoredScene, how: Writing = PLAIN, standing: Standing = AS_BUILT
) -> tuple[str, ...]:
    """Writes a scene in a format, and tells what of it is not said there, or not to everybody."""
    if standing.is_plain:
        return resolve_name(row.write)(path, scene, how)
    turned = how.spz_y_up is False and row.suffix == ".spz"
    own = "opencv" if turned or not row.axes else row.axes
    return resolve_name(row.write)(path, in_place(scene, standing.before(own)), how)


def tells(row: FormatRow, how: Writing = PLAIN) -> bool:
    """Whether a file, so written, says what a build's folder knows of its scene; of .spz only version 4 has a place."""
    return row.tells and (row.suffix != ".spz" or how.spz_version >= 4)


def _opened(path: Path, largest_bytes: int, most: int, layers: int) -> StoredScene:
    check_file(path, largest_bytes, _remedy())
    with path.open("rb") as file:
        start = file.read(_MAGIC)
    if start.startswith(_GZIP) and layers and _is_wrapped(path):
        with TemporaryDirectory(prefix="gen3d-") as folder:
            return _opened(_unpacked(path, Path(folder), largest_bytes), largest_bytes, most, layers - 1)
    row = _row_of(path, start)
    return replace(resolve_name(row.read)(path, most), kind=row.suffix)


def _row_of(path: Path, start: bytes) -> FormatRow:
    """The format of a file that begins so; InputError for a kind that is not read."""
    if known := next((row for row in read_here() if start.startswith(row.starts)), None):
        return known
    kind = path.suffix.lower()
    fitting = [row for row in read_here() if path.name.lower().endswith(row.suffix)]
    named = max(fitting, key=lambda row: len(row.suffix), default=None)
    if named is None:
        raise InputError(f"{path.name} is of a kind{f', {kind},' if kind else ''} that is not read here.", _remedy())
    if named.starts:
        raise InputError(f"{path.name} is not a {named.suffix} file, or it is damaged.", _remedy())
    return named


def _remedy() -> str:
    return f"Give a {listed(row.suffix for row in read_here())} of 3D Gaussians."


def _is_wrapped(path: Path) -> bool:
    """Whether there is another file within the gzip stream; a .spz is one itself."""
    with refusing(f"{path.name} is damaged: it cannot be unpacked.", "Save or copy it again."), gzip.open(path) as file:
        inner = file.read(_MAGIC)
    return inner.startswith(_GZIP) or any(_is_within(row, inner, _inner_name(path).lower()) for row in read_here())


def _is_within(row: FormatRow, inner: bytes, name: str) -> bool:
    """Whether what is packed is a file of this format, which is not packed by itself."""
    if row.starts:
        return _GZIP not in row.starts and inner.startswith(row.starts)
    return name.endswith(row.suffix)


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
