"""The folder that a run is to make: which of those that stand there already may be replaced. Imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

from gen3d.errors import InputError
from gen3d.format_table import suffixes

OTHER_FILES = {".png", ".jpg", ".jpeg", ".npy"}
"""Endings of names that nobody means for a folder, beside those of a scene's own files."""


def check_output(folder: Path, force: bool, *inputs: Path | None) -> None:
    """An existing folder is replaced only when it is empty, was made by gen3d, or by --force.

    Never when it holds one of the inputs, since they would vanish with it. Raises InputError.
    """
    for file in inputs:
        if file and os.path.exists(file) and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
            raise InputError(f"{file} lies in the output folder, which is replaced.", "Choose another output folder.")
    if _is_named_as_a_file(folder) and not folder.is_dir():
        raise InputError(f"{folder} is to be a folder, and {folder.suffix} is the name of a file.", "Name a folder.")
    if not os.path.exists(folder) or force:
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Choose another name for the output folder.")
    if any(folder.iterdir()) and not (folder / "run.json").is_file():
        raise InputError(f"{folder} is not empty and was not made by gen3d.", "Choose another folder, or use --force.")


def _is_named_as_a_file(folder: Path) -> bool:
    return folder.suffix.lower() in OTHER_FILES | suffixes()
