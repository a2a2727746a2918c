"""Close by: table tops, flowers and small things, faces, gardens."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material, plain
from training.shapes import box, floor, panel, scatter, turned
from training.terrain import Terrain
from training.things import animals, buildings, furniture, objects, people, plants, rocks
from training.world import GROUND, Camera, Lamp, World
from training.worlds import common
from training.worlds.country import rolling
from training.worlds.inside import shell


def _indoors(rng: np.random.Generator) -> World:
    world = World(rng, ambient=np.array((1.0, 0.96, 0.9)) * rng.uniform(0.12, 0.6))
    for _ in range(int(rng.integers(1, 3))):
        at = (rng.uniform(-2, 2), -rng.uniform(1, 2.6), rng.uniform(-1, 2))
        world.lamps.append(Lamp(at, np.array((1.0, 0.92, 0.8)) * rng.uniform(0.5, 3)))
    return world


def _surface(rng: np.random.Generator) -> Material:
    kind = (
        textures.planks,
        textures.planks,
        textures.flat,
        textures.marble,
        textures.fabric,
        textures.tiles,
        textures.anything,
    )[rng.integers(7)]
    return Material(kind(rng), rng.uniform(0.3, 1.5), shine=rng.choice([0, 0, 0.05, 0.12]))


def table_top(rng: np.random.Generator) -> World:
    """Things on a table or shelf, a wall or a room behind them."""
    world = _indoors(rng)
    top, depth = 0.0, rng.uniform(0.6, 2.5)
    world.add(
        box(rng.uniform(1, 4), 0.04, depth).moved((rng.normal() * 0.2, top + 0.04, 0.1 + depth / 2)), _surface(rng)
    )
    back = depth + rng.choice([0.1, rng.uniform(0.2, 4)])
    world.add(
        panel(14, 6).moved((0, 1.5, back), turned(rng.normal(0, 0.25))),
        _surface(rng)
        if rng.random() < 0.5
        else Material(textures.natural(rng, "plaster"), 2, tint=textures.colour(rng, 0.3)),
    )
    world.add(floor(14, 14).moved((0, 0.75, 3)), _surface(rng), what=GROUND)
    count, size = int(rng.choice([1, 2, 4, 8, 16])), np.exp(rng.uniform(np.log(0.07), np.log(0.35)))
    for _ in range(count):
        at = (rng.normal(0, 0.3) * depth, top, rng.uniform(0.25, 0.95) * depth)
        world.put(objects.any_object(rng, size * rng.uniform(0.6, 1.5)), at, rng.random() * 6.3)
    if rng.random() < 0.3:
        world.put(plants.potted(rng, rng.uniform(0.2, 0.6)), (rng.normal(0, 0.3), top, depth * 0.8))
    if rng.random() < 0.25:
        world.put(furniture.desk_screen(rng), (rng.normal(0, 0.3), top, depth * 0.8), rng.normal(0, 0.3))
    if rng.random() < 0.2:
        world.put(furniture.picture(rng, 0.6, 0.5), (rng.normal(0, 0.5), -0.3, back - 0.02))
    if rng.random() < 0.15:
        world.put(
            people.person(rng, 1.7, sits=True), (rng.normal(0, 0.4), 0.75, depth + 0.3), np.pi * 0 + rng.normal(0, 0.3)
        )
    high = rng.uniform(0.08, 0.9)
    world.camera = Camera(
        (rng.normal() * 0.1, -high, -0.15),
        float(np.arctan2(high, depth * 0.6) * rng.uniform(0.4, 1.1)),
        rng.normal(0, 0.1),
        rng.normal(0, 0.04),
        float(np.clip(rng.normal(52, 12), 25, 80)),
    )
    if rng.random() < 0.1:  # from right above
        world.camera = Camera((0, -rng.uniform(0.6, 1.2), depth * 0.5), 1.45, 0, rng.normal(0, 0.2), 55)
    return world


def close_up(rng: np.random.Generator) -> World:
    """One flower, fruit, toy, stone or bird near the lens, the ground or nothing much behind it."""
    world = common.open_air(rng) if rng.random() < 0.65 else _indoors(rng)
    terrain = rolling(rng, rng.uniform(0, 4), 30, 5)
    terrain.lay(world, common.ground(rng), 300, near_m=0.15)
    size, away = rng.uniform(0.08, 0.5), rng.uniform(1.6, 4)
    kind = rng.integers(5)
    for k in range(int(rng.choice([1, 1, 2, 4, 9]))):
        z = size * away * (1 + 0.4 * k * rng.random())
        at = terrain.foot(rng.normal(0, 0.15 + 0.12 * k) * z, z)
        made = [
            lambda: plants.flower(rng, size),
            lambda: objects.any_object(rng, size),
            lambda: animals.bird(rng, size),
            lambda: rocks.stone(rng, size),
            lambda: plants.bush(rng, size * 1.5, 1800),
        ][kind]()
        world.put(made, at, rng.random() * 6.3)
    if rng.random() < 0.6:
        common.undergrowth(world, terrain, near=size)
    if world.sky is not None:
        common.grove(world, terrain, int(rng.choice([0, 6, 15])), 4, 60)
    else:
        world.add(panel(30, 12).moved((0, 3, rng.uniform(1.5, 6))), _surface(rng))
    if rng.random() < 0.15:  # leaves at the picture's edge
        side = rng.choice([-1, 1])
        spots = rng.normal(0, 1, (60, 3)) * (size, size, size * 0.5) + (side * size * away * 0.9, -size, size * away)
        world.put([(scatter(rng, spots, size * 0.12, long=1.6), plants.leaves(rng))])
    high = size * rng.uniform(0.4, 1.6)
    world.camera = Camera(
        (0, -high, 0),
        rng.normal(0.1, 0.12) + 0.2 * (high > size),
        0,
        rng.normal(0, 0.03),
        float(np.clip(rng.normal(45, 10), 22, 75)),
    )
    return world


def portrait(rng: np.random.Generator) -> World:
    """One to three people near the camera, from the head alone to knee height, with something behind them."""
    inside = rng.random() < 0.4
    world = _indoors(rng) if inside else common.open_air(rng)
    terrain = rolling(rng, rng.uniform(0, 5), 40, 15)
    if inside:
        depth = rng.uniform(3, 7)
        shell(world, rng.uniform(3, 7), depth, rng.uniform(2.3, 3.2))
        for _ in range(int(rng.integers(0, 4))):
            made = furniture.STANDING[rng.integers(len(furniture.STANDING))](rng)
            world.put(made, (rng.uniform(-1.6, 1.6), 0, rng.uniform(1.2, depth - 1.6)), rng.random() * 6.3)
        if rng.random() < 0.5:
            world.put(furniture.picture(rng, 0.8, 0.6), (rng.normal(), -1.3, depth - 1.6))
    else:
        terrain.lay(world, common.ground(rng), 300)
        common.grove(world, terrain, int(rng.choice([0, 8, 25])), 4, 100)
        for x, z in common.in_view(rng, int(rng.choice([0, 0, 2, 6])), 8, 60):
            world.put(buildings.house(rng, 8, 5, 8), terrain.foot(x, z), rng.random() * 6.3)
        for x, z in common.in_view(rng, int(rng.choice([0, 0, 3, 8])), 4, 25):
            world.put(people.anyone(rng), terrain.foot(x, z), rng.random() * 6.3)
    away, tall = np.exp(rng.uniform(np.log(0.6), np.log(2.8))), rng.uniform(1.5, 1.85)
    for k in range(int(rng.choice([1, 1, 1, 2, 3]))):
        x = rng.normal(0, 0.12) * away + (0 if k == 0 else rng.choice([-1, 1]) * rng.uniform(0.4, 0.7) * k)
        at = terrain.foot(x, away * rng.uniform(1, 1.25)) if not inside else (x, 0, away)
        made = people.person(rng, tall * rng.uniform(0.95, 1.03)) if rng.random() < 0.85 else people.robed(rng, tall)
        world.put(made, at, rng.normal(0, 0.45) + (np.pi if rng.random() < 0.08 else 0))
    if rng.random() < 0.12:
        world.put(animals.beast(rng, rng.uniform(0.3, 0.6)), (rng.normal(0, 0.3), 0, away * 0.9), rng.normal(0, 1))
    world.camera = Camera(
        (0, -tall * rng.uniform(0.75, 0.98), 0),
        rng.normal(0.03, 0.06),
        0,
        rng.normal(0, 0.03),
        float(np.clip(rng.normal(50, 10), 28, 75)),
    )
    if rng.random() < 0.3:
        plainly = plain(textures.colour(rng, rng.random() * 0.5))
        world.add(panel(20, 10).moved((0, 2, away + rng.uniform(0.6, 2.5))), plainly)
    return world


def garden(rng: np.random.Generator) -> World:
    """Beds of flowers, hedges, a bench, a pond's stones, the house behind."""
    world = common.open_air(rng)
    terrain: Terrain = rolling(rng, rng.uniform(0.1, 1.5), 25, 10)
    world.camera = common.eye(rng, (0.8, 1.7), down=0.1)
    terrain.lay(world, common.ground(rng, "grass", "dirt", "meadow"), 300)
    common.strewn(
        world,
        terrain,
        lambda: plants.flower(rng, rng.uniform(0.25, 0.8)),
        common.in_view(rng, int(rng.integers(5, 60)), 1.0, 10),
        (0.7, 1.3),
        4,
    )
    common.strewn(
        world,
        terrain,
        lambda: plants.bush(rng, rng.uniform(0.4, 1.4), 1500),
        common.in_view(rng, int(rng.integers(2, 14)), 2, 20),
        (0.7, 1.3),
        4,
    )
    for x, z in common.in_view(rng, int(rng.integers(1, 6)), 2.5, 20):
        made = [
            buildings.bench,
            lambda r: plants.hedge(r, 4, 1.2, 0.8),
            lambda r: plants.potted(r, 1),
            lambda r: buildings.statue(r, 1.2),
            lambda r: buildings.fence(r, 5, 1),
        ][rng.integers(5)](rng)
        world.put(made, terrain.foot(x, z), rng.random() * 6.3)
    if rng.random() < 0.7:
        world.put(
            buildings.house(rng, 12, 5, 8), terrain.foot(rng.normal(0, 4), rng.uniform(14, 30)), rng.normal(0, 0.3)
        )
    common.grove(world, terrain, 12, 8, 80)
    common.undergrowth(world, terrain)
    return world
