"""The shapes of a world, what each is part of, and their bounding tree.

A shape is a row of numbers: a rotation and a centre (world to object is R (p - c)), what kind it is, its parameters,
its material. y is up, z into the picture, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import PchipInterpolator

from gen3d.painter.light.rays import (
    ARCH,
    BALL,
    BOX,
    CONE,
    CURTAIN,
    HIP,
    LAND,
    LATHE,
    MARCHED,
    ROD,
    ROUND_BOX,
    TORUS,
)  # fmt: skip
from gen3d.painter.real import Real

PARAMETERS = 12
"""[0:8] as the kind reads them, [8:11] half size of the bounds, [11] which distance function."""


def outline(*knots: tuple[Real, Real]) -> np.ndarray:
    """A turned outline: (height 0..1, radius) knots joined by a smooth curve."""
    height, radius = np.array(knots, float).T
    return PchipInterpolator(height, radius)(np.linspace(0, 1, 65))


OUTLINES = {
    "vase": outline((0, 0.55), (0.2, 0.85), (0.45, 1.0), (0.7, 0.72), (0.88, 0.36), (0.95, 0.36), (1, 0.46)),
    "bowl": outline((0, 0.35), (0.08, 0.36), (0.3, 0.7), (0.7, 0.95), (1, 1.0)),
    "pot": outline((0, 0.72), (0.5, 0.95), (0.86, 1.0), (0.88, 1.08), (1, 1.08)),
    "belly": outline((0, 0.4), (0.25, 0.9), (0.5, 1.0), (0.75, 0.75), (0.9, 0.3), (1, 0.34)),
    "jug": outline((0, 0.6), (0.3, 1.0), (0.6, 0.8), (0.8, 0.45), (1, 0.55)),
    "bottle": outline((0, 1.0), (0.55, 1.0), (0.7, 0.75), (0.78, 0.34), (0.95, 0.3), (1, 0.36)),
    "kettle": outline((0, 0.9), (0.15, 1.0), (0.6, 0.9), (0.85, 0.55), (0.93, 0.3), (1, 0.12)),
    "urn": outline(
        (0, 0.55), (0.08, 0.5), (0.16, 0.22), (0.24, 0.3), (0.5, 0.9), (0.7, 0.95), (0.82, 0.7), (0.92, 1.0), (1, 1.04)
    ),
    "shaft": outline((0, 1.0), (0.33, 1.0), (0.7, 0.93), (1, 0.84)),
    "foot": outline((0, 1.38), (0.3, 1.42), (0.42, 1.38), (0.5, 1.14), (0.62, 1.12), (0.72, 1.26), (1, 1.02)),
    "capital": outline((0, 0.86), (0.12, 0.98), (0.2, 0.9), (0.5, 0.98), (0.8, 1.32), (1, 1.42)),
    "cypress": outline((0, 0.35), (0.06, 0.6), (0.25, 1.0), (0.5, 0.86), (0.8, 0.45), (1, 0.02)),
    "bell": outline((0, 1.0), (0.3, 0.72), (0.7, 0.55), (0.9, 0.4), (1, 0.05)),
    "dome": outline((0, 1.0), (0.3, 0.95), (0.6, 0.78), (0.85, 0.5), (1, 0.03)),
    "dress": outline((0, 1.0), (0.4, 0.72), (0.62, 0.5), (0.85, 0.62), (1, 0.45)),
    "coat": outline((0, 0.8), (0.3, 0.78), (0.6, 0.82), (0.85, 1.0), (0.96, 0.8), (1, 0.4)),
    "flame": outline((0, 0.45), (0.12, 0.85), (0.3, 1.0), (0.55, 0.62), (0.8, 0.26), (1, 0.02)),
    "pear": outline((0, 0.3), (0.15, 0.85), (0.4, 1.0), (0.7, 0.55), (0.9, 0.42), (1, 0.1)),
}  # fmt: skip
"""What is turned on a lathe, by its name."""
_PROFILES = np.stack(list(OUTLINES.values()))
_ROW_OF = {name: i for i, name in enumerate(OUTLINES)}
FLAT = np.ones((4, 4))
"""A height map where there is no land."""


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """A row."""

    kind: int
    R: np.ndarray
    c: np.ndarray
    P: np.ndarray
    material: int
    opaque: bool
    thing: int

    @property
    def reach(self) -> np.ndarray:
        """Half sizes of its bounds along the world's axes."""
        return np.abs(self.R.T) @ (self.P[8:11] + 1e-4)


@dataclass
class Shapes:
    """Collects shapes. All lengths that are given are multiplied by `scale`."""

    scale: Real = 1.0
    rows: list[Shape] = field(default_factory=list)
    ground: np.ndarray = field(default_factory=lambda: FLAT)
    thing: int = 0
    """What is added from now on is part of; 0 is no thing: a wall, the ground."""

    def add(self, kind, material, at, params, bounds=None, form=0, turn=(0.0, 0.0, 0.0), opaque=True, scaled=8) -> None:
        """One shape; turn is yaw, pitch, roll in degrees, bounds the half sizes in its own axes.

        scaled: so many of the params are lengths.
        """
        P = np.zeros(PARAMETERS)
        P[: len(params)] = params
        P[:scaled] *= self.scale
        P[8:11] = np.asarray(bounds if bounds is not None else params[:3], float) * self.scale
        P[11] = form
        at = np.array(at, float) * self.scale
        self.rows.append(Shape(kind, rotation(*turn).T, at, P, material, opaque, self.thing))

    def box(self, material, low, high, **more) -> None:
        """An axis-aligned box between two corners; turned about its centre."""
        low, high = np.array(low, float), np.array(high, float)
        self.add(BOX, material, (low + high) / 2, np.abs(high - low) / 2, **more)

    def soft_box(self, material, at, half, radius, puff=0.0, turn=(0.0, 0.0, 0.0)) -> None:
        """A box with round edges; `puff` metres of swelling on its z faces make it a cushion."""
        bounds = (half[0] + 0.01, half[1] + 0.01, half[2] + puff + 0.01)
        self.add(MARCHED, material, at, (*half, min(radius, *half), puff), bounds, ROUND_BOX, turn)

    def ball(self, material, at, radii, turn=(0.0, 0.0, 0.0), leaves=(0.0, 0.0), **more) -> None:
        """A sphere or an ellipsoid; leaves = (share that is open, leaves per metre)."""
        radii = (radii,) * 3 if np.isscalar(radii) else tuple(radii)
        per_metre = leaves[1] / self.scale
        self.add(BALL, material, at, (*radii, 0, 0, 0, leaves[0], per_metre), turn=turn, scaled=3, **more)

    def rod(self, material, start, end, radius, top=None, **more) -> None:
        """A cylinder from one point to another, or, with another radius at its end, a cone."""
        start, end = np.array(start, float), np.array(end, float)
        axis, top = end - start, radius if top is None else top
        length = np.linalg.norm(axis)
        flat = np.hypot(axis[0], axis[2])
        turn = (np.degrees(np.arctan2(axis[0], axis[2])), np.degrees(np.arctan2(flat, axis[1])), 0.0)
        wide = max(radius, top)
        kind = ROD if top == radius else CONE
        self.add(
            kind, material, (start + end) / 2, (radius, length / 2, top), (wide, length / 2, wide), turn=turn, **more
        )

    def hip(self, material, foot, half_below, half_above, height, turn=(0.0, 0.0, 0.0), **more) -> None:
        """Between a rectangle on `foot` and a smaller one above: a roof, a tent, a pyramid; half = (x, z)."""
        at = (foot[0], foot[1] + height / 2, foot[2])
        params = (half_below[0], height / 2, half_below[1], half_above[0], half_above[1])
        self.add(HIP, material, at, params, turn=turn, **more)

    def turned(self, material, foot, height, radius, outline, flutes=(0, 0.0), rough=(0.0, 0.0), **more) -> None:
        """A lathe shape standing on `foot`; flutes = (how many, depth), rough = (share of radius, cells per metre)."""
        at = (foot[0], foot[1] + height / 2, foot[2])
        row = _ROW_OF[outline]
        reach = radius * _PROFILES[row].max() * (1 + rough[0] / 2) + 0.01
        params = (height / 2, radius, row, *flutes, rough[0], rough[1] / self.scale)
        self.add(MARCHED, material, at, params, (reach, height / 2 + 0.01, reach), LATHE, scaled=2, **more)

    def torus(self, material, at, radius, thick, turn=(0.0, 0.0, 0.0), **more) -> None:
        """A ring that lies flat."""
        bounds = (radius + thick, thick, radius + thick)
        self.add(MARCHED, material, at, (radius, thick), bounds, TORUS, turn=turn, **more)

    def curtain(self, material, at, half_height, half_width, turn=(0.0, 0.0, 0.0)) -> None:
        """Cloth in folds, along z."""
        params = (0.012, half_height, half_width, 0.032, 52.0)
        self.add(MARCHED, material, at, params, (0.05, half_height, half_width), CURTAIN, turn, scaled=4)

    def arch(self, material, at, half, opening, springing, turn=(0.0, 0.0, 0.0)) -> None:
        """A wall with a round-headed opening, half so wide; springing: its straight height from the wall's middle."""
        self.add(MARCHED, material, at, (*half, opening, springing), half, ARCH, turn)

    def land(self, material: int, ground: np.ndarray) -> None:
        """The height map, see `light/rays.py`; one in a world."""
        self.ground = ground
        x0, z0, cell = ground[0, :3]
        rows, columns = ground.shape
        half = ((columns - 2) * cell / 2, 600.0, (rows - 2) * cell / 2)
        bounds = (x0 + half[0], 0.0, z0 + half[2])
        self.add(LAND, material, (0, 0, 0), (0, 0, 0), (abs(bounds[0]) + half[0], 600.0, bounds[2] + half[2]))

    def take(self, model: Shapes, at: tuple[Real, Real, Real], yaw_deg: Real, thing: int) -> None:
        """What was built by itself, turned and put here, as a thing of that number."""
        turn, at = rotation(yaw_deg), np.array(at, float)
        for s in model.rows:
            self.rows.append(Shape(s.kind, s.R @ turn.T, turn @ s.c + at, s.P, s.material, s.opaque, thing))

    def extent(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner of all."""
        low = np.min([s.c - s.reach for s in self.rows], axis=0)
        return low, np.max([s.c + s.reach for s in self.rows], axis=0)

    def packed(self) -> tuple:
        """Arrays for `nearest`, with a bounding tree in depth-first order: miss a node and jump past its children."""
        kinds, R, c, P, material, opaque, thing = (
            np.array([getattr(s, name) for s in self.rows])
            for name in ("kind", "R", "c", "P", "material", "opaque", "thing")
        )
        half = np.einsum("nba,nb->na", np.abs(R), P[:, 8:11] + 1e-4)
        boxes = np.concatenate([c - half, c + half], axis=1)
        tree: list = []
        order: list = []
        grow(boxes, np.arange(len(kinds)), tree, order)
        bounds, jumps = np.array([node[0] for node in tree]), np.array([node[1:] for node in tree])
        return kinds, R, c, P, material, opaque, thing, bounds, jumps, np.array(order), _PROFILES, self.ground


def rotation(yaw_deg: Real, pitch_deg: Real = 0.0, roll_deg: Real = 0.0) -> np.ndarray:
    """Object to world: roll about z, then pitch about x, then yaw about y."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return yaw @ pitch @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])


def grow(boxes: np.ndarray, ids: np.ndarray, tree: list, order: list) -> None:
    """The bounding tree of boxes: nodes (box, next, first, last) into `tree`, ids by leaf into `order`."""
    here = len(tree)
    bound = np.concatenate([boxes[ids, :3].min(axis=0), boxes[ids, 3:].max(axis=0)])
    tree.append(None)
    start = len(order)
    if len(ids) <= 2:
        order.extend(ids)
    else:
        middle = boxes[ids, :3] + boxes[ids, 3:]
        ids = ids[np.argsort(middle[:, np.ptp(middle, axis=0).argmax()], kind="stable")]
        grow(boxes, ids[: len(ids) // 2], tree, order)
        grow(boxes, ids[len(ids) // 2 :], tree, order)
    last = len(order) if len(ids) <= 2 else start
    tree[here] = (bound, len(tree), start, last)
