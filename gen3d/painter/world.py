"""A sentence as a world: place, light, things, eye; what is told of it; and what a camera sees of it."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from gen3d.camera import Camera
from gen3d.painter.asked import Asked, Description
from gen3d.painter.daylight import hour_of, light_of
from gen3d.painter.light.rendering import UP, Built, Drawing
from gen3d.painter.objects import OBJECTS
from gen3d.painter.places import PLACES
from gen3d.painter.placing import place_all
from gen3d.painter.real import Real
from gen3d.painter.setting import Setting
from gen3d.painter.shapes import Shapes
from gen3d.painter.spots import Placed, Spot

FOV_DEG = 60.0
"""Along the longer side, where none is asked for."""
ATTEMPTS = 6
"""So often things are placed anew where one that was asked for is not seen."""
LOOK_PX, LEAST_SEEN, CLEARLY_SEEN, LEAST_UNCOVERED = 128, 5e-4, 0.015, 0.3
"""Longer side of the look that checks it; the share of the picture below which a thing counts as hidden, and above
which as seen; between them so much of its own outline has to be free. Chosen by eye."""


@dataclass(frozen=True, eq=False)
class World:
    """What was built from a description."""

    built: Built
    camera: Camera
    """Of the picture, in the world that was modelled."""
    names: tuple[str, ...]
    """Of the things, the first of number 1."""
    asked: tuple[tuple[int, ...], ...]
    """For each of `Description.things`, the numbers of its things."""
    spots: tuple[Spot, ...]
    """Where they stand."""
    place: str
    time: str
    notes: tuple[str, ...]

    def seen_by(self, camera: Camera) -> Camera:
        """A camera whose world is the picture's camera, in the world that was modelled."""
        return camera.posed(self.camera.c2w @ camera.c2w)

    @cached_property
    def _small(self) -> Camera:
        return self.camera.with_side(LOOK_PX)

    @cached_property
    def look(self) -> tuple[Float[np.ndarray, "h w"], Int[np.ndarray, "h w"]]:
        """Depth and things in a small picture."""
        return self.built.hits(self._small)

    def unseen(self) -> list[int]:
        """Which of the things that were asked for are hidden, or have no room."""
        counted = np.bincount(self.look[1].ravel(), minlength=len(self.names) + 1)
        seen = (counted / self.look[1].size).tolist()
        hidden = (any(self._hidden(n, seen[n]) for n in numbers) or not numbers for numbers in self.asked)
        return [i for i, is_hidden in enumerate(hidden) if is_hidden]

    def _hidden(self, number: int, seen: float) -> bool:
        """Whether so little of a thing is seen, as a share of the picture, that it would be looked for in vain."""
        spot, alone = self.spots[number - 1], Shapes()
        if spot.carried or not LEAST_SEEN <= seen < CLEARLY_SEEN:  # apples lie in a bowl
            return seen < LEAST_SEEN
        alone.take(spot.model, tuple(spot.at), spot.yaw_deg, number)
        outline = replace(self.built, scene=alone.packed()).hits(self._small)[1] > 0
        return bool(seen < LEAST_UNCOVERED * outline.mean())


def world_of(
    said: Description, seed: int, width: int, height: int, fov_deg: Real | None = None
) -> Drawing[World]:
    """The world in which most of what was asked for is seen, of a few that are tried."""
    lens = Camera.from_fov(fov_deg or FOV_DEG, width, height)
    best, fewest = None, None
    for attempt in range(ATTEMPTS):
        world = _built(said, lens, np.random.default_rng([seed, zlib.crc32(repr(said).encode()), attempt]))
        lacking = len(world.unseen()) + 2 * len(world.notes)  # better half hidden than left out
        if fewest is None or lacking < fewest:
            best, fewest = world, lacking
        if lacking == 0:
            break
        yield 0.0
    return best


def place_of(said: Description) -> str:
    """Where it is: as was said, or where such things are at home."""
    if said.place:
        return said.place
    if said.season == "winter" and not any(OBJECTS[t.kind].home in ("in", "table") for t in said.things):
        return "snow"
    homes = Counter(OBJECTS[thing.kind].home for thing in said.things)
    if homes["out"] >= max(homes["in"], homes["table"], 1):
        return (
            "coast"
            if any(t.kind == "sailboat" for t in said.things)
            else ("lake" if any(OBJECTS[t.kind].stands == "water" for t in said.things) else "meadow")
        )
    if homes["in"]:
        return "room"
    return (
        "table top"
        if homes["table"] and all(OBJECTS[t.kind].stands == "small" for t in said.things)
        else ("room" if homes["table"] or homes["any"] else "meadow")
    )


def _built(said: Description, lens: Camera, rng: np.random.Generator) -> World:
    key = place_of(said)
    place = PLACES[key]
    time = hour_of(said.time, said.mood, place.indoors, rng)
    weather = said.weather or ("overcast" if said.mood == "gloomy" else ("clear", "cloudy")[rng.integers(2)])
    season = said.season or ("summer" if key not in ("snow",) else "winter")
    lights, hour = light_of(time, weather, rng, place.indoors)
    setting = Setting(
        replace(said, also=tuple(a for a in said.also if a in place.shows)), rng, time, season, lights, hour.exposure
    )
    place.build(setting)
    camera = lens.look_at(np.array(setting.eye) * UP, np.array(setting.target) * UP)
    placed = place_all(setting, camera, said.things)
    for number, spot in enumerate(placed.spots, 1):
        setting.put(spot.model, tuple(spot.at), spot.yaw_deg, number)
    lamps = np.array(setting.lamps).reshape(-1, 7)
    built = Built(setting.shapes.packed(), setting.ink.packed(), setting.lights, lamps, setting.exposure, setting.turns)
    asked = tuple(tuple(n + 1 for n in numbers) for numbers in placed.asked)
    names, notes = _names(placed, said.things), tuple(dict.fromkeys(placed.notes))
    return World(built, camera, names, asked, tuple(placed.spots), key, time, notes)


def _names(placed: Placed, things: tuple[Asked, ...]) -> tuple[str, ...]:
    names = [spot.kind for spot in placed.spots]
    for asked, numbers in zip(things, placed.asked, strict=True):
        for n in numbers:
            names[n] = name_of(asked)
    return tuple(names)


def name_of(asked: Asked) -> str:
    """A thing in words, in lower case: "dark red sofa"."""
    return " ".join(filter(None, (asked.size, asked.tone, asked.colour, asked.material, asked.kind)))
