"""A coast and a lake."""

from __future__ import annotations

from gen3d.painter.places.country import tufts
from gen3d.painter.places.land import GROUNDS, Land, far_woods, lay, scatter
from gen3d.painter.setting import Setting, Wish


def coast(s: Setting) -> None:
    """Sand, the sea to the horizon."""
    lay(s, Land(hills=0, water_from=15, bumps=0.3, cape=True), "sand", "#d2b283", "#e2c89c")
    s.far = 46.0
    scatter(s, "rock", 6, (-22, 22, 9, 17), clear=6, apart=3)
    s.wishes = (
        Wish("umbrella", where="right"),
        Wish("sailboat", where="left"),
        Wish("ball", where="middle"),
        Wish("palm", where="left"),
    )


def lake(s: Setting) -> None:
    """Water between a meadow and woods, hills behind."""
    lay(s, Land(hills=34, water_from=17, water_to=105), "hills", *GROUNDS[s.season], snow_above=300)
    s.far = 34.0
    far_woods(s, 300, (-200, 200, 100, 230), conifers=0.6)
    scatter(s, "bush", 6, (-20, 20, 8, 14), clear=6, apart=2.5)
    scatter(s, "rock", 5, (-16, 16, 8, 15), clear=3, apart=2)
    tufts(s)
    s.wishes = (Wish("boat", where="right"), Wish("tree", where="left"), Wish("duck", 2))
