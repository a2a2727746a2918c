"""A street, a village and a garden."""

from __future__ import annotations

import numpy as np

from gen3d.painter.objects.buildings import WALLS, door, window
from gen3d.painter.objects.model import Model
from gen3d.painter.places.country import tufts
from gen3d.painter.places.land import GROUNDS, Land, far_woods, lay, scatter
from gen3d.painter.real import Real
from gen3d.painter.setting import SCENERY, Setting, Wish


def street(s: Setting) -> None:
    """Cobbles between two rows of houses, lanterns."""
    winter = s.season == "winter"
    b = s.shapes
    b.box(
        s.ink("cobbles", "#6f6a62", "#8f887c", shine=0.06 if s.said.weather in ("rain", "storm") else 0.03),
        (-60, -0.5, -12),
        (60, 0, 260),
    )
    walk = s.ink("snow", "#e6ebf2") if winter else s.ink("paving", "#a09888", "#bdb4a2")
    for side in (-1, 1):
        b.box(walk, (min(side * 3.1, side * 5.2), -0.2, -12), (max(side * 3.1, side * 5.2), 0.13, 120))
        z = -6.0
        while z < 78:
            wide = float(s.rng.uniform(5.0, 7.5))
            _row_house(s, side, z + wide / 2, wide)
            z += wide
        s.taken.append((min(side * 5.1, side * 30), max(side * 5.1, side * 30), -12, 120))
    _end_of_street(s)
    s.left, s.right, s.far = -5.0, 5.0, 34.0
    s.eye, s.target = (0.0, 1.7, 0.0), (0.0, 1.95, 10.0)
    s.wishes = (
        Wish("lantern", 2, where="left"),
        Wish("lantern", 2, where="right"),
        Wish("car", where="right"),
        Wish("person", 2, where="back"),
        Wish("bench", where="left"),
    )


def _row_house(s: Setting, side: int, z: Real, wide: Real) -> None:
    """A front of two or three floors; it stands at x = side * 5.2, and faces the street."""
    m = Model(ink=s.ink, rng=s.rng, season=s.season, night=s.night)
    floors, tone = int(s.rng.integers(2, 4)), WALLS[s.rng.integers(len(WALLS))]
    wall = s.ink("brick", "#8f4a35") if s.rng.uniform() < 0.25 else s.ink("plaster", tone)
    frame, wood = (
        s.ink("paint", "#ece6da"),
        s.ink("paint", ("#5a3a24", "#2f5a52", "#7a2a22", "#34507c")[s.rng.integers(4)]),
    )
    tall, half = 0.6 + 2.9 * floors, wide / 2
    m.box(wall, (-half, -0.2, 0), (half, tall, 8))
    m.box(s.ink("stone", "#9c948a"), (-half, -0.2, -0.06), (half, 0.7, 0))
    m.box(frame, (-half, tall - 0.1, -0.22), (half, tall + 0.1, 0))
    m.hip(
        s.part("roof", "shingles", ("#9c4f34", "#7a4030", "#5b5650")[s.rng.integers(3)]),
        (0, tall + 0.1, 4),
        (half, 4.3),
        (half, 0.4),
        2.6,
    )
    at_door = s.rng.choice((-1, 1)) * 0.28 * wide
    door(m, (at_door, 0, 0), 0.5, 2.2, wood)
    for floor in range(floors):
        for x in np.linspace(-0.33, 0.33, 3 if wide > 6 else 2) * wide:
            if floor > 0 or abs(x - at_door) > 1.0:
                m.night = s.night and s.rng.uniform() < 0.6
                window(m, (float(x), 1.75 + 2.9 * floor, 0), (0.46, 0.72), frame)
    s.put(m, (side * 5.2, 0, z), 90.0 * side, SCENERY)


def _end_of_street(s: Setting) -> None:
    """A church where the street bends away, and trees."""
    if s.wants("church"):
        s.put(s.model("church", 1.5), (3.5, 0, 92), 0, SCENERY)
    if s.wants("tree"):
        for x, z in ((-7.5, 84), (9, 82), (-12, 90)):
            s.put(s.model("tree", 1.4), (x, 0, z), 0, SCENERY)


def village(s: Setting) -> None:
    """Cottages around a green, a church behind."""
    lay(s, Land(hills=20), "hills", *GROUNDS[s.season], snow_above=300)
    far_woods(s, 220, (-230, 230, 85, 300))
    s.far = 38.0
    kinds = [
        (-15, 30, -40),
        (15, 27, 38),
        (-25, 44, -25),
        (24, 46, 28),
        (-9, 58, -12),
        (11, 62, 15),
        (-36, 60, -30),
        (36, 66, 30),
    ]
    for x, z, yaw in kinds:
        if s.wants("house"):
            s.put(s.model("house"), (x, s.floor(x, z) - 0.1, z), float(yaw + s.rng.uniform(-10, 10)), SCENERY)
            s.taken.append((x - 4, x + 4, z - 3.5, z + 3.5))
    if s.wants("church"):
        s.put(s.model("church", 1.2), (-2, s.floor(-2, 82) - 0.2, 82), 8, SCENERY)
    path = s.ink("paving", "#a89a80", "#c4b698")
    for z in np.arange(0.5, 40, 0.9):
        x = 1.4 * np.sin(0.11 * z)
        s.shapes.rod(path, (x, s.floor(x, z) - 0.3, z), (x, s.floor(x, z) + 0.02, z), 0.85)
    scatter(s, "tree", 9, (-44, 44, 22, 74), clear=7, apart=6)
    scatter(s, "bush", 10, (-30, 30, 12, 50), clear=4, apart=3)
    tufts(s)
    s.wishes = (
        Wish("well", where="right"),
        Wish("fence", 2, where="left"),
        Wish("person"),
        Wish("sheep", 2, where="right"),
    )


def garden(s: Setting) -> None:
    """A lawn between hedges, flower beds, a path."""
    lay(
        s,
        Land(hills=10, bumps=0.12),
        *(("snow", "#e6ebf2", None) if s.season == "winter" else ("grass", *GROUNDS[s.season])),
    )
    s.far = 20.0
    far_woods(s, 160, (-90, 90, 40, 110), conifers=0.2)
    hedge = s.ink("foliage", {"autumn": "#6a5a24", "winter": "#4a5448"}.get(s.season, "#2c4a20"), relief=(1.0, 9))
    for low, high in (((-11, 2), (-9.8, 23)), ((9.8, 2), (11, 23)), ((-11, 22), (-1.6, 23.2)), ((1.6, 22), (11, 23.2))):
        s.shapes.box(hedge, (low[0], -0.3, low[1]), (high[0], 1.7, high[1]))
        s.taken.append((low[0], high[0], low[1], high[1]))
    path = s.ink("paving", "#a89a80", "#c4b698")
    s.shapes.box(path, (-0.9, -0.4, -4), (0.9, s.floor(0, 5) + 0.05, 30))
    for side in (-1, 1):
        for z in np.arange(4.0, 18, 0.55):
            if s.wants("flower") and s.season != "winter":
                s.put(s.model("flower"), (side * (1.35 + s.rng.uniform(0, 0.5)), s.floor(side * 1.5, z), z), 0, SCENERY)
    scatter(s, "bush", 6, (-9, 9, 8, 21), clear=3, apart=2.5)
    s.wishes = (
        Wish("fountain", where="middle"),
        Wish("bench", where="right"),
        Wish("tree", where="left"),
        Wish("statue", where="right"),
    )
