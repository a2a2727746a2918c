"""Where things stand: on something, not in each other, seen by the eye, and as the sentence says.

For each thing many places are tried, and the one is taken at which it covers and is covered least; what a thing's place
hangs on ("behind the table") is put there first. y is up, the eye at x = 0, z = 0 looks along z.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from gen3d.camera import Camera
from gen3d.painter.grammar import Asked
from gen3d.painter.light.rendering import UP
from gen3d.painter.objects import OBJECTS
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real
from gen3d.painter.setting import Setting, Wish, scale_of, toned
from gen3d.painter.shapes import rotation

TRIES = 48
"""Places that are tried for a thing."""
SHARE, CROWD_SHARE = 0.36, 0.27
"""How much of the picture's height a thing takes, and one of many. Chosen by eye."""
SIDES = {"left": (-0.82, -0.34), "right": (0.34, 0.82), "middle": (-0.12, 0.12), None: (-0.72, 0.72)}
"""Where -> from what to what share of the half picture."""


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


def place_all(setting: Setting, camera: Camera, things: Sequence[Asked]) -> Placed:
    """Finds a spot for all that was asked for, then for what the place brings along."""
    placer = _Placer(setting, camera, Placed(asked=[[] for _ in things]), things)
    for number in _in_order(things):
        placer.place(number)
    for wish in setting.wishes:
        if setting.wants(wish.kind):
            placer.grant(wish)
    return placer.placed


def _in_order(things: Sequence[Asked]) -> list[int]:
    """What others' places hang on comes first; else the large before the small, walls before floors."""
    order: list[int] = []
    rank = {"back": 0, "flat": 1, "floor": 2, "water": 2, "wall": 4, "small": 5, "air": 6}
    free = sorted(range(len(things)), key=lambda i: (bool(things[i].targets), rank[OBJECTS[things[i].kind].stands], i))
    while free:
        ready = [i for i in free if all(t in order for t in things[i].targets)] or free[:1]  # [:1]: they go in a ring
        order.append(ready[0])
        free.remove(ready[0])
    return order


@dataclass
class _Placer:
    setting: Setting
    camera: Camera
    placed: Placed
    things: Sequence[Asked]

    def __post_init__(self) -> None:
        fx, fy = self.camera.K[0, 0], self.camera.K[1, 1]
        self.wide, self.tall = self.camera.width / fx / 2, self.camera.height / fy / 2
        """Half the picture at a metre's distance."""
        self.rng = self.setting.rng
        self.crowd = sum(thing.count for thing in self.things)

    # -- one thing after the other ---------------------------------------------------------------------------------

    def place(self, number: int) -> None:
        """All of a kind that was asked for."""
        asked = self.things[number]
        for _ in range(asked.count):
            model = self.setting.model(
                asked.kind, scale_of(asked.size), toned(asked.colour, asked.tone), asked.material
            )
            spot = self._best(asked, model, self._hosts(asked))
            if spot is None:
                self.placed.notes.append(f"no room for: {asked.kind}")
                continue
            self.placed.asked[number].append(len(self.placed.spots))
            self.placed.spots.append(spot)

    def grant(self, wish: Wish) -> None:
        """What the place brings along, where there is room."""
        hosts = [s for s in self.placed.spots if s.kind == (wish.on or wish.beside)]
        if (wish.on or wish.beside) and not hosts:
            return
        relation = "on" if wish.on else ("beside" if wish.beside else None)
        for _ in range(wish.count):
            model = self.setting.model(wish.kind, colour=wish.colour)
            spot = self._best(Asked(wish.kind, where=wish.where, relation=relation), model, hosts, shy=0.25)
            if spot is not None:
                self.placed.spots.append(spot)

    def _hosts(self, asked: Asked) -> list[Spot]:
        """What the relation is to."""
        return [self.placed.spots[i] for t in asked.targets for i in self.placed.asked[t]]

    def _best(self, asked: Asked, model: Model, hosts: list[Spot], shy: Real = 2.5) -> Spot | None:
        """The place at which it covers and is covered least; None: there is none, or all cover more than `shy`."""
        best, least = None, shy
        for spot in self._candidates(asked, model, hosts):
            if (cost := self._cost(spot, hosts)) < least:
                best, least = spot, cost
            if least < 0.02:
                break
        return best

    # -- where it may stand ----------------------------------------------------------------------------------------

    def _candidates(self, asked: Asked, model: Model, hosts: list[Spot]) -> Iterator[Spot]:
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
        led_to = any(t.relation in ("in front of",) and self._is(asked, t.targets) for t in self.things)
        ideal *= {"front": 0.62, "back": 2.3}.get(asked.where or "", 1.45 if led_to else 1.0)
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

    # -- how good a place is ---------------------------------------------------------------------------------------

    def _cost(self, spot: Spot, hosts: list[Spot]) -> Real:
        """0: free and seen. Ever more for what is covered or beyond the frame; infinite where it cannot stand."""
        if not self._stands_free(spot, hosts):
            return np.inf
        box = self._seen(spot)
        inside = self._clipped(box)
        area = max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)
        cost = 1.6 * (1 - max(inside, 0.0) / area)
        if inside <= 0.2 * area:
            return np.inf
        for other in self.placed.spots:
            if spot.carried and other.carried and hosts and _narrow(hosts[0]):
                continue
            seen = self._seen(other)
            shared = max(min(box[2], seen[2]) - max(box[0], seen[0]), 0) * max(
                min(box[3], seen[3]) - max(box[1], seen[1]), 0
            )
            if shared > 0 and OBJECTS[other.kind].stands != "flat" and OBJECTS[spot.kind].stands != "flat":
                theirs = max((seen[2] - seen[0]) * (seen[3] - seen[1]), 1e-9)
                behind = spot.middle[2] > other.middle[2]
                cost += (1.5 if behind else 0.0) * shared / area + (0.0 if behind else 1.5) * shared / theirs
        return cost

    def _stands_free(self, spot: Spot, hosts: list[Spot]) -> bool:
        """Whether it is within the walls, and in nothing else."""
        s = self.setting
        if spot.low[0] < s.left - 0.01 or spot.high[0] > s.right + 0.01 or spot.low[2] < 0.5 * s.near:
            return False
        if s.back is not None and spot.high[2] > s.back + 0.03:
            return False
        if OBJECTS[spot.kind].stands == "flat":
            return not any(OBJECTS[o.kind].stands == "flat" for o in self.placed.spots)
        if not spot.carried and any(_crosses(spot, t) for t in s.taken) and OBJECTS[spot.kind].stands != "water":
            return False
        return not any(self._meet(spot, other, hosts) for other in self.placed.spots)

    def _meet(self, spot: Spot, other: Spot, hosts: list[Spot]) -> bool:
        """Whether the two would be in each other."""
        if OBJECTS[other.kind].stands == "flat":
            return False
        is_host = any(other is host for host in hosts)
        if is_host and spot.carried:
            return False
        if is_host and OBJECTS[other.kind].roomy and spot.high[1] < other.low[1] + 0.9 * (other.high[1] - other.low[1]):
            return False
        if spot.carried and other.carried and hosts and _narrow(hosts[0]):
            return False  # stems in a vase
        slack = (0.3 if spot.carried and other.carried else 0.03) * (spot.half + other.half)
        return bool(((spot.low + slack < other.high) & (other.low + slack < spot.high)).all())

    def _seen(self, spot: Spot) -> tuple[Real, Real, Real, Real]:
        """Its box in the picture: x0, y0, x1, y1 in half pictures."""
        low, high = spot.low, spot.high
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        uv, depth = self.camera.project(corners * UP)
        uv = np.where(depth[:, None] > 0.05, uv, 1e6)
        (x0, y0), (x1, y1) = uv.min(axis=0), uv.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    def _clipped(self, box: tuple[Real, Real, Real, Real]) -> Real:
        """How much of a box is in the picture, square pixels."""
        w, h = self.camera.width, self.camera.height
        return max(min(box[2], w) - max(box[0], 0), 0) * max(min(box[3], h) - max(box[1], 0), 0)


def _sense(relation: str | None, stands: str, hosts: list[Spot]) -> str | None:
    """What a relation means for such a thing: "with" and "in" put small things on what carries them."""
    if relation in ("with", "in"):
        carries = hosts and OBJECTS[hosts[0].kind].top is not None
        return "on" if carries and (stands == "small" or relation == "in") else "beside"
    return relation


def _narrow(host: Spot) -> bool:
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


def _crosses(spot: Spot, taken: tuple[Real, Real, Real, Real]) -> bool:
    x0, x1, z0, z1 = taken
    return bool(spot.low[0] < x1 and spot.high[0] > x0 and spot.low[2] < z1 and spot.high[2] > z0)
