"""What rooms are furnished with."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import Mesh, ball, box, grid_faces, lathe, panel, tube
from training.things.objects import any_object
from training.world import Part


def _wood(rng: np.random.Generator) -> Material:
    return Material(
        textures.planks(rng) if rng.random() < 0.6 else textures.flat(rng),
        rng.uniform(0.6, 1.4),
        shine=rng.choice([0, 0, 0.04]),
    )


def _cloth(rng: np.random.Generator) -> Material:
    kind = (textures.flat, textures.flat, textures.fabric, textures.stripes)[rng.integers(4)]
    return Material(kind(rng), rng.uniform(0.4, 1.2), bump=0.05)


def _legs(width: float, depth: float, height: float, thick: float, material: Material) -> list[Part]:
    return [
        (box(thick, height, thick).moved((x * (width / 2 - thick), 0, z * (depth / 2 - thick))), material)
        for x in (-1, 1)
        for z in (-1, 1)
    ]


def table(rng: np.random.Generator, laid: float = 0.7) -> list[Part]:
    """A table, round or square, often with things on it."""
    w, d, h = rng.uniform(0.6, 2.2), rng.uniform(0.6, 1.1), rng.uniform(0.4, 0.8)
    wood = _wood(rng)
    if rng.random() < 0.25:
        parts: list[Part] = [
            (lathe([0.01, w / 2, w / 2, 0.01], [h - 0.04, h - 0.04, h, h], 24, smooth=False), wood),
            (lathe([w * 0.25, 0.05, 0.05], [0, 0.05, h], 12), wood),
        ]
        d = w
    else:
        parts = [(box(w, 0.045, d).moved((0, -h + 0.045, 0)), wood), *_legs(w, d, h, rng.uniform(0.04, 0.09), wood)]
        if rng.random() < 0.2:
            parts.append(
                (
                    box(w * 1.02, rng.uniform(0.05, h * 0.6), d * 1.02).moved((0, -h + rng.uniform(0.05, 0.3), 0)),
                    _cloth(rng),
                )
            )
    if rng.random() < laid:
        for _ in range(rng.integers(1, 7)):
            at = (rng.uniform(-0.38, 0.38) * w, -h, rng.uniform(-0.36, 0.36) * d)
            parts += [(m.moved(at), look) for m, look in any_object(rng, rng.uniform(0.08, 0.35))]
    return parts


def chair(rng: np.random.Generator) -> list[Part]:
    """A chair or stool, looking along -z."""
    wood, h, w = _wood(rng), rng.uniform(0.4, 0.5), rng.uniform(0.38, 0.55)
    parts: list[Part] = [
        (box(w, 0.06, w).moved((0, -h, 0)), _cloth(rng) if rng.random() < 0.5 else wood),
        *_legs(w, w, h, 0.045, wood),
    ]
    if rng.random() < 0.85:
        back = rng.uniform(0.35, 0.65)
        if rng.random() < 0.5:
            parts.append((box(w, back, 0.04).moved((0, -h, w / 2)), wood))
        else:
            parts += [(box(0.04, back, 0.04).moved((x * w / 2, -h, w / 2)), wood) for x in (-0.95, -0.4, 0, 0.4, 0.95)]
            parts.append((box(w, 0.08, 0.04).moved((0, -h - back, w / 2)), wood))
    return parts


def sofa(rng: np.random.Generator) -> list[Part]:
    """A sofa or armchair with cushions, looking along -z."""
    cloth, w, h = _cloth(rng), rng.uniform(0.8, 2.6), rng.uniform(0.7, 0.95)
    parts: list[Part] = [(box(w, 0.4, 0.85), cloth), (box(w, h, 0.22).moved((0, 0, 0.4)), cloth)]
    parts += [(box(0.2, rng.uniform(0.5, 0.65), 0.9).moved((s * w / 2, 0, 0)), cloth) for s in (-1, 1)]
    for _ in range(rng.integers(0, 4)):
        at = (rng.uniform(-0.4, 0.4) * w, -0.6, 0.2)
        parts.append((ball((0.22, 0.2, 0.09), 9).moved(at, None), _cloth(rng)))
    return parts


def shelf(rng: np.random.Generator) -> list[Part]:
    """A shelf against a wall at z = 0, full of books and things, looking along -z."""
    wood, w, h, d = _wood(rng), rng.uniform(0.6, 2.4), rng.uniform(0.8, 2.4), 0.32
    n = rng.integers(2, 7)
    parts: list[Part] = [(box(w, h, 0.03), wood)]
    parts += [(box(0.03, h, d).moved((s * w / 2, 0, -d / 2)), wood) for s in (-1, 1)]
    for k in range(n + 1):
        parts.append((box(w, 0.03, d).moved((0, -h * k / n, -d / 2)), wood))
        x = -w / 2 + 0.06
        while k < n and x < w / 2 - 0.15:
            room = h / n - 0.06
            if rng.random() < 0.75:
                for _ in range(rng.integers(2, 9)):
                    thick = rng.uniform(0.02, 0.06)
                    if x > w / 2 - 0.1:
                        break
                    parts.append(
                        (
                            box(thick, room * rng.uniform(0.55, 0.95), 0.2).moved(
                                (x + thick / 2, -h * k / n - 0.03, -d / 2)
                            ),
                            plain(textures.colour(rng)),
                        )
                    )
                    x += thick + 0.002
            else:
                size = min(room * 0.9, rng.uniform(0.1, 0.35))
                parts += [
                    (m.moved((x + size / 2, -h * k / n - 0.03, -d / 2)), look) for m, look in any_object(rng, size)
                ]
                x += size
            x += rng.choice([0.02, 0.15])
    return parts


def cupboard(rng: np.random.Generator) -> list[Part]:
    """A wardrobe, chest of drawers or kitchen unit, looking along -z."""
    wood, w, h, d = (
        _wood(rng),
        rng.uniform(0.5, 2.4),
        rng.choice([rng.uniform(0.6, 1.0), rng.uniform(1.6, 2.2)]),
        rng.uniform(0.35, 0.65),
    )
    parts: list[Part] = [(box(w, h, d), wood)]
    columns, rows = max(1, round(w / 0.55)), rng.integers(1, 5)
    for i in range(columns):
        for j in range(rows):
            x, foot = (i + 0.5) * w / columns - w / 2, -(j + 0.06) * h / rows
            parts.append((box(w / columns * 0.9, h / rows * 0.88, 0.02).moved((x, foot, -d / 2 - 0.01)), wood))
            parts.append(
                (
                    ball(0.018 * np.ones(3), 6).moved((x, foot - h / rows * 0.45, -d / 2 - 0.035)),
                    plain((0.6, 0.58, 0.5)),
                )
            )
    if h < 1.2:
        parts.append((box(w + 0.04, 0.03, d + 0.03).moved((0, -h, 0)), Material(textures.marble(rng), 1.0, shine=0.05)))
        for _ in range(rng.integers(0, 5)):
            at = (rng.uniform(-0.42, 0.42) * w, -h - 0.03, rng.uniform(-0.2, 0.2) * d)
            parts += [(m.moved(at), look) for m, look in any_object(rng, rng.uniform(0.1, 0.4))]
    return parts


def bed(rng: np.random.Generator) -> list[Part]:
    """A bed, its head at +z."""
    w, wood = rng.uniform(0.9, 2.0), _wood(rng)
    parts: list[Part] = [
        (box(w, 0.3, 2.05), wood),
        (box(w * 0.98, 0.22, 2.0).moved((0, -0.3, 0)), plain((0.92, 0.91, 0.88))),
    ]
    parts.append((box(w * 1.04, 0.27, 1.45).moved((0, -0.28, -0.3)), _cloth(rng)))
    parts.append((box(w, rng.uniform(0.8, 1.3), 0.07).moved((0, 0, 1.04)), wood))
    for x in (-0.24, 0.24) if w > 1.3 else (0.0,):
        parts.append(
            (ball((0.32, 0.11, 0.2), 10).moved((x * w, -0.6, 0.75)), plain(textures.colour(rng, 0.1) * 0.3 + 0.65))
        )
    return parts


def lamp(rng: np.random.Generator) -> list[Part]:
    """A standing lamp."""
    h, shade = rng.uniform(1.3, 1.8), plain(np.array((0.95, 0.85, 0.65)), glow=rng.choice([0.0, 0.6]))
    r = rng.uniform(0.12, 0.25)
    return [
        (lathe([0.16, 0.015, 0.015], [0, 0.03, h], 12), plain((0.25, 0.22, 0.2))),
        (lathe([r, r * 0.65], [h - 0.05, h + 0.3], 16), shade),
    ]


def picture(rng: np.random.Generator, width: float, height: float) -> list[Part]:
    """A framed picture or mirror on a wall at z = 0."""
    seen = Material(textures.anything(rng) if rng.random() < 0.5 else textures.poster(rng), max(width, height))
    if rng.random() < 0.1:
        seen = plain((0.8, 0.82, 0.85), shine=0.8)
    return [
        (box(width + 0.08, height + 0.08, 0.03).moved((0, 0.04, -0.015)), plain(textures.colour(rng, 0.3))),
        (panel(width, height).moved((0, 0, -0.035)), seen),
    ]


def window(rng: np.random.Generator, width: float, height: float) -> list[Part]:
    """A bright window on a wall at z = 0, at times with curtains."""
    light, frame = plain(np.array((0.9, 0.95, 1.0)), glow=rng.uniform(0.8, 3)), plain(textures.colour(rng, 0.1))
    parts: list[Part] = [(panel(width, height).moved((0, 0, -0.02)), light)]
    parts += [(box(0.06, height, 0.06).moved((x * width / 2, 0, -0.03)), frame) for x in (-1, 0, 1)]
    parts += [(box(width, 0.06, 0.06).moved((0, -y * height, -0.03)), frame) for y in (0, 0.55, 1)]
    if rng.random() < 0.6:
        cloth, fold = _cloth(rng), np.linspace(0, 1, 24)
        for side in (-1, 1):
            x = side * (width * 0.5 + (fold - 0.3) * width * 0.3)
            wave = np.stack([x, np.zeros(24), -0.12 - 0.04 * np.sin(fold * 40)], -1)
            drape = np.concatenate([wave - (0, height * 1.1, 0), wave + (0, height * rng.choice([0.1, 0.7]), 0)])
            parts.append((Mesh(drape, grid_faces(2, 24), smooth=True), cloth))
    return parts


def desk_screen(rng: np.random.Generator) -> list[Part]:
    """A screen on a foot."""
    w = rng.uniform(0.4, 1.3)
    seen = Material(textures.poster(rng), w, glow=0.7) if rng.random() < 0.5 else plain((0.03, 0.03, 0.035), shine=0.08)
    return [
        (box(w, w * 0.58, 0.03).moved((0, -0.12, 0)), plain((0.07, 0.07, 0.07))),
        (panel(w * 0.96, w * 0.54).moved((0, -0.13, -0.02)), seen),
        (box(w * 0.3, 0.12, 0.15), plain((0.1, 0.1, 0.1))),
    ]


def hanging_lamp(rng: np.random.Generator, drop: float) -> list[Part]:
    """A lamp hanging from y = 0 downwards."""
    r, shade = rng.uniform(0.12, 0.35), plain(textures.colour(rng, 0.3), glow=rng.choice([0.0, 0.8]))
    body = lathe([r, r * 0.3, 0.02], [0, r * rng.uniform(0.4, 1.2), r * 1.3], 16).moved((0, drop + r * 1.3, 0))
    return [(tube([(0, 0, 0), (0, drop, 0)], 0.01, 5), plain((0.1, 0.1, 0.1))), (body, shade)]


STANDING = (table, table, chair, chair, sofa, bed, lamp, cupboard, shelf)
AT_WALLS = (shelf, cupboard, cupboard, sofa, bed)
