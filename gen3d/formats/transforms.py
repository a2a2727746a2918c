"""Cameras as nerfstudio's transforms.json.

There a pose is camera-to-world with OpenGL axes (x right, y up, z backward); here it is OpenCV's, so the second and
third axis of the camera change sign and the world stays. The first camera is therefore diag(1, -1, -1, 1). Intrinsics
count pixels alike on both sides: the centre of the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file, refusing, write_whole

LARGEST_BYTES = 32 * MB
LARGEST_SIDE_PX = 8192
MOST_FRAMES = 10_000
_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
_PINHOLE = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE", "SIMPLE_RADIAL", "RADIAL")
_SKEW = 1e-2
"""How far R R^T may be from the identity and still be taken for a rotation."""
_REMEDY = "Give a nerfstudio transforms.json."


def write_transforms(
    path: Path,
    cameras: Sequence[Camera],
    files: Sequence[str] | None = None,
    beside: Sequence[dict[str, str]] | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Writes the cameras in their order, each with its own intrinsics.

    files: the picture of each; without them 00.png, 01.png, ... as `gen3d render` names them. beside: what else there
    is of each, as {"depth_file_path": ...}. about: what holds for the whole file.
    """
    files = [f"{i:02d}.png" for i in range(len(cameras))] if files is None else files
    beside = [{} for _ in cameras] if beside is None else beside
    frames = [_frame(camera, file) | more for camera, file, more in zip(cameras, files, beside, strict=True)]
    text = json.dumps({"camera_model": "OPENCV", **(about or {}), "frames": frames}, indent=1)
    with write_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_transforms(path: Path) -> list[Camera]:
    """The cameras of a file, in its order; its world is taken for ours.

    Intrinsics may be global or per frame: fl_x (fl_y, cx, cy default to a centred camera of square pixels) or
    camera_angle_x in radians, and always w and h. Distortion is ignored. Raises InputError naming the first frame that
    is no pinhole camera.
    """
    check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is not JSON.", _REMEDY):
        content = json.loads(path.read_text(encoding="utf-8"))
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(f, dict) for f in frames):
        raise InputError(f"{path.name} holds no list of frames.", _REMEDY)
    if len(frames) > MOST_FRAMES:
        raise InputError(f"{path.name} has {len(frames)} frames.", f"Give at most {MOST_FRAMES}.")
    return [_camera(content | frame, f"Frame {i} of {path.name}") for i, frame in enumerate(frames)]


def _frame(camera: Camera, file: str) -> dict[str, Any]:
    (fx, _, cx), (_, fy, cy), _ = camera.K.tolist()
    c2w = (camera.c2w @ _OPENGL + 0.0).tolist()  # + 0.0 turns -0.0 into 0.0
    return {
        "file_path": file, "fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy, "w": camera.width, "h": camera.height,
        "transform_matrix": c2w,
    }  # fmt: skip


def _camera(frame: dict[str, Any], where: str) -> Camera:
    model = frame.get("camera_model", "OPENCV")
    if model not in _PINHOLE:
        raise InputError(f"{where} has the camera model {model}.", "Give pinhole cameras.")
    width, height = (_size(frame, key, where) for key in ("w", "h"))
    fx = _focal(frame, "x", width, where)
    if fx is None:
        raise InputError(f"{where} has neither fl_x nor camera_angle_x.", "Give the focal length in pixels.")
    fy = _focal(frame, "y", height, where) or fx
    cx = _number(frame, "cx", where, width / 2)
    cy = _number(frame, "cy", where, height / 2)
    return Camera.from_intrinsics(fx, fy, cx, cy, width, height).posed(_pose(frame.get("transform_matrix"), where))


def _number(frame: dict[str, Any], key: str, where: str, default: float | None = None) -> float:
    value = frame.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise InputError(f"{where} has no finite number {key}.", "Give one for each frame, or one for all.")
    return float(value)


def _size(frame: dict[str, Any], key: str, where: str) -> int:
    value = _number(frame, key, where)
    if value != int(value) or not 1 <= value <= LARGEST_SIDE_PX:
        raise InputError(f"{where} has {key} = {value:g}.", f"Give a whole number from 1 to {LARGEST_SIDE_PX}.")
    return int(value)


def _focal(frame: dict[str, Any], axis: str, side_px: int, where: str) -> float | None:
    """The focal length along an axis in pixels, None when the frame does not tell."""
    if (key := f"fl_{axis}") in frame:
        focal = _number(frame, key, where)
        if focal < 1e-3:
            raise InputError(f"{where} has {key} = {focal:g}.", "Give a positive focal length in pixels.")
        return focal
    if (key := f"camera_angle_{axis}") in frame:
        angle = _number(frame, key, where)
        if not 1e-3 < angle < math.pi - 1e-3:
            raise InputError(f"{where} has {key} = {angle:g}.", "Give an angle between 0 and pi radians.")
        return side_px / 2 / math.tan(angle / 2)
    return None


def _pose(matrix: Any, where: str) -> np.ndarray:
    """A camera-to-world in OpenCV axes, exactly rigid, from a matrix in OpenGL axes."""
    try:
        c2w = np.array(matrix, np.float64)
    except (TypeError, ValueError, OverflowError):
        c2w = np.empty(0)
    if c2w.shape not in ((4, 4), (3, 4)) or not np.isfinite(c2w).all():
        raise InputError(f"{where} has no transform_matrix of 4 x 4 finite numbers.", _REMEDY)
    R = c2w[:3, :3]
    rigid = np.abs(R @ R.T - np.eye(3)).max() < _SKEW and np.linalg.det(R) > 0
    if not rigid or (len(c2w) == 4 and np.abs(c2w[3] - (0, 0, 0, 1)).max() > 1e-6):
        raise InputError(
            f"The transform_matrix of {where} is not a rotation and a position.", "Remove scale and shear."
        )
    U, _, Vt = np.linalg.svd(R)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = U @ Vt, c2w[:3, 3]
    return pose @ _OPENGL
