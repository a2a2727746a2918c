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
from gen3d.products.prune import views_around
from gen3d.splat.gaussians import Gaussians

Up = Literal["-y", "+z", "+y", "-z", "+x", "-x"]
UPS: dict[Up, tuple[int, int]] = {"-y": (1, -1), "+z": (2, 1), "+y": (1, 1), "-z": (2, -1), "+x": (0, 1), "-x": (0, -1)}
"""Axis and sign, in the order in which the viewer offers them."""
LENS_DEG = 60.0
BULK_SHARE = 0.9
"""Of the Gaussians, so many are in the frame from outside; the rest may be stray."""
SMALLER_SHARES = (0.75, 0.6, 0.45)
"""Of the Gaussians, tried in turn where what lies farther is surroundings."""
SURROUNDINGS = 2.0
"""A ball that must be so many times larger to hold a little more than one of these shares holds what surrounds."""
AHEAD_SHARE = 0.98
"""Of the Gaussians of a scene that was made from one photo, taken at the origin along z."""
CENTRED, UNIT_M = 0.15, (0.2, 2.0)
"""The middle is so near to the origin, as a share of the bulk's radius, and the radius is so large."""
LAYERS = 24
"""Slices along an axis, among which a ground is looked for."""
DENSER = 1.25
"""The densest slice along the vertical holds so many times as many as that along another axis."""
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


def within_surroundings(gaussians: Gaussians) -> Bulk:
    """What to look at: the bulk, or of a capture with its surroundings that in their middle.

    From outside a sky or a wall that goes all around one would see nothing but its back.
    """
    found = larger = bulk(gaussians)
    for share in SMALLER_SHARES:
        smaller = bulk(gaussians, share)
        if larger.radius_m >= SURROUNDINGS * smaller.radius_m:
            found = smaller
        larger = smaller
    return found


def lies_ahead(gaussians: Gaussians) -> bool:
    """Whether the scene lies ahead of the world's origin, along z, with next to nothing behind and beside it."""
    return float((_some(gaussians.means)[:, 2] > 0).double().mean()) >= AHEAD_SHARE


def guessed_up(gaussians: Gaussians) -> Up:
    """The axis that is most likely the vertical, and its sign.

    A ground decides: a slice that holds many Gaussians, at the lower end of what there is. Without one, y is down; but
    z is up in a scene centred and scaled to 1, as nerfstudio does with what it trains on.
    """
    if lies_ahead(gaussians):
        return "-y"
    means = _some(gaussians.means).double().numpy()
    (y_share, y_at), (z_share, z_at) = (_densest(means[:, axis]) for axis in (1, 2))
    if z_share > DENSER * y_share and z_at < 0.5:
        return "+z"
    if y_share > DENSER * z_share:
        return "+y" if y_at < 0.5 else "-y"
    middle, radius_m = bulk(gaussians)
    is_centred = float(np.linalg.norm(middle)) < CENTRED * radius_m and UNIT_M[0] < radius_m < UNIT_M[1]
    return "+z" if is_centred else "-y"


def _densest(values: Float[np.ndarray, "n"]) -> tuple[float, float]:
    """The densest slice: its share of all, and where it lies between the two ends, 0 to 1; without what is stray."""
    low, high = np.quantile(values, (0.01, 0.99))
    if not high > low:
        return 1.0, 0.5
    counts, _ = np.histogram(values, LAYERS, (low, high))
    return float(counts.max() / len(values)), float((counts.argmax() + 0.5) / LAYERS)


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
    """Cameras from which all of a scene is seen: rings around it, and from its middle to all sides.

    Of one that lies ahead of the origin, from there and from places around it.
    """
    lens = Camera.from_fov(LENS_DEG, *SIZE_PX)
    if lies_ahead(gaussians):
        return views_around([lens], float(_some(gaussians.means)[:, 2].median()))
    at, up = within_surroundings(gaussians), guessed_up(gaussians)
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
