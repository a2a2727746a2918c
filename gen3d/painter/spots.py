"""A thing where it stands, and all things of a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from gen3d.painter.objects import OBJECTS
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real


@dataclass(frozen=True, eq=False, slots=True)
class Spot:
    """A thing where it stands."""

    kind: str
    model: Model
    at: np.ndarray
    yaw_deg: Real
    low: np.ndarray
    high: np.ndarray
    """Its bounds in the world."""
    carried: bool = False
    """Whether it stands on another thing, or hangs: then it takes no floor."""

    @property
    def middle(self) -> np.ndarray:
        """Of its bounds."""
        return 0.5 * (self.low + self.high)

    @property
    def half(self) -> np.ndarray:
        """Half its size."""
        return 0.5 * (self.high - self.low)


@dataclass
class Placed:
    """All things of a picture."""

    spots: list[Spot] = field(default_factory=list)
    asked: list[list[int]] = field(default_factory=list)
    """For each thing that was asked for, the numbers of its spots."""
    notes: list[str] = field(default_factory=list)


def narrow(host: Spot) -> bool:
    """Whether it carries no two things side by side."""
    top = OBJECTS[host.kind].top
    return top is not None and top[1] < 0.03


@cache
def usual_size(kind: str) -> np.ndarray:
    """Width, height and depth of a kind of thing."""
    model = Model(rng=np.random.default_rng(0))
    OBJECTS[kind].build(model)
    low, high = model.extent()
    return high - low
