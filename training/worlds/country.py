"""Out in the country: hills, mountains, coasts, woods, meadows, lakes."""

from __future__ import annotations

import numpy as np

from training import terrain as ground_shapes
from training.noise import Fractal
from training.shapes import Mesh, grid_faces
from training.sky import any_sky
from training.terrain import Terrain
from training.things import animals, buildings, people, plants, vehicles
from training.world import Camera, World
from training.worlds import common


def rolling(rng: np.random.Generator, high_m: float, long_m: float, calm_m: float = 15.0) -> Terrain:
    """Hills that begin around `calm_m` from the camera."""
    waves, fine = Fractal(rng, long_m, 4), Fractal(rng, 3.0, 3)

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        away = np.hypot(x, z)
        return high_m * (waves(x, z) - 0.5) * 2 * np.clip(away / calm_m, 0.05, 1) + 0.15 * fine(x, z)

    return Terrain(height)


def ranges(rng: np.random.Generator, high_m: float, near_m: float, rows: int) -> Terrain:
    """Rows of ridges, the next one `near_m` away, each higher than the one before; a valley leads in."""
    ridge, form = Fractal(rng, high_m * rng.uniform(1.2, 3), 7, 0.55), Fractal(rng, high_m * 2.5, 3)
    starts = near_m * np.cumprod(np.r_[1, rng.uniform(1.4, 2.8, rows - 1)])
    heights = high_m * np.linspace(rng.uniform(0.25, 1), 1, rows) * rng.uniform(0.6, 1.2, rows)
    valley, open_ = rng.normal(0, 0.25), rng.uniform(0.0, 0.4)
    fine, tilt = Fractal(rng, 4.0, 3), rng.normal(0, 0.06)
    ridged = bool(rng.random() < 0.75)

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = 0.25 * fine(x, z) + tilt * x * np.clip(np.hypot(x, z) / 30, 0, 1)
        aside = np.clip(np.abs(x / np.maximum(z, 1) - valley) / max(open_, 1e-3), 0, 1)
        for start, top in zip(starts, heights, strict=True):
            rise = np.clip((z - start) / (top * 1.8), 0, 1)
            shape = 0.35 + 0.9 * ridge(x, z, ridged=ridged) * form(x, z) * 1.6
            total = np.maximum(total, top * (rise * rise * (3 - 2 * rise)) * shape * (0.15 + 0.85 * aside))
        return total

    return Terrain(height)


def _people(world: World, terrain: Terrain, most: int, near: float = 2.5, far: float = 30) -> None:
    for x, z in common.in_view(world.rng, int(world.rng.integers(0, most + 1)), near, far, 0.4):
        world.put(people.anyone(world.rng), terrain.foot(x, z), world.rng.random() * 6.3)


def _farms(world: World, terrain: Terrain, count: int, near: float, far: float) -> None:
    rng = world.rng
    for x, z in common.in_view(rng, count, near, far, 0.5):
        foot = terrain.foot(x, z)
        made = (
            buildings.tower(rng, rng.uniform(10, 30))
            if rng.random() < 0.15
            else buildings.house(rng, rng.uniform(4, 14), rng.uniform(3, 8), rng.uniform(4, 10))
        )
        world.put(made, (foot[0], foot[1] + 0.3, foot[2]), rng.random() * 6.3)


def _path(world: World, terrain: Terrain) -> None:
    """A way from the camera into the distance."""
    rng = world.rng
    z = np.geomspace(0.5, 150, 60)
    bend, wide = Fractal(rng, 25, 2), rng.uniform(0.5, 2.5)
    x = rng.uniform(-3, 3) + (bend(z, z * 0) - 0.5) * z * rng.uniform(0, 0.8) + rng.normal(0, 0.1) * z
    sides = [terrain.feet(x + s * wide, z) - (0, 0.03, 0) for s in (-1, 1)]
    points = np.stack(sides, 1).reshape(-1, 3)
    world.add(
        Mesh(points, grid_faces(60, 2)),
        common.ground(rng, "dirt", "sand", "asphalt", "concrete", "snow", "rock"),
        what=0,
    )


def hills(rng: np.random.Generator) -> World:
    """Open country: hills, fields, trees, farms, a road, mountains behind."""
    world = common.open_air(rng)
    far = np.exp(rng.uniform(np.log(150), np.log(2500)))
    terrain = (
        rolling(rng, rng.uniform(0.5, 0.07 * far), far * rng.uniform(0.1, 0.4))
        if rng.random() < 0.7
        else ranges(rng, far * 0.15, far * 0.3, 2)
    )
    world.camera = common.eye(rng)
    cover = (
        common.slopes(rng, far * 0.1)
        if rng.random() < 0.25
        else common.ground(rng, "grass", "meadow", "hay", "dirt", "sand", "snow", "leaf", "autumn")
    )
    terrain.lay(world, cover, far)
    if rng.random() < 0.5:
        _path(world, terrain)
    common.grove(world, terrain, int(rng.choice([0, 5, 15, 40])), 3, far * 0.6)
    common.stones(world, terrain, int(rng.integers(0, 8)))
    _farms(world, terrain, int(rng.choice([0, 0, 1, 3, 8])), 15, far * 0.5)
    if rng.random() < 0.5:
        common.undergrowth(world, terrain)
    _people(world, terrain, 2)
    if rng.random() < 0.2:
        for x, z in common.in_view(rng, int(rng.integers(1, 8)), 5, 60):
            world.put(animals.beast(rng, rng.uniform(0.6, 1.5)), terrain.foot(x, z), rng.random() * 6.3)
    return world


def mountains(rng: np.random.Generator) -> World:
    """Mountains, from a slope that fills the view to ranges fading into the air."""
    world = common.open_air(rng, 6000.0)
    high = np.exp(rng.uniform(np.log(30), np.log(1800)))
    near = high * np.exp(rng.uniform(np.log(0.15), np.log(2.5)))
    terrain = ranges(rng, high, near, int(rng.integers(1, 5)))
    tip = -0.05 if near < high else 0.0
    world.camera = common.eye(rng, (1.4, 4.0), 0.1, tip + (0.1 if rng.random() < 0.3 else 0))
    if rng.random() < 0.3:
        world.camera = Camera(
            (0, -high * rng.uniform(0.05, 0.5), 0), rng.uniform(0.0, 0.25), 0, 0, world.camera.fov_deg
        )
    terrain.lay(world, common.slopes(rng, high), near * 2 + high * 7, rows=170, columns=150)
    common.grove(world, terrain, int(rng.choice([0, 10, 40, 120])), 4, near + high, (3, 20))
    common.stones(world, terrain, int(rng.integers(0, 15)))
    if rng.random() < 0.4:
        common.undergrowth(world, terrain)
    if rng.random() < 0.25:
        ground_shapes.water(world, common.water_look(rng), rng.uniform(-1.5, 0.3), near * 4)
    _farms(world, terrain, int(rng.choice([0, 0, 0, 1, 4])), 20, near + 50)
    _people(world, terrain, 2)
    return world


def coast(rng: np.random.Generator) -> World:
    """The sea from a shore, with rocks, cliffs, boats, islands."""
    world = common.open_air(rng, 8000.0)
    drop, slant, high = rng.uniform(1.0, 6), rng.normal(0, 0.7), rng.uniform(0, 60)
    shape, cliff = Fractal(rng, 30, 5), Fractal(rng, 400, 4)
    side = rng.choice([-1, 1])

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        out = np.clip((z * np.cos(slant) + x * np.sin(slant)) / rng_reach, -1, 3)
        land = np.clip((side * x / np.maximum(z + 20, 20) - 0.15) * 4, 0, 1)
        isle = np.clip(cliff(x, z) - 0.62, 0, 1) * 400 * np.clip(z / 300 - 0.5, 0, 1)
        return (
            -drop * out
            + (shape(x, z) - 0.5) * (1 + 3 * land)
            + high * land * np.clip(shape(x * 0.3, z * 0.3) * 2, 0, 1.5) * np.clip(z / 40, 0, 1)
            + isle
        )

    rng_reach = rng.uniform(4, 25)
    terrain = Terrain(height)
    world.camera = common.eye(rng, (1.4, 3.0), 0.06, 0.04)
    cover = common.slopes(rng, 40) if rng.random() < 0.5 else common.ground(rng, "sand", "rock", "dirt", "grass")
    terrain.lay(world, cover, 2500)
    level = -drop * rng.uniform(0.3, 1.0)
    ground_shapes.water(world, common.water_look(rng), level, 6000)
    for x, z in common.in_view(rng, int(rng.integers(0, 7)), 12, 500):
        world.put(vehicles.boat(rng, rng.uniform(3, 14)), (x, -level, z), rng.random() * 6.3)
    common.stones(world, terrain, int(rng.integers(0, 25)), 2, 60)
    _people(world, terrain, 4, 2.5, 20)
    if rng.random() < 0.3:
        common.grove(world, terrain, 6, 3, 40)
    for x, z in common.in_view(rng, int(rng.choice([0, 0, 3, 8])), 4, 60):
        world.put(animals.bird(rng, 0.6, flies=True), (x, -rng.uniform(0.5, 1.5) * z * 0.3 - 1, z), rng.random() * 6.3)
    return world


def lake(rng: np.random.Generator) -> World:
    """Still water with a far shore of trees and hills that it mirrors."""
    world = common.open_air(rng, 5000.0)
    near, wide, high = rng.uniform(2, 8), rng.uniform(25, 250), rng.uniform(3, 150)
    hilly, shore = Fractal(rng, high * 2 + 30, 5), Fractal(rng, 15, 3)

    def height(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        bank = np.clip((near - z) / 3, -1, 1) * 1.2 + 0.3 * shore(x, z)
        beyond = np.clip((z + 0.3 * np.abs(x) - near - wide) / wide, -0.1, 3) * high * (0.3 + hilly(x, z))
        return np.maximum(bank, beyond)

    terrain = Terrain(height)
    world.camera = common.eye(rng)
    terrain.lay(world, common.slopes(rng, high), wide * 8)
    ground_shapes.water(world, common.water_look(rng), rng.uniform(-1.4, -0.8), wide * 8)
    common.grove(world, terrain, 60, near + wide, (near + wide) * 2.5, (4, 15))
    common.grove(world, terrain, int(rng.integers(0, 5)), 1.5, near)
    for x, z in common.in_view(rng, int(rng.integers(0, 4)), near + 3, wide):
        world.put(vehicles.boat(rng, rng.uniform(3, 7)), (x, 1.0, z), rng.random() * 6.3)
    common.undergrowth(world, terrain)
    return world


def forest(rng: np.random.Generator) -> World:
    """Among trees, on a path or none."""
    world = common.open_air(rng, 400.0)
    terrain = rolling(rng, rng.uniform(0.2, 6), rng.uniform(8, 60), 8)
    world.camera = common.eye(rng)
    terrain.lay(world, common.ground(rng, "dirt", "leaf", "autumn", "grass", "snow", "bark"), 150)
    if rng.random() < 0.5:
        _path(world, terrain)
    tall, kind = rng.uniform(8, 25), rng.choice(["tree", "conifer", "mixed", "bare"])
    make = {
        "tree": lambda n: plants.tree(rng, tall, n),
        "conifer": lambda n: plants.conifer(rng, tall, n),
        "bare": lambda n: plants.bare_tree(rng, tall),
        "mixed": lambda n: plants.any_tree(rng, tall, n),
    }[str(kind)]
    dense = int(rng.uniform(15, 90))
    places = common.in_view(rng, dense, 3.0, 90, 0.9)
    common.strewn(world, terrain, lambda: make(8000), [p for p in places if p[1] < 10], (0.6, 1.2), 2)
    common.strewn(world, terrain, lambda: make(900), [p for p in places if p[1] >= 10], (0.6, 1.3), 4)
    common.strewn(
        world,
        terrain,
        lambda: plants.bush(rng, rng.uniform(0.4, 1.6), 1500),
        common.in_view(rng, int(rng.integers(0, 25)), 2.2, 40),
        (0.6, 1.3),
        4,
    )
    common.undergrowth(world, terrain)
    common.stones(world, terrain, int(rng.integers(0, 12)), 1.5, 20)
    _people(world, terrain, 2, 2, 15)
    return world


def meadow(rng: np.random.Generator) -> World:
    """Animals near the camera, in grass, on a farm or in the snow."""
    world = common.open_air(rng)
    terrain = rolling(rng, rng.uniform(0.2, 8), rng.uniform(20, 120))
    world.camera = common.eye(rng, (0.5, 1.7))
    terrain.lay(world, common.ground(rng, "grass", "meadow", "hay", "dirt", "sand", "snow", "autumn"), 500)
    tall = np.exp(rng.uniform(np.log(0.25), np.log(1.7)))
    coats = [animals.beast(rng, tall * rng.uniform(0.8, 1.2)) for _ in range(3)]
    for x, z in common.in_view(rng, int(rng.choice([1, 1, 2, 5, 12])), max(1.0, tall * 1.8), max(3, tall * 12), 0.35):
        world.put(coats[rng.integers(3)], terrain.foot(x, z), rng.random() * 6.3)
    if rng.random() < 0.35:
        fence = buildings.fence(rng, 30, rng.uniform(0.8, 1.5))
        world.put(fence, terrain.foot(0, rng.uniform(4, 20)), rng.normal(0, 0.3))
    common.grove(world, terrain, int(rng.choice([0, 5, 20])), 8, 200)
    if rng.random() < 0.8:
        common.undergrowth(world, terrain)
    _farms(world, terrain, int(rng.choice([0, 0, 1])), 15, 60)
    _people(world, terrain, 1)
    if rng.random() < 0.08:
        world.sky = any_sky(rng, "sunset")
    return world
