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

import gradio as gr
from PIL import Image

from gen3d.errors import InputError
from gen3d.formats.whole import write_whole
from gen3d.request import Flip, Region, Review, Reviewed
from gen3d.ui.asked import Number
from gen3d.ui.jobs import Job, Visits
from gen3d.ui.sending import NOBODY, visitor_of
from gen3d.ui.steps import Steps, told_to_visitors

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

    def review(
        self, job: str, percentile: Number | None = None, flips: Any = None, request: gr.Request = NOBODY
    ) -> tuple[str, list, list]:
        """Choose otherwise what stands in front, after /look and before /grow. Gives (picture, flips, regions).

        Args:
            job: what /look gave back.
            percentile: everything nearer than this percentile of depth is foreground (eq. 2); empty: as /look chose.
            flips: places that change sides, [[x, y], ...] as shares of width and height, or [x, y, true] for
                those that go to the front and [x, y, false] for those that go behind. All at once: each call begins
                anew, and without flips and percentile it restores what /look chose.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            paused = self._after(Review(_percentile(percentile), _flips([] if flips is None else flips)), job, request)
        regions = [{"x": r.x, "y": r.y, "share": r.share, "depth_percentile": r.depth_percentile, "front": r.front}
                   for r in paused.regions]  # fmt: skip
        return str(paused.picture), [[f.x, f.y, f.front] for f in paused.review.flips], regions

    def opened(self, job: str | None, request: gr.Request) -> Paused | None:
        """How the layers of a job stand that waits; None where none waits, or where it is not this visitor's."""
        with suppress(InputError):
            if job and self._visits.find(visitor_of(request), job).waits:
                return self._after(Review(), job, request)
        return None

    def changed(self, paused: Paused, review: Review, request: gr.Request) -> Paused:
        """After a change; what cannot be is an error for people, and changes nothing."""
        with told_to_visitors():
            return self._after(review, paused.job, request)

    def settled(self, job: str, request: gr.Request) -> Job:
        """The job, once no change of layers is under way; it waits no longer. Raises InputError where it did not."""
        found = self._visits.find(visitor_of(request), job)
        with self._lock:
            if not found.waits:
                raise InputError("Nothing waits for you here.", "Press Build.")
            found.wait(False)
        return found

    def give_up(self, request: gr.Request) -> None:
        """The visitor's latest job waits no longer, and its layers are gone."""
        job = self._visits.latest(visitor_of(request))
        if job and job.waits:
            job.wait(False)
            shutil.rmtree(job.folder / "look", ignore_errors=True)

    def _after(self, review: Review, name: str, request: gr.Request) -> Paused:
        visitor = visitor_of(request)
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
    """With a flip at a pixel of the picture on the page."""
    width, height = paused.size_px
    return _with(paused.review, [Flip((x_px + 0.5) / width, (y_px + 0.5) / height)])


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
    remedy = "Give [[x, y], ...] with x and y from 0 to 1, or [x, y, true or false]."
    if not isinstance(given, list):
        raise InputError("This is no list of flips.", remedy)
    return tuple(_flip(flip, remedy) for flip in given)


def _flip(given: Any, remedy: str) -> Flip:
    match given:
        case [float() | int() as x, float() | int() as y, *side] if 0 <= x <= 1 and 0 <= y <= 1:
            match side:
                case []:
                    return Flip(float(x), float(y))
                case [bool() as front]:
                    return Flip(float(x), float(y), front)
    raise InputError(f"{str(given)[:40]} is no flip.", remedy)
