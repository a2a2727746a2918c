"""A forest with a clearing ahead."""

from __future__ import annotations

from gen3d.painter.places.land import Land, far_woods, lay, scatter
from gen3d.painter.setting import Setting, Wish


def forest(s: Setting) -> None:
    """Trunks on all sides, a floor of leaves and moss."""
    winter = s.season == "winter"
    lay(s, Land(hills=5, bumps=0.8), *(("snow", "#dfe5ee", None) if winter else ("earth", "#4f4630", "#6e5f40")))
    s.far = 26.0
    s.taken.append((-3.2, 3.2, 0, 15))
    scatter(s, "pine", 26, (-34, 34, 9, 62), apart=3.2, clear=3.2, sizes=(1.0, 1.7))
    scatter(s, "tree", 24, (-30, 30, 7, 52), apart=3.4, clear=3.4, sizes=(1.1, 1.7))
    far_woods(s, 260, (-120, 120, 52, 120), conifers=0.6)
    s.taken.remove((-3.2, 3.2, 0, 15))
    scatter(s, "bush", 9, (-15, 15, 6, 22), apart=2, clear=2.6, sizes=(0.5, 0.9))
    scatter(s, "rock", 5, (-9, 9, 4, 16), apart=2, clear=1.5, sizes=(0.5, 1.0))
    s.wishes = (Wish("stump", where="right"), Wish("mushroom", 3, where="left"), Wish("log", where="middle"))
