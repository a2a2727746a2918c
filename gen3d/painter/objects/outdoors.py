"""What drives, floats, flies, burns, or is left outdoors."""

from __future__ import annotations

import numpy as np

from gen3d.painter.objects.model import Model, around
from gen3d.painter.real import Real
from gen3d.painter.shapes import rotation


def _wheels(m: Model, xs: tuple, half: Real, radius: Real, tyre: str = "#1c1c1e") -> None:
    rubber, hub = m.ink("plain", tyre), m.ink("metal", "#b9bcc0")
    for x in xs:
        for side in (-1, 1):
            m.rod(rubber, (x, radius, side * (half - 0.11)), (x, radius, side * (half + 0.11)), radius)
            m.rod(hub, (x, radius, side * (half + 0.10)), (x, radius, side * (half + 0.118)), radius * 0.55)


def _lights(m: Model, x: Real, y: Real, z: Real) -> None:
    lit = m.ink("lit", "#fff0c8", glow=3.0 if m.night else 0.9)
    for side in (-1, 1):
        m.ball(lit, (x, y, side * z), 0.1, opaque=False)


def car(m: Model) -> None:
    """Small and round, seen from its side."""
    paint, glass = m.main("lacquer", "#b3231d", "#2f5d86", "#d8b23a", "#5f8a6a", "#d9d6cc"), m.ink("glass", "#1d272d")
    m.soft_box(paint, (0, 0.62, 0), (1.85, 0.28, 0.78), 0.22)
    m.soft_box(paint, (1.15, 0.72, 0), (0.7, 0.22, 0.74), 0.18)
    m.soft_box(glass, (-0.15, 1.05, 0), (1.0, 0.32, 0.68), 0.22)
    m.soft_box(paint, (-0.15, 1.33, 0), (0.86, 0.07, 0.64), 0.06)
    for x in (-1.0, -0.2, 0.66):
        m.rod(paint, (x * 0.98, 0.85, -0.69), (x * 0.84, 1.32, -0.6), 0.035)
        m.rod(paint, (x * 0.98, 0.85, 0.69), (x * 0.84, 1.32, 0.6), 0.035)
    for x in (-1.88, 1.88):
        m.soft_box(m.ink("metal", "#c9ccd0"), (x, 0.45, 0), (0.06, 0.07, 0.76), 0.05)
    _wheels(m, (-1.15, 1.15), 0.68, 0.33)
    _lights(m, 1.82, 0.68, 0.5)


def truck(m: Model) -> None:
    """A cab and a box."""
    paint = m.main("lacquer", "#2f5d86", "#b3502a", "#5f6a4a")
    m.soft_box(m.ink("paint", "#d8d2c4"), (-0.8, 1.5, 0), (1.9, 1.0, 0.95), 0.05)
    m.soft_box(paint, (1.75, 1.05, 0), (0.62, 0.68, 0.9), 0.14)
    m.soft_box(m.ink("glass", "#1d272d"), (1.9, 1.35, 0), (0.5, 0.3, 0.86), 0.1)
    m.box(m.ink("paint", "#2a2c30"), (-2.6, 0.4, -0.8), (2.2, 0.52, 0.8))
    _wheels(m, (-1.8, 1.6), 0.78, 0.42)
    _lights(m, 2.36, 0.75, 0.6)


def bus(m: Model) -> None:
    """Long, with a row of windows."""
    paint = m.main("lacquer", "#b3231d", "#d8a42a", "#2f6a86")
    m.soft_box(paint, (0, 1.5, 0), (3.6, 1.15, 1.1), 0.18)
    pane = m.ink("lit", "#ffd48a", glow=1.6) if m.night else m.ink("glass", "#1d272d")
    for k in range(6):
        for z in (-1.09, 1.09):
            m.soft_box(pane, (-2.8 + 1.12 * k, 1.85, z), (0.48, 0.42, 0.03), 0.03)
    m.soft_box(pane, (3.58, 1.75, 0), (0.04, 0.55, 0.9), 0.04)
    m.box(m.ink("paint", "#e8e2d4"), (-3.58, 1.18, -1.115), (3.58, 1.28, 1.115))
    _wheels(m, (-2.2, 2.2), 0.98, 0.46)
    _lights(m, 3.58, 0.8, 0.75)


def cart(m: Model) -> None:
    """Of wood, with spoked wheels."""
    wood = m.main("wood", "#7a5530")
    m.box(wood, (-1.0, 0.62, -0.5), (1.0, 0.68, 0.5))
    for z in (-0.5, 0.5):
        m.box(wood, (-1.0, 0.68, z - 0.02), (1.0, 1.0, z + 0.02))
    for x in (-1.0, 1.0):
        m.box(wood, (x - 0.02, 0.68, -0.5), (x + 0.02, 1.0, 0.5))
    for side in (-1, 1):
        z = side * 0.62
        m.torus(wood, (-0.15, 0.52, z), 0.48, 0.04, (0, 90, 0))
        for x, y, _ in around(0.47, 5):
            m.rod(wood, (-0.15 - x, 0.52 - y, z), (-0.15 + x, 0.52 + y, z), 0.018)
        m.rod(wood, (1.0, 0.64, side * 0.3), (2.1, 0.42, side * 0.3), 0.03)
    m.rod(wood, (-0.15, 0.52, -0.66), (-0.15, 0.52, 0.66), 0.04)


def _hull(m: Model, paint: int, half: Real, wide: Real, tall: Real) -> None:
    """Rounds, ever narrower towards both ends."""
    inside = m.ink("wood", "#a5763f")
    for k in range(-5, 6):
        x = k / 5
        w, rise = wide * (1 - 0.85 * abs(x) ** 2.2), 0.35 * tall * abs(x) ** 2
        m.soft_box(paint, (half * x, tall * 0.30 + rise, 0), (half / 5 * 0.75, tall * 0.5, w), 0.12 * wide)
        if abs(k) < 5:
            m.soft_box(inside, (half * x, tall * 0.72 + rise, 0), (half / 5 * 0.7, tall * 0.1, w * 0.82), 0.02)


def boat(m: Model) -> None:
    """A rowing boat with oars."""
    _hull(m, m.main("paint", "#2f5d86", "#b3402a", "#e2dccc", "#4f7a5a"), 1.7, 0.62, 0.5)
    wood = m.ink("wood", "#8d6238")
    for x in (-0.6, 0.5):
        m.box(wood, (x - 0.13, 0.44, -0.5), (x + 0.13, 0.48, 0.5))
    m.rod(wood, (0.1, 0.5, -0.55), (-0.7, 0.12, -1.5), 0.025)
    m.rod(wood, (0.1, 0.5, 0.55), (-0.7, 0.12, 1.5), 0.025)


def sailboat(m: Model) -> None:
    """A hull, a mast, two sails."""
    _hull(m, m.ink("paint", "#efeae0"), 2.2, 0.75, 0.7)
    cloth, mast = m.main("fabric", "#f0ebdf", "#c8502e"), m.ink("wood", "#a5763f")
    m.rod(mast, (0.2, 0.4, 0), (0.2, 5.6, 0), 0.05, 0.03)
    m.rod(mast, (0.2, 1.02, 0), (-1.7, 1.42, -0.2), 0.035)
    _sail(m, cloth, (0.12, 1.1, -0.06), -1.9, 4.35, -6)
    _sail(m, cloth, (0.36, 0.9, 0.03), 1.6, 3.5, 8)


def _sail(m: Model, cloth: int, foot: tuple, long: Real, tall: Real, yaw_deg: Real) -> None:
    """A triangle of cloth along a mast on `foot`, aft or, where long > 0, ahead; its lower edge rises away from it."""
    half, side = abs(long) / 2, float(np.sign(long))
    turn = (yaw_deg, 0.0, side * float(np.degrees(np.arctan2(half, tall))))
    tack = rotation(*turn) @ np.array([-side * half, -tall / 2, 0])
    m.hip(cloth, np.array(foot) - tack - (0, tall / 2, 0), (half, 0.015), (0.01, 0.01), tall, turn=turn)


def balloon(m: Model) -> None:
    """Hot air in stripes over a basket."""
    a, b = m.colour or ("#b3231d", "#d8862a", "#2f5d86")[m.rng.integers(3)], "#ece2c8"
    for k in range(12):
        x, z, angle = around(0.72, 12)[k]
        m.ball(m.ink("fabric", a if k % 2 else b), (x, 4.4, z), (0.98, 2.05, 0.98), (angle, 0, 0))
    cane = m.ink("wool", "#8a6238")
    m.soft_box(cane, (0, 0.4, 0), (0.5, 0.4, 0.5), 0.08)
    for x, z, _ in around(0.62, 4, 45):
        m.rod(m.ink("plain", "#2a2622"), (x * 0.9, 0.8, z * 0.9), (x * 1.5, 3.0, z * 1.5), 0.015)


def umbrella(m: Model) -> None:
    """A sunshade, striped."""
    a, b = m.colour or ("#c8402a", "#2f6a86", "#d8a42a")[m.rng.integers(3)], "#efe8d8"
    m.rod(m.ink("wood", "#b98a55"), (0, 0, 0), (0.1, 2.25, 0), 0.028)
    for k in range(10):
        _, _, angle = around(1, 10)[k]
        x, z, _ = around(0.55, 10)[k]
        cloth = m.ink("fabric", a if k % 2 else b)
        m.ball(cloth, (0.1 + x, 1.98, z), (0.30, 0.03, 0.62), (angle, 20, 0))
    m.ball(m.ink("fabric", a), (0.1, 2.2, 0), (0.14, 0.06, 0.14))


FLAMES = (
    (0, 0.04, 0.62, "#f0560c"), (0.12, 0.02, 0.46, "#f0560c"), (-0.13, 0.0, 0.42, "#e2480a"),
    (0.05, -0.12, 0.4, "#ff8a1c"), (-0.06, -0.14, 0.3, "#ffb030"),
)  # fmt: skip
"""X, z, height and colour of each; the nearer the lighter."""


def campfire(m: Model) -> None:
    """Logs in a ring of stones, flames."""
    bark, stone = m.ink("bark", "#3f2e1f"), m.ink("rock", "#6c6862")
    for x, z, _ in around(0.34, 5):
        m.rod(bark, (x, 0.04, z), (-0.1 * x, 0.38, -0.1 * z), 0.055)
    for x, z, a in around(0.58, 10):
        m.ball(stone, (x, 0.07, z), (0.13, 0.1, 0.11), (a, 0, 0))
    for x, z, tall, tone in FLAMES:
        m.turned(m.ink("lit", tone, glow=1.8), (x, 0.12, z), tall, 0.19 * tall, "flame", opaque=False)
    m.lamp((0, 0.7, 0), 0.15, (7.5, 3.6, 1.2) if m.night else (2.0, 1.0, 0.4))


def snowman(m: Model) -> None:
    """Three balls, a hat, a carrot."""
    snow, coal = m.ink("snow", m.colour or "#e9eef5"), m.ink("plain", "#1a1a1c")
    for y, r in ((0.42, 0.48), (1.08, 0.35), (1.58, 0.24)):
        m.ball(snow, (0, y, 0), r)
    m.rod(m.ink("fruit", "#dd6a1c"), (0, 1.58, -0.22), (0.03, 1.56, -0.48), 0.04, 0.004)
    for x, y, z in ((-0.09, 1.66, -0.21), (0.09, 1.66, -0.21), (0, 1.22, -0.33), (0, 1.06, -0.36), (0, 0.9, -0.32)):
        m.ball(coal, (x, y, z), 0.03)
    m.rod(coal, (0, 1.74, 0), (0, 1.78, 0), 0.28)
    m.rod(coal, (0, 1.78, 0), (0, 2.08, 0), 0.18)
    m.torus(m.ink("wool", "#b3231d"), (0, 1.38, 0), 0.22, 0.06)
    for side in (-1, 1):
        m.rod(m.ink("bark", "#4a3424"), (side * 0.28, 1.15, 0), (side * 0.78, 1.4, -0.1), 0.02)


def robot(m: Model) -> None:
    """Of plates, with lit eyes."""
    steel, dark = m.main("metal", "#a8b0b6", "#c8803a"), m.ink("metal", "#4a4e54", rough=0.4)
    m.soft_box(steel, (0, 0.95, 0), (0.3, 0.36, 0.2), 0.06)
    m.soft_box(steel, (0, 1.55, 0), (0.22, 0.19, 0.19), 0.05)
    m.rod(dark, (0, 1.3, 0), (0, 1.4, 0), 0.08)
    for side in (-1, 1):
        m.ball(m.ink("lit", "#7fd8ff", glow=2.5), (side * 0.09, 1.58, -0.18), 0.045, opaque=False)
        m.rod(dark, (side * 0.14, 0.6, 0), (side * 0.15, 0.1, 0), 0.07)
        m.soft_box(steel, (side * 0.15, 0.06, -0.05), (0.1, 0.06, 0.16), 0.04)
        m.rod(dark, (side * 0.34, 1.2, 0), (side * 0.45, 0.72, -0.08), 0.06)
        m.ball(steel, (side * 0.46, 0.66, -0.1), 0.085)
    m.rod(dark, (0.1, 1.72, 0), (0.14, 1.92, 0), 0.012)
    m.ball(m.ink("lit", "#ff5a3a", glow=2.0), (0.14, 1.95, 0), 0.03, opaque=False)
