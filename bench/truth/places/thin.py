"""Thin things in a yard: a bicycle, a ladder, a bare tree, a wire basket, a washing line, before a brick wall."""

from __future__ import annotations

import numpy as np

from bench.truth.model import Place, daylight, glossy, matt, metal
from bench.truth.props import painting, tree
from bench.truth.solids import Solid, bar, box, cushion, floor, lathe, sheet, tube, wall
from bench.truth.textures import bricks, checks, cloth, mixed, noise, planks, plaster, stones, wood


def build(rng: np.random.Generator) -> Place:
    """The wall is 3 m behind the bicycle."""
    place = Place(eye=(0.0, 1.35, 3.1), target=(0.0, 0.95, -1.2), fov_deg=58, exposure=1.35, passes=1)
    daylight(place, (-0.5, 0.8, 0.75))
    _yard(place, rng)
    _bicycle(place, np.array([0.15, 0, -0.5]), 14)
    _ladder(place, rng)
    tree(place, rng, (1.75, 0, -0.9), 2.6, (0.9, 0.8, 0.6), "bare tree", 0)
    _line(place, rng)
    _basket(place, rng)
    _railing(place)
    return place


def _yard(place: Place, rng: np.random.Generator) -> None:
    place.add(matt(stones((0.58, 0.55, 0.5), (0.3, 0.28, 0.24), rng, 60), 0.5), floor(400, 400))
    place.add(matt(bricks((0.6, 0.33, 0.24), (0.74, 0.7, 0.64), rng), 0.7), wall(9, 3.3).at(z=-2.6))
    place.add(matt(plaster((0.72, 0.69, 0.62), rng)), box(9.2, 0.12, 0.4).at(0, 3.3, -2.7))
    place.add(
        matt(planks((0.28, 0.42, 0.45), rng, 8, 512)),
        sheet(lambda u, v: (-1.0 + 0.95 * v, 2.05 * u, -2.57), 1, 1),
        thing="door",
    )
    for n, (x, y) in enumerate([(0.55, 1.2), (1.25, 1.3), (-2.0, 1.45)]):
        letters = (np.abs(noise(192, rng, 1.0, 3)) < 0.3) & (np.arange(192) % 24 < 13)[:, None]
        sky = [(0.85, 0.75, 0.5), (0.7, 0.8, 0.85), (0.9, 0.55, 0.4)][n]
        poster = painting(rng, sky, (0.2, 0.3, 0.35))[::1]
        poster[150:] = mixed((0.92, 0.9, 0.84), (0.2, 0.12, 0.12), letters[:106, :].repeat(2, 1)[:, :256].astype(float))
        place.add(
            matt(poster),
            sheet(lambda u, v, x=x, y=y: (x + 0.55 * u, y + 0.75 * v, -2.58), 1, 1, (1, -1)),
            thing=f"poster {n + 1}",
        )


def _bicycle(place: Place, at: np.ndarray, yaw: float) -> None:
    rubber, steel, red = matt((0.05, 0.05, 0.05)), metal((0.85, 0.85, 0.87), 0.2), glossy((0.62, 0.08, 0.07), 0.1)
    angles = np.linspace(0, 2 * np.pi, 49)

    def put(surface: dict, *solids: Solid) -> None:
        place.add(surface, *(s.turned(yaw).at(*at) for s in solids), thing="bicycle")

    for x in (-0.53, 0.53):
        hub = np.array([x, 0.34, 0])
        rim = np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1)
        put(rubber, tube(hub + 0.33 * rim, 0.017, 8))
        put(steel, tube(hub + 0.305 * rim, 0.009, 6), bar(hub + [0, 0, 0.05], hub - [0, 0, 0.05], 0.018))
        put(steel, *(bar(hub + [0, 0, 0.025 * (-1) ** i], hub + 0.3 * rim[2 * i], 0.0022, 5) for i in range(24)))
    rear, front, crank, seat, head = (
        (-0.53, 0.34, 0),
        (0.53, 0.34, 0),
        (-0.06, 0.3, 0),
        (-0.2, 0.82, 0),
        (0.37, 0.78, 0),
    )
    pairs = [
        (rear, crank),
        (rear, seat),
        (crank, seat),
        (crank, (0.4, 0.68, 0)),
        ((-0.18, 0.74, 0), head),
        ((0.34, 0.9, 0), front),
    ]
    put(red, *(bar(a, b, 0.015, 10) for a, b in pairs))
    put(steel, bar((-0.2, 0.8, 0), (-0.225, 0.93, 0), 0.012))
    put(steel, tube([(0.28, 0.98, -0.28), (0.33, 1.0, -0.1), (0.33, 1.0, 0.1), (0.28, 0.98, 0.28)], 0.011))
    put(rubber, cushion(0.26, 0.05, 0.15, 0.022).at(-0.23, 0.92, 0))
    put(
        steel,
        lathe([(0.0, -0.004), (0.09, -0.004), (0.09, 0.004), (0, 0.004)], 30, smooth=False)
        .turned(pitch=90)
        .at(-0.06, 0.3, 0.04),
    )
    put(
        rubber, bar((0.28, 0.98, -0.28), (0.2, 0.975, -0.32), 0.015), bar((0.28, 0.98, 0.28), (0.2, 0.975, 0.32), 0.015)
    )


def _ladder(place: Place, rng: np.random.Generator) -> None:
    feet, top = np.array([-1.55, 0, -1.2]), np.array([-1.45, 2.75, -2.5])
    side = np.array([0.21, 0, 0])
    rails = [bar(feet + s * side, top + s * side, 0.026) for s in (-1, 1)]
    rungs = [
        bar(feet + t * (top - feet) - side, feet + t * (top - feet) + side, 0.015) for t in np.linspace(0.08, 0.95, 10)
    ]
    place.add(matt(wood((0.66, 0.5, 0.3), rng)), *rails, *rungs, thing="ladder")


def _line(place: Place, rng: np.random.Generator) -> None:
    def sag(x: float) -> float:
        return 2.02 + 0.045 * (x - 0.2) ** 2

    place.add(
        matt((0.85, 0.85, 0.8)), tube([(x, sag(x), -1.7) for x in np.linspace(-3, 3, 40)], 0.005, 5), thing="washing"
    )
    for x, wide, high, hue in (
        (-0.62, 0.5, 0.62, (0.82, 0.8, 0.76)),
        (0.02, 0.34, 0.5, (0.3, 0.45, 0.6)),
        (0.5, 0.62, 0.42, None),
    ):
        woven = checks((0.85, 0.8, 0.7), (0.75, 0.3, 0.25), rng) if hue is None else cloth(hue, rng)
        hung = sheet(
            lambda u, v, x=x, w=wide, h=high: (
                x + w * (u - 0.5),
                sag(x) - h * (1 - v),
                -1.7 + 0.03 * np.sin(17 * u) * (1 - v),
            ),
            30,
            8,
            (1, 1),
        )
        place.add(matt(woven), hung, thing="washing")


def _basket(place: Place, rng: np.random.Generator) -> None:
    at = np.array([-0.85, 0, 0.55])
    wire = metal((0.7, 0.72, 0.72), 0.3)
    angles = np.linspace(0, 2 * np.pi, 37)
    rings = [
        np.stack([r * np.cos(angles), 0 * angles + y, r * np.sin(angles)], 1)
        for r, y in ((0.15, 0.01), (0.17, 0.12), (0.19, 0.23), (0.21, 0.34))
    ]
    ribs = [bar(rings[0][i], rings[-1][i], 0.003, 5) for i in range(0, 36, 2)]
    hoop = tube([(0.21 * np.cos(a), 0.34 + 0.2 * np.sin(a), 0) for a in np.linspace(0, np.pi, 20)], 0.005, 6)
    place.add(
        wire, *(tube(r, 0.004, 6).at(*at) for r in rings), *(r.at(*at) for r in ribs), hoop.at(*at), thing="basket"
    )
    pegs = [
        box(0.02, 0.012, 0.09)
        .turned(*rng.uniform(0, 180, 3))
        .at(*(at + rng.normal(0, 0.05, 3) * [1, 0.4, 1] + [0, 0.07, 0]))
        for _ in range(60)
    ]
    place.add(matt((0.8, 0.66, 0.42)), *pegs, thing="basket")
    brush = [
        bar((0.75, 0, 0.55), (1.12, 1.35, -0.1), 0.012),
        cushion(0.3, 0.12, 0.07, 0.02).turned(-20, 20).at(0.74, 0, 0.56),
    ]
    place.add(matt(wood((0.7, 0.55, 0.35), rng)), brush[0], thing="broom")
    place.add(matt(cloth((0.75, 0.62, 0.3), rng)), brush[1], thing="broom")


def _railing(place: Place) -> None:
    iron = glossy((0.06, 0.07, 0.07), 0.3)
    posts = [bar((x, 0, 1.35), (x, 0.78, 1.35), 0.007, 6) for x in np.arange(0.5, 1.3, 0.1)]
    rails = [bar((0.45, y, 1.35), (1.35, y, 1.35), 0.011, 6) for y in (0.08, 0.74)]
    place.add(iron, *posts, *rails, thing="railing")
