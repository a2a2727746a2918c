"""A square at night after rain: lamps, lit windows, a bench, a bare tree, a kiosk; the paving shines."""

from __future__ import annotations

import itertools

import numpy as np

from bench.truth.model import Place, glossy, matt
from bench.truth.props import bench, lamp_post, tree
from bench.truth.solids import bar, box, cushion, floor, lathe, sheet, wall
from bench.truth.textures import bricks, facade, plaster, stones, wood

WARM = (34.0, 23.0, 11.0)


def build(rng: np.random.Generator) -> Place:
    """House fronts close the square at z = -9."""
    place = Place(eye=(0.3, 1.6, 4.2), target=(0.0, 1.15, -3.0), fov_deg=58, exposure=1.5, passes=2)
    place.lights.append({"type": "constant", "radiance": {"type": "rgb", "value": [0.05, 0.07, 0.13]}})
    place.add(glossy(stones((0.40, 0.40, 0.43), (0.16, 0.16, 0.17), rng, 220), 0.16, 0.4), floor(90, 90))
    _fronts(place, rng)
    for x, z, name in ((-1.75, -0.8, "lamp left"), (2.5, -4.2, "lamp right"), (-4.2, -6.6, "far lamp")):
        lamp_post(place, (x, 0, z), name, WARM, 2.7)
    bench(place, rng, (-0.75, 0, -1.7), 18, "bench")
    tree(place, rng, (1.35, 0, -1.3), 4.2, (1.6, 1.2, 1.4), "tree", 500, ((0.45, 0.25, 0.08), (0.6, 0.42, 0.12)), 0.13)
    _kiosk(place, rng)
    _cart(place, rng)
    return place


def _fronts(place: Place, rng: np.random.Generator) -> None:
    hues = [(0.5, 0.28, 0.22), (0.62, 0.58, 0.48), (0.42, 0.3, 0.26), (0.55, 0.5, 0.5)]
    x = -12.0
    for n in range(8):
        wide, high = 3.3, (6.4, 7.2, 5.6, 6.8)[n % 4]
        front = facade(bricks(hues[n % 4], (0.5, 0.47, 0.42), rng, 26, 8), rng, (0.75, 0.72, 0.66))
        at = sheet(
            lambda u, v, x=x, z=-9 + 0.25 * (n % 2), w=wide, h=high: (x + w * u, h * v, z),
            1,
            1,
            (2, -round(high / 2.8)),
        )
        place.add(matt(front), at, thing="houses")
        place.add(
            matt(plaster((0.35, 0.33, 0.3), rng, 0.05, 128)),
            box(wide, 0.2, 0.5).at(x + wide / 2, high, -9),
            thing="houses",
        )
        x += wide
    lit = [(-7.55, 0.85), (-4.15, 3.65), (-0.9, 0.9), (0.75, 3.6), (4.1, 0.8), (5.75, 3.5), (2.4, 3.6)]
    windows = [wall(0.62, 1.3).at(x + 0.02, y, -8.7) for x, y in lit]
    place.add(matt((0.8, 0.7, 0.5)), *windows, thing="houses", glow=(1.6, 1.0, 0.42))
    bars = [box(0.03, 1.3, 0.02).at(x + 0.02, y, -8.69) for x, y in lit]
    bars += [box(0.62, 0.03, 0.02).at(x + 0.02, y + 0.7, -8.69) for x, y in lit]
    place.add(matt((0.5, 0.48, 0.45)), *bars, thing="houses")


def _kiosk(place: Place, rng: np.random.Generator) -> None:
    x, z = 3.1, -2.0
    green = glossy(wood((0.12, 0.32, 0.26), rng), 0.25)
    place.add(
        green,
        box(1.5, 0.95, 1.2).at(x, 0, z),
        box(1.5, 0.3, 1.2).at(x, 2.05, z),
        box(1.5, 1.1, 0.05).at(x, 0.95, z - 0.57),
        thing="kiosk",
    )
    place.add(
        green, *(box(0.09, 1.1, 0.09).at(x + a, 0.95, z + b) for a in (-0.7, 0.7) for b in (-0.55, 0.55)), thing="kiosk"
    )
    place.add(
        matt((0.9, 0.85, 0.7)), floor(1.2, 0.9).turned(roll=180).at(x, 2.04, z), thing="kiosk", glow=(6.0, 4.6, 2.6)
    )
    roof = lathe([(1.15, 2.33), (1.2, 2.38), (0.2, 2.85), (0, 2.95)], 8, smooth=False)
    place.add(glossy((0.15, 0.16, 0.17), 0.3), roof.at(x, 0, z), thing="kiosk")
    for n in range(14):
        hue = [(0.8, 0.3, 0.2), (0.9, 0.8, 0.6), (0.25, 0.4, 0.6), (0.75, 0.6, 0.2)][n % 4]
        place.add(
            glossy(hue, 0.3),
            box(0.15, rng.uniform(0.18, 0.26), 0.04).at(x - 0.55 + 0.18 * (n % 7), 1.15 + 0.38 * (n // 7), z - 0.5),
            thing="wares",
        )


def _cart(place: Place, rng: np.random.Generator) -> None:
    """Crates by the bench, a bin, bollards with a chain."""
    pine = matt(wood((0.55, 0.42, 0.28), rng))
    for n, (x, y, z, yaw) in enumerate([(-2.55, 0, -2.4, 12), (-2.5, 0.36, -2.42, -6), (-1.95, 0, -2.75, 30)]):
        slats = [box(0.6, 0.1, 0.02).at(0, 0.01 + 0.12 * i, b) for i in range(3) for b in (-0.2, 0.2)]
        slats += [box(0.02, 0.1, 0.4).at(a, 0.01 + 0.12 * i, 0) for i in range(3) for a in (-0.29, 0.29)]
        place.add(pine, *(s.turned(yaw).at(x, y, z) for s in slats), thing=f"crate {n + 1}")
    barrel = lathe([(0.22, 0), (0.26, 0.3), (0.26, 0.5), (0.23, 0.8), (0.0, 0.8)], 32)
    place.add(glossy((0.2, 0.3, 0.28), 0.3), barrel.at(0.55, 0, -3.6), thing="bin")
    iron = glossy((0.08, 0.08, 0.09), 0.25)
    posts = [
        lathe([(0.07, 0), (0.06, 0.7), (0.085, 0.76), (0.05, 0.86), (0, 0.88)], 18).at(x, 0, 1.2)
        for x in (-1.35, -0.25, 0.85)
    ]
    chains = [[(x + 1.1 * t, 0.62 - 0.5 * t * (1 - t), 1.2) for t in np.linspace(0, 1, 16)] for x in (-1.35, -0.25)]
    place.add(iron, *posts, *(bar(a, b, 0.012, 6) for c in chains for a, b in itertools.pairwise(c)), thing="bollards")
    place.add(matt((0.75, 0.72, 0.66)), cushion(0.3, 0.1, 0.25, 0.04).turned(20).at(-1.1, 0.46, -1.75), thing="parcel")
