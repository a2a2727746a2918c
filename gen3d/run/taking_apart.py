"""Things of a finished scene taken apart, or made one again, as a program or a visitor asks.

What was built stays: things.json beside scene.ply tells the change (`products/relabel.py`), and the viewer's files are
told of it. Edits that were made before keep their meaning, as they mean things by numbers: copies keep those they had,
parts get numbers that nobody has, and a thing that was moved is not taken apart, as its parts would not follow.
`direct.take_back` undoes it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.edits import free_number
from gen3d.errors import InputError
from gen3d.formats.edits_file import Edits, write_edits
from gen3d.formats.html import write_html
from gen3d.formats.things_file import camera_of
from gen3d.formats.view import retell_view
from gen3d.formats.whole import refusing
from gen3d.products.relabel import merge, relabelled, split, split_into_parts
from gen3d.run.acts import remembered
from gen3d.run.direct import edits_of, number_of
from gen3d.run.edit import Built, built_in
from gen3d.scene_files import SceneFiles

LEAVES = ("rename", "hide", "show")
"""Edits that leave a thing where and how it was. Hiding and a name stay with the part that keeps the number."""


def take_apart(scene: Path, thing: str, outlines: Any = None) -> None:
    """Makes each part of a thing one of its own, or what of it lies within outlines in the photo's view.

    thing: a name, or a number in digits. outlines: lists of corners in the photo's pixels, or {"polygons", "camera"} as
    things.json has them of another view; None or none of them: the parts are found. Raises InputError for a thing that
    is not there or was edited, and for one without parts.
    """
    built, (drawn, camera) = built_in(scene), _drawn(outlines or [])
    edits = _pinned(edits_of(built), _numbers(built))
    number = _untouched(built, edits, thing)
    taken = {edit.new for edit in (*edits.done, *edits.undone) if edit.new is not None}
    _keep(built, edits)
    with remembered(built.files, len(edits.done)):
        if outlines:
            retell(built.files, split(built.files, number, drawn, camera, taken=taken))
        else:
            retell(built.files, split_into_parts(built.files, number, taken))


def put_together(scene: Path, things: Any) -> None:
    """Makes one of several things, under the number and the name of the first; InputError as `take_apart`."""
    built = built_in(scene)
    known = _numbers(built)
    edits = _pinned(edits_of(built), known)
    if not isinstance(things, list) or len(things) > len(known):
        raise InputError("This is no list of things of this scene.", "Give two or more of them, as [1, 3].")
    numbers = [_untouched(built, edits, str(one), LEAVES if n == 0 else ()) for n, one in enumerate(things)]
    _keep(built, edits)
    with remembered(built.files, len(edits.done)):
        retell(built.files, merge(built.files, numbers))


def _drawn(outlines: Any) -> tuple[list[Float[np.ndarray, "c 2"]], Camera | None]:
    """Outlines as a client sent them, and in whose view; None is the photo's."""
    with refusing("These are no outlines.", "Give corners in the photo's pixels, as [[[10, 20], [90, 20], [50, 80]]]."):
        camera = camera_of(outlines) if isinstance(outlines, dict) else None
        drawn = [np.array(outline, np.float64) for outline in (outlines["polygons"] if camera else outlines)]
        if not all(one.ndim == 2 and one.shape[1] == 2 and np.isfinite(one).all() for one in drawn):
            raise ValueError("corners are two numbers each")
        return drawn, camera


def _numbers(built: Built) -> list[int]:
    return [thing["id"] for thing in built.things["things"]]


def _pinned(edits: Edits, numbers: Collection[int]) -> Edits:
    """With the number of every copy said, which otherwise is the next that is free."""
    taken, pinned = set(numbers), []
    for place, edit in enumerate((*edits.done, *edits.undone), 1):
        if edit.op in ("duplicate", "bring in"):
            edit = replace(edit, new=free_number(edit, taken, place))
            taken.add(edit.new)
        pinned.append(edit)
    return Edits(tuple(pinned[: len(edits.done)]), tuple(pinned[len(edits.done) :]))


def _untouched(built: Built, edits: Edits, thing: str, leaves: Collection[str] = LEAVES) -> int:
    number, said = number_of(built, thing), thing[:40]
    if number not in _numbers(built):
        raise InputError(f"{said} is no thing that was built here.", "Take one that was, by its number or its name.")
    if any(edit.thing == number and edit.op not in leaves for edit in (*edits.done, *edits.undone)):
        raise InputError(f"{said} was edited, and not all of it would follow.", "Undo what was done to it first.")
    return number


def _keep(built: Built, edits: Edits) -> None:
    """Edits whose numbers are said; without any there is no file, as before."""
    if edits != edits_of(built):
        write_edits(built.files.edits, edits)


def retell(files: SceneFiles, things: dict[str, Any]) -> None:
    """What the viewer's files of a scene say of its things, by now. things: as in things.json."""
    changes: Sequence[dict[str, Any]] = things["changes"]
    for file in (files.view, files.light_view):
        if file.is_file():
            retell_view(file, things, lambda gaussians, heard: relabelled(gaussians, changes[heard:]))
    if files.html.is_file() and files.view.is_file():
        write_html(files.html, files.view)
