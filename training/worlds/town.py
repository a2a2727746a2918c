"""Where people live: streets, villages, temple grounds, crowds, markets."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import Material
from training.shapes import floor, tube
from training.sky import any_sky
from training.terrain import Terrain, level
from training.things import animals, buildings, people, plants, vehicles
from training.things.objects import any_object
from training.world import GROUND, Camera, Lamp, World
from training.worlds import common
from training.worlds.country import ranges, rolling


def _walkers(world: World, terrain: Terrain, count: int, near: float, far: float, wide: float = 0.5) -> None:
    rng = world.rng
    models = [people.anyone(rng) for _ in range(min(count, 10))]
    for x, z in common.in_view(rng, count, near, far, wide):
        world.put(models[rng.integers(len(models))], terrain.foot(x, z), rng.random() * 6.3, rng.uniform(0.93, 1.06))


def _rows(world: World, half: float, far: float, tall: tuple[float, float], detailed: float) -> None:
    """Houses along both sides of a street that runs along z."""
    rng = world.rng
    gap = rng.choice([0.0, 0.0, 1.5, 5.0])
    for side in (-1, 1):
        if rng.random() < 0.12:
            continue
        z = rng.uniform(-4, 5)
        while z < far:
            wide, deep, high = rng.uniform(4, 14), rng.uniform(6, 14), rng.uniform(*tall)
            x = side * (half + deep / 2 + rng.choice([0, 0, rng.uniform(0, 3)]))
            front = (
                buildings.house(rng, wide, high, deep)
                if z < 35 and rng.random() < detailed
                else buildings.block(rng, wide, high, deep)
            )
            world.put(front, (x, 0, z + wide / 2), side * np.pi / 2)
            z += wide + gap * rng.random()


def _night(world: World, half: float) -> None:
    """Street lamps instead of the sun, windows alight."""
    world.sky = any_sky(world.rng, "night")
    for k in range(6):
        at = ((-1) ** k * half * 0.8, -world.rng.uniform(3, 5), 3 + 7.0 * k)
        world.lamps.append(Lamp(at, np.array((1.0, 0.8, 0.5)) * world.rng.uniform(4, 14)))


def street(rng: np.random.Generator) -> World:
    """A street from the middle, from the pavement or from above; by day or at night."""
    world = common.open_air(rng, 2500.0)
    half, far = np.exp(rng.uniform(np.log(1.8), np.log(14))), rng.uniform(40, 300)
    world.camera = common.eye(rng)
    if rng.random() < 0.5:
        world.camera = Camera(
            (rng.uniform(-0.7, 0.7) * half, world.camera.at[1], 0),
            world.camera.pitch - 0.04,
            rng.normal(0, 0.25),
            world.camera.roll,
            world.camera.fov_deg,
        )
    world.add(
        floor(800, 1600), Material(textures.of("asphalt", "concrete", "sand", "dirt")(rng), 6, bump=0.1), what=GROUND
    )
    road = min(half * 0.65, 4.5)
    paving = Material(
        textures.MADE[rng.choice([0, 4, 9])](rng) if rng.random() < 0.6 else textures.of("asphalt", "concrete")(rng),
        rng.uniform(1, 3),
        bump=0.1,
    )
    world.add(floor(2 * half, 600).moved((0, -0.004, 290)), paving, what=GROUND)
    if half > 3.5:
        wet = 0.25 if rng.random() < 0.15 else 0.0
        world.add(
            floor(2 * road, 600).moved((0, -0.012, 290)),
            Material(textures.of("asphalt")(rng), 5, shine=wet),
            what=GROUND,
        )
        for z in np.arange(1, 150, rng.choice([2.5, 6])) if rng.random() < 0.7 else ():
            world.add(floor(0.15, 1.5).moved((0, -0.018, z)), Material(tint=np.array((0.85, 0.85, 0.82))), what=GROUND)
    tall = (4, 11) if rng.random() < 0.5 else (8, 45)
    _rows(world, half, far, tall, rng.uniform(0.3, 1.0))
    terrain = Terrain(level)
    for _ in range(int(rng.integers(0, 12)) if half > 3 else 0):
        make = vehicles.car if rng.random() < 0.85 else vehicles.bus
        x = rng.choice([-1, 1]) * rng.choice([road * 0.5, road + 0.2])
        world.put(make(rng), (x, 0, rng.uniform(4, 60)), 0 if x > 0 else np.pi)
    _walkers(world, terrain, int(rng.choice([0, 2, 5, 15])), 2.5, 50, min(0.5, half / 12))
    for z in np.arange(rng.uniform(3, 9), 70, rng.uniform(7, 20)):
        for side in (-1, 1):
            what, x = rng.random(), side * min(half * 0.85, road + 0.6)
            if what < 0.35:
                world.put(buildings.lamp_post(rng, rng.uniform(3, 8)), (x, 0, z), np.pi / 2 - side * np.pi / 2)
            elif what < 0.6:
                world.put(plants.any_tree(rng, rng.uniform(3, 9), 500), (x, 0, z))
            elif what < 0.7:
                world.put(vehicles.bicycle(rng), (x * 1.1, 0, z), rng.normal(0, 0.3))
            elif what < 0.8:
                world.put(plants.potted(rng, rng.uniform(0.5, 1.5)), (x * 1.15, 0, z))
    if rng.random() < 0.2:
        for z in np.arange(4, 60, 8):
            span = np.linspace(-1, 1, 9)
            wire = np.c_[span * half, -6 + 0.6 * (1 - span**2), np.full(9, z)]
            world.put([(tube(wire, 0.012, 4), Material(tint=np.zeros(3) + 0.05))])
    if rng.random() < 0.12:
        _night(world, half)
    return world


def village(rng: np.random.Generator) -> World:
    """Houses strewn over hills or along a lane, with gardens, before woods and mountains."""
    world = common.open_air(rng, 2500.0)
    terrain = (
        rolling(rng, rng.uniform(0.3, 14), rng.uniform(40, 150), 25)
        if rng.random() < 0.6
        else ranges(rng, rng.uniform(30, 400), rng.uniform(60, 300), 2)
    )
    world.camera = common.eye(rng)
    if rng.random() < 0.3:
        high = rng.uniform(6, 40)
        world.camera = Camera((0, -high, 0), rng.uniform(0.1, 0.5), 0, world.camera.roll, world.camera.fov_deg)
    cover = common.ground(rng, "grass", "meadow", "dirt", "sand", "snow", "concrete")
    terrain.lay(world, cover, 900)
    count = int(rng.choice([2, 6, 15, 40]))
    old = rng.random() < 0.3
    for k, (x, z) in enumerate(common.in_view(rng, count, 9, 220, 0.7)):
        foot = terrain.foot(x, z)
        sizes = (rng.uniform(5, 12), rng.uniform(3, 8), rng.uniform(5, 10))
        detailed = k < 10
        made = (
            buildings.tower(rng, rng.uniform(8, 30))
            if rng.random() < 0.08
            else (
                buildings.pagoda(rng, rng.uniform(3.5, 9), int(rng.integers(1, 3)))
                if old
                else (buildings.house if detailed else buildings.block)(rng, *sizes)
            )
        )
        world.put(made, (foot[0], foot[1] + 0.4, foot[2]), rng.normal(0, 0.6) + rng.choice([0, np.pi / 2]))
    for x, z in common.in_view(rng, int(rng.integers(0, 5)), 4, 30):
        made = [
            buildings.fence(rng, rng.uniform(3, 10), rng.uniform(0.7, 1.4)),
            plants.hedge(rng, rng.uniform(2, 8), rng.uniform(0.6, 2), 0.7),
            buildings.wall(rng, rng.uniform(3, 12), rng.uniform(0.6, 2.2)),
        ][rng.integers(3)]
        world.put(made, terrain.foot(x, z), rng.normal(0, 0.8))
    common.grove(world, terrain, int(rng.choice([3, 12, 40])), 4, 400)
    common.stones(world, terrain, int(rng.integers(0, 6)))
    _walkers(world, terrain, int(rng.integers(0, 6)), 3, 40)
    for x, z in common.in_view(rng, int(rng.choice([0, 0, 1, 3])), 5, 30):
        made = vehicles.car(rng) if rng.random() < 0.6 else animals.beast(rng, rng.uniform(0.4, 1.5))
        world.put(made, terrain.foot(x, z), rng.random() * 6.3)
    if rng.random() < 0.4:
        common.undergrowth(world, terrain)
    return world


def temple(rng: np.random.Generator) -> World:
    """Temple grounds, ruins, a monument, a bridge: one large building before or over the visitor."""
    world = common.open_air(rng, 2500.0)
    terrain = rolling(rng, rng.uniform(0.05, 5), rng.uniform(30, 120), 60)
    world.camera = common.eye(rng, tip=0.05, down=-0.05)
    cover = (
        Material(textures.any_made(rng), rng.uniform(1, 4), bump=0.1)
        if rng.random() < 0.35
        else common.ground(rng, "grass", "sand", "dirt", "concrete", "meadow", "red_sand", "snow")
    )
    terrain.lay(world, cover, 800)
    z, kind = (
        np.exp(rng.uniform(np.log(7), np.log(60))),
        rng.choice(["pagoda", "columns", "arches", "towers", "gate", "statue"]),
    )
    x, turn = rng.normal(0, 0.2) * z, rng.normal(0, 0.4)
    scale = z * rng.uniform(0.4, 1.2)
    if kind == "pagoda":
        world.put(buildings.pagoda(rng, scale), terrain.foot(x, z), turn)
        for _ in range(int(rng.integers(0, 3))):
            world.put(
                buildings.pagoda(rng, scale * rng.uniform(0.3, 0.8)),
                terrain.foot(x + rng.normal(0, 1) * scale * 1.5, z * rng.uniform(1, 2)),
                turn,
            )
    elif kind == "columns":
        stone, high = Material(textures.of("plaster", "rock", "sand", "red_sand")(rng), 2, bump=0.2), scale * 0.5
        for k in range(int(rng.integers(3, 9))):
            for row in range(int(rng.integers(1, 3))):
                world.put(
                    buildings.column(rng, high, stone),
                    terrain.foot(x + (k - 3) * high * 0.45, z + row * high * 0.7 + k * high * np.sin(turn) * 0.5),
                )
        if rng.random() < 0.5:
            beam = [(m.moved((0, -high, 0)), p) for m, p in buildings.wall(rng, high * 3, high * 0.25, high * 0.3)]
            world.put(beam, terrain.foot(x, z), 0)
    elif kind == "arches":
        world.put(buildings.arcade(rng, scale * 2.5, scale * 0.8, int(rng.integers(3, 10))), terrain.foot(x, z), turn)
    elif kind == "towers":
        world.put(buildings.wall(rng, scale * 2, scale * 0.4, 1.5), terrain.foot(x, z + 1), turn)
        for k in (-1, 0, 1):
            world.put(buildings.tower(rng, scale * rng.uniform(0.5, 1)), terrain.foot(x + k * scale * 0.8, z))
    elif kind == "gate":
        for k in range(int(rng.choice([1, 1, 6]))):
            world.put(buildings.gate(rng, min(scale, 9)), terrain.foot(x, z * 0.5 + 3 * k), turn * 0.3)
        world.put(buildings.pagoda(rng, scale, 1), terrain.foot(x, z * 2 + 10), 0)
    else:
        world.put(buildings.statue(rng, min(scale * 0.4, 6)), terrain.foot(x * 0.4, z * 0.4), turn)
        world.put(buildings.block(rng, scale * 3, scale, 10), terrain.foot(x, z * 2 + 10), 0)
    common.grove(world, terrain, int(rng.choice([0, 8, 30])), 5, 200)
    _walkers(world, terrain, int(rng.choice([0, 3, 8, 25])), 3, 40)
    common.stones(world, terrain, int(rng.integers(0, 8)), 2, 30)
    if rng.random() < 0.3:
        common.undergrowth(world, terrain)
    return world


def crowd(rng: np.random.Generator) -> World:
    """People in front of one another, in a square, on a beach, at a station."""
    world = common.open_air(rng)
    terrain = Terrain(level) if rng.random() < 0.6 else rolling(rng, rng.uniform(0.1, 2), 30)
    world.camera = common.eye(rng, (1.3, 2.0))
    terrain.lay(
        world, Material(textures.any_made(rng), rng.uniform(1, 4)) if rng.random() < 0.4 else common.ground(rng), 400
    )
    _walkers(
        world,
        terrain,
        int(rng.choice([4, 10, 25, 60])),
        np.exp(rng.uniform(np.log(1.2), np.log(5))),
        rng.uniform(15, 60),
        0.7,
    )
    back = rng.uniform(15, 80)
    for k in range(int(rng.integers(0, 8))):
        world.put(
            buildings.block(rng, rng.uniform(8, 20), rng.uniform(5, 30), 10),
            ((k - 3.5) * 16, 0, back + rng.uniform(0, 8)),
        )
    common.grove(world, terrain, int(rng.choice([0, 5, 15])), 10, 120)
    for x, z in common.in_view(rng, int(rng.integers(0, 5)), 3, 20):
        world.put(
            [buildings.bench(rng), plants.potted(rng, 1), buildings.lamp_post(rng, 4), vehicles.bicycle(rng)][
                rng.integers(4)
            ],
            terrain.foot(x, z),
            rng.random() * 6.3,
        )
    return world


def market(rng: np.random.Generator) -> World:
    """Stalls with goods under awnings, people between them."""
    world = common.open_air(rng)
    world.camera = common.eye(rng)
    world.add(floor(400, 800), Material(textures.any_made(rng), 2, bump=0.1), what=GROUND)
    terrain = Terrain(level)
    for side in (-1, 1):
        for z in np.arange(2.5, 30, rng.uniform(3, 4.5)):
            x = side * rng.uniform(1.8, 3)
            stall = [(m.moved((0, 0, 0)), p) for m, p in buildings.wall(rng, 2.4, 0.9, 1.0)]
            for _ in range(int(rng.integers(3, 12))):
                at = (rng.uniform(-1.1, 1.1), -0.9, rng.uniform(-0.4, 0.4))
                stall += [(m.moved(at), p) for m, p in any_object(rng, rng.uniform(0.12, 0.4))]
            cloth = Material(textures.stripes(rng), 1.2)
            stall.append((floor(2.6, 1.6).moved((0, -2.3, 0)), cloth))
            stall += [(tube([(sx * 1.2, 0, 0.5), (sx * 1.2, -2.3, 0.5)], 0.03, 5), cloth) for sx in (-1, 1)]
            world.put(stall, (x, 0, z), side * np.pi / 2)
    _walkers(world, terrain, int(rng.integers(3, 20)), 2, 30, 0.2)
    for k in range(6):
        world.put(
            buildings.block(rng, 12, rng.uniform(6, 20), 8), ((-1) ** k * 12, 0, 8 + 9 * k), (-1) ** k * -np.pi / 2
        )
    return world
