"""What is done to the things of a finished scene for whoever asks; one change at a time.

The scene of an example is everybody's: it is linked into a job of the caller's first, which goes on from there.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gen3d.errors import InputError
from gen3d.scene_files import SceneFiles
from gen3d.ui.core.filming import own_job
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Job, Visits
from gen3d.ui.core.parse import Number
from gen3d.ui.core.steps import Brought, Direct

PICTURE, AIMED = "things.png", "aimed.json"
"""Names of files in the folder of a job."""


class Directed(NamedTuple):
    """How the things of a scene stand by now."""

    things: list[dict[str, Any]]
    picture: Path
    job: str
    """To go on with."""


class Directing:
    """Things of scenes, for any number of visitors."""

    def __init__(self, direct: Direct, visits: Visits, gallery: Gallery) -> None:
        self._direct, self._visits, self._gallery = direct, visits, gallery
        self._lock = threading.Lock()

    def things(self, visitor: str, job: str | None) -> Directed:
        """As they are. job: of the visitor's, or the name of an example. Raises InputError, as the others do."""
        return self._after(visitor, job, lambda scene: None)

    def edit(self, visitor: str, job: str | None, edits: Any) -> Directed:
        """After some more edits, as the client sent them: all of them or, with an error, none."""
        return self._after(visitor, job, lambda scene: self._direct.edit(scene, edits))

    def put(self, visitor: str, job: str | None, edits: Any) -> str:
        """With these edits in the place of all before. Gives the job to go on with."""
        own = own_job(self._visits, self._gallery, visitor, job)
        with self._lock, self._visits.working(visitor):
            self._direct.put(_scene(own), edits)
        return own.name

    def bring(
        self, visitor: str, job: str | None, asked: Mapping[str, Any], file: Path | None, picture: Path | None
    ) -> tuple[Directed, str]:
        """With something brought in, and what is to be told of it. file, picture: uploads of the visitor's."""
        told: list[str] = []

        def change(scene: Path) -> None:
            told.extend(self._bring(scene, asked, file, picture, None)[1])

        return self._after(visitor, job, change), " ".join(told)

    def bring_to_viewer(
        self, visitor: str, job: str | None, words: str, file: Path | None
    ) -> tuple[str, dict[str, Any], Path]:
        """(job to go on with, the edit, a file for the viewer), for a page that holds edits of its own."""
        own = own_job(self._visits, self._gallery, visitor, job)
        with self._lock, self._visits.working(visitor):
            view = own.folder / f"brought-{secrets.token_hex(4)}.view"
            edit, _ = self._bring(_scene(own), {"words": words} if words else {}, file, None, view)
        return own.name, edit, view

    def _bring(self, *asked: Any) -> Brought:
        if self._direct.bring is None:
            raise InputError("Nothing is brought in here.", "Use `gen3d edit`.")
        return self._direct.bring(*asked)

    def split(self, visitor: str, job: str | None, thing: str, outlines: Any = None) -> Directed:
        """With a thing taken apart: into its parts, or what lies within outlines and the rest."""
        return self._after(visitor, job, lambda scene: _offered(self._direct.split)(scene, thing, outlines))

    def merge(self, visitor: str, job: str | None, things: Any) -> Directed:
        """With several things made one."""
        return self._after(visitor, job, lambda scene: _offered(self._direct.merge)(scene, things))

    def parted_in_viewer(self, visitor: str, job: str | None, how: Any, edits: Any) -> tuple[str, Path]:
        """(job to go on with, its file for the viewer) with other things, for a page with edits of its own.

        how: {"split": a thing}, with "outlines" {"polygons", "camera"} what lies within those alone, {"merge": things},
        or {"undo": 1} of the last such. edits: those, as edits.json has them; they are kept with the job, since parts
        get numbers beside theirs.
        """
        own = own_job(self._visits, self._gallery, visitor, job)
        with self._lock, self._visits.working(visitor):
            self._direct.put(_scene(own), edits)
            self._part(_scene(own), how)
        return own.name, SceneFiles(_scene(own)).view

    def _part(self, scene: Path, how: Any) -> None:
        match how:
            case {"split": thing}:
                _offered(self._direct.split)(scene, str(thing), how.get("outlines"))
            case {"merge": things}:
                _offered(self._direct.merge)(scene, things)
            case {"undo": 1}:
                before = SceneFiles(scene).things.read_bytes()
                self._direct.undo(scene, 1)
                if SceneFiles(scene).things.read_bytes() == before:  # of older acts nothing is kept
                    raise InputError("What was done to the things can no longer be undone.", "Join or part them anew.")
            case _:
                raise InputError("This is no way to part things.", "Say split, merge or undo.")

    def undo(self, visitor: str, job: str | None, count: Number | None) -> Directed:
        """Without the last edits, things taken apart and put together."""
        if count is None or count != int(count):
            raise InputError(f"{count} is no number of edits.", "Give a whole number from 1 on.", "count")
        return self._after(visitor, job, lambda scene: self._direct.undo(scene, int(count)))

    def aimed(self, visitor: str, job: str | None, thing: str, side: str) -> tuple[str, Path]:
        """(job to go on with, camera path to where the thing is seen from that side)."""
        own = own_job(self._visits, self._gallery, visitor, job)
        with self._lock, self._visits.working(visitor):
            self._direct.aim(_scene(own), thing, side, own.folder / AIMED)
        return own.name, own.folder / AIMED

    def _after(self, visitor: str, job: str | None, change: Callable[[Path], None]) -> Directed:
        own = own_job(self._visits, self._gallery, visitor, job)
        with self._lock, self._visits.working(visitor):
            change(_scene(own))
            things = self._direct.things(_scene(own), own.folder / PICTURE)
        return Directed(things, own.folder / PICTURE, own.name)


def _offered(act: Callable[..., None] | None) -> Callable[..., None]:
    if act is None:
        raise InputError("Things are not taken apart here.", "Use `gen3d edit --parts`.")
    return act


def _scene(job: Job) -> Path:
    return job.folder / "grow"
