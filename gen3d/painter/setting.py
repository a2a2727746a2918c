"""A place before anything stands in it: ground, walls, light, the eye, and where things may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gen3d.painter.asked import Description
from gen3d.painter.light.sky import PANE, PANE_RGB
from gen3d.painter.materials import OF_MATERIAL, Palette
from gen3d.painter.objects import OBJECTS
from gen3d.painter.objects.model import Model
from gen3d.painter.real import Real
from gen3d.painter.shapes import Shapes
from gen3d.painter.words import COLOURS, SIZES

SCENERY = 0
"""The number of what is no thing: ground, walls, far woods."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A thing that a place brings along where nobody asked for one of its kind."""

    kind: str
    count: int = 1
    where: str | None = None
    on: str | None = None
    """The kind of thing that it stands on."""
    beside: str | None = None
    colour: str | None = None


@dataclass
class Setting:
    """What a place makes of a description."""

    said: Description
    rng: np.random.Generator
    time: str
    season: str
    lights: np.ndarray
    exposure: Real
    shapes: Shapes = field(default_factory=Shapes)
    ink: Palette = field(default_factory=Palette)
    lamps: list[np.ndarray] = field(default_factory=list)
    eye: tuple[Real, Real, Real] = (0.0, 1.6, 0.0)
    target: tuple[Real, Real, Real] = (0.0, 1.35, 8.0)
    floor: Callable[[Real, Real], Real] = lambda x, z: 0.0
    """(x, z) -> the height of what things stand on."""
    water: Callable[[Real, Real], bool] = lambda x, z: False
    water_y: Real = 0.0
    near: Real = 2.2
    far: Real = 45.0
    """Between which things stand, metres from the eye."""
    left: Real = -1e9
    right: Real = 1e9
    """Walls."""
    back: Real | None = None
    """The wall opposite the eye; None outdoors."""
    wishes: tuple[Wish, ...] = ()
    taken: list[tuple[Real, Real, Real, Real]] = field(default_factory=list)
    """x0, x1, z0, z1 of where nothing else may stand."""
    turns: int = 2
    lamp_strength: Real = 1.0

    @property
    def night(self) -> bool:
        """Whether lamps are lit."""
        return self.time in ("dusk", "night")

    @property
    def indoors(self) -> bool:
        """Whether there are walls."""
        return self.back is not None

    def wants(self, kind: str) -> bool:
        """Whether the place may bring a thing of a kind along: nobody spoke of such things."""
        return kind not in self.said.without and all(asked.kind != kind for asked in self.said.things)

    def part(self, name: str, look: str, default: str, second: str | None = None, **other: object) -> int:
        """The material of a part of the place, as asked for or as the place has it."""
        asked = next((part for part in self.said.parts if part[0] == name), None)
        if asked is None:
            return self.ink(look, default, second, **other)
        _, colour, tone, material = asked
        if material:
            look, default = OF_MATERIAL[material]
            look = "planks" if name == "floor" and look == "wood" else look
        return self.ink(look, toned(colour, tone) or default, **other)

    def model(self, kind: str, scale: Real = 1.0, colour: str | None = None, material: str | None = None) -> Model:
        """A thing by itself."""
        made = Model(
            scale=scale, ink=self.ink, rng=self.rng, colour=colour, material=material, season=self.season,
            night=self.night,
        )  # fmt: skip
        OBJECTS[kind].build(made)
        return made

    def put(self, model: Model, at: tuple[Real, Real, Real], yaw_deg: Real, thing: int) -> None:
        """A thing into the place, with its lamps."""
        self.shapes.take(model, at, yaw_deg, thing)
        c, s = np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))
        for (x, y, z), radius, power in model.lamps:
            where = (at[0] + c * x + s * z, at[1] + y, at[2] - s * x + c * z)
            self.lamps.append(np.array([*where, radius, *np.multiply(power, self.lamp_strength)]))

    def pane(self, corner: tuple, edge: tuple, other: tuple, rgb: tuple) -> None:
        """The light of a window; there is one."""
        self.lights[PANE : PANE + 9] = np.concatenate([corner, edge, other])
        self.lights[PANE_RGB : PANE_RGB + 3] = rgb


def toned(colour: str | None, tone: str | None) -> str | None:
    """SRGB of a colour's word, darker or lighter; None where none was said."""
    if colour is None:
        return None
    rgb = [int(COLOURS[colour][i : i + 2], 16) for i in (1, 3, 5)]
    if tone == "dark":
        rgb = [round(0.55 * c) for c in rgb]
    if tone == "light":
        rgb = [round(c + 0.5 * (255 - c)) for c in rgb]
    return "#" + "".join(f"{c:02x}" for c in rgb)


def scale_of(size: str | None) -> Real:
    """How much larger than usual."""
    return SIZES.get(size or "", 1.0)
