"""The request's path as cameras, and the lengths it is measured in: one for the new views, one for the video.

A path is the name of a preset, or a nerfstudio transforms.json, whose poses count from its first frame.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.transforms import read_transforms
from gen3d.geometry.trajectory import PATHS, along, expansion_path, relative_to_first, surround, tour_path
from gen3d.values import Scale

SWEEP = 12
"""So many places along the video's path are checked for slivers that the poses left open."""


def check_path(path: str) -> None:
    """InputError unless it is a preset or a file."""
    if path not in PATHS and not os.path.isfile(path):
        raise InputError(
            f"There is no path {path!r}.", f"Use one of {', '.join(PATHS)}, or the name of a transforms.json."
        )


def expansion_cameras(path: str, camera: Camera, scale: Scale, size_px: int) -> list[Camera]:
    """The poses to expand along; those of a file are relative to its first frame, at most `size_px` large."""
    if path in PATHS:
        return expansion_path(path, camera, scale)
    check_path(path)
    poses = relative_to_first(read_transforms(Path(path)))[1:]
    return [surround(camera)] + [_at_most(pose, size_px) for pose in poses]


def _at_most(camera: Camera, size_px: int) -> Camera:
    share = size_px / max(camera.width, camera.height)
    return camera if share >= 1 else camera.resized(*(math.ceil(s * share) for s in (camera.width, camera.height)))


def tour_cameras(path: str, camera: Camera, scale: Scale, frames: int) -> Callable[[float], list[Camera]]:
    """Amplitude -> the video's cameras."""
    if path in PATHS:
        return lambda amplitude: tour_path(path, camera, scale, frames, amplitude)
    poses = relative_to_first(read_transforms(Path(path)))
    return lambda amplitude: along([camera.posed(p.c2w) for p in poses], frames, amplitude)
