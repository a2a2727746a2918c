"""Where the ground rises before one's eyes: green valleys, cliffs and canyons."""

from __future__ import annotations

import numpy as np

from training import terrain as ground_shapes
from training import textures
from training.materials import Material, plain
from training.noise import Fractal
from training.shapes import ball, panel
from training.sky import any_sky
from training.terrain import Terrain
from training.things import buildings, people, plants, rocks
from training.world import Camera, World
from training.worlds import common


def valley(rng: np.random.Generator) -> World:
    """Slopes near by on one or both sides, green from foot to crest: woods, meadows, terraces, a stream, a farm."""
    world = common.open_air(rng, 4000.0)
    high, foot = np.exp(rng.uniform(np.log(15), np.log(500))), np.exp(rng.uniform(np.log(4), np.log(60)))
    left, right = rng.uniform(0, 1.3, 2) * (rng.random(2) < 0.8)
    end, lumps, crest = rng.uniform(0.2, 1.4), Fractal(rng, high * 0.35, 5), Fractal(rng, high * 1.5, 3)
    step = rng.uniform(0.01, 0.05) * high if rng.random() < 0.2 else 0.0

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        inward = foot * (1 + 0.6 * lumps(z * 0.5, z * 0))
        walls = [tilt * np.maximum(s * x - inward, 0) for s, tilt in ((-1, left), (1, right))]
        behind = end * np.maximum(z - foot * 4 - high * 0.5, 0)
        top = high * (0.3 + 1.2 * crest(x, z))
        rise = top * np.tanh((walls[0] + walls[1] + behind) / top)
        rise = rise + 0.18 * np.minimum(rise, 0.4 * high) * (lumps(x, z) - 0.5) * 2
        rise = np.round(rise / step) * step if step else rise
        return rise + 0.2 * lumps(x * 20, z * 20)

    terrain = Terrain(height)
    world.camera = common.eye(rng, (1.4, 3.0), 0.08, -0.04)
    cover = common.ground(rng, "grass", "meadow", "leaf", "fresh_leaf", "dark_leaf", "autumn", "hay")
    terrain.lay(
        world,
        cover if rng.random() < 0.5 else common.slopes(rng, high, snow=9.0),
        foot * 5 + high * 6,
        rows=150,
        columns=150,
    )
    _wooded(world, terrain, int(rng.choice([30, 120, 300])), foot * 1.2, foot * 4 + high * 1.5)
    if rng.random() < 0.3:
        ground_shapes.water(world, common.water_look(rng), -0.3, foot * 4)
    for x, z in common.in_view(rng, int(rng.choice([0, 0, 1, 4])), foot + 8, foot * 3 + 60, 0.4):
        made = buildings.pagoda(rng, rng.uniform(5, 20)) if rng.random() < 0.4 else buildings.house(rng, 9, 5, 7)
        world.put(made, terrain.foot(x, z), rng.normal(0, 0.5))
    common.stones(world, terrain, int(rng.integers(0, 10)), 2, 40)
    if rng.random() < 0.5:
        common.undergrowth(world, terrain)
    for x, z in common.in_view(rng, int(rng.choice([0, 0, 1, 3])), 3, 20, 0.3):
        world.put(people.anyone(rng), terrain.foot(x, z), rng.random() * 6.3)
    return world


def _wooded(world: World, terrain: Terrain, count: int, near: float, far: float) -> None:
    """Small models of trees and bushes, many times, where the slopes are."""
    rng = world.rng
    models = [plants.any_tree(rng, rng.uniform(4, 14), 220) for _ in range(3)]
    models += [plants.bush(rng, rng.uniform(1, 4), 140) for _ in range(3)]
    patch = Fractal(rng, far * 0.15, 3)
    for x, z in common.in_view(rng, count, max(near, 9), far, 0.9):
        if patch(np.array([x]), np.array([z]))[0] > 0.42:
            world.put(models[rng.integers(6)], terrain.foot(x, z), rng.random() * 6.3, rng.uniform(0.6, 1.5))


def cliffs(rng: np.random.Generator) -> World:
    """A rock face, a canyon, needles of stone, at times with a waterfall or a stream."""
    world = common.open_air(rng, 3000.0)
    high, near = np.exp(rng.uniform(np.log(8), np.log(250))), np.exp(rng.uniform(np.log(4), np.log(80)))
    face, bend, needles = Fractal(rng, high * 0.5, 6), Fractal(rng, near * 3 + 20, 3), Fractal(rng, near * 0.8 + 5, 3)
    kind = rng.choice(["face", "canyon", "needles"])

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        wander = (bend(x, z) - 0.5) * near * 1.5
        if kind == "face":
            into = z + 0.4 * x - near * 2 + wander
        elif kind == "canyon":
            into = np.abs(x + 0.5 * wander) - near * 0.5 + np.maximum(z - near * 12, 0)
        else:
            into = (needles(x, z) - 0.62) * 90 * np.clip(z / near - 1, 0, 1)
        shelf = np.clip(into / (0.25 * high), 0, 1) * 0.5 + np.clip((into - high * 0.35) / (0.2 * high), 0, 1) * 0.5
        return high * shelf * (0.6 + 0.8 * face(x, z)) + 0.4 * face(x * 8, z * 8)

    terrain = Terrain(height)
    world.camera = common.eye(rng, (1.4, 3.0), 0.1, -0.08)
    if rng.random() < 0.2:
        world.camera = Camera((0, -high * rng.uniform(0.3, 1.2), 0), rng.uniform(0.05, 0.4), 0, 0, world.camera.fov_deg)
    terrain.lay(world, common.slopes(rng, high * 1.5, snow=9.0), near * 14 + high * 4, rows=200, columns=160)
    common.grove(world, terrain, int(rng.choice([0, 8, 30])), 5, near * 3 + 20)
    common.stones(world, terrain, int(rng.integers(3, 25)), 2, near + 20)
    if rng.random() < 0.3:
        ground_shapes.water(world, common.water_look(rng), rng.uniform(-0.4, 0.1), near * 12)
    if kind == "face" and rng.random() < 0.3:
        fall = Material(textures.natural(rng, "snow"), 3.0)
        world.add(panel(high * 0.12, high), fall, terrain.foot(rng.normal(0, 0.3) * near, near * 1.9))
    if rng.random() < 0.25:
        world.put(
            buildings.tower(rng, high * 0.2) if rng.random() < 0.5 else buildings.pagoda(rng, high * 0.25),
            terrain.foot(rng.normal(0, 0.3) * near, near * 2 + high * 0.5),
        )
    for x, z in common.in_view(rng, int(rng.choice([0, 0, 1, 3])), 3, near + 5, 0.3):
        world.put(people.anyone(rng), terrain.foot(x, z), rng.random() * 6.3)
    for _ in range(int(rng.choice([0, 0, 1]))):
        world.put(rocks.stone(rng, rng.uniform(1, 3)), terrain.foot(rng.normal(0, 1), rng.uniform(2.5, 5)))
    return world


def big_sky(rng: np.random.Generator) -> World:
    """A farm, a temple, a tree or people under a large sky with clouds that stand lit above them."""
    world = common.open_air(rng, 4000.0)
    world.sky = any_sky(rng, str(rng.choice(["clear", "clear", "hazy", "sunset", "storm"])), clouds="both")
    far = rng.uniform(150, 1200)
    waves = Fractal(rng, far * 0.25, 4)
    high = far * rng.uniform(0, 0.05)
    terrain = Terrain(lambda x, z: high * (waves(x, z) - 0.5) * np.clip(np.hypot(x, z) / 25, 0.02, 1))
    world.camera = common.eye(rng, (1.2, 2.5), 0.05, -0.16)
    terrain.lay(world, common.ground(rng, "grass", "meadow", "hay", "dirt", "snow", "autumn", "sand"), far)
    for x, z in common.in_view(rng, int(rng.choice([1, 1, 2, 5])), 12, 70, 0.35):
        made = [
            lambda: buildings.house(rng, rng.uniform(6, 16), rng.uniform(3, 8), 8),
            lambda: buildings.pagoda(rng, rng.uniform(6, 25)),
            lambda: buildings.tower(rng, rng.uniform(10, 30)),
            lambda: plants.any_tree(rng, rng.uniform(6, 16), 1500),
        ][rng.integers(4)]()
        world.put(made, terrain.foot(x, z), rng.normal(0, 0.6))
    common.grove(world, terrain, int(rng.choice([0, 8, 30])), 8, far * 0.5)
    for x, z in common.in_view(rng, int(rng.choice([0, 0, 2, 6])), 4, 30, 0.4):
        world.put(people.anyone(rng), terrain.foot(x, z), rng.random() * 6.3)
    if rng.random() < 0.2:
        world.put(buildings.fence(rng, 40, 1.2), terrain.foot(0, rng.uniform(5, 20)), rng.normal(0, 0.2))
    if rng.random() < 0.15:
        balloon = plain(textures.colour(rng, 0.8))
        for x, z in common.in_view(rng, int(rng.integers(1, 5)), 40, 300, 0.4):
            world.put(
                [(ball((8, 10, 8), 14), balloon), (ball((1, 1, 1), 6).moved((0, 14, 0)), balloon)],
                (x, -0.25 * z - 12, z),
            )
    return world
