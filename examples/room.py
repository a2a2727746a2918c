"""The indoor example: a living room in late sun."""

from __future__ import annotations

import numpy as np
from palette import Palette, lights
from rays import CURTAIN, MARCHED, TORUS
from shapes import Shapes

from gen3d.painter.light.patterns import BOOK, FABRIC, GLAZE, LEAF, PAINTING, PANE, PLAIN, PLANKS, PLASTER, RUG, WOOD
from gen3d.painter.shapes import outline

WIDTH, HEIGHT, FOV_DEG, EXPOSURE, GRID = 640, 480, 64.0, 1.08, 7
EYE, TARGET = (0.15, 1.42, -0.75), (-0.06, 0.98, 3.0)
HELD_OUT = (
    ((-0.30, 1.42, -0.70), (-0.06, 0.95, 3.0)),
    ((0.62, 1.34, -0.65), (0.02, 0.96, 3.0)),
    ((0.10, 1.78, -0.60), (-0.06, 0.88, 3.0)),
)
"""(eye, target) of the other views."""

LEFT, RIGHT, BACK, CEILING = -2.6, 2.5, 5.0, 2.75
WINDOW = (1.55, 3.75, 0.75, 2.35)
"""z from, z to, y from, y to, in the left wall."""

VASE, BOWL, TAPER, SHADE, POT, BELLY = range(6)
PROFILES = np.stack(
    [
        outline((0, 0.55), (0.2, 0.85), (0.45, 1.0), (0.7, 0.72), (0.88, 0.36), (0.95, 0.36), (1, 0.46)),
        outline((0, 0.35), (0.08, 0.36), (0.3, 0.7), (0.7, 0.95), (1, 1.0)),
        outline((0, 0.55), (1, 1.0)),
        outline((0, 1.0), (1, 0.62)),
        outline((0, 0.72), (0.5, 0.95), (0.86, 1.0), (0.88, 1.08), (1, 1.08)),
        outline((0, 0.4), (0.25, 0.9), (0.5, 1.0), (0.75, 0.75), (0.9, 0.3), (1, 0.34)),
    ]
)


def modelled() -> tuple[Shapes, Palette, np.ndarray]:
    """Shapes, materials and lights."""
    shapes, ink = Shapes(PROFILES), Palette()
    shell(shapes, ink)
    window(shapes, ink)
    sofa(shapes, ink)
    table(shapes, ink)
    shelf(shapes, ink)
    pictures(shapes, ink)
    floor_lamp(shapes, ink, (-1.98, 4.45))
    chair(shapes, ink, (-1.22, 1.78), 32)
    plant(shapes, ink, (1.24, 1.72))
    z0, z1, y0, y1 = WINDOW
    corner = (LEFT - 0.02, y0, z0)
    light = lights(
        sun=(-0.80, 0.60, 0.16),
        sun_rgb=(4.6, 3.5, 2.2),
        sun_size=0.022,
        sky=0.5,
        pane=(corner, (0, y1 - y0, 0), (0, 0, z1 - z0)),
        pane_rgb=(9.0, 9.0, 9.0),
        lamp=((-1.98, 1.60, 4.45), 0.10),
        lamp_rgb=(0.62, 0.40, 0.19),
    )
    return shapes, ink, light


def build() -> tuple[tuple, np.ndarray, np.ndarray]:
    """The same, packed for the tracer."""
    shapes, ink, light = modelled()
    return shapes.packed(), ink.packed(), light


def shell(shapes: Shapes, ink: Palette) -> None:
    """Floor, walls, ceiling, skirting, rug."""
    oak = ink(PLANKS, "#8a5a30", "#d2a468", shine=0.04, rough=0.10)
    teal = ink(PLASTER, "#54716c", "#61807a", relief=(0.03, 40))
    cream = ink(PLASTER, "#dfd3bf", "#eae0cf", relief=(0.03, 40))
    white = ink(PLASTER, "#efe9df", "#f4efe6")
    trim = ink(PLAIN, "#efe8da", shine=0.04, rough=0.2)
    wool = ink(RUG, "#d3c4aa", "#9c5236", relief=(0.25, 120))
    shapes.box(oak, (LEFT, -0.1, -3), (RIGHT, 0, BACK))
    shapes.box(white, (LEFT, CEILING, -3), (RIGHT, CEILING + 0.1, BACK))
    shapes.box(teal, (LEFT, 0, BACK), (RIGHT, CEILING, BACK + 0.1))
    shapes.box(cream, (RIGHT, 0, -3), (RIGHT + 0.1, CEILING, BACK))
    shapes.box(cream, (LEFT, 0, -3.1), (RIGHT, CEILING, -3))
    shapes.box(trim, (LEFT, 0, BACK - 0.018), (RIGHT, 0.13, BACK))
    shapes.box(trim, (RIGHT - 0.018, 0, -3), (RIGHT, 0.13, BACK))
    shapes.box(trim, (LEFT, 0, -3), (LEFT + 0.018, 0.13, BACK))
    for inset, drop in ((0.05, 0.06), (0.08, 0.03)):
        shapes.box(trim, (LEFT, CEILING - drop, BACK - inset), (RIGHT, CEILING, BACK))
        shapes.box(trim, (RIGHT - inset, CEILING - drop, -3), (RIGHT, CEILING, BACK))
    shapes.rod(wool, (-0.25, 0, 2.55), (-0.25, 0.014, 2.55), 1.36)
    z0, z1, y0, y1 = WINDOW
    for low, high in (
        ((0, -3), (CEILING, z0)),
        ((0, z1), (CEILING, BACK)),
        ((0, z0), (y0, z1)),
        ((y1, z0), (CEILING, z1)),
    ):
        shapes.box(cream, (LEFT - 0.12, low[0], low[1]), (LEFT, high[0], high[1]))


def window(shapes: Shapes, ink: Palette) -> None:
    """A bright pane, its bars, its sill, and curtains at its sides."""
    bright = ink(PANE, "#ffffff", glow=2.6)
    paint = ink(PLAIN, "#f2ede2", shine=0.04, rough=0.2)
    linen = ink(FABRIC, "#c9b797", "#e5d8bf", relief=(0.1, 150))
    brass = ink(PLAIN, "#c9a35c", shine=0.8, rough=0.25, metal=1)
    z0, z1, y0, y1 = WINDOW
    shapes.box(bright, (LEFT - 0.13, y0, z0), (LEFT - 0.11, y1, z1), opaque=False)
    for z in (z0, (2 * z0 + z1) / 3, (z0 + 2 * z1) / 3, z1):
        shapes.box(paint, (LEFT - 0.09, y0, z - 0.022), (LEFT - 0.04, y1, z + 0.022))
    for y in (y0, y0 + 0.68 * (y1 - y0), y1):
        shapes.box(paint, (LEFT - 0.09, y - 0.022, z0), (LEFT - 0.04, y + 0.022, z1))
    shapes.box(paint, (LEFT - 0.1, y0 - 0.05, z0 - 0.08), (LEFT + 0.14, y0 - 0.01, z1 + 0.08))
    for z in (z0 - 0.18, z1 + 0.22):
        params = (0.012, 1.2, 0.27, 0.032, 52.0)
        shapes.add(MARCHED, linen, (LEFT + 0.13, 1.25, z), params, (0.05, 1.2, 0.27), CURTAIN)
    shapes.rod(brass, (LEFT + 0.13, 2.47, z0 - 0.5), (LEFT + 0.13, 2.47, z1 + 0.5), 0.014)
    for z in (z0 - 0.5, z1 + 0.5):
        shapes.ball(brass, (LEFT + 0.13, 2.47, z), 0.032)


def sofa(shapes: Shapes, ink: Palette) -> None:
    """Rust velvet, three seats, wooden feet, cushions."""
    rust = ink(FABRIC, "#8f4a2f", "#b0694a", relief=(0.12, 160))
    mustard = ink(FABRIC, "#ad8338", "#cfa456", relief=(0.15, 150))
    ivory = ink(FABRIC, "#d8ccb4", "#efe6d4", relief=(0.15, 150))
    sea = ink(FABRIC, "#3b625f", "#588480", relief=(0.15, 150))
    walnut = ink(WOOD, "#4a2f1c", "#7a5232", shine=0.04, rough=0.2)
    shapes.thing = "sofa"
    x, z = -0.42, 4.35
    shapes.soft_box(rust, (x, 0.27, z), (1.02, 0.13, 0.42), 0.06)
    shapes.soft_box(rust, (x, 0.56, z + 0.36), (1.02, 0.34, 0.12), 0.09)
    for side in (-1, 1):
        shapes.soft_box(rust, (x + side * 1.02, 0.42, z), (0.12, 0.25, 0.44), 0.08)
        for deep in (-0.34, 0.36):
            shapes.rod(walnut, (x + side * 0.95, 0.15, z + deep), (x + side * 0.99, 0, z + deep), 0.022)
    for k in range(3):
        left = x + (k - 1) * 0.61
        shapes.soft_box(rust, (left, 0.45, z - 0.06), (0.30, 0.085, 0.36), 0.07)
        shapes.soft_box(rust, (left, 0.70, z + 0.22), (0.29, 0.22, 0.06), 0.055, 0.05, (0, 12, 0))
    shapes.soft_box(mustard, (x - 0.70, 0.70, z + 0.05), (0.22, 0.22, 0.035), 0.03, 0.07, (18, 20, 12))
    shapes.soft_box(ivory, (x - 0.36, 0.66, z + 0.02), (0.20, 0.19, 0.035), 0.03, 0.07, (-12, 24, -6))
    shapes.soft_box(sea, (x + 0.66, 0.68, z + 0.04), (0.21, 0.21, 0.035), 0.03, 0.07, (-16, 20, -14))


def table(shapes: Shapes, ink: Palette) -> None:
    """A round coffee table with a vase of dry stems, a bowl of oranges and books."""
    walnut = ink(WOOD, "#5b3a22", "#946440", shine=0.045, rough=0.06)
    glaze = ink(GLAZE, "#2f5d66", "#a9c3b8", shine=0.05, rough=0.05)
    clay = ink(GLAZE, "#e9e0cf", "#d6c4a4", shine=0.04, rough=0.15)
    orange = ink(PLASTER, "#d8731a", "#e8902c", shine=0.04, rough=0.3, relief=(0.06, 130))
    straw = ink(PLAIN, "#b08c52")
    plume = ink(FABRIC, "#d8bd8a", "#f0dfb8", relief=(0.8, 60))
    shapes.thing, (x, z, top) = "table", (-0.18, 2.5, 0.43)
    shapes.rod(walnut, (x, top - 0.032, z), (x, top, z), 0.52)
    for k in range(3):
        a = 2 * np.pi * k / 3 + 0.5
        foot = (x + 0.44 * np.cos(a), 0.014, z + 0.44 * np.sin(a))
        shapes.rod(walnut, foot, (x + 0.26 * np.cos(a), top - 0.03, z + 0.26 * np.sin(a)), 0.024)
    shapes.thing = "vase"
    shapes.turned(glaze, (x - 0.12, top, z + 0.16), 0.30, 0.115, VASE)
    rng = np.random.default_rng(3)
    for _ in range(13):
        lean, spin = rng.uniform(0.05, 0.30), rng.uniform(0, 2 * np.pi)
        foot = np.array([x - 0.12, top + 0.28, z + 0.16])
        tip = foot + np.array([lean * np.cos(spin), rng.uniform(0.22, 0.46), lean * np.sin(spin)])
        shapes.rod(straw, foot, tip, 0.0025)
        yaw = np.degrees(np.arctan2(*(tip - foot)[[0, 2]]))
        pitch = np.degrees(np.arctan2(np.hypot(*(tip - foot)[[0, 2]]), (tip - foot)[1]))
        shapes.ball(plume, tip, (0.014, 0.075, 0.014), (yaw, pitch, 0))
    shapes.thing = "bowl"
    shapes.turned(clay, (x + 0.22, top, z + 0.02), 0.085, 0.16, BOWL)
    for dx, dy, dz in (
        (-0.07, 0.10, -0.04),
        (0.06, 0.10, -0.06),
        (0.0, 0.10, 0.07),
        (-0.005, 0.155, 0.0),
        (0.08, 0.1, 0.05),
    ):
        shapes.ball(orange, (x + 0.22 + dx, top + dy, z + 0.02 + dz), 0.042)
    books(shapes, ink, (x - 0.14, top, z - 0.22), 15)


def books(shapes: Shapes, ink: Palette, at: tuple, yaw: float) -> None:
    """Three books lying on each other."""
    shapes.thing, (x, y, z) = "books", at
    page = ink(PLAIN, "#e9dfc8")
    for k, (cover, wide, deep, thick) in enumerate(
        (("#7b2d26", 0.26, 0.19, 0.03), ("#e0c48a", 0.23, 0.17, 0.024), ("#2f4a52", 0.20, 0.15, 0.02))
    ):
        cloth = ink(FABRIC, cover, cover, shine=0.03, rough=0.4)
        turn = (yaw + 11 * k * (-1) ** k, 0, 0)
        shapes.add(0, cloth, (x, y + thick / 2, z), (wide / 2, thick / 2, deep / 2), turn=turn)
        shapes.add(
            0, page, (x + 0.004, y + thick / 2, z), (wide / 2 - 0.002, thick / 2 - 0.004, deep / 2 + 0.001), turn=turn
        )
        y += thick


def shelf(shapes: Shapes, ink: Palette) -> None:
    """A sideboard of books and things along the right wall's far end."""
    oak = ink(WOOD, "#8d6238", "#c4945a", shine=0.035, rough=0.2)
    paper = [
        ink(BOOK, a, b, shine=0.02, rough=0.5)
        for a, b in (("#8b3a2b", "#2c4a54"), ("#d8c7a0", "#6d7f5b"), ("#c98b36", "#3d3b3c"), ("#41656b", "#b5654a"))
    ]
    white, blue = (
        ink(GLAZE, "#efe8dc", "#d9d0c0", shine=0.05, rough=0.1),
        ink(GLAZE, "#28485e", "#5f8b95", shine=0.05, rough=0.08),
    )
    shapes.thing, (x0, x1, z0, z1) = "shelf", (1.02, 2.30, 4.62, 4.97)
    for y in (0.10, 0.52, 0.94, 1.36, 1.78):
        shapes.box(oak, (x0, y - 0.014, z0), (x1, y + 0.014, z1))
    for x in (x0, (x0 + x1) / 2, x1):
        shapes.add(0, oak, (x, 0.94, (z0 + z1) / 2), (0.86, 0.014, (z1 - z0) / 2), turn=(0, 0, 90))
    shapes.box(oak, (x0, 0.1, z1 - 0.01), (x1, 1.78, z1))
    rng = np.random.default_rng(11)
    for row, y in enumerate((0.114, 0.534, 0.954, 1.374)):
        for half in (0, 1):
            x = x0 + 0.03 + half * (x1 - x0) / 2
            end = x + (x1 - x0) / 2 - 0.06 - (0.24 if (row + half) % 2 else rng.uniform(0.03, 0.12))
            while x < end:
                thick, tall = rng.uniform(0.018, 0.046), rng.uniform(0.22, 0.345)
                deep = rng.uniform(0.17, 0.23)
                lean = 9.0 if x + thick > end else 0.0
                at = (x + thick / 2 + 0.02 * (lean > 0), y + tall / 2, z1 - 0.03 - deep / 2)
                shapes.add(0, paper[rng.integers(4)], at, (thick / 2, tall / 2, deep / 2), turn=(0, 0, lean))
                x += thick + 0.002
    third = (x1 - x0) / 2
    shapes.turned(white, (x0 + 2 * third - 0.14, 0.954, 4.78), 0.21, 0.085, BELLY)
    shapes.turned(blue, (x0 + third - 0.13, 1.374, 4.78), 0.25, 0.075, VASE)
    shapes.ball(blue, (x0 + third - 0.13, 0.534 + 0.075, 4.76), 0.075)
    shapes.turned(white, (x0 + 0.2, 1.794, 4.78), 0.30, 0.11, BELLY)
    shapes.turned(blue, (x0 + 0.46, 1.794, 4.80), 0.17, 0.085, VASE)
    trailing(shapes, ink, (x1 - 0.24, 1.794, 4.78))


def trailing(shapes: Shapes, ink: Palette, at: tuple) -> None:
    """A pot whose leaves hang over the edge of the shelf."""
    clay = ink(PLASTER, "#b5673f", "#c87c50")
    leaf = ink(LEAF, "#4f7a3a", "#7fa35c", shine=0.04, rough=0.3)
    x, y, z = at
    shapes.turned(clay, at, 0.14, 0.085, POT)
    rng = np.random.default_rng(5)
    for _ in range(70):
        a, s = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1)
        out = 0.10 + 0.10 * s
        px, pz = x + out * np.cos(a), z - 0.02 + 0.9 * out * np.sin(a)
        if pz > 4.92:
            continue
        hang = -0.34 * s**2 if pz < 4.62 else 0.10 * (1 - s)
        turn = (rng.uniform(0, 360), rng.uniform(-50, 50), rng.uniform(-30, 30))
        shapes.ball(leaf, (px, y + 0.14 + hang + rng.uniform(-0.03, 0.06), pz), (0.022, 0.003, 0.036), turn)


def pictures(shapes: Shapes, ink: Palette) -> None:
    """Three framed pictures over the sofa."""
    shapes.thing = "pictures"
    frame = ink(WOOD, "#3c2616", "#6b4629", shine=0.04, rough=0.2)
    for x, y, wide, tall, sun, hill in (
        (-1.02, 1.66, 0.27, 0.36, "#d9722e", "#2f4f55"),
        (-0.30, 1.70, 0.33, 0.42, "#c94f2c", "#3a4a3a"),
        (0.42, 1.66, 0.27, 0.36, "#e0a23a", "#5a3a44"),
    ):
        art = ink(PAINTING, sun, hill)
        shapes.box(art, (x - wide, y - tall, BACK - 0.02), (x + wide, y + tall, BACK))
        for a, b in (((-1, -1), (1, -1)), ((-1, 1), (1, 1))):
            low = (x + a[0] * wide - 0.022, y + a[1] * tall - 0.02, BACK - 0.035)
            shapes.box(frame, low, (x + b[0] * wide + 0.022, y + b[1] * tall + 0.02, BACK))
        for side in (-1, 1):
            at = (x + side * wide, y, BACK - 0.0175)
            shapes.add(0, frame, at, (tall, 0.02, 0.0175), turn=(0, 0, 90))


def floor_lamp(shapes: Shapes, ink: Palette, at: tuple) -> None:
    """A brass stand under a paper shade that glows."""
    shapes.thing, (x, z) = "lamp", at
    brass = ink(PLAIN, "#b88d4a", shine=0.8, rough=0.2, metal=1)
    paper = ink(PLASTER, "#ffd79a", "#ffcf88", glow=1.3)
    shapes.rod(brass, (x, 0, z), (x, 0.03, z), 0.15)
    shapes.rod(brass, (x, 0.03, z), (x, 1.5, z), 0.012)
    shapes.turned(paper, (x, 1.45, z), 0.32, 0.22, SHADE, opaque=False)


def chair(shapes: Shapes, ink: Palette, at: tuple, yaw: float) -> None:
    """A wooden chair with a spindle back, seen from behind."""
    shapes.thing = "chair"
    oak = ink(WOOD, "#6f4526", "#a9743f", shine=0.04, rough=0.2)
    cane = ink(FABRIC, "#c9a66b", "#e2c48c", relief=(0.3, 90))
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))

    def place(x: float, y: float, z: float) -> tuple:
        return (at[0] + c * x + s * z, y, at[1] - s * x + c * z)

    shapes.soft_box(oak, place(0, 0.445, 0), (0.23, 0.018, 0.22), 0.016, turn=(yaw, 0, 0))
    shapes.soft_box(cane, place(0, 0.462, 0.0), (0.19, 0.014, 0.18), 0.012, turn=(yaw, 0, 0))
    for x in (-1, 1):
        shapes.rod(oak, place(0.23 * x, 0, 0.23), place(0.19 * x, 0.44, 0.18), 0.018)
        shapes.rod(oak, place(0.21 * x, 0, -0.25), place(0.19 * x, 0.45, -0.19), 0.018)
        shapes.rod(oak, place(0.19 * x, 0.45, -0.19), place(0.215 * x, 0.92, -0.27), 0.017)
        shapes.rod(oak, place(0.21 * x, 0.22, 0.2), place(0.2 * x, 0.22, -0.22), 0.010)
    shapes.soft_box(oak, place(0, 0.91, -0.272), (0.25, 0.045, 0.016), 0.014, turn=(yaw, -8, 0))
    shapes.rod(oak, place(-0.2, 0.52, -0.2), place(0.2, 0.52, -0.2), 0.011)
    for k in range(6):
        x = (k - 2.5) * 0.064
        shapes.rod(oak, place(x * 0.95, 0.52, -0.2), place(x, 0.89, -0.268), 0.0085)


def plant(shapes: Shapes, ink: Palette, at: tuple) -> None:
    """A rubber plant in a pot on a low stand, near the camera."""
    shapes.thing, (x, z) = "plant", at
    clay = ink(PLASTER, "#e6dccb", "#d5c7b0", shine=0.04, rough=0.25, relief=(0.05, 60))
    wood_stand = ink(WOOD, "#6f4526", "#a9743f", shine=0.04, rough=0.2)
    soil = ink(PLASTER, "#2c1e14", "#4a3524", relief=(0.6, 60))
    stem = ink(PLASTER, "#5b4a2e", "#7a6842")
    leaf = ink(LEAF, "#2f5a2c", "#86a85a", shine=0.045, rough=0.16)
    shapes.turned(clay, (x, 0.16, z), 0.34, 0.20, POT)
    shapes.rod(soil, (x, 0.49, z), (x, 0.502, z), 0.19)
    shapes.add(MARCHED, wood_stand, (x, 0.16, z), (0.19, 0.014), (0.21, 0.02, 0.21), TORUS)
    for k in range(4):
        a = np.pi / 4 + k * np.pi / 2
        px, pz = x + 0.2 * np.cos(a), z + 0.2 * np.sin(a)
        shapes.rod(wood_stand, (px, 0, pz), (px, 0.27, pz), 0.015)
    rng = np.random.default_rng(21)
    for tip in ((-0.10, 1.50, 0.05), (0.14, 1.34, -0.06), (0.0, 1.12, 0.12)):
        foot = np.array([x, 0.49, z])
        top = np.array([x + tip[0], tip[1], z + tip[2]])
        shapes.rod(stem, foot, top, 0.011)
        for k in range(13):
            share = 0.34 + 0.66 * k / 12
            node = foot + (top - foot) * share
            yaw = 137.5 * k + rng.uniform(-20, 20)
            droop = 58 - 82 * share + rng.uniform(-10, 10) + 15
            long = 0.135 * (1.15 - 0.45 * share) * rng.uniform(0.85, 1.1)
            c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
            cd, sd = np.cos(np.radians(droop)), np.sin(np.radians(droop))
            reach = long + 0.045
            middle = node + np.array([s * cd, -sd, c * cd]) * reach
            shapes.ball(leaf, middle, (long * 0.46, 0.003, long), (yaw, droop, rng.uniform(-18, 18)))
            shapes.rod(stem, node, node + np.array([s * cd, -sd, c * cd]) * 0.05, 0.004)
