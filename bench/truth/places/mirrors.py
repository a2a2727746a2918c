"""A washroom with a large mirror, a glass partition, vases of glass and a kettle of chrome on a marble top."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, glossy, matt, metal, mirror, pane
from bench.truth.props import painting
from bench.truth.solids import ball, bar, box, cloud, cushion, floor, lathe, leaves, sheet, tube, wall
from bench.truth.textures import cloth, foliage, marble, plaster, tiles, wood

TOP = 0.86


def build(rng: np.random.Generator) -> Place:
    """The mirror hangs on the back wall at z = -1.6, over a marble top."""
    place = Place(eye=(0.4, 1.45, 1.1), target=(0.12, 1.08, -1.2), fov_deg=62, exposure=1.0, passes=2)
    _room(place, rng)
    _top(place, rng)
    _partition(place, rng)
    _behind(place, rng)
    return place


def _room(place: Place, rng: np.random.Generator) -> None:
    tiled = glossy(tiles((0.72, 0.80, 0.78), (0.80, 0.85, 0.83), rng), 0.15, 0.9)
    place.add(tiled, wall(5, 2.6).at(z=-1.6))
    place.add(
        matt(plaster((0.85, 0.8, 0.7), rng), 0.6),
        wall(6, 2.6).turned(90).at(x=-2.0),
        wall(6, 2.6).turned(-90).at(x=2.1),
    )
    place.add(matt(plaster((0.6, 0.45, 0.38), rng), 0.6), wall(6, 2.6).turned(180).at(z=3.2))
    place.add(glossy(tiles((0.3, 0.32, 0.34), (0.75, 0.73, 0.7), rng), 0.12, 0.55), floor(5, 6).at(z=0.8))
    place.add(matt((0.93, 0.93, 0.92)), floor(5, 6).turned(roll=180).at(y=2.6, z=0.8))
    place.add(matt((0.9, 0.9, 0.9)), floor(2.0, 1.2).turned(roll=180).at(0, 2.59, 0.6), glow=(5.5, 5.3, 5.0))
    place.add(matt((0.9, 0.9, 0.9)), wall(1.2, 1.2).turned(90).at(-1.98, 1.0, 0.9), glow=(6, 6.6, 7.2))
    place.add(mirror(), sheet(lambda u, v: (1.25 * u - 0.85, 1.12 + 0.95 * v, -1.575), 1, 1), thing="mirror")
    gilt = metal((0.85, 0.68, 0.38), 0.3)
    frame = [cushion(1.39, 0.07, 0.05, 0.02).at(-0.225, y, -1.57) for y in (1.05, 2.07)]
    frame += [cushion(0.07, 1.0, 0.05, 0.02).at(x, 1.1, -1.57) for x in (-0.885, 0.435)]
    place.add(gilt, *frame, thing="mirror frame")
    canvas = sheet(lambda u, v: (0.95 + 0.5 * u, 1.35 + 0.6 * v, -1.57), 1, 1, (1, -1))
    place.add(matt(painting(rng, (0.85, 0.75, 0.6), (0.25, 0.35, 0.4))), canvas, thing="picture")
    place.add(glossy((0.1, 0.1, 0.1)), box(0.56, 0.66, 0.02).at(1.2, 1.32, -1.59), thing="picture")


def _top(place: Place, rng: np.random.Generator) -> None:
    place.add(
        glossy(marble((0.86, 0.85, 0.82), (0.45, 0.44, 0.46), rng), 0.08, 0.8),
        box(2.6, 0.05, 0.62).at(-0.1, TOP - 0.05, -1.27),
        thing="top",
    )
    place.add(glossy(wood((0.32, 0.2, 0.13), rng), 0.25), box(2.5, TOP - 0.06, 0.55).at(-0.1, 0, -1.3), thing="top")
    brass = metal((0.85, 0.66, 0.36), 0.25)
    place.add(brass, *(ball(0.018, 14).at(x, 0.6, -1.01) for x in (-0.95, -0.4, 0.15, 0.7)), thing="top")
    bowl = lathe([(0.05, 0), (0.16, 0.04), (0.21, 0.12), (0.2, 0.125), (0.15, 0.05), (0, 0.03)], 56)
    place.add(glossy((0.92, 0.91, 0.88), 0.05), bowl.at(-0.35, TOP, -1.2), thing="basin")
    chrome = metal((0.9, 0.9, 0.92), 0.06)
    tap = tube(
        [(-0.35, TOP, -1.5), (-0.35, TOP + 0.26, -1.5), (-0.35, TOP + 0.32, -1.42), (-0.35, TOP + 0.26, -1.33)],
        0.014,
        12,
    )
    place.add(chrome, tap, lathe([(0.03, 0), (0.03, 0.02), (0, 0.025)], 20).at(-0.35, TOP, -1.5), thing="tap")
    kettle = lathe(
        [(0, 0), (0.1, 0), (0.115, 0.05), (0.09, 0.13), (0.04, 0.165), (0.012, 0.17), (0.016, 0.19), (0, 0.2)], 48
    )
    grip = tube([(0.09 * np.cos(a), 0.15 + 0.11 * np.sin(a), 0) for a in np.linspace(0.2, 2.9, 14)], 0.008, 8)
    spout = tube([(0.1, 0.06, 0), (0.15, 0.1, 0), (0.17, 0.16, 0)], [0.02, 0.016, 0.012], 12)
    place.add(chrome, *(s.turned(-35).at(0.28, TOP, -1.22) for s in (kettle, spout)), thing="kettle")
    place.add(matt((0.06, 0.06, 0.06)), grip.turned(-35).at(0.28, TOP, -1.22), thing="kettle")
    glass = {"type": "dielectric", "int_ior": 1.45, "ext_ior": 1.0}
    vase = lathe(
        [
            (0, 0),
            (0.05, 0),
            (0.06, 0.02),
            (0.045, 0.12),
            (0.055, 0.26),
            (0.05, 0.26),
            (0.04, 0.12),
            (0.05, 0.03),
            (0, 0.03),
        ],
        48,
    )
    place.add(glass, vase.at(0.72, TOP, -1.25), thing="vase")
    heads = cloud(14, (0.13, 0.1, 0.11), rng) + [0.72, TOP + 0.42, -1.25]
    place.add(
        matt((0.25, 0.4, 0.16)),
        *(
            tube([(0.72, TOP + 0.05, -1.25), (0.72 + 0.2 * (h[0] - 0.72), TOP + 0.25, -1.25), h], 0.003, 5)
            for h in heads
        ),
        thing="tulips",
    )
    petals = np.repeat(heads, 20, 0) + rng.normal(0, 0.012, (280, 3))
    place.add(
        matt(foliage((0.8, 0.25, 0.15), (0.95, 0.65, 0.25), rng, 16)), leaves(petals, 0.05, rng, -0.8), thing="tulips"
    )
    place.add(
        matt(foliage((0.25, 0.4, 0.16), (0.4, 0.52, 0.25), rng)),
        leaves(heads.repeat(3, 0) - [0, 0.08, 0], 0.11, rng, -0.6),
        thing="tulips",
    )
    bottles = [((0.3, 0.45, 0.35), -0.75, 0.2), ((0.65, 0.35, 0.2), -0.86, 0.15), ((0.25, 0.3, 0.5), -0.68, 0.13)]
    for hue, x, high in bottles:
        flask = lathe([(0, 0), (0.032, 0), (0.034, 0.6 * high), (0.012, 0.75 * high), (0.012, high), (0, high)], 32)
        place.add(glossy(hue, 0.05), flask.at(x, TOP, -1.3 + 0.4 * (x + 0.75)), thing="bottles")


def _partition(place: Place, rng: np.random.Generator) -> None:
    chrome = metal((0.88, 0.88, 0.9), 0.12)
    place.add(pane(), box(0.95, 2.0, 0.01).at(1.35, 0.05, -0.35), thing="glass")
    place.add(chrome, *(bar((x, 0, -0.35), (x, 2.07, -0.35), 0.014) for x in (0.87, 1.83)), thing="glass")
    place.add(chrome, bar((0.87, 2.06, -0.35), (1.83, 2.06, -0.35), 0.014), thing="glass")
    stool = [lathe([(0, 0.44), (0.17, 0.44), (0.18, 0.46), (0.17, 0.48), (0, 0.48)], 40, smooth=False)]
    stool += [
        bar((0.15 * np.cos(a), 0, 0.15 * np.sin(a)), (0.11 * np.cos(a), 0.45, 0.11 * np.sin(a)), 0.014)
        for a in (0.5, 2.6, 4.7)
    ]
    place.add(glossy(wood((0.6, 0.42, 0.25), rng), 0.3), *(s.at(1.35, 0, -0.9) for s in stool), thing="stool")
    towel = [cushion(0.24, 0.05, 0.3, 0.024).turned(10 * i).at(1.35, 0.48 + 0.048 * i, -0.9) for i in range(3)]
    for fold, hue in zip(towel, ((0.75, 0.4, 0.3), (0.85, 0.8, 0.7), (0.35, 0.5, 0.5)), strict=True):
        place.add(matt(cloth(hue, rng, 256, 50), 3), fold, thing="towels")


def _behind(place: Place, rng: np.random.Generator) -> None:
    """What the mirror shows, and a chair with a robe at the left."""
    for x, hue in ((-1.2, (0.3, 0.35, 0.5)), (0.2, (0.6, 0.5, 0.3)), (1.3, (0.3, 0.45, 0.35))):
        place.add(glossy(wood(hue, rng), 0.4), box(0.9, 1.9, 0.3).at(x, 0, 3.0))
    robe = sheet(
        lambda u, v: (
            -1.97 + 0.12 * np.sin(np.pi * u) + 0.03 * np.sin(30 * u),
            0.55 + 1.15 * v,
            -0.55 + 0.45 * (0.5 - u) * (1.4 - 0.6 * v),
        ),
        60,
        10,
        (2, 4),
    )
    place.add(matt(cloth((0.55, 0.62, 0.7), rng), 1), robe, thing="robe")
    basket = lathe([(0, 0), (0.19, 0), (0.23, 0.42), (0.22, 0.44), (0.2, 0.42), (0.17, 0.05), (0, 0.05)], 40)
    place.add(matt(cloth((0.62, 0.48, 0.3), rng, 256, 24), 3), basket.at(-1.25, 0, -0.45), thing="basket")
    place.add(matt(cloth((0.9, 0.88, 0.84), rng)), cushion(0.32, 0.2, 0.3, 0.09).at(-1.25, 0.3, -0.45), thing="basket")
