"""Four-legged animals and birds."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import ball, lathe, tube
from training.world import Part


def beast(rng: np.random.Generator, height: float) -> list[Part]:
    """Dog, cat, cow, horse, deer, sheep, by proportions; height: at the shoulder."""
    h, coat = height, Material(textures.fur(rng), height * rng.uniform(0.5, 1.2), bump=0.3)
    long, fat, leg = h * rng.uniform(0.45, 0.75), h * rng.uniform(0.17, 0.32), h * rng.uniform(0.4, 0.65)
    middle = np.array((0, -(leg + fat * 0.6), 0))
    parts: list[Part] = [(ball((fat * 0.85, fat, long), 14, 0.04, rng).moved(middle), coat)]
    reach, rise = h * rng.uniform(0.2, 0.5), h * rng.uniform(-0.1, 0.55)
    chest = middle + (0, -fat * 0.3, -long * 0.8)
    skull = chest + (rng.normal(0, 0.1) * h, -rise, -reach)
    head = h * rng.uniform(0.11, 0.19)
    parts.append(
        (tube([chest, (chest + skull) / 2 - (0, 0.03 * h, 0), skull], [fat * 0.75, fat * 0.5, head * 0.7], 9), coat)
    )
    parts.append((ball((head * 0.75, head * 0.8, head), 11).moved(skull), coat))
    snout = skull + (0, head * 0.35, -head * rng.uniform(0.8, 1.5))
    parts.append((tube([skull, snout], [head * 0.65, head * rng.uniform(0.3, 0.5)], 8), coat))
    parts.append(
        (ball(head * 0.22 * np.ones(3), 6).moved(snout - (0, head * 0.1, head * 0.25)), plain((0.07, 0.06, 0.06)))
    )
    for side in (-1, 1):
        parts.append(
            (
                ball(head * 0.13 * np.ones(3), 6).moved(skull + (side * head * 0.6, -head * 0.2, -head * 0.6)),
                plain((0.05, 0.04, 0.03)),
            )
        )
        ear = ball((head * 0.25, head * rng.uniform(0.3, 0.8), head * 0.1), 6)
        parts.append((ear.moved(skull + (side * head * 0.6, -head * 0.75, head * 0.2)), coat))
        for end in (-1, 1):
            x, z, step = side * fat * 0.5, end * long * 0.7, rng.normal(0, 0.06) * h
            parts.append(
                (
                    tube(
                        [(x, middle[1], z), (x, -leg * 0.5, z + step * 0.4), (x, -0.01, z + step)],
                        [fat * 0.4, h * 0.05, h * 0.045],
                        7,
                    ),
                    coat,
                )
            )
    tail = middle + (0, -fat * 0.5, long * 0.9)
    parts.append(
        (
            tube(
                [
                    tail,
                    tail + (0, 0.1 * h * rng.normal(), 0.2 * h),
                    tail + (0.1 * h, h * rng.uniform(-0.3, 0.3), 0.28 * h),
                ],
                [h * 0.04, h * 0.035, h * 0.02],
                6,
            ),
            coat,
        )
    )
    if rng.random() < 0.15:
        for side in (-1, 1):
            tip = skull + (side * head * 2, -head * 2.6, head * 0.3)
            parts.append(
                (
                    tube(
                        [skull - (0, head * 0.7, 0), skull + (side * head * 1.4, -head * 1.3, 0), tip],
                        [head * 0.16, head * 0.12, head * 0.03],
                        6,
                    ),
                    plain((0.75, 0.7, 0.6)),
                )
            )
    return parts


def bird(rng: np.random.Generator, size: float, flies: bool = False) -> list[Part]:
    """A bird, sitting, or with its wings spread (then around y = 0)."""
    s, feather = size, Material(textures.fur(rng) if rng.random() < 0.5 else textures.flat(rng), size, bump=0.2)
    up = 0.0 if flies else -0.3 * s
    parts: list[Part] = [
        (ball((0.16 * s, 0.19 * s, 0.33 * s), 11).moved((0, up - 0.15 * s, 0)), feather),
        (ball(np.array((0.12, 0.12, 0.13)) * s, 9).moved((0, up - 0.38 * s, -0.27 * s)), feather),
        (
            lathe([0.035 * s, 0.002], [0, 0.16 * s], 6)
            .moved((0, 0, 0))
            .moved((0, up - 0.37 * s, -0.37 * s), _forward()),
            plain((0.85, 0.6, 0.2)),
        ),
        (ball((0.1 * s, 0.02 * s, 0.25 * s), 7).moved((0, up - 0.12 * s, 0.45 * s)), feather),
    ]
    for side in (-1, 1):
        wing = (
            ball((0.55 * s, 0.03 * s, 0.18 * s), 8).moved((side * 0.6 * s, up - 0.25 * s - 0.2 * s * rng.random(), 0))
            if flies
            else ball((0.05 * s, 0.13 * s, 0.28 * s), 8).moved((side * 0.15 * s, up - 0.17 * s, 0.06 * s))
        )
        parts.append((wing, feather))
        parts.append(
            (
                ball(0.02 * s * np.ones(3), 5).moved((side * 0.09 * s, up - 0.41 * s, -0.34 * s)),
                plain((0.03, 0.03, 0.03)),
            )
        )
        if not flies:
            parts.append(
                (
                    tube([(side * 0.06 * s, up - 0.05 * s, 0), (side * 0.06 * s, 0, 0)], 0.015 * s, 5),
                    plain((0.6, 0.45, 0.2)),
                )
            )
    return parts


def _forward() -> np.ndarray:
    """Turns what points up (-y) to point along -z."""
    return np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
