"""A kitchen: a worktop with cupboards along the wall, a table."""

from __future__ import annotations

from gen3d.painter.places.indoors import eye_of, shell
from gen3d.painter.setting import Setting, Wish

FRONTS = ("#5f7a70", "#e2dccd", "#4a5f7a", "#8a6a48")


def kitchen(s: Setting) -> None:
    """Cupboards, tiles, a stove, a table with fruit."""
    floor = s.part("floor", "checks", "#d8cfc0", "#8a7f74", more=(0.45, 0.0))
    shell(s, 2.5, 5.0, 2.6, floor, window=(1.9, 3.4, 1.0, 2.2), curtains=False)
    eye_of(s, 1.5, 0.5)
    paint, wood = s.ink("paint", FRONTS[s.rng.integers(4)]), s.ink("wood", "#a5763f")
    brass, tile = s.ink("metal", "#c9a35c"), s.ink("brick", "#e9e4d8", "#dcd6c8", shine=0.04, rough=0.1)
    b, back = s.shapes, 5.0
    x0, x1 = 0.35, 2.5
    b.box(paint, (x0, 0.1, back - 0.58), (x1, 0.86, back))
    b.box(s.ink("paint", "#2a2622"), (x0, 0, back - 0.52), (x1, 0.1, back))
    b.box(wood, (x0 - 0.03, 0.86, back - 0.62), (x1, 0.9, back))
    b.box(tile, (x0, 0.9, back - 0.012), (x1, 1.5, back))
    b.box(paint, (x0, 1.55, back - 0.34), (x1, 2.25, back))
    for k in range(5):
        x = x0 + 0.02 + k * 0.43
        for y, deep, tall in ((0.13, 0.58, 0.7), (1.57, 0.34, 0.66)):
            b.soft_box(paint, (x + 0.205, y + tall / 2, back - deep - 0.008), (0.2, tall / 2, 0.014), 0.01)
            knob_y = y + (0.86 if y < 1 else 0.12) * tall
            b.ball(brass, (x + 0.35, knob_y, back - deep - 0.035), 0.018)
    s.taken.append((x0, x1, back - 0.65, back))
    for kind, x in (("teapot", 0.7), ("bread", 1.15), ("jug", 1.6), ("bottle", 2.1)):
        if s.wants(kind):
            s.put(s.model(kind), (x, 0.9, back - 0.28), float(s.rng.uniform(-20, 20)), 0)
    s.wishes = (
        Wish("table", where="middle"), Wish("stove", where="left"), Wish("fridge", where="left"), Wish("clock"),
        Wish("bowl", on="table"), Wish("orange", 3, on="bowl"), Wish("cup", on="table"), Wish("chair", 2,
        beside="table"),
    )  # fmt: skip
