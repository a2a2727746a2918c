"""What one can lift: it stands on tables."""

from __future__ import annotations

from gen3d.painter.objects.model import Model, around


def vase(m: Model) -> None:
    """Glazed, with dry stems."""
    glaze = m.main("glaze", "#2f5d66", "#a05a3c", "#e2d9c8", "#34507c")
    m.turned(glaze, (0, 0, 0), 0.30, 0.115, "vase")
    straw = m.ink("plain", "#9c8a4a")
    heads = [m.ink("fabric", c) for c in ("#d8bd8a", "#c86a4a", "#e6dcc2")]
    for lean, spin, tall in m.spots(11, (0.04, 0, 0.22), (0.22, 360, 0.42)):
        x, z, _ = around(lean, 1, spin)[0]
        m.rod(straw, (0, 0.26, 0), (x, 0.28 + tall, z), 0.0028)
        m.ball(heads[m.rng.integers(3)], (x, 0.28 + tall, z), (0.022, 0.036, 0.022))


def bowl(m: Model) -> None:
    """A shallow one."""
    m.turned(m.main("glaze", "#e9e0cf", "#6f8f9a", "#b0683c"), (0, 0, 0), 0.09, 0.17, "bowl")


def cup(m: Model) -> None:
    """With a handle and a saucer."""
    glaze = m.main("glaze", "#e9e4d8", "#3b6a78", "#b5563a")
    m.rod(glaze, (0, 0, 0), (0, 0.012, 0), 0.05, 0.085)
    m.rod(glaze, (0, 0.012, 0), (0, 0.095, 0), 0.034, 0.05)
    m.rod(m.ink("lacquer", "#2a160c"), (0, 0.094, 0), (0, 0.0962, 0), 0.043)
    m.torus(glaze, (0.055, 0.055, 0), 0.026, 0.007, (0, 90, 0))


def bottle(m: Model) -> None:
    """With a label and a cork."""
    glass = m.main("lacquer", "#1f4a2c", "#5a2a18", "#33506a", shine=0.09)
    m.turned(glass, (0, 0, 0), 0.3, 0.042, "bottle")
    m.rod(m.ink("paper", "#e6dcc0"), (0, 0.06, 0), (0, 0.14, 0), 0.0432)
    m.rod(m.ink("bark", "#a98158"), (0, 0.29, 0), (0, 0.32, 0), 0.013)


def teapot(m: Model) -> None:
    """Round, with lid, spout and handle."""
    glaze = m.main("glaze", "#7c4a2c", "#3b6a78", "#d9cdb4")
    m.ball(glaze, (0, 0.085, 0), (0.11, 0.085, 0.11))
    m.rod(glaze, (0, 0.15, 0), (0, 0.172, 0), 0.06, 0.03)
    m.ball(glaze, (0, 0.185, 0), 0.017)
    m.rod(glaze, (-0.08, 0.06, 0), (-0.19, 0.16, 0), 0.028, 0.013)
    m.torus(glaze, (0.115, 0.095, 0), 0.055, 0.011, (0, 90, 0))


def jug(m: Model) -> None:
    """With a handle."""
    clay = m.main("clay", "#b5673f", "#d8ccb4", "#44617a")
    m.turned(clay, (0, 0, 0), 0.26, 0.095, "jug")
    m.torus(clay, (0.09, 0.16, 0), 0.06, 0.012, (0, 90, 0))


def plate(m: Model) -> None:
    """Flat, with a rim."""
    glaze = m.main("glaze", "#ebe6da", "#7f9aa4")
    m.rod(glaze, (0, 0, 0), (0, 0.018, 0), 0.075, 0.13)
    m.torus(glaze, (0, 0.019, 0), 0.124, 0.006)


def _fruit(m: Model, skin: int, radii: tuple, stalk: bool = True) -> None:
    m.ball(skin, (0, radii[1], 0), radii)
    if stalk:
        m.rod(m.ink("plain", "#4a3420"), (0, 2 * radii[1] - 0.006, 0), (0.006, 2 * radii[1] + 0.014, 0.004), 0.0028)


def apple(m: Model) -> None:
    """With its stalk and a leaf."""
    _fruit(m, m.main("fruit", "#b3231d", "#c8402a", "#7f9a2c"), (0.042, 0.039, 0.042))
    m.ball(m.ink("leaf", "#4f7a3a"), (0.017, 0.088, 0.004), (0.010, 0.002, 0.018), (70, -20, 0))


def orange(m: Model) -> None:
    """Round."""
    _fruit(m, m.main("fruit", "#e07d1a"), (0.043, 0.042, 0.043), stalk=False)


def lemon(m: Model) -> None:
    """Lying."""
    m.ball(m.main("fruit", "#e6bf2a"), (0, 0.031, 0), (0.044, 0.031, 0.031), (float(m.rng.uniform(0, 180)), 0, 0))


def pear(m: Model) -> None:
    """Standing."""
    m.turned(m.main("fruit", "#a8a63a", "#c9b23c"), (0, 0, 0), 0.11, 0.042, "pear")
    m.rod(m.ink("plain", "#4a3420"), (0, 0.108, 0), (0.008, 0.135, 0), 0.003)


def pumpkin(m: Model) -> None:
    """Ribbed."""
    skin = m.main("fruit", "#d8761c", "#c8631a")
    for x, z, _ in around(0.075, 9):
        m.ball(skin, (x, 0.105, z), (0.075, 0.105, 0.075))
    m.rod(m.ink("bark", "#5b6a2c"), (0, 0.19, 0), (0.02, 0.26, 0.01), 0.02, 0.013)


def cake(m: Model) -> None:
    """Two tiers, cherries, a few candles."""
    cream = m.main("plaster", "#f0e2cc", "#e2b4b0", "#6a3e26")
    m.rod(m.ink("glaze", "#e6e2d8"), (0, 0, 0), (0, 0.012, 0), 0.17)
    m.rod(cream, (0, 0.012, 0), (0, 0.10, 0), 0.14)
    m.rod(cream, (0, 0.10, 0), (0, 0.165, 0), 0.095)
    for x, z, _ in around(0.118, 10):
        m.ball(m.ink("fruit", "#a8161c"), (x, 0.108, z), 0.014)
    for x, z, _ in around(0.05, 5):
        m.rod(m.ink("stripes", "#e8e4da", "#c04040"), (x, 0.165, z), (x, 0.225, z), 0.005)
        m.ball(m.ink("lit", "#ffcf70", glow=5.0), (x, 0.235, z), (0.005, 0.011, 0.005), opaque=False)


def bread(m: Model) -> None:
    """A loaf with cuts."""
    crust = m.main("bark", "#a9682c")
    m.ball(crust, (0, 0.055, 0), (0.15, 0.055, 0.075))
    for x in (-0.07, 0, 0.07):
        m.ball(m.ink("plaster", "#e0c08a"), (x, 0.098, 0), (0.012, 0.012, 0.05), (25, 0, 0))


def book(m: Model) -> None:
    """Lying, a little askew."""
    cover = m.main("fabric", "#7b2d26", "#2f4a52", "#c08a3c", "#4a5a36")
    turn = (float(m.rng.uniform(-25, 25)), 0, 0)
    for y in (0.003, 0.037):
        m.add(0, cover, (0, y, 0), (0.105, 0.003, 0.145), turn=turn)
    m.add(0, m.ink("paper", "#e9dfc8"), (0.002, 0.02, 0), (0.1, 0.015, 0.14), turn=turn)


def box(m: Model) -> None:
    """A crate of boards."""
    wood = m.main("wood", "#a5763f", "#8d6238")
    m.box(wood, (-0.28, 0.01, -0.23), (0.28, 0.42, 0.23))
    for y in (0.05, 0.37):
        m.box(wood, (-0.3, y - 0.035, -0.25), (0.3, y + 0.035, 0.25))
    for x in (-0.27, 0.27):
        m.box(wood, (x - 0.03, 0, -0.256), (x + 0.03, 0.42, 0.256))


def barrel(m: Model) -> None:
    """Staves and hoops."""
    wood, iron = m.main("wood", "#7f5730"), m.ink("metal", "#6d6f72", rough=0.4)
    for y0, y1, r0, r1 in ((0, 0.25, 0.25, 0.31), (0.25, 0.55, 0.31, 0.31), (0.55, 0.8, 0.31, 0.25)):
        m.rod(wood, (0, y0, 0), (0, y1, 0), r0, r1)
    for y, r in ((0.08, 0.272), (0.25, 0.313), (0.55, 0.313), (0.72, 0.272)):
        m.rod(iron, (0, y - 0.02, 0), (0, y + 0.02, 0), r)


def basket(m: Model) -> None:
    """Woven, with a handle."""
    cane = m.main("wool", "#b08648")
    for k in range(6):
        m.torus(cane, (0, 0.02 + k * 0.03, 0), 0.13 + 0.009 * k, 0.018)
    m.rod(cane, (0, 0, 0), (0, 0.02, 0), 0.13)
    m.torus(cane, (0, 0.17, 0), 0.165, 0.012, (0, 90, 0))
