"""What a program may do with the things of a finished scene: see them, edit them, take edits back, aim at one.

What was built stays as it is: edits.json beside scene.ply is all that changes, and whoever films or exports the scene
heeds it. Without an edit there is no such file, so taking back the last one restores the folder to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from jaxtyping import UInt8

from gen3d.camera import Camera
from gen3d.edits import UP, Edit
from gen3d.errors import InputError
from gen3d.formats.edits_file import MOST, Edits, as_json, parse_edits, read_edits, write_edits
from gen3d.formats.picture import as_bytes, write_png
from gen3d.formats.ply import read_ply
from gen3d.formats.stored import StoredScene
from gen3d.formats.things_file import names_of
from gen3d.formats.transforms import write_transforms
from gen3d.models.base import ObjectMaker
from gen3d.products.bringing import Find, beside
from gen3d.products.brought import thing_in
from gen3d.products.edited import edits_beside, heeding
from gen3d.products.export import FinishedScene
from gen3d.products.things import plane_of, things_told
from gen3d.run.acts import acts_of, undo_acts
from gen3d.run.bring import check_kept, keep_made, kept, made_of, sweep_brought, with_made, write_for_viewer
from gen3d.run.edit import Built, built_in
from gen3d.scene_files import SceneFiles
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import Rasterizer, draw

Side = Literal["left", "right", "above", "front"]
SIDES: tuple[Side, ...] = get_args(Side)
AIMED_DEG, ABOVE_DEG, NEARER = 28.0, 20.0, 0.35
"""How far around a thing a camera swings to see it from a side, or from above, and by which share of the way it comes
nearer to see it from the front. Chosen by eye."""
AT_ONCE = 200
"""Edits of one call."""
UPLOADED = "made/upload"
"""The name of what was sent, until it is kept."""
PICTURE_PX = 512
"""The longer side of the picture that comes with the list of things."""


def finished(scene: Path, rasterizer: Rasterizer | None, also: tuple[Path, ...] = ()) -> FinishedScene:
    """The scene in a folder as it is to be seen by now, for whatever is made of it.

    also: see `FinishedScene`; left out of a scene that was edited, which they may not show.
    """
    files, built = SceneFiles(scene), StoredScene(read_ply(SceneFiles(scene).ply))
    how = edits_beside(files, built.gaussians)
    made = FinishedScene(heeding(built, how).gaussians, scene, rasterizer, also, how=how)
    return replace(made, also=()) if made.is_edited else made


def things_now(scene: Path, picture: Path, rasterizer: Rasterizer) -> list[dict[str, Any]]:
    """The things of a scene after its edits, as things.json tells them, and whether each is hidden.

    picture: the photo's view of them, each with its number, is written there, a PNG. Raises InputError where no build
    left the folder, or one from before things were told apart.
    """
    built = built_in(scene)
    how = built.edited(edits_of(built).done)
    gaussians = heeding(StoredScene(built.gaussians), how).gaussians
    names = {number: how.name_of(number) for number in how.things}
    camera = built.layered.layers.rgbd.camera
    seen = things_told(gaussians, camera, plane_of(built.things), names)["things"]
    hidden = [{"id": n, "name": names[n], "hidden": True} for n, thing in how.things.items() if thing.hidden]
    _write_picture(picture, gaussians, camera, seen, rasterizer)
    return [*({**thing, "hidden": False} for thing in seen), *hidden]


def edits_of(built: Built) -> Edits:
    """Those beside a scene."""
    return read_edits(built.files.edits, names_of(built.things)) if built.files.edits.is_file() else Edits()


def add_edits(scene: Path, given: Any, maker: ObjectMaker | None = None) -> None:
    """Some more edits, as edits.json has them; all of them or, with an InputError, none.

    maker: who makes what is brought in by words.
    """
    built = built_in(scene)
    before = edits_of(built).done
    new, find = _parsed(built, before, given, maker)
    if len(before) + len(new) > MOST:
        raise InputError(f"A scene may have {MOST} edits, and these would be more.", "Undo some first.")
    write_edits(built.files.edits, Edits((*before, *keep_made(scene, new, find))))


def bring_in(
    scene: Path,
    asked: Mapping[str, Any],
    file: Path | None,
    picture: Path | None,
    maker: ObjectMaker | None,
    view: Path | None = None,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Brings a file in, or what is made of words or after a picture. Gives the edit, and what is to be told.

    asked: what "bring in" takes. view: the thing is written there for the viewer, and the edit is left to it; None: it
    is made.
    """
    built = built_in(scene)
    before = edits_of(built).done
    given = dict(asked) | {"op": "bring in"} | ({"file": UPLOADED} if file or picture else {})
    [edit] = parse_edits([given], "What is asked").done
    alone = thing_in(file) if file else made_of(maker, None if picture else edit.words, picture)
    named = replace(edit, file=UPLOADED, name=edit.name or _name_for(edit, file or picture))
    how = built.edited((*before, named), lambda name: alone if name == UPLOADED else beside(scene)(name))
    check_kept([replace(one, file="") for one in how.edits], scene)
    edit = replace(how.edits[-1], file=kept(scene, alone), words="")
    told = tuple(dict.fromkeys((*alone.told, *how.notices)))
    if view is not None:
        write_for_viewer(view, alone, edit.name)
        return as_json(replace(edit, new=None)), told
    write_edits(built.files.edits, Edits((*before, edit)))
    return as_json(edit), told


def _name_for(edit: Edit, file: Path | None) -> str:
    name = edit.words[:40] or (file.name.partition(".")[0][:40] if file else "")
    return name if name.isprintable() and name.strip() else "brought in"


def put_edits(scene: Path, given: Any) -> None:
    """These in the place of those before, as a whole edits.json has them; with an InputError all stays as it was."""
    built = built_in(scene)
    edits = parse_edits(given, "The list of edits", names_of(built.things))
    check_kept((*edits.done, *edits.undone), scene)
    built.edited(edits.done)
    if edits == Edits():
        built.files.edits.unlink(missing_ok=True)
    else:
        write_edits(built.files.edits, edits)
    sweep_brought(built.files, edits)


def take_back(scene: Path, count: int = 1) -> None:
    """Without the last edits, things taken apart and put together; without edits there is no edits.json."""
    built = built_in(scene)
    before, acts = edits_of(built).done, acts_of(built.files)
    if not 1 <= count <= (most := len(before) + len(acts)):
        edits = f"{most} edit{'' if most == 1 else 's'}"
        raise InputError(f"This scene has {edits}, so {count} cannot be taken back.", "Give a number from 1 to that.")
    left, kept = list(before), list(acts)
    for _ in range(count):
        (kept if kept and kept[-1].is_due(left) else left).pop()
    undo_acts(built.files, acts[len(kept) :])
    if not left:
        built.files.edits.unlink(missing_ok=True)
    elif len(left) < len(before):
        write_edits(built.files.edits, Edits(tuple(left)))
    sweep_brought(built.files, Edits(tuple(left)))


def write_aimed(scene: Path, thing: str, side: str, file: Path) -> None:
    """A camera path as a transforms.json: from the photo's camera to where a thing is seen from a side, in the middle.

    thing: a name, or a number in digits. Raises InputError for a thing or a side that is none.
    """
    if side not in SIDES:
        raise InputError(f"There is no side {side[:40]!r} to film from.", f"Use one of {', '.join(SIDES)}.")
    built = built_in(scene)
    how = built.edited(edits_of(built).done)
    gaussians = heeding(StoredScene(built.gaussians), how).gaussians
    number = number_of(built, thing)
    own = gaussians.means[gaussians.things == number].detach().double().numpy()
    if number not in how.things or not len(own):
        raise InputError(f"There is no thing {thing[:40]!r} to be seen in this scene.", "Ask for its things first.")
    camera = built.cameras[0]
    write_transforms(file, [camera, seen_from_side(camera, np.median(own, axis=0), side, built.things["up"])])


def seen_from_side(camera: Camera, middle: np.ndarray, side: Side, up: Any = UP) -> Camera:
    """The camera swung about a point, or moved towards it, and turned to it; right is right of the photo's view."""
    way = camera.center - middle
    if side == "front":
        return _turned_to(camera, middle + (1 - NEARER) * way, middle, up)
    upward = np.asarray(up, np.float64) / np.linalg.norm(up)
    axis, deg = (camera.c2w[:3, 0], -ABOVE_DEG) if side == "above" else (upward, AIMED_DEG)
    angle = np.radians(-deg if side == "left" else deg)
    swung = np.cos(angle) * way + np.sin(angle) * np.cross(axis, way) + (1 - np.cos(angle)) * (axis @ way) * axis
    return _turned_to(camera, middle + swung, middle, up)


def _turned_to(camera: Camera, place: np.ndarray, middle: np.ndarray, up: Any) -> Camera:
    """At a place, level, with a point in the middle of its view."""
    ahead = (middle - place) / np.linalg.norm(middle - place)
    right = np.cross(ahead, up)
    right /= np.linalg.norm(right)
    c2w = np.eye(4)
    c2w[:3, :3], c2w[:3, 3] = np.stack([right, np.cross(ahead, right), ahead], axis=1), place
    return camera.posed(c2w)


def _parsed(
    built: Built, before: tuple[Edit, ...], given: Any, maker: ObjectMaker | None
) -> tuple[tuple[Edit, ...], Find]:
    """The edits that were given, and what finds what they bring in.

    Each may mean by their names the copies that those before it have made.
    """
    if not isinstance(given, list) or not 0 < len(given) <= AT_ONCE:
        raise InputError(f"This is no list of 1 to {AT_ONCE} edits.", 'Give one as [{"op": "hide", "thing": 1}].')
    new: tuple[Edit, ...] = ()
    find = beside(built.files.folder)
    for place, one in enumerate(given, 1):
        names = _named_by_now(built, (*before, *new), find)
        parsed = parse_edits([*map(as_json, new), one], "the list", names).done
        check_kept(parsed[-1:], built.files.folder)
        parsed, find = with_made(parsed, lambda: maker, find)
        try:
            new = built.edited((*before, *parsed), find).edits[len(before) :]
        except InputError as error:  # counts from the scene's first edit on
            what = error.what.replace(f"Edit {len(before) + place} ", f"Edit {place} of the list ", 1)
            raise InputError(what, error.remedy) from error
    check_kept([replace(one, file="") for one in (*before, *new)], built.files.folder)
    return new, find


def number_of(built: Built, thing: str) -> int:
    """The number of a thing, copies as well, that is meant by its name or by its number in digits; 0 for none."""
    return _named_by_now(built, edits_of(built).done).get(thing, _number(thing))


def _named_by_now(built: Built, edits: Any, find: Find | None = None) -> dict[str, int]:
    """Things by their names, copies as well, of those that only one has."""
    how = built.edited(edits, find)
    names = [how.name_of(number) for number in how.things]
    return {name: n for name, n in zip(names, how.things, strict=True) if names.count(name) == 1}


def _number(thing: str) -> int:
    """0 for what is none."""
    return int(thing) if thing.isdecimal() and len(thing) < 6 else 0


def _write_picture(
    file: Path, gaussians: Gaussians, camera: Camera, things: list[dict[str, Any]], rasterizer: Rasterizer
) -> None:
    small = camera.with_side(PICTURE_PX)
    drawn = draw(rasterizer, drawable_from(gaussians.to(rasterizer.device), small), small).rgb
    write_png(file, _numbered(as_bytes(drawn.cpu().numpy()), small, things))


def _numbered(picture: UInt8[np.ndarray, "h w 3"], camera: Camera, things: list[dict[str, Any]]) -> np.ndarray:
    """With each thing's number on it, white in black; of those that the camera sees."""
    picture = np.ascontiguousarray(picture)
    for thing in things:
        (at,), (z,) = camera.project(np.array([thing["centre"]]))
        if z > 0 and (at >= 0).all() and (at < (camera.width, camera.height)).all():
            for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
                place = (round(float(at[0])) - 6, round(float(at[1])) + 6)
                cv2.putText(picture, str(thing["id"]), place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, width, cv2.LINE_AA)
    return picture
