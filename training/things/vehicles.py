"""Cars, vans, buses, bicycles, boats."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import Mesh, ball, box, grid_faces, joined, prism, tube, turned
from training.world import Part

GLASS = plain((0.12, 0.15, 0.18), shine=0.25)
TYRE = plain((0.06, 0.06, 0.065))


def _wheel(radius: float, wide: float, at) -> list[Part]:
    phi = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    disc = np.c_[radius * np.cos(phi), radius * np.sin(phi)]
    side = turned(np.pi / 2)
    return [
        (prism(disc, wide).moved(at, side), TYRE),
        (prism(disc * 0.6, wide * 1.08).moved(at, side), plain((0.6, 0.6, 0.62))),
    ]


def car(rng: np.random.Generator) -> list[Part]:
    """A car along z; saloon, hatchback, van or pick-up by its outline."""
    paint = plain(textures.colour(rng, rng.choice([0.05, 0.1, 0.7])), shine=0.06)
    long, wide, high = rng.uniform(3.5, 5.1), rng.uniform(1.6, 1.95), rng.uniform(1.35, 1.9)
    r, deck = rng.uniform(0.28, 0.36), rng.uniform(0.5, 0.62) * high
    front, back = rng.uniform(0.18, 0.4), rng.uniform(0.0, 0.3)
    half = long / 2
    body = [
        (-half, -0.25),
        (-half, -deck * 0.85),
        (-half + long * front * 0.5, -deck),
        (half - 0.1, -deck),
        (half, -deck * 0.8),
        (half, -0.25),
    ]
    cab = [
        (-half + long * front * 0.8, -deck), (-half + long * (front + 0.14), -high),
        (half - long * (back + 0.05), -high), (half - long * back * 0.6 - 0.05, -deck),
    ]  # fmt: skip
    along = turned(-np.pi / 2)
    parts: list[Part] = [
        (prism(body, wide).moved(turn=along), paint),
        (prism(cab, wide * 0.86).moved(turn=along), GLASS),
        (
            prism([(x * 0.86, y + 0.02) if y > -high else (x, y - 0.03) for x, y in cab], wide * 0.6).moved(turn=along),
            GLASS,
        ),
        (
            box(wide * 0.82, 0.07, abs(cab[2][0] - cab[1][0])).moved((0, -high + 0.03, (cab[1][0] + cab[2][0]) / 2)),
            paint,
        ),
    ]
    for z in (-long * 0.31, long * 0.31):
        for side in (-1, 1):
            parts += _wheel(r, 0.2, (side * (wide / 2 - 0.09), -r, z))
    for side in (-1, 1):
        parts.append(
            (box(0.32, 0.14, 0.06).moved((side * wide * 0.34, -deck * 0.72, -half)), plain((0.95, 0.95, 0.88)))
        )
        parts.append((box(0.3, 0.14, 0.06).moved((side * wide * 0.34, -deck * 0.7, half)), plain((0.7, 0.08, 0.06))))
    parts.append((box(wide * 0.5, 0.12, 0.05).moved((0, -0.45, -half)), plain((0.12, 0.12, 0.12))))
    return parts


def bus(rng: np.random.Generator) -> list[Part]:
    """A bus, van or lorry along z."""
    long, wide, high = rng.uniform(5, 12), rng.uniform(2, 2.5), rng.uniform(2.3, 3.6)
    paint = plain(textures.colour(rng, rng.choice([0.1, 0.7])), shine=0.04)
    parts: list[Part] = [(box(wide, high - 0.35, long).moved((0, -0.35, 0)), paint)]
    if rng.random() < 0.6:
        parts += [(box(wide * 1.01, high * 0.3, long * 0.93).moved((0, -high * 0.55, 0)), GLASS)]
        for z in np.arange(-0.4, 0.41, 0.13) * long:
            parts.append((box(wide * 1.02, high * 0.32, 0.12).moved((0, -high * 0.54, z)), paint))
    parts.append((box(wide * 0.88, high * 0.36, 0.1).moved((0, -high * 0.5, -long / 2)), GLASS))
    for z in (-long * 0.33, long * 0.33):
        for side in (-1, 1):
            parts += _wheel(0.48, 0.3, (side * (wide / 2 - 0.12), -0.48, z))
    return parts


def bicycle(rng: np.random.Generator) -> list[Part]:
    """A bicycle along z."""
    paint, phi = plain(textures.colour(rng, 0.7)), np.linspace(0, 2 * np.pi, 20)
    parts: list[Part] = []
    for z in (-0.52, 0.52):
        ring = np.c_[np.zeros(20), -0.34 + 0.34 * np.sin(phi), z + 0.34 * np.cos(phi)]
        parts.append((tube(ring, 0.025, 6), TYRE))
        spokes = [
            tube([(0, -0.34, z), (0, -0.34 + 0.33 * np.sin(a), z + 0.33 * np.cos(a))], 0.004, 3) for a in phi[::3]
        ]
        parts.append((joined(spokes), plain((0.6, 0.6, 0.6))))
    frame = [
        ((0, -0.34, 0.52), (0, -0.3, 0.05)),
        ((0, -0.3, 0.05), (0, -0.85, 0.22)),
        ((0, -0.34, 0.52), (0, -0.75, 0.18)),
        ((0, -0.75, 0.18), (0, -0.78, -0.38)),
        ((0, -0.3, 0.05), (0, -0.7, -0.4)),
        ((0, -0.34, -0.52), (0, -0.95, -0.36)),
    ]
    parts += [(tube(ends, 0.018, 6), paint) for ends in frame]
    parts.append(
        (tube([(-0.28, -0.98, -0.3), (0, -0.95, -0.36), (0.28, -0.98, -0.3)], 0.014, 6), plain((0.15, 0.15, 0.15)))
    )
    parts.append((ball((0.07, 0.035, 0.14), 6).moved((0, -0.9, 0.24)), plain((0.1, 0.08, 0.07))))
    return parts


def boat(rng: np.random.Generator, long: float, sail: bool | None = None) -> list[Part]:
    """A boat along z, afloat at y = 0: a hull, a cabin or a mast with sails."""
    wood = Material(textures.planks(rng), 1.2) if rng.random() < 0.6 else plain(textures.colour(rng), shine=0.05)
    s, high = np.linspace(-1, 1, 12), long * rng.uniform(0.09, 0.16)
    wide = long * rng.uniform(0.14, 0.22) * np.sqrt(np.clip(1 - np.abs(s) ** 2.5, 0.002, 1))
    rise = high * (1 + 0.7 * s**4)
    rim = np.stack(
        [
            np.c_[-wide, -rise, s * long / 2],
            np.c_[-wide * 0.6, 0 * s + 0.2, s * long * 0.45],
            np.c_[wide * 0.6, 0 * s + 0.2, s * long * 0.45],
            np.c_[wide, -rise, s * long / 2],
            np.c_[wide * 0.9, -rise * 0.65, s * long * 0.48],
            np.c_[-wide * 0.9, -rise * 0.65, s * long * 0.48],
        ],
        1,
    )
    parts: list[Part] = [(Mesh(rim.reshape(-1, 3), grid_faces(12, 6)), wood)]
    if sail if sail is not None else rng.random() < 0.5:
        mast, cloth = (
            long * rng.uniform(0.9, 1.5),
            Material(textures.flat(rng) if rng.random() < 0.4 else textures.natural(rng, "plaster"), 2),
        )
        parts.append((tube([(0, 0, 0), (0, -mast, 0)], [0.012 * long, 0.006 * long], 6), plain((0.35, 0.25, 0.15))))
        parts.append(
            (
                Mesh(
                    np.array(
                        [
                            [0.05 * long, -mast * 0.95, 0.01],
                            [0, -high * 1.6, 0.02],
                            [0.12 * long, -high * 1.6, long * 0.42],
                        ]
                    ),
                    np.array([[0, 1, 2]]),
                ),
                cloth,
            )
        )
        parts.append(
            (
                Mesh(
                    np.array(
                        [
                            [0.03 * long, -mast * 0.85, -0.02],
                            [0, -high * 1.4, -0.02],
                            [0.05 * long, -high * 1.5, -long * 0.45],
                        ]
                    ),
                    np.array([[0, 1, 2]]),
                ),
                cloth,
            )
        )
    elif rng.random() < 0.6:
        parts.append(
            (
                box(long * 0.2, high * 1.2, long * 0.3).moved((0, -high * 0.8, long * 0.08)),
                plain(textures.colour(rng, 0.15)),
            )
        )
        parts.append((box(long * 0.201, high * 0.45, long * 0.28).moved((0, -high * 1.35, long * 0.08)), GLASS))
    return parts
