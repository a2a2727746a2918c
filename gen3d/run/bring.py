"""Things made for a finished scene, or found in a file, and kept beside it; or made for the length of one run.

What a folder keeps lies in `brought/`, under a name that follows from its content: `edits.json` names it, so the list
comes to the same again wherever the folder goes. What no edit names any more is taken away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.edits import Edit
from gen3d.errors import InputError
from gen3d.format_table import asked_for
from gen3d.formats.edits_file import Edits
from gen3d.formats.picture import read_picture
from gen3d.formats.scene_file import save_scene
from gen3d.formats.stored import StoredScene
from gen3d.formats.view import write_view
from gen3d.formats.whole import write_whole
from gen3d.models.base import Made, ObjectMaker
from gen3d.products.bringing import Find
from gen3d.products.brought import Alone, thing_of_surfaces
from gen3d.products.opened import AROUND
from gen3d.products.things import things_told
from gen3d.scene_files import SceneFiles

KEPT = re.compile(r"brought/[0-9a-f]{16}\.splats\.glb")
"""Names that a visitor's edits may give for a file."""
MOST_BROUGHT = 40
"""Things that are brought into one scene by visitors."""
MADE = "made/"
"""How the names of things begin that are not kept yet."""
LENS_DEG, SIZE_PX = 60.0, 256
FROM = np.eye(4)
FROM[1:3, 3] = (-0.5, -2.0)
"""Where the camera of a thing's own .view stands; nobody looks through it."""


def made_of(maker: ObjectMaker | None, words: str | None = None, picture: Path | None = None, seed: int = 0) -> Alone:
    """What somebody makes of words, or after a picture; InputError where nobody can."""
    if maker is None:
        raise InputError("Nobody here makes things of words.", "Bring in a file, or use the engine builtin.")
    seen = None if picture is None else read_picture(picture)
    made: Made = maker.make(words, seen, seed)
    alone = thing_of_surfaces(made.surfaces)
    size_m = made.size_m  # what a mesh's own unit is, its maker says
    return replace(alone, size_m=size_m, told=(*alone.told, *([made.told] if made.told else [])))


def with_made(edits: Sequence[Edit], maker: Callable[[], ObjectMaker | None], find: Find) -> tuple[list[Edit], Find]:
    """The edits, with a file for all words; and what finds that too. maker: called where there are words."""
    made: dict[str, Alone] = {}
    done = []
    for number, edit in enumerate(edits, 1):
        if edit.op == "bring in" and not edit.file:
            name = f"{MADE}{number}"
            made[name] = made_of(maker(), edit.words)
            edit = replace(edit, file=name, words="", name=edit.name or edit.words[:40])
        done.append(edit)
    return done, lambda name: made[name] if name in made else find(name)


def kept(folder: Path, alone: Alone) -> str:
    """The name of a file in `folder` that holds it, written where it is not there."""
    place = SceneFiles(folder).brought
    place.mkdir(exist_ok=True)
    temporary = place / ".new.splats.glb"
    try:
        save_scene(asked_for(temporary), temporary, StoredScene(alone.gaussians))
        name = f"brought/{hashlib.sha256(temporary.read_bytes()).hexdigest()[:16]}.splats.glb"
        with write_whole(folder / name) as whole:
            whole.write_bytes(temporary.read_bytes())
    finally:
        temporary.unlink(missing_ok=True)
    return name


def sweep_brought(files: SceneFiles, edits: Edits) -> None:
    """Takes away what no edit names, of those to be done again neither."""
    if not files.brought.is_dir():
        return
    named = {edit.file for edit in (*edits.done, *edits.undone)}
    for file in files.brought.iterdir():
        if f"brought/{file.name}" not in named:
            file.unlink()
    if not any(files.brought.iterdir()):
        files.brought.rmdir()


def check_kept(edits: Sequence[Edit], folder: Path) -> None:
    """Of edits that a visitor sent; folder: of the scene.

    Raises InputError where one names a file that is not kept beside the scene, or too many bring something in.
    """
    bringing = [edit for edit in edits if edit.op == "bring in"]
    for edit in bringing:
        if edit.file and not (KEPT.fullmatch(edit.file) and (folder / edit.file).is_file()):
            raise InputError(
                f"{edit.file[:60]!r} is no file of this scene.", "Upload it with bring_in, or by the button Bring in."
            )
    if len(bringing) > MOST_BROUGHT:
        raise InputError(f"More than {MOST_BROUGHT} things would be brought into this scene.", "Undo some first.")


def keep_made(folder: Path, edits: Sequence[Edit], find: Find) -> list[Edit]:
    """The edits, whatever was made for them kept beside the scene."""
    return [replace(e, file=kept(folder, find(e.file))) if e.file.startswith(MADE) else e for e in edits]


def write_for_viewer(file: Path, alone: Alone, name: str) -> None:
    """A .view of a thing as it stands by itself, and what the viewer needs to know of it."""
    g = replace(alone.gaussians, things=torch.ones(len(alone.gaussians), dtype=torch.int32))
    camera = Camera.from_fov(LENS_DEG, SIZE_PX, SIZE_PX).posed(FROM)
    told = things_told(g, camera, None, {1: name})
    told["things"][0] |= {"foot": [0.0, 0.0, 0.0], "footprint": alone.footprint.tolist()}
    write_view(file, g, camera, -float(FROM[2, 3]), AROUND, name, things=told)
