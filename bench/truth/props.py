"""What stands about in more than one place."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, glossy, matt, metal
from bench.truth.solids import Solid, ball, bar, box, cloud, cushion, lathe, leaves, rough, together, tube
from bench.truth.textures import foliage, noise, strokes, tinted, wood

GREENS = ((0.16, 0.28, 0.08), (0.40, 0.48, 0.16))


def tree(
    place: Place, rng: np.random.Generator, at: tuple, high: float, crown: tuple, thing: str, many: int = 2500,
    greens: tuple = GREENS, leaf: float = 0.16,
) -> None:  # fmt: skip
    """A trunk, branches, and leaves in the ellipsoid `crown` (half axes); many: 0 is winter."""
    bark = matt(tinted((0.35, 0.27, 0.2), (0.2, noise(256, rng, 0.9, 0.2)), (0.1, noise(256, rng, 0.5))))
    x, y, z = at
    trunk = [(0, 0, 0), (0.04 * high, 0.35 * high, 0), (0.0, 0.6 * high, 0.03 * high), (0, 0.85 * high, 0)]
    solids = [tube(np.array(trunk), np.array([0.035, 0.025, 0.018, 0.008]) * high, 10)]
    for _ in range(14):
        solids += branch(rng, np.array([0.02, rng.uniform(0.4, 0.8), 0.01]) * high, np.asarray(crown), 0.011 * high)
    place.add(bark, *(s.at(x, y, z) for s in solids), thing=thing)
    if many:
        at_leaves = cloud(many, crown, rng) + [x, y + 0.78 * high, z]
        place.add(matt(foliage(*greens, rng)), leaves(at_leaves, leaf, rng), thing=thing)


def branch(rng: np.random.Generator, start: np.ndarray, crown: np.ndarray, radius: float) -> list[Solid]:
    """A crooked one from the trunk into the crown, with three twigs."""
    angle = rng.uniform(0, 2 * np.pi)
    end = start + np.array([np.cos(angle), rng.uniform(0.35, 0.9), np.sin(angle)]) * crown * 0.8
    middle = 0.5 * (start + end) + rng.normal(0, 0.06, 3) * crown
    solids = [tube([start, middle, end], [radius, 0.6 * radius, 0.25 * radius], 6)]
    for _ in range(3):
        tip = middle + np.clip(rng.normal(0, 0.25, 3), -0.35, 0.35) * crown + 0.25 * (end - start)
        solids.append(
            tube(
                [middle, 0.5 * (middle + tip) + rng.normal(0, 0.04, 3) * crown, tip],
                [0.4 * radius, 0.25 * radius, 0.1 * radius],
                5,
            )
        )
    return solids


def bush(
    place: Place, rng: np.random.Generator, at: tuple, size: tuple, thing: str, flower: tuple | None = None
) -> None:
    """Leaves in half an ellipsoid, and blossoms where a colour is given."""
    centre = np.array(at) + [0, 0.6 * size[1], 0]
    area = size[0] * size[1] + size[2] * size[1]
    place.add(
        matt(foliage(*GREENS, rng)), leaves(cloud(int(1500 * area) + 200, size, rng) + centre, 0.11, rng), thing=thing
    )
    dark = lathe([(0, 0), (1, 0.1), (1, 0.9), (0.5, 1.3), (0, 1.4)], 16).sized(0.6 * size[0], size[1], 0.6 * size[2])
    place.add(matt((0.1, 0.16, 0.06)), dark.at(*at), thing=thing)
    if flower:
        heads = cloud(int(70 * area) + 30, np.array(size) * 1.05, rng) + centre
        petals = np.repeat(heads, 9, 0) + rng.normal(0, 0.02, (9 * len(heads), 3))
        hue = foliage(flower, tuple(min(1, 1.3 * c + 0.1) for c in flower), rng, 16)
        place.add(matt(hue), leaves(petals, 0.07, rng, 0), thing=thing)


def lamp_post(place: Place, at: tuple, thing: str, glow: tuple | None = None, high: float = 3.4) -> None:
    """Cast iron, with a lantern."""
    x, y, z = at
    iron = glossy((0.09, 0.11, 0.1), 0.3)
    post = lathe(
        [(0.16, 0), (0.16, 0.2), (0.09, 0.3), (0.06, 0.9), (0.05, high - 0.4), (0.09, high - 0.35), (0.03, high - 0.2)],
        20,
    )
    roof = lathe([(0.2, high + 0.3), (0.22, high + 0.32), (0.03, high + 0.5), (0, high + 0.6)], 6, smooth=False)
    place.add(iron, post.at(x, y, z), roof.at(x, y, z), thing=thing)
    lantern = lathe([(0.1, high - 0.2), (0.18, high + 0.3)], 6, smooth=False)
    place.add(matt((0.95, 0.92, 0.85)), lantern.at(x, y, z), thing=thing, glow=glow)


def bench(place: Place, rng: np.random.Generator, at: tuple, yaw: float, thing: str) -> None:
    """Of slats on iron feet."""
    slats = [box(1.5, 0.03, 0.07).at(0, 0.43, 0.09 * i - 0.2) for i in range(5)]
    slats += [box(1.5, 0.08, 0.025).turned(pitch=-12).at(0, 0.56 + 0.12 * i, -0.25 - 0.025 * i) for i in range(3)]
    place.add(matt(wood((0.50, 0.33, 0.2), rng)), *(s.turned(yaw).at(*at) for s in slats), thing=thing)
    feet = []
    for x in (-0.62, 0.62):
        feet += [
            tube([(x, 0, 0.2), (x, 0.42, 0.2)], 0.022),
            tube([(x, 0, -0.28), (x, 0.43, -0.22), (x, 0.9, -0.33)], 0.022),
        ]
        feet += [bar((x, 0.41, 0.2), (x, 0.41, -0.24), 0.02)]
    place.add(glossy((0.1, 0.1, 0.1)), *(f.turned(yaw).at(*at) for f in feet), thing=thing)


def car(place: Place, at: tuple, yaw: float, colour: tuple, thing: str) -> None:
    """A small one from some decades ago."""
    body = [cushion(1.6, 0.62, 3.6, 0.2, 12).at(0, 0.28, 0)]
    cabin = cushion(1.42, 0.62, 1.9, 0.24, 12).at(0, 0.78, 0.15)
    place.add(glossy(colour, 0.08), *(b.turned(yaw).at(*at) for b in body), thing=thing)
    place.add(glossy(colour, 0.08), cushion(1.3, 0.08, 1.5, 0.04).at(0, 1.34, 0.15).turned(yaw).at(*at), thing=thing)
    place.add(glossy((0.06, 0.07, 0.08), 0.05), cabin.turned(yaw).at(*at), thing=thing)
    wheel = lathe([(0.12, -0.09), (0.3, -0.09), (0.31, -0.06), (0.31, 0.06), (0.3, 0.09), (0.12, 0.09)], 32)
    hub = lathe([(0, 0.095), (0.18, 0.08), (0.2, 0.03)], 24)
    for x in (-0.78, 0.78):
        for z in (-1.15, 1.15):
            for part, surface in ((wheel, matt((0.05, 0.05, 0.05))), (hub, metal((0.8, 0.8, 0.8), 0.15))):
                turned = part.turned(roll=-90 if x > 0 else 90).at(x, 0.31, z)
                place.add(surface, turned.turned(yaw).at(*at), thing=thing)
    for z, hue in ((1.8, (0.95, 0.93, 0.85)), (-1.8, (0.6, 0.06, 0.05))):
        lights = [ball(0.1, 16).sized(1, 1, 0.4).at(x, 0.62, z) for x in (-0.55, 0.55)]
        place.add(glossy(hue, 0.05), *(s.turned(yaw).at(*at) for s in lights), thing=thing)
    bumpers = [cushion(1.6, 0.1, 0.12, 0.05).at(0, 0.33, z) for z in (-1.83, 1.83)]
    place.add(metal((0.85, 0.85, 0.85), 0.12), *(b.turned(yaw).at(*at) for b in bumpers), thing=thing)


def rocks(rng: np.random.Generator, many: int, size: float) -> Solid:
    """Stones around the origin, as many as are wanted, half in the ground."""
    stones = [rough(ball(size, 16).sized(1, 0.6, 0.8), 0.5 * size, 2 * size, rng) for _ in range(many)]
    return together([s.at(*rng.normal(0, 2.5 * size, 3) * [1, 0, 1]) for s in stones])


def painting(rng: np.random.Generator, sky: tuple, land: tuple, height: float = 0.55) -> np.ndarray:
    """A small landscape in oil."""
    v, u = np.mgrid[0:1:256j, 0:1:256j]
    ground = np.where((v > height + 0.1 * np.sin(4 * u + rng.uniform(0, 6)))[..., None], land, sky)
    return strokes(np.asarray(ground) * (1.1 - 0.35 * v)[..., None], rng, 1500, 18)
