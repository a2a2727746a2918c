"""A sentence as a picture with its exact depth, camera, things and names; and what is told of how it was understood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import product
from gen3d.painter.grammar import understand
from gen3d.painter.light.rendering import Drawing
from gen3d.painter.real import Real
from gen3d.painter.telling import told_of
from gen3d.painter.world import World, world_of

GRID = 3
"""Paths of light along a pixel's side: nine a pixel."""
NOT_DRAWN = ("No engine here can draw a sentence.", "Give a photo, or let the hub engine fetch its weights.")


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A picture, and the truth about it."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]
    """Metres along z at the pixel centres; inf is sky."""
    labels: Int[np.ndarray, "h w"]
    """Number of the thing, 0 for none."""
    names: tuple[str, ...]
    camera: Camera
    """At the origin."""
    told: str
    world: World


def paint(
    sentence: str, width: int, height: int, seed: int = 0, fov_deg: Real | None = None, grid: int = GRID
) -> Drawn:
    """Draws a sentence; the same sentence, size and seed give the same bytes, on any number of threads.

    fov_deg: along the longer side; None is 60. Raises InputError where nothing of it was understood.
    """
    return product(painting(sentence, width, height, seed, fov_deg, grid))


def painting(
    sentence: str, width: int, height: int, seed: int = 0, fov_deg: Real | None = None, grid: int = GRID
) -> Drawing[Drawn]:
    """The same, bit by bit."""
    said = understand(sentence)
    if not said.understood:
        raise InputError(*NOT_DRAWN, "prompt")
    world = yield from world_of(said, seed, width, height, fov_deg)
    depth, labels = world.built.hits(world.camera)
    image = yield from world.built.drawing(world.camera, grid)
    camera = world.camera.posed(np.eye(4))
    return Drawn(image, depth, labels, world.names, camera, told_of(said, world), world)
