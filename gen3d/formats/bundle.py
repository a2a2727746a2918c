"""Everything about a scene in one .zip, with a README.txt that says which file is for which tool."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from gen3d.formats.whole import write_whole

TEXT = (".txt", ".json")
"""Kinds that are worth compressing: the others are compressed already, or hold numbers that hardly can be."""
CHUNK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same files give the same bytes."""


def write_bundle(path: Path, members: Sequence[tuple[str, Path]], readme: str) -> None:
    """Writes a zip of the files under their names and of README.txt, a megabyte at a time."""
    with write_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(_entry("README.txt", zipfile.ZIP_DEFLATED), readme)
        for name, file in members:
            kind = zipfile.ZIP_DEFLATED if file.suffix.lower() in TEXT else zipfile.ZIP_STORED
            entry = _entry(name, kind)
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)


def _entry(name: str, kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type, entry.external_attr = kind, 0o644 << 16
    return entry
