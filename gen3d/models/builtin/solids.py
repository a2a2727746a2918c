"""Simple solids of words: "a red ball", "a big blue box of 60 cm", "a green cone". No network, so it is always there.

Of the words one solid is taken, with its colour, size and proportions; what is not understood is told. A length in the
words is that of the longest side; else it is USUAL_M, times what "small" or "big" say. Colours and sizes are the
painter's (`gen3d/painter/words.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.errors import InputError
from gen3d.models.base import Made
from gen3d.painter.words import COLOURS, SIZES, WORDS
from gen3d.values import Surface

USUAL_M, SMALLEST_M, LARGEST_M = 0.4, 0.01, 20.0
"""Longest side of a solid whose size nobody says, and between what it may be said. Chosen by eye."""
AROUND, ALONG = 64, 32
"""Corners of a round solid around its axis, and along its outline: enough for no edge to be seen in a
frame. Chosen by eye."""
UNNAMED = "#b9b2a6"
"""Of a solid whose colour nobody says: plaster."""
UNITS = {"mm": 0.001, "cm": 0.01, "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0,
         "centimetres": 0.01, "centimeters": 0.01, "centimetre": 0.01, "centimeter": 0.01, "foot": 0.3048,
         "feet": 0.3048, "inch": 0.0254,
         "inches": 0.0254}  # fmt: skip
"""Metres. By definition."""
_LENGTH = re.compile(rf"(\d+(?:[.,]\d+)?)[\s-]*({'|'.join(sorted(UNITS, key=len, reverse=True))})\b")
_PASSED = {
    "a", "an", "the", "of", "one", "with", "in", "is", "and", "made", "please", "me", "give", "put", "to", "that",
    "very", "size", "coloured", "colored", "colour", "color", "long", "wide", "high", "tall", "across", "simple",
    "plain", "solid", "bright", "round",
}  # fmt: skip
Outline = list[tuple[float, float]]


def _arc(low_deg: float, high_deg: float, radius: float = 0.5, x: float = 0.0, y: float = 0.0) -> Outline:
    """(distance from the axis, height), counterclockwise from straight below."""
    angles = np.radians(np.linspace(low_deg, high_deg, ALONG)) - np.pi / 2
    return [(max(0.0, x + radius * float(np.cos(a))), y + radius * float(np.sin(a))) for a in angles]


OUTLINES: dict[str, Callable[[], Outline]] = {
    "ball, sphere, orb, globe, marble, bead, planet, moon": lambda: _arc(0.0, 180.0),
    "cylinder, can, column, pillar, tube, drum, barrel, post, candle": lambda: [
        (0.0, -0.5), (0.28, -0.5), (0.28, 0.5), (0.0, 0.5)],
    "cone, hat, tent": lambda: [(0.0, -0.5), (0.35, -0.5), (0.0, 0.5)],
    "disc, disk, coin, plate, puck": lambda: [(0.0, -0.04), (0.5, -0.04), (0.5, 0.04), (0.0, 0.04)],
    "capsule, pill": lambda: [*_arc(0.0, 90.0, 0.2, 0.0, -0.3), *_arc(90.0, 180.0, 0.2, 0.0, 0.3)],
    "egg": lambda: [(0.36 * x / 0.5 * (1 - 0.25 * y), y) for x, y in _arc(0.0, 180.0)],
    "ring, torus, donut, doughnut, wheel, tyre, tire": lambda: _arc(0.0, 360.0, 0.14, 0.36),
    "vase, urn, bottle": lambda: [(0.0, -0.5), (0.16, -0.5), (0.26, -0.2), (0.22, 0.05), (0.1, 0.25), (0.15, 0.5),
                                  (0.11, 0.5), (0.06, 0.25), (0.0, 0.2)],
    "bowl, cup, pot": lambda: [(0.0, -0.25), (0.2, -0.25), (0.42, 0.0), (0.5, 0.25), (0.44, 0.25), (0.3, -0.05),
                               (0.0, -0.18)],
}  # fmt: skip
"""Names -> what is turned about the vertical. Chosen by eye."""
BOXES = {
    "box, cube, block, crate, brick, dice, die": (1.0, 1.0, 1.0), "slab, board, panel, tile": (1.0, 0.08, 0.7),
    "beam, bar, plank": (1.0, 0.14, 0.14), "tower": (0.3, 1.0, 0.3),
}  # fmt: skip
"""Words -> width, height and depth, as shares of the longest. Chosen by eye."""
PYRAMID = "pyramid"


@dataclass(frozen=True)
class SolidMaker:
    """Plays `ObjectMaker`; the same words give the same solid, whatever the seed."""

    name: str = "simple solids"

    def make(
        self, words: str | None = None, picture: Float[np.ndarray, "h w 3"] | None = None, seed: int = 0
    ) -> Made:
        """The solid."""
        if words is None:
            raise InputError(
                "The builtin engine makes things of words alone, not after a picture.",
                "Bring the picture in as a card, or install Shap-E with `gen3d download`.",
            )
        return solid_of(words)


def solid_of(words: str) -> Made:
    """What the words say; InputError where there is no solid among them."""
    text = words.lower()
    length = _LENGTH.search(text)
    rest = re.findall(r"[a-z]+", _LENGTH.sub(" ", text))
    solids = _solids()
    singular = [word if word in solids else word.removesuffix("s").removesuffix("e") for word in rest]
    named = [word if word in solids else word + "e" if word + "e" in solids else None for word in singular]
    shape = next((word for word in reversed(named) if word), None)
    if shape is None:
        raise InputError(
            f"The builtin engine knows no {words.strip()[:60]!r} that it could make.",
            f"Ask for one of {', '.join(sorted(solids))}.",
        )
    colour, larger, unread = _looks([word for word, name in zip(rest, named, strict=True) if not name])
    size_m = USUAL_M * larger if length is None else float(length[1].replace(",", ".")) * UNITS[length[2]]
    told = f"Not understood: {', '.join(dict.fromkeys(unread))}." if unread else ""
    return Made((solids[shape](colour),), float(np.clip(size_m, SMALLEST_M, LARGEST_M)), told)


def _looks(words: list[str]) -> tuple[str, float, list[str]]:
    """A colour's code, how much larger than usual, and the words that say neither."""
    phrases = {role: _phrases(role) for role in ("colour", "size", "tone")}
    text, unread = f" {' '.join(words)} ", []
    colour, larger = UNNAMED, 1.0
    for role, table in phrases.items():
        for phrase in sorted(table, key=len, reverse=True):
            if f" {phrase} " not in text:
                continue
            text = text.replace(f" {phrase} ", " ")
            if role == "colour":
                colour = COLOURS[table[phrase]]
            elif role == "size":
                larger *= SIZES[table[phrase]]
            else:
                colour = _toned(colour, table[phrase])
    unread = [word for word in text.split() if word not in _PASSED]
    return colour, larger, unread


def _phrases(role: Any) -> dict[str, str]:
    return {phrase.strip(): key for key, line in WORDS[role].items() for phrase in line.split(",")}


def _toned(code: str, tone: str) -> str:
    """Half way to black or to white."""
    other = 0 if tone == "dark" else 255
    return "#" + "".join(f"{(int(code[k : k + 2], 16) + other) // 2:02x}" for k in (1, 3, 5))


def _solids() -> dict[str, Callable[[str], Surface]]:
    """Every name -> what makes it of a colour."""
    found: dict[str, Callable[[str], Surface]] = {PYRAMID: _pyramid}
    for names, outline in OUTLINES.items():
        found |= {name: (lambda code, outline=outline: _turned(outline(), code)) for name in names.split(", ")}
    for names, size in BOXES.items():
        found |= {name: (lambda code, size=size: _box(size, code)) for name in names.split(", ")}
    return found


def _turned(outline: Outline, code: str) -> Surface:
    """The outline turned about the vertical; each of its pieces has normals of its own, those of arcs are smooth."""
    points = np.array(outline)
    angles = np.linspace(0, 2 * np.pi, AROUND + 1)
    rings = np.stack([points[:, :1] * np.cos(angles), np.tile(-points[:, 1:], AROUND + 1),
                      points[:, :1] * np.sin(angles)], axis=2)  # fmt: skip
    n, m = len(points), AROUND + 1
    i, j = np.meshgrid(np.arange(n - 1), np.arange(AROUND), indexing="ij")
    a, b, c, d = i * m + j, i * m + j + 1, (i + 1) * m + j, (i + 1) * m + j + 1
    triangles = np.concatenate([np.stack(t, axis=2).reshape(-1, 3) for t in ((a, b, c), (b, d, c))])
    normals = _smooth(points, angles) if len(points) >= ALONG else None
    return _coloured(rings.reshape(-1, 3), triangles, code, normals)


def _smooth(points: np.ndarray, angles: np.ndarray) -> Float[np.ndarray, "n 3"]:
    along = np.gradient(points, axis=0)
    out, up = along[:, 1:], -along[:, :1]
    return np.stack(
        [out * np.cos(angles), np.tile(-up, len(angles)), out * np.sin(angles)], axis=2
    ).reshape(-1, 3)  # fmt: skip


def _box(size: tuple[float, float, float], code: str) -> Surface:
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * size
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return _coloured(corners, np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))]), code)


def _pyramid(code: str) -> Surface:
    corners = np.array([[-0.5, 0, -0.5], [0.5, 0, -0.5], [0.5, 0, 0.5], [-0.5, 0, 0.5], [0, -0.8, 0]])
    triangles = np.array([(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4), (0, 2, 1), (0, 3, 2)])
    return _coloured(corners, triangles, code)


def _coloured(xyz: np.ndarray, triangles: np.ndarray, code: str, normals: np.ndarray | None = None) -> Surface:
    """In one colour."""
    rgb = np.array([int(code[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return Surface(xyz, triangles, np.tile(rgb, (len(xyz), 1)), normals=normals)
