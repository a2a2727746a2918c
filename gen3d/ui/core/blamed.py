"""Which input an error is about, so that it can be told beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gen3d.request import Request
from gen3d.ui.core.fields import input_of


@dataclass(frozen=True, slots=True)
class Blamed:
    """What is wrong with which input."""

    field: str
    sentence: str


def blamed(sentence: str, field: str | None, request: Request | None) -> Blamed | None:
    """The input that an error is about: the field it names, else the file of the request that its words name."""
    if field is None and request:
        files = {"photo": request.photo, "depth": request.depth, "transforms": _file_of(request.path)}
        field = next((name for name, file in files.items() if file and file.name in sentence), None)
    return Blamed(input_of(field), sentence) if field else None


def _file_of(path: str) -> Path | None:
    """Of a camera path that is one; the others are plain names."""
    return Path(path) if path.endswith(".json") else None
