"""Cameras as nerfstudio's transforms.json.

There a pose is camera-to-world with OpenGL axes (x right, y up, z backward); here it is OpenCV's, so the second and
third axis of the camera change sign and the world stays. The first camera is therefore diag(1, -1, -1, 1). Intrinsics
count pixels alike on both sides: the centre of the first pixel is (0.5, 0.5).

Lenses here are pinholes. What a file says of distortion is told and not drawn; a fisheye is refused, since drawn as a
pinhole it would be another picture altogether.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.picture import size_of
from gen3d.formats.whole import MB, check_file, refusing, write_whole

LARGEST_BYTES = 32 * MB
LARGEST_SIDE_PX = 8192
MOST_FRAMES = 10_000
_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
_PINHOLE = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE", "SIMPLE_RADIAL", "RADIAL")
_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")
_NEGLIGIBLE_PX = 0.1
"""Distortion that moves no corner farther than this is not worth a word."""
_PICTURES = ("", ".png", ".jpg", ".jpeg", ".PNG", ".JPG", ".JPEG", ".webp")
"""What a file_path may lack of its picture's name: NeRF's synthetic scenes leave it away."""
_SKEW = 1e-2
"""How far R R^T may be from the identity and still be taken for a rotation."""
_REMEDY = "Give a nerfstudio transforms.json."


class CameraFile(NamedTuple):
    """What a file holds."""

    cameras: list[Camera]
    notices: tuple[str, ...]
    """What was passed over, for people."""


def frame_name(i: int, count: int) -> str:
    """The i-th of so many pictures, without its suffix: two digits, or as many as let names sort in their order."""
    return f"{i:0{max(2, len(str(count - 1)))}d}"


def write_transforms(
    path: Path,
    cameras: Sequence[Camera],
    files: Sequence[str] | None = None,
    beside: Sequence[dict[str, Any]] | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Writes the cameras in their order, each with its own intrinsics.

    files: the picture of each; without them as `gen3d render` names them, 00.png, 01.png, ... beside: what else there
    is of each, as {"depth_file_path": ...}, or is to stand instead. about: what holds for the whole file.
    """
    files = [f"{frame_name(i, len(cameras))}.png" for i in range(len(cameras))] if files is None else files
    beside = [{} for _ in cameras] if beside is None else beside
    frames = [_frame(camera, file) | more for camera, file, more in zip(cameras, files, beside, strict=True)]
    text = json.dumps({"camera_model": "OPENCV", **(about or {}), "frames": frames}, indent=1)
    with write_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_transforms(path: Path, lens: Camera | None = None) -> list[Camera]:
    """The cameras of a file, in its order, as `read_cameras` finds them; what it would tell is left away."""
    return read_cameras(path, lens).cameras


def read_cameras(path: Path, lens: Camera | None = None) -> CameraFile:
    """The cameras of a file, in its order; its world is taken for ours.

    Intrinsics may be global or per frame: fl_x (fl_y, cx, cy default to a centred camera of square pixels) or
    camera_angle_x in radians, and w and h; where these are missing, those of the picture that file_path names, in the
    file's own folder or below. lens: for frames that do not tell a lens and a size of their own; then no picture is
    looked for. Raises InputError naming the first frame that is no pinhole camera.
    """
    check_file(path, LARGEST_BYTES, _REMEDY)
    with refusing(f"{path.name} is not JSON.", _REMEDY):
        content = json.loads(path.read_bytes())  # which knows UTF-8, 16 and 32 apart, and their marks
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(f, dict) for f in frames):
        raise InputError(f"{path.name} holds no list of frames.", _REMEDY)
    if len(frames) > MOST_FRAMES:
        raise InputError(f"{path.name} has {len(frames)} frames.", f"Give at most {MOST_FRAMES}.")
    told = [(content | frame, f"Frame {i} of {path.name}") for i, frame in enumerate(frames)]
    cameras = [_camera(frame, where, path.parent, lens) for frame, where in told]
    worst_px = max(_distortion_px(frame, camera, where) for (frame, where), camera in zip(told, cameras, strict=True))
    return CameraFile(cameras, () if worst_px <= _NEGLIGIBLE_PX else (_ignored(path, worst_px),))


def _ignored(path: Path, worst_px: float) -> str:
    return (
        f"{path.name} tells of lens distortion, which is ignored: pinhole pictures are drawn, whose corners lie up to "
        f"{worst_px:.3g} pixels from those of the distorted lens. Undistort the cameras to compare them with photos."
    )


def _frame(camera: Camera, file: str) -> dict[str, Any]:
    (fx, _, cx), (_, fy, cy), _ = camera.K.tolist()
    c2w = (camera.c2w @ _OPENGL + 0.0).tolist()  # + 0.0 turns -0.0 into 0.0
    return {
        "file_path": file, "fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy, "w": camera.width, "h": camera.height,
        "transform_matrix": c2w,
    }  # fmt: skip


def _camera(frame: dict[str, Any], where: str, folder: Path, lens: Camera | None) -> Camera:
    if lens is not None and (frame.get("is_fisheye") or "w" not in frame or "h" not in frame):
        return lens.posed(camera_to_world(frame.get("transform_matrix"), where))
    _check_model(frame, where)
    width, height = _width_and_height(frame, where, folder)
    fx = _focal(frame, "x", width, where)
    if fx is None:
        raise InputError(f"{where} has neither fl_x nor camera_angle_x.", "Give the focal length in pixels.")
    fy = _focal(frame, "y", height, where) or fx
    cx = _number(frame, "cx", where, width / 2)
    cy = _number(frame, "cy", where, height / 2)
    camera = Camera.from_intrinsics(fx, fy, cx, cy, width, height)
    return camera.posed(camera_to_world(frame.get("transform_matrix"), where))


def _check_model(frame: dict[str, Any], where: str) -> None:
    """Raises InputError for what is no pinhole, distorted or not."""
    model = frame.get("camera_model", "OPENCV")
    if frame.get("is_fisheye"):
        model = "of a fisheye"
    if model not in _PINHOLE:
        raise InputError(f"{where} has the camera model {model}.", "Give pinhole cameras: undistort the pictures.")


def _width_and_height(frame: dict[str, Any], where: str, folder: Path) -> tuple[int, int]:
    if "w" not in frame and "h" not in frame:
        width, height = _size_of_picture(frame.get("file_path"), where, folder)
        frame = {"w": width, "h": height}
    return _size(frame, "w", where), _size(frame, "h", where)


def _size_of_picture(name: Any, where: str, folder: Path) -> tuple[int, int]:
    """Of the picture beside; a name that leads out of the folder names none."""
    if isinstance(name, str) and name and "\0" not in name:
        inside = folder.resolve()
        for suffix in _PICTURES:
            file = (folder / f"{name}{suffix}").resolve()
            if file.is_relative_to(inside) and file.is_file():
                return size_of(file)
    missing = "file_path" if not name else f"picture {name} in the file's folder"
    raise InputError(
        f"{where} has no finite number w, nor a {missing} to take its size from.",
        "Give w and h for each frame, or once for all.",
    )


def _distortion_px(frame: dict[str, Any], camera: Camera, where: str) -> float:
    """How far nerfstudio's distortion moves a corner of the picture, at most."""
    k1, k2, k3, k4, p1, p2 = (_number(frame | {key: frame.get(key) or 0.0}, key, where) for key in _DISTORTION)
    corners = np.array([(x, y) for x in (0, camera.width) for y in (0, camera.height)], np.float64)
    x, y = ((corners - camera.K[:2, 2]) / np.diag(camera.K)[:2]).T
    r2 = x * x + y * y
    with np.errstate(all="ignore"):
        radial = r2 * (k1 + r2 * (k2 + r2 * (k3 + r2 * k4)))
        dx = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        dy = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        moved = np.hypot(dx * camera.K[0, 0], dy * camera.K[1, 1])
    return float(np.nan_to_num(moved, nan=np.inf).max())


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


def camera_to_world(matrix: Any, where: str) -> np.ndarray:
    """A camera-to-world in OpenCV axes, exactly rigid, from a matrix in OpenGL axes.

    Raises InputError that says `where` for what is none.
    """
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
