"""Open country: a height map of ground, hills, mountains and water, and what grows on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gen3d.painter.light.noise import noise_field
from gen3d.painter.light.sky import HAZE
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real
from gen3d.painter.setting import SCENERY, Setting
from gen3d.painter.spots import usual_size

X0, Z0, CELL = -420.0, -24.0, 2.5
ROWS, COLUMNS = 300, 337
"""Of the height map: 840 m wide, from behind the eye to 725 m ahead."""
LARGE_M = 3.0
"""Before things so high the shore is farther away, so that there is room to stand."""
PEAKS, PEAKS_WIDE, PEAKS_DEG = 6, 380.0, (9.0, 14.0)
"""How many mountains, how far to either side, metres, and how high over the horizon their tops are."""
GROUNDS = {
    "spring": ("#667f38", "#425a28"), "summer": ("#5f6b36", "#34481f"), "autumn": ("#857038", "#7d4a22"),
    "winter": ("#e6ebf2", "#8a9088"),
}  # fmt: skip
"""Meadow and woods by the season."""


@dataclass(frozen=True, slots=True)
class Land:
    """What lies around."""

    hills: Real = 14.0
    """How high, metres."""
    mountains: Real = 0.0
    water_from: Real | None = None
    """Distance of the near shore; None: there is none."""
    water_to: Real | None = None
    """Of the far shore; None: it goes on to the horizon."""
    bumps: Real = 0.5
    """Unevenness of the ground near the eye."""
    dunes: Real = 0.0
    cape: bool = False
    """Whether the land goes on to the right, beside the water."""


def smooth(low: Real, high: Real, x: np.ndarray) -> np.ndarray:
    """0 below low, 1 above high."""
    f = np.clip((x - low) / (high - low), 0, 1)
    return f * f * (3 - 2 * f)


def with_features(land: Land, also: Sequence[str]) -> Land:
    """The land, with other places to be seen from it."""
    if "mountains" in also:
        land = replace(land, mountains=max(land.mountains, 110.0))
    if "meadow" in also:
        land = replace(land, hills=max(land.hills, 22.0))
    if {"lake", "coast"} & {*also} and land.water_from is None:
        land = replace(land, water_from=26.0, water_to=120.0 if "lake" in also else None)
    if "desert" in also:
        land = replace(land, dunes=max(land.dunes, 4.0))
    return land


def heights(land: Land, seed: Real) -> Float[np.ndarray, "300 337"]:
    """The height map, metres; the ground at the eye is 0."""
    grid = (X0, Z0, ROWS, COLUMNS, CELL)
    x = (X0 + CELL * np.arange(COLUMNS))[None, :]
    z = (Z0 + CELL * np.arange(ROWS))[:, None]
    ground = land.bumps * 2 * (noise_field(*grid, 0.06, 3, seed) - 0.5) * smooth(3, 25, np.hypot(x, z))
    ground += land.hills * smooth(45, 260, z + 0 * x) * (noise_field(*grid, 0.0085, 5, seed + 3) - 0.2) * 1.6
    ground += 0.35 * land.hills * smooth(15, 70, np.abs(x)) * (noise_field(*grid, 0.02, 4, seed + 5) - 0.25)
    if land.dunes:
        bent = noise_field(*grid, 0.012, 3, seed + 7)
        phase = (0.045 * z + 0.02 * x + 5 * bent) % 1.0
        ground += land.dunes * np.where(phase < 0.72, phase / 0.72, (1 - phase) / 0.28) * smooth(8, 60, z + 0 * x)
    if land.mountains:
        ground += mountain_range(land.mountains, grid, x, z, seed)
    if land.water_from is not None:
        bend = 16 * (noise_field(*grid, 0.02, 3, seed + 17) - 0.5)
        off = z + bend * smooth(5, 60, np.abs(x)) - land.water_from
        beach, start = smooth(-14, 0, off), smooth(-2, 7, off)
        if land.cape:
            cape = smooth(8, 18, x) * (1 - smooth(52, 80, z))
            beach, start, ground = beach * (1 - cape), start * (1 - cape), ground + 0.9 * cape
        if land.water_to is not None:
            end = smooth(land.water_to - 8, land.water_to + 25, z + 3 * bend - 0.10 * np.abs(x))
            ground = np.where(end > 0, ground + 1.5 * end, ground)
            beach, start = beach * (1 - end), start * (1 - end)
        ground = ground * (1 - start) - 1.2 * beach - 3.8 * start
    ground[0, :3] = X0, Z0, CELL
    return ground


def mountain_range(height: Real, grid: tuple, x: np.ndarray, z: np.ndarray, seed: Real) -> np.ndarray:
    """Peaks side by side, no higher in the picture than leaves them a sky; with ridges and ravines."""
    rng = np.random.default_rng(int(1000 * seed))
    bent = noise_field(*grid, 0.009, 4, seed + 13) - 0.5
    rise = np.zeros((ROWS, COLUMNS))
    for k in range(PEAKS):
        tall, aside = height * rng.uniform(0.62, 1.0), PEAKS_WIDE * (2 * (k + rng.uniform(0.2, 0.8)) / PEAKS - 1)
        away = np.clip(tall / np.tan(np.radians(rng.uniform(*PEAKS_DEG))), 330, 640)
        distance = np.hypot(x - aside, 1.15 * (z - away)) * (1 + 0.8 * bent)
        rise = np.maximum(rise, tall * np.maximum(1 - distance / (2.0 * tall), 0) ** 1.25)
    ridges = 1 - np.abs(2 * noise_field(*grid, 0.013, 4, seed + 11) - 1)
    foot = 0.10 * height * smooth(170, 420, z + 0 * x)
    return foot + rise * (0.76 + 0.36 * ridges)


def lay(s: Setting, land: Land, look: str, first: str, second: str | None = None, *, snow_above: Real = 400.0) -> None:
    """The land into the setting, with water, floor and eye."""
    land = with_features(land, s.said.also)
    if land.water_from is not None and any(usual_size(thing.kind)[1] > LARGE_M for thing in s.said.things):
        land = replace(land, water_from=land.water_from + 9, water_to=land.water_to and land.water_to + 15)
    ground = heights(land, float(s.rng.uniform(0, 400)))
    near, woods = GROUNDS[s.season]
    shore = -1.0 if land.water_from is not None else -60.0
    winter = s.season == "winter"
    snow_above = min(snow_above, 0.55 * land.mountains or snow_above)
    hills = s.ink(
        "hills", first if look == "hills" else near, second or woods, more=(-30.0 if winter else snow_above, shore)
    )
    s.shapes.land(hills if look == "hills" else s.ink(look, first, second), ground)
    s.floor = lambda x, z: _at(ground, x, z)
    if land.water_from is not None:
        s.water_y = -1.0
        s.water = lambda x, z: _at(ground, x, z) < s.water_y - 0.15
        far = 1900.0 if land.water_to is None else land.water_to + 90
        s.shapes.box(
            s.ink("water", "#16303a"), (-1900, -3.0, land.water_from - 12), (1900, s.water_y, far), opaque=False
        )
    here = _at(ground, 0.0, 0.0)
    s.eye, s.target = (0.0, here + 1.65, 0.0), (0.0, here + 1.45, 10.0)
    s.lights[HAZE] = max(s.lights[HAZE], 0.0011)
    s.near, s.far = 2.6, 42.0


def _at(ground: np.ndarray, x: Real, z: Real) -> Real:
    """The height map at a place, as the rays see it."""
    u = min(max((x - X0) / CELL, 0.0), COLUMNS - 2.001)
    v = min(max((z - Z0) / CELL, 1.0), ROWS - 2.001)
    i, j = int(u), int(v)
    u, v = u - i, v - j
    top = ground[j, i] * (1 - u) + ground[j, i + 1] * u
    return float(top * (1 - v) + (ground[j + 1, i] * (1 - u) + ground[j + 1, i + 1] * u) * v)


def scatter(
    s: Setting, kind: str, count: int, where: tuple[Real, Real, Real, Real], *, apart: Real = 1.5,
    variants: int = 4, sizes: tuple[Real, Real] = (0.8, 1.25), clear: Real = 0.0,
) -> None:  # fmt: skip
    """Scenery of a kind that nobody spoke of.

    where: x from, x to, z from, z to. clear: a lane ahead, half so wide, stays free.
    """
    if not s.wants(kind):
        return
    models = [s.model(kind, float(s.rng.uniform(*sizes))) for _ in range(variants)]
    stood: list[tuple[Real, Real]] = []
    for _ in range(count * 6):
        x, z = s.rng.uniform(where[0], where[1]), s.rng.uniform(where[2], where[3])
        near = any(np.hypot(x - a, z - b) < apart for a, b in stood)
        if near or s.water(x, z) or abs(x) < clear * (1 - 0.006 * z):
            continue
        if any(x0 < x < x1 and z0 < z < z1 for x0, x1, z0, z1 in s.taken):
            continue
        stood.append((x, z))
        s.put(models[s.rng.integers(variants)], (x, s.floor(x, z) - 0.04, z), float(s.rng.uniform(0, 360)), SCENERY)
        if z < 1.5 * s.far:
            s.taken.append((x - apart / 2, x + apart / 2, z - apart / 2, z + apart / 2))
        if len(stood) == count:
            return


def far_woods(s: Setting, count: int, where: tuple[Real, Real, Real, Real], conifers: Real = 0.4) -> None:
    """Trees so far away that a few balls are enough."""
    if not (s.wants("tree") and s.wants("pine")):
        return
    for x, z, chance in s.rng.uniform((where[0], where[2], 0), (where[1], where[3], 1), (count, 3)):
        if s.water(x, z) or s.floor(x, z) > 45:
            continue
        model = _far_tree(s, bool(chance < conifers))
        s.put(model, (x, s.floor(x, z) - 0.2, z), 0, SCENERY)


def _far_tree(s: Setting, conifer: bool) -> Model:
    tones = {"autumn": ("#9a5a20", "#b07a28", "#7a3c1c"), "winter": ("#5f6058",)}.get(
        s.season, ("#2b4a1c", "#3a5a24", "#24401c")
    )
    m = Model(ink=s.ink, rng=s.rng)
    tall = float(s.rng.uniform(4, 7.5))
    if conifer:
        dark = s.ink("foliage", "#1c3622", relief=(1.0, 3))
        for k in range(4):
            m.rod(
                dark, (0, tall * (0.1 + 0.2 * k), 0), (0, tall * (0.48 + 0.2 * k), 0), tall * (0.24 - 0.048 * k), 0.05
            )
    else:
        leaf = s.ink("foliage", tones[s.rng.integers(len(tones))], relief=(1.0, 2.5))
        for dx, dy, dz in m.spots(4, (-0.2, 0.35, -0.2), (0.2, 0.7, 0.2)):
            m.ball(leaf, (dx * tall, dy * tall, dz * tall), (0.24 * tall, 0.26 * tall, 0.24 * tall), leaves=(0.4, 2.2))
    return m
