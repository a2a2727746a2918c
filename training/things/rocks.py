"""Stones and boulders."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material
from training.shapes import ball
from training.world import Part


def stone(rng: np.random.Generator, size: float, *names: str) -> list[Part]:
    """One stone, partly in the ground."""
    rock = Material(
        textures.of(*(names or ("rock", "dark_rock", "red_rock", "concrete")))(rng),
        size * rng.uniform(0.6, 2),
        bump=0.35,
    )
    radii = size * rng.uniform(0.3, 0.6, 3)
    return [(ball(radii, 12, rng.uniform(0.1, 0.3), rng).moved((0, -radii[1] * rng.uniform(0.3, 0.9), 0)), rock)]
