"""Plain bodies."""

from __future__ import annotations

from gen3d.painter.objects.model import Model

COLOURS = ("#b3231d", "#2a55b0", "#e3b522", "#3c7a32", "#dd7a1c")


def ball(m: Model) -> None:
    """Shiny."""
    m.ball(m.main("plastic", *COLOURS), (0, 0.25, 0), 0.25)


def cube(m: Model) -> None:
    """With soft edges, turned a little."""
    turn = (float(m.rng.uniform(-30, 30)), 0, 0)
    m.soft_box(m.main("plastic", *COLOURS), (0, 0.22, 0), (0.22, 0.22, 0.22), 0.02, turn=turn)


def cylinder(m: Model) -> None:
    """Upright."""
    m.rod(m.main("plastic", *COLOURS), (0, 0, 0), (0, 0.5, 0), 0.18)


def cone(m: Model) -> None:
    """Upright."""
    m.rod(m.main("plastic", *COLOURS), (0, 0, 0), (0, 0.55, 0), 0.24, 0.002)


def pyramid(m: Model) -> None:
    """On a square."""
    m.hip(m.main("stone", "#c8a970"), (0, 0, 0), (0.3, 0.3), (0, 0), 0.42, turn=(float(m.rng.uniform(10, 40)), 0, 0))


def ring(m: Model) -> None:
    """Standing, leaning back."""
    m.torus(m.main("plastic", *COLOURS), (0, 0.26, 0), 0.19, 0.07, (0, 82, 0))
