"""A library: shelves from wall to wall, a reading lamp."""

from __future__ import annotations

from gen3d.painter.places.indoors import eye_of, shell
from gen3d.painter.setting import Setting, Wish


def library(s: Setting) -> None:
    """Shelves, a desk, an armchair, a globe."""
    shell(s, 2.8, 5.6, 3.1, s.part("floor", "planks", "#5a3820", "#946440"), window=(1.8, 3.6, 0.8, 2.6))
    eye_of(s, 1.5, 0.35)
    for x in (-2.05, -0.7, 0.65, 2.0):
        if s.wants("shelf"):
            s.put(s.model("shelf", 1.05), (x, 0, 5.6 - 0.19), 0, 0)
    for z in (3.0, 4.35):
        s.put(s.model("shelf", 1.05), (2.8 - 0.19, 0, z), 90, 0)
    if s.wants("shelf"):
        s.taken.append((-2.8, 2.8, 5.2, 5.6))
    s.taken.append((2.4, 2.8, 2.2, 5.2))
    s.wishes = (
        Wish("rug"), Wish("table", where="middle"), Wish("armchair", where="left"), Wish("lamp", where="right"),
        Wish("globe", on="table"), Wish("book", 2, on="table"), Wish("candle", on="table"), Wish("chair",
        beside="table"),
    )  # fmt: skip
