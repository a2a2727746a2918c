"""What the visitor set, as a request and settings: where inputs decide together. The single ones: `fields.py`."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen3d.errors import InputError
from gen3d.request import Request
from gen3d.settings import PRESETS, Settings
from gen3d.ui.core import fields
from gen3d.ui.core.parse import check_size

LARGEST_PATH_BYTES = 1 << 20
MOST_POSES = 240
"""Of an uploaded path: every pose is looked through while a scene grows."""


def request_of(values: Mapping[str, Any], paths: Container[str]) -> Request:
    """The request; a seed is drawn when none is given. Raises InputError for what the page would not let one choose.

    values: by the names of FIELDS; files among them were uploaded, and the page has checked them to be. paths: the
    known names of camera paths.
    """
    given = _of_the_tab(fields.parsed(values))
    for name in ("photo", "depth"):
        check_size(given[name], name)
    path = path_of(given["path"], given["transforms"], paths)
    rows = [row for row in fields.FIELDS if given[row.name] is not None]
    prompts = tuple((row.name, given[row.name]) for row in rows if row.becomes == fields.PROMPTS)
    single = {row.becomes: given[row.name] for row in rows if row.becomes}
    return Request(**single | {"path": path, fields.PROMPTS: prompts})


def _of_the_tab(given: dict[str, Any]) -> dict[str, Any]:
    """What counts of photo and depth. Raises InputError where the tab's own is not there."""
    tab = given["tab"]
    photo, depth = (None if tab == "text" else given[name] for name in ("photo", "depth"))
    if tab in ("photo", "depth") and not photo:
        raise InputError("There is no photo yet.", "Drop one into the field above, or choose an example.", "photo")
    if tab == "photo":
        depth = None
    if tab == "depth" and not depth:
        raise InputError("There is no depth file yet.", "Give one, or use the tab Photo.", "depth")
    return given | {"photo": photo, "depth": depth}


def path_of(name: str, transforms: str | None, paths: Container[str]) -> str:
    """The path for a request: an uploaded file where there is one, else a known name. Raises InputError."""
    if transforms:
        _check_path_file(Path(transforms))
        return transforms
    if name not in paths:
        raise InputError(f"There is no camera path {name[:40]!r}.", "Choose one from the list.")
    return name


def settings_of(preset: str, size_px: float | int | None, rule: str) -> Settings:
    """The preset with what the visitor changed in it. Raises InputError."""
    given = fields.parsed({"preset": preset, "size_px": size_px, "rule": rule})
    settings = PRESETS[given["preset"]]
    settings = replace(settings, size_px=given["size_px"] or settings.size_px)
    return replace(settings, layers=replace(settings.layers, rule=given["rule"]))


def _check_path_file(file: Path) -> None:
    """Whether the file is small enough to be read, and a list of few enough poses; what each holds is read later."""
    remedy = "Give a nerfstudio transforms.json."
    if (size := file.stat().st_size) > LARGEST_PATH_BYTES:
        most = f"Give at most 1 MB, and {MOST_POSES} frames."
        raise InputError(f"{file.name} has {size / 1e6:.1f} MB.", most, "path")
    try:
        content = json.loads(file.read_bytes())  # which knows the marks of UTF-8 and UTF-16
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file.name} is not JSON.", remedy, "path") from error
    frames = _poses(content) if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames:
        raise InputError(f"{file.name} holds no list of frames.", remedy, "path")
    if len(frames) > MOST_POSES:
        raise InputError(f"{file.name} has {len(frames)} frames.", f"Give a path of at most {MOST_POSES}.", "path")


def _poses(content: dict[str, Any]) -> Any:
    """What lists them: in a transforms.json, nerfstudio's camera path, or SuperSplat's settings."""
    listed = content.get("frames") or content.get("keyframes") or content.get("camera_path")
    try:
        return listed or content["animTracks"][0]["keyframes"]["times"]
    except (LookupError, TypeError):
        return None
