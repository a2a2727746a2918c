"""What grows, and what lies about outdoors. Leaves have the colour of the season."""

from __future__ import annotations

import numpy as np

from gen3d.painter.objects.model import Model, around

GREENS = {
    "spring": ("#4f8a2c", "#6a9a3a"), "summer": ("#2f5a22", "#3c6428"), "autumn": ("#a8541c", "#b8862a", "#8a3a1c"),
    "winter": ("#5a564c",),
}  # fmt: skip
PETALS = ("#c42a2a", "#e0a820", "#d873a0", "#e8e4dc", "#7a4aa8", "#e06a2a")


def leaves(m: Model) -> int:
    """Foliage as the season has it; a colour that was asked for comes first."""
    tones = GREENS[m.season]
    return m.ink("foliage", m.colour or tones[m.rng.integers(len(tones))])


def crown(m: Model, leaf: int, at: tuple, radii: tuple, clumps: int) -> None:
    """Clumps of leaves around a dark heart; light shines through where they are thin."""
    m.ball(m.ink("foliage", "#1d2c12" if m.season != "autumn" else "#4a2410"), at, [0.62 * r for r in radii])
    for k in range(clumps):
        up = 1 - 2 * (k + 0.5) / clumps
        ring, angle = np.sqrt(1 - up * up), 2.399963 * k
        reach = m.rng.uniform(0.58, 0.82)
        place = [
            at[0] + radii[0] * reach * ring * np.cos(angle), at[1] + radii[1] * reach * up,
            at[2] + radii[2] * reach * ring * np.sin(angle),
        ]  # fmt: skip
        size = m.rng.uniform(0.34, 0.5) * min(radii)
        m.ball(leaf, place, (size * 1.15, size * 0.9, size * 1.15), leaves=(0.46, 3.2 / size), turn=(50 * k, 0, 0))


def tree(m: Model) -> None:
    """Broad-leaved, five metres; bare in winter, with snow on its twigs."""
    bark = m.ink("bark", "#5a4630")
    lean, tall = m.rng.uniform(-0.15, 0.15, 2), m.rng.uniform(0.9, 1.1)
    fork = (lean[0], 1.9 * tall, lean[1])
    m.rod(bark, (0, -0.1, 0), fork, 0.21, 0.13)
    m.rod(bark, (0, -0.1, 0), (0, 0.28, 0), 0.33, 0.19)
    tips = around(1.0, 6, m.rng.uniform(0, 60))
    for k, (x, z, _) in enumerate(tips):
        tip = np.array([fork[0] + x * 0.85, fork[1] + 1.2 + 0.35 * (k % 2), fork[2] + z * 0.85])
        m.rod(bark, fork, tip, 0.10, 0.05)
        if m.season == "winter":
            for dx, dy, dz in m.spots(5, (-0.7, 0.2, -0.7), (0.7, 1.0, 0.7)):
                m.rod(bark, tip, np.add(tip, (dx, dy, dz)), 0.04, 0.012)
                m.rod(
                    bark,
                    tip + np.multiply((dx, dy, dz), 0.5),
                    np.add(tip, (dx * 0.4, dy * 1.3, dz * 1.1)),
                    0.022,
                    0.008,
                )
    if m.season != "winter":
        crown(m, leaves(m), (fork[0], fork[1] + 1.55 * tall, fork[2]), (1.65, 1.35 * tall, 1.65), 46)


def pine(m: Model) -> None:
    """A conifer in tiers, six metres; with snow in winter."""
    needle = m.ink("foliage", m.colour or ("#1c3d24", "#23442a")[m.rng.integers(2)])
    snow = m.ink("snow", "#e8edf4")
    tall = m.rng.uniform(5.4, 7.0)
    m.rod(m.ink("bark", "#4d3a28"), (0, -0.1, 0), (0, tall * 0.9, 0), 0.16, 0.04)
    for k in range(11):
        share = k / 10
        y, r = 0.75 + (tall - 1.1) * share, 1.6 * (1 - share) ** 0.9 + 0.16
        for x, z, a in around(r * 0.55, 7, m.rng.uniform(0, 60)):
            turn = (a, 22, 0)
            m.ball(needle, (x, y, z), (0.36 * r + 0.07, 0.13 + 0.07 * r, 0.62 * r), turn, (0.42, 9 / (0.5 + 0.5 * r)))
            if m.season == "winter":
                m.ball(snow, (x, y + 0.07, z), (0.29 * r + 0.04, 0.09 + 0.05 * r, 0.5 * r), turn, (0.5, 5))
    m.rod(needle, (0, tall - 0.6, 0), (0, tall + 0.25, 0), 0.2, 0.01)


def palm(m: Model) -> None:
    """A bent trunk, fronds, nuts."""
    bark, leaf = m.ink("bark", "#7a6346"), m.ink("leaf", m.colour or "#3f6a2c")
    bend, foot = m.rng.uniform(-0.7, 0.7, 2), np.zeros(3)
    for k in range(9):
        s = (k + 1) / 9
        top = np.array([bend[0] * s**2, 4.4 * s, bend[1] * s**2])
        m.rod(bark, foot, top, 0.17 - 0.07 * s + 0.014, 0.15 - 0.07 * s)
        foot = top
    for x, z, a in around(1.0, 15, m.rng.uniform(0, 20)):
        rise, at = m.rng.uniform(0.1, 0.75), foot.copy()
        for k in range(5):
            step = np.array([x * 0.34, 0.34 * (rise - 0.33 * k), z * 0.34])
            pitch = np.degrees(np.arctan2(step[1], 0.34))
            m.ball(leaf, at + step / 2, (0.15 - 0.022 * k, 0.014, 0.24), (a, -pitch, 0))
            at = at + step
    for x, z, _ in around(0.14, 4):
        m.ball(m.ink("bark", "#5a3a20"), np.add(foot, (x, -0.12, z)), 0.1)


def cypress(m: Model) -> None:
    """Slim and dark."""
    green = m.ink("foliage", m.colour or "#1d2f14")
    m.turned(green, (0, -0.05, 0), 5.6, 0.62, "cypress", rough=(0.5, 4.2))


def bush(m: Model) -> None:
    """Round, a metre high."""
    crown(m, leaves(m) if m.season != "winter" else m.ink("foliage", "#3d4a34"), (0, 0.45, 0), (0.72, 0.52, 0.66), 24)


def cactus(m: Model) -> None:
    """A column with arms, ribbed."""
    green = m.main("leaf", "#4a6f3c", "#557a48")
    m.turned(green, (0, 0, 0), 2.5, 0.25, "shaft", flutes=(14, 0.16))
    m.ball(green, (0, 2.5, 0), (0.21, 0.2, 0.21))
    for side, y, up in ((-1, 1.0, 0.9), (1, 1.35, 0.75)):
        m.rod(green, (0, y, 0), (side * 0.52, y + 0.1, 0), 0.13)
        m.ball(green, (side * 0.52, y + 0.1, 0), 0.14)
        m.rod(green, (side * 0.52, y + 0.1, 0), (side * 0.54, y + up, 0), 0.135)
        m.ball(green, (side * 0.54, y + up, 0), 0.135)


def plant(m: Model) -> None:
    """A rubber plant in a pot."""
    clay = m.ink("clay", ("#b5673f", "#e0d8c8", "#54666a")[m.rng.integers(3)])
    stem, leaf = m.ink("bark", "#5b4a2e"), m.ink("leaf", m.colour or "#2f5a2c")
    m.turned(clay, (0, 0, 0), 0.34, 0.19, "pot")
    m.rod(m.ink("earth", "#2c1e14"), (0, 0.32, 0), (0, 0.333, 0), 0.185)
    for tip in ((-0.10, 1.25, 0.05), (0.14, 1.08, -0.06), (0.0, 0.9, 0.12), (-0.14, 0.75, -0.12)):
        foot, top = np.array([0, 0.32, 0]), np.array(tip)
        m.rod(stem, foot, top, 0.010)
        for k in range(11):
            share = 0.28 + 0.72 * k / 10
            node = foot + (top - foot) * share
            yaw, droop = 137.5 * k + m.rng.uniform(-20, 20), 70 - 82 * share + m.rng.uniform(-10, 10)
            long = 0.135 * (1.15 - 0.45 * share) * m.rng.uniform(0.85, 1.1)
            (c, cd), (s, sd) = (f(np.radians([yaw, droop])) for f in (np.cos, np.sin))
            middle = node + np.array([s * cd, -sd, c * cd]) * (long + 0.04)
            m.ball(leaf, middle, (long * 0.46, 0.003, long), (yaw, droop, m.rng.uniform(-18, 18)))


def flower(m: Model) -> None:
    """A few of a kind on stems."""
    stem, petal = m.ink("leaf", "#4f7a34"), m.main("fabric", *PETALS)
    heart = m.ink("fabric", "#d9a82a")
    for x, z, tall in m.spots(4, (-0.09, -0.09, 0.26), (0.09, 0.09, 0.42)):
        m.rod(stem, (x * 0.4, 0, z * 0.4), (x, tall, z), 0.006)
        for k in range(3):
            m.ball(
                stem,
                (x * 0.6, tall * (0.25 + 0.16 * k), z * 0.6 - 0.02),
                (0.014, 0.004, 0.07),
                (130 * k + 900 * x, -35, 0),
            )
        for px, pz, a in around(0.035, 7):
            m.ball(petal, (x + px, tall + 0.006, z + pz - 0.006), (0.021, 0.009, 0.034), (a, -22, 0))
        m.ball(heart, (x, tall + 0.012, z - 0.006), (0.02, 0.014, 0.02))


def mushroom(m: Model) -> None:
    """A red cap with white spots."""
    stalk, cap, spot = m.ink("plaster", "#e9e0cc"), m.main("fruit", "#b8261c"), m.ink("plaster", "#efe9da")
    m.rod(stalk, (0, 0, 0), (0, 0.2, 0), 0.055, 0.04)
    m.hip(stalk, (0, 0.12, 0), (0.055, 0.055), (0.05, 0.05), 0.012)
    m.turned(cap, (0, 0.16, 0), 0.15, 0.17, "dome")
    for x, z, _ in [*around(0.125, 7, 20), *around(0.06, 3)]:
        m.ball(spot, (x, 0.31 - 3.2 * (x * x + z * z), z), (0.022, 0.014, 0.022))


def rock(m: Model) -> None:
    """Boulders, one large."""
    stone = m.main("rock", "#7d766c", "#8a8074", "#6c6a66")
    for k, (x, z, r) in enumerate(((0, 0, 0.55), (0.5, -0.2, 0.28), (-0.45, -0.25, 0.22))):
        half = r * m.rng.uniform(0.75, 1.15, 3)
        turn = tuple(m.rng.uniform(-25, 25, 3))
        m.ball(stone, (x, half[1] * 0.5, z), half * (1.15, 0.9, 1.0), turn)
        m.soft_box(stone, (x, half[1] * 0.45, z), half * 0.85, 0.3 * r, turn=(40 * k + turn[0], turn[1], turn[2]))


def log(m: Model) -> None:
    """A trunk that lies."""
    bark, cut = m.main("bark", "#5a4630"), m.ink("wood", "#c79a62")
    m.rod(bark, (-0.95, 0.22, 0.08), (0.95, 0.2, -0.06), 0.21)
    m.rod(cut, (0.94, 0.2, -0.06), (0.957, 0.2, -0.061), 0.19)
    m.rod(bark, (0.3, 0.3, 0), (0.45, 0.62, -0.1), 0.06, 0.04)


def stump(m: Model) -> None:
    """What is left of a tree."""
    m.rod(m.main("bark", "#5a4630"), (0, -0.05, 0), (0, 0.45, 0), 0.34, 0.26)
    m.rod(m.ink("wood", "#c79a62"), (0, 0.449, 0), (0, 0.462, 0), 0.245)


def haystack(m: Model) -> None:
    """A dome of straw."""
    straw = m.main("wool", "#c8a24c")
    m.turned(straw, (0, 0, 0), 1.9, 1.15, "dome", rough=(0.16, 5))
