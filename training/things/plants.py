"""Trees, bushes, grass, flowers."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material
from training.shapes import ball, blades, box, lathe, scatter, tube, turned
from training.world import Part


def leaves(rng: np.random.Generator, *names: str) -> Material:
    """A material for small leaves, each its own tone."""
    name = str(rng.choice(names or ("leaf", "leaf", "dark_leaf", "fresh_leaf", "autumn")))
    return Material(textures.natural(rng, name), size_m=1.0, tint=rng.uniform(0.75, 1.15) * np.ones(3))


def _crown(rng: np.random.Generator, centres: np.ndarray, radii: np.ndarray, count: int) -> np.ndarray:
    """Points mostly near the surface of a few lumps."""
    which = rng.choice(len(centres), count, p=radii**2 / (radii**2).sum())
    out = rng.standard_normal((count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return centres[which] + out * (radii[which] * rng.random(count) ** 0.3)[:, None] * (1, 0.8, 1)


def tree(rng: np.random.Generator, height: float, detail: int = 900, *names: str) -> list[Part]:
    """A broad-leaved tree."""
    bark, leaf = Material(textures.natural(rng, "bark"), 0.6, bump=0.3), leaves(rng, *names)
    lean, fork = rng.normal(0, 0.06, 2) * height, rng.uniform(0.25, 0.5) * height
    thick = height * rng.uniform(0.012, 0.026)
    top = np.array((lean[0], -fork, lean[1]))
    parts = [(tube([(0, 0.1, 0), top * 0.5, top], [thick * 1.3, thick, thick * 0.8]), bark)]
    lumps = rng.integers(4, 10)
    spread = height * rng.uniform(0.14, 0.3)
    centres = top + rng.normal(0, 1, (lumps, 3)) * (spread, 0, spread)
    centres[:, 1] = -rng.uniform(fork * 1.1, height * 0.88, lumps)
    for end in centres[:6]:
        parts.append(
            (
                tube(
                    [top, (top + end) / 2 + rng.normal(0, 0.03 * height, 3), end],
                    [thick * 0.7, thick * 0.4, thick * 0.15],
                    5,
                ),
                bark,
            )
        )
    radii = height * rng.uniform(0.1, 0.2, lumps)
    size = height * rng.uniform(0.014, 0.028) * (900 / detail) ** 0.5
    parts.append((scatter(rng, _crown(rng, centres, radii, detail), size), leaf))
    dark = Material(leaf.texture, 1.0, leaf.tint * 0.5)
    parts += [(ball(radii[k] * np.array((0.75, 0.6, 0.75)), 6, 0.2, rng).moved(centres[k]), dark) for k in range(lumps)]
    return parts


def conifer(rng: np.random.Generator, height: float, detail: int = 900) -> list[Part]:
    """A fir: whorls of drooping twigs."""
    leaf, bark = leaves(rng, "dark_leaf", "dark_leaf", "leaf"), Material(textures.natural(rng, "bark"), 0.6)
    wide, t = height * rng.uniform(0.14, 0.28), rng.random(detail) ** 0.75
    whorls = rng.integers(7, 16)
    step = (t * whorls % 1) if rng.random() < 0.7 else 0.5
    out = wide * (1 - t) * (0.35 + 0.65 * rng.random(detail) ** 0.5)
    phi, drop = rng.random(detail) * 2 * np.pi, out * rng.uniform(0.1, 0.5) + 0.02 * height * step
    points = np.c_[out * np.cos(phi), -height * (0.08 + 0.9 * t) + drop, out * np.sin(phi)]
    size = height * 0.03 * (900 / detail) ** 0.5
    core = lathe([wide * 0.55, wide * 0.3, 0.01], [height * 0.1, height * 0.5, height * 0.95], 8)
    return [
        (lathe([height * 0.02, height * 0.012], [0, height * 0.3], 7), bark),
        (scatter(rng, points, size, flat=0.5, long=2.0), leaf),
        (core, Material(leaf.texture, 1.0, leaf.tint * 0.45)),
    ]


def palm(rng: np.random.Generator, height: float) -> list[Part]:
    """A palm: a bare stem, fronds that arch."""
    leaf, lean = leaves(rng, "leaf", "fresh_leaf"), rng.normal(0, 0.15, 2) * height
    stem = np.array([(lean[0] * t * t, -height * t, lean[1] * t * t) for t in np.linspace(0, 1, 6)])
    parts = [(tube(stem, np.linspace(0.03, 0.018, 6) * height), Material(textures.natural(rng, "bark"), 0.3, bump=0.3))]
    for _ in range(rng.integers(9, 16)):
        phi, long, s = rng.random() * 2 * np.pi, height * rng.uniform(0.25, 0.42), np.linspace(0, 1, 22)
        rise = rng.uniform(-0.2, 0.7)
        spine = np.c_[np.cos(phi) * s, -(rise * s - 0.9 * s**2), np.sin(phi) * s] * long + stem[-1]
        parts.append((scatter(rng, spine, long * 0.11 * (1.1 - s), flat=0.6), leaf))
    return parts


def bare_tree(rng: np.random.Generator, height: float, depth: int = 4) -> list[Part]:
    """A tree without leaves."""
    bark, tubes = Material(textures.natural(rng, "bark"), 0.5), []

    def grow(foot: np.ndarray, way: np.ndarray, long: float, thick: float, left: int) -> None:
        end = foot + way * long
        tubes.append(
            tube([foot, (foot + end) / 2 + rng.normal(0, 0.06, 3) * long, end], [thick, thick * 0.8, thick * 0.55], 5)
        )
        for _ in range(rng.integers(2, 4) if left else 0):
            side = way + rng.normal(0, 0.5, 3) - (0, 0.15, 0)
            grow(end, side / np.linalg.norm(side), long * rng.uniform(0.55, 0.8), thick * 0.55, left - 1)

    grow(np.zeros(3), np.array((0, -1.0, 0)), height * 0.35, height * 0.025, depth)
    return [(t, bark) for t in tubes]


def any_tree(rng: np.random.Generator, height: float, detail: int = 900) -> list[Part]:
    """Some tree."""
    kind = rng.choice(["tree", "conifer", "bare", "palm"], p=[0.62, 0.25, 0.08, 0.05])
    if kind == "tree":
        return tree(rng, height, detail)
    if kind == "conifer":
        return conifer(rng, height, detail)
    return bare_tree(rng, height) if kind == "bare" else palm(rng, height)


def bush(rng: np.random.Generator, size: float, detail: int = 350, *names: str) -> list[Part]:
    """A bush about as high as wide, at times in flower."""
    leaf, lumps = leaves(rng, *names), rng.integers(3, 8)
    centres = rng.normal(0, 0.28, (lumps, 3)) * size
    centres[:, 1] = -rng.uniform(0.25, 0.6, lumps) * size
    radii = size * rng.uniform(0.22, 0.42, lumps)
    points = _crown(rng, centres, radii, detail)
    points[:, 1] = np.minimum(points[:, 1], -0.02 * size)
    parts = [(scatter(rng, points, size * 0.05 * (350 / detail) ** 0.5), leaf)]
    parts += [
        (ball(radii[k] * 0.75, 6, 0.2, rng).moved(centres[k]), Material(leaf.texture, 1.0, leaf.tint * 0.5))
        for k in range(lumps)
    ]
    if rng.random() < 0.25:
        blossom = Material(textures.flat(rng), 1.0)
        parts.append((scatter(rng, _crown(rng, centres, radii * 1.05, detail // 6), size * 0.05), blossom))
    return parts


def grass(rng: np.random.Generator, feet: np.ndarray, height: float, *names: str) -> list[Part]:
    """A blade at every foot."""
    return [(blades(rng, feet, height), leaves(rng, *(names or ("grass", "meadow", "fresh_leaf", "hay"))))]


def flower(rng: np.random.Generator, height: float) -> list[Part]:
    """One flower with its stem and leaves."""
    green = leaves(rng, "leaf", "fresh_leaf")
    petal, heart = Material(textures.flat(rng), 0.3), Material(textures.flat(rng), 0.1)
    lean, n, r = rng.normal(0, 0.12, 2) * height, rng.integers(5, 14), height * rng.uniform(0.08, 0.2)
    top = np.array((lean[0], -height, lean[1]))
    face = turned(rng.normal(0, 0.8), rng.uniform(-1.4, 0.2))
    parts = [(tube([(0, 0, 0), (lean[0] * 0.3, -height * 0.5, lean[1] * 0.3), top], height * 0.012, 5), green)]
    for phi in np.arange(n) * 2 * np.pi / n:
        one = (
            ball((r * 0.55, r * 2.2 / n + 0.15 * r, r * 0.06), 6)
            .moved((r * 0.6, 0, 0))
            .moved((0, 0, 0), turned(0, 0, phi))
        )
        parts.append((one.moved(top, face), petal))
    parts.append((ball((r * 0.3, r * 0.3, r * 0.18), 7).moved(top, face), heart))
    for t in rng.uniform(0.15, 0.7, 3):
        leaf = (
            ball((r * 0.9, r * 0.03, r * 0.3), 6)
            .moved((r * 0.9, 0, 0))
            .moved((lean[0] * t, -height * t, lean[1] * t), turned(rng.random() * 6, 0, 0.5))
        )
        parts.append((leaf, green))
    return parts


def potted(rng: np.random.Generator, height: float) -> list[Part]:
    """A plant in a pot."""
    pot = Material(textures.of("clay", "concrete", "wood")(rng) if rng.random() < 0.6 else textures.flat(rng), 0.3)
    r, h = height * rng.uniform(0.12, 0.25), height * rng.uniform(0.2, 0.4)
    above = (
        flower(rng, height - h)
        if rng.random() < 0.3
        else bush(rng, (height - h) * 1.1, 250, "leaf", "dark_leaf", "fresh_leaf")
    )
    return [(lathe([0.01, r * 0.75, r, r * 1.08, r], [0, 0, h * 0.85, h, h * 0.98], 14), pot)] + [
        (mesh.moved((0, -h * 0.95, 0)), material) for mesh, material in above
    ]


def hedge(rng: np.random.Generator, width: float, height: float, depth: float) -> list[Part]:
    """A clipped hedge."""
    leaf = leaves(rng, "leaf", "dark_leaf")
    n = min(900, round(160 * width * height))
    points = rng.uniform(-0.5, 0.5, (n, 3)) * (width, 0, depth)
    points[:, 1] = -rng.random(n) * height
    shell = rng.random(n) < 0.5
    points[shell, 2] = np.sign(points[shell, 2]) * depth / 2
    points[~shell, 1] = -height
    return [
        (box(width * 0.99, height * 0.97, depth * 0.95), Material(leaf.texture, 0.7, leaf.tint * 0.6, bump=0.6)),
        (scatter(rng, points, 0.05), leaf),
    ]
