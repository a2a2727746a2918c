"""Paths: where to expand the world (paper 3.2, the rotating trajectory) and how the video moves.

Poses are camera-to-world in OpenCV axes, relative to the first camera. Positive yaw turns right (clockwise seen from
above), positive pitch turns up. Lengths are multiples of the scene's median depth, since a picture without a scale has
no metres. Angles are meant for a 55 degree lens and scale with the field of view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.values import Scale

REFERENCE_FOV_DEG = 55.0
"""The lens that angles are meant for. From `stages/depth.py`, whose default it is."""
SURROUND = 0.2
"""The first expansion sees this share of the longer side more than the photo, all around, from where it was taken.
Chosen by eye."""
WANDER_DEG = 12.0
"""`wander` swings so far about the middle of the scene, at most. Chosen by eye."""
WANDER_STEP = 0.18
"""Its side steps are at most this share of the nearest depth, which bounds the parallax of near things. Chosen by
eye."""
WANDER_POSES = ((-1, 0), (1, 0), (0, 0.5), (0, -0.5), (-0.6, 0.3), (0.6, -0.3), (-0.6, -0.3), (0.6, 0.3))
"""Its (yaw, pitch) as shares of that reach. Chosen by eye."""
AROUND_DEG = (0, 20, 40, 60, -20, -40, -60)
"""Yaws of `lookaround` and `lookdown`. Chosen by eye."""
TILT_DEG = 22.5
"""Their pitches besides level. Chosen by eye."""
ROTATION_DEG = 36.0
"""From one pose of `rotate360` to the next: ten are a turn. Chosen by eye."""
ORBIT_DEG = (-5, -10, -15, -20, 5, 10, 15, 20)
"""Yaws of `orbit`. Chosen by eye."""
DOLLY_STEPS = (0.08, 0.16, 0.24, -0.08, -0.16, -0.24)
"""Steps of `dolly` in median depths. Chosen by eye."""
PEEK_SHARE = 0.06
"""`peek` moves by this share of the nearest depth, which uncovers little. Chosen by eye."""
TOUR_WANDER = (0.9, 0.3, 0.06)
"""The video of `wander`: its yaw as a share of the path's reach, its pitch as a share of its yaw, and its steps forward
as a share of the nearest depth. Chosen by eye."""
TOUR_AROUND_DEG = (50, 8)
"""Yaw and pitch of the videos of `lookaround` and `lookdown`. Chosen by eye."""
TOUR_HALF_TURN_DEG = 180
"""Yaw to either side of the video of `rotate360` where it may not turn all around. By definition."""
TOUR_ORBIT_DEG = 18
"""Yaw of the video of `orbit`. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Preset:
    """A named path."""

    poses: Callable[[Scale, float], list[np.ndarray]]
    """(scale, angle factor) -> camera-to-world poses after the first."""
    words: str


def turned(yaw_deg: float, pitch_deg: float = 0.0) -> Float[np.ndarray, "4 4"]:
    """The pose turned on the spot, degrees: yaw about the camera's y axis, pitch about its x axis."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    c2w = np.eye(4)
    c2w[:3, :3] = about_y @ about_x
    return c2w


def moved(x: float, y: float, z: float) -> Float[np.ndarray, "4 4"]:
    """The pose shifted without turning, metres along the camera's axes."""
    c2w = np.eye(4)
    c2w[:3, 3] = (x, y, z)
    return c2w


def orbited(yaw_deg: float, pitch_deg: float, distance_m: float) -> Float[np.ndarray, "4 4"]:
    """Around the point `distance_m` ahead, facing it; positive yaw turns right, so the camera moves left."""
    return moved(0.0, 0.0, distance_m) @ turned(yaw_deg, pitch_deg) @ moved(0.0, 0.0, -distance_m)


def _wander(scale: Scale, angle: float) -> list[np.ndarray]:
    reach = _reach_deg(scale, angle)
    return [orbited(reach * yaw, reach * pitch, scale.median) for yaw, pitch in WANDER_POSES]


def _reach_deg(scale: Scale, angle: float) -> float:
    """How far `wander` swings: WANDER_DEG, but never a step to the side longer than a share of what is nearest."""
    return min(WANDER_DEG * angle, float(np.degrees(np.arcsin(min(1.0, WANDER_STEP * scale.nearest / scale.median)))))


def _turns(pitches: tuple[float, ...]) -> Callable[[Scale, float], list[np.ndarray]]:
    angles = [(yaw, pitch) for pitch in pitches for yaw in AROUND_DEG]
    return lambda scale, angle: [turned(-angle * yaw, angle * pitch) for yaw, pitch in angles[1:]]


def _rotate360(scale: Scale, angle: float) -> list[np.ndarray]:
    return [turned(-ROTATION_DEG * i) for i in range(1, round(360 / ROTATION_DEG))]


def _orbit(scale: Scale, angle: float) -> list[np.ndarray]:
    return [orbited(angle * yaw, 0.0, scale.median) for yaw in ORBIT_DEG]


def _dolly(scale: Scale, angle: float) -> list[np.ndarray]:
    return [moved(0.0, 0.0, share * scale.median) for share in DOLLY_STEPS]


def _peek(scale: Scale, angle: float) -> list[np.ndarray]:
    r = PEEK_SHARE * scale.nearest
    return [moved(r * x, r * y, 0.0) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))]


PATHS = {
    "wander": Preset(_wander, "arcs to the left and right about the middle of the scene, then up and down"),
    "lookaround": Preset(
        _turns((0.0, -TILT_DEG, TILT_DEG)), "turning on the spot, 60 degrees to each side, down and up"
    ),
    "lookdown": Preset(_turns((0.0, TILT_DEG)), "turning on the spot, level and 22.5 degrees up"),
    "rotate360": Preset(_rotate360, "a full turn on the spot, counterclockwise"),
    "orbit": Preset(_orbit, "an arc of 20 degrees to each side about the middle of the scene"),
    "dolly": Preset(_dolly, "forward and back"),
    "peek": Preset(_peek, "small steps to the sides, scaled by what is nearest"),
}


def angle_factor(camera: Camera) -> float:
    """How much wider than the 55 degree reference this lens is: narrow lenses take smaller steps."""
    return max(camera.fov_deg) / REFERENCE_FOV_DEG


def surround(camera: Camera) -> Camera:
    """A wider view from the same place, at the photo's resolution: its surroundings are inpainted in one piece."""
    return camera.padded(round(SURROUND * max(camera.width, camera.height)))


def expansion_path(name: str, camera: Camera, scale: Scale) -> list[Camera]:
    """The cameras of a preset path, after the first: a wider view from the same place, then the poses.

    After the wide view the poses show little but what things hide.
    """
    poses = PATHS[name].poses(scale, angle_factor(camera))
    return [surround(camera)] + [camera.posed(camera.c2w @ c2w) for c2w in poses]


def between(a: Camera, b: Camera, share: float) -> Camera:
    """The pose at `share` of the way from a to b, above 1 beyond it: shortest rotation, straight line; a's lens."""
    turn, _ = cv2.Rodrigues(a.c2w[:3, :3].T @ b.c2w[:3, :3])
    c2w = np.eye(4)
    c2w[:3, :3] = a.c2w[:3, :3] @ cv2.Rodrigues(share * turn)[0]
    c2w[:3, 3] = (1 - share) * a.center + share * b.center
    return a.posed(c2w)


def relative_to_first(cameras: list[Camera]) -> list[Camera]:
    """The same cameras in a world whose origin is the first of them."""
    to_first = cameras[0].w2c
    return [camera.posed(to_first @ camera.c2w) for camera in cameras]


def along(keys: list[Camera], frames: int, amplitude: float) -> list[Camera]:
    """A video's cameras through given ones and back to the first, eased; `amplitude` draws all of them to the first."""
    near = [between(keys[0], key, amplitude) for key in keys] + [keys[0]]
    at = _eased(np.linspace(0, 1, frames)) * (len(near) - 1)
    leg = np.minimum(at.astype(int), len(near) - 2)
    return [between(near[i], near[i + 1], float(x - i)) for i, x in zip(leg, at, strict=True)]


def tour_path(name: str, camera: Camera, scale: Scale, frames: int, amplitude: float) -> list[Camera]:
    """The video's cameras: starts and ends on the photo, eased, `amplitude` 1 as wide as the expansion path of `name`.

    The motion is a closed smooth curve through what the expansion path covers, not the path itself.
    """
    t = 2 * np.pi * _eased(np.linspace(0, 1, frames))
    motion = TOURS.get(name, TOURS["wander"])
    factor = angle_factor(camera)
    return [camera.posed(camera.c2w @ motion(x, amplitude, scale, factor)) for x in t]


def _eased(x: np.ndarray) -> np.ndarray:
    """0 to 1 with no speed at either end (smoothstep blended with a line, so that the middle does not rush)."""
    return 0.5 * x + 0.5 * (3 * x**2 - 2 * x**3)


def _tour_wander(t: float, k: float, s: Scale, angle: float) -> np.ndarray:
    yaw, pitch, step = TOUR_WANDER
    reach = yaw * k * _reach_deg(s, angle)
    forward = moved(0.0, 0.0, step * k * s.nearest * (1 - np.cos(t)))
    return orbited(reach * np.sin(t), pitch * reach * np.sin(2 * t), s.median) @ forward


def _tour_around(t: float, k: float, s: Scale, angle: float) -> np.ndarray:
    yaw, pitch = TOUR_AROUND_DEG
    return turned(-yaw * k * angle * np.sin(t), pitch * k * angle * np.sin(2 * t))


def _tour_full_turn(t: float, k: float, s: Scale, angle: float) -> np.ndarray:
    return turned(-np.degrees(t)) if k >= 1 else turned(-TOUR_HALF_TURN_DEG * k * np.sin(t))


def _tour_orbit(t: float, k: float, s: Scale, angle: float) -> np.ndarray:
    return orbited(TOUR_ORBIT_DEG * k * angle * np.sin(t), 0.0, s.median)


def _tour_dolly(t: float, k: float, s: Scale, angle: float) -> np.ndarray:
    return moved(0.0, 0.0, max(DOLLY_STEPS) * k * s.median * np.sin(t))


def _tour_peek(t: float, k: float, s: Scale, angle: float) -> np.ndarray:
    r = PEEK_SHARE * k * s.nearest
    return moved(r * np.sin(t), 0.5 * r * np.sin(2 * t), 0.0)


TOURS = {
    "wander": _tour_wander,
    "lookaround": _tour_around,
    "lookdown": _tour_around,
    "rotate360": _tour_full_turn,
    "orbit": _tour_orbit,
    "dolly": _tour_dolly,
    "peek": _tour_peek,
}
