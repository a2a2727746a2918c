"""Where things stand: on something, not in each other, seen by the eye, and as the sentence says.

For each thing many places are tried (`sites.py`), and the one is taken at which it covers and is covered least
(`crowding.py`); what a thing's place hangs on ("behind the table") is put there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gen3d.camera import Camera
from gen3d.painter.asked import Asked
from gen3d.painter.crowding import Crowd
from gen3d.painter.objects import OBJECTS
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real
from gen3d.painter.setting import Setting, Wish, scale_of, toned
from gen3d.painter.sites import Sites
from gen3d.painter.spots import Placed, Spot


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
        self.sites = Sites(self.setting, self.camera, self.placed, self.things)
        self.crowd = Crowd(self.setting, self.camera, self.placed)

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
        for spot in self.sites.of(asked, model, hosts):
            if (cost := self.crowd.cost(spot, hosts)) < least:
                best, least = spot, cost
            if least < 0.02:
                break
        return best
