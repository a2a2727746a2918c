"""Four walls: what all rooms have in common."""

from __future__ import annotations

from gen3d.painter.daylight import TIMES
from gen3d.painter.light.sky import AMBIENT, HAZE
from gen3d.painter.objects import OBJECTS
from gen3d.painter.real import Real
from gen3d.painter.setting import Setting

WALLS = ("#54716c", "#8a9a86", "#b08a6a", "#5f6f8a", "#a8988a", "#8f6a5a", "#c9b896")
TRIM = "#efe8da"
DOWN = 0.11
"""How much lower the eye looks for small things, as a slope, so that a table is seen whole from nearby. By eye."""


def shell(
    s: Setting, half: Real, back: Real, height: Real, floor: int, *, wall: int | None = None,
    window: tuple[Real, Real, Real, Real] = (1.7, 3.9, 0.75, 2.3), curtains: bool = True,
) -> None:  # fmt: skip
    """Floor, ceiling, walls, skirting, and a window in the left wall: z from, z to, y from, y to."""
    s.left, s.right, s.back, s.near, s.far = -half, half, back, 1.9, back
    s.lights[HAZE] = 0.0
    tone = s.part("wall", "plaster", WALLS[s.rng.integers(len(WALLS))])
    side = s.part("wall", "plaster", "#dfd3bf", "#eae0cf")
    top = s.part("ceiling", "plaster", "#efe9df")
    trim = s.ink("paint", TRIM)
    b, front = s.shapes, -2.2
    b.box(floor, (-half, -0.1, front), (half, 0, back))
    b.box(top, (-half, height, front), (half, height + 0.1, back))
    b.box(wall or tone, (-half, 0, back), (half, height, back + 0.1))
    b.box(side, (half, 0, front), (half + 0.1, height, back))
    b.box(side, (-half, 0, front - 0.1), (half, height, front))
    b.box(trim, (-half, 0, back - 0.018), (half, 0.12, back))
    b.box(trim, (half - 0.018, 0, front), (half, 0.12, back))
    b.box(trim, (-half, 0, front), (-half + 0.018, 0.12, back))
    b.box(trim, (-half, height - 0.06, back - 0.05), (half, height, back))
    b.box(trim, (half - 0.05, height - 0.06, front), (half, height, back))
    z0, z1, y0, y1 = window
    for low, high in (
        ((0, front), (height, z0)),
        ((0, z1), (height, back)),
        ((0, z0), (y0, z1)),
        ((y1, z0), (height, z1)),
    ):
        b.box(side, (-half - 0.12, *low), (-half, *high))
    _window(s, half, window, curtains)


def _window(s: Setting, half: Real, window: tuple, curtains: bool) -> None:
    """A bright pane, its bars, its sill, curtains at its sides; and the light that comes in."""
    z0, z1, y0, y1 = window
    hour, b = TIMES[s.time], s.shapes
    light = tuple(1.25 * c for c in hour.window)
    level = max(hour.window)
    first = "#ffffff" if level > 2 else "#31406a"
    pane = s.ink("pane", first, "#4d5f2c" if level > 2 else "#141a28", glow=min(2.6, 0.32 * level + 0.1))
    paint = s.ink("paint", "#f2ede2")
    b.box(pane, (-half - 0.13, y0, z0), (-half - 0.11, y1, z1), opaque=False)
    for z in (z0, (2 * z0 + z1) / 3, (z0 + 2 * z1) / 3, z1):
        b.box(paint, (-half - 0.09, y0, z - 0.022), (-half - 0.04, y1, z + 0.022))
    for y in (y0, y0 + 0.66 * (y1 - y0), y1):
        b.box(paint, (-half - 0.09, y - 0.022, z0), (-half - 0.04, y + 0.022, z1))
    b.box(paint, (-half - 0.1, y0 - 0.05, z0 - 0.08), (-half + 0.14, y0 - 0.01, z1 + 0.08))
    s.pane((-half - 0.02, y0, z0), (0, y1 - y0, 0), (0, 0, z1 - z0), light)
    warm = (0.11, 0.085, 0.06) if s.night else (0.0, 0.0, 0.0)
    s.lights[AMBIENT : AMBIENT + 3] = [0.028 * c + w for c, w in zip(light, warm, strict=True)]
    s.lamp_strength = 1.35 * hour.lamps
    s.exposure *= 0.85 if s.night else 1.3
    if curtains:
        linen, brass = s.part("curtain", "fabric", "#c9b797"), s.ink("metal", "#c9a35c")
        tall = (y1 + 0.1) / 2
        for z in (z0 - 0.18, z1 + 0.2):
            b.curtain(linen, (-half + 0.13, tall, z), tall - 0.02, 0.26)
        b.rod(brass, (-half + 0.13, 2 * tall + 0.02, z0 - 0.5), (-half + 0.13, 2 * tall + 0.02, z1 + 0.5), 0.014)


def eye_of(s: Setting, height: Real, drop: Real, ahead: Real = 4.0) -> None:
    """Where the eye is, and how much lower it looks at so many metres; for small things it comes nearer a table."""
    if any(OBJECTS[asked.kind].stands == "small" for asked in s.said.things):
        drop += DOWN * ahead
    s.eye, s.target = (0.0, height, 0.0), (0.0, height - drop, ahead)
