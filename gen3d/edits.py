"""What somebody wants otherwise in a finished scene: an ordered list of edits, which never change what was built.

    hide, show   thing                              the eye in a list
    remove       thing, fill                        fill: what nobody made behind it is made as well
    move         thing, by = [x, y, z]              metres
    turn         thing, deg, axis, at               about the vertical through its foot, where nothing else is said;
                                                    seen from above counterclockwise
    scale        thing, by, at                      about its foot
    duplicate    thing, by, as, name                a copy beside it, which is a thing of its own
    tint         thing, rgb = [r, g, b], strength   from 0 to 1: towards a colour, as bright as it was
    rename       thing, name
    drop         thing, shadow                      its foot onto the ground; with a soft shadow there
    bring in     file, as, name, at, deg, size_m, depth_m, light, shadow
                                                    what stands in a file becomes a thing of this scene

The list becomes an `Instance` for every thing that is to be seen: of which thing it is a copy, where it went, and how
its colours change. Whatever draws or writes a scene follows from those: Gaussians, meshes, the viewer. What is brought
in stands by itself before that: its foot in the origin, upright (UP), its longest side 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

from gen3d.errors import InputError
from gen3d.values import LAST_THING

Op = Literal["hide", "show", "remove", "move", "turn", "scale", "duplicate", "tint", "rename", "drop", "bring in"]
OPS: tuple[Op, ...] = get_args(Op)
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue. From ITU-R BT.709."""
UP = (0.0, -1.0, 0.0)
"""Of a scene that does not say where up is."""
Vector = tuple[float, float, float]
DISC_OF_FOOT, DISC_LIFT, DISC_SLIMMEST = 1.35, 0.08, 0.25
"""A contact shadow is so much larger than the footprint; lies so high above what it falls on, as a share of its shorter
half, else what it falls on would be drawn over it; and is at least so wide as a share of its length. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit; what its op does not take stays as it is here."""

    op: Op
    thing: int = 0
    """None for what is brought in."""
    by: Vector = (0.0, 0.0, 0.0)
    """Of move and duplicate, metres."""
    deg: float = 0.0
    """Of turn, and of what is brought in: about the vertical."""
    axis: Vector | None = None
    """Of turn; None is up."""
    at: Vector | None = None
    """What turn and scale hold in its place, None is the thing's foot; where the foot of what is brought in goes."""
    factor: float = 1.0
    rgb: Vector = (1.0, 1.0, 1.0)
    strength: float = 1.0
    new: int | None = None
    """The number of a copy; None is the next that is free."""
    name: str = ""
    """Of a copy and of rename."""
    fill: bool = False
    file: str = ""
    """What is brought in: a file beside the scene. Empty where nobody has made it of `words` yet."""
    words: str = ""
    size_m: float | None = None
    """Of the longest side of what is brought in; None: as it is fitting."""
    depth_m: float | None = None
    """How far ahead of the photo's camera it is to stand, where `at` does not say."""
    light: Vector | None = None
    """Its red, green and blue are taken so many times; None: as it is fitting."""
    shadow: bool = True
    """Of drop and of bring in."""


class Plane(NamedTuple):
    """The ground, n . x = offset."""

    normal: Float[np.ndarray, "3"]
    """Unit vector, up."""
    offset: float


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """A thing as it is to be seen."""

    of: int
    """The number of the thing that was built."""
    matrix: Float[np.ndarray, "4 4"]
    """Keeps shapes: x -> A x."""
    colour: Float[np.ndarray, "3 3"]
    """rgb -> C rgb."""
    foot: Float[np.ndarray, "3"]
    """Where it stands by now."""
    hidden: bool = False
    name: str = ""
    """Where it got one by an edit."""
    shadow: float | None = None
    """How high along the vertical its contact shadow lies, metres; None: it casts none."""

    @property
    def is_as_built(self) -> bool:
        """Whether nothing of it changed."""
        return np.array_equal(self.matrix, np.eye(4)) and np.array_equal(self.colour, np.eye(3))


def instances(
    edits: Sequence[Edit],
    feet: Mapping[int, Float[np.ndarray, "3"]],
    up: Sequence[float] = UP,
    ground: Plane | None = None,
) -> dict[int, Instance]:
    """Every thing that is left, by its number. feet: where each thing that was built stands.

    Raises InputError for an edit of a thing that is not there by then, for a number that is taken, and for a drop where
    no ground is known; ValueError for what is brought in and has no place, size or light yet.
    """
    there = {n: Instance(n, np.eye(4), np.eye(3), np.asarray(foot, np.float64)) for n, foot in feet.items()}
    taken = set(there)
    for place, edit in enumerate(edits, 1):
        if edit.op == "bring in":
            new = free_number(edit, taken, place)
            taken.add(new)
            there[new] = _brought(new, edit, up)
            continue
        if edit.thing not in there:
            known = ", ".join(map(str, sorted(there))) or "none"
            raise InputError(
                f"Edit {place} is to {edit.op} thing {edit.thing}, and there is none of that number by then.",
                f"Take one of those that there are: {known}.",
            )
        if edit.op == "remove":
            del there[edit.thing]
        elif edit.op == "duplicate":
            new = free_number(edit, taken, place)
            taken.add(new)
            there[new] = replace(_moved(there[edit.thing], edit.by), name=edit.name)
        elif edit.op == "drop":
            there[edit.thing] = _dropped(there[edit.thing], edit, ground, place)
        else:
            there[edit.thing] = _changed(there[edit.thing], edit, up)
    return there


def free_number(edit: Edit, taken: Set[int], place: int) -> int:
    """The number of what an edit adds, the one in this place of a list; InputError for one that is taken."""
    new = edit.new if edit.new is not None else max(taken, default=0) + 1
    if new in taken or not 0 < new <= LAST_THING:
        raise InputError(
            f"Edit {place} makes a thing {new}, which is taken or no number of a thing.",
            'Leave "as" out: the next free number is taken then.',
        )
    return new


def _brought(number: int, edit: Edit, up: Sequence[float]) -> Instance:
    if edit.at is None or edit.size_m is None or edit.light is None:
        raise ValueError("what is brought in has no place, size or light yet")
    matrix, foot = np.eye(4), np.asarray(edit.at, np.float64)
    matrix[:3, :3], matrix[:3, 3] = edit.size_m * (_turn(up, edit.deg) @ upright(up)), foot
    shadow = _height(foot, up) if edit.shadow else None
    return Instance(number, matrix, np.diag(edit.light), foot, name=edit.name, shadow=shadow)


def _dropped(thing: Instance, edit: Edit, ground: Plane | None, place: int) -> Instance:
    if ground is None:
        raise InputError(
            f"Edit {place} is to drop a thing to the ground, and no ground was found in this scene.",
            'Put it in its place with "move".',
        )
    moved = _moved(thing, tuple((ground.offset - ground.normal @ thing.foot) * ground.normal))
    return replace(moved, shadow=ground.offset if edit.shadow else None)


def _height(point: Float[np.ndarray, "3"], up: Sequence[float]) -> float:
    return float(point @ np.asarray(up, np.float64) / np.linalg.norm(up))


def upright(up: Sequence[float]) -> Float[np.ndarray, "3 3"]:
    """The shortest turn of what stands by itself (its vertical is UP) to a scene's vertical."""
    x, y, z = np.asarray(up, np.float64) / np.linalg.norm(up)
    if y > 1 - 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0, -x, 0], [x, 0, z], [0, -z, 0]])  # of UP x up = (-z, 0, x)
    return np.eye(3) + cross + cross @ cross / (1 - y)


def disc_under(
    thing: Instance, footprint: Float[np.ndarray, "k 3"], up: Sequence[float]
) -> Float[np.ndarray, "4 4"] | None:
    """What puts the unit disc (around the origin, its upper side towards UP) where a thing's contact shadow lies.

    footprint: corners of the outline of the thing as it was built. None for a thing that casts none.
    """
    if thing.shadow is None or len(footprint) < 2:
        return None
    upward = np.asarray(up, np.float64) / np.linalg.norm(up)
    axis = (1.0, 0.0, 0.0) if abs(upward[0]) < 0.9 else (0.0, 0.0, 1.0)
    right = np.asarray(axis) - (upward @ axis) * upward
    right /= np.linalg.norm(right)
    flat = np.stack([right, np.cross(upward, right)])
    corners = (footprint @ thing.matrix[:3, :3].T + thing.matrix[:3, 3]) @ flat.T
    (xx, xy), (_, yy) = np.cov(corners.T, bias=True)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    low, high = (corners @ along.T).min(axis=0), (corners @ along.T).max(axis=0)
    half = DISC_OF_FOOT * (high - low) / 2
    a, b = np.maximum(half, DISC_SLIMMEST * max(half.max(), 1e-4))
    middle = (low + high) / 2 @ along @ flat
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 2] = a * (along[0] @ flat), b * (along[1] @ flat)
    matrix[:3, 1] = -min(a, b) * upward
    matrix[:3, 3] = middle + (thing.shadow + DISC_LIFT * min(a, b)) * upward
    return matrix


def _changed(thing: Instance, edit: Edit, up: Sequence[float]) -> Instance:
    match edit.op:
        case "hide" | "show":
            return replace(thing, hidden=edit.op == "hide")
        case "rename":
            return replace(thing, name=edit.name)
        case "move":
            return _moved(thing, edit.by)
        case "tint":
            return replace(thing, colour=_towards(edit.rgb, edit.strength) @ thing.colour)
    around = thing.foot if edit.at is None else np.asarray(edit.at, np.float64)
    linear = edit.factor * _turn(up if edit.axis is None else edit.axis, edit.deg)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, around - linear @ around
    return replace(thing, matrix=matrix @ thing.matrix, foot=matrix[:3, :3] @ thing.foot + matrix[:3, 3])


def _moved(thing: Instance, by: Vector) -> Instance:
    matrix = thing.matrix.copy()
    matrix[:3, 3] += by
    return replace(thing, matrix=matrix, foot=thing.foot + by)


def _turn(axis: Sequence[float], deg: float) -> Float[np.ndarray, "3 3"]:
    """Rodrigues' formula."""
    x, y, z = np.asarray(axis, np.float64) / np.linalg.norm(axis)
    cross, angle = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]), np.radians(deg)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _towards(rgb: Vector, strength: float) -> Float[np.ndarray, "3 3"]:
    """As much of a colour as a thing is bright, mixed in; white and black stay what they are in brightness."""
    bright = max(float(np.dot(LUMINANCE, rgb)), 1e-3)
    return (1 - strength) * np.eye(3) + strength * np.outer(rgb, LUMINANCE) / bright
