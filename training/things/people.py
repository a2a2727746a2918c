"""People: standing, walking, sitting, in trousers, skirts, robes; with hats, hair, bags."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import Mesh, ball, box, lathe, tube
from training.world import Part

SKIN = np.array((0.87, 0.66, 0.54))


def _cloth(rng: np.random.Generator) -> Material:
    kind = rng.choice([textures.flat, textures.fabric, textures.stripes, textures.poster], p=[0.65, 0.15, 0.12, 0.08])
    return Material(kind(rng), rng.uniform(0.3, 0.8), bump=0.04)


def _limb(points, radii) -> Mesh:
    return tube(points, radii, 8)


def person(rng: np.random.Generator, height: float = 1.7, sits: bool = False) -> list[Part]:
    """Somebody `height` metres tall (a child's proportions below 1.3)."""
    top, legs, shoe = _cloth(rng), _cloth(rng), plain(textures.colour(rng, 0.2) * 0.5)
    skin = plain(np.clip(SKIN * rng.uniform(0.3, 1.12) * (1 + 0.06 * rng.standard_normal(3)), 0, 1))
    h, wide = height, rng.uniform(0.85, 1.35)
    hip, shoulder = (0.28 if sits else 0.5) * h, (0.6 if sits else 0.82) * h
    parts: list[Part] = []
    skirt = rng.random() < 0.25
    if skirt and not sits:
        low = rng.uniform(0.02, 0.3) * h
        parts.append((lathe([0.13 * h * wide, 0.09 * h * wide, 0.075 * h], [low, hip * 0.85, hip * 1.15], 14), legs))
    for side in (-1, 1):
        x, stride = side * 0.055 * h * wide, rng.normal(0, 0.09) * h
        if sits:
            knee, foot = (x, -hip, -0.25 * h), (x, -0.02 * h, -0.27 * h + stride * 0.5)
        else:
            knee, foot = (x, -hip * 0.52, stride * 0.3 - 0.02 * h), (x, -0.02 * h, stride)
        parts.append(
            (_limb([(x, -hip, 0), knee, foot], [0.06 * h * wide, 0.045 * h, 0.03 * h]), skin if skirt else legs)
        )
        parts.append((ball((0.03 * h, 0.025 * h, 0.06 * h), 6).moved((foot[0], foot[1], foot[2] - 0.03 * h)), shoe))
        parts += _arm(rng, h, wide, side, shoulder, top, skin)
    trunk = lathe(
        np.array([0.085, 0.09, 0.08, 0.095, 0.1, 0.035]) * h * wide,
        hip + (shoulder - hip) * np.array([-0.08, 0.1, 0.4, 0.75, 0.95, 1.04]),
        14,
    )
    parts.append((trunk.moved(scale=np.array((1.15, 1, 0.72))), top))
    return parts + head(rng, h * 0.13 * (1.25 if h < 1.3 else 1), skin, at=(0, -shoulder - 0.1 * h, -0.01 * h))


def _arm(rng, h: float, wide: float, side: int, shoulder: float, sleeve: Material, skin: Material) -> list[Part]:
    x0, swing = side * 0.115 * h * wide, rng.normal(0, 0.1)
    lift = rng.random() < 0.2
    elbow = np.array((x0 + side * 0.05 * h, -shoulder + 0.18 * h, swing * h * 0.5))
    hand = elbow + (np.array((0, -0.12, -0.12)) if lift else np.array((side * 0.01, 0.17, -0.05 + swing * 0.5))) * h
    cut = elbow if rng.random() < 0.3 else hand
    parts = [(_limb([(x0, -shoulder + 0.02 * h, 0), elbow, cut], [0.04 * h, 0.035 * h, 0.028 * h]), sleeve)]
    if cut is elbow:
        parts.append((_limb([elbow, hand], [0.027 * h, 0.02 * h]), skin))
    parts.append((ball(np.array((0.022, 0.035, 0.028)) * h, 6).moved(hand + (0, 0.02 * h, 0)), skin))
    if rng.random() < 0.08:
        parts.append((box(0.1 * h, 0.14 * h, 0.2 * h).moved(hand + (0, 0.17 * h, 0)), _cloth(rng)))
    return parts


def head(rng: np.random.Generator, size: float, skin: Material, at=(0.0, 0.0, 0.0)) -> list[Part]:
    """A head around `at`, `size` high, its neck below; with hair, at times a hat."""
    s, at = size, np.asarray(at, float)
    hair = plain(
        np.clip(
            np.array((0.3, 0.2, 0.12)) * rng.choice([0.15, 0.5, 1.0, 2.2]) * (1 + 0.1 * rng.standard_normal(3)), 0, 1
        )
    )
    dark, white = plain((0.08, 0.06, 0.05)), plain((0.92, 0.9, 0.88))
    parts: list[Part] = [
        (ball((0.37 * s, 0.5 * s, 0.43 * s), 14).moved(at), skin),
        (_limb([at + (0, 0.3 * s, 0.06 * s), at + (0, 0.85 * s, 0.1 * s)], [0.2 * s, 0.24 * s]), skin),
        (ball((0.06 * s, 0.09 * s, 0.09 * s), 7).moved(at + (0, 0.06 * s, -0.43 * s)), skin),
        (ball((0.14 * s, 0.025 * s, 0.05 * s), 6).moved(at + (0, 0.25 * s, -0.36 * s)), plain((0.65, 0.3, 0.3))),
    ]
    for side in (-1, 1):
        parts.append(
            (ball((0.07 * s, 0.04 * s, 0.04 * s), 6).moved(at + (side * 0.15 * s, -0.05 * s, -0.385 * s)), white)
        )
        parts.append((ball(0.035 * s * np.ones(3), 6).moved(at + (side * 0.15 * s, -0.05 * s, -0.405 * s)), dark))
        parts.append(
            (ball((0.09 * s, 0.015 * s, 0.03 * s), 5).moved(at + (side * 0.15 * s, -0.14 * s, -0.4 * s)), hair)
        )
        parts.append((ball((0.04 * s, 0.1 * s, 0.06 * s), 6).moved(at + (side * 0.37 * s, 0.0, 0.02 * s)), skin))
    if rng.random() < 0.93:
        long = rng.choice([0.0, 0.0, 0.5, 0.9])
        parts.append((ball((0.4 * s, 0.45 * s, 0.44 * s), 10, 0.04, rng).moved(at + (0, -0.1 * s, 0.07 * s)), hair))
        if long:
            parts.append((ball((0.4 * s, long * s, 0.28 * s), 9, 0.06, rng).moved(at + (0, 0.3 * s, 0.24 * s)), hair))
    return parts + (_hat(rng, s, at) if rng.random() < 0.25 else [])


def _hat(rng: np.random.Generator, s: float, at: np.ndarray) -> list[Part]:
    felt, brim = _cloth(rng), rng.uniform(0.45, 1.1) * s
    cone = rng.random() < 0.25
    profile = (
        ([brim, 0.01], [0, 0.45 * s]) if cone else ([brim, 0.42 * s, 0.4 * s, 0.01], [0, 0.03 * s, 0.4 * s, 0.45 * s])
    )
    return [(lathe(*profile, 14).moved(at - (0, 0.28 * s, 0)), felt)]


def robed(rng: np.random.Generator, height: float = 1.6) -> list[Part]:
    """Somebody in a long robe or kimono, at times under an umbrella."""
    h, cloth, skin = height, _cloth(rng), plain(np.clip(SKIN * rng.uniform(0.4, 1.15), 0, 1))
    parts: list[Part] = [
        (
            lathe(np.array([0.14, 0.11, 0.1, 0.12, 0.04]) * h, np.array([0.0, 0.35, 0.55, 0.78, 0.84]) * h, 14).moved(
                scale=np.array((1.1, 1, 0.8))
            ),
            cloth,
        ),
        (
            lathe(np.array([0.113, 0.113]) * h, np.array([0.5, 0.6]) * h, 14).moved(scale=np.array((1.1, 1, 0.85))),
            _cloth(rng),
        ),
    ]
    for side in (-1, 1):
        parts.append(
            (
                _limb(
                    [
                        (side * 0.1 * h, -0.79 * h, 0),
                        (side * 0.17 * h, -0.6 * h, -0.02 * h),
                        (side * 0.1 * h, -0.55 * h, -0.13 * h),
                    ],
                    [0.05 * h, 0.08 * h, 0.09 * h],
                ),
                cloth,
            )
        )
    parts += head(rng, 0.13 * h, skin, (0, -0.92 * h, -0.01 * h))
    if rng.random() < 0.3:
        parts.append(
            (lathe([0.5 * h, 0.25 * h, 0.01], [1.02 * h, 1.13 * h, 1.18 * h], 12).moved((0.1 * h, 0, 0)), _cloth(rng))
        )
        parts.append(
            (_limb([(0.1 * h, -0.5 * h, -0.1 * h), (0.1 * h, -1.15 * h, 0)], 0.008 * h), plain((0.25, 0.18, 0.1)))
        )
    return parts


def anyone(rng: np.random.Generator, height: float | None = None) -> list[Part]:
    """Somebody."""
    tall = height or (rng.uniform(1.5, 1.9) if rng.random() < 0.85 else rng.uniform(0.9, 1.4))
    return robed(rng, tall) if rng.random() < 0.12 else person(rng, tall)
