"""The outdoor example: the ruins of a terrace over a lake, in the evening."""

from __future__ import annotations

import numpy as np
from numba import njit
from palette import Palette, lights
from rays import ARCH, MARCHED, TERRAIN
from shapes import Shapes

from gen3d.painter.light.noise import FAST, fbm, ramp
from gen3d.painter.light.patterns import FABRIC, FOLIAGE, GLAZE, HILLS, LEAF, PAVING, PLASTER, STONE, WATER
from gen3d.painter.light.rays import land_height
from gen3d.painter.shapes import outline

WIDTH, HEIGHT, FOV_DEG, EXPOSURE, GRID = 640, 480, 62.0, 0.78, 5
EYE, TARGET = (-0.1, 2.05, -5.4), (0.25, 1.85, 6.0)
HELD_OUT = (
    ((-0.85, 2.05, -5.3), (0.15, 1.85, 6.0)),
    ((0.75, 1.95, -5.2), (0.30, 1.80, 6.0)),
    ((0.0, 2.65, -5.0), (0.25, 1.75, 6.0)),
)
"""(eye, target) of the other views."""
EDGE, LAKE, CELL = 8.6, -5.0, 3.0
"""Where the terrace ends (z), how high the water stands, metres per cell of the height map."""

SHAFT, BASE, CAPITAL, BALUSTER, URN, CYPRESS, CROWN, POT = range(8)
PROFILES = np.stack(
    [
        outline((0, 1.0), (0.33, 1.0), (0.7, 0.93), (1, 0.84)),
        outline((0, 1.38), (0.3, 1.42), (0.42, 1.38), (0.5, 1.14), (0.62, 1.12), (0.72, 1.26), (0.86, 1.26), (1, 1.02)),
        outline((0, 0.86), (0.12, 0.98), (0.2, 0.9), (0.5, 0.98), (0.8, 1.32), (1, 1.42)),
        outline((0, 0.9), (0.1, 0.9), (0.14, 0.5), (0.35, 1.0), (0.6, 0.45), (0.8, 0.5), (0.86, 0.9), (1, 0.9)),
        outline(
            (0, 0.55),
            (0.08, 0.5),
            (0.16, 0.22),
            (0.24, 0.3),
            (0.5, 0.9),
            (0.7, 0.95),
            (0.82, 0.7),
            (0.92, 1.0),
            (1, 1.04),
        ),
        outline((0, 0.35), (0.06, 0.6), (0.25, 1.0), (0.5, 0.86), (0.8, 0.45), (1, 0.02)),
        outline((0, 0.2), (0.12, 0.72), (0.35, 1.0), (0.65, 0.97), (0.88, 0.66), (1, 0.1)),
        outline((0, 0.68), (0.5, 0.88), (0.82, 0.97), (0.84, 1.1), (1, 1.1)),
    ]
)


def modelled() -> tuple[Shapes, Palette, np.ndarray]:
    """Shapes, materials and lights."""
    shapes, ink = Shapes(PROFILES, landscape()), Palette()
    stone = ink(STONE, "#c3b18f", "#e8dcc2", relief=(0.16, 14))
    marble = ink(STONE, "#d5c8ae", "#f1e8d6", relief=(0.10, 16))
    green = ink(FOLIAGE, "#14210d", "#45582a", relief=(0.9, 11))
    country(shapes, ink)
    shapes.box(
        ink(PAVING, "#a89677", "#d3c4a6", shine=0.03, rough=0.35, relief=(0.12, 9)), (-30, -0.6, -30), (30, 0, EDGE)
    )
    balustrade(shapes, stone, marble)
    colonnade(shapes, stone, marble)
    arch(shapes, stone)
    for x, z, tall, wide in (
        (7.6, 13.5, 8.6, 0.95),
        (9.6, 14.8, 9.2, 1.05),
        (11.8, 13.2, 9.0, 0.95),
        (-7.2, 15.0, 8.4, 0.9),
        (-9.4, 17.0, 10.5, 1.05),
    ):
        foot, shapes.thing = land_height(x, z, shapes.ground) - 0.3, f"cypress at {x}"
        shapes.turned(green, (x, foot, z), tall, wide, CYPRESS, rough=(0.55, 4.2))
    rubble(shapes, ink, marble, stone)
    lemon_tree(shapes, ink, (2.35, 1.2), green)
    agave(shapes, ink, (-1.62, -0.55))
    light = lights(sun=(-0.80, 0.40, 0.10), sun_rgb=(4.6, 3.25, 1.9), sun_size=0.03, sky=0.95, haze=0.0010)
    return shapes, ink, light


def build() -> tuple[tuple, np.ndarray, np.ndarray]:
    """The same, packed for the tracer."""
    shapes, ink, light = modelled()
    return shapes.packed(), ink.packed(), light


# -- the country -----------------------------------------------------------------------------------------------------


@njit(**FAST)
def heights(x0, z0, rows, columns, cell):
    """A lake between a slope that falls from the terrace and hills that rise behind."""
    ground = np.zeros((rows, columns))
    for j in range(rows):
        for i in range(columns):
            x, z = x0 + i * cell, z0 + j * cell
            shore = 235 + 45 * (fbm(x * 0.006, 1.0, 2.0, 3) - 0.5) * 2 - 0.24 * abs(x + 25) - 0.0006 * (x - 25) ** 2
            rise = max(z - shore, 0.0)
            ridge = fbm(x * 0.0045 + 3.1, z * 0.0045, 5.0, 6)
            fine = fbm(x * 0.05, z * 0.05, 7.0, 4) - 0.5
            far = -8.0 + 22 * ramp(0.0, 90.0, rise) * (0.35 + 1.1 * ridge)
            far += 175 * ramp(60.0, 430.0, rise) * max(ridge - 0.16, 0.0) ** 1.25
            near = max(-0.9 - 0.42 * (z - 9.0), -8.5)
            ground[j, i] = max(near, far) + fine * (1.0 + 0.02 * max(z - 30, 0.0))
    return ground


def landscape() -> np.ndarray:
    """The height map; its first row tells where it lies."""
    x0, z0 = -700.0, 6.0
    ground = heights(x0, z0, 260, 467, CELL)
    ground[0, :3] = x0, z0, CELL
    return ground


def country(shapes: Shapes, ink: Palette) -> None:
    """Hills, water, a village, trees."""
    land = ink(HILLS, "#757a38", "#2c4019", relief=(0.10, 0.4))
    water = ink(WATER, "#16303a", "#16303a", shine=0.03, rough=0.01)
    shapes.add(MARCHED, land, (0, 0, 0), (0, 0, 0), (695, 160, 770), TERRAIN, opaque=False)
    shapes.box(water, (-690, LAKE - 0.5, 10), (690, LAKE, 500))
    woods = ink(FOLIAGE, "#1d2c12", "#4c5c2a", relief=(0.8, 3))
    rng = np.random.default_rng(8)
    planted = 0
    while planted < 240:
        x, z = rng.uniform(-230, 230), rng.uniform(150, 400)
        y = land_height(x, z, shapes.ground)
        if LAKE + 0.4 < y < 22:
            tall = rng.uniform(3.0, 6.0)
            slim = 0.22 if rng.uniform() < 0.4 else 0.75
            shapes.ball(woods, (x, y + 0.8 * tall, z), (tall * slim, tall, tall * slim), opaque=False)
            planted += 1
    village(shapes, ink, rng)


def village(shapes: Shapes, ink: Palette, rng: np.random.Generator) -> None:
    """Houses and a bell tower on the far shore."""
    wall = [ink(PLASTER, c, c) for c in ("#e0c9a0", "#d9b58c", "#eadcc0")]
    tile = ink(PLASTER, "#a5573a", "#b86a48")
    for _ in range(22):
        x = rng.uniform(-34, 24)
        z = 110.0
        while land_height(x, z, shapes.ground) < LAKE + 1.2 and z < 400:
            z += 1
        z += rng.uniform(1, 16)
        y, wide, tall = land_height(x, z, shapes.ground) - 1.5, rng.uniform(2.2, 3.8), rng.uniform(4.5, 8.0)
        shapes.box(wall[rng.integers(3)], (x - wide, y, z - 2), (x + wide, y + tall, z + 3))
        for side in (-1, 1):
            shapes.add(
                0, tile, (x, y + tall + 0.7, z + 0.5 + side * 1.4), (wide + 0.3, 0.12, 1.75), turn=(0, side * 28, 0)
            )
    x, z = -6.0, 110.0
    while land_height(x, z, shapes.ground) < LAKE + 2.5:
        z += 1
    y = land_height(x, z, shapes.ground) - 1
    shapes.box(wall[2], (x - 1.5, y, z - 1.5), (x + 1.5, y + 16, z + 1.5))
    shapes.add(MARCHED, tile, (x, y + 17.6, z), (1.6, 2.2, CYPRESS, 0, 0, 0, 0), (2.4, 1.7, 2.4), 2)


# -- the terrace -----------------------------------------------------------------------------------------------------


def balustrade(shapes: Shapes, stone: int, marble: int) -> None:
    """Along the edge, open in the middle, an urn on either side of the opening."""
    for side in (-1, 1):
        shapes.thing = f"balustrade {side}"
        for x in (2.3, 6.3, 10.3):
            low, high = (side * x - 0.34, 0, EDGE - 0.7), (side * x + 0.34, 1.02, EDGE - 0.1)
            shapes.box(stone, low, high)
            shapes.box(marble, (low[0] - 0.06, 1.02, low[2] - 0.06), (high[0] + 0.06, 1.12, high[2] + 0.06))
            shapes.box(stone, (low[0] - 0.05, 0, low[2] - 0.05), (high[0] + 0.05, 0.16, high[2] + 0.05))
        for x in (2.64, 6.64):
            a, b = sorted((side * x, side * (x + 3.32)))
            shapes.box(stone, (a, 0, EDGE - 0.56), (b, 0.14, EDGE - 0.24))
            shapes.box(marble, (a, 0.80, EDGE - 0.58), (b, 0.94, EDGE - 0.22))
            for k in range(11):
                shapes.turned(marble, (a + 0.16 + k * 0.30, 0.14, EDGE - 0.4), 0.66, 0.092, BALUSTER)
        shapes.thing = f"urn {side}"
        shapes.turned(marble, (side * 2.3, 1.12, EDGE - 0.4), 0.86, 0.36, URN)


def column(shapes: Shapes, stone: int, marble: int, at: tuple, tall: float, whole: bool = True) -> None:
    """A fluted column on its base, with or without what it carried."""
    shapes.thing, (x, z) = f"column {at}", at
    shapes.box(stone, (x - 0.52, 0, z - 0.52), (x + 0.52, 0.16, z + 0.52))
    shapes.turned(marble, (x, 0.16, z), 0.30, 0.35, BASE)
    shapes.turned(marble, (x, 0.46, z), tall, 0.35, SHAFT, flutes=(20, 0.10), rough=(0.06, 2.5))
    if whole:
        shapes.turned(marble, (x, 0.46 + tall, z), 0.30, 0.36, CAPITAL, rough=(0.08, 9))
        shapes.box(marble, (x - 0.52, 0.76 + tall, z - 0.52), (x + 0.52, 0.90 + tall, z + 0.52))


def colonnade(shapes: Shapes, stone: int, marble: int) -> None:
    """A row on the left; its beam still lies on the first two."""
    x = -3.15
    for z in (-0.6, 2.3, 5.2):
        column(shapes, stone, marble, (x, z), 3.7)
    column(shapes, stone, marble, (x, 7.75), 1.5, whole=False)
    shapes.thing = "beam"
    shapes.box(stone, (x - 0.42, 4.60, -6.0), (x + 0.42, 5.02, 5.75))
    shapes.box(marble, (x - 0.56, 5.02, -6.0), (x + 0.56, 5.16, 5.62))
    for z in (-0.6, 2.3, 5.2):
        column(shapes, stone, marble, (x - 3.1, z), 3.7)
    shapes.thing = "far beam"
    shapes.box(stone, (x - 3.52, 4.60, -6.0), (x - 2.68, 5.02, 5.3))


def arch(shapes: Shapes, stone: int) -> None:
    """What is left of a wall with a gate in it."""
    shapes.thing, at, yaw = "arch", (4.6, 2.35, 5.3), 16.0
    half = (1.75, 2.35, 0.42)
    shapes.add(MARCHED, stone, at, (*half, 1.0, 0.45), half, ARCH, (yaw, 0, 0))
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    for x, y, wide, tall in (
        (-1.45, 4.80, 0.30, 0.12),
        (-0.80, 4.86, 0.34, 0.18),
        (0.1, 4.80, 0.55, 0.11),
        (1.3, 4.92, 0.44, 0.24),
        (1.45, 5.3, 0.28, 0.16),
    ):
        shapes.soft_box(
            stone, (at[0] + c * x, y, at[2] - s * x), (wide, tall, 0.38), 0.03, turn=(yaw + 4 * x, 0, 2 * x)
        )
    for side in (-1, 1):
        x = side * 1.38
        shapes.soft_box(stone, (at[0] + c * x, 0.16, at[2] - s * x), (0.46, 0.16, 0.52), 0.02, turn=(yaw, 0, 0))
        shapes.soft_box(stone, (at[0] + c * x, 2.80, at[2] - s * x), (0.43, 0.07, 0.49), 0.02, turn=(yaw, 0, 0))


def rubble(shapes: Shapes, ink: Palette, marble: int, stone: int) -> None:
    """A fallen drum, blocks, pebbles, grass in the joints."""
    shapes.thing = "drum"
    params = (0.55, 0.36, SHAFT, 20, 0.10, 0.08, 3.0)
    shapes.add(MARCHED, marble, (1.28, 0.345, -1.05), params, (0.40, 0.56, 0.40), 2, (62, 90, 0))
    shapes.thing = "blocks"
    shapes.soft_box(stone, (2.30, 0.20, -0.62), (0.36, 0.20, 0.27), 0.035, turn=(-24, 0, 0))
    shapes.soft_box(stone, (2.12, 0.50, -0.60), (0.24, 0.105, 0.2), 0.03, turn=(12, 3, 6))
    shapes.thing = "block"
    shapes.soft_box(stone, (-0.9, 0.13, 4.6), (0.34, 0.13, 0.22), 0.03, turn=(35, 0, 0))
    shapes.thing = ""
    rng = np.random.default_rng(4)
    for _ in range(60):
        size = rng.uniform(0.012, 0.05)
        at = (rng.normal(1.4, 0.9), size * 0.6, rng.normal(-0.7, 0.8))
        shapes.ball(stone, at, (size * 1.2, size, size * 1.4), (rng.uniform(0, 360), rng.uniform(-20, 20), 0))
    blade = ink(LEAF, "#5d7034", "#8c9a50")
    for _ in range(26):
        x, z = rng.uniform(-2.6, 3.0), rng.uniform(-2.2, 7.5)
        for _ in range(8):
            tall = rng.uniform(0.04, 0.13)
            turn = (rng.uniform(0, 360), rng.uniform(40, 85), 0)
            at = (x + rng.normal(0, 0.03), tall * 0.7, z + rng.normal(0, 0.03))
            shapes.ball(blade, at, (0.004, 0.003, tall), turn)


def lemon_tree(shapes: Shapes, ink: Palette, at: tuple, green: int) -> None:
    """In a terracotta pot."""
    shapes.thing, (x, z) = "lemon tree", at
    clay = ink(GLAZE, "#9c5231", "#c27b52", relief=(0.1, 30))
    bark = ink(PLASTER, "#4d3d2a", "#6f5b40", relief=(0.4, 40))
    soil = ink(PLASTER, "#2c1f15", "#453324")
    lemon = ink(PLASTER, "#e3b62a", "#f0cd48", shine=0.04, rough=0.3)
    leaf = ink(LEAF, "#48692b", "#7f9a48", shine=0.04, rough=0.3)
    dark = ink(FOLIAGE, "#0f1a08", "#26381a", relief=(0.9, 20))
    shapes.turned(clay, (x, 0, z), 0.66, 0.40, POT)
    shapes.rod(soil, (x, 0.66, z), (x, 0.668, z), 0.38)
    shapes.rod(bark, (x, 0.6, z), (x + 0.03, 1.5, z), 0.035)
    shapes.turned(dark, (x, 1.28, z), 1.0, 0.46, CROWN, rough=(0.4, 7))
    rng = np.random.default_rng(12)
    for k in range(520):
        d = rng.normal(size=3)
        d /= np.linalg.norm(d)
        r = 0.56 * (0.80 + 0.25 * rng.uniform())
        place = (x + d[0] * r, 1.78 + d[1] * r, z + d[2] * r)
        if k % 24 == 0:
            shapes.ball(lemon, place, (0.038, 0.048, 0.038), (rng.uniform(0, 360), 0, rng.uniform(-20, 20)))
        else:
            turn = (
                np.degrees(np.arctan2(d[0], d[2])) + rng.uniform(-50, 50),
                rng.uniform(-20, 70) - 40 * d[1],
                rng.uniform(-40, 40),
            )
            shapes.ball(leaf, place, (0.030, 0.003, 0.066), turn)


def agave(shapes: Shapes, ink: Palette, at: tuple) -> None:
    """In a clay bowl on a block, near the camera."""
    shapes.thing, (x, z) = "agave", at
    clay = ink(GLAZE, "#a65a38", "#c98560", relief=(0.1, 30))
    block = ink(STONE, "#b9a987", "#d9ccb0", relief=(0.16, 14))
    leaf = ink(FABRIC, "#6d8a78", "#9db39a", shine=0.03, rough=0.4)
    shapes.soft_box(block, (x, 0.26, z), (0.34, 0.26, 0.34), 0.03, turn=(17, 0, 0))
    shapes.turned(clay, (x, 0.52, z), 0.34, 0.31, POT)
    for k in range(34):
        share = k / 33
        pitch = -np.degrees(np.arcsin(0.05 + 0.9 * share))
        yaw = 137.5 * k
        c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
        cp, sp = np.cos(np.radians(pitch)), -np.sin(np.radians(pitch))
        long = 0.30 - 0.07 * share
        middle = (x + s * cp * long, 0.86 + sp * long, z + c * cp * long)
        shapes.ball(leaf, middle, (0.045, 0.014, long), (yaw, pitch, 0))
