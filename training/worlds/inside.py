"""Indoors: rooms of all kinds, halls, corridors."""

from __future__ import annotations

import numpy as np

from training import textures
from training.materials import AnyMaterial, Material, plain
from training.shapes import box, floor, frustum, tube
from training.things import buildings, furniture, people, plants
from training.things.objects import any_object
from training.world import GROUND, Camera, Lamp, World


def _paint(rng: np.random.Generator) -> AnyMaterial:
    """A wall's colour or paper."""
    choice = rng.random()
    if choice < 0.55:
        return Material(textures.natural(rng, "plaster"), 3, tint=textures.colour(rng, rng.random() * 0.35) * 0.4 + 0.6)
    if choice < 0.7:
        return Material(textures.flat(rng), 3)
    return Material(
        (textures.bricks, textures.stripes, textures.planks, textures.tiles, textures.fabric)[rng.integers(5)](rng),
        rng.uniform(0.7, 2),
    )


def _boards(rng: np.random.Generator) -> Material:
    kind = (
        textures.planks,
        textures.planks,
        textures.tiles,
        textures.of("concrete", "sand"),
        textures.fabric,
        textures.marble,
    )[rng.integers(6)]
    return Material(kind(rng), rng.uniform(0.8, 3), shine=rng.choice([0, 0, 0.04, 0.1]))


def shell(world: World, width: float, depth: float, height: float) -> None:
    """Floor, ceiling and four walls; the camera stands at z = 0, the wall behind it at z = -1.5."""
    rng, wall = world.rng, _paint(world.rng)
    middle = depth / 2 - 1.5
    world.add(floor(width, depth).moved((0, 0, middle)), _boards(rng), what=GROUND)
    top = Material(textures.natural(rng, "plaster"), 3) if rng.random() < 0.8 else _paint(rng)
    world.add(floor(width, depth).moved((0, -height, middle)), top)
    for side in (-1, 1):
        world.add(
            box(0.1, height, depth).moved((side * width / 2, 0, middle)), wall if rng.random() < 0.85 else _paint(rng)
        )
    world.add(box(width, height, 0.1).moved((0, 0, depth - 1.5)), wall if rng.random() < 0.8 else _paint(rng))
    world.add(box(width, height, 0.1).moved((0, 0, -1.5)), wall)
    if rng.random() < 0.5:
        skirting = plain(textures.colour(rng, 0.1))
        world.add(box(width, 0.12, 0.03).moved((0, 0, depth - 1.57)), skirting)
        for side in (-1, 1):
            world.add(box(0.03, 0.12, depth).moved((side * (width / 2 - 0.06), 0, middle)), skirting)
    if rng.random() < 0.15:
        for z in np.arange(0, depth, 1.0):
            world.add(box(width, 0.2, 0.16).moved((0, -height + 0.2, z)), Material(textures.planks(rng), 1))


def _at_walls(world: World, width: float, depth: float) -> None:
    """Furniture, pictures, windows and doors along the walls, seen from inside."""
    rng = world.rng
    spots = [((x, depth - 1.55), 0.0) for x in np.arange(-width / 2 + 0.8, width / 2 - 0.5, 1.7)]
    for side in (-1, 1):
        spots += [((side * (width / 2 - 0.06), z), side * np.pi / 2) for z in np.arange(0.4, depth - 2, 1.8)]
    for (x, z), yaw in spots:
        what = rng.random()
        if what < 0.33:
            made, off = furniture.AT_WALLS[rng.integers(len(furniture.AT_WALLS))](rng), 0.0
            off = (
                0.0
                if any(made[0][0] is m for m, _ in made[:0])
                else max(0.0, float(max(m.vertices[:, 2].max() for m, _ in made)))
            )
            world.put(made, (x - np.sin(yaw) * off, 0, z - np.cos(yaw) * off), yaw)
        if 0.25 < what < 0.55:
            w, h = rng.uniform(0.3, 1.4), rng.uniform(0.3, 1.0)
            world.put(furniture.picture(rng, w, h), (x, -rng.uniform(1.1, 1.6), z), yaw)
        elif what > 0.72 and what < 0.85:
            world.put(
                furniture.window(rng, rng.uniform(0.7, 1.6), rng.uniform(1.0, 1.7)), (x, -rng.uniform(0.4, 1.0), z), yaw
            )
            world.lamps.append(
                Lamp(
                    (x - np.sin(yaw) * 0.5, -1.6, z - np.cos(yaw) * 0.5),
                    np.array((0.9, 0.95, 1.0)) * rng.uniform(0.5, 3),
                )
            )
        elif what > 0.94:
            world.put(
                [
                    (
                        box(0.9, 2.05, 0.08),
                        Material(textures.planks(rng) if rng.random() < 0.5 else textures.flat(rng), 2),
                    )
                ],
                (x, 0, z),
                yaw,
            )


def room(rng: np.random.Generator) -> World:
    """A living room, kitchen, bedroom, office, workshop, shop."""
    world = World(rng, ambient=np.array((1.0, 0.96, 0.9)) * rng.uniform(0.08, 0.6))
    width, depth, height = rng.uniform(2.4, 8), rng.uniform(3.5, 10), rng.uniform(2.3, 3.5)
    shell(world, width, depth, height)
    _at_walls(world, width, depth)
    lamp = (rng.uniform(-0.3, 0.3) * width, -height + rng.uniform(0.15, 0.6), rng.uniform(0.3, depth - 2))
    world.lamps.append(Lamp(lamp, np.array((1.0, 0.85, 0.65)) * rng.uniform(0.3, 4)))
    if rng.random() < 0.5:
        world.put(furniture.hanging_lamp(rng, lamp[1] + height), (lamp[0], -height, lamp[2]))
    if rng.random() < 0.4:
        rug = Material(textures.fabric(rng) if rng.random() < 0.6 else textures.stripes(rng), 1)
        world.add(
            floor(rng.uniform(1, 3), rng.uniform(1, 2.5)).moved((rng.normal() * 0.4, -0.01, rng.uniform(1, depth - 2))),
            rug,
            what=GROUND,
        )
    for _ in range(int(rng.integers(1, 9))):
        x, z = rng.uniform(-0.42, 0.42) * width, rng.uniform(1.1, max(1.3, depth - 2.2))
        made = furniture.STANDING[rng.integers(len(furniture.STANDING))](rng)
        world.put(made, (x, 0, z), rng.choice([0, 1, 2, 3]) * np.pi / 2 + rng.normal(0, 0.25))
    for _ in range(int(rng.integers(0, 5))):
        at = (rng.uniform(-0.45, 0.45) * width, 0, rng.uniform(1.0, depth - 1.8))
        world.put(
            plants.potted(rng, rng.uniform(0.4, 1.6))
            if rng.random() < 0.35
            else any_object(rng, rng.uniform(0.2, 0.7)),
            at,
            rng.random() * 6.3,
        )
    for _ in range(int(rng.choice([0, 0, 0, 1, 2, 4]))):
        at = (rng.uniform(-0.4, 0.4) * width, 0, rng.uniform(1.2, depth - 1.9))
        world.put(people.person(rng, rng.uniform(1.5, 1.9), sits=rng.random() < 0.3), at, rng.random() * 6.3)
    if rng.random() < 0.25:
        near = [(m.moved((0, -0.75, 0)), p) for m, p in any_object(rng, rng.uniform(0.2, 0.4))]
        world.put(
            [(box(1.6, 0.05, 0.8).moved((0, -0.7, 0)), Material(textures.planks(rng), 1)), *near],
            (rng.normal() * 0.5, 0, rng.uniform(0.8, 1.2)),
        )
    corner = rng.normal(0, 0.45)
    world.camera = Camera(
        (rng.uniform(-0.25, 0.25) * width, -rng.uniform(0.8, 1.8), rng.uniform(-1.2, 0.2)),
        rng.normal(0.08, 0.12),
        corner,
        rng.normal(0, 0.02),
        float(np.clip(rng.normal(68, 13), 40, 100)),
    )
    return world


def hall(rng: np.random.Generator) -> World:
    """A church, museum, station, factory: a large closed space with columns, arches, rows of seats."""
    world = World(rng, ambient=np.array((1.0, 0.95, 0.88)) * rng.uniform(0.1, 0.5))
    width, depth, height = rng.uniform(6, 25), rng.uniform(12, 60), rng.uniform(4, 16)
    shell(world, width, depth, height)
    stone = Material(
        textures.of("plaster", "rock", "sand")(rng) if rng.random() < 0.6 else textures.marble(rng), 2, bump=0.1
    )
    aisle, step = width * rng.uniform(0.2, 0.4), rng.uniform(3, 7)
    kind = rng.choice(["columns", "arches", "bare"], p=[0.45, 0.3, 0.25])
    if kind == "columns":
        model = buildings.column(rng, height * 0.9, stone)
        for z in np.arange(1.5, depth - 2, step):
            for side in (-1, 1):
                world.put(model, (side * aisle, 0, z))
    elif kind == "arches":
        for side in (-1, 1):
            world.put(
                buildings.arcade(rng, depth - 2, height * 0.75, max(3, int((depth - 2) / step)), stone),
                (side * aisle, 0, depth / 2 - 1),
                np.pi / 2,
            )
    if rng.random() < 0.3:
        vault = frustum(width, height * 0.4, depth, 0.3).moved((0, -height * 0.995, depth / 2 - 1.5))
        world.add(vault, stone)
    for z in np.arange(2, depth - 3, rng.uniform(0.9, 2.5)) if rng.random() < 0.45 else ():
        for side in (-1, 1):
            world.put(
                [
                    (box(aisle * 0.8, 0.45, 0.4), stone),
                    (box(aisle * 0.8, 0.9, 0.06).moved((0, 0, -0.2)), Material(textures.planks(rng), 1)),
                ],
                (side * aisle * 0.55, 0, z),
            )
    for _ in range(int(rng.integers(0, 10))):
        at = (rng.uniform(-0.4, 0.4) * width, 0, rng.uniform(2, depth - 3))
        made = [
            lambda: buildings.statue(rng, rng.uniform(1, 3)),
            lambda: people.anyone(rng),
            lambda: plants.potted(rng, 1.5),
            lambda: any_object(rng, rng.uniform(0.5, 2)),
            lambda: furniture.table(rng),
            lambda: buildings.bench(rng),
        ][rng.integers(6)]()
        world.put(made, at, rng.random() * 6.3)
    for z in np.arange(2, depth - 2, rng.uniform(3, 8)):
        for side in (-1, 1):
            if rng.random() < 0.5:
                world.put(
                    furniture.window(rng, rng.uniform(0.8, 2), height * rng.uniform(0.2, 0.5)),
                    (side * (width / 2 - 0.08), -height * rng.uniform(0.2, 0.5), z),
                    side * np.pi / 2,
                )
    for z in np.linspace(1, depth - 3, 4):
        world.lamps.append(
            Lamp(
                (rng.normal() * 2, -height * 0.85, float(z)), np.array((1.0, 0.88, 0.7)) * height * rng.uniform(0.3, 3)
            )
        )
    world.put([(box(width * 0.3, height * 0.3, 1.5), stone)], (0, 0, depth - 3.5))
    world.camera = Camera(
        (rng.uniform(-0.2, 0.2) * width, -rng.uniform(1.2, 2.0), 0.0),
        rng.normal(-0.05, 0.1),
        rng.normal(0, 0.2),
        rng.normal(0, 0.015),
        float(np.clip(rng.normal(66, 12), 40, 95)),
    )
    return world


def corridor(rng: np.random.Generator) -> World:
    """A passage with doors, a tunnel, a staircase at its end."""
    world = World(rng, ambient=np.full(3, rng.uniform(0.1, 0.5)))
    width, depth, height = rng.uniform(1.3, 3.5), rng.uniform(6, 40), rng.uniform(2.2, 3.5)
    shell(world, width, depth, height)
    for z in np.arange(1.5, depth - 2, rng.uniform(2, 5)):
        for side in (-1, 1):
            if rng.random() < 0.6:
                world.put(
                    [(box(0.9, 2.05, 0.08), Material(textures.planks(rng), 2))],
                    (side * (width / 2 - 0.05), 0, z),
                    side * np.pi / 2,
                )
            elif rng.random() < 0.4:
                world.put(furniture.picture(rng, 0.6, 0.5), (side * (width / 2 - 0.06), -1.3, z), side * np.pi / 2)
            elif rng.random() < 0.2:
                world.put(plants.potted(rng, 1.0), (side * (width / 2 - 0.3), 0, z))
    for z in np.arange(1, depth - 2, 4):
        world.lamps.append(Lamp((0, -height + 0.2, float(z)), np.array((1.0, 0.9, 0.75)) * rng.uniform(0.5, 2.5)))
    if rng.random() < 0.3:
        world.add(
            tube([(-width / 2 + 0.15, -height + 0.2, -1), (-width / 2 + 0.15, -height + 0.2, depth)], 0.07, 8),
            plain((0.5, 0.5, 0.5)),
        )
    if rng.random() < 0.4:
        world.put(people.anyone(rng), (rng.normal(0, 0.3), 0, rng.uniform(2, depth - 2)), rng.random() * 6.3)
    world.camera = Camera(
        (0, -rng.uniform(1.2, 1.8), 0), rng.normal(0.02, 0.06), rng.normal(0, 0.12), 0, rng.uniform(50, 85)
    )
    return world
