"""A table close up, with what stands on it: a still life."""

from __future__ import annotations

from gen3d.painter.places.indoors import shell
from gen3d.painter.setting import Setting, Wish

HEIGHT = 0.76


def table_top(s: Setting) -> None:
    """A board of wood before a wall, lit from a window on the left."""
    s.floor = lambda x, z: HEIGHT
    shell(
        s, 1.9, 2.3, 2.5, s.part("floor", "planks", "#8a5a30", "#d2a468"), window=(0.2, 1.7, 0.85, 2.1), curtains=False
    )
    wood = s.ink("wood", ("#6b4424", "#8d6238", "#a5763f")[s.rng.integers(3)], rough=0.1)
    s.shapes.soft_box(wood, (0, HEIGHT - 0.025, 1.15), (1.05, 0.025, 0.62), 0.015)
    s.shapes.box(wood, (-0.95, HEIGHT - 0.14, 0.62), (0.95, HEIGHT - 0.05, 1.68))
    for x in (-0.92, 0.92):
        for z in (0.65, 1.65):
            s.shapes.box(wood, (x - 0.04, 0, z - 0.04), (x + 0.04, HEIGHT - 0.05, z + 0.04))
    s.eye, s.target = (0.0, HEIGHT + 0.46, 0.0), (0.0, HEIGHT + 0.06, 1.15)
    s.near, s.far = 0.72, 1.62
    s.left, s.right = -0.95, 0.95
    s.wishes = (
        Wish("vase", where="right"), Wish("bowl", where="middle"), Wish("apple", 3, on="bowl"),
        Wish("book", where="left"),
        Wish("cup"), Wish("lemon"), Wish("bottle", where="left"),
    )  # fmt: skip
