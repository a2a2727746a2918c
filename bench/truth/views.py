"""Where a place is seen from: the photo, then a view near and two far, which all look at the same point."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place
from gen3d.camera import Camera

WIDTH, HEIGHT = 256, 192
VIEWS = (("photo", 0, 0), ("near", 0.05, -0.01), ("far", -0.15, -0.03), ("far", 0.15, 0.03))
"""How a view is called, and how far it is to the right and below, as shares of the distance that is looked over."""


def cameras_of(place: Place) -> list[Camera]:
    """OpenCV axes in the model's world."""
    eye, target = np.asarray(place.eye, float), np.asarray(place.target, float)
    focal = WIDTH / 2 / np.tan(np.radians(place.fov_deg) / 2)
    lens = Camera.from_intrinsics(focal, focal, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT)
    right, down, _ = _axes(eye, target).T
    far = np.linalg.norm(target - eye)
    return [lens.posed(_pose(eye + far * (x * right + y * down), target)) for _, x, y in VIEWS]


def _axes(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    ahead = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(ahead, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(ahead, right), ahead], 1)


def _pose(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = _axes(eye, target), eye
    return c2w
