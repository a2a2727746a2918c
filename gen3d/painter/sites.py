"""Where a thing may stand: on something, beside it, on a wall, or at a distance from which it is well seen.

For each thing many places are tried, the likely ones first; `crowding.py` says how good each is. y is up, the eye at
x = 0, z = 0 looks along z.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gen3d.camera import Camera
from gen3d.painter.asked import Asked
from gen3d.painter.objects import OBJECTS
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real
from gen3d.painter.setting import Setting, scale_of
from gen3d.painter.shapes import rotation
from gen3d.painter.spots import Placed, Spot, usual_size

TRIES = 48
"""Places that are tried for a thing."""
SHARE, CROWD_SHARE = 0.36, 0.27
"""How much of the picture's height a thing takes, and one of many. Chosen by eye."""
NEARER = 0.75
"""What carries small things stands so much nearer. Chosen by eye."""
SIDES = {"left": (-0.82, -0.34), "right": (0.34, 0.82), "middle": (-0.12, 0.12), None: (-0.72, 0.72)}
"""Where -> from what to what share of the half picture."""


@dataclass
class Sites:
    """Places to try, for the things of a picture."""

    setting: Setting
    camera: Camera
    placed: Placed
    """What stands already."""
    things: Sequence[Asked]
    """All that was asked for."""

    def __post_init__(self) -> None:
        fx, fy = self.camera.K[0, 0], self.camera.K[1, 1]
        self.wide, self.tall = self.camera.width / fx / 2, self.camera.height / fy / 2
        """Half the picture at a metre's distance."""
        self.rng = self.setting.rng
        self.crowd = sum(thing.count for thing in self.things)

    def of(self, asked: Asked, model: Model, hosts: list[Spot]) -> Iterator[Spot]:
        """The places for one thing; hosts: what its place hangs on."""
        kind = OBJECTS[asked.kind]
        low, high = model.extent()
        relation = _sense(asked.relation, kind.stands, hosts)
        if relation == "on" and hosts:
            yield from self._on(asked, model, hosts)
        elif hosts and relation:
            yield from self._beside(asked, model, hosts, relation)
        elif kind.stands == "small" and (carriers := self._carriers(asked)):
            yield from self._on(asked, model, carriers)
        elif kind.stands == "wall" and self.setting.indoors:
            yield from self._hung(asked, model)
        elif kind.stands == "back" and self.setting.indoors:
            yield from self._at_the_back(asked, model)
        elif kind.stands == "air":
            for _ in range(TRIES):
                z = self.rng.uniform(22, 40)
                y = self.setting.eye[1] + z * self.tall * self.rng.uniform(0.2, 0.5) - high[1] / 2
                yield self._spot(asked, model, (self._aside(asked, z, high[0]), y, z), carried=True)
        else:
            yield from self._freely(asked, model, high - low)

    def _freely(self, asked: Asked, model: Model, size: np.ndarray) -> Iterator[Spot]:
        """At a distance from which it is well seen."""
        share = SHARE if self.crowd < 4 else CROWD_SHARE
        ideal = self._ideal(size, share)
        for other in self.things:
            if self._is(asked, other.targets) and other.relation not in ("on", "in", "with", "under"):
                ideal = max(ideal, 0.85 * self._ideal(usual_size(other.kind) * scale_of(other.size), share))
        carries = any(OBJECTS[t.kind].stands == "small" and self._is(asked, t.targets) for t in self.things)
        ideal *= NEARER if carries else 1.0
        led_to = any(t.relation in ("in front of",) and self._is(asked, t.targets) for t in self.things)
        ideal *= {"front": 0.62, "back": 1.9}.get(asked.where or "", 1.45 if led_to else 1.0)
        water = OBJECTS[asked.kind].stands == "water"
        for k in range(TRIES):
            loose = 1 + 0.6 * k / TRIES
            z = ideal * self.rng.uniform(0.85, 1.25) * self.rng.uniform(1 / loose, loose) * (1 - 0.4 * k / TRIES)
            z = float(np.clip(z, self.setting.near + size[2] / 2, self._far(asked) - size[2] / 2))
            if OBJECTS[asked.kind].stands == "flat":
                z = max(z, 0.5 * (self.setting.near + self._far(asked)))
            x = self._aside(asked, z, size[0] / 2, anywhere=k > TRIES // 3)
            if water and self.setting.water(0, self._shore()):
                z = self._shore() + self.rng.uniform(0, 0.35) * k + size[2] / 2 + max(ideal - self._shore(), 0) * 0.6
                x = self._aside(asked, z, size[0] / 2)
                if self.setting.water(x, z):
                    yield self._spot(asked, model, (x, self.setting.water_y - 0.08 * size[1], z))
            elif self._level(x, z, size):
                yield self._spot(asked, model, (x, self._floor(x, z, size), z))

    def _ideal(self, size: np.ndarray, share: Real) -> Real:
        """The distance at which a thing of that size takes its share of the picture."""
        return max(size[1] / (2 * self.tall * share), size[0] / (2 * self.wide * 0.5))

    def _is(self, asked: Asked, targets: tuple[int, ...]) -> bool:
        return any(self.things[t] is asked for t in targets)

    def _shore(self) -> Real:
        """How far away the water begins, straight ahead; the far end where there is none."""
        ahead = np.arange(self.setting.near, self.setting.far * 3, 0.5)
        return float(next((z for z in ahead if self.setting.water(0, z)), self.setting.far))

    def _far(self, asked: Asked) -> Real:
        if self.setting.back is not None:
            return self.setting.back - 0.05
        return self.setting.far * (2.2 if asked.where == "back" else 1.0)

    def _floor(self, x: Real, z: Real, size: np.ndarray) -> Real:
        """The lowest ground under it: a house's foot goes into the slope, a cat's does not Real."""
        corners = [(x + i * size[0] * 0.4, z + k * size[2] * 0.4) for i in (-1, 0, 1) for k in (-1, 0, 1)]
        heights = [self.setting.floor(*corner) for corner in corners]
        return min(heights) if max(size[0], size[2]) > 2.5 else float(np.mean(heights))

    def _level(self, x: Real, z: Real, size: np.ndarray) -> bool:
        """Whether the ground under it is dry, and does not fall away."""
        corners = [(x + i * size[0] * 0.5, z + k * size[2] * 0.5) for i in (-1, 0, 1) for k in (-1, 0, 1)]
        heights = [self.setting.floor(*corner) for corner in corners]
        slope = float(np.ptp(heights))
        dry = not any(self.setting.water(*corner) for corner in corners)
        return dry and slope < 0.3 + 0.12 * float(max(size[0], size[2]))

    def _aside(self, asked: Asked, z: Real, half: Real, anywhere: bool = False) -> Real:
        """X for a distance, within the picture and the walls."""
        side = asked.where if asked.where in SIDES else None
        low, high = SIDES[side]
        if side is None and self.crowd == 1 and not anywhere:
            low, high = -0.3, 0.3
        reach = max(self.wide * z * 0.96 - half, 0.05 * z)
        x = self.rng.uniform(low, high) * reach
        return float(np.clip(x, self.setting.left + half + 0.03, self.setting.right - half - 0.03))

    def _at_the_back(self, asked: Asked, model: Model) -> Iterator[Spot]:
        _, high = model.extent()
        z = self.setting.back - high[2] - 0.03
        for _ in range(TRIES):
            x = self._aside(asked, z, high[0])
            yield self._spot(asked, model, (x, self.setting.floor(x, z), z), turns=0.3)

    def _hung(self, asked: Asked, model: Model) -> Iterator[Spot]:
        _, high = model.extent()
        for _ in range(TRIES):
            y = self.rng.uniform(1.55, 1.85) + self.setting.floor(0, 3)
            x = self._aside(asked, self.setting.back, high[0])
            yield self._spot(asked, model, (x, y, self.setting.back - 0.002), carried=True, turns=0)

    def _carriers(self, asked: Asked) -> list[Spot]:
        """What small things are put on where nobody said on what: tables; outdoors only what the place brings."""
        tables = [s for s in self.placed.spots if s.kind in ("table", "stove", "fireplace") and s.kind != asked.kind]
        return tables if self.setting.indoors and not asked.where else []

    def _on(self, asked: Asked, model: Model, hosts: list[Spot]) -> Iterator[Spot]:
        low, high = model.extent()
        for _ in range(TRIES):
            host = hosts[self.rng.integers(len(hosts))]
            top = OBJECTS[host.kind].top
            if top is None:  # a ridge, a crown
                top = (float(host.high[1] - host.at[1]) / host.model.scale - 0.02, 0.03, 0.03)
            y, wide, deep = np.multiply(top, host.model.scale)
            wide, deep = max(wide - 0.3 * high[0], 0.0), max(deep - 0.3 * high[2], 0.0)
            aside = self.rng.uniform((-wide, -deep), (wide, deep))
            place = rotation(host.yaw_deg) @ np.array([aside[0], 0, aside[1]]) + host.at
            yield self._spot(asked, model, (place[0], host.at[1] + y - low[1], place[2]), carried=True)

    def _beside(self, asked: Asked, model: Model, hosts: list[Spot], relation: str) -> Iterator[Spot]:
        low, high = model.extent()
        half = 0.5 * (high - low)
        for k in range(TRIES):
            host = hosts[self.rng.integers(len(hosts))]
            gap = 0.08 + 0.12 * min(half[0] + host.half[0], 3) * self.rng.uniform(0.3, 1.5) * (1 + k / TRIES)
            x, z = self._toward(relation, host, hosts, half, gap)
            y = self.setting.floor(x, z)
            if host.carried and relation in ("left of", "right of", "beside"):
                y = float(host.at[1])
            elif host.kind in ("boat", "sailboat", "duck") and self.setting.water(x, z):
                y = self.setting.water_y - 0.08 * half[1]
            else:
                y = self._floor(x, z, 2 * half)
            yield self._spot(asked, model, (x, y, z), carried=host.carried and relation != "under")

    def _toward(self, relation: str, host: Spot, hosts: list[Spot], half: np.ndarray, gap: Real) -> tuple[Real, Real]:
        """X and z of a place with that relation to its host."""
        (x, _, z), (w, h, d) = host.middle, host.half
        side = self.rng.choice((-1, 1))
        if relation == "between" and len(hosts) > 1:
            a, b = hosts[0].middle, hosts[1].middle
            return (a[0] + b[0]) / 2 + self.rng.normal(0, 0.1), (a[2] + b[2]) / 2 + self.rng.normal(0, 0.1)
        if relation == "under":
            return x + self.rng.uniform(-0.5, 0.5) * max(w - half[0] - 0.12, 0), z - 0.2 * d
        if relation in ("left of", "right of", "beside", "between"):
            side = {"left of": -1, "right of": 1}.get(relation, side)
            return x + side * (w + half[0] + gap), z + self.rng.uniform(-0.3, 0.15) * d
        sign = -1 if relation == "in front of" else 1
        covered = (half[1] > 0.75 * h) if sign < 0 else (half[1] < 1.5 * h)
        out = side * (self.rng.uniform(0.5, 1.0) * w + 0.6 * half[0]) if covered else self.rng.uniform(-0.4, 0.4) * w
        depth = z + sign * (d + half[2] + gap * (1.5 if sign > 0 else 1))
        return x * depth / z + out, depth

    def _spot(self, asked: Asked, model: Model, at: tuple, carried: bool = False, turns: Real = 1.0) -> Spot:
        kind = OBJECTS[asked.kind]
        yaw = float(self.rng.uniform(-1, 1) * kind.turns_deg * turns)
        low, high = model.extent()
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        turned = corners @ rotation(yaw).T + at
        if kind.turns_deg >= 180:
            turned = corners + at  # round: its corners are nowhere
        return Spot(asked.kind, model, np.array(at, float), yaw, turned.min(axis=0), turned.max(axis=0), carried)


def _sense(relation: str | None, stands: str, hosts: list[Spot]) -> str | None:
    """What a relation means for such a thing: "with" and "in" put small things on what carries them."""
    if relation in ("with", "in"):
        carries = hosts and OBJECTS[hosts[0].kind].top is not None
        return "on" if carries and (stands == "small" or relation == "in") else "beside"
    return relation
