"""Houses, towers, temples, walls, and what stands in streets."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import Mesh, ball, box, frustum, gable, grid_faces, lathe, panel, prism, tube
from training.world import Part

PANE = plain((0.16, 0.2, 0.25), shine=0.2)


def _wall(rng: np.random.Generator) -> Material:
    kind = rng.choice(["plaster", "bricks", "planks", "stone", "colour"], p=[0.3, 0.25, 0.12, 0.13, 0.2])
    if kind == "bricks":
        return Material(textures.bricks(rng), rng.uniform(1.0, 3.0), bump=0.1)
    if kind == "planks":
        return Material(textures.planks(rng), rng.uniform(1.2, 3.0))
    if kind == "stone":
        return Material(textures.pebbles(rng), rng.uniform(1.5, 4.0), bump=0.15)
    return Material(textures.of("plaster", "concrete")(rng) if kind == "plaster" else textures.flat(rng), 3.0)


def _roof(rng: np.random.Generator) -> Material:
    return Material(
        textures.shingles(rng) if rng.random() < 0.75 else textures.of("hay", "metal", "wood")(rng),
        rng.uniform(1.5, 3.5),
        bump=0.1,
    )


def house(rng: np.random.Generator, width: float, height: float, depth: float) -> list[Part]:
    """A house, its front towards -z: windows and doors that stand out or lie back, a roof, a chimney."""
    wall, roof = _wall(rng), _roof(rng)
    parts: list[Part] = [(box(width, height, depth), wall)]
    parts += _openings(rng, width, height, depth)
    over = rng.uniform(0.2, 0.7)
    if rng.random() < 0.72:
        rise = width * rng.uniform(0.2, 0.5)
        if rng.random() < 0.25:
            parts.append((frustum(width + over, rise, depth + over, 0.15).moved((0, -height, 0)), roof))
        else:
            turn = np.eye(3) if rng.random() < 0.5 else np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
            size = (width, depth) if turn[0, 0] else (depth, width)
            parts.append((gable(size[0] + over, rise, size[1] + over).moved((0, -height + 0.02, 0), turn), roof))
            parts.append((gable(size[0] - 0.02, rise * 0.94, size[1] - 0.02).moved((0, -height, 0), turn), wall))
        if rng.random() < 0.5:
            parts.append(
                (
                    box(0.6, rise * 1.1 + 0.5, 0.6).moved(
                        (rng.uniform(-0.3, 0.3) * width, -height, rng.uniform(-0.2, 0.2) * depth)
                    ),
                    Material(textures.bricks(rng), 1.0),
                )
            )
    else:
        parts.append((box(width + 0.3, 0.35, depth + 0.3).moved((0, -height, 0)), plain(textures.colour(rng, 0.1))))
    return parts


def _openings(rng: np.random.Generator, width: float, height: float, depth: float) -> list[Part]:
    frame, pane = plain(textures.colour(rng, 0.15)), PANE if rng.random() < 0.8 else plain((1.0, 0.85, 0.55), glow=0.6)
    storey, bay = rng.uniform(2.6, 3.4), rng.uniform(1.8, 3.6)
    floors, bays = max(1, int(height / storey)), max(1, int(width / bay))
    wide, high = bay * rng.uniform(0.3, 0.6), storey * rng.uniform(0.4, 0.65)
    shutters, balcony = rng.random() < 0.25, rng.random() < 0.2
    parts: list[Part] = []
    for level in range(floors):
        for k in range(bays):
            x, foot = (k + 0.5) * width / bays - width / 2, -level * storey - 0.9
            if level == 0 and k == bays // 2:
                parts.append((box(1.1, 2.2, 0.1).moved((x, 0, -depth / 2)), plain(textures.colour(rng))))
                continue
            for side in (-1, 1):
                z = side * depth / 2
                parts.append((box(wide + 0.2, high + 0.2, 0.14).moved((x, foot + 0.1, z)), frame))
                parts.append((box(wide, high, 0.17).moved((x, foot, z)), pane))
                if side < 0 and shutters:
                    parts += [
                        (box(wide * 0.45, high, 0.1).moved((x + s * wide * 0.78, foot, z)), frame) for s in (-1, 1)
                    ]
            if balcony and level:
                parts.append((box(wide * 1.8, 0.12, 0.9).moved((x, foot + 0.5, -depth / 2 - 0.45)), frame))
                parts.append((box(wide * 1.8, 0.9, 0.05).moved((x, foot + 0.45, -depth / 2 - 0.88)), frame))
    for k in range(max(1, int(depth / bay))):
        z = (k + 0.5) * depth / max(1, int(depth / bay)) - depth / 2
        for level in range(floors):
            for side in (-1, 1):
                parts.append((box(0.16, high, wide).moved((side * width / 2, -level * storey - 0.9, z)), pane))
    return parts


def block(rng: np.random.Generator, width: float, height: float, depth: float) -> list[Part]:
    """A town house or tower block; its windows are painted on."""
    front = Material(textures.facade(rng), rng.uniform(6, 14), shine=rng.choice([0.0, 0.0, 0.12]))
    parts: list[Part] = [
        (box(width, height, depth), front),
        (box(width + 0.4, 0.5, depth + 0.4).moved((0, -height, 0)), plain(textures.colour(rng, 0.1))),
    ]
    if rng.random() < 0.5:
        parts.append((box(width * rng.uniform(0.2, 0.7), rng.uniform(1, 8), depth * 0.5).moved((0, -height, 0)), front))
    if rng.random() < 0.5:
        sign = Material(textures.poster(rng), rng.uniform(1, 3))
        parts.append((box(width * 0.9, 0.9, 0.4).moved((0, -3.0, -depth / 2 - 0.1)), sign))
        awning = np.array([(0, -0.5), (1.3, 0.0), (1.25, 0.06), (0, -0.4)])
        turn = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
        parts.append(
            (prism(awning, width * 0.8).moved((0, -2.5, -depth / 2), turn), Material(textures.stripes(rng), 1.0))
        )
    return parts


def tower(rng: np.random.Generator, height: float) -> list[Part]:
    """A church tower, castle tower, lighthouse or chimney."""
    wall, r = _wall(rng), height * rng.uniform(0.06, 0.16)
    if rng.random() < 0.5:
        parts: list[Part] = [(lathe([r * 1.15, r, r * 0.9], [0, height * 0.5, height], 18), wall)]
        parts.append(
            (lathe([r * 1.2, r * 1.2, 0.01], [height, height * 1.02, height * rng.uniform(1.05, 1.4)], 18), _roof(rng))
        )
    else:
        parts = [
            (box(2 * r, height, 2 * r), wall),
            (frustum(2.3 * r, height * rng.uniform(0.1, 0.6), 2.3 * r).moved((0, -height, 0)), _roof(rng)),
        ]
        parts += [(box(r * 0.5, r, r * 2.05).moved((0, -height * t, 0)), PANE) for t in (0.85, 0.5, 0.3)]
    return parts


def pagoda(rng: np.random.Generator, height: float, storeys: int | None = None) -> list[Part]:
    """A tower of roofs with eaves that curve up; one storey is a temple hall."""
    n = storeys or int(rng.integers(1, 8))
    wall, roof, pillar = (
        _wall(rng),
        _roof(rng),
        plain(np.array((0.6, 0.15, 0.1)) if rng.random() < 0.5 else textures.colour(rng, 0.4)),
    )
    each, width = height / (n + 0.5), height * (rng.uniform(0.25, 0.5) if n > 1 else rng.uniform(1.2, 2.4))
    depth, parts = width * rng.uniform(0.6, 1), []
    parts.append((box(width * 1.25, each * 0.15, depth * 1.25), Material(textures.bricks(rng), 2)))
    for k in range(n):
        w, d, foot = width * 0.88**k, depth * 0.88**k, -each * (k + 0.12)
        parts.append((box(w * 0.8, each * 0.75, d * 0.8).moved((0, foot, 0)), wall))
        for x in np.linspace(-0.45, 0.45, 6) * w:
            parts.append((lathe([0.02 * w, 0.02 * w], [0, each * 0.75], 8).moved((x, foot, -d * 0.45)), pillar))
        rise = each * (0.45 if k < n - 1 else 0.75)
        parts.append(
            (
                frustum(w * 1.35, rise, d * 1.35, 0.55 if k < n - 1 else 0.1, each * 0.16).moved(
                    (0, foot - each * 0.6, 0)
                ),
                roof,
            )
        )
    parts.append((tube([(0, -height, 0), (0, -height * 1.12, 0)], height * 0.01, 6), pillar))
    return parts


def gate(rng: np.random.Generator, height: float) -> list[Part]:
    """Two posts and a beam: a torii, a portal, a goal."""
    paint, wide = plain((0.7, 0.2, 0.12)) if rng.random() < 0.6 else _wall(rng), height * rng.uniform(0.8, 1.2)
    t = height * rng.uniform(0.04, 0.09)
    parts: list[Part] = [(lathe([t, t * 0.9], [0, height], 10).moved((s * wide / 2, 0, 0)), paint) for s in (-1, 1)]
    parts.append((box(wide * 1.5, t * 2, t * 2.2).moved((0, -height, 0)), paint))
    parts.append((box(wide * 1.1, t * 1.4, t * 1.5).moved((0, -height * 0.8, 0)), paint))
    return parts


def column(rng: np.random.Generator, height: float, stone: Material | None = None) -> list[Part]:
    """A column with base and capital, at times broken off."""
    stone = stone or Material(
        textures.marble(rng) if rng.random() < 0.5 else textures.of("plaster", "rock", "sand")(rng), 1.5, bump=0.15
    )
    r, top = height * rng.uniform(0.05, 0.09), height * (1.0 if rng.random() < 0.8 else rng.uniform(0.3, 0.8))
    parts: list[Part] = [(lathe([r * 1.4, r * 1.4, r, r * 0.85], [0, r * 0.5, r * 0.8, top], 18), stone)]
    if top == height:
        parts.append((lathe([r * 0.85, r * 1.3, r * 1.3], [top - r, top - r * 0.4, top], 18), stone))
        parts.append((box(r * 2.8, r * 0.5, r * 2.8).moved((0, -top, 0)), stone))
    return parts


def arcade(
    rng: np.random.Generator, width: float, height: float, bays: int, stone: Material | None = None
) -> list[Part]:
    """A row of round arches across, `bays` of them: a bridge, a cloister, an aqueduct."""
    stone = stone or _wall(rng)
    bay, phi, parts = width / bays, np.linspace(0, np.pi, 13), []
    r, thick = bay * rng.uniform(0.34, 0.42), rng.uniform(0.3, 0.8)
    spring = height - r - height * rng.uniform(0.08, 0.2)
    for k in range(bays):
        x0 = (k + 0.5) * bay - width / 2
        arc = np.r_[[(x0 - r, 0)], np.c_[x0 - r * np.cos(phi), -spring - r * np.sin(phi)], [(x0 + r, 0)]]
        out = np.r_[
            [(x0 - bay / 2, 0)],
            np.c_[np.linspace(x0 - bay / 2, x0 + bay / 2, 13), np.full(13, -height)],
            [(x0 + bay / 2, 0)],
        ]
        rings = [
            np.c_[ring, np.full(len(ring), z)]
            for ring, z in ((out, -thick), (arc, -thick), (arc, thick), (out, thick), (out, -thick))
        ]
        parts.append((Mesh(np.concatenate(rings), grid_faces(5, len(arc))), stone))
    return parts


def fence(rng: np.random.Generator, width: float, height: float) -> list[Part]:
    """Posts and rails, or pales, across."""
    wood = Material(textures.planks(rng), 0.8) if rng.random() < 0.6 else plain(textures.colour(rng, 0.1))
    step = rng.choice([0.14, 0.3, 1.5])
    parts: list[Part] = [
        (box(min(0.1, step * 0.6), height, 0.03).moved((x, 0, 0)), wood) for x in np.arange(-width / 2, width / 2, step)
    ]
    return parts + [(box(width, 0.07, 0.04).moved((0, -height * t, 0.03)), wood) for t in (0.3, 0.75)]


def wall(rng: np.random.Generator, width: float, height: float, thick: float = 0.4) -> list[Part]:
    """A free-standing wall, at times with battlements."""
    stone, parts = _wall(rng), []
    parts.append((box(width, height, thick), stone))
    if rng.random() < 0.3:
        parts += [
            (box(height * 0.12, height * 0.15, thick).moved((x, -height, 0)), stone)
            for x in np.arange(-width / 2, width / 2, height * 0.25)
        ]
    return parts


def lamp_post(rng: np.random.Generator, height: float) -> list[Part]:
    """A street lamp, a traffic light or a sign on a post."""
    metal, kind = plain(textures.colour(rng, 0.1) * 0.5), rng.integers(3)
    parts: list[Part] = [(lathe([0.07, 0.05], [0, height], 8), metal)]
    if kind == 0:
        parts += [
            (tube([(0, -height, 0), (0.5, -height - 0.2, 0), (1.1, -height - 0.15, 0)], 0.035, 6), metal),
            (box(0.5, 0.1, 0.2).moved((1.2, -height - 0.1, 0)), plain((1, 0.95, 0.8), glow=0.6)),
        ]
    elif kind == 1:
        parts.append((box(0.3, 0.9, 0.25).moved((0, -height, 0)), plain((0.1, 0.1, 0.1))))
        parts += [
            (ball(0.1 * np.ones(3), 8).moved((0, -height - 0.2 - 0.25 * k, -0.12)), plain(c, glow=0.4))
            for k, c in enumerate(((0.2, 0.7, 0.3), (0.8, 0.6, 0.1), (0.8, 0.1, 0.1)))
        ]
    else:
        parts.append(
            (
                panel(rng.uniform(0.5, 1.6), rng.uniform(0.4, 1.0)).moved((0, -height, -0.06)),
                Material(textures.poster(rng), 0.9),
            )
        )
    return parts


def bench(rng: np.random.Generator) -> list[Part]:
    """A bench, looking along -z."""
    wood = Material(textures.planks(rng), 0.9)
    parts: list[Part] = [
        (box(1.6, 0.05, 0.45).moved((0, -0.42, 0)), wood),
        (box(1.6, 0.35, 0.05).moved((0, -0.55, 0.22)), wood),
    ]
    return parts + [(box(0.08, 0.45, 0.45).moved((s * 0.65, 0, 0)), plain((0.2, 0.2, 0.2))) for s in (-1, 1)]


def statue(rng: np.random.Generator, height: float) -> list[Part]:
    """A figure of stone or metal on a base."""
    from training.things.animals import beast
    from training.things.people import anyone

    stone = Material(textures.of("rock", "plaster", "metal", "clay", "dark_rock")(rng), 0.8, bump=0.2)
    base = height * rng.uniform(0.1, 0.6)
    figure = anyone(rng, height) if rng.random() < 0.75 else beast(rng, height * 0.8)
    return [(box(height * 0.5, base, height * 0.5), stone)] + [(m.moved((0, -base, 0)), stone) for m, _ in figure]
