"""A landscape as a painter would have it: every surface is brush strokes, under an even light."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, matt
from bench.truth.solids import Solid, ball, bar, box, lathe, rough, sheet, together, tube, wall
from bench.truth.textures import mixed, noise, strokes, tinted


def build(rng: np.random.Generator) -> Place:
    """Fields with stooks, cypresses by a white house, hills, a sky that is a wall of paint 70 m away."""
    place = Place(eye=(0.0, 2.1, 6.0), target=(0.0, 1.35, -4.0), fov_deg=56, exposure=1.0, passes=1)
    place.lights.append({"type": "constant", "radiance": {"type": "rgb", "value": [0.72, 0.72, 0.74]}})
    place.add(
        matt((0.9, 0.9, 0.85)),
        wall(60, 60).turned(180).turned(pitch=-45).turned(yaw=-50).at(-50, 75, 30),
        glow=(4.6, 4.2, 3.2),
    )
    _sky_and_hills(place, rng)
    _field(place, rng)
    _house(place, rng)
    for x, z, h in ((-2.3, -2.5, 4.2), (-3.0, -4.4, 5.0), (3.9, -9.0, 5.2), (4.7, -9.6, 4.4)):
        _cypress(place, rng, x, z, h)
    for n, (x, z, s) in enumerate(
        [(-1.2, 1.6, 0.5), (1.45, 1.0, 0.62), (0.2, -1.8, 0.6), (2.7, -3.2, 0.62), (-0.9, -5.4, 0.6)]
    ):
        _stook(place, rng, x, z, s, n)
    _olive(place, rng, 1.9, -1.1)
    _fence(place, rng)
    return place


def _paint(
    colour: tuple, rng: np.random.Generator, length: float = 26, many: int = 2200, vary: float = 0.18
) -> np.ndarray:
    ground = tinted(colour, (vary, noise(320, rng, 1.2)))
    return strokes(mixed(ground, np.array(colour)[::-1] * 0.8, 0.12 * noise(320, rng, 1.5)), rng, many, length)


def _sky_and_hills(place: Place, rng: np.random.Generator) -> None:
    v, _ = np.mgrid[0:1:512j, 0:1:512j]
    blue = mixed((0.28, 0.45, 0.68), (0.82, 0.82, 0.66), v**1.5)
    swirl = noise(512, rng, 1.7)
    sky = strokes(mixed(blue, (0.9, 0.9, 0.84), 0.55 * (swirl > 0.7)), rng, 5200, 44, 0.7)
    place.add(
        matt(sky), sheet(lambda u, v: (100 * (u - 0.5), 44 * v - 4, -52 - 18 * np.sin(np.pi * u)), 24, 1, (1, -1))
    )
    for n, (z, high, hue) in enumerate(
        [(-42, 9.5, (0.36, 0.44, 0.58)), (-31, 6.0, (0.38, 0.47, 0.42)), (-22, 3.4, (0.45, 0.52, 0.24))]
    ):
        phase = rng.uniform(0, 6, 3)

        def ridge(u: np.ndarray, v: np.ndarray, z: float = z, high: float = high, p: np.ndarray = phase) -> tuple:
            top = high * (
                0.62 + 0.22 * np.sin(7 * u + p[0]) + 0.12 * np.sin(17 * u + p[1]) + 0.05 * np.sin(41 * u + p[2])
            )
            return 80 * (u - 0.5), top * v - 0.5, z - 6 * v

        place.add(matt(_paint(hue, rng, 30)), sheet(ridge, 160, 6, (7, 1)), thing=f"hill {n + 1}")


def _field(place: Place, rng: np.random.Generator) -> None:
    def ground(u: np.ndarray, v: np.ndarray) -> tuple:
        x, z = 60 * (u - 0.5), 12 - 42 * v
        return x, 0.07 * np.sin(1.7 * x) * np.cos(1.1 * z) + 0.05 * np.sin(0.6 * z), z

    v, u = np.mgrid[0:1:512j, 0:1:512j]
    rows = 0.5 + 0.5 * np.sin(2 * np.pi * 6 * (u + 0.04 * np.sin(4 * np.pi * v)))
    gold = mixed((0.78, 0.62, 0.22), (0.55, 0.50, 0.2), rows + 0.3 * noise(512, rng, 1.3))
    place.add(matt(strokes(gold, rng, 6500, 26, 0.25)), sheet(ground, 200, 140, (7, 5)))
    path = strokes(mixed((0.74, 0.58, 0.44), (0.6, 0.5, 0.42), 0.5 + 0.4 * noise(320, rng, 1.3)), rng, 2500, 22, 0.2)
    track = sheet(
        lambda u, v: (0.55 * np.sin(3.2 * v) + (0.5 + 0.3 * v) * (u - 0.5) * 1.6 + 0.9, 0.145, 7 - 20 * v),
        8,
        60,
        (1, 8),
    )
    place.add(matt(path), track)


def _house(place: Place, rng: np.random.Generator) -> None:
    x, z = 1.4, -8.2
    white, tile = matt(_paint((0.88, 0.85, 0.74), rng, 22, 1800, 0.06)), matt(_paint((0.72, 0.35, 0.2), rng, 22))
    place.add(white, box(3.4, 2.3, 2.6).at(x, 0, z), box(1.8, 1.6, 1.8).at(x - 2.5, 0, z + 0.3), thing="house")
    for dx, dz, wide, deep, low, high in ((0, 0, 3.8, 1.6, 2.2, 1.0), (-2.5, 0.3, 2.1, 1.2, 1.5, 0.6)):
        slopes = [
            sheet(
                lambda u, v, s=s, w=wide, d=deep, a=low, h=high: ((u - 0.5) * w * s, a + h * v, s * d * (1 - v)),
                1,
                1,
                (2, 1),
            )
            for s in (1, -1)
        ]
        place.add(tile, *(s.at(x + dx, 0, z + dz) for s in slopes), thing="house")
    blue = matt(_paint((0.2, 0.38, 0.5), rng, 20, 900))
    openings = [box(0.55, 1.2, 0.06).at(x - 0.1, 0.05, z + 1.3)]
    openings += [box(0.42, 0.6, 0.06).at(x + a, 1.1, z + 1.3) for a in (-1.1, 0.95)] + [
        box(0.4, 0.5, 0.06).at(x - 2.5, 0.7, z + 1.2)
    ]
    place.add(blue, *openings, thing="house")
    place.add(tile, box(0.4, 1.0, 0.4).at(x + 1.0, 2.6, z), thing="house")


def _cypress(place: Place, rng: np.random.Generator, x: float, z: float, high: float) -> None:
    flame = lathe(
        [(0.05, 0.0), (0.1, 0.12), (0.16, 0.25), (0.17, 0.4), (0.12, 0.65), (0.06, 0.85), (0.0, 1.0)], 40
    ).sized(high)
    place.add(
        matt(_paint((0.13, 0.26, 0.17), rng, 34, 1600, 0.3)),
        rough(flame, 0.16, 0.7, rng).at(x, 0, z),
        thing="cypresses",
    )


def _stook(place: Place, rng: np.random.Generator, x: float, z: float, size: float, n: int) -> None:
    stack = lathe([(0.85, 0), (0.9, 0.3), (0.75, 0.75), (0.45, 1.15), (0.1, 1.4), (0, 1.42)], 36).sized(size)
    place.add(
        matt(_paint((0.82, 0.62, 0.25), rng, 22, 2400, 0.2), 2),
        rough(stack, 0.1, 0.6, rng).at(x, 0, z),
        thing=f"stook {n + 1}",
    )


def _olive(place: Place, rng: np.random.Generator, x: float, z: float) -> None:
    trunk = tube([(0, 0, 0), (0.12, 0.5, 0.05), (-0.05, 1.0, 0), (0.2, 1.5, 0)], [0.13, 0.09, 0.08, 0.05], 12)
    limb = tube([(-0.03, 0.9, 0), (-0.4, 1.3, 0.1), (-0.6, 1.7, 0.1)], [0.06, 0.05, 0.03], 10)
    place.add(matt(_paint((0.4, 0.3, 0.26), rng, 22, 900)), trunk.at(x, 0, z), limb.at(x, 0, z), thing="olive")
    at = ((0.3, 1.75, 0), (-0.55, 1.85, 0.1), (-0.1, 2.1, -0.15), (0.6, 2.0, 0.1), (-0.25, 1.65, 0.25))
    puffs = [rough(ball(0.34, 22), 0.09, 0.3, rng).sized(1.2, 0.75, 1.1).at(*p) for p in at]
    place.add(matt(_paint((0.42, 0.5, 0.34), rng, 18, 2400, 0.25)), together(puffs).at(x, 0, z), thing="olive")


def _fence(place: Place, rng: np.random.Generator) -> None:
    posts: list[Solid] = []
    for x in np.arange(-4.5, -0.6, 0.65):
        posts.append(bar((x, 0, 2.6 - 0.3 * x), (x + 0.03, 0.75, 2.6 - 0.3 * x), 0.035))
    rails = [bar((-4.5, y, 3.95), (-0.6, y + 0.03, 2.78), 0.025) for y in (0.33, 0.6)]
    place.add(matt(_paint((0.42, 0.28, 0.24), rng, 18, 900)), *posts, *rails, thing="fence")
