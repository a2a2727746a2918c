"""Ground that reaches from the camera's feet to the horizon: one mesh of a height over x and z, finer near by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.materials import AnyMaterial
from training.shapes import Mesh, grid_faces
from training.world import GROUND, STRUCTURE, World

Height = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Metres above the camera's feet over (x, z)."""


class Terrain:
    """A height field, moved so that the ground below the camera is at 0."""

    def __init__(self, height: Height):
        self._height = height
        self._zero = float(height(np.zeros(1), np.zeros(1))[0])

    def up(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Metres above the camera's feet."""
        return self._height(np.asarray(x, float), np.asarray(z, float)) - self._zero

    def foot(self, x: float, z: float) -> tuple[float, float, float]:
        """Where something at x, z stands."""
        return x, -float(self.up(np.array([x]), np.array([z]))[0]), z

    def feet(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """(n, 3) where many stand."""
        return np.stack([x, -self.up(x, z), z], -1)

    def mesh(self, far_m: float, rows: int = 110, columns: int = 110, near_m: float = 0.5) -> Mesh:
        """Rows from behind the camera to the distance, growing with it; columns fan out with distance."""
        z = np.concatenate([[-6.0, -2.0, -0.5], np.geomspace(near_m, far_m, rows)])
        across = np.sinh(np.linspace(-2, 2, columns)) / np.sinh(2)
        x = across[None] * (8 + 1.6 * np.maximum(z, 0))[:, None]
        z = np.broadcast_to(z[:, None], x.shape)
        points = np.stack([x, -self.up(x, z), z], -1).reshape(-1, 3)
        return Mesh(points, grid_faces(*x.shape), smooth=True)

    def lay(self, world: World, material: AnyMaterial, far_m: float, **detail: int) -> None:
        """Adds the ground to a world."""
        world.add(self.mesh(far_m, **detail), material, what=GROUND)


def level(_x: np.ndarray, _z: np.ndarray) -> np.ndarray:
    """A plain."""
    return np.zeros(np.broadcast(_x, _z).shape)


def water(world: World, material: AnyMaterial, up_m: float, far_m: float) -> None:
    """A level sheet at a height, to the horizon."""
    x, z = far_m * 1.5, np.array([-far_m, far_m * 1.2])
    points = np.array([[-x, -up_m, z[0]], [x, -up_m, z[0]], [-x, -up_m, z[1]], [x, -up_m, z[1]]])
    world.add(Mesh(points, np.array([[0, 1, 2], [1, 3, 2]])), material, what=STRUCTURE)
