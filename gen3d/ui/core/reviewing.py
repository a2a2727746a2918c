"""What happens when a visitor changes the layers of a paused job: each change is made to the looked folder at once.

So whoever goes on, from the page or through the API, goes on with what is shown; and nothing runs, or waits for its
turn with the engine, while a visitor thinks.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.whole import write_whole
from gen3d.request import Flip, Region, Review, Reviewed
from gen3d.ui.core.jobs import Job, Visits
from gen3d.ui.core.parse import Number
from gen3d.ui.core.steps import Steps

MOST_FLIPS = 200
SKY = "That is sky, which is behind everything: it cannot come to the front."
NEAR, FAR = 25.0, 60.0
"""Regions are called near or far when less or more of the picture, in percent, is nearer."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A job that waits for its visitor, and how its layers stand."""

    job: str
    review: Review
    regions: tuple[Region, ...]
    size_px: tuple[int, int]
    """Width and height of the picture on the page."""
    picture: Path
    said: str = ""
    """What the last change came to."""


class Reviewing:
    """Changes layers for whoever asks; one change at a time, as each begins with what the one before left."""

    def __init__(self, steps: Steps, visits: Visits) -> None:
        self._steps, self._visits, self._lock = steps, visits, threading.Lock()

    def review(self, job: str, percentile: Number | None, flips: object, visitor: str) -> Paused:
        """The layers as a client wants them, all at once; flips: as it sent them in JSON, None for none."""
        wanted = Review(_percentile(percentile), _flips([] if flips is None else flips))
        return self._after(wanted, job, visitor)

    def opened(self, job: str | None, visitor: str) -> Paused | None:
        """How the layers of a job stand that waits; None where none waits, or where it is not this visitor's."""
        with suppress(InputError):
            if job and self._visits.find(visitor, job).waits:
                return self._after(Review(), job, visitor)
        return None

    def changed(self, paused: Paused, review: Review, visitor: str) -> Paused:
        """After a change; what cannot be is an error for people, and changes nothing."""
        return self._after(review, paused.job, visitor)

    def settled(self, job: str, visitor: str) -> Job:
        """The job, once no change of layers is under way; it waits no longer. Raises InputError where it did not."""
        found = self._visits.find(visitor, job)
        with self._lock:
            if not found.waits:
                raise InputError("Nothing waits for you here.", "Press Build.")
            found.wait(False)
        return found

    def give_up(self, visitor: str) -> bool:
        """The visitor's latest job waits no longer, and its layers are gone; whether it did wait."""
        job = self._visits.latest(visitor)
        waited = job is not None and job.waits
        if waited:
            job.wait(False)
            shutil.rmtree(job.folder / "look", ignore_errors=True)
        return waited

    def _after(self, review: Review, name: str, visitor: str) -> Paused:
        job = self._visits.find(visitor, name)
        if len(review.flips) > MOST_FLIPS:
            raise InputError(f"These are more than {MOST_FLIPS} flips.", "Undo some, or move the threshold.")
        if self._steps.review is None:
            raise InputError("The layers cannot be changed here.", "Go on without.")
        with self._lock, self._visits.working(visitor):
            reviewed = self._steps.review(review, job.settings, job.folder)
            picture = job.folder / "shown" / "layers.png"
            picture.parent.mkdir(exist_ok=True)
            with write_whole(picture) as temporary:
                Image.fromarray(reviewed.picture).save(temporary)
        height, width, _ = reviewed.picture.shape
        said = _said(review, reviewed)
        return Paused(name, reviewed.review, reviewed.regions, (width, height), picture, said)


def pointed_at(paused: Paused, x_px: Number, y_px: Number) -> Review:
    """With a flip of the thing at a pixel of the picture on the page."""
    width, height = paused.size_px
    return _with(paused.review, [Flip((x_px + 0.5) / width, (y_px + 0.5) / height, thing=True)])


def ticked(paused: Paused, numbers: Sequence[int]) -> Review:
    """With the regions of these numbers, from 1, in front, and the others behind."""
    pairs = [(region, number in numbers) for number, region in enumerate(paused.regions, 1)]
    return _with(paused.review, [Flip(region.x, region.y, front) for region, front in pairs if front != region.front])


def moved(paused: Paused, percentile: Number) -> Review:
    """With another threshold, and the flips that were made."""
    return replace(paused.review, depth_percentile=_percentile(percentile))


def undone(paused: Paused) -> Review:
    """Without the last flip."""
    return replace(paused.review, flips=paused.review.flips[:-1])


def name_of(number: int, region: Region) -> str:
    """As the list on the page has it: "1: left, near, 12 %"."""
    sides = [where for where, at in (("left", region.x < 1 / 3), ("right", region.x > 2 / 3)) if at]
    heights = [where for where, at in (("top", region.y < 1 / 3), ("bottom", region.y > 2 / 3)) if at]
    place = " ".join(heights + sides) or "middle"
    distance = "near" if region.depth_percentile < NEAR else "far" if region.depth_percentile > FAR else "midway"
    return f"{number}: {place}, {distance}, {max(1, round(100 * region.share))} %"


def _with(review: Review, flips: list[Flip]) -> Review:
    return replace(review, flips=(*review.flips, *flips))


def _said(asked: Review, reviewed: Reviewed) -> str:
    if len(reviewed.review.flips) < len(asked.flips):
        return SKY
    flips = len(reviewed.review.flips)
    return f"{100 * reviewed.share:.0f} % of the picture is in front; {flips} flip{'' if flips == 1 else 's'}."


def _percentile(given: Number | None) -> float | None:
    if given is not None and not 0 <= given <= 100:
        raise InputError(f"{given:g} is not a percentile.", "Use 0 to 100.")
    return None if given is None else float(given)


def _flips(given: object) -> tuple[Flip, ...]:
    """Of what a client sent as JSON."""
    remedy = "Give [[x, y], ...] with x and y from 0 to 1, or [x, y, side] or [x, y, side, thing], each true or false."
    if not isinstance(given, list):
        raise InputError("This is no list of flips.", remedy)
    return tuple(_flip(flip, remedy) for flip in given)


def _flip(given: Any, remedy: str) -> Flip:
    match given:
        case [float() | int() as x, float() | int() as y, *side] if 0 <= x <= 1 and 0 <= y <= 1:
            match side:
                case []:
                    return Flip(float(x), float(y))
                case [bool() | None as front]:
                    return Flip(float(x), float(y), front)
                case [bool() | None as front, bool() as thing]:
                    return Flip(float(x), float(y), front, thing)
    raise InputError(f"{str(given)[:40]} is no flip.", remedy)
