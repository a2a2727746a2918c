"""A world: bodies with materials standing somewhere, lights, a sky or none, air, and a camera."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from training.materials import AnyMaterial
from training.shapes import Mesh, turned
from training.sky import Sky

Part = tuple[Mesh, AnyMaterial]
"""A body of a thing, in the thing's own coordinates: it stands on y = 0 and looks along -z."""

GROUND, STRUCTURE = 0, 1
"""What is no thing: what one walks on, and what a place is made of (walls, slopes, water's edge)."""
FIRST_THING = 2


@dataclass(frozen=True)
class Lamp:
    """A point of light. colour: linear, at one metre."""

    at: tuple[float, float, float]
    colour: np.ndarray


@dataclass(frozen=True)
class Camera:
    """A pinhole: height over the ground, pitch (down is positive), roll, yaw; fov along the longer side."""

    at: tuple[float, float, float] = (0.0, -1.6, 0.0)
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    fov_deg: float = 55.0

    @property
    def turn(self) -> np.ndarray:
        """Camera to world."""
        return turned(self.yaw, -self.pitch, self.roll)


@dataclass
class World:
    """Filled by a function of `worlds/`, then drawn by `render`."""

    rng: np.random.Generator
    sky: Sky | None = None
    """None: a closed place, black where nothing is."""
    camera: Camera = field(default_factory=Camera)
    lamps: list[Lamp] = field(default_factory=list)
    ambient: np.ndarray = field(default_factory=lambda: np.full(3, 0.25))
    """Light from everywhere, where there is no sky."""
    fog_m: float = np.inf
    """Distance over which the air takes away all but 1/e."""
    haze: np.ndarray | None = None
    """The air's colour; None: the sky's horizon."""
    painted: bool = False
    """Wants a painted look."""
    meshes: list[Mesh] = field(default_factory=list)
    materials: list[AnyMaterial] = field(default_factory=list)
    things: list[int] = field(default_factory=list)
    count: int = FIRST_THING

    def add(
        self, mesh: Mesh, material: AnyMaterial, at=(0.0, 0.0, 0.0), yaw: float = 0.0, what: int = STRUCTURE
    ) -> None:
        """A body that is no thing: ground or structure."""
        self.meshes.append(mesh.moved(at, turned(yaw) if yaw else None))
        self.materials.append(material)
        self.things.append(what)

    def put(
        self, parts: Iterable[Part], at=(0.0, 0.0, 0.0), yaw: float = 0.0, scale: float = 1.0, tip: float = 0.0
    ) -> None:
        """A thing, standing at a place, turned to a side; tip: leaning by so many radians."""
        turn = turned(yaw, 0.0, tip)
        for mesh, material in parts:
            self.meshes.append(mesh.moved(at, turn, scale))
            self.materials.append(material)
            self.things.append(self.count)
        self.count += 1
