"""The request's path as cameras, and the lengths it is measured in: one for the new views, one for the video.

A path is the name of a preset, or a file: a nerfstudio transforms.json, whose poses count from its first frame, a frame
without a lens of its own looking through the photo's; or a path that was drawn (`formats/camera_path.py`), which counts
in the scene's world and is flown as it is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.camera_path import read_camera_path
from gen3d.formats.transforms import read_transforms
from gen3d.geometry.drawn_path import cameras_along, key_cameras
from gen3d.geometry.trajectory import PATHS, along, expansion_path, relative_to_first, surround, tour_path
from gen3d.products.limits import DENSITY, every_so_many
from gen3d.settings import TourSettings
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.stages.flythrough import AMPLITUDES, AsDrawn
from gen3d.values import DrawnPath, Scale

FARTHEST = 50.0
"""A path that leads farther from its first frame than so many times the median depth is in other units."""
LENSES_DEG = (1.0, 170.0)
"""Fields of view, width or height, that a view can be made up for."""
FEWEST_PX, LONGEST = 16, 8
"""A view's shorter side at least, and the longer as so many times of it at most."""
SWEEP = 12
"""So many places along the video's path are checked for slivers that the poses left open."""
KEYS = 13
"""Of the video's path, as the viewer plays it. Chosen by eye."""
KEY_PX = 96
"""The longer side of the renders by which it is drawn to its start until it shows no holes: as those of the limits,
and of as many Gaussians."""
HOLES = 0.01
"""More of such a render than this, beyond what is empty in the photo's view already, is too much."""


def check_path(path: str) -> None:
    """InputError unless it is a preset or a file."""
    if path not in PATHS and not os.path.isfile(path):
        raise InputError(
            f"There is no path {path!r}.", f"Use one of {', '.join(PATHS)}, or the name of a transforms.json."
        )


def expansion_cameras(path: str, camera: Camera, scale: Scale, size_px: int) -> list[Camera]:
    """The poses to expand along, those of a file at most `size_px` large; of a drawn path its keys."""
    if path in PATHS:
        return expansion_path(path, camera, scale)
    drawn = _drawn(path, camera, scale)
    poses = key_cameras(drawn, camera) if drawn else _of_file(path, camera, scale)[1:]
    return [surround(camera)] + [_at_most(pose, size_px) for pose in poses]


def _of_file(path: str, camera: Camera, scale: Scale) -> list[Camera]:
    """A file's cameras relative to its first; InputError for what cannot be a path through this scene."""
    file = Path(path)
    cameras = relative_to_first(read_transforms(file, camera))
    _check_cameras(file, cameras, np.zeros(3), "its first frame", scale)
    return cameras


def _drawn(path: str, camera: Camera, scale: Scale) -> DrawnPath | None:
    """A path that was drawn, None for any other; InputError for what cannot be one through this scene."""
    check_path(path)
    drawn = None if path in PATHS else read_camera_path(Path(path), camera)
    if drawn is not None:
        _check_cameras(Path(path), key_cameras(drawn, camera), camera.center, "the photo's camera", scale)
    return drawn


def _check_cameras(file: Path, cameras: list[Camera], start: np.ndarray, named: str, scale: Scale) -> None:
    """Raises InputError for a path in other units than the scene, and for lenses that no view can be made up for."""
    farthest_m = max(float(np.linalg.norm(c.center - start)) for c in cameras)
    if not farthest_m <= FARTHEST * scale.median:
        raise InputError(
            f"{file.name} leads {farthest_m:.3g} m from {named}, and this scene is {scale.median:.3g} m deep.",
            f"Give the path in the scene's metres, say {_power_of_ten(scale.median / farthest_m)} times as large.",
        )
    for i, one in enumerate(cameras):
        _check_frame(one, f"Frame {i} of {file.name}")


def _check_frame(camera: Camera, where: str) -> None:
    """Raises InputError for a lens or a shape that no view can be made up for."""
    x, y = camera.fov_deg
    if not all(LENSES_DEG[0] <= fov <= LENSES_DEG[1] for fov in (x, y)):
        low, high = LENSES_DEG
        raise InputError(
            f"{where} looks through a lens of {x:.3g} x {y:.3g} degrees.", f"Give {low:g} to {high:g} along both sides."
        )
    shorter, longer = sorted((camera.width, camera.height))
    if shorter < FEWEST_PX or longer > LONGEST * shorter:
        raise InputError(
            f"{where} is {camera.width} x {camera.height} pixels.",
            f"Give at least {FEWEST_PX} a side, and no side more than {LONGEST} times the other.",
        )


def _power_of_ten(factor: float) -> str:
    """The one below a factor."""
    return f"{10.0 ** math.floor(math.log10(factor)):g}"


def _at_most(camera: Camera, size_px: int) -> Camera:
    share = size_px / max(camera.width, camera.height)
    return camera if share >= 1 else camera.resized(*(math.ceil(s * share) for s in (camera.width, camera.height)))


def tour_cameras(path: str, camera: Camera, scale: Scale, frames: int) -> Callable[[float], list[Camera]]:
    """Amplitude -> the video's cameras."""
    if path in PATHS:
        return lambda amplitude: tour_path(path, camera, scale, frames, amplitude)
    if drawn := _drawn(path, camera, scale):
        return AsDrawn(cameras_along(drawn, camera, scale.median, frames))
    poses = _of_file(path, camera, scale)
    return lambda amplitude: along([camera.posed(p.c2w) for p in poses], frames, amplitude)


def played(
    path: str, gaussians: Gaussians, camera: Camera, scale: Scale, rasterizer: Rasterizer, settings: TourSettings
) -> DrawnPath:
    """The video's path for the viewer to play: a few keys, as far apart as a scene seems to hold, in small renders."""
    tour = tour_cameras(path, camera, scale, KEYS)
    some = every_so_many(gaussians, DENSITY).to(rasterizer.device)

    def empty(one: Camera) -> float:
        return float((draw(rasterizer, some, one.with_side(KEY_PX)).alpha < FILLED_ALPHA).float().mean())

    allowed = empty(camera) + HOLES
    held = (tour(a) for a in AMPLITUDES if isinstance(tour, AsDrawn) or all(empty(c) <= allowed for c in tour(a)))
    cameras = next(held, tour(AMPLITUDES[-1]))
    seconds = np.full(KEYS, settings.frames / settings.fps / (KEYS - 1))
    focal = np.array([one.K[1, 1] / one.height for one in cameras])
    return DrawnPath(np.array([one.c2w for one in cameras]), focal, seconds)
