"""A garden in summer: lawn and stepping stones, flower beds, a bench under a tree, a picket fence, a house behind."""

from __future__ import annotations

import itertools

import numpy as np

from bench.truth.model import Place, daylight, glossy, matt
from bench.truth.props import bench, bush, tree
from bench.truth.solids import bar, box, cloud, floor, lathe, leaves, sheet, wall
from bench.truth.textures import bricks, facade, foliage, grass, plaster, stones, wood

FLOWERS = (
    (-2.3, 1.6, 0.42, (0.8, 0.2, 0.35)), (2.05, 1.5, 0.5, (0.9, 0.75, 0.2)), (2.4, -0.6, 0.55, (0.55, 0.35, 0.75)),
    (-3.0, -3.0, 0.7, (0.9, 0.85, 0.85)), (2.9, -3.4, 0.75, (0.85, 0.3, 0.2)), (-0.6, -3.6, 0.55, (0.9, 0.5, 0.6)),
)  # fmt: skip
"""Beds: x, z, half their width, colour."""


def build(rng: np.random.Generator) -> Place:
    """The house is 11 m behind the bench."""
    place = Place(eye=(0.0, 1.55, 4.6), target=(0.1, 0.85, -1.5), fov_deg=56, exposure=1.5, passes=1)
    daylight(place, (-0.55, 0.75, 0.35))
    _lawn(place, rng)
    bench(place, rng, (0.55, 0, -1.4), -12, "bench")
    tree(place, rng, (-1.75, 0, -0.9), 3.4, (1.35, 1.0, 1.3), "apple tree", 3200, leaf=0.12)
    for x, z, size, hue in FLOWERS:
        bush(place, rng, (x, 0, z), (size, 0.8 * size, size), "flowers", hue)
    _fence(place, rng)
    _house(place, rng)
    _can(place, rng)
    for x in np.linspace(-22, 22, 9):
        bush(place, rng, (x, 0, -22 + rng.normal()), (3.4, 1.8, 1.5), "hedge")
    for x, z, h in ((-6, -9, 6.5), (7.5, -8, 7.5), (4.5, -16, 8), (-9, -16, 8)):
        tree(place, rng, (x, 0, z), h, (0.35 * h, 0.4 * h, 0.35 * h), "trees", 2600, leaf=0.34)
    return place


def _lawn(place: Place, rng: np.random.Generator) -> None:
    place.add(matt(grass(rng), 0.4), floor(900, 900))
    slabs = [
        lathe([(0.0, 0.0), (0.27, 0.0), (0.26, 0.03), (0, 0.032)], 9, smooth=False)
        .turned(40 * i)
        .at(0.25 * np.sin(i), 0, 3.0 - 0.62 * i)
        for i in range(12)
    ]
    place.add(matt(stones((0.6, 0.58, 0.53), (0.4, 0.38, 0.33), rng, 30)), *slabs, thing="stepping stones")
    tufts = rng.uniform((-5, 0.02, -6), (5, 0.05, 3.6), (9000, 3))
    place.add(matt(foliage((0.2, 0.33, 0.08), (0.45, 0.5, 0.2), rng)), leaves(tufts, 0.09, rng, -1.3))
    daisies = rng.uniform((-4, 0.06, -5), (4, 0.08, 3.2), (260, 3))
    petals = np.repeat(daisies, 6, 0) + rng.normal(0, 0.007, (1560, 3))
    place.add(matt((0.95, 0.94, 0.9)), leaves(petals, 0.035, rng, 0))


def _fence(place: Place, rng: np.random.Generator) -> None:
    white = matt(wood((0.9, 0.89, 0.85), rng))
    pales = [box(0.075, 0.95 + 0.02 * rng.normal(), 0.02).at(x, 0.05, -5.0) for x in np.arange(-8, 8, 0.135)]
    rails = [box(16, 0.07, 0.03).at(0, y, -5.03) for y in (0.3, 0.8)]
    place.add(white, *pales, *rails, thing="fence")


def _house(place: Place, rng: np.random.Generator) -> None:
    front = facade(bricks((0.62, 0.36, 0.26), (0.75, 0.7, 0.64), rng, 26, 8), rng)
    place.add(matt(front), sheet(lambda u, v: (9 * u - 5.0, 5.4 * v, -12), 1, 1, (4, -2)), thing="house")
    tile = matt(bricks((0.5, 0.25, 0.18), (0.28, 0.15, 0.1), rng, 22, 12), 0.4)
    roof = sheet(lambda u, v: (9.8 * u - 5.4, 5.3 + 2.8 * v, -11.6 - 4 * v), 1, 1, (9.8, 5))
    place.add(tile, roof, thing="house")
    side = matt(plaster((0.6, 0.5, 0.42), rng))
    place.add(side, wall(5, 5.4).turned(90).at(4.0, 0, -14.5), wall(5, 5.4).turned(-90).at(-5, 0, -14.5), thing="house")
    place.add(
        matt(bricks((0.55, 0.3, 0.22), (0.7, 0.65, 0.6), rng)), box(0.8, 1.6, 0.8).at(1.8, 7.2, -14), thing="house"
    )


def _can(place: Place, rng: np.random.Generator) -> None:
    at = np.array([-0.95, 0, 1.55])
    tin = glossy((0.22, 0.42, 0.5), 0.2)
    body = lathe([(0, 0), (0.13, 0), (0.14, 0.03), (0.13, 0.26), (0.11, 0.28), (0.06, 0.29), (0, 0.28)], 32)
    spout = bar((0.1, 0.08, 0), (0.36, 0.34, 0), 0.02)
    grip = [(0.14 * np.cos(a) - 0.05, 0.28 + 0.14 * np.sin(a), 0) for a in np.linspace(0, np.pi, 14)]
    place.add(
        tin, body.at(*at), spout.at(*at), *(bar(a, b, 0.011).at(*at) for a, b in itertools.pairwise(grip)), thing="can"
    )
    pot = lathe([(0.12, 0), (0.17, 0.26), (0.19, 0.26), (0.19, 0.31), (0.15, 0.31), (0, 0.28)], 32)
    place.add(matt(plaster((0.7, 0.38, 0.25), rng), 2), pot.at(1.15, 0, 1.75), thing="pot")
    stalks = cloud(240, (0.26, 0.28, 0.26), rng) + [1.15, 0.52, 1.75]
    place.add(matt(foliage((0.2, 0.34, 0.1), (0.5, 0.58, 0.22), rng)), leaves(stalks, 0.16, rng, -0.6), thing="pot")
