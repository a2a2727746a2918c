"""Materials by name: LOOKS says what a kind of surface is like, a `Palette` hands out the rows that rays read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gen3d.painter.light import patterns
from gen3d.painter.real import Real
from gen3d.srgb import to_light


@dataclass(frozen=True, slots=True)
class Look:
    """A kind of surface, whatever its colour."""

    pattern: int
    shine: Real = 0.0
    """Reflectance head-on."""
    rough: Real = 1.0
    relief: tuple[Real, Real] = (0.0, 1.0)
    """Depth, and cells per metre."""
    metal: bool = False
    second: Real = 1.18
    """How much lighter the second colour is, where none is given."""
    more: tuple[Real, Real] = (0.0, 0.0)
    """What the pattern reads more."""
    glow: Real = 0.0


LOOKS = {
    "plain": Look(patterns.PLAIN),
    "paint": Look(patterns.PLAIN, 0.04, 0.2),
    "plastic": Look(patterns.PLAIN, 0.05, 0.12),
    "lacquer": Look(patterns.PLAIN, 0.06, 0.04),
    "plaster": Look(patterns.PLASTER, relief=(0.03, 40)),
    "wood": Look(patterns.WOOD, 0.04, 0.18, second=1.5),
    "planks": Look(patterns.PLANKS, 0.04, 0.10, second=1.5),
    "fabric": Look(patterns.FABRIC, relief=(0.12, 160), second=1.25),
    "wool": Look(patterns.FABRIC, relief=(0.5, 60), second=1.25),
    "glaze": Look(patterns.GLAZE, 0.05, 0.06, second=1.35),
    "clay": Look(patterns.PLASTER, 0.03, 0.4, (0.05, 60), second=1.15),
    "metal": Look(patterns.PLAIN, 0.8, 0.22, metal=True),
    "glass": Look(patterns.PLAIN, 0.10, 0.01),
    "stone": Look(patterns.STONE, relief=(0.16, 14), second=1.22),
    "rock": Look(patterns.STONE, relief=(0.8, 5), second=1.35),
    "marble": Look(patterns.STONE, 0.04, 0.15, (0.05, 16), second=1.15),
    "brick": Look(patterns.BRICK, second=1.25),
    "shingles": Look(patterns.SHINGLES, relief=(0.1, 9), second=1.25),
    "bark": Look(patterns.PLASTER, relief=(0.9, 22), second=1.5),
    "leaf": Look(patterns.LEAF, 0.04, 0.25, second=1.7),
    "foliage": Look(patterns.FOLIAGE, relief=(1.0, 7), second=2.6),
    "fur": Look(patterns.FUR, relief=(0.6, 70), second=1.3),
    "skin": Look(patterns.PLASTER, 0.02, 0.6),
    "paper": Look(patterns.PLASTER),
    "fruit": Look(patterns.PLASTER, 0.04, 0.25, (0.05, 110)),
    "book": Look(patterns.BOOK, 0.02, 0.5),
    "rug": Look(patterns.RUG, relief=(0.25, 120)),
    "painting": Look(patterns.PAINTING),
    "stripes": Look(patterns.STRIPES, more=(7.0, 0.0)),
    "grass": Look(patterns.GRASS, relief=(0.9, 14), second=1.4),
    "sand": Look(patterns.SAND, relief=(0.3, 5), second=1.12),
    "snow": Look(patterns.SNOW, relief=(0.35, 1.6), second=1.05),
    "earth": Look(patterns.EARTH, relief=(0.8, 16), second=1.5),
    "hills": Look(patterns.HILLS, relief=(0.5, 1.2)),
    "water": Look(patterns.WATER, 0.03, 0.004, more=(1.0, 0.0)),
    "paving": Look(patterns.PAVING, 0.02, 0.35, (0.12, 9), second=1.25),
    "cobbles": Look(patterns.COBBLES, 0.03, 0.3, (0.3, 14), second=1.3),
    "asphalt": Look(patterns.ASPHALT, relief=(0.3, 60), second=1.2),
    "checks": Look(patterns.CHECKS, 0.045, 0.05, more=(0.5, 0.0)),
    "glow": Look(patterns.PLASTER, glow=1.5),
    "lit": Look(patterns.PLAIN, glow=1.0),
    "pane": Look(patterns.PANE, glow=2.6),
}
"""Name -> what it is like."""
OF_MATERIAL = {
    "wooden": ("wood", "#7a5232"), "stone": ("stone", "#a89c88"), "marble": ("marble", "#d8d2c8"),
    "metal": ("metal", "#a8abb0"), "golden": ("metal", "#d9a441"), "silver": ("metal", "#c9ccd2"),
    "copper": ("metal", "#b8683c"), "brick": ("brick", "#8f4a35"), "woollen": ("wool", "#b9a58a"),
    "leather": ("lacquer", "#5a3320"), "clay": ("clay", "#b5673f"), "glass": ("glass", "#9fc0bd"),
    "paper": ("paper", "#e9e2d2"),
}  # fmt: skip
"""Material as a word -> look, and its colour where none is said."""


def linear(colour: str) -> np.ndarray:
    """An sRGB hex colour as light."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return to_light(srgb)


class Palette:
    """Hands out the number of each material; the same one twice is one."""

    def __init__(self) -> None:
        self._rows: dict[tuple, int] = {}

    def __call__(self, look: str, first: str, second: str | None = None, **other: object) -> int:
        """A material; colours like "#c08040". other: fields of its Look that differ."""
        kind = LOOKS[look]
        glow, more = float(other.get("glow", kind.glow)), other.get("more", kind.more)
        relief, rough = other.get("relief", kind.relief), float(other.get("rough", kind.rough))
        light = linear(first)
        after = linear(second) if second else np.minimum(light * kind.second, 0.95)
        shine = float(other.get("shine", kind.shine))
        row = (kind.pattern, *light, *after, shine, rough, glow, *relief, float(kind.metal), *more)
        return self._rows.setdefault(tuple(float(x) for x in row), len(self._rows))

    def packed(self) -> np.ndarray:
        """All rows."""
        return np.array(list(self._rows))
