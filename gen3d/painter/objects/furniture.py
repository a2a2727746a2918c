"""What stands in rooms."""

from __future__ import annotations

from gen3d.painter.objects.model import Model, around

OAK, WALNUT, PINE = "#8d6238", "#5b3a22", "#b98a55"


def sofa(m: Model) -> None:
    """Three seats, wooden feet, cushions."""
    cloth = m.main("fabric", "#8f4a2f", "#4b6a68", "#7a7f86", "#5f4a6b")
    feet = m.ink("wood", "#4a2f1c")
    m.soft_box(cloth, (0, 0.27, 0), (1.02, 0.13, 0.42), 0.06)
    m.soft_box(cloth, (0, 0.56, 0.36), (1.02, 0.34, 0.12), 0.09)
    for side in (-1, 1):
        m.soft_box(cloth, (side * 1.02, 0.42, 0), (0.12, 0.25, 0.44), 0.08)
        for z in (-0.34, 0.36):
            m.rod(feet, (side * 0.95, 0.15, z), (side * 0.99, 0, z), 0.022)
    for x in (-0.61, 0, 0.61):
        m.soft_box(cloth, (x, 0.45, -0.06), (0.30, 0.085, 0.36), 0.07)
        m.soft_box(cloth, (x, 0.70, 0.22), (0.29, 0.22, 0.06), 0.055, 0.05, (0, 12, 0))
    for x, turn, tone in ((-0.74, 18, "#c9a04c"), (0.72, -16, "#e0d4ba")):
        m.soft_box(m.ink("fabric", tone), (x, 0.68, 0.04), (0.20, 0.20, 0.035), 0.03, 0.07, (turn, 20, turn / 2))


def armchair(m: Model) -> None:
    """One seat, deep."""
    cloth = m.main("fabric", "#2f5d66", "#a0642f", "#6d7550", "#b8a890")
    feet = m.ink("wood", "#4a2f1c")
    m.soft_box(cloth, (0, 0.26, 0), (0.40, 0.12, 0.40), 0.06)
    m.soft_box(cloth, (0, 0.62, 0.34), (0.40, 0.42, 0.11), 0.1, turn=(0, 8, 0))
    m.soft_box(cloth, (0, 0.44, -0.05), (0.30, 0.09, 0.34), 0.08)
    m.soft_box(cloth, (0, 0.72, 0.2), (0.28, 0.24, 0.06), 0.06, 0.05, (0, 14, 0))
    for side in (-1, 1):
        m.soft_box(cloth, (side * 0.40, 0.40, -0.02), (0.11, 0.24, 0.40), 0.09)
        for z in (-0.32, 0.32):
            m.rod(feet, (side * 0.36, 0.15, z), (side * 0.39, 0, z), 0.024)


def chair(m: Model) -> None:
    """Of wood, with a spindle back."""
    oak = m.main("wood", OAK, WALNUT, PINE)
    m.soft_box(oak, (0, 0.445, 0), (0.23, 0.02, 0.22), 0.016)
    for x in (-1, 1):
        m.rod(oak, (0.22 * x, 0, -0.23), (0.19 * x, 0.44, -0.18), 0.019)
        m.rod(oak, (0.21 * x, 0, 0.25), (0.19 * x, 0.45, 0.19), 0.019)
        m.rod(oak, (0.19 * x, 0.45, 0.19), (0.215 * x, 0.92, 0.27), 0.018)
        m.rod(oak, (0.21 * x, 0.22, -0.2), (0.2 * x, 0.22, 0.22), 0.010)
    m.soft_box(oak, (0, 0.91, 0.272), (0.25, 0.05, 0.016), 0.014, turn=(0, 8, 0))
    for k in range(5):
        x = (k - 2) * 0.075
        m.rod(oak, (x * 0.95, 0.45, 0.2), (x, 0.89, 0.268), 0.009)


def table(m: Model) -> None:
    """Four legs, a board."""
    wood = m.main("wood", WALNUT, OAK, PINE)
    m.soft_box(wood, (0, 0.715, 0), (0.75, 0.022, 0.42), 0.015)
    m.box(wood, (-0.66, 0.62, -0.34), (0.66, 0.70, 0.34))
    for x in (-0.66, 0.66):
        for z in (-0.34, 0.34):
            m.rod(wood, (x, 0, z), (x, 0.70, z), 0.024, 0.036)


def bench(m: Model) -> None:
    """Slats on iron feet."""
    wood, iron = m.main("wood", PINE, OAK), m.ink("paint", "#24282b")
    for k in range(4):
        z = -0.2 + k * 0.125
        m.soft_box(wood, (0, 0.45, z), (0.75, 0.016, 0.052), 0.012)
    for k in range(3):
        m.soft_box(wood, (0, 0.58 + k * 0.13, 0.24 + 0.035 * k), (0.75, 0.05, 0.014), 0.012, turn=(0, 14, 0))
    for x in (-0.58, 0.58):
        m.rod(iron, (x, 0, -0.2), (x, 0.44, -0.16), 0.024)
        m.rod(iron, (x, 0, 0.28), (x, 0.44, 0.2), 0.024)
        m.rod(iron, (x, 0.44, 0.2), (x, 0.9, 0.33), 0.02)
        m.rod(iron, (x, 0.43, -0.22), (x, 0.43, 0.24), 0.02)


def bed(m: Model) -> None:
    """A double bed, its head away from the eye, made."""
    wood, sheet = m.ink("wood", WALNUT), m.ink("fabric", "#ece6da")
    cover = m.main("fabric", "#54788a", "#a8603f", "#7c8a5c", "#8a5a76")
    m.box(wood, (-0.85, 0.1, -1.05), (0.85, 0.32, 1.0))
    m.soft_box(wood, (0, 0.6, 1.04), (0.9, 0.6, 0.05), 0.04)
    for x in (-0.8, 0.8):
        m.rod(wood, (x, 0, -1.0), (x, 0.2, -1.0), 0.04)
    m.soft_box(sheet, (0, 0.42, 0), (0.82, 0.13, 1.0), 0.09)
    m.soft_box(cover, (0, 0.45, -0.28), (0.87, 0.14, 0.80), 0.11)
    m.soft_box(sheet, (0, 0.50, 0.46), (0.87, 0.10, 0.13), 0.09)
    for x in (-0.4, 0.4):
        m.soft_box(sheet, (x, 0.66, 0.78), (0.34, 0.22, 0.06), 0.06, 0.08, (0, 38, 0))


def shelf(m: Model) -> None:
    """Boards full of books, and a few pots."""
    wood = m.main("wood", OAK, WALNUT, PINE)
    books = [
        m.ink("book", a, b)
        for a, b in (("#8b3a2b", "#2c4a54"), ("#d8c7a0", "#6d7f5b"), ("#c98b36", "#3d3b3c"), ("#41656b", "#b5654a"))
    ]
    pots = [m.ink("glaze", c) for c in ("#e2d9c8", "#28485e", "#a05a3c")]
    half, rows, step = 0.64, 5, 0.38
    for k in range(rows + 1):
        m.box(wood, (-half, 0.08 + k * step, -0.17), (half, 0.108 + k * step, 0.17))
    for x in (-half, half):
        m.box(wood, (x - 0.016, 0, -0.175), (x + 0.016, 0.11 + rows * step, 0.175))
    m.box(wood, (-half, 0.08, 0.155), (half, 0.1 + rows * step, 0.17))
    for k in range(rows):
        y, x = 0.108 + k * step, -half + 0.03
        gap = m.rng.uniform(-half + 0.2, half - 0.3)
        while x < half - 0.06:
            if gap < x < gap + 0.2 and k % 2 == 0:
                m.turned(pots[m.rng.integers(3)], (x + 0.1, y, 0), 0.2, 0.085, "belly")
                x, gap = x + 0.21, 9
                continue
            thick, tall = m.rng.uniform(0.022, 0.05), m.rng.uniform(0.2, 0.31)
            deep = m.rng.uniform(0.16, 0.24)
            m.box(books[m.rng.integers(4)], (x, y, 0.14 - deep), (x + thick, y + tall, 0.14))
            x += thick + 0.002


def wardrobe(m: Model) -> None:
    """Two doors with panels, brass knobs."""
    wood, knob = m.main("wood", OAK, WALNUT, PINE), m.ink("metal", "#c9a35c")
    m.box(wood, (-0.6, 0.06, -0.26), (0.6, 1.95, 0.28))
    m.box(wood, (-0.65, 1.95, -0.31), (0.65, 2.03, 0.3))
    m.box(wood, (-0.63, 0, -0.29), (0.63, 0.1, 0.29))
    for side in (-1, 1):
        for low, high in ((0.2, 0.95), (1.05, 1.85)):
            x = sorted((side * 0.06, side * 0.54))
            m.soft_box(wood, (sum(x) / 2, (low + high) / 2, -0.262), (0.21, (high - low) / 2, 0.016), 0.012)
        m.ball(knob, (side * 0.035, 1.0, -0.29), 0.022)


def lamp(m: Model) -> None:
    """A brass stand under a shade that glows."""
    brass = m.ink("metal", "#b88d4a")
    paper = m.ink("glow", m.colour or "#ffd79a", glow=1.35)
    m.rod(brass, (0, 0, 0), (0, 0.03, 0), 0.15)
    m.rod(brass, (0, 0.03, 0), (0, 1.5, 0), 0.012)
    m.rod(paper, (0, 1.42, 0), (0, 1.75, 0), 0.23, 0.14, opaque=False)
    m.lamp((0, 1.58, 0), 0.09, (1.25, 0.8, 0.4))


def candle(m: Model) -> None:
    """Wax, wick, flame."""
    wax = m.main("fruit", "#efe6cf", "#b3231d")
    m.rod(m.ink("metal", "#b88d4a"), (0, 0, 0), (0, 0.012, 0), 0.06)
    m.rod(wax, (0, 0.012, 0), (0, 0.2, 0), 0.028)
    m.rod(m.ink("plain", "#221a12"), (0, 0.2, 0), (0, 0.215, 0), 0.003)
    m.ball(m.ink("lit", "#ffcf70", glow=7.0), (0, 0.238, 0), (0.011, 0.026, 0.011), opaque=False)
    m.lamp((0, 0.24, 0), 0.02, (0.20, 0.12, 0.05))


def rug(m: Model) -> None:
    """Woven, with a border."""
    m.box(m.ink("rug", m.colour or "#9c5236", "#d3c4aa"), (-1.5, 0, -1.0), (1.5, 0.016, 1.0))


def painting(m: Model) -> None:
    """A framed landscape, its middle on the wall at the origin."""
    suns, hills = ("#d9722e", "#c94f2c", "#e0a23a"), ("#2f4f55", "#3a4a3a", "#5a3a44")
    k = m.rng.integers(3)
    art = m.ink("painting", m.colour or suns[k], hills[m.rng.integers(3)])
    frame = m.ink("metal", "#b98d45") if m.rng.uniform() < 0.4 else m.ink("wood", "#3c2616")
    wide, tall = m.rng.uniform(0.3, 0.46), m.rng.uniform(0.3, 0.42)
    m.box(art, (-wide, -tall, -0.02), (wide, tall, 0))
    for y in (-tall, tall):
        m.box(frame, (-wide - 0.03, y - 0.03, -0.04), (wide + 0.03, y + 0.03, 0))
    for x in (-wide, wide):
        m.box(frame, (x - 0.03, -tall, -0.04), (x + 0.03, tall, 0))


def clock(m: Model) -> None:
    """Round, on a wall."""
    rim, face, ink = m.main("wood", WALNUT), m.ink("paint", "#efe9dc"), m.ink("paint", "#1c1c1e")
    m.rod(rim, (0, 0, 0), (0, 0, -0.05), 0.22)
    m.rod(face, (0, 0, -0.045), (0, 0, -0.056), 0.19)
    for x, y, _ in around(0.16, 12):
        m.rod(ink, (x, y, -0.05), (x, y, -0.06), 0.009)
    for length, deg, thick in ((0.1, 300, 0.009), (0.15, 65, 0.006)):
        x, y, _ = around(length, 1, deg)[0]
        m.rod(ink, (0, 0, -0.062), (x, y, -0.062), thick)


def mirror(m: Model) -> None:
    """In a frame, on a wall."""
    frame = m.main("metal", "#b98d45")
    m.box(frame, (-0.4, -0.6, -0.04), (0.4, 0.6, 0))
    m.box(m.ink("metal", "#e8eaec", rough=0.0), (-0.34, -0.54, -0.05), (0.34, 0.54, -0.03))


def fireplace(m: Model) -> None:
    """Stone, with a fire in it."""
    stone, soot = m.main("stone", "#b5a890"), m.ink("plaster", "#171412")
    fire = m.ink("lit", "#ff8a2c", glow=4.5)
    m.arch(stone, (0, 0.62, 0), (0.8, 0.62, 0.24), 0.42, -0.02)
    m.box(stone, (-0.92, 1.2, -0.34), (0.92, 1.3, 0.26))
    m.box(soot, (-0.7, 0, 0.18), (0.7, 1.1, 0.26))
    m.box(stone, (-0.85, 0, -0.5), (0.85, 0.06, 0.2))
    for k in range(3):
        m.rod(m.ink("bark", "#3a2a1c"), (-0.24 + 0.1 * k, 0.1 + 0.03 * k, -0.06), (0.2 + 0.05 * k, 0.12, 0.1), 0.05)
    for x, tall in ((-0.12, 0.15), (0.02, 0.22), (0.15, 0.13)):
        m.ball(fire, (x, 0.16 + tall, 0.02), (0.06, tall, 0.05), opaque=False)
    m.lamp((0, 0.4, -0.1), 0.1, (2.0, 0.9, 0.3))


def stove(m: Model) -> None:
    """A cooker with a pot on it."""
    body, dark = m.main("paint", "#e8e6e0", "#4a5a58"), m.ink("lacquer", "#1a1b1d")
    m.box(body, (-0.32, 0, -0.3), (0.32, 0.86, 0.3))
    m.box(dark, (-0.33, 0.86, -0.31), (0.33, 0.885, 0.31))
    m.box(dark, (-0.23, 0.25, -0.312), (0.23, 0.6, -0.29))
    m.rod(m.ink("metal", "#c0c3c6"), (-0.25, 0.67, -0.335), (0.25, 0.67, -0.335), 0.012)
    for k in range(4):
        m.rod(dark, (-0.2 + k * 0.13, 0.76, -0.3), (-0.2 + k * 0.13, 0.76, -0.33), 0.024)
    m.rod(m.ink("metal", "#b5763f"), (-0.15, 0.885, 0.08), (-0.15, 1.03, 0.08), 0.12)


def fridge(m: Model) -> None:
    """Two doors, rounded."""
    body = m.main("lacquer", "#dfe3e2", "#8fb3ae")
    m.soft_box(body, (0, 0.58, 0), (0.33, 0.56, 0.32), 0.06)
    m.soft_box(body, (0, 1.42, 0), (0.33, 0.27, 0.32), 0.06)
    for y in (0.85, 1.32):
        m.rod(m.ink("metal", "#c0c3c6"), (-0.25, y, -0.36), (-0.25, y + 0.18, -0.36), 0.014)


def piano(m: Model) -> None:
    """An upright one."""
    wood = m.main("lacquer", "#17161a", "#4a2a1a")
    m.box(wood, (-0.74, 0.1, -0.02), (0.74, 1.22, 0.3))
    m.box(wood, (-0.76, 1.2, -0.05), (0.76, 1.24, 0.32))
    m.box(wood, (-0.74, 0.62, -0.34), (0.74, 0.72, 0))
    m.box(m.ink("lacquer", "#efece2"), (-0.66, 0.72, -0.32), (0.66, 0.735, -0.1))
    for k in range(35):
        if k % 7 not in (2, 6):
            x = -0.64 + 0.037 * k + 0.018
            m.box(m.ink("lacquer", "#111114"), (x, 0.73, -0.24), (x + 0.018, 0.75, -0.1))
    for x in (-0.7, 0.7):
        m.rod(wood, (x, 0, -0.3), (x, 0.65, -0.3), 0.03, 0.045)


def television(m: Model) -> None:
    """On a low board."""
    m.box(m.main("wood", WALNUT), (-0.7, 0.08, -0.2), (0.7, 0.45, 0.2))
    black = m.ink("lacquer", "#0c0d10")
    m.box(black, (-0.55, 0.52, -0.02), (0.55, 1.18, 0.03))
    m.rod(black, (0, 0.45, 0), (0, 0.54, 0), 0.04)
    m.box(m.ink("lit", "#3d5f80", glow=0.5), (-0.52, 0.55, -0.026), (0.52, 1.15, -0.01), opaque=False)


def globe(m: Model) -> None:
    """A world on a stand."""
    wood, brass = m.ink("wood", WALNUT), m.ink("metal", "#c9a35c")
    m.rod(wood, (0, 0, 0), (0, 0.03, 0), 0.11)
    m.rod(brass, (0, 0.03, 0), (0, 0.1, 0), 0.018)
    m.ball(m.ink("glaze", m.colour or "#27628a", "#8a9a4c"), (0, 0.26, 0), 0.16)
    m.torus(brass, (0, 0.26, 0), 0.185, 0.009, (20, 90, 0))
