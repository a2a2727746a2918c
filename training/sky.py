"""Skies: light by direction, with clouds that have structure; the sun; the colour that distance fades to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from training.noise import Fractal
from training.textures import colour

KINDS = {
    # zenith, horizon, sunlight, how bright the sun is beside the sky
    "clear": ((0.15, 0.35, 0.75), (0.62, 0.78, 0.93), (1.0, 0.95, 0.87), 2.2),
    "hazy": ((0.45, 0.58, 0.75), (0.85, 0.88, 0.9), (1.0, 0.95, 0.88), 1.3),
    "overcast": ((0.6, 0.63, 0.67), (0.82, 0.83, 0.84), (1.0, 1.0, 1.0), 0.25),
    "white": ((0.88, 0.9, 0.92), (0.96, 0.96, 0.95), (1.0, 1.0, 1.0), 0.2),
    "sunset": ((0.22, 0.28, 0.52), (0.97, 0.62, 0.35), (1.0, 0.6, 0.3), 1.4),
    "dusk": ((0.1, 0.12, 0.3), (0.6, 0.4, 0.42), (0.9, 0.6, 0.5), 0.4),
    "storm": ((0.22, 0.25, 0.3), (0.55, 0.57, 0.56), (1.0, 0.98, 0.9), 0.6),
    "night": ((0.01, 0.015, 0.04), (0.05, 0.06, 0.1), (0.5, 0.6, 0.9), 0.4),
}


@dataclass(frozen=True, eq=False)
class Sky:
    """light: directions (n, 3) -> linear colour (n, 3). sun: unit vector towards it. All light is linear."""

    light: Callable[[np.ndarray], np.ndarray]
    sun: np.ndarray
    sunlight: np.ndarray
    haze: np.ndarray
    """What distance fades to."""
    kind: str

    @cached_property
    def _map(self) -> np.ndarray:
        """The light from all around, coarse: (MAP_PX, 2 MAP_PX, 3) by height and bearing."""
        up, bearing = np.meshgrid(
            (np.arange(MAP_PX) + 0.5) / MAP_PX, (np.arange(2 * MAP_PX) + 0.5) / MAP_PX * np.pi - np.pi, indexing="ij"
        )
        level = np.sqrt(1 - up**2)
        directions = np.stack([np.sin(bearing) * level, -up, np.cos(bearing) * level], -1)
        light = self.light(directions.reshape(-1, 3)).reshape(MAP_PX, 2 * MAP_PX, 3)
        return np.minimum(light, 1.5).astype(np.float32)

    def around(self, directions: np.ndarray) -> np.ndarray:
        """The light from directions (n, 3), coarse; from below the horizon as from above."""
        up = (np.abs(directions[:, 1]) * MAP_PX).astype(int).clip(0, MAP_PX - 1)
        bearing = (np.arctan2(directions[:, 0], directions[:, 2]) / np.pi + 1) * MAP_PX
        return self._map[up, bearing.astype(int).clip(0, 2 * MAP_PX - 1)]


MAP_PX = 48


def any_sky(rng: np.random.Generator, kind: str | None = None, clouds: str | None = None) -> Sky:
    """A sky of a kind of KINDS, None: any by day, at times at night; clouds: none, plane, heaps or both, None: any."""
    kind = kind or str(rng.choice(list(KINDS), p=[0.34, 0.15, 0.14, 0.09, 0.12, 0.06, 0.07, 0.03]))
    zenith, horizon, sunlight, strength = (np.array(part) for part in KINDS[kind])
    zenith, horizon = (np.clip(c * (1 + 0.08 * rng.standard_normal(3)), 0, 1) ** 2.2 for c in (zenith, horizon))
    low = kind in ("sunset", "dusk")
    height = rng.uniform(0.03, 0.2) if low else rng.uniform(0.25, 1.2)
    bearing = rng.uniform(-np.pi, np.pi)
    sun = np.array((np.sin(bearing) * np.cos(height), -np.sin(height), np.cos(bearing) * np.cos(height)))
    over = _clouds(rng, kind, sun, clouds)
    glow = rng.uniform(0.1, 0.7) * (strength > 0.3) * sunlight**2.2
    fall = rng.uniform(0.35, 0.9)

    def light(directions: np.ndarray) -> np.ndarray:
        up = np.clip(-directions[:, 1], 0, 1)
        base = horizon + (zenith - horizon) * (up**fall)[:, None]
        near_sun = np.clip(directions @ sun, 0, 1)
        base = base + glow * (0.4 * near_sun**6 + 1.5 * near_sun**60)[:, None]
        return over(directions, base)

    mean = (zenith + 2 * horizon) / 3
    return Sky(light, sun, sunlight**2.2 * strength * mean.mean() * rng.uniform(1.0, 2.2), horizon, kind)


def _clouds(
    rng: np.random.Generator, kind: str, sun: np.ndarray, wanted: str | None
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Clouds over a base colour: a plane of them overhead, heaps above the horizon, stars at night, or none."""
    choice = rng.choice(["none", "plane", "heaps", "both"], p=[0.25, 0.35, 0.2, 0.2])
    if kind in ("overcast", "white") and rng.random() < 0.6:
        choice = "none"
    choice = wanted or choice
    layers = []
    if choice in ("plane", "both"):
        layers.append(_plane_of_clouds(rng, sun))
    if choice in ("heaps", "both"):
        layers.append(_heaps(rng, sun))
    if kind == "night":
        layers.append(_stars(rng))
    tone = np.array((1.0, 0.98, 0.95)) if kind not in ("sunset", "dusk") else np.array((1.0, 0.72, 0.55))
    bright = {"night": 0.02, "dusk": 0.25, "storm": 0.35, "overcast": 0.8}.get(kind, 1.0)

    def over(directions: np.ndarray, base: np.ndarray) -> np.ndarray:
        for layer in layers:
            amount, lit = layer(directions)
            cloud = tone * bright * (lit[:, None] ** np.array((1.15, 1.05, 1.0)))
            base = base * (1 - amount[:, None]) + cloud * amount[:, None]
        return base

    return over


def _lit_density(rng: np.random.Generator, field: Fractal, contrast: float, cover: float):
    """Clouds from a field: their amount, and how lit they are, by the field's slope towards the light."""
    dark = rng.uniform(0.25, 0.7)
    lean = rng.uniform(0.08, 0.25)

    def at(u: np.ndarray, v: np.ndarray, du: float, dv: float) -> tuple[np.ndarray, np.ndarray]:
        here, towards = field(u, v), field(u + lean * du, v + lean * dv)
        amount = np.clip((here - cover) * contrast, 0, 1)
        lit = np.clip(0.75 + (here - towards) * 5 - 0.5 * np.clip(here - cover, 0, 1), dark, 1)
        return amount, lit

    return at


def _plane_of_clouds(rng: np.random.Generator, sun: np.ndarray):
    at = _lit_density(rng, Fractal(rng, rng.uniform(0.6, 3), 5), rng.uniform(2, 12), rng.uniform(0.35, 0.65))
    stretch, along = rng.uniform(1, 4) if rng.random() < 0.4 else 1.0, rng.uniform(0, np.pi)

    def layer(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        up = np.clip(-directions[:, 1], 0, 1)
        x, z = (directions[:, i] / (up + 0.08) for i in (0, 2))
        u, v = x * np.cos(along) - z * np.sin(along), (x * np.sin(along) + z * np.cos(along)) / stretch
        amount, lit = at(u, v, sun[0], sun[2])
        return amount * np.clip(up * 12, 0, 1), lit

    return layer


def _heaps(rng: np.random.Generator, sun: np.ndarray):
    """Cumulus above the horizon: billows by ridged noise, flat below, their tops lit."""
    field = Fractal(rng, rng.uniform(0.15, 0.6), 5, 0.55)
    top, foot, sharp = rng.uniform(0.1, 0.7), rng.uniform(-0.05, 0.15), rng.uniform(4, 14)
    shape = Fractal(rng, rng.uniform(0.3, 0.9), 2)

    def layer(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bearing, up = np.arctan2(directions[:, 0], directions[:, 2]), -directions[:, 1]
        height = foot + (top - foot) * np.clip(shape(bearing, np.zeros_like(bearing)) * 2.4 - 0.6, 0, 1)
        here, above = field(bearing, up), field(bearing + 0.05 * sun[0], up + 0.06)
        amount = np.clip((height - up + (here - 0.5) * 0.35) * sharp, 0, 1) * np.clip((up - foot) * 25, 0, 1)
        return amount, np.clip(0.72 + (here - above) * 4 + 0.6 * (up - height), 0.3, 1)

    return layer


def _stars(rng: np.random.Generator):
    field, share = Fractal(rng, 0.007, 1), rng.uniform(0.92, 0.97)

    def layer(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bearing, up = np.arctan2(directions[:, 0], directions[:, 2]), -directions[:, 1]
        star = (field(bearing, up) > share).astype(float)
        return star, star * 40

    return layer


def painted_sky(rng: np.random.Generator) -> Sky:
    """A sky as painters and printers make it: a flat or graded colour, bands, swirls, few tones."""
    base = any_sky(rng)
    low, high = colour(rng, rng.random() * 0.7) ** 2.2, colour(rng, rng.random() * 0.5) ** 2.2
    swirl, bend = Fractal(rng, rng.uniform(0.2, 0.8), 2), rng.uniform(0.5, 3)
    bands, strength, steps = rng.uniform(2, 14), rng.uniform(0, 0.6), rng.integers(3, 8)

    def light(directions: np.ndarray) -> np.ndarray:
        bearing, up = np.arctan2(directions[:, 0], directions[:, 2]), -directions[:, 1]
        turn = swirl(bearing, up) * bend
        wave = 0.5 + 0.5 * np.sin(bands * 2 * np.pi * (up * np.cos(turn) + bearing * np.sin(turn) * 0.4) + 6 * turn)
        tone = np.clip(up * 1.6 * (1 - strength) + strength * wave, 0, 1)
        return low + (high - low) * (np.floor(tone * steps) / (steps - 1)).clip(0, 1)[:, None]

    return Sky(light, base.sun, base.sunlight, low, "painted")
