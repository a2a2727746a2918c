"""The camera layouts of the WorldScore benchmark: eight moves that are chained, and what comes between.

Poses are camera-to-world in OpenCV axes, the world that of the first camera, as everywhere here; `to_opengl` writes
them as the benchmark does, where x points right, y up and z backward in the camera, and the world is the first camera's
with x to the left and y up, so that its first pose is diag(-1, 1, -1, 1). Lengths are multiples of the amplitude s: s
forward or back, half of it to a side, and an orbit turns about the point s ahead. Each layout starts where the one
before it ends. In between, rotation is slerped and translation is linear, both of world-to-camera.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation, Slerp

from gen3d.errors import InputError
from gen3d.geometry.trajectory import moved, orbited, turned
from gen3d.values import Scale

TURN_DEG = 30.0
"""Of pans and orbits. From the benchmark."""
SIDE_STEP = 0.5
"""Of the amplitude. From the benchmark."""
FRAMES_A_LAYOUT = 49
"""From one anchor frame to the next. From the benchmark, whose scenes of 50 frames share their ends."""
AMPLITUDE = 0.5
"""In median depths: the benchmark leaves it to each model. Chosen by eye."""
_OPENCV_IN_WORLD, _OPENCV_IN_CAMERA = np.diag([-1.0, -1.0, 1.0, 1.0]), np.diag([1.0, -1.0, -1.0, 1.0])
"""Of the benchmark's world and its cameras. By definition."""

LAYOUTS: dict[str, Callable[[float], Float[np.ndarray, "4 4"]]] = {
    "push_in": lambda s: moved(0.0, 0.0, s),
    "pull_out": lambda s: moved(0.0, 0.0, -s),
    "move_left": lambda s: moved(-SIDE_STEP * s, 0.0, 0.0),
    "move_right": lambda s: moved(SIDE_STEP * s, 0.0, 0.0),
    "orbit_left": lambda s: orbited(TURN_DEG, 0.0, s),
    "orbit_right": lambda s: orbited(-TURN_DEG, 0.0, s),
    "pan_left": lambda s: turned(-TURN_DEG),
    "pan_right": lambda s: turned(TURN_DEG),
}
"""Amplitude -> where a layout ends, seen from where it starts."""


def amplitude_of(scale: Scale) -> float:
    """The amplitude s in metres: a share of the median depth, and never beyond what is nearest."""
    return min(AMPLITUDE * scale.median, scale.nearest)


def check_layouts(layouts: Sequence[str]) -> None:
    """InputError for a name that is none, and for no layout at all."""
    if unknown := [name for name in layouts if name not in LAYOUTS]:
        raise InputError(f"There is no layout {unknown[0]!r}.", f"Use one of {', '.join(LAYOUTS)}.")
    if not layouts:
        raise InputError("A path of no layout leads nowhere.", f"Give one or more of {', '.join(LAYOUTS)}.")


def anchors(layouts: Sequence[str], amplitude_m: float) -> list[Float[np.ndarray, "4 4"]]:
    """The first pose, and where each of the layouts ends."""
    check_layouts(layouts)
    poses = [np.eye(4)]
    for name in layouts:
        poses.append(poses[-1] @ LAYOUTS[name](amplitude_m))
    return poses


def frames(keys: Sequence[Float[np.ndarray, "4 4"]]) -> list[Float[np.ndarray, "4 4"]]:
    """A pose a frame: the first, then FRAMES_A_LAYOUT up to each further key and with it."""
    poses = [keys[0]]
    for start, end in pairwise(keys):
        poses += [_between(start, end, i / FRAMES_A_LAYOUT) for i in range(1, FRAMES_A_LAYOUT)] + [end]
    return poses


def anchor_indices(count: int) -> list[int]:
    """The frames that so many layouts end at, the first frame of all before them."""
    return [FRAMES_A_LAYOUT * i for i in range(count + 1)]


def to_opengl(c2w: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "4 4"]:
    """A pose as the benchmark writes it."""
    return _OPENCV_IN_WORLD @ c2w @ _OPENCV_IN_CAMERA


def from_opengl(c2w: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "4 4"]:
    """A pose of the benchmark's in our axes; both changes of axes undo themselves."""
    return _OPENCV_IN_WORLD @ c2w @ _OPENCV_IN_CAMERA


def _between(start: np.ndarray, end: np.ndarray, share: float) -> Float[np.ndarray, "4 4"]:
    """Of world-to-camera, unlike `trajectory.between`: so an orbit's frames lie on no arc."""
    w2c = np.linalg.inv(np.stack([start, end]))
    between = np.eye(4)
    between[:3, :3] = Slerp([0, 1], Rotation.from_matrix(w2c[:, :3, :3]))(share).as_matrix()
    between[:3, 3] = (1 - share) * w2c[0, :3, 3] + share * w2c[1, :3, 3]
    return np.linalg.inv(between)
