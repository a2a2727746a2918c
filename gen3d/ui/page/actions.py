"""What happens when something on the page is pressed, or called through the API.

Each action streams tuples of component values: to the page what is new in them, to a client always all, and how it
stands in plain values. The three
steps of one job may be called one by one (`look`, then `grow`, then `tour`, which names the job) or in a row (`build`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from gen3d.stage_table import STEPS
from gen3d.ui.core import words
from gen3d.ui.core.asked import path_of, request_of, settings_of
from gen3d.ui.core.blamed import Blamed
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.filming import job_to_film, tour_settings
from gen3d.ui.core.gallery import Example, Gallery
from gen3d.ui.core.jobs import Job, Visits
from gen3d.ui.core.parse import Number
from gen3d.ui.core.progress import Shown
from gen3d.ui.core.reviewing import Paused, Reviewing
from gen3d.ui.core.running import Running
from gen3d.ui.core.steps import Failure, Steps
from gen3d.ui.core.turns import Turn, unhurried
from gen3d.ui.page.another_video import FILMED, FILMED_SHOWN, until_there
from gen3d.ui.page.errors import heard, told_to_visitors
from gen3d.ui.page.sending import (
    BUILT,
    GROWN,
    LOOKED,
    NOBODY,
    TOURED,
    Values,
    all_values,
    changes,
    is_agent,
    is_page,
    plainly,
    sent,
    visitor_of,
)
from gen3d.ui.page.showcase import finished, opened, shown_again, when_ready


class Actions:
    """The page's actions over the steps, for any number of visitors.

    turn: how long a visitor may have the engine, from now on.
    """

    def __init__(
        self, steps: Steps, visits: Visits, gallery: Gallery, expected: Expected,
        turn: Callable[[str], Turn] = unhurried,
    ) -> None:  # fmt: skip
        self.steps, self.visits, self.gallery = steps, visits, gallery
        self._running = Running(heard(steps), visits, expected, turn)
        self.reviewing = Reviewing(heard(steps), visits)
        self._blamed: dict[str, Blamed | None] = {}

    def visitor(self, request: gr.Request, job: str | None = None) -> str:
        """Who asks, and of an agent, who has no page: whoever knows the job."""
        return self.visits.agent(job) if is_agent(request) else visitor_of(request)

    def build(self, values: Mapping[str, Any], request: gr.Request) -> Iterator[Values]:
        """Make a scene from a photo, a photo with depth, or a sentence: look, grow and tour in a row.

        Streams (progress, depth, layers, background, new views, scene for Gradio's viewer, video, files, seed, job,
        scene for the page's own viewer: first the points, then what was fitted).
        """
        yield from self._sent(request, self._built(values, request), plainly(BUILT))

    def build_shown(self, values: Mapping[str, Any], request: gr.Request) -> Iterator[Values]:
        """The same for the page."""
        yield from self._sent(request, self._built(values, request), BUILT)

    def go_on(self, paused: Paused, request: gr.Request) -> Iterator[Values]:
        """The rest of a scene whose layers were reviewed."""
        visitor = visitor_of(request)
        run = self._running.run(STEPS[1:], visitor, lambda: self.reviewing.settled(paused.job, visitor))
        yield from self._sent(request, run, BUILT)

    def look(self, values: Mapping[str, Any], request: gr.Request) -> Iterator[Values]:
        """The first step: depth and layers. Takes what /build takes; streams (progress, depth, layers, seed, job)."""
        yield from self._sent(request, self._begun(("look",), values, request), LOOKED)

    def grow(self, job: str, request: gr.Request) -> Iterator[Values]:
        """The second step: the scene behind and around.

        Streams (progress, background, new views, scene, files, viewer).

        Args:
            job: what /look gave back.
            request: who asks; given by Gradio.
        """
        visitor = visitor_of(request)
        run = self._running.run(("grow",), visitor, lambda: self.visits.find(visitor, job))
        yield from self._sent(request, run, GROWN)

    def tour(self, job: str, path: str, request: gr.Request) -> Iterator[Values]:
        """The third step: a video of a grown scene. Streams (progress, video, files).

        Args:
            job: what /look gave back, after /grow.
            path: the camera path.
            request: who asks; given by Gradio.
        """
        visitor = visitor_of(request)
        run = self._running.run(("tour",), visitor, lambda: self._on_path(visitor, job, path))
        yield from self._sent(request, run, TOURED)

    def another_video(
        self, job: str | None = None, path: str = "wander", transforms: str | None = None, seconds: Number | None = 4,
        fps: Number | None = 24, width_px: Number | None = 640, kind: str = "video", shape: str = "photo",
        strength: Number | None = 0, request: gr.Request = NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """Another video of a scene that was built. Streams (progress, video, files, job); a boomerang is in the files.

        Args:
            job: what /build or /grow worked on, or what this gave back.
            path: the camera path.
            transforms: a nerfstudio transforms.json: a camera path of your own, instead of path.
            seconds: how long it is; at most 600 frames.
            fps: frames per second, 12 to 60.
            width_px: 160 to 1920; of vr180 for each eye.
            kind: video, webp, gif (both there and back), side-by-side, anaglyph, vr180 or depth.
            shape: photo, 16:9, 9:16 or 1:1, cut out of the photo's frame.
            strength: how far the path moves, up to 2; 0 is as far as the scene has no holes.
            request: who asks; given by Gradio.
        """
        given = (job, path, transforms, seconds, fps, width_px, kind, shape, strength)
        yield from self._sent(request, self._filmed(visitor_of(request), *given), plainly(FILMED))

    def filmed(
        self, visitor: str, job: str | None, asked: Sequence[Any], request: gr.Request
    ) -> Iterator[Values]:
        """The same for a visitor as `visitor` tells; asked: path, transforms and so on, in its order."""
        yield from self._sent(request, self._filmed(visitor, job, *asked), plainly(FILMED))

    def another_video_shown(
        self, job: str | None, path: str, transforms: str | None, seconds: Number | None, fps: Number | None,
        width_px: Number | None, kind: str, shape: str, strength: Number | None, request: gr.Request,
    ) -> Iterator[Values]:  # fmt: skip
        """The same for the page, on which the video from before stays until the new one is there."""
        given = (job, path, transforms, seconds, fps, width_px, kind, shape, strength)
        yield from self._sent(request, self._filmed(visitor_of(request), *given), FILMED_SHOWN, until_there)

    def _filmed(
        self, visitor: str, job: str | None, path: str, transforms: str | None, *tour: Number | str | None
    ) -> Iterator[Shown]:
        """tour: what `tour_settings` takes."""

        def begin() -> Job:
            chosen = path_of(path, transforms, self.steps.paths)
            return job_to_film(self.visits, self.gallery, visitor, job, chosen, tour_settings(*tour))

        return self._running.run(("tour",), visitor, begin)

    def say_enough(self, request: gr.Request) -> str:
        """Ask the running scene to finish with what exists: fewer views, fewer steps of the fit, a shorter video."""
        job = self.visits.latest(visitor_of(request))
        if job:
            job.say_enough()
        told = words.ENOUGH if job else words.NOTHING_RUNS
        gr.Info(told)
        return told

    def cancelled(self, request: gr.Request) -> tuple[Values, bool]:
        """Nothing waits any more: what was on show before, as OPENED, and whether anything did wait."""
        waited = self.reviewing.give_up(visitor_of(request))
        return shown_again(self.visits.on_show(visitor_of(request))), waited

    def blamed(self, request: gr.Request) -> Blamed | None:
        """Which input was to blame for the last failure; told once."""
        return self._blamed.pop(visitor_of(request), None)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.blamed(request)
        self.visits.leave(visitor_of(request))

    def open_page(self, request: gr.Request) -> Values:
        """What the page begins with, as OPENED: an example; nothing new where more was asked for meanwhile."""
        visitor = visitor_of(request)
        values, shown = opened(self.gallery)
        if self.visits.latest(visitor):
            return tuple(gr.skip() for _ in values)
        if shown:
            self.visits.show_first(visitor, shown.job, shown)
        return values

    def may_open(self, request: gr.Request) -> bool:
        """Whether a visitor has asked for nothing yet, and sees no finished example."""
        before = self.visits.on_show(visitor_of(request))
        return self.visits.latest(visitor_of(request)) is None and (before is None or not before.job)

    def show_example(self, index: int, request: gr.Request) -> Iterator[Values]:
        """The finished scene of an example, as soon as there is one."""
        yield from self._example(self.gallery.examples[index], request)

    def _example(self, example: Example, request: gr.Request) -> Iterator[Values]:
        yield from changes(when_ready(self.gallery, example), BUILT)
        shown = finished(self.gallery, example)
        self.visits.show(visitor_of(request), shown.job, shown)

    def show_sentence(self, index: int, request: gr.Request) -> Iterator[Values]:
        """The finished scene of a sentence to begin with; where it is not there yet, that Build makes it now."""
        example = self.gallery.sentences[index]
        if self.gallery.is_ready(example):
            yield from self._example(example, request)
        else:
            soon = words.sentence_soon(example.title, self.gallery.is_coming(example))
            yield tuple(soon if name == "status" else gr.skip() for name in BUILT)

    def _sent(
        self, request: gr.Request, run: Iterator[Shown], outputs: Sequence[str],
        on_the_page: Callable[[Iterator[Values]], Iterator[Values]] = iter,
    ) -> Iterator[Values]:  # fmt: skip
        """What is shown of a run, to whoever asks; its failure as a gr.Error. on_the_page: changes what a page gets."""
        values = all_values(run, outputs)
        with told_to_visitors():
            try:
                yield from sent(request, on_the_page(values) if is_page(request) else values, outputs)
            except Failure as failure:
                if is_page(request):
                    self._blamed[visitor_of(request)] = failure.blamed
                raise

    def _built(self, values: Mapping[str, Any], request: gr.Request) -> Iterator[Shown]:
        review = values["review"]
        return self._begun(("look",) if review else STEPS, values, request, pausing=review)

    def _begun(
        self, names: Sequence[str], values: Mapping[str, Any], request: gr.Request, pausing: bool = False
    ) -> Iterator[Shown]:
        """These steps of a new job, made from the values of FIELDS; nothing is checked before it runs."""
        visitor = self.visitor(request)

        def begin() -> Job:
            asked = request_of(values, self.steps.paths)
            return self.visits.begin(
                visitor, asked, settings_of(values["preset"], values["size_px"], values["rule"])
            )

        return self._running.run(names, visitor, begin, values["seed"], pausing)

    def _on_path(self, visitor: str, name: str, path: str) -> Job:
        job = self.visits.find(visitor, name)
        return replace(job, request=replace(job.request, path=path_of(path, None, self.steps.paths)))
