"""The shapes of an example scene, and their bounding tree.

A shape is a row of numbers: a rotation and a centre (world to object is R (p - c)), what kind it is, its parameters,
and its material. Scenes are modelled with y up and z into the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from rays import BOX, CYLINDER, ELLIPSOID, LATHE, MARCHED, ROUND_BOX

from gen3d.painter.shapes import grow, rotation

AWAY_M = 1e4
PARAMETERS = 12  # [0:8] as the kind reads them, [8:11] half size of the bounds, [11] which distance function


@dataclass
class Shapes:
    """Collects the shapes of a scene and packs them for the tracer."""

    profiles: np.ndarray
    ground: np.ndarray = field(default_factory=lambda: np.ones((4, 4)))
    rows: list = field(default_factory=list)
    thing: str = ""
    """What the shapes that are added from now on are part of; "" is no thing: a wall, the ground."""
    things: list = field(default_factory=list)
    """The thing of each shape."""

    def add(self, kind, material, at, params, bounds=None, form=0, turn=(0.0, 0.0, 0.0), opaque=True) -> None:
        """One shape; turn is yaw, pitch, roll in degrees, bounds the half sizes in its own axes."""
        P = np.zeros(PARAMETERS)
        P[: len(params)] = params
        P[8:11], P[11] = bounds if bounds is not None else params[:3], form
        self.rows.append((kind, rotation(*turn).T, np.array(at, float), P, material, opaque))
        self.things.append(self.thing)

    def take_away(self, thing: str) -> None:
        """Puts a thing so far off that no ray meets it; the others stay what they were, grain and all."""
        for row, of in zip(self.rows, self.things, strict=True):
            if of == thing:
                row[2][1] -= AWAY_M

    def box(self, material, low, high, **more) -> None:
        """An axis-aligned box between two corners; turned about its centre."""
        low, high = np.array(low, float), np.array(high, float)
        self.add(BOX, material, (low + high) / 2, np.abs(high - low) / 2, **more)

    def soft_box(self, material, at, half, radius, puff=0.0, turn=(0.0, 0.0, 0.0)) -> None:
        """A box with round edges; `puff` metres of swelling on its z faces make it a cushion."""
        bounds = (half[0] + 0.01, half[1] + 0.01, half[2] + puff + 0.01)
        self.add(MARCHED, material, at, (*half, radius, puff), bounds, ROUND_BOX, turn)

    def ball(self, material, at, radii, turn=(0.0, 0.0, 0.0), **more) -> None:
        """A sphere or an ellipsoid."""
        radii = (radii,) * 3 if np.isscalar(radii) else radii
        self.add(ELLIPSOID, material, at, radii, turn=turn, **more)

    def rod(self, material, start, end, radius, **more) -> None:
        """A cylinder from one point to another."""
        start, end = np.array(start, float), np.array(end, float)
        axis = end - start
        length = np.linalg.norm(axis)
        flat = np.hypot(axis[0], axis[2])
        turn = (np.degrees(np.arctan2(axis[0], axis[2])), np.degrees(np.arctan2(flat, axis[1])), 0.0)
        params = (radius, length / 2, radius)
        self.add(CYLINDER, material, (start + end) / 2, params, turn=turn, **more)

    def turned(self, material, foot, height, radius, profile, flutes=(0, 0.0), rough=(0.0, 0.0), **more) -> None:
        """A lathe shape standing on `foot`; flutes = (how many, depth), rough = (share of radius, cells per metre)."""
        at = (foot[0], foot[1] + height / 2, foot[2])
        reach = radius * self.profiles[profile].max() * (1 + rough[0] / 2) + 0.01
        params = (height / 2, radius, profile, *flutes, *rough)
        self.add(MARCHED, material, at, params, (reach, height / 2 + 0.01, reach), LATHE, **more)

    def packed(self) -> tuple:
        """Arrays for `nearest`, with a bounding tree in depth-first order: miss a node and jump past its children."""
        kinds, R, c, P, material, opaque = (np.array(column) for column in zip(*self.rows, strict=True))
        reach = P[:, 8:11].copy()
        for axis in (0, 1, 2):
            reach[:, axis] += 1e-4
        half = np.einsum("nab,na->nb", np.abs(R), reach)
        boxes = np.concatenate([c - half, c + half], axis=1)
        tree: list = []
        order: list = []
        grow(boxes, np.arange(len(kinds)), tree, order)
        bounds = np.array([node[0] for node in tree])
        jumps = np.array([node[1:] for node in tree])
        return kinds, R, c, P, material, opaque, bounds, jumps, np.array(order), self.profiles, self.ground
