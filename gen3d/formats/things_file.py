"""things.json: what things a scene holds, and what somebody changed about them since it was built.

    {"up": [x, y, z], "ground": {"normal", "offset"} or null,
     "things": [{"id", "name", "count", "box": {"low", "high"}, "centre", "foot", "footprint", "seen", "touches",
                 "stands_on", "in_front_of", "floating"}, ...],
     "names": {"id": name, ...}, where edits were baked in: those that it had before,
     "changes": [{"op": "rename" | "merge" | "split", ...}, ...]}

All places are in the scene's world: metres, OpenCV axes. `products/things.py` says what each of them means. scene.ply
keeps the numbers that were built, gen3d_thing; `changes`, in order, lead from those to the ones in `things`:

    rename   thing, name
    merge    things, into = one of them
    split    thing, into = a new number, polygons = [[[x, y], ...], ...] in pixels of `camera`
             ({"K", "w2c", "width", "height"}): what of the thing lies within them in its view becomes the new thing

So undoing is leaving out the last change, and gives back the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.edits_file import name_of_thing
from gen3d.formats.whole import MB, check_file, refusing, write_whole
from gen3d.values import LAST_THING

LARGEST_BYTES = 16 * MB
MOST_CHANGES, MOST_CORNERS = 1000, 20_000
_AGAIN = "Build the scene again, or take things.json away."


def read_things(path: Path) -> dict[str, Any]:
    """What a file says, its changes checked. Raises InputError for what is none."""
    check_file(path, LARGEST_BYTES, _AGAIN)
    with refusing(f"{path.name} cannot be read: it is damaged.", _AGAIN):
        found = json.loads(path.read_text(encoding="utf-8"))
        for thing in found["things"]:
            thing["id"], thing["name"] = _number(thing["id"]), name_of_thing(thing["name"], path.name)
            thing["foot"] = _numbers(thing["foot"], (3,)).tolist()
        found["up"] = _numbers(found["up"], (3,)).tolist()
        if len(found["changes"]) > MOST_CHANGES:
            raise InputError(f"{path.name} holds more than {MOST_CHANGES} changes.", _AGAIN)
        for change in found["changes"]:
            check_change(change)
        return found


def write_things(path: Path, things: Mapping[str, Any]) -> None:
    """Whole or not at all; the same things give the same bytes."""
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(things, indent=1) + "\n", encoding="utf-8")


def names_of(things: Mapping[str, Any]) -> dict[str, int]:
    """Things by their names, of those that only one has."""
    names = [thing["name"] for thing in things["things"]]
    return {thing["name"]: thing["id"] for thing in things["things"] if names.count(thing["name"]) == 1}


def thing_called(things: Mapping[str, Any], said: str) -> int:
    """The number of a thing that is meant by its number or its name; InputError for none."""
    numbers = [thing["id"] for thing in things["things"]]
    found = names_of(things).get(said, int(said) if said.isdecimal() and len(said) < 6 else None)
    if found not in numbers:
        known = ", ".join(map(str, numbers[:12])) or "none"
        raise InputError(f"There is no thing {said[:40]!r} in this scene.", f"Take one of those there are: {known}.")
    return found


def check_change(change: Mapping[str, Any]) -> None:
    """Raises for what is none: InputError, or as it comes."""
    match change["op"]:
        case "rename":
            _number(change["thing"]), name_of_thing(change["name"], "rename")
        case "merge":
            numbers = [_number(one) for one in change["things"]]
            if change["into"] not in numbers or len(set(numbers)) < 2:
                raise ValueError("a merge of less than two things, or into another one")
        case "split":
            _number(change["thing"]), _number(change["into"]), camera_of(change)
            for polygon in change["polygons"]:
                _numbers(polygon, (len(polygon), 2))
            corners = [len(polygon) for polygon in change["polygons"]]
            if not corners or min(corners) < 3 or sum(corners) > MOST_CORNERS:
                raise ValueError("a polygon of too few or too many corners")
        case op:
            raise ValueError(f"an unknown change {op}")


def camera_of(change: Mapping[str, Any]) -> Camera:
    """In whose view the polygons of a split lie."""
    camera = change["camera"]
    K, w2c = _numbers(camera["K"], (3, 3)), _numbers(camera["w2c"], (4, 4))
    width, height = int(camera["width"]), int(camera["height"])
    if min(width, height) < 1 or max(width, height) > 1 << 15:
        raise ValueError("a camera of no size")
    return Camera(K, w2c, width, height)


def camera_as_json(camera: Camera) -> dict[str, Any]:
    """The same as it is kept."""
    return {"K": camera.K.tolist(), "w2c": camera.w2c.tolist(), "width": camera.width, "height": camera.height}


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LAST_THING:
        raise ValueError(f"{value} is no number of a thing")
    return value


def _numbers(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.array(value, np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        raise ValueError(f"{shape} numbers are wanted")
    return found
