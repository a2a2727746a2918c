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

The list becomes an `Instance` for every thing that is to be seen: of which thing it is a copy, where it went, and how
its colours change. Whatever draws or writes a scene follows from those: Gaussians, meshes, the viewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from gen3d.errors import InputError
from gen3d.values import LAST_THING

Op = Literal["hide", "show", "remove", "move", "turn", "scale", "duplicate", "tint", "rename"]
OPS: tuple[Op, ...] = get_args(Op)
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue. From ITU-R BT.709."""
UP = (0.0, -1.0, 0.0)
"""Of a scene that does not say where up is."""
Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit; what its op does not take stays as it is here."""

    op: Op
    thing: int
    by: Vector = (0.0, 0.0, 0.0)
    """Of move and duplicate, metres."""
    deg: float = 0.0
    axis: Vector | None = None
    """Of turn; None is up."""
    at: Vector | None = None
    """What turn and scale hold in its place; None is the thing's foot."""
    factor: float = 1.0
    rgb: Vector = (1.0, 1.0, 1.0)
    strength: float = 1.0
    new: int | None = None
    """The number of a copy; None is the next that is free."""
    name: str = ""
    """Of a copy and of rename."""
    fill: bool = False


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

    @property
    def is_as_built(self) -> bool:
        """Whether nothing of it changed."""
        return np.array_equal(self.matrix, np.eye(4)) and np.array_equal(self.colour, np.eye(3))


def instances(
    edits: Sequence[Edit], feet: Mapping[int, Float[np.ndarray, "3"]], up: Sequence[float] = UP
) -> dict[int, Instance]:
    """Every thing that is left, by its number. feet: where each thing that was built stands.

    Raises InputError for an edit of a thing that is not there by then, and for a copy with a number that is taken.
    """
    there = {n: Instance(n, np.eye(4), np.eye(3), np.asarray(foot, np.float64)) for n, foot in feet.items()}
    taken = set(there)
    for place, edit in enumerate(edits, 1):
        if edit.thing not in there:
            known = ", ".join(map(str, sorted(there))) or "none"
            raise InputError(
                f"Edit {place} is to {edit.op} thing {edit.thing}, and there is none of that number by then.",
                f"Take one of those that there are: {known}.",
            )
        if edit.op == "remove":
            del there[edit.thing]
        elif edit.op == "duplicate":
            new = _free_number(edit, taken, place)
            taken.add(new)
            there[new] = replace(_moved(there[edit.thing], edit.by), name=edit.name)
        else:
            there[edit.thing] = _changed(there[edit.thing], edit, up)
    return there


def _free_number(edit: Edit, taken: set[int], place: int) -> int:
    new = edit.new if edit.new is not None else max(taken, default=0) + 1
    if new in taken or not 0 < new <= LAST_THING:
        raise InputError(
            f"Edit {place} makes a thing {new}, which is taken or no number of a thing.",
            'Leave "as" out: the next free number is taken then.',
        )
    return new


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
