"""What is built. Windows are lit at night."""

from __future__ import annotations

import numpy as np

from gen3d.painter.objects.model import Model, around
from gen3d.painter.real import Real

WALLS = ("#e4d7bd", "#d9b58c", "#e9e3d6", "#c9a27c", "#b8c0b4")
TILES = ("#9c4f34", "#7a4030", "#5b5650")


def window(m: Model, at: tuple, half: tuple, frame: int, facing: int = -1, along_x: bool = True) -> None:
    """A pane in its frame, on a wall that faces -z, or sideways."""
    pane = m.ink("lit", "#ffc36a", glow=2.2) if m.night else m.ink("glass", "#27343c", shine=0.14)
    x, y, z = at
    wide, tall = half

    def part(material: int, w: Real, h: Real, deep: Real, dx: Real = 0.0, dy: Real = 0.0) -> None:
        out = facing * deep
        low, high = sorted((0.0, out))
        if along_x:
            m.box(material, (x + dx - w, y + dy - h, z + low), (x + dx + w, y + dy + h, z + high))
        else:
            m.box(material, (x + low, y + dy - h, z + dx - w), (x + high, y + dy + h, z + dx + w))

    part(frame, wide + 0.07, tall + 0.07, 0.035)
    part(pane, wide, tall, 0.045)
    part(frame, 0.02, tall, 0.055)
    part(frame, wide, 0.02, 0.055)
    part(frame, wide + 0.12, 0.03, 0.12, dy=-tall - 0.08)


def door(m: Model, at: tuple, half: Real, tall: Real, wood: int) -> None:
    """In a wall that faces -z."""
    x, y, z = at
    m.box(m.ink("paint", "#e6e0d2"), (x - half - 0.08, y, z - 0.04), (x + half + 0.08, y + tall + 0.08, z))
    m.box(wood, (x - half, y, z - 0.06), (x + half, y + tall, z))
    m.ball(m.ink("metal", "#c9a35c"), (x + 0.7 * half, y + 0.48 * tall, z - 0.08), 0.04)
    m.box(m.ink("stone", "#9c948a"), (x - half - 0.25, y - 0.02, z - 0.5), (x + half + 0.25, y + 0.12, z))


def gable(m: Model, half: tuple, base: Real, wall: int, roof: int, rise: Real, over: Real = 0.35) -> None:
    """Walls, gables to the left and right, and a roof whose ridge runs along x."""
    x, z = half
    m.box(wall, (-x, -0.3, -z), (x, base, z))
    m.hip(wall, (0, base, 0), (x - 0.01, z), (x - 0.01, 0.01), rise)
    length = np.hypot(z + over, rise * (z + over) / z)
    pitch = np.degrees(np.arctan2(rise, z))
    for side in (-1, 1):
        at = (
            0,
            base + rise - np.sin(np.radians(pitch)) * length / 2 + 0.09,
            side * np.cos(np.radians(pitch)) * length / 2,
        )
        m.add(0, roof, at, (x + over, length / 2, 0.07), turn=(0, -side * (90 - pitch), 0))
    if m.season == "winter":
        snow = m.ink("snow", "#e9eef5")
        for side in (-1, 1):
            at = (
                0,
                base + rise - np.sin(np.radians(pitch)) * length / 2 + 0.2,
                side * np.cos(np.radians(pitch)) * length / 2,
            )
            m.soft_box(snow, at, (x + over - 0.02, length / 2 - 0.02, 0.09), 0.08, turn=(0, -side * (90 - pitch), 0))


def house(m: Model) -> None:
    """A cottage: two windows and a door below, one in the roof's chimney side."""
    wall = m.main("plaster", *WALLS)
    roof = m.ink("shingles", TILES[m.rng.integers(3)])
    frame = m.ink("paint", "#ece6da")
    wood = m.ink("paint", ("#5a3a24", "#2f5a52", "#7a2a22", "#34507c")[m.rng.integers(4)])
    x, z, base = m.rng.uniform(2.6, 3.3), 2.1, m.rng.uniform(2.5, 2.9)
    gable(m, (x, z), base, wall, roof, 1.9)
    m.box(m.ink("stone", "#8d867c"), (-x - 0.03, -0.3, -z - 0.03), (x + 0.03, 0.35, z + 0.03))
    door(m, (0.1, 0, -z), 0.45, 2.0, wood)
    for wx in (-0.62 * x, 0.66 * x):
        window(m, (wx, 1.45, -z), (0.42, 0.52), frame)
        for side in (-1, 1):
            m.box(wood, (wx + side * 0.72 - 0.2, 0.9, -z - 0.05), (wx + side * 0.72 + 0.2, 2.0, -z))
    for side in (-1, 1):
        window(m, (side * x, 1.45, 0), (0.5, 0.52), frame, side, along_x=False)
    m.box(m.ink("brick", "#8f4a35"), (0.5 * x - 0.3, base + 0.7, 0.1), (0.5 * x + 0.3, base + 2.7, 0.7))


def barn(m: Model) -> None:
    """Red boards, white crosses."""
    wall, roof = m.main("wood", "#7a2a22"), m.ink("shingles", "#4c4a48")
    white = m.ink("paint", "#e8e2d6")
    gable(m, (4.2, 3.0), 3.1, wall, roof, 2.6)
    m.box(white, (-1.5, 0, -3.05), (1.5, 2.9, -3.0))
    for side in (-1, 1):
        m.box(wall, (min(0.05 * side, 1.4 * side), 0.08, -3.1), (max(0.05 * side, 1.4 * side), 2.8, -3.0))
        m.rod(white, (side * 0.1, 0.1, -3.12), (side * 1.38, 2.75, -3.12), 0.06)
    for x in (-2.9, 2.9):
        window(m, (x, 1.7, -3.0), (0.4, 0.4), white)


def tower(m: Model) -> None:
    """Round, of stone, with battlements."""
    stone = m.main("stone", "#a59883", "#8d8478")
    m.rod(stone, (0, -0.3, 0), (0, 8.4, 0), 1.75, 1.55)
    m.rod(stone, (0, 8.4, 0), (0, 9.2, 0), 1.55, 1.95)
    for x, z, a in around(1.75, 12):
        m.soft_box(stone, (x, 9.5, z), (0.27, 0.42, 0.2), 0.03, turn=(a, 0, 0))
    door(m, (0, 0, -1.68), 0.5, 2.1, m.ink("wood", "#4a2f1c"))
    for y in (3.6, 6.2):
        window(m, (0, y, -1.6), (0.2, 0.5), stone)


def church(m: Model) -> None:
    """A nave and a tower with a spire."""
    wall, roof = m.main("plaster", "#e6dfcf", "#d8cbb2"), m.ink("shingles", "#6b4a3a")
    stone = m.ink("stone", "#b0a693")
    gable(m, (4.6, 2.6), 3.8, wall, roof, 2.8)
    m.box(wall, (-6.4, -0.3, -1.7), (-3.2, 8.2, 1.7))
    m.box(stone, (-6.55, 8.1, -1.85), (-3.05, 8.35, 1.85))
    m.hip(roof, (-4.8, 8.35, 0), (1.75, 1.85), (0.02, 0.02), 4.6)
    m.rod(m.ink("metal", "#c9a35c"), (-4.8, 12.9, 0), (-4.8, 13.9, 0), 0.05)
    m.rod(m.ink("metal", "#c9a35c"), (-5.15, 13.5, 0), (-4.45, 13.5, 0), 0.05)
    for x in (-1.6, 0.6, 2.8):
        window(m, (x, 2.1, -2.6), (0.32, 0.95), stone)
    door(m, (-4.8, 0, -1.7), 0.6, 2.3, m.ink("wood", "#4a2f1c"))
    window(m, (-4.8, 6.7, -1.7), (0.36, 0.7), stone)


def castle(m: Model) -> None:
    """Four towers, walls between, a gate, a keep with a flag."""
    stone = m.main("stone", "#a89c88", "#b5a890")
    roof = m.ink("shingles", "#4a5a6a")
    for x, z, tall in ((-7, -5, 9), (7, -5, 9), (-6, 5, 11.5), (6, 5, 11.5)):
        m.rod(stone, (x, -1, z), (x, tall, z), 1.75, 1.6)
        m.rod(stone, (x, tall, z), (x, tall + 0.7, z), 1.6, 1.95)
        m.rod(roof, (x, tall + 0.7, z), (x, tall + 4.2, z), 2.1, 0.02)
        window(m, (x, tall * 0.62, z - 1.64), (0.18, 0.5), stone)
    m.box(stone, (-7, -1, -5.5), (7, 5.6, -4.5))
    m.box(stone, (-7, -1, -5), (-6, 5.6, 5))
    m.box(stone, (6, -1, -5), (7, 5.6, 5))
    for x in np.arange(-5.4, 5.5, 1.2):
        m.box(stone, (x - 0.35, 5.6, -5.5), (x + 0.35, 6.3, -4.9))
    m.arch(stone, (0, 3.0, -5.9), (2.2, 3.0, 0.7), 1.2, -0.3)
    m.box(m.ink("wood", "#3a2818"), (-1.2, 0, -5.6), (1.2, 4.2, -5.45))
    m.box(stone, (-3, -1, 0), (3, 12, 6))
    for x in (-1.5, 1.5):
        window(m, (x, 9, 0), (0.3, 0.8), stone)
    m.hip(roof, (0, 12, 3), (3.3, 3.3), (0.4, 0.4), 3.4)
    m.rod(stone, (0, 15.2, 3), (0, 18, 3), 0.05)
    m.box(m.ink("fabric", m.colour or "#b3231d"), (0, 17, 2.97), (1.5, 17.9, 3.03))


def lighthouse(m: Model) -> None:
    """White with red bands, a lantern on top."""
    wall, band = m.ink("plaster", "#efeae0"), m.ink("plaster", m.colour or "#b3302a")
    radius = [1.5 - 0.09 * k for k in range(8)]
    for k in range(7):
        m.rod(
            band if k % 2 else wall, (0, 1.35 * k - 0.3 * (k == 0), 0), (0, 1.35 * (k + 1), 0), radius[k], radius[k + 1]
        )
    m.rod(m.ink("paint", "#2a2c30"), (0, 9.45, 0), (0, 9.65, 0), 1.25)
    m.rod(m.ink("lit", "#ffe7a8", glow=4.0 if m.night else 1.0), (0, 9.65, 0), (0, 10.75, 0), 0.62, opaque=False)
    for x, z, _ in around(1.12, 10):
        m.rod(m.ink("paint", "#2a2c30"), (x, 9.65, z), (x, 10.2, z), 0.03)
    m.rod(m.ink("paint", m.colour or "#a82c26"), (0, 10.75, 0), (0, 11.7, 0), 0.8, 0.05)
    door(m, (0, 0, -1.42), 0.42, 1.9, m.ink("paint", "#34507c"))
    for y in (4.0, 7.0):
        window(m, (0, y, -1.5 + 0.066 * y), (0.2, 0.35), wall)
    if m.night:
        m.lamp((0, 10.2, -0.7), 0.4, (60, 50, 30))


def windmill(m: Model) -> None:
    """A cone of boards, a cap, four sails."""
    wall, cap = m.main("plaster", "#e6dfd0", "#8a6a48"), m.ink("shingles", "#5a4a3c")
    sail, pole = m.ink("fabric", "#e9e2d0"), m.ink("wood", "#5b3a22")
    m.rod(wall, (0, -0.3, 0), (0, 5.6, 0), 2.1, 1.3)
    m.turned(cap, (0, 5.6, 0), 1.5, 1.45, "dome")
    door(m, (0, 0, -2.02), 0.45, 1.9, m.ink("paint", "#7a2a22"))
    window(m, (0, 3.5, -1.6), (0.28, 0.35), pole)
    hub, spin = np.array([0, 6.1, -1.75]), m.rng.uniform(15, 60)
    m.rod(pole, (0, 6.1, -1.95), (0, 6.1, -0.55), 0.14)
    for k in range(4):
        a = np.radians(spin + 90 * k)
        out, aside = np.array([np.sin(a), np.cos(a), 0]), np.array([np.cos(a), -np.sin(a), 0])
        m.rod(pole, hub, hub + out * 3.9, 0.06)
        m.add(0, sail, hub + out * 2.5 + aside * 0.38, (0.36, 1.4, 0.02), turn=(0, 0, -np.degrees(a)))


def tent(m: Model) -> None:
    """A ridge tent with an open flap."""
    cloth = m.main("fabric", "#b8762c", "#4f6a4a", "#a83a2c")
    m.hip(cloth, (0, 0, 0), (1.25, 1.6), (0.02, 1.5), 1.6)
    m.hip(m.ink("plain", "#1c1712"), (0, 0, -1.06), (0.42, 0.55), (0.01, 0.46), 1.1)
    pole = m.ink("wood", "#8a6a42")
    m.rod(pole, (0, 0, -1.62), (0, 1.68, -1.52), 0.03)
    for x in (-1.9, 1.9):
        m.rod(m.ink("plain", "#d8cfb8"), (x, 0, -1.7), (0, 1.6, -1.5), 0.01)


def well(m: Model) -> None:
    """A stone ring under a small roof."""
    stone, wood = m.main("stone", "#9c9284"), m.ink("wood", "#6b4629")
    for k in range(12):
        x, z, a = around(0.72, 12)[k]
        for row in range(3):
            m.soft_box(stone, (x, 0.13 + 0.26 * row, z), (0.19, 0.12, 0.13), 0.03, turn=(a + 4 * row, 0, 0))
    m.rod(m.ink("plain", "#0d1113"), (0, 0, 0), (0, 0.6, 0), 0.66)
    for x in (-0.78, 0.78):
        m.rod(wood, (x, 0, 0), (x, 2.0, 0), 0.06)
    m.rod(wood, (-0.9, 1.5, 0), (0.9, 1.5, 0), 0.05)
    m.rod(m.ink("wool", "#b09468"), (0, 1.5, -0.05), (0, 0.95, -0.05), 0.015)
    m.hip(m.ink("shingles", "#8a4a34"), (0, 1.95, 0), (1.1, 0.75), (1.05, 0.02), 0.7)


def fountain(m: Model) -> None:
    """Two basins, water."""
    stone, water = m.main("marble", "#d0c6b2"), m.ink("water", "#2c5a66")
    m.torus(stone, (0, 0.36, 0), 1.55, 0.17)
    m.rod(stone, (0, 0, 0), (0, 0.36, 0), 1.62)
    m.rod(water, (0, 0.3, 0), (0, 0.42, 0), 1.45)
    m.turned(stone, (0, 0.3, 0), 1.0, 0.26, "urn")
    m.turned(stone, (0, 1.2, 0), 0.3, 0.75, "bowl")
    m.rod(water, (0, 1.3, 0), (0, 1.46, 0), 0.68)
    m.turned(stone, (0, 1.4, 0), 0.7, 0.14, "urn")
    jet = m.ink("glass", "#d8e8ee", shine=0.2)
    for x, z, _ in around(0.30, 8):
        for k in range(6):
            s = k / 5
            m.ball(jet, (x * (0.3 + 1.6 * s), 2.1 + 0.9 * s * (0.7 - s) * 2, z * (0.3 + 1.6 * s)), (0.028, 0.05, 0.028))


def fence(m: Model) -> None:
    """Three metres of pickets."""
    wood = m.main("paint", "#e8e2d4") if not m.material else m.main("wood", "#8d6238")
    for y in (0.3, 0.72):
        m.box(wood, (-1.6, y - 0.035, 0), (1.6, y + 0.035, 0.03))
    for x in np.arange(-1.5, 1.51, 0.2):
        m.box(wood, (x - 0.05, 0, -0.025), (x + 0.05, 0.88, 0))
        m.hip(wood, (x, 0.88, -0.012), (0.05, 0.0125), (0.002, 0.0125), 0.08)


def column(m: Model) -> None:
    """Fluted, on its base."""
    stone, marble = m.ink("stone", "#c3b18f"), m.main("marble", "#d5c8ae")
    m.box(stone, (-0.52, 0, -0.52), (0.52, 0.16, 0.52))
    m.turned(marble, (0, 0.16, 0), 0.30, 0.35, "foot")
    m.turned(marble, (0, 0.46, 0), 2.9, 0.35, "shaft", flutes=(20, 0.10))
    m.turned(marble, (0, 3.36, 0), 0.30, 0.36, "capital")
    m.box(marble, (-0.52, 3.66, -0.52), (0.52, 3.80, 0.52))


def arch(m: Model) -> None:
    """A gate of stone."""
    stone = m.main("stone", "#b5a585")
    m.arch(stone, (0, 2.0, 0), (1.75, 2.0, 0.42), 1.0, 0.5)
    for side in (-1, 1):
        m.soft_box(stone, (side * 1.38, 0.16, 0), (0.46, 0.16, 0.52), 0.02)
    m.soft_box(stone, (0, 4.08, 0), (1.9, 0.1, 0.52), 0.03)


def statue(m: Model) -> None:
    """A robed figure on a pedestal."""
    marble = m.main("marble", "#d8d0c0")
    m.box(m.ink("stone", "#a89c88"), (-0.5, 0, -0.5), (0.5, 0.18, 0.5))
    m.box(m.ink("stone", "#b5a890"), (-0.4, 0.18, -0.4), (0.4, 1.0, 0.4))
    m.turned(marble, (0, 1.0, 0), 1.3, 0.3, "dress", flutes=(11, 0.12))
    m.ball(marble, (0, 2.26, 0), (0.24, 0.14, 0.15))
    m.rod(marble, (0, 2.25, 0), (0, 2.45, 0), 0.06)
    m.ball(marble, (0, 2.55, -0.01), (0.115, 0.15, 0.125))
    m.ball(marble, (0, 2.6, 0.03), (0.13, 0.13, 0.12))
    m.rod(marble, (-0.22, 2.28, 0), (-0.32, 1.85, -0.1), 0.065, 0.05)
    m.rod(marble, (-0.32, 1.85, -0.1), (-0.1, 1.75, -0.3), 0.05, 0.04)
    m.rod(marble, (0.22, 2.28, 0), (0.38, 1.9, -0.06), 0.065, 0.05)
    m.rod(marble, (0.38, 1.9, -0.06), (0.42, 2.3, -0.2), 0.05, 0.04)


def lantern(m: Model) -> None:
    """Of iron, beside a street."""
    iron = m.main("paint", "#23282a")
    m.rod(iron, (0, 0, 0), (0, 0.5, 0), 0.11, 0.07)
    m.rod(iron, (0, 0.5, 0), (0, 3.2, 0), 0.05, 0.038)
    m.hip(
        m.ink("lit", "#ffd48a", glow=5.0 if m.night else 1.1),
        (0, 3.25, 0),
        (0.11, 0.11),
        (0.17, 0.17),
        0.42,
        opaque=False,
    )
    m.hip(iron, (0, 3.67, 0), (0.21, 0.21), (0.03, 0.03), 0.16)
    m.rod(iron, (0, 3.19, 0), (0, 3.25, 0), 0.13)
    if m.night:
        m.lamp((0, 3.4, 0), 0.12, (6.0, 3.9, 1.9))
