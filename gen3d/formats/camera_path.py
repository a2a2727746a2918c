"""Camera paths that somebody drew, here or elsewhere: keys with times, which `geometry/drawn_path.py` goes through.

    transforms.json      as our viewer saves it: poses as nerfstudio has them, "seconds" in each frame since the one
                         before, and "camera_path": {"loop", "tension"}; all in the scene's own world
    camera path          nerfstudio's: keyframes with "matrix" (camera to world, OpenGL axes), "fov" (vertical) and the
                         seconds of the transition that leads there; without keyframes its single frames are the keys
    settings, version 2  SuperSplat's: the keys of the first track, times in frames, the fov of the wider side; its
                         world is ours turned by half a turn about z, and its cameras never roll

A transforms.json without "camera_path" is no drawn path: its frames count from the first (`run/course.py`).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.transforms import LARGEST_BYTES, camera_to_world, read_cameras
from gen3d.formats.whole import check_file, refusing
from gen3d.values import DrawnPath

MOST_KEYS = 1000
LONGEST_S = 3600.0
"""From one key to the next."""
FOVS_DEG = (1.0, 170.0)
_HALF_TURN = np.diag([-1.0, -1.0, 1.0])
_REMEDY = "Give a transforms.json, a camera path of nerfstudio's viewer, or SuperSplat's settings.json of version 2."
_ENDS = ("position", "target")
_LOOPS = ("none", "repeat", "pingpong")


def read_camera_path(path: Path, lens: Camera) -> DrawnPath | None:
    """What was drawn; None for a plain transforms.json, and for a list, of which `read_cameras` tells what is wrong.

    lens: the photo's, whose shape says which side of a picture is the wider. Raises InputError for what is none of the
    three.
    """
    check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is not JSON.", _REMEDY):
        content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        return None
    with refusing(f"{path.name} is not a camera path that can be read.", _REMEDY):
        if "frames" in content:
            return _of_frames(path, content, lens) if isinstance(content.get("camera_path"), dict) else None
        if "keyframes" in content or "camera_path" in content:
            return _checked(path, _of_nerfstudio(path, content))
        if "animTracks" in content:
            return _checked(path, _of_supersplat(path, content, lens))
    raise InputError(f"{path.name} is no camera path.", _REMEDY)


def _of_frames(path: Path, content: dict[str, Any], lens: Camera) -> DrawnPath:
    cameras = read_cameras(path, lens).cameras
    about = content["camera_path"]
    return _checked(path, DrawnPath(
        np.stack([camera.c2w for camera in cameras]),
        np.array([camera.K[1, 1] / camera.height for camera in cameras]),
        np.array([float(frame.get("seconds", 1.0)) for frame in content["frames"]]),
        _loop(about.get("loop")), float(about.get("tension", 0.0)),
    ))  # fmt: skip


def _of_nerfstudio(path: Path, content: dict[str, Any]) -> DrawnPath:
    keys, usual = content.get("keyframes"), float(content.get("default_transition_sec") or 2.0)
    if not keys:
        keys, usual = content["camera_path"], 1 / float(content.get("fps") or 24)
    poses = [_matrix(path, i, key.get("matrix", key.get("camera_to_world"))) for i, key in enumerate(keys)]
    seconds = [_own_seconds(key) or usual for key in keys]
    fovs = [float(key.get("fov") or content.get("default_fov") or 50.0) for key in keys]
    loop = "repeat" if content.get("is_cycle") else _loop(content.get("loop"))
    return DrawnPath(
        np.array(poses).reshape(-1, 4, 4), np.array([_focal(path, fov) for fov in fovs]), np.array(seconds, np.float64),
        loop, float(content.get("smoothness_value") or 0.0),
    )  # fmt: skip


def _own_seconds(key: dict[str, Any]) -> float | None:
    own = key.get("override_transition_sec") if key.get("override_transition_enabled") else None
    return None if own is None else float(own)


def _matrix(path: Path, i: int, numbers: Any) -> np.ndarray:
    """Row by row; by columns, and as text, in files of its first viewer."""
    c2w = np.array(json.loads(numbers) if isinstance(numbers, str) else numbers, np.float64).reshape(4, 4)
    if np.abs(c2w[3, :3]).max() > 1e-9 and np.abs(c2w[:3, 3]).max() <= 1e-9:
        c2w = c2w.T
    return camera_to_world(c2w, f"Key {i} of {path.name}")


def _of_supersplat(path: Path, content: dict[str, Any], lens: Camera) -> DrawnPath:
    if content.get("version") != 2 or not content["animTracks"]:
        raise InputError(f"{path.name} is no settings of version 2 with a camera track.", _REMEDY)
    track = content["animTracks"][0]
    frames = track["keyframes"]
    values, rate, loop = frames["values"], float(track["frameRate"]), _loop(track.get("loopMode"))
    if not rate > 0:
        raise InputError(f"{path.name} has {rate:g} frames a second.", "Give a rate above 0.")
    times = np.array(frames["times"], np.float64) / rate
    places, targets = (np.array(values[name], np.float64).reshape(-1, 3) @ _HALF_TURN for name in _ENDS)
    poses = [lens.look_at(place, target).c2w for place, target in zip(places, targets, strict=True)]
    across = max(lens.width / lens.height, 1.0)  # of the wider side, in heights
    focal = np.array([across * _focal(path, float(fov)) for fov in values["fov"]])
    back = float(track["duration"]) - times[-1] + times[0] if loop == "repeat" else 1.0
    seconds = np.concatenate([[max(back, 0.0)], np.diff(times)])
    return DrawnPath(np.array(poses), focal, seconds, loop, 1 - float(track.get("smoothness", 1.0)))


def _focal(path: Path, fov_deg: float) -> float:
    if not FOVS_DEG[0] <= fov_deg <= FOVS_DEG[1]:
        low, high = FOVS_DEG
        raise InputError(f"{path.name} has a field of view of {fov_deg:g} degrees.", f"Give {low:g} to {high:g}.")
    return 0.5 / math.tan(math.radians(fov_deg) / 2)


def _loop(word: Any) -> Literal["none", "repeat", "pingpong"]:
    return word if word in _LOOPS else "none"


def _checked(path: Path, drawn: DrawnPath) -> DrawnPath:
    """The path; InputError for one without keys, of too many, or of numbers that are none."""
    count = len(drawn.seconds)
    if not 1 <= count <= MOST_KEYS:
        raise InputError(f"{path.name} has {count} keys.", f"Give 1 to {MOST_KEYS}.")
    numbers = np.concatenate([drawn.c2w.ravel(), drawn.focal, drawn.seconds, [drawn.tension]])
    if not np.isfinite(numbers).all() or not 0 <= drawn.tension <= 1:
        raise InputError(f"{path.name} holds numbers that are no path.", _REMEDY)
    if not (drawn.seconds >= 0).all() or drawn.seconds.max() > LONGEST_S:
        raise InputError(
            f"{path.name} has keys out of their order, or very far apart in time.", "Give each a later time than the "
            f"one before, by at most {LONGEST_S:g} seconds.",
        )  # fmt: skip
    return drawn
