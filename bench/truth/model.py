"""What a place is made of: parts with a solid, a surface and a thing's name; lights; where the photo is taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.truth.solids import Solid, together, wall

Surface = dict
"""A Mitsuba BSDF; pictures are left as arrays, which the tracer makes bitmaps of."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A mesh of one surface."""

    solid: Solid
    surface: Surface
    thing: str | None = None
    """None: of the room or the ground."""
    glow: tuple[float, float, float] | None = None
    """Radiance, of what shines."""


@dataclass(slots=True)
class Place:
    """Modelled: metres, y up."""

    eye: Sequence[float]
    target: Sequence[float]
    """What the photo, and all other views, look at."""
    fov_deg: float
    """Across."""
    exposure: float = 1.0
    passes: int = 1
    """Of the tracer: more where light is hard to find."""
    parts: list[Part] = field(default_factory=list)
    lights: list[dict] = field(default_factory=list)
    """Mitsuba emitters that are no parts: the sky."""

    def add(self, surface: Surface, *solids: Solid, thing: str | None = None, glow: tuple | None = None) -> None:
        """Solids of one surface; those that are shaded alike become one part."""
        for smooth in (True, False):
            alike = [solid for solid in solids if solid.smooth == smooth]
            self.parts += [Part(together(alike), surface, thing, glow)] if alike else []


def matt(picture: np.ndarray | Sequence[float], scale: float = 1.0) -> Surface:
    """Diffuse; a texture repeats every 1 / scale metres of its solid's uv."""
    return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": _colour(picture, scale)}}


def glossy(picture: np.ndarray | Sequence[float], roughness: float = 0.25, scale: float = 1.0) -> Surface:
    """Lacquer, glaze, plastic, wet stone."""
    inner = {"type": "roughplastic", "diffuse_reflectance": _colour(picture, scale), "alpha": roughness}
    return {"type": "twosided", "bsdf": inner}


def metal(colour: Sequence[float] = (0.9, 0.9, 0.9), roughness: float = 0.2) -> Surface:
    """Brushed."""
    inner = {"type": "roughconductor", "specular_reflectance": _colour(colour, 1), "alpha": roughness}
    return {"type": "twosided", "bsdf": inner | {"material": "none"}}


def mirror(colour: Sequence[float] = (0.92, 0.93, 0.93)) -> Surface:
    """Silvered."""
    return {
        "type": "twosided",
        "bsdf": {"type": "conductor", "material": "none", "specular_reflectance": _colour(colour, 1)},
    }


def pane() -> Surface:
    """A sheet of window glass: seen through without a bend."""
    return {"type": "thindielectric", "int_ior": 1.5}


def daylight(place: Place, sun: Sequence[float], sky: float = 3.0, light: float = 380.0) -> None:
    """A clear sky, and a sun in that direction that is larger than the real one, for softer shadows.

    The sun is a disc of its own: the sky's sampler would find it too seldom.
    """
    toward = np.asarray(sun, float) / np.linalg.norm(sun)
    place.lights.append({
        "type": "sunsky", "turbidity": 4.0, "sun_direction": toward.tolist(), "upright": True, "sun_scale": 0.0,
        "sky_scale": sky,
    })  # fmt: skip
    yaw, height = np.degrees(np.arctan2(toward[0], toward[2])), np.degrees(np.arcsin(toward[1]))
    disc = wall(8, 8).at(y=-4).turned(180).turned(pitch=-height).turned(yaw=yaw).at(*(100 * toward))
    place.add(matt((0, 0, 0)), disc, glow=(light, 0.9 * light, 0.74 * light))


def _colour(picture: np.ndarray | Sequence[float], scale: float) -> dict:
    if np.ndim(picture) == 1:
        return {"type": "rgb", "value": [float(linear(c)) for c in picture]}
    return {"type": "bitmap", "picture": np.asarray(picture), "scale": scale}


def linear(srgb: float) -> float:
    """Light of an sRGB value in [0, 1]."""
    return srgb / 12.92 if srgb <= 0.04045 else ((srgb + 0.055) / 1.055) ** 2.4
