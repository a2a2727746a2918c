"""Half a sphere as VR180 has it, put together from pinhole views that look ahead, to the sides, up and down.

An eye's picture is square: x is the angle to the right from -90 to 90 degrees, y the angle up from 90 to -90
(equirectangular), both of the camera's own axes; pixel centres as in `gen3d.camera`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.geometry.trajectory import turned

FACE_DEG = 90.0
"""What a view sees of both sides. By definition, of the half of a cube that is around the sphere."""
TURNS_DEG = ((0.0, 0.0), (-90.0, 0.0), (90.0, 0.0), (0.0, 90.0), (0.0, -90.0))
"""Yaw and pitch of the views. By definition, as above."""
RIM_PX = 2
"""So much more is in each, for what is read between two pixels at its border. Chosen by eye."""


def side_px(eye_px: int) -> int:
    """Pixels along 90 degrees of a view that is as fine in its middle as the half sphere is."""
    return max(8, round(2 * eye_px / np.pi))


def views(camera: Camera, eye_px: int) -> list[Camera]:
    """The pinholes around a camera's place and pose; its lens does not matter."""
    side = side_px(eye_px)
    lens = Camera.from_fov(FACE_DEG, side, side).padded(RIM_PX)
    return [lens.posed(camera.c2w @ turned(*turn)) for turn in TURNS_DEG]


def directions(eye_px: int) -> Float[np.ndarray, "e e 3"]:
    """Unit vectors through the pixels of a half sphere, in the camera's axes."""
    angle = ((np.arange(eye_px) + 0.5) / eye_px - 0.5) * np.pi
    right, down = np.meshgrid(angle, angle)
    return np.stack([np.cos(down) * np.sin(right), np.sin(down), np.cos(down) * np.cos(right)], axis=-1)


class Resampler:
    """Puts pictures of `views` together."""

    def __init__(self, eye_px: int) -> None:
        rays = directions(eye_px)
        pinholes = views(Camera.from_fov(FACE_DEG, 8, 8), eye_px)
        nearest = np.argmax([rays @ one.c2w[:3, 2] for one in pinholes], axis=0)
        self._height = pinholes[0].height
        uv = np.zeros((eye_px, eye_px, 2))
        for i, one in enumerate(pinholes):
            uv = np.where((nearest == i)[..., None], one.project(rays)[0] + [0, i * self._height], uv)
        self._x, self._y = (np.ascontiguousarray(uv[..., k] - 0.5, np.float32) for k in range(2))

    def __call__(self, pictures: Sequence[Float[np.ndarray, "s s c"]]) -> Float[np.ndarray, "e e c"]:
        """The half sphere, each pixel from the view that sees it nearest to its middle."""
        stacked = np.concatenate(pictures)
        return cv2.remap(stacked, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
