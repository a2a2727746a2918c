"""A narrow street on a sunny day: brick fronts, a parked car, lamp posts, trees, a bin and a café's table."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, daylight, glossy, matt, metal
from bench.truth.props import car, lamp_post, tree
from bench.truth.solids import bar, box, cushion, floor, lathe, sheet, wall
from bench.truth.textures import bricks, facade, plaster, stones

BAY, STOREY = 2.4, 3.1


def build(rng: np.random.Generator) -> Place:
    """The street runs along -z from the camera."""
    place = Place(eye=(0.9, 1.65, 5.5), target=(-0.25, 1.6, -3.5), fov_deg=60, exposure=1.5, passes=1)
    daylight(place, (0.45, 0.75, 0.55))
    _ground(place, rng)
    _fronts(place, rng)
    car(place, (2.15, 0, -1.0), 4, (0.55, 0.1, 0.08), "car")
    car(place, (-2.1, 0, -10.5), 182, (0.2, 0.35, 0.42), "far car")
    for z in (-3.6, -12.0):
        lamp_post(place, (3.3, 0.14, z), f"lamp post {-z:.0f}")
    lamp_post(place, (-3.2, 0.14, -6.5), "lamp post left")
    tree(place, rng, (-3.25, 0.14, -2.2), 4.6, (1.3, 1.4, 1.3), "tree")
    tree(place, rng, (3.5, 0.14, -8.0), 5.0, (1.5, 1.7, 1.5), "far tree")
    _cafe(place, rng)
    return place


def _ground(place: Place, rng: np.random.Generator) -> None:
    place.add(matt(stones((0.42, 0.41, 0.40), (0.22, 0.2, 0.18), rng, 300), 0.45), floor(6.0, 60).at(z=-20))
    place.add(matt((0.4, 0.38, 0.35)), floor(900, 900, -0.02))
    flags = matt(stones((0.62, 0.6, 0.56), (0.35, 0.33, 0.3), rng, 60), 0.4)
    place.add(flags, box(2.4, 0.14, 60).at(4.2, 0, -20), box(2.4, 0.14, 60).at(-4.2, 0, -20))
    curb = matt(plaster((0.7, 0.69, 0.66), rng), 0.5)
    place.add(curb, box(0.15, 0.15, 60).at(3.03, 0, -20), box(0.15, 0.15, 60).at(-3.03, 0, -20))


def _fronts(place: Place, rng: np.random.Generator) -> None:
    pairs = (((0.56, 0.28, 0.2), True), ((0.8, 0.72, 0.55), False), ((0.45, 0.24, 0.2), True),
             ((0.72, 0.76, 0.74), False), ((0.82, 0.62, 0.5), False))  # fmt: skip
    fronts = [(hue, facade(_front(hue, brick, rng), rng)) for hue, brick in pairs]
    for side in (-1, 1):
        z, n = 6.0, 0
        while z > -34:
            hue, front = fronts[(n + (side > 0) * 3) % len(fronts)]
            bays, storeys = int(rng.integers(2, 4)), int(rng.integers(2, 4))
            _house(place, rng, side, z, bays, storeys, hue, front)
            z, n = z - bays * BAY, n + 1
    end = facade(bricks((0.5, 0.3, 0.22), (0.7, 0.66, 0.6), rng, 24, 8), rng)
    place.add(matt(end), sheet(lambda u, v: (14 * u - 7, 10 * v, -36), 1, 1, (6, 3.2)))


def _front(hue: tuple, brick: bool, rng: np.random.Generator) -> np.ndarray:
    return bricks(hue, (0.72, 0.68, 0.62), rng, 26, 8) if brick else plaster(hue, rng, 0.06, 768)


def _house(
    place: Place, rng: np.random.Generator, side: int, z: float, bays: int, storeys: int, hue: tuple, front: np.ndarray
) -> None:
    wide, high, out = bays * BAY, storeys * STOREY, side * 5.4
    upright = sheet(lambda u, v: ((u - 0.5) * wide, v * high, 0), 1, 1, (bays, -storeys))
    middle = z - wide / 2
    place.add(matt(front), upright.turned(-90 * side).at(out, 0.14, middle))
    stone = matt((0.78, 0.74, 0.66))
    place.add(
        stone,
        box(0.3, 0.16, wide).at(out - side * 0.06, high + 0.1, middle),
        box(0.14, 0.35, wide).at(out - side * 0.05, 0.14, middle),
    )
    sills = [
        box(0.16, 0.07, 1.2).at(out - side * 0.06, 0.14 + STOREY * s + 0.5, z - BAY * (b + 0.5))
        for s in range(storeys)
        for b in range(bays)
    ]
    place.add(stone, *sills)
    place.add(
        matt(hue), wall(6, high).at(out + side * 3, 0, z), wall(6, high).turned(180).at(out + side * 3, 0, z - wide)
    )
    if rng.uniform() < 0.6:
        cloth = glossy((rng.uniform(0.4, 0.8), 0.25, 0.2), 0.5)
        awning = sheet(lambda u, v: (-side * (1.0 - v), 0.45 * v, (0.5 - u) * 2.2), 8, 2)
        place.add(cloth, awning.at(out, 2.35, z - BAY / 2), thing="awning")


def _cafe(place: Place, rng: np.random.Generator) -> None:
    white, steel = glossy((0.88, 0.87, 0.84), 0.2), metal((0.7, 0.72, 0.75), 0.25)
    x, z = -3.6, 1.6
    place.add(
        white,
        lathe([(0, 0.72), (0.34, 0.72), (0.34, 0.745), (0, 0.745)], 40, smooth=False).at(x, 0.14, z),
        thing="table",
    )
    place.add(steel, lathe([(0.22, 0), (0.03, 0.05), (0.025, 0.72)], 20).at(x, 0.14, z), thing="table")
    for n, (dx, dz, yaw) in enumerate([(0.62, 0.1, -85), (-0.1, -0.75, 10)]):
        legs = [
            bar((a, 0, b), (0.9 * a, 0.9 if b < 0 else 0.45, 0.9 * b), 0.014)
            for a in (-0.19, 0.19)
            for b in (-0.19, 0.19)
        ]
        place.add(steel, *(leg.turned(yaw).at(x + dx, 0.14, z + dz) for leg in legs), thing=f"chair {n + 1}")
        seat = [cushion(0.42, 0.04, 0.42, 0.018).at(0, 0.44, 0), cushion(0.4, 0.22, 0.03, 0.014).at(0, 0.68, -0.18)]
        place.add(
            glossy((0.16, 0.38, 0.3), 0.25),
            *(s.turned(yaw).at(x + dx, 0.14, z + dz) for s in seat),
            thing=f"chair {n + 1}",
        )
    bin_ = lathe([(0.2, 0), (0.24, 0.7), (0.26, 0.72), (0.26, 0.78), (0.1, 0.9), (0, 0.9)], 28)
    place.add(glossy((0.2, 0.28, 0.22), 0.3), bin_.at(3.4, 0.14, 1.4), thing="bin")
    bollard = lathe([(0.09, 0), (0.09, 0.75), (0.11, 0.78), (0.08, 0.9), (0, 0.93)], 20)
    for z in (3.2, -5.8, -7.4):
        place.add(glossy((0.1, 0.1, 0.11), 0.3), bollard.at(-3.15, 0.14, z), thing="bollards")
