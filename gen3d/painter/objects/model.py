"""What a builder builds: a thing by itself, standing on the origin, its front towards -z, in metres."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gen3d.painter.materials import OF_MATERIAL, Palette
from gen3d.painter.real import Real
from gen3d.painter.shapes import Shapes


@dataclass
class Model(Shapes):
    """The shapes of a thing, and how it is to look."""

    ink: Palette = field(default_factory=Palette)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    """For what was not said."""
    colour: str | None = None
    """Asked for, as sRGB; None leaves it to the builder."""
    material: str | None = None
    """A key of OF_MATERIAL."""
    season: str = "summer"
    night: bool = False
    lamps: list[tuple] = field(default_factory=list)
    """(place, radius, power) of each."""

    def main(self, look: str, *defaults: str, **other: object) -> int:
        """The material that the thing is known by: as asked for, else one of the defaults."""
        if self.material:
            look, default = OF_MATERIAL[self.material]
            return self.ink(look, self.colour or default)
        return self.ink(look, self.colour or defaults[self.rng.integers(len(defaults))], **other)

    def lamp(self, at: tuple[Real, Real, Real], radius: Real, power: tuple[Real, Real, Real]) -> None:
        """Light from here."""
        self.lamps.append((np.array(at, float) * self.scale, radius * self.scale, np.array(power) * self.scale**2))

    def spots(self, count: int, low: tuple, high: tuple) -> np.ndarray:
        """So many places between two corners."""
        return self.rng.uniform(low, high, (count, len(low)))


def around(radius: Real, count: int, start_deg: Real = 0.0) -> list[tuple[Real, Real, Real]]:
    """(x, z, angle in degrees) of places on a circle."""
    angles = start_deg + np.arange(count) * 360 / count
    return [(radius * np.sin(a), radius * np.cos(a), d) for a, d in zip(np.radians(angles), angles, strict=True)]
