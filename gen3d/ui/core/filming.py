"""Another video of a scene that is there: along another path, of another length, size or rate. Nothing is built anew.

A visitor's own scene is filmed where it lies. That of an example, which is everybody's, is linked into a job of the
visitor's first.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen3d.errors import InputError
from gen3d.scene_files import SceneFiles
from gen3d.settings import PRESETS, TourSettings, tour_checked
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Job, Visits
from gen3d.ui.core.parse import Number
from gen3d.video_table import VIDEOS

FRAMES = (12, 600)
FPS = (12, 60)
WIDTHS_PX = (160, 1920)


LATER: dict[str, Any] = {"kind": "video", "shape": "photo", "strength": 0}
"""What /another_video took on later -> the value for calls that do not know it."""


def kind_choices() -> list[tuple[str, str]]:
    """(words, name) of the kinds of video."""
    return [(f"{row.title}: {row.for_whom}", row.name) for row in VIDEOS]


def tour_settings(
    seconds: Number | None, fps: Number | None, width_px: Number | None, kind: str = "video", shape: str = "photo",
    strength: Number | None = 0,
) -> TourSettings:  # fmt: skip
    """The video's settings; an odd width becomes the even one below. Raises InputError beyond the bounds.

    strength: 0 or None is as far as the scene holds.
    """
    fps = round(_within("A rate of {} frames per second", fps, FPS))
    width_px = round(_within("A width of {} pixels", width_px, WIDTHS_PX))
    least, most = (frames / fps for frames in FRAMES)
    seconds = _within(f"A length of {{}} seconds at {fps} frames per second", seconds, (least, most))
    moves = float(strength) if strength else None
    return tour_checked(TourSettings(round(seconds * fps), fps, width_px // 2 * 2, kind, shape, moves))


def scene_of(visits: Visits, gallery: Gallery, visitor: str, name: str | None) -> Path:
    """The folder of a finished scene.

    name: of a job of the visitor's, or of an example's folder. Raises InputError when there is no such job, or no scene
    in it.
    """
    if not name:
        raise InputError("There is no scene yet.", "Build one first, or click an example.")
    if example := gallery.ready(name):
        return gallery.folder_of(example)
    folder = visits.find(visitor, name).folder / "grow"
    if not SceneFiles(folder).run.exists():
        raise InputError("This scene is not finished.", "Build it to its end first.")
    return folder


def own_job(visits: Visits, gallery: Gallery, visitor: str, name: str | None) -> Job:
    """The visitor's job of that name with a finished scene in it, or one that links to the example of that name.

    name, errors: as `scene_of` has them.
    """
    scene = scene_of(visits, gallery, visitor, name)
    if example := gallery.ready(scene.name):
        return _linked(scene, visits.begin(visitor, example.request, PRESETS["fast"]))
    return visits.find(visitor, scene.parent.name)


def job_to_film(visits: Visits, gallery: Gallery, visitor: str, name: str | None, path: str, tour: TourSettings) -> Job:
    """The same, to be filmed like this. path: as `asked.path_of` gives it."""
    job = own_job(visits, gallery, visitor, name)
    return replace(job, request=replace(job.request, path=path), settings=replace(job.settings, tour=tour))


def _within(what: str, value: Number | None, bounds: tuple[Number, Number]) -> Number:
    least, most = bounds
    if value is None or not least <= value <= most:
        given = "nothing" if value is None else f"{value:g}"
        raise InputError(f"{what.format(given)} is not possible.", f"Use {least:g} to {most:g}.")
    return value


def _linked(scene: Path, job: Job) -> Job:
    """The job, with links to an example's files in it, but for what would be made anew or is not needed."""
    left_out = shutil.ignore_patterns(*(row.file for row in VIDEOS), "more")
    shutil.copytree(scene.resolve(), job.folder / "grow", ignore=left_out, copy_function=_link)
    return job


def _link(file: str, link: str) -> None:
    """A scene takes 84 MB, which a visitor could have copied each time. Links lead to other disks as well."""
    try:
        os.symlink(file, link)
    except OSError:  # on Windows it needs a right
        shutil.copy2(file, link)
