"""Whose files a visitor may name: what lies in Gradio's upload folder, and what the app itself gave the page.

Gradio checks the path of a file only where the value carries its `meta`, which it does not insist on for pictures
(`ImageData`). So every value that any call brings along is looked through here, before a component sees it (see
`guarded.py`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Any

from gradio.utils import get_upload_folder

from gen3d.errors import InputError


def check_paths(value: Any, given: Collection[str]) -> None:
    """Raises InputError where something in a client's value names a file that is neither uploaded nor given.

    value: as it came in JSON. given: real paths. All refusals are alike, so that nobody learns which files there are.
    """
    for path in _paths(value):
        if not (isinstance(path, str) and (is_upload(path) or _real(path) in given)):
            raise InputError("This file was not uploaded here.", "Upload it first; the page does so by itself.")


def is_upload(path: str) -> bool:
    """Whether a path leads, links followed, to a whole upload (or a copy that Gradio serves): FOLDER/HASH/NAME.

    What is still being uploaded lies in FOLDER itself and is nobody's yet.
    """
    real, folder = _real(path), os.path.realpath(get_upload_folder())
    return real is not None and os.path.dirname(os.path.dirname(real)) == folder and os.path.isfile(real)


def _paths(value: Any) -> Iterator[Any]:
    """Whatever stands where a file's path would, at any depth; an empty one names nothing."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                if fields.get("path") not in (None, ""):
                    yield fields["path"]
                waiting += fields.values()
            case list() | tuple() as parts:
                waiting += parts


def _real(path: str) -> str | None:
    """With its links followed; None where it cannot be the name of a file."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # a NUL, a surrogate
        return None
