"""What painters and printmakers liked: their own skies and colours over places of other kinds, waves, night."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.materials import Material, Mixed, plain
from training.noise import Fractal
from training.sky import any_sky, painted_sky
from training.terrain import Terrain
from training.textures import colour, natural
from training.things import buildings, vehicles
from training.world import Camera, Lamp, World
from training.worlds import common, country, steep, town

PLACES: tuple[Callable[[np.random.Generator], World], ...] = (
    country.mountains, country.hills, country.coast, country.forest, town.village, town.temple, town.street,
    steep.valley, steep.cliffs,
)  # fmt: skip


def print_(rng: np.random.Generator) -> World:
    """A place as a print or painting shows it: a made-up sky, clear air or bands of mist."""
    world = waves(rng) if rng.random() < 0.25 else PLACES[rng.integers(len(PLACES))](rng)
    world.painted = True
    if rng.random() < 0.8:
        world.sky = painted_sky(rng)
    if rng.random() < 0.4:
        world.haze = colour(rng, rng.random() * 0.4) ** 2.2
    return world


def night(rng: np.random.Generator) -> World:
    """A place at night or dusk, lamps and windows alight; half of them painted."""
    world = PLACES[rng.integers(len(PLACES))](rng)
    world.painted = bool(rng.random() < 0.5)
    world.sky = (
        painted_sky(rng) if world.painted and rng.random() < 0.6 else any_sky(rng, str(rng.choice(["night", "dusk"])))
    )
    world.haze = None
    for x, z in common.in_view(rng, int(rng.integers(1, 6)), 3, 40, 0.4):
        world.lamps.append(Lamp((x, -rng.uniform(2, 5), z), np.array((1.0, 0.75, 0.4)) * rng.uniform(2, 15)))
    return world


def waves(rng: np.random.Generator) -> World:
    """A rough sea with crests near by, boats on it, a cone of a mountain behind."""
    world = common.open_air(rng, 6000.0)
    long, high = rng.uniform(6, 40), rng.uniform(0.3, 4)
    swell, chop, along = Fractal(rng, long, 3), Fractal(rng, long * 0.2, 3), rng.normal(0, 0.5)
    cone, at = rng.uniform(150, 900), (rng.normal(0, 500), rng.uniform(1200, 2500))

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        sea = high * (swell(x + along * z, z * 1.6, ridged=True) * 2 - 0.6) + 0.2 * high * chop(x, z)
        away = np.hypot(x - at[0], z - at[1])
        return np.maximum(sea, cone * np.maximum(1.15 - (away / (cone * 2.2)) ** 0.7, -0.1) * (away < cone * 3))

    terrain = Terrain(height)
    deep = plain(
        np.clip(np.array((0.08, 0.2, 0.32)) * rng.uniform(0.6, 2.2) + 0.05 * rng.standard_normal(3), 0, 1), shine=0.08
    )
    foam = Material(natural(rng, "snow"), 1.5)
    rock, snow = common.slopes(rng, cone, snow=0.55), rng.uniform(0.5, 0.9)
    sea = Mixed(deep, foam, lambda s: (-s.point[:, 1] / high - snow) * 4 * (s.point[:, 2] < 900))
    terrain.lay(
        world,
        Mixed(sea, rock, lambda s: (s.point[:, 2] > 900).astype(float) * (-s.point[:, 1] > high * 2)),
        4500,
        rows=200,
        columns=160,
    )
    for x, z in common.in_view(rng, int(rng.integers(0, 5)), 8, 120, 0.4):
        world.put(
            vehicles.boat(rng, rng.uniform(4, 12)), terrain.foot(x, z), rng.random() * 6.3, tip=rng.normal(0, 0.2)
        )
    world.camera = Camera(
        (0, -high * rng.uniform(0.6, 2) - 1, 0), rng.normal(0, 0.06), 0, rng.normal(0, 0.03), rng.uniform(40, 75)
    )
    return world


def city(rng: np.random.Generator) -> World:
    """A town from a tower, a hill or a roof: blocks to the horizon, a river, hills behind."""
    world = common.open_air(rng, 5000.0)
    grid, tall, far = rng.uniform(16, 45), np.exp(rng.uniform(np.log(8), np.log(90))), rng.uniform(400, 1500)
    terrain = country.rolling(rng, rng.uniform(0, 25), 300, 200)
    terrain.lay(world, common.ground(rng, "asphalt", "concrete", "grass", "dirt"), far * 2)
    models = [
        buildings.block(
            rng, grid * rng.uniform(0.4, 0.85), 1.0 * tall * rng.uniform(0.3, 1.6) + 4, grid * rng.uniform(0.4, 0.85)
        )
        for _ in range(9)
    ]
    models += [buildings.house(rng, grid * 0.5, rng.uniform(5, 12), grid * 0.5), buildings.tower(rng, tall * 1.3)]
    twist = rng.normal(0, 0.4)
    for z in np.arange(grid * 1.2, far, grid):
        for k in range(int(-0.8 * z / grid) - 1, int(0.8 * z / grid) + 2):
            if rng.random() < 0.75 and len(world.meshes) < 2500:
                x = k * grid + twist * z
                world.put(
                    models[rng.integers(len(models))],
                    terrain.foot(x, z),
                    twist + rng.integers(4) * np.pi / 2,
                    rng.uniform(0.8, 1.2),
                )
    common.grove(world, terrain, int(rng.choice([0, 20])), 15, 200)
    high = tall * rng.uniform(0.7, 2.5) + 6
    world.camera = Camera(
        (0, -high, 0), rng.uniform(-0.02, 0.5), 0, rng.normal(0, 0.02), float(np.clip(rng.normal(60, 12), 32, 95))
    )
    return world
