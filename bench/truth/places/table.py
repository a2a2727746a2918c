"""A breakfast table from nearby: fruit, bread, a jug and a bottle on a checked cloth, chairs and a dresser behind."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, glossy, matt, metal
from bench.truth.props import painting
from bench.truth.solids import ball, bar, box, cloud, cushion, floor, lathe, leaves, rough, sheet, tube, wall
from bench.truth.textures import checks, foliage, marble, mixed, noise, plaster, tiles, tinted, wood

TOP = 0.75


def build(rng: np.random.Generator) -> Place:
    """Lengths of a kitchen; the table's middle is the origin."""
    place = Place(eye=(0.08, 1.18, 0.95), target=(0.0, 0.82, -0.15), fov_deg=52, exposure=1.0, passes=2)
    _kitchen(place, rng)
    _cloth(place, rng)
    _fruit(place, rng)
    _crockery(place, rng)
    _bread(place, rng)
    _chairs(place, rng)
    return place


def _kitchen(place: Place, rng: np.random.Generator) -> None:
    place.add(
        matt(plaster((0.72, 0.78, 0.72), rng), 0.6),
        wall(6, 2.7).at(z=-2.1),
        wall(6, 2.7).turned(90).at(x=-2.2),
        wall(6, 2.7).turned(-90).at(x=2.4),
    )
    place.add(glossy(tiles((0.82, 0.78, 0.7), (0.4, 0.36, 0.34), rng), 0.2, 0.6), floor(6, 6))
    place.add(matt((0.92, 0.92, 0.9)), floor(6, 6).turned(roll=180).at(y=2.7), wall(6, 2.7).turned(180).at(z=2.6))
    place.add(matt((0.9, 0.9, 0.9)), wall(1.6, 1.5).turned(90).at(-2.17, 0.9, -0.2), glow=(10, 10.5, 11))
    place.add(matt((0.9, 0.9, 0.9)), floor(1.6, 1.0).turned(roll=180).at(0.5, 2.69, 1.4), glow=(4.5, 4.2, 3.8))
    pine = glossy(wood((0.55, 0.40, 0.25), rng), 0.3)
    place.add(pine, box(1.7, 0.9, 0.45).at(0.35, 0, -1.85), box(1.8, 0.04, 0.5).at(0.35, 0.9, -1.85), thing="dresser")
    for y in (1.28, 1.62):
        place.add(pine, box(1.6, 0.03, 0.22).at(0.35, y, -1.98), thing="dresser")
    for n, (x, y) in enumerate([(x, y) for y in (1.31, 1.65) for x in (-0.3, 0.0, 0.33, 0.66, 0.98)]):
        hue = [(0.85, 0.83, 0.78), (0.3, 0.42, 0.55), (0.7, 0.35, 0.25), (0.85, 0.75, 0.4)][n % 4]
        jar = lathe([(0, 0), (0.055, 0), (0.065, 0.05), (0.06, 0.13), (0.035, 0.17), (0.04, 0.2), (0, 0.19)], 28)
        place.add(glossy(hue, 0.12), jar.sized(1, rng.uniform(0.7, 1.2), 1).at(x, y, -1.98), thing="jars")
    canvas = sheet(lambda u, v: ((u - 0.5) * 0.6, 0.45 * v, 0), 1, 1, (1, -1))
    place.add(matt(painting(rng, (0.7, 0.75, 0.8), (0.5, 0.45, 0.2))), canvas.at(-1.2, 1.35, -2.07), thing="picture")
    place.add(glossy((0.25, 0.16, 0.1)), box(0.68, 0.53, 0.03).at(-1.2, 1.31, -2.09), thing="picture")


def _cloth(place: Place, rng: np.random.Generator) -> None:
    def drape(u: np.ndarray, v: np.ndarray) -> tuple:
        x, z = (u - 0.5) * 1.9, (0.5 - v) * 1.25
        over = np.maximum(np.maximum(np.abs(x) - 0.72, np.abs(z) - 0.45), 0)
        fold = 0.03 * np.sin(14 * (x + z)) * np.minimum(over * 8, 1)
        return np.clip(x, -0.72, 0.72) + np.sign(x) * fold, TOP - over, np.clip(z, -0.45, 0.45) + np.sign(z) * fold

    linen = matt(checks((0.86, 0.84, 0.8), (0.27, 0.36, 0.55), rng, 8))
    place.add(linen, sheet(drape, 120, 80, (4.0, 2.7)), thing="table")
    legs = [box(0.07, TOP - 0.02, 0.07).at(x, 0, z) for x in (-0.65, 0.65) for z in (-0.38, 0.38)]
    place.add(glossy((0.4, 0.26, 0.15)), *legs, thing="table")


def _fruit(place: Place, rng: np.random.Generator) -> None:
    dish = lathe(
        [(0, 0), (0.06, 0), (0.06, 0.015), (0.12, 0.05), (0.165, 0.085), (0.16, 0.088), (0.11, 0.057), (0, 0.03)], 56
    )
    place.add(
        glossy(marble((0.88, 0.87, 0.82), (0.25, 0.35, 0.55), rng), 0.1), dish.at(-0.22, TOP, -0.12), thing="bowl"
    )
    apple = lathe(
        [(0, 0.012), (0.014, 0.0), (0.032, 0.012), (0.04, 0.036), (0.034, 0.062), (0.016, 0.072), (0, 0.062)], 32
    )
    blush = tinted(
        mixed((0.75, 0.2, 0.12), (0.85, 0.7, 0.25), 0.5 + 0.5 * noise(256, rng, 1.6)), (0.1, noise(256, rng, 0.6))
    )
    spots = [(-0.26, 0.06, -0.14), (-0.19, 0.06, -0.17), (-0.2, 0.062, -0.08), (-0.23, 0.115, -0.13), (0.1, 0, 0.16)]
    for n, (x, y, z) in enumerate(spots):
        turn = {"yaw": 70 * n, "pitch": rng.uniform(-30, 30)}
        place.add(glossy(blush, 0.15), apple.sized(1.05).turned(**turn).at(x, TOP + y, z), thing=f"apple {n + 1}")
    place.add(
        matt((0.25, 0.18, 0.1)), bar((0.1, TOP + 0.06, 0.16), (0.105, TOP + 0.088, 0.163), 0.0018), thing="apple 5"
    )
    bend = [(0.09 * np.cos(a), 0.02, 0.09 * np.sin(a)) for a in np.linspace(0.2, 1.9, 14)]
    thick = 0.017 * np.array([0.25, 0.6, 0.85, 1, 1, 1, 1, 1, 1, 0.95, 0.8, 0.55, 0.3, 0.2])
    peel = glossy(tinted((0.85, 0.68, 0.16), (0.08, noise(128, rng, 0.8))), 0.3)
    for n in range(3):
        place.add(
            peel, tube(bend, thick, 14).turned(25 * n, 8 * n).at(0.28, TOP + 0.004 + 0.012 * n, -0.08), thing="bananas"
        )
    grapes = cloud(46, (0.06, 0.035, 0.045), rng) + [-0.02, TOP + 0.04, 0.02]
    skins = glossy((0.28, 0.12, 0.26), 0.12)
    place.add(skins, *(ball(0.0115, 16).at(*g) for g in grapes), thing="grapes")


def _crockery(place: Place, rng: np.random.Generator) -> None:
    plate = lathe([(0, 0), (0.07, 0), (0.12, 0.016), (0.122, 0.019), (0.075, 0.006), (0, 0.006)], 56)
    cream, blue = glossy((0.9, 0.88, 0.82), 0.08), glossy((0.2, 0.32, 0.5), 0.08)
    place.add(cream, plate.at(0.26, TOP, 0.2), thing="plate")
    place.add(cream, plate.at(-0.42, TOP, 0.18), thing="plate left")
    mug = lathe([(0, 0), (0.036, 0), (0.041, 0.02), (0.041, 0.09), (0.038, 0.09), (0.037, 0.012), (0, 0.012)], 40)
    grip = [(0.04 + 0.026 * np.sin(a), 0.047 + 0.028 * np.cos(a), 0) for a in np.linspace(0, np.pi, 12)]
    for n, (x, z, yaw, hue) in enumerate([(0.42, 0.03, 30, blue), (-0.3, 0.3, 200, glossy((0.7, 0.4, 0.2), 0.1))]):
        place.add(hue, mug.at(x, TOP, z), tube(grip, 0.006, 8).turned(yaw).at(x, TOP, z), thing=f"mug {n + 1}")
    jug = lathe(
        [
            (0, 0),
            (0.05, 0),
            (0.075, 0.06),
            (0.07, 0.13),
            (0.042, 0.19),
            (0.052, 0.23),
            (0.047, 0.23),
            (0.03, 0.18),
            (0, 0.1),
        ],
        44,
    )
    hoop = [(0.05 + 0.05 * np.sin(a), 0.14 + 0.06 * np.cos(a), 0) for a in np.linspace(0.1, 3.0, 14)]
    glaze = glossy(marble((0.75, 0.72, 0.6), (0.35, 0.5, 0.4), rng), 0.1)
    place.add(glaze, jug.at(0.14, TOP, -0.27), tube(hoop, 0.009, 8).turned(-20).at(0.14, TOP, -0.27), thing="jug")
    stems = [
        tube([(0, 0.1, 0), (0.3 * x, 0.27, 0.3 * z), (x, y, z)], 0.002, 5).at(0.14, TOP, -0.27)
        for x, y, z in cloud(16, (0.13, 0.1, 0.1), rng) + [0, 0.38, 0]
    ]
    place.add(matt((0.3, 0.4, 0.18)), *stems, thing="sprigs")
    greens = leaves(cloud(190, (0.14, 0.11, 0.11), rng) + [0.14, TOP + 0.37, -0.27], 0.045, rng, 0)
    place.add(matt(foliage((0.25, 0.38, 0.18), (0.5, 0.58, 0.35), rng)), greens, thing="sprigs")
    flask = lathe(
        [
            (0, 0),
            (0.037, 0),
            (0.038, 0.01),
            (0.038, 0.17),
            (0.015, 0.225),
            (0.014, 0.29),
            (0.017, 0.295),
            (0.017, 0.305),
            (0, 0.305),
        ],
        40,
    )
    place.add(glossy((0.08, 0.2, 0.1), 0.04), flask.at(-0.45, TOP, -0.2), thing="bottle")
    label = lathe([(0.0384, 0.05), (0.0384, 0.13)], 40)
    place.add(
        matt(mixed((0.88, 0.83, 0.7), (0.4, 0.15, 0.12), (np.abs(noise(128, rng, 1.0)) < 0.25).astype(float))),
        label.at(-0.45, TOP, -0.2),
        thing="bottle",
    )
    steel = metal((0.85, 0.85, 0.86), 0.18)
    place.add(steel, cushion(0.014, 0.003, 0.2, 0.0014).turned(14).at(0.42, TOP, 0.24), thing="knife")
    place.add(steel, cushion(0.014, 0.003, 0.19, 0.0014).turned(-8).at(-0.57, TOP, 0.2), thing="knife left")


def _bread(place: Place, rng: np.random.Generator) -> None:
    board = wood((0.62, 0.45, 0.28), rng)
    place.add(matt(board, 2), cushion(0.36, 0.02, 0.22, 0.009).turned(-16).at(0.46, TOP, -0.26), thing="board")
    crust = tinted((0.62, 0.36, 0.14), (0.2, noise(256, rng, 1.1)), (0.1, noise(256, rng, 0.4)))
    loaf = rough(ball(0.09, 40).sized(1.5, 0.72, 0.85), 0.012, 0.1, rng)
    place.add(matt(crust, 3), loaf.turned(-16).at(0.46, TOP + 0.075, -0.27), thing="bread")
    cheese = lathe([(0, 0), (0.055, 0), (0.055, 0.045), (0, 0.045)], 24, smooth=False)
    place.add(glossy((0.88, 0.7, 0.3), 0.4), cheese.at(0.0, TOP, -0.32).at(-0.22, 0, 0), thing="cheese")


def _chairs(place: Place, rng: np.random.Generator) -> None:
    dark = glossy(wood((0.35, 0.2, 0.12), rng), 0.25)
    for n, (x, z, yaw) in enumerate([(-0.35, -0.85, 6), (0.5, -0.9, -12)]):
        rails = [bar((0.19 * s, 0, 0.2), (0.19 * s, 0.45, 0.2), 0.018) for s in (-1, 1)]
        rails += [tube([(0.19 * s, 0, -0.2), (0.19 * s, 0.45, -0.18), (0.2 * s, 1.0, -0.26)], 0.018) for s in (-1, 1)]
        rails += [bar((0.1 * s, 0.47, -0.19), (0.1 * s, 0.95, -0.255), 0.009) for s in (-1.2, -0.6, 0, 0.6, 1.2)]
        rails += [bar((-0.2, y, -0.2 - 0.1 * (y - 0.45)), (0.2, y, -0.2 - 0.1 * (y - 0.45)), 0.02) for y in (0.6, 0.97)]
        rails += [cushion(0.42, 0.035, 0.42, 0.015).at(0, 0.44, 0)]
        place.add(dark, *(r.turned(yaw).at(x, 0, z) for r in rails), thing=f"chair {n + 1}")
