"""Small things: what lies on tables, in kitchens, in shops, in the hand."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import Mesh, ball, box, grid_faces, lathe, prism, tube, turned
from training.world import Part


def _glaze(rng: np.random.Generator, size: float) -> Material:
    return Material(
        textures.anything(rng) if rng.random() < 0.5 else textures.flat(rng),
        size * rng.uniform(0.5, 2),
        shine=rng.choice([0, 0.05, 0.12]),
    )


def vessel(rng: np.random.Generator, size: float) -> list[Part]:
    """A vase, bottle, jug or pot: any smooth profile."""
    n, t = rng.integers(4, 8), np.linspace(0, 1, 24)
    knots = np.clip(0.3 + 0.13 * np.cumsum(rng.standard_normal(n)), 0.08, 0.6)
    profile = size * 0.7 * np.interp(t, np.linspace(0, 1, n), knots)
    profile = np.convolve(np.pad(profile, 3, mode="edge"), np.ones(7) / 7, "valid")
    high = size * rng.uniform(0.6, 1.6)
    outside = lathe(np.r_[0.001, profile, profile[-1] * 0.85, 0.001], np.r_[0, t * high, high, high * 0.3], 20)
    parts: list[Part] = [(outside, _glaze(rng, size))]
    if rng.random() < 0.3:
        phi, r = np.linspace(0.5, np.pi - 0.5, 9), profile[12]
        ring = np.c_[r * 0.9 + size * 0.25 * np.sin(phi), -high * 0.5 - size * 0.25 * np.cos(phi), 0 * phi]
        parts.append((tube(ring, size * 0.035, 7), parts[0][1]))
    return parts


def cup(rng: np.random.Generator, size: float) -> list[Part]:
    """A cup or mug, at times on a saucer, filled."""
    glaze, r, h = _glaze(rng, size), size * 0.4, size * rng.uniform(0.5, 1.0)
    parts: list[Part] = [
        (lathe([r * 0.6, r * rng.uniform(0.7, 1), r, r * 0.92, r * 0.85], [0, h * 0.3, h, h, h * 0.75], 20), glaze)
    ]
    parts.append(
        (lathe([r * 0.86, 0.001], [h * 0.82, h * 0.82], 16), plain(textures.colour(rng, 0.6) * 0.5, shine=0.08))
    )
    phi = np.linspace(-1.3, 1.3, 9)
    parts.append(
        (tube(np.c_[r * 0.9 + r * 0.5 * np.cos(phi), -h * 0.5 + h * 0.3 * np.sin(phi), 0 * phi], r * 0.1, 6), glaze)
    )
    if rng.random() < 0.4:
        parts.append((lathe([r * 0.8, r * 1.8, r * 1.85], [0.01 * size, 0.06 * size, 0.1 * size], 22), glaze))
    return parts


def bowl(rng: np.random.Generator, size: float) -> list[Part]:
    """A bowl or plate with food or fruit in it."""
    r, h = size * 0.55, size * rng.uniform(0.08, 0.4)
    parts: list[Part] = [
        (
            lathe([r * 0.4, r * 0.8, r, r * 0.95, r * 0.6, 0.001], [0, h * 0.3, h, h, h * 0.35, h * 0.2], 22),
            _glaze(rng, size),
        )
    ]
    look = Material(
        textures.natural(rng, str(rng.choice(["leaf", "autumn", "sand", "clay", "skin", "hay", "fresh_leaf"]))),
        size * 0.5,
    )
    for _ in range(rng.integers(0, 9)):
        q = r * rng.uniform(0.12, 0.35)
        look = look if rng.random() < 0.7 else plain(textures.colour(rng, 0.8))
        at = (rng.normal(0, 0.3) * r, -h * 0.4 - q * 0.6, rng.normal(0, 0.3) * r)
        parts.append((ball(q * rng.uniform(0.6, 1.1, 3), 9, 0.05, rng).moved(at), look))
    return parts


def book(rng: np.random.Generator, size: float) -> list[Part]:
    """A book, or a few, lying or standing."""
    parts: list[Part] = []
    if rng.random() < 0.35:
        return [(box(size * 0.7, size, size * 0.15), Material(textures.poster(rng), size))]
    up = 0.0
    for _ in range(rng.integers(1, 6)):
        thick, turn = size * rng.uniform(0.05, 0.2), turned(rng.normal(0, 0.3))
        cover = Material(textures.poster(rng) if rng.random() < 0.5 else textures.flat(rng), size)
        parts.append((box(size, thick, size * 0.72).moved((0, -up, 0), turn), cover))
        parts.append(
            (
                box(size * 1.002, thick * 0.7, size * 0.7).moved((0.01 * size, -up - thick * 0.15, 0), turn),
                plain((0.9, 0.87, 0.78)),
            )
        )
        up += thick
    return parts


def carton(rng: np.random.Generator, size: float) -> list[Part]:
    """A box, case or parcel."""
    w, h, d = size * rng.uniform(0.4, 1.2, 3)
    return [(box(w, h, d), Material(textures.poster(rng) if rng.random() < 0.4 else textures.anything(rng), size))]


def fruit(rng: np.random.Generator, size: float) -> list[Part]:
    """Apples, oranges, lemons, in a heap of one to nine."""
    skin = Material(
        textures.natural(rng, str(rng.choice(["autumn", "leaf", "hay", "clay", "fresh_leaf"]))), size, shine=0.04
    )
    if rng.random() < 0.5:
        skin = Material(textures.flat(rng), size, tint=textures.colour(rng, 0.8), shine=0.04)
    r, parts = size * rng.uniform(0.2, 0.45), []
    for k in range(rng.choice([1, 1, 2, 3, 6])):
        at = (0, -r, 0) if k == 0 else (rng.normal(0, 1.5) * r, -r, rng.normal(0, 1.5) * r)
        parts.append((ball(r * np.array((1, rng.uniform(0.8, 1.15), 1)), 12).moved(at), skin))
        parts.append(
            (
                tube([(at[0], at[1] - r * 0.85, at[2]), (at[0] + r * 0.1, at[1] - r * 1.25, at[2])], r * 0.06, 5),
                plain((0.3, 0.2, 0.1)),
            )
        )
    return parts


def gourd(rng: np.random.Generator, size: float) -> list[Part]:
    """A pumpkin, melon, cactus or lantern: a ball with ribs."""
    ribs, deep = rng.integers(6, 15), rng.uniform(0.03, 0.14)
    theta, phi = np.meshgrid(
        np.linspace(0.01, np.pi - 0.01, 14), np.linspace(0, 2 * np.pi, 8 * ribs + 1), indexing="ij"
    )
    r = size * 0.55 * (1 - deep + deep * np.abs(np.cos(phi * ribs / 2)) ** 0.5) * np.sin(theta) ** 0.8
    flat = rng.uniform(0.55, 1.2) * size * 0.45
    points = np.stack([r * np.cos(phi), -flat * (1 + np.cos(theta)), r * np.sin(phi)], -1)
    tone = np.array((0.9, 0.45, 0.1)) if rng.random() < 0.5 else textures.colour(rng, 0.7)
    skin = Material(
        (tone * (0.8 + 0.35 * np.asarray(textures.natural(rng, "sand")).mean(2, keepdims=True))).clip(0, 1),
        size,
        bump=0.1,
    )
    stem = tube(
        [(0, -2 * flat * 0.95, 0), (size * 0.03, -2 * flat - size * 0.12, 0), (size * 0.1, -2 * flat - size * 0.18, 0)],
        [size * 0.07, size * 0.05, size * 0.04],
        7,
    )
    return [
        (Mesh(points.reshape(-1, 3), grid_faces(14, 8 * ribs + 1), smooth=True), skin),
        (stem, plain((0.4, 0.38, 0.2))),
    ]


def candle(rng: np.random.Generator, size: float) -> list[Part]:
    """A candle or a small tower of rings."""
    r = size * rng.uniform(0.06, 0.2)
    return [
        (lathe([r, r, 0.001], [0, size, size], 14), plain(textures.colour(rng, 0.2))),
        (ball((r * 0.25, r * 0.7, r * 0.25), 7).moved((0, -size - r * 0.6, 0)), plain((1, 0.8, 0.4), glow=3)),
    ]


def toy(rng: np.random.Generator, size: float) -> list[Part]:
    """A figure, a car, an animal, made small."""
    from training.things.animals import beast, bird
    from training.things.people import anyone
    from training.things.vehicles import car

    kind = rng.integers(4)
    parts = [
        lambda: anyone(rng, size * 1.2),
        lambda: beast(rng, size * 0.8),
        lambda: bird(rng, size),
        lambda: [(m.moved(scale=size / 4), p) for m, p in car(rng)],
    ][kind]()
    paint = _glaze(rng, size)
    return [(m, paint if kind < 3 and rng.random() < 0.3 else look) for m, look in parts]


def gadget(rng: np.random.Generator, size: float) -> list[Part]:
    """An open laptop, a telephone, a radio."""
    shell = plain(textures.colour(rng, 0.1), shine=0.05)
    if rng.random() < 0.5:
        lid = box(size, size * 0.65, size * 0.03).moved((0, -size * 0.03, size * 0.33), turned(0, 0.25))
        return [(box(size, size * 0.04, size * 0.68), shell), (lid, Material(textures.poster(rng), size, glow=0.5))]
    return [
        (box(size * 0.8, size * 0.45, size * 0.25), shell),
        (
            ball(np.array((0.15, 0.15, 0.02)) * size, 10).moved((size * 0.2, -size * 0.22, -size * 0.12)),
            plain((0.1, 0.1, 0.1)),
        ),
    ]


def lump(rng: np.random.Generator, size: float) -> list[Part]:
    """Something with no name: a rough ball, a spike, a slab, a bent pipe, a star."""
    look, kind = (
        Material(textures.anything(rng), size * rng.uniform(0.5, 2), bump=rng.choice([0, 0.3])),
        rng.integers(5),
    )
    if kind == 0:
        radii = size * rng.uniform(0.25, 0.6, 3)
        return [(ball(radii, 14, rng.uniform(0, 0.25), rng).moved((0, -radii[1], 0)), look)]
    if kind == 1:
        return [
            (
                lathe(
                    [size * 0.5, size * rng.uniform(0, 0.5)],
                    [0, size * rng.uniform(0.5, 1.8)],
                    rng.integers(3, 20),
                    smooth=False,
                ),
                look,
            )
        ]
    if kind == 2:
        bend = rng.normal(0, 0.4, (5, 3)).cumsum(0) * size * 0.6
        bend[:, 1] = -np.linspace(0.05, 1.2, 5) * size
        return [(tube(bend, size * rng.uniform(0.05, 0.2), 10), look)]
    if kind == 3:
        phi = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        r = size * 0.5 * np.where(np.arange(10) % 2, rng.uniform(0.4, 1), 1)
        return [(prism(np.c_[r * np.cos(phi), r * np.sin(phi) - size * 0.5], size * rng.uniform(0.1, 0.6)), look)]
    return [(box(*(size * rng.uniform(0.2, 1.2, 3))), look)]


KINDS = (vessel, vessel, cup, bowl, book, carton, fruit, gourd, candle, toy, gadget, lump, lump)


def any_object(rng: np.random.Generator, size: float) -> list[Part]:
    """Some thing about `size` metres large."""
    return KINDS[rng.integers(len(KINDS))](rng, size)
