"""A living room, and a bedroom."""

from __future__ import annotations

from gen3d.painter.places.indoors import eye_of, shell
from gen3d.painter.setting import Setting, Wish


def room(s: Setting) -> None:
    """Sofa, rug, shelf, pictures, a lamp."""
    floor = s.part("floor", "planks", "#8a5a30", "#d2a468")
    shell(s, 2.7, 5.6, 2.75, floor)
    eye_of(s, 1.45, 0.42)
    s.wishes = (
        Wish("rug"), Wish("sofa", where="middle"), Wish("shelf", where="right"), Wish("lamp", where="left"),
        Wish("painting", 2), Wish("plant", where="right"), Wish("armchair", where="left"),
    )  # fmt: skip


def bedroom(s: Setting) -> None:
    """A bed, a wardrobe, a lamp, a picture."""
    shell(s, 2.4, 5.2, 2.65, s.part("floor", "planks", "#9a7248", "#d8b482"))
    eye_of(s, 1.5, 0.5)
    s.wishes = (
        Wish("bed", where="middle"), Wish("rug"), Wish("wardrobe", where="right"), Wish("lamp", where="left"),
        Wish("painting"), Wish("plant", where="left"), Wish("chair", where="right"),
    )  # fmt: skip
