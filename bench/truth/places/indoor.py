"""A sitting room by day: an armchair before a bookcase, a table with flowers, a lamp; a window at the left."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, glossy, matt, metal
from bench.truth.solids import bar, box, cloud, cushion, floor, lathe, leaves, sheet, tube, wall
from bench.truth.textures import cloth, foliage, marble, noise, planks, plaster, strokes, tinted, wood

WIDE, DEEP, HIGH = 4.6, 5.2, 2.7


def build(rng: np.random.Generator) -> Place:
    """The room; its back wall is at z = -2.2."""
    place = Place(eye=(0.35, 1.45, 2.5), target=(-0.1, 0.95, -1.2), fov_deg=58, exposure=0.95, passes=2)
    _shell(place, rng)
    _bookcase(place, rng)
    _armchair(place, rng)
    _table(place, rng)
    _lamp(place, rng)
    _pictures(place, rng)
    return place


def _shell(place: Place, rng: np.random.Generator) -> None:
    back, left, right = -2.2, -WIDE / 2, WIDE / 2
    place.add(glossy(planks((0.52, 0.34, 0.20), rng), 0.3, 0.5), floor(WIDE, DEEP + 1).at(z=0.4))
    cream = matt(plaster((0.83, 0.78, 0.66), rng), 0.5)
    place.add(cream, wall(WIDE, HIGH).at(z=back), wall(DEEP + 1, HIGH).turned(-90).at(x=right, z=0.4))
    place.add(matt(plaster((0.93, 0.92, 0.9), rng), 0.5), floor(WIDE, DEEP + 1).turned(roll=180).at(y=HIGH, z=0.4))
    # the left wall has a window
    for low, high, z, wide in ((0, 0.9, 0.4, 6.2), (2.3, HIGH, 0.4, 6.2), (0.9, 2.3, -1.75, 0.9), (0.9, 2.3, 1.9, 3.2)):
        place.add(cream, wall(wide, high - low).turned(90).at(left, low, z))
    place.add(matt((0.9, 0.9, 0.9)), wall(1.6, 1.4).turned(90).at(left - 0.03, 0.9, -0.5), glow=(13, 14.5, 16))
    white = glossy((0.92, 0.91, 0.88), 0.3)
    for y, z, h, d in (
        (0.86, -0.5, 0.06, 1.7),
        (2.28, -0.5, 0.05, 1.7),
        (0.9, -0.5, 1.4, 0.05),
        (1.6, -0.5, 0.04, 1.6),
    ):
        place.add(white, box(0.1, h, d).at(left, y, z), thing="window")
    place.add(white, box(WIDE, 0.11, 0.03).at(z=back + 0.015), box(0.03, 0.11, DEEP).at(x=right - 0.015, z=0.4))
    place.add(matt((0.9, 0.9, 0.9)), floor(1.2, 0.8).turned(roll=180).at(0.6, HIGH - 0.01, 2.0), glow=(7, 6.6, 6.0))
    drape = sheet(lambda u, v: (0.05 * np.sin(u * 44) * (0.6 + 0.4 * v), 0.12 + 2.35 * v, 0.5 - u), 120, 8, (3, 6))
    linen = matt(cloth((0.62, 0.36, 0.28), rng), 0.5)
    place.add(linen, drape.sized(1, 1, 0.55).at(left + 0.15, 0, 0.42), thing="curtain")
    place.add(linen, drape.sized(1, 1, 0.55).at(left + 0.15, 0, -1.42), thing="curtain")
    rug = strokes(_rug(rng), rng, 2500, 14, 0.1)
    place.add(matt(rug), sheet(lambda u, v: (2.6 * u - 1.5, 0.012, 1.3 - 2.0 * v), 1, 1), thing="rug")


def _rug(rng: np.random.Generator) -> np.ndarray:
    v, u = np.mgrid[-1:1:384j, -1:1:384j]
    ring = np.maximum(np.abs(u), np.abs(v))
    red, blue, sand = np.array([0.52, 0.16, 0.13]), np.array([0.13, 0.18, 0.32]), np.array([0.78, 0.66, 0.46])
    figure = np.sin(9 * u) * np.sin(9 * v) + 0.6 * np.sin(23 * (u + v)) * np.sin(23 * (u - v))
    picture = np.where((ring > 0.82)[..., None], blue, np.where((figure > 0.35)[..., None], sand, red))
    picture = np.where((np.abs(ring - 0.8) < 0.03)[..., None], sand, picture)
    return tinted((1, 1, 1), (0.08, noise(384, rng, 0.4))) * picture


def _bookcase(place: Place, rng: np.random.Generator) -> None:
    oak = glossy(wood((0.40, 0.25, 0.14), rng), 0.35)
    left, wide, z = -1.3, 1.9, -2.0
    for x in (0, wide):
        place.add(oak, box(0.04, 2.05, 0.34).at(left + x, 0, z), thing="bookcase")
    for shelf in range(6):
        place.add(oak, box(wide, 0.035, 0.33).at(left + wide / 2, 0.06 + 0.39 * shelf, z), thing="bookcase")
    place.add(oak, box(wide, 2.05, 0.02).at(left + wide / 2, 0, z - 0.17), thing="bookcase")
    spines = [glossy(cloth(c, rng, 128, 30), 0.4) for c in
              [(0.45, 0.12, 0.1), (0.12, 0.22, 0.36), (0.75, 0.66, 0.48), (0.16, 0.30, 0.2), (0.65, 0.42, 0.16),
               (0.22, 0.2, 0.2), (0.82, 0.8, 0.75), (0.5, 0.3, 0.42)]]  # fmt: skip
    books = [[] for _ in spines]
    for shelf in range(5):
        x = left + 0.05
        while x < left + wide - 0.1:
            thick, high = rng.uniform(0.022, 0.055), rng.uniform(0.2, 0.31)
            if rng.uniform() < 0.08:
                x += rng.uniform(0.05, 0.16)
                continue
            lean = rng.uniform(-6, 0) if rng.uniform() < 0.1 else 0
            book = box(thick, high, rng.uniform(0.17, 0.22)).turned(roll=lean)
            books[rng.integers(len(spines))].append(book.at(x + thick / 2, 0.097 + 0.39 * shelf, z + 0.03))
            x += thick + 0.003
    for spine, those in zip(spines, books, strict=True):
        place.add(spine, *those, thing="books")
    glaze = glossy((0.25, 0.45, 0.5), 0.15)
    vase = lathe([(0, 0), (0.07, 0), (0.12, 0.1), (0.1, 0.2), (0.04, 0.28), (0.06, 0.32), (0.05, 0.32), (0, 0.3)])
    place.add(glaze, vase.at(-0.9, 2.05, z), thing="vase")


def _armchair(place: Place, rng: np.random.Generator) -> None:
    green = matt(cloth((0.23, 0.36, 0.30), rng, 512, 90), 1.5)
    parts = [
        cushion(0.72, 0.24, 0.72, 0.09).at(0, 0.26, 0),
        cushion(0.72, 0.62, 0.2, 0.09).turned(pitch=-10).at(0, 0.42, -0.3),
        cushion(0.18, 0.42, 0.78, 0.085).at(-0.43, 0.2, 0), cushion(0.18, 0.42, 0.78, 0.085).at(0.43, 0.2, 0),
        cushion(0.9, 0.2, 0.76, 0.05).at(0, 0.12, 0),
    ]  # fmt: skip
    place.add(green, *(p.turned(28).at(-0.75, 0, -0.55) for p in parts), thing="armchair")
    legs = [lathe([(0.015, 0), (0.028, 0.14)], 12).at(x, 0, z) for x in (-0.38, 0.38) for z in (-0.32, 0.32)]
    place.add(glossy((0.2, 0.12, 0.07)), *(leg.turned(28).at(-0.75, 0, -0.55) for leg in legs), thing="armchair")
    mustard = matt(cloth((0.75, 0.52, 0.15), rng, 256, 40), 3)
    pillow = cushion(0.42, 0.4, 0.14, 0.068).turned(pitch=-22, yaw=28, roll=8)
    place.add(mustard, pillow.at(-0.78, 0.5, -0.62), thing="pillow")


def _table(place: Place, rng: np.random.Generator) -> None:
    x, z = 0.78, 0.15
    top = lathe([(0, 0.56), (0.44, 0.56), (0.46, 0.575), (0.44, 0.59), (0, 0.59)], 64, smooth=False)
    place.add(glossy(wood((0.45, 0.27, 0.14), rng), 0.2), top.at(x, 0, z), thing="table")
    stem = lathe([(0.2, 0), (0.2, 0.02), (0.04, 0.06), (0.03, 0.3), (0.06, 0.56)])
    place.add(glossy((0.3, 0.17, 0.09), 0.25), stem.at(x, 0, z), thing="table")
    jug = lathe([(0, 0), (0.06, 0), (0.085, 0.09), (0.07, 0.17), (0.045, 0.22), (0.055, 0.25), (0.045, 0.25), (0, 0.1)])
    place.add(
        glossy(marble((0.9, 0.9, 0.88), (0.3, 0.4, 0.6), rng), 0.12, 2),
        jug.at(x + 0.05, 0.59, z - 0.1),
        thing="flowers",
    )
    heads = cloud(26, (0.2, 0.17, 0.2), rng) + [0, 0.42, 0]
    heads[:, 1] = np.maximum(heads[:, 1], 0.3)
    at = np.array([x + 0.05, 0.59, z - 0.1])
    stems = [tube([at + [0, 0.2, 0], at + 0.5 * h + [0, 0.13, 0], at + h], 0.0035, 5) for h in heads]
    place.add(matt((0.24, 0.36, 0.14)), *stems, thing="flowers")
    greens = matt(foliage((0.2, 0.34, 0.12), (0.36, 0.46, 0.2), rng))
    place.add(greens, leaves(cloud(150, (0.2, 0.12, 0.2), rng) + at + [0, 0.32, 0], 0.07, rng), thing="flowers")
    for h in heads:
        hue = foliage((0.85, 0.32, 0.36), (0.95, 0.75, 0.62), rng, 16)
        place.add(matt(hue), leaves(cloud(22, (0.025,) * 3, rng) + at + h, 0.05, rng, -0.5), thing="flowers")
    place.add(glossy((0.75, 0.2, 0.15), 0.2), box(0.2, 0.03, 0.27).turned(20).at(x - 0.2, 0.59, z + 0.16), thing="book")
    place.add(
        glossy((0.85, 0.83, 0.76), 0.3), box(0.17, 0.025, 0.24).turned(42).at(x - 0.2, 0.62, z + 0.15), thing="book"
    )
    cup = lathe([(0, 0), (0.03, 0), (0.042, 0.07), (0.038, 0.07), (0.028, 0.01), (0, 0.01)])
    place.add(glossy((0.9, 0.88, 0.82), 0.1), cup.at(x + 0.22, 0.59, z + 0.2), thing="cup")


def _lamp(place: Place, rng: np.random.Generator) -> None:
    x, z = 1.35, -1.55
    brass = metal((0.85, 0.65, 0.35), 0.25)
    place.add(brass, lathe([(0.16, 0), (0.16, 0.02), (0.02, 0.04), (0.012, 0.1)]).at(x, 0, z), thing="lamp")
    place.add(brass, bar((x, 0.05, z), (x, 1.5, z), 0.012), thing="lamp")
    shade = lathe([(0.23, 1.38), (0.14, 1.68)], 40)
    linen = matt(cloth((0.93, 0.85, 0.68), rng, 256, 60), 2)
    place.add(linen, shade.at(x, 0, z), thing="lamp", glow=(0.8, 0.6, 0.36))


def _pictures(place: Place, rng: np.random.Generator) -> None:
    v, u = np.mgrid[0:1:256j, 0:1:256j]
    hills = np.where((v > 0.55 + 0.12 * np.sin(5 * u))[..., None], [0.35, 0.42, 0.2], [0.6, 0.68, 0.74])
    sea = np.where((v > 0.5)[..., None], [0.15, 0.3, 0.42], [0.85, 0.7, 0.5]) * (1.1 - 0.4 * v)[..., None]
    for n, (x, y, wide, high, ground) in enumerate([(1.15, 1.72, 0.62, 0.46, hills), (1.95, 1.5, 0.4, 0.5, sea)]):
        place.add(matt(strokes(ground, rng, 1500, 18)), _hung(wide, high).at(x, y, -2.165), thing=f"picture {n + 1}")
        place.add(
            glossy((0.35, 0.22, 0.1), 0.2),
            box(wide + 0.09, high + 0.09, 0.03).at(x, y - 0.045, -2.185),
            thing=f"picture {n + 1}",
        )


def _hung(wide: float, high: float):
    """A canvas whose texture fits it once."""
    return sheet(lambda u, v: ((u - 0.5) * wide, v * high, 0), 1, 1)
