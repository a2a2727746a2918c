"""Meadow, mountains, snow and desert."""

from __future__ import annotations

from gen3d.painter.places.land import GROUNDS, Land, far_woods, lay, scatter
from gen3d.painter.setting import Setting, Wish


def meadow(s: Setting) -> None:
    """Grass, rolling hills, woods far away."""
    lay(s, Land(hills=24), "hills", *GROUNDS[s.season], snow_above=300)
    far_woods(s, 260, (-260, 260, 75, 330))
    scatter(s, "bush", 7, (-26, 26, 14, 46), clear=5, apart=3)
    tufts(s)
    scatter(s, "tree", 7, (-46, 46, 26, 80), clear=7, apart=7)
    s.wishes = (Wish("tree", where="left"), Wish("rock", where="right"), Wish("fence", where="right"))


def mountains(s: Setting) -> None:
    """Peaks with snow behind a meadow with firs."""
    lay(s, Land(hills=12, mountains=150), "hills", *GROUNDS[s.season])
    far_woods(s, 240, (-240, 240, 60, 260), conifers=0.9)
    scatter(s, "pine", 14, (-50, 50, 24, 80), clear=9, apart=4)
    scatter(s, "rock", 7, (-16, 16, 6, 30), clear=3, apart=2)
    tufts(s)
    s.target = (0.0, s.eye[1] + 0.35, 10.0)
    s.wishes = (Wish("pine", where="left"),)


def snow(s: Setting) -> None:
    """White hills, firs."""
    s.season = "winter"
    lay(s, Land(hills=26, mountains=60 if "mountains" in s.said.also else 0), "hills", *GROUNDS["winter"])
    far_woods(s, 200, (-240, 240, 70, 300), conifers=0.85)
    scatter(s, "pine", 12, (-44, 44, 20, 70), clear=8, apart=4)
    s.wishes = (Wish("pine", where="left"), Wish("rock", where="right"))


def desert(s: Setting) -> None:
    """Dunes, a few cacti, red rocks on the horizon."""
    lay(s, Land(hills=6, dunes=6.5, bumps=0.7), "sand", "#c8925a", "#d8ac74")
    cliff = s.ink("rock", "#a8603c", relief=(0.6, 0.35))
    for x, z, wide, tall in ((-150, 330, 40, 34), (-80, 380, 26, 48), (130, 350, 55, 30), (60, 420, 20, 44)):
        s.shapes.hip(cliff, (x, s.floor(x, z) - 6, z), (wide, wide * 0.7), (wide * 0.78, wide * 0.5), tall)
    scatter(s, "cactus", 5, (-26, 26, 14, 46), clear=5, apart=5)
    scatter(s, "rock", 6, (-18, 18, 7, 36), clear=3, apart=3)
    s.wishes = (Wish("cactus", where="right"),)


def tufts(s: Setting) -> None:
    """Blades and flowers in the grass before the eye."""
    if s.season == "winter":
        return
    blade = s.ink("leaf", GROUNDS[s.season][0])
    petal = [s.ink("fabric", c) for c in ("#e8e0c8", "#e0b030", "#c05a8a")]
    for x, z, chance in s.rng.uniform((-5, 1.6, 0), (5, 9, 1), (70, 3)):
        if s.water(x, z):
            continue
        y = s.floor(x, z)
        for dx, dz, tall, yaw in s.rng.uniform((-0.1, -0.1, 0.05, 0), (0.1, 0.1, 0.15, 360), (5, 4)):
            s.shapes.ball(blade, (x + dx, y + tall * 0.7, z + dz), (0.005, 0.003, tall), (yaw, -65, 0))
        if chance < 0.22:
            s.shapes.ball(petal[int(chance * 13.6)], (x, y + 0.14, z), (0.024, 0.014, 0.024))
