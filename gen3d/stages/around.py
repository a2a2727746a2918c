"""Where to look at a scene from of which nobody says so: from outside, all around its bulk, and from its middle.

Three habits of axes are about: y down (ours, COLMAP's, the first camera's), z up (nerfstudio's) and y up (glTF's).
Which it is can only be guessed: places are wider than high, and denser at their ground.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians

Up = Literal["-y", "+z", "+y", "-z", "+x", "-x"]
UPS: dict[Up, tuple[int, int]] = {"-y": (1, -1), "+z": (2, 1), "+y": (1, 1), "-z": (2, -1), "+x": (0, 1), "-x": (0, -1)}
"""Axis and sign, in the order in which the viewer offers them."""
LENS_DEG = 60.0
BULK_SHARE = 0.9
"""Of the Gaussians, so many are in the frame from outside; the rest may be stray."""
FLATTER = 0.8
"""An axis along which a place is smaller than this share of any other's is its vertical."""
SIZE_PX = (160, 120)
RING = 8
"""Places around, and directions from the middle."""
HEIGHTS_DEG = (-25.0, 10.0)
"""Of two such rings, how the view is pitched."""


class Bulk(NamedTuple):
    """Most of a scene."""

    middle: Float[np.ndarray, "3"]
    radius_m: float


def bulk(gaussians: Gaussians, share: float = BULK_SHARE) -> Bulk:
    """A ball around the median that holds `share` of the means."""
    means = _some(gaussians.means).double()
    middle = means.median(dim=0).values
    radius_m = float(torch.quantile(torch.linalg.norm(means - middle, dim=1), share))
    return Bulk(middle.numpy(), max(radius_m, 1e-6))


def guessed_up(gaussians: Gaussians) -> Up:
    """The axis that is most likely the vertical, and its sign: y down unless the scene speaks against it."""
    means = _some(gaussians.means).double().numpy()
    low, middle, high = np.quantile(means, (0.05, 0.5, 0.95), axis=0)
    extent = high - low
    if extent[2] < FLATTER * min(extent[0], extent[1]):
        return "+z"
    if extent[1] < FLATTER * min(extent[0], extent[2]) and high[1] - middle[1] > 2 * (middle[1] - low[1]):
        return "+y"
    return "-y"


def outside(lens: Camera, at: Bulk, up: Up, yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> tuple[Camera, float]:
    """The lens outside a bulk that it sees whole, level unless pitched; and how far ahead the middle is, metres.

    yaw_deg, pitch_deg: as of the viewer, about the middle; a negative pitch looks down.
    """
    distance_m = at.radius_m / math.sin(math.radians(min(lens.fov_deg)) / 2)
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    level = level_axes(up)
    forward = level @ (math.sin(yaw) * math.cos(pitch), -math.sin(pitch), math.cos(yaw) * math.cos(pitch))
    return _looking(lens, at.middle - distance_m * forward, forward, level[:, 1]), distance_m


def level_axes(up: Up) -> Float[np.ndarray, "3 3"]:
    """Right, down and forward of a level camera, in columns; y down looks along z, as our scenes are looked at."""
    axis, sign = UPS[up]
    down, forward = np.zeros(3), np.zeros(3)
    down[axis] = -sign
    forward[1 if axis == 2 else 2] = 1
    return np.stack([np.cross(down, forward), down, forward], axis=1)


def views_of(gaussians: Gaussians) -> list[Camera]:
    """Cameras from which all of a scene is seen: rings around it, and from its middle to all sides."""
    lens, at, up = Camera.from_fov(LENS_DEG, *SIZE_PX), bulk(gaussians), guessed_up(gaussians)
    turns = [360.0 * i / RING for i in range(RING)]
    rings = [outside(lens, at, up, yaw, pitch)[0] for pitch in HEIGHTS_DEG for yaw in turns]
    return rings + [camera.posed(_at(camera.c2w, at.middle)) for camera in rings]


def _at(c2w: np.ndarray, place: np.ndarray) -> np.ndarray:
    moved = c2w.copy()
    moved[:3, 3] = place
    return moved


def _looking(lens: Camera, eye: np.ndarray, forward: np.ndarray, down: np.ndarray) -> Camera:
    right = np.cross(down, forward)
    right /= np.linalg.norm(right)
    c2w = np.eye(4)
    c2w[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    c2w[:3, 3] = eye
    return lens.posed(c2w)


def _some(values: torch.Tensor) -> torch.Tensor:
    """At most a million, evenly spread: `torch.quantile` takes no more than sixteen."""
    return values.detach()[:: len(values) // 1_000_000 + 1].cpu()
