"""People and animals, of few and round parts; animals are seen from their side, their heads to the left."""

from __future__ import annotations

from itertools import pairwise

from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real

COATS = ("#34507c", "#7a3a2c", "#4f6a4a", "#8a6a9a", "#b08a3c", "#3f3f46")
SKINS = ("#e2b494", "#c68a62", "#8a5a3c", "#f0cdb0")
HAIR = ("#2a1c14", "#5a3a1e", "#a8783c", "#1a1a1c", "#8a8580")


def person(m: Model) -> None:
    """Standing, in a coat."""
    cloth = m.main("fabric", *COATS)
    skin, hair = m.ink("skin", SKINS[m.rng.integers(4)]), m.ink("fur", HAIR[m.rng.integers(5)])
    legs, shoes = m.ink("fabric", ("#2c2f3a", "#4a4038", "#5f6670")[m.rng.integers(3)]), m.ink("lacquer", "#241a14")
    for side in (-1, 1):
        m.rod(legs, (side * 0.1, 0.08, 0.02 * side), (side * 0.09, 0.85, 0), 0.07, 0.1)
        m.ball(shoes, (side * 0.11, 0.05, -0.05 + 0.02 * side), (0.055, 0.05, 0.13))
        m.rod(cloth, (side * 0.2, 1.36, 0), (side * 0.29, 1.05, 0.02), 0.065, 0.055)
        m.rod(cloth, (side * 0.29, 1.05, 0.02), (side * 0.27, 0.8, -0.08), 0.055, 0.045)
        m.ball(skin, (side * 0.27, 0.75, -0.1), (0.045, 0.06, 0.045))
        m.ball(cloth, (side * 0.19, 1.37, 0), (0.085, 0.08, 0.085))
    m.turned(cloth, (0, 0.72, 0), 0.72, 0.215, "coat")
    m.rod(skin, (0, 1.4, 0), (0, 1.54, 0), 0.055)
    m.ball(skin, (0, 1.62, -0.01), (0.095, 0.125, 0.105))
    m.ball(hair, (0, 1.665, 0.022), (0.108, 0.112, 0.108))
    m.ball(skin, (0, 1.61, -0.115), (0.015, 0.022, 0.02))
    for side in (-1, 1):
        m.ball(m.ink("lacquer", "#171310"), (side * 0.036, 1.645, -0.098), 0.0115)


def _beast(m: Model, fur: int, long: Real, leg: Real, girth: Real, hooves: int | None = None) -> None:
    """A body on four legs: half its length, the height of its belly, its half thickness."""
    y = leg + girth * 0.85
    m.ball(fur, (0, y, 0), (long, girth, girth * 0.82))
    m.ball(fur, (-long * 0.55, y + girth * 0.06, 0), (long * 0.5, girth * 1.02, girth * 0.84))
    m.ball(fur, (long * 0.6, y + girth * 0.04, 0), (long * 0.46, girth * 1.0, girth * 0.82))
    for x, step in ((-0.62, -0.05), (0.66, 0.06)):
        for side in (-1, 1):
            foot = (long * x + step * side * long, 0.0, side * girth * 0.48)
            m.rod(fur, foot, (long * x, y - girth * 0.2, side * girth * 0.48), girth * 0.17, girth * 0.34)
            m.ball(
                hooves or fur, (foot[0] - girth * 0.1, girth * 0.12, foot[2]), (girth * 0.27, girth * 0.14, girth * 0.2)
            )


def _eyes(m: Model, at: tuple, apart: Real, size: Real) -> None:
    for side in (-1, 1):
        m.ball(m.ink("lacquer", "#120f0d"), (at[0], at[1], at[2] + side * apart), size)


def cat(m: Model) -> None:
    """Sitting, looking at the eye."""
    fur = m.main("fur", "#b8742c", "#3a3a40", "#d8cfc0", "#6d6258")
    m.turned(fur, (0, 0, 0.02), 0.3, 0.115, "pear")
    m.ball(fur, (0, 0.1, 0.06), (0.12, 0.1, 0.13))
    m.ball(fur, (0, 0.34, -0.03), (0.085, 0.075, 0.078))
    m.ball(m.ink("fur", "#e9e2d4"), (0, 0.318, -0.09), (0.038, 0.026, 0.025))
    m.ball(m.ink("lacquer", "#8a4a48"), (0, 0.33, -0.112), 0.009)
    for side in (-1, 1):
        m.rod(fur, (side * 0.05, 0.385, -0.02), (side * 0.064, 0.455, -0.03), 0.032, 0.003)
        m.rod(fur, (side * 0.045, 0.02, -0.09), (side * 0.045, 0.2, -0.05), 0.028, 0.035)
        m.ball(fur, (side * 0.045, 0.02, -0.105), (0.03, 0.022, 0.042))
        m.ball(m.ink("lacquer", "#8fae3a"), (side * 0.034, 0.352, -0.094), 0.014)
        m.ball(m.ink("lacquer", "#0f0f10"), (side * 0.034, 0.352, -0.104), (0.005, 0.010, 0.006))
    tail = [(0.1, 0.03, 0.1), (0.2, 0.03, 0.04), (0.23, 0.04, -0.06), (0.19, 0.05, -0.13)]
    for a, b in pairwise(tail):
        m.rod(fur, a, b, 0.024)
        m.ball(fur, b, 0.025)


def dog(m: Model) -> None:
    """Standing."""
    fur = m.main("fur", "#8a5a30", "#c8a878", "#3c3632", "#e0d8c8")
    _beast(m, fur, 0.34, 0.27, 0.14)
    m.rod(fur, (-0.27, 0.46, 0), (-0.42, 0.62, 0), 0.085, 0.07)
    m.ball(fur, (-0.44, 0.66, 0), (0.11, 0.095, 0.09))
    m.ball(fur, (-0.55, 0.635, 0), (0.075, 0.05, 0.05))
    m.ball(m.ink("lacquer", "#141214"), (-0.622, 0.648, 0), 0.018)
    for side in (-1, 1):
        m.ball(fur, (-0.41, 0.66, side * 0.092), (0.045, 0.08, 0.016), (0, side * 14, 0))
    _eyes(m, (-0.515, 0.69, 0), 0.05, 0.013)
    m.rod(fur, (0.36, 0.46, 0), (0.55, 0.62, 0.02), 0.035, 0.015)
    m.torus(m.ink("lacquer", "#b3231d"), (-0.35, 0.55, 0), 0.082, 0.013, (90, 42, 0))


def horse(m: Model) -> None:
    """With mane and tail."""
    fur, mane = m.main("fur", "#6b3f22", "#8a5a30", "#2c2624", "#d8d0c2"), m.ink("fur", "#2a1c14")
    _beast(m, fur, 0.85, 0.85, 0.32, m.ink("lacquer", "#241c16"))
    m.rod(fur, (-0.68, 1.2, 0), (-1.08, 1.72, 0), 0.23, 0.14)
    m.rod(fur, (-1.06, 1.76, 0), (-1.42, 1.55, 0), 0.14, 0.085)
    m.ball(fur, (-1.08, 1.76, 0), 0.145)
    m.ball(fur, (-1.44, 1.54, 0), (0.1, 0.085, 0.085))
    for side in (-1, 1):
        m.rod(fur, (-1.03, 1.86, side * 0.07), (-1.03, 2.0, side * 0.08), 0.035, 0.004)
    for k in range(6):
        m.ball(mane, (-0.66 - 0.08 * k, 1.42 + 0.09 * k, 0), (0.1, 0.13, 0.05))
    m.rod(mane, (0.86, 1.2, 0), (1.02, 0.62, 0), 0.09, 0.04)
    _eyes(m, (-1.2, 1.74, 0), 0.1, 0.022)


def cow(m: Model) -> None:
    """Spotted, with horns."""
    fur = m.ink("glaze", m.colour or "#f0ebe0", "#33241c", shine=0.0, rough=1.0)
    _beast(m, fur, 0.85, 0.62, 0.36, m.ink("lacquer", "#241c16"))
    m.rod(fur, (-0.75, 1.05, 0), (-1.1, 1.22, 0), 0.24, 0.17)
    m.ball(fur, (-1.2, 1.2, 0), (0.22, 0.17, 0.16))
    m.ball(m.ink("skin", "#d8a898"), (-1.4, 1.12, 0), (0.09, 0.1, 0.12))
    for side in (-1, 1):
        m.rod(m.ink("bark", "#d8cfb8"), (-1.12, 1.34, side * 0.1), (-1.16, 1.5, side * 0.22), 0.03, 0.006)
        m.ball(fur, (-1.08, 1.26, side * 0.22), (0.04, 0.06, 0.11))
    m.rod(fur, (0.88, 1.1, 0), (0.96, 0.45, 0), 0.03, 0.02)
    _eyes(m, (-1.32, 1.27, 0), 0.12, 0.024)


def sheep(m: Model) -> None:
    """Woolly."""
    wool, dark = m.main("wool", "#e6dfd0"), m.ink("fur", "#2c2622")
    m.ball(wool, (0, 0.56, 0), (0.42, 0.28, 0.27))
    for _ in range(22):
        x, y, z = m.rng.normal(size=3)
        n = (x * x + y * y + z * z) ** 0.5
        m.ball(wool, (0.40 * x / n, 0.57 + 0.24 * y / n, 0.24 * z / n), 0.115)
    for x in (-0.25, 0.25):
        for side in (-1, 1):
            m.rod(dark, (x, 0, side * 0.13), (x, 0.4, side * 0.13), 0.035)
    m.ball(dark, (-0.5, 0.72, 0), (0.13, 0.1, 0.085), (0, 0, 25))
    m.ball(wool, (-0.42, 0.83, 0), (0.1, 0.07, 0.09))
    for side in (-1, 1):
        m.ball(dark, (-0.42, 0.75, side * 0.12), (0.03, 0.022, 0.06))


def duck(m: Model) -> None:
    """Swims, or stands."""
    body = m.main("fur", "#e9e2cf", "#8a6a48", "#d8b23a")
    m.ball(body, (0, 0.13, 0), (0.22, 0.12, 0.13))
    m.rod(body, (0.14, 0.16, 0), (0.29, 0.24, 0), 0.08, 0.01)
    m.rod(body, (-0.14, 0.16, 0), (-0.19, 0.32, 0), 0.055, 0.045)
    m.ball(body, (-0.2, 0.36, 0), (0.075, 0.066, 0.06))
    m.ball(m.ink("fruit", "#dd8a1c"), (-0.285, 0.345, 0), (0.05, 0.014, 0.03))
    for side in (-1, 1):
        m.ball(body, (0.03, 0.15, side * 0.11), (0.15, 0.075, 0.03))
    _eyes(m, (-0.235, 0.385, 0), 0.048, 0.009)


def bird(m: Model) -> None:
    """On two legs."""
    body, leg = m.main("fur", "#7a5236", "#34507c", "#2a2a2e", "#b8502e"), m.ink("plain", "#c8862a")
    m.ball(body, (0, 0.17, 0), (0.13, 0.085, 0.08), (0, 0, -18))
    m.ball(body, (-0.11, 0.26, 0), 0.055)
    m.rod(leg, (-0.155, 0.262, 0), (-0.205, 0.25, 0), 0.016, 0.002)
    m.rod(body, (0.1, 0.15, 0), (0.26, 0.11, 0), 0.045, 0.015)
    for side in (-1, 1):
        m.rod(leg, (-0.01, 0, side * 0.03), (0, 0.1, side * 0.03), 0.007)
        m.ball(body, (0.02, 0.18, side * 0.07), (0.11, 0.055, 0.02), (0, 0, -20))
    _eyes(m, (-0.14, 0.275, 0), 0.042, 0.008)
