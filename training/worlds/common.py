"""What many kinds of worlds share: weather, cameras, grounds, slopes with woods, things strewn about."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from training import textures
from training.materials import AnyMaterial, Material, Mixed, Surface, plain
from training.noise import Fractal
from training.sky import any_sky, painted_sky
from training.terrain import Terrain
from training.things import plants, rocks
from training.world import Camera, Part, World


def open_air(rng: np.random.Generator, clear_m: float = 3000.0) -> World:
    """A world under a sky, its air from thick fog to clear, at times to be painted."""
    painted = rng.random() < 0.16
    world = World(rng, painted_sky(rng) if painted and rng.random() < 0.6 else any_sky(rng), painted=painted)
    weather = rng.random()
    if weather < 0.06:
        world.fog_m = rng.uniform(12, 60)
    elif weather < 0.5:
        world.fog_m = clear_m * np.exp(rng.uniform(-3.2, 0))
    elif weather < 0.8:
        world.fog_m = clear_m * 3
    if rng.random() < 0.3:
        world.haze = world.sky.haze * np.clip(
            np.array((0.75, 0.88, 1.1)) * (1 + 0.1 * rng.standard_normal(3)), 0.2, 1.3
        )
    return world


def eye(
    rng: np.random.Generator, high: tuple[float, float] = (1.3, 1.9), tip: float = 0.07, down: float = 0.0
) -> Camera:
    """A camera as people hold it: usually at eye level, sometimes low, sometimes from above (then looking down)."""
    height, pitch = rng.uniform(*high), rng.normal(down, tip)
    choice = rng.random()
    if choice < 0.12:
        height = rng.uniform(0.25, high[0])
    elif choice < 0.24:
        height = rng.uniform(high[1], high[1] + 6)
        pitch += rng.uniform(0, 0.3)
    fov = float(np.clip(rng.normal(58, 12), 28, 95))
    return Camera((0.0, -height, 0.0), pitch, 0.0, rng.normal(0, 0.02), fov)


def ground(rng: np.random.Generator, *names: str) -> AnyMaterial:
    """Ground in which a second kind shows in patches."""
    first, second = (_one_ground(rng, *names) for _ in range(2))
    if rng.random() < 0.45:
        return first
    patch, edge, size = Fractal(rng, rng.uniform(1, 12), 4), rng.uniform(0.4, 0.6), rng.uniform(4, 15)
    return Mixed(first, second, lambda s: (patch(s.point[:, 0], s.point[:, 2]) - edge) * size)


def _one_ground(rng: np.random.Generator, *names: str) -> Material:
    texture = textures.of(*names)(rng) if names else textures.GROUND(rng)
    return Material(
        texture,
        np.exp(rng.uniform(0, 2.2)),
        bump=rng.uniform(0.05, 0.4),
        tint=np.ones(3) * rng.uniform(0.75, 1.1),
        wild=True,
    )


def slopes(rng: np.random.Generator, high_m: float, snow: float | None = None) -> AnyMaterial:
    """A mountain's cover: rock where steep, green or scree where flat, woods in patches, snow above a height."""
    rock = Material(
        textures.of("rock", "dark_rock", "red_rock", "sand")(rng),
        high_m * rng.uniform(0.05, 0.4),
        bump=rng.uniform(0.2, 0.6),
        wild=True,
    )
    names = ("grass", "meadow", "leaf", "dark_leaf", "dirt", "autumn", "hay", "sand")
    green = Material(textures.of(*names)(rng), high_m * rng.uniform(0.03, 0.2), bump=rng.uniform(0.1, 0.5), wild=True)
    woods = Material(
        textures.of("dark_leaf", "leaf", "autumn")(rng), high_m * rng.uniform(0.02, 0.08), bump=0.7, wild=True
    )
    patch, ragged = Fractal(rng, high_m * rng.uniform(0.15, 0.8), 5), Fractal(rng, high_m * 0.15, 4)
    flat, much = rng.uniform(0.35, 0.85), rng.uniform(0.25, 0.75)

    def wooded(s: Surface) -> np.ndarray:
        return (patch(s.point[:, 0] + 0.5 * s.point[:, 1], s.point[:, 2]) - much) * 12

    def gentle(s: Surface) -> np.ndarray:
        return (-s.normal[:, 1] - flat + 0.5 * (ragged(s.point[:, 0], s.point[:, 2] + s.point[:, 1]) - 0.5)) * 8

    cover: AnyMaterial = Mixed(rock, Mixed(green, woods, wooded), gentle)
    if snow is None and rng.random() < 0.65:
        return cover
    line = high_m * (rng.uniform(0.2, 0.9) if snow is None else snow)
    white = Material(textures.natural(rng, "snow"), high_m * 0.2, bump=0.15)
    return Mixed(
        cover,
        white,
        lambda s: (
            (
                (-s.point[:, 1] - line) / high_m
                + 0.6 * (ragged(s.point[:, 0], s.point[:, 2]) - 0.5)
                - 0.4 * (1 + s.normal[:, 1])
            )
            * 8
        ),
    )


def water_look(rng: np.random.Generator) -> Material:
    """Water with ripples or waves, mirroring."""
    tint = np.clip(np.array((0.1, 0.2, 0.24)) * rng.uniform(0.3, 1.6) * (1 + 0.2 * rng.standard_normal(3)), 0, 1)
    return plain(
        tint, shine=rng.uniform(0.06, 0.5), bump=rng.choice([0.0, 0.02, 0.05, 0.12]), size_m=rng.uniform(1.5, 8)
    )


def strewn(
    world: World,
    terrain: Terrain,
    make: Callable[[], list[Part]],
    places: Iterable[tuple[float, float]],
    sizes: tuple[float, float] = (0.8, 1.25),
    models: int = 3,
) -> None:
    """Copies of a few models at places (x, z)."""
    rng = world.rng
    some = [make() for _ in range(models)]
    for x, z in places:
        world.put(some[rng.integers(models)], terrain.foot(x, z), rng.random() * 6.3, rng.uniform(*sizes))


def in_view(
    rng: np.random.Generator, count: int, near: float, far: float, wide: float = 0.6
) -> list[tuple[float, float]]:
    """Places (x, z) before the camera, as dense in the picture near by as far away."""
    z = np.exp(rng.uniform(np.log(near), np.log(far), count))
    return [(float(rng.uniform(-wide, wide) * d), float(d)) for d in z]


def grove(
    world: World,
    terrain: Terrain,
    count: int,
    near: float,
    far: float,
    high: tuple[float, float] = (3, 12),
    wide: float = 0.8,
) -> None:
    """Trees and bushes, more detailed near by."""
    rng = world.rng
    places = in_view(rng, count, near, far, wide)
    close = [p for p in places if p[1] < 12]
    for x, z in close:
        if rng.random() < 0.6:
            made, z = plants.any_tree(rng, rng.uniform(*high), int(40000 / z)), z + 2.5
        else:
            made = plants.bush(rng, min(rng.uniform(0.4, 2.5), z * 0.6), int(6000 / z))
        world.put(made, terrain.foot(x, z), rng.random() * 6.3)
    distant = [p for p in places if p[1] >= 12]
    models = [plants.any_tree(rng, rng.uniform(*high), 420) for _ in range(3)] + [
        plants.bush(rng, rng.uniform(0.8, 3), 160) for _ in range(2)
    ]
    for x, z in distant:
        world.put(models[rng.integers(5)], terrain.foot(x, z), rng.random() * 6.3, rng.uniform(0.7, 1.3))


def undergrowth(world: World, terrain: Terrain, near: float = 0.8, blades: int | None = None) -> None:
    """Grass or reeds near the camera."""
    rng = world.rng
    n = blades or int(rng.choice([300, 1500, 4000]))
    z = near + rng.random(n) ** 1.6 * 9
    x = rng.uniform(-1, 1, n) * z * 0.9
    clump = Fractal(rng, rng.uniform(0.6, 3), 3)
    keep = clump(x, z) > rng.uniform(0.3, 0.55)
    if keep.any():
        world.put(plants.grass(rng, terrain.feet(x[keep], z[keep]), np.exp(rng.uniform(np.log(0.06), np.log(0.5)))))


def stones(world: World, terrain: Terrain, count: int, near: float = 1.5, far: float = 40.0) -> None:
    """Stones of all sizes."""
    rng = world.rng
    for x, z in in_view(rng, count, near, far):
        world.put(rocks.stone(rng, rng.uniform(0.1, 0.5) * (1 + z / 10)), terrain.foot(x, z), rng.random() * 6.3)
