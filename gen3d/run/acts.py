"""What a scene was before its things were taken apart or put together, so that this is undone to the byte.

Each of the last acts has a folder in `before/`: the files that it replaced, as links, since whoever writes such a file
puts a new one in its place; and in act.json how many edits there were then, and how many changes after it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gen3d.edits import Edit
from gen3d.formats.html import write_html
from gen3d.formats.things_file import read_things
from gen3d.formats.whole import refusing, write_whole
from gen3d.scene_files import SceneFiles

MOST = 10
"""Acts that are kept; older ones stay done. Each takes the room of the viewer's files, 8 MB of 340,000 Gaussians."""
TOLD = "act.json"
NUMBERING = ("duplicate", "bring in")


@dataclass(frozen=True, slots=True)
class Act:
    """One that may be undone."""

    folder: Path
    edits: int
    """How many there were."""
    changes: int
    """Of things.json, after it."""

    def is_due(self, edits: Sequence[Edit]) -> bool:
        """Whether it is the last that was done: no edit came after it, or means a thing that was not there before."""
        if len(edits) > self.edits or any(edit.op in NUMBERING and edit.new is None for edit in edits):
            return False
        known = {thing["id"] for thing in self.things()["things"]} | {edit.new for edit in edits}
        return all(edit.op == "bring in" or edit.thing in known for edit in edits)

    def things(self) -> dict:
        """What things.json said before."""
        return read_things(self.folder / "things.json")


@contextmanager
def remembered(files: SceneFiles, edits: int) -> Iterator[None]:
    """Keeps what the block replaces, unless it fails. edits: how many there are."""
    kept = [act.folder for act in acts_of(files)]
    for folder in _folders(files):
        if folder not in kept:
            shutil.rmtree(folder)
    folder = files.before / f"{int(kept[-1].name) + 1 if kept else 1:04d}"
    folder.mkdir(parents=True)
    try:
        for file in _replaced(files):
            _link(file, folder / file.name)
        yield
        told = {"edits": edits, "changes": len(read_things(files.things)["changes"])}
        with write_whole(folder / TOLD) as temporary:
            temporary.write_text(json.dumps(told))
    except BaseException:
        _forget(files, [folder])
        raise
    _forget(files, [*kept, folder][:-MOST])


def acts_of(files: SceneFiles) -> list[Act]:
    """Those that may be undone, the last one last. Where somebody changed the things since, none before may."""
    acts, changes = [], len(read_things(files.things)["changes"])
    for folder in reversed(_folders(files)):
        if not (folder / TOLD).is_file():
            break
        with refusing(f"{folder.name}/{TOLD} cannot be read: it is damaged.", "Take the folder before/ away."):
            told = json.loads((folder / TOLD).read_text())
            act = Act(folder, int(told["edits"]), int(told["changes"]))
        if act.changes != changes:
            break
        acts.append(act)
        changes = len(act.things()["changes"])
    return acts[::-1]


def undo_acts(files: SceneFiles, acts: Sequence[Act]) -> None:
    """Puts back what was there before the first of them."""
    if not acts:
        return
    for file in _replaced(files):
        if (acts[0].folder / file.name).exists():
            os.replace(acts[0].folder / file.name, file)
    if files.html.is_file() and files.view.is_file():
        write_html(files.html, files.view)
    _forget(files, [act.folder for act in acts])


def _replaced(files: SceneFiles) -> list[Path]:
    return [file for file in (files.view, files.light_view, files.things) if file.is_file()]


def _folders(files: SceneFiles) -> list[Path]:
    return sorted(files.before.iterdir()) if files.before.is_dir() else []


def _forget(files: SceneFiles, folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    if files.before.is_dir() and not any(files.before.iterdir()):
        files.before.rmdir()


def _link(there: Path, here: Path) -> None:
    """Of an example's scene, a link may lead to the file itself."""
    try:
        os.link(there.resolve(), here)
    except OSError:  # not every file system has links
        shutil.copyfile(there, here)
