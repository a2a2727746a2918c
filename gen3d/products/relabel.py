"""What somebody makes of a scene's things: other names, several as one, one as two. scene.ply stays as it is.

A change is written into things.json (`formats/things_file.py`) and heeded by whatever loads the scene; `undone` takes
the last one back. Each function returns the new things.json, which is in its place by then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.formats.edits_file import name_of_thing
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import read_ply
from gen3d.formats.things_file import camera_as_json, camera_of, check_change, read_things, write_things
from gen3d.formats.transforms import read_transforms
from gen3d.formats.whole import refusing
from gen3d.geometry.parts import parts_of
from gen3d.products.things import plane_of, things_told
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import Gaussians, things_or_none
from gen3d.values import Layers

Polygon = Float[np.ndarray, "c 2"]
_GIVE = "things.json beside the scene lists those that there are."


def relabelled(gaussians: Gaussians, changes: Sequence[dict[str, Any]]) -> Gaussians:
    """With the numbers that the changes lead to."""
    if gaussians.things is None or all(change["op"] == "rename" for change in changes):
        return gaussians
    of = gaussians.things.clone()
    for change in changes:
        if change["op"] == "merge":
            of[torch.isin(of, torch.tensor(change["things"], dtype=of.dtype))] = change["into"]
        elif change["op"] == "split":
            own = torch.nonzero(of == change["thing"])[:, 0]
            within = _within(gaussians.means[own].double().numpy(), change["polygons"], camera_of(change))
            of[own[torch.from_numpy(within)]] = change["into"]
    return replace(gaussians, things=of)


def relabelled_pixels(things: np.ndarray, changes: Sequence[dict[str, Any]]) -> np.ndarray:
    """The same of the photo's pixels; a split is heeded where it was drawn in the photo's own view."""
    of = things.copy()
    for change in changes:
        if change["op"] == "merge":
            of[np.isin(of, change["things"])] = change["into"]
        elif change["op"] == "split" and np.array_equal(camera_of(change).w2c, np.eye(4)):
            own = np.argwhere(of == change["thing"])
            scale = camera_of(change).width / of.shape[1]
            row, column = own[_enclosed(scale * (own[:, ::-1] + 0.5), change["polygons"])].T
            of[row, column] = change["into"]
    return of


def rename(files: SceneFiles, thing: int, name: str) -> dict[str, Any]:
    """Gives a thing another name. Raises InputError for a thing that is not there, and for what is no name."""
    return _changed(files, lambda things, _: {"op": "rename", "thing": _there(things, thing),
                                              "name": name_of_thing(name, "The new name")})  # fmt: skip


def merge(files: SceneFiles, parts: Sequence[int]) -> dict[str, Any]:
    """Makes one of several, under the number and the name of the first. Raises InputError for less than two."""
    if len(set(parts)) < 2:
        raise InputError("Less than two things cannot be made one.", "Give two or more of them.")
    return _changed(files, lambda things, _: {"op": "merge", "things": [_there(things, n) for n in parts],
                                              "into": parts[0]})  # fmt: skip


def split(
    files: SceneFiles, thing: int, polygons: Sequence[Polygon], camera: Camera | None = None, name: str = "",
    taken: Collection[int] = (),
) -> dict[str, Any]:  # fmt: skip
    """Makes a thing of its own of what of a thing lies within polygons, in pixels of a view; None is the photo's.

    taken: numbers that it may not get. Raises InputError where that is nothing, or all of it.
    """

    def change(things: dict[str, Any], gaussians: Gaussians) -> dict[str, Any]:
        view = camera or read_transforms(files.transforms)[0]
        corners = [np.asarray(polygon, np.float64).round(2).tolist() for polygon in polygons]
        made = _split_off(things, gaussians, _there(things, thing), corners, view, taken)
        if made is None:
            raise InputError("The outline holds nothing of the thing, or all of it.", "Draw around a part of it.")
        return made

    told = _changed(files, change)
    return rename(files, told["changes"][-1]["into"], name) if name else told


def split_into_parts(files: SceneFiles, thing: int, taken: Collection[int] = ()) -> dict[str, Any]:
    """Makes each part of a thing one of its own, but for the largest, which keeps the number (`geometry/parts.py`).

    They are called "chair, part 2"; what touches what is told as of all things. taken: numbers that none gets. Raises
    InputError for a thing that is not there, and for one whose parts cannot be told apart.
    """
    things, gaussians = read_things(files.things), read_ply(files.ply)
    camera = read_transforms(files.transforms)[0]
    told = in_parts(things, gaussians, load_layered(files.layers).layers, camera, thing, taken)
    write_things(files.things, told)
    return told


def in_parts(
    things: dict[str, Any], gaussians: Gaussians, layers: Layers, camera: Camera, thing: int,
    taken: Collection[int] = (),
) -> dict[str, Any]:  # fmt: skip
    """What things.json says after that; camera: the photo's. Raises InputError as `split_into_parts`."""
    name = next(one["name"] for one in things["things"] if one["id"] == _there(things, thing))
    pixels = np.zeros(layers.foreground.shape, np.int32) if layers.things is None else layers.things
    parts = parts_of(relabelled_pixels(pixels, things["changes"]) == thing, layers.rgbd).of
    changes = list(things["changes"])
    for number in range(2, int(parts.max()) + 1):
        corners = _outlines(parts == number, camera.width / parts.shape[1])
        made = _split_off({**things, "changes": changes}, gaussians, thing, corners, camera, taken)
        if made:
            changes += [made, {"op": "rename", "thing": made["into"], "name": f"{name[:60]}, part {number}"}]
    if len(changes) == len(things["changes"]):
        raise InputError(f"{name} shows no parts that could be told apart.", "Draw around one, to split it off.")
    return _told_after(gaussians, things, changes, camera)


def _split_off(
    things: dict[str, Any], gaussians: Gaussians, thing: int, corners: list[list[list[float]]], camera: Camera,
    taken: Collection[int] = (),
) -> dict[str, Any] | None:  # fmt: skip
    """The change, under the next free number; None where the outlines hold nothing of the thing, or all of it."""
    known = [one["id"] for one in things["things"]] + [c["into"] for c in things["changes"] if "into" in c]
    made = {"op": "split", "thing": thing, "into": max([*known, *taken, *_numbers(gaussians)]) + 1,
            "polygons": corners, "camera": camera_as_json(camera)}  # fmt: skip
    with refusing("What was drawn is no outline.", "Draw around a part of the thing."):
        check_change(made)
    before = relabelled(gaussians, things["changes"]).things == thing
    after = relabelled(gaussians, [*things["changes"], made]).things == made["into"]
    return made if bool(after.any()) and int(after.sum()) < int(before.sum()) else None


def _outlines(shown: Bool[np.ndarray, "h w"], scale: float) -> list[list[list[float]]]:
    """Around a region, holes too, in pixels of a view so many times as large; to a quarter of its own pixels."""
    doubled = np.kron(shown, np.ones((2, 2), np.uint8)).astype(np.uint8)
    found, _ = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [(scale * (corners[:, 0] + 0.5) / 2).round(2).tolist() for corners in found if len(corners) > 2]


def undone(files: SceneFiles) -> dict[str, Any]:
    """Without the last change; as it is where there is none."""
    things = read_things(files.things)
    return things if not things["changes"] else _written(files, read_ply(files.ply), things, things["changes"][:-1])


def _changed(
    files: SceneFiles, change: Callable[[dict[str, Any], Gaussians], dict[str, Any]]
) -> dict[str, Any]:
    things, gaussians = read_things(files.things), read_ply(files.ply)
    return _written(files, gaussians, things, [*things["changes"], change(things, gaussians)])


def _written(
    files: SceneFiles, gaussians: Gaussians, before: dict[str, Any], changes: list[dict[str, Any]]
) -> dict[str, Any]:
    told = _told_after(gaussians, before, changes, read_transforms(files.transforms)[0])
    write_things(files.things, told)
    return told


def _told_after(
    gaussians: Gaussians, before: dict[str, Any], changes: list[dict[str, Any]], camera: Camera
) -> dict[str, Any]:
    """What things.json says after the changes; camera: the photo's."""
    names = dict(before.get("names", {}))
    given = {int(n): name for n, name in names.items()} | {
        change["thing"]: change["name"] for change in changes if change["op"] == "rename"
    }
    told = things_told(relabelled(gaussians, changes), camera, plane_of(before), given)
    return told | ({"names": names, "changes": changes} if names else {"changes": changes})


def _there(things: dict[str, Any], number: int) -> int:
    if number not in [thing["id"] for thing in things["things"]]:
        raise InputError(f"There is no thing {number} in this scene.", _GIVE)
    return number


def _numbers(gaussians: Gaussians) -> list[int]:
    """Of all things that were built."""
    of = things_or_none(gaussians)
    return [int(n) for n in of[of < 60_000].unique()]


def _within(
    xyz: Float[np.ndarray, "n 3"], polygons: Sequence[Sequence[Sequence[float]]], camera: Camera
) -> Bool[np.ndarray, "n"]:
    """What lies within one of the outlines, in the camera's view; beyond its frame too, but not behind it."""
    uv, z = camera.project(xyz)
    return (z > 0) & _enclosed(uv, polygons)


def _enclosed(
    uv: Float[np.ndarray, "n 2"], polygons: Sequence[Sequence[Sequence[float]]]
) -> Bool[np.ndarray, "n"]:
    """By the even-odd rule: a line to the right crosses the outlines an odd number of times."""
    inside, (u, v) = np.zeros(len(uv), bool), uv.T
    for polygon in polygons:
        for (xa, ya), (xb, yb) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if ya != yb:
                inside ^= ((ya > v) != (yb > v)) & (u < xa + (v - ya) * (xb - xa) / (yb - ya))
    return inside
