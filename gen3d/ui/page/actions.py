"""What happens when something on the page is pressed, or called through the API.

Each action streams tuples of component values: to the page what is new in them, to a client always all. The three
steps of one job may be called one by one (`look`, then `grow`, then `tour`, which names the job) or in a row (`build`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import gradio as gr

from gen3d.ui.core import words
from gen3d.ui.core.asked import DepthWords, Number, path_of, request_of, settings_of
from gen3d.ui.core.blamed import Blamed
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.filming import job_to_film, tour_settings
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Job, Visits
from gen3d.ui.core.progress import Shown
from gen3d.ui.core.reviewing import Paused, Reviewing
from gen3d.ui.core.running import STEPS, Running
from gen3d.ui.core.steps import Failure, Steps
from gen3d.ui.core.turns import Turn, unhurried
from gen3d.ui.page.another_video import FILMED, until_there
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
    is_page,
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

    def build(
        self, photo: str | None = None, depth: str | None = None, prompt: str | None = None, tab: str = "any",
        preset: str = "fast", path: str = "wander", seed: Number | None = None, fov_deg: Number | None = None,
        units_per_metre: Number | None = None, size_px: Number | None = None, rule: str = "occlusion",
        transforms: str | None = None, left: str | None = None, right: str | None = None, up: str | None = None,
        down: str | None = None, review: bool = False, depth_kind: str = "auto", depth_channel: str | None = None,
        turn_depth: str = "auto", own_depth: str = "use", request: gr.Request = NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """Make a scene from a photo, a photo with depth, or a sentence: look, grow and tour in a row.

        Streams (status, depth, layers, background, new views, scene for Gradio's viewer, video, files, seed, job,
        scene for the page's own viewer: first the points, then what was fitted).

        Args:
            photo: the photo, as PNG, JPEG, WebP or HEIC.
            depth: its depth: 16-bit PNG, .npy, .npz, float TIFF or EXR.
            prompt: what the photo shows, or, without a photo, the sentence to draw.
            tab: which inputs count: photo, depth, text, or any for what is given.
            preset: fast, balanced or quality.
            path: the camera path of the video.
            seed: a whole number; empty draws one.
            fov_deg: field of view along the longer side in degrees; empty takes it from the photo or guesses.
            units_per_metre: of the depth file; empty: 1000 for integers, and floats are metres.
            size_px: longer side to work at; empty takes the preset's.
            rule: how layers are split: occlusion or paper.
            transforms: a nerfstudio transforms.json: a camera path of your own, instead of path.
            left: what is to be seen in the views to the left, where it differs from prompt.
            right: the same to the right.
            up: the same above.
            down: the same below.
            review: end with the layers, for /review; /grow and /tour then go on.
            depth_kind: what the numbers of the depth file are: metric, inverse, disparity, or auto for what it says.
            depth_channel: the array, channel or page of the depth file to take, where its names leave that open.
            turn_depth: whether the depth file is turned as EXIF turns the photo: yes, no, auto where it fits only so.
            own_depth: use, or ignore, depth that a portrait photo carries in itself.
            request: who asks; given by Gradio.
        """
        begin = self._beginning(
            request, photo, depth, prompt, tab, path, seed, fov_deg, units_per_metre, (preset, size_px, rule),
            (left, right, up, down), transforms, (depth_kind, depth_channel, turn_depth, own_depth),
        )  # fmt: skip
        run = self._running.run(("look",) if review else STEPS, visitor_of(request), begin, seed, pausing=review)
        yield from self._sent(request, run, BUILT)

    def go_on(self, paused: Paused, request: gr.Request) -> Iterator[Values]:
        """The rest of a scene whose layers were reviewed."""
        visitor = visitor_of(request)
        run = self._running.run(STEPS[1:], visitor, lambda: self.reviewing.settled(paused.job, visitor))
        yield from self._sent(request, run, BUILT)

    def look(
        self, photo: str | None = None, depth: str | None = None, prompt: str | None = None, tab: str = "any",
        preset: str = "fast", path: str = "wander", seed: Number | None = None, fov_deg: Number | None = None,
        units_per_metre: Number | None = None, size_px: Number | None = None, rule: str = "occlusion",
        transforms: str | None = None, left: str | None = None, right: str | None = None, up: str | None = None,
        down: str | None = None, depth_kind: str = "auto", depth_channel: str | None = None, turn_depth: str = "auto",
        own_depth: str = "use", request: gr.Request = NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """The first step: depth and layers. Takes what /build takes; streams (status, depth, layers, seed, job)."""
        begin = self._beginning(
            request, photo, depth, prompt, tab, path, seed, fov_deg, units_per_metre, (preset, size_px, rule),
            (left, right, up, down), transforms, (depth_kind, depth_channel, turn_depth, own_depth),
        )  # fmt: skip
        yield from self._sent(request, self._running.run(("look",), visitor_of(request), begin, seed), LOOKED)

    def grow(self, job: str, request: gr.Request) -> Iterator[Values]:
        """The second step: the scene behind and around. Streams (status, background, new views, scene, files, viewer).

        Args:
            job: what /look gave back.
            request: who asks; given by Gradio.
        """
        visitor = visitor_of(request)
        run = self._running.run(("grow",), visitor, lambda: self.visits.find(visitor, job))
        yield from self._sent(request, run, GROWN)

    def tour(self, job: str, path: str, request: gr.Request) -> Iterator[Values]:
        """The third step: a video of a grown scene. Streams (status, video, files).

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
        fps: Number | None = 24, width_px: Number | None = 640, request: gr.Request = NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """Another video of a scene that was built. Streams (status, video, files, job).

        Args:
            job: what /build or /grow worked on, or what this gave back.
            path: the camera path.
            transforms: a nerfstudio transforms.json: a camera path of your own, instead of path.
            seconds: how long it is; at most 600 frames.
            fps: frames per second, 12 to 60.
            width_px: 160 to 1920.
            request: who asks; given by Gradio.
        """

        def begin() -> Job:
            tour = tour_settings(seconds, fps, width_px)
            chosen = path_of(path, transforms, self.steps.paths)
            return job_to_film(self.visits, self.gallery, visitor_of(request), job, chosen, tour)

        run = self._running.run(("tour",), visitor_of(request), begin)
        yield from self._sent(request, run, FILMED, until_there)

    def say_enough(self, request: gr.Request) -> str:
        """Ask the running scene to finish with what exists: fewer views, fewer steps of the fit, a shorter video."""
        job = self.visits.latest(visitor_of(request))
        if job:
            job.say_enough()
        told = words.ENOUGH if job else words.NOTHING_RUNS
        gr.Info(told)
        return told

    def cancelled(self, request: gr.Request) -> Values:
        """Nothing runs any more, and nothing waits: what was on show before, as OPENED."""
        self.reviewing.give_up(visitor_of(request))
        return shown_again(self.visits.on_show(visitor_of(request)))

    def blamed(self, request: gr.Request) -> Blamed | None:
        """Which input was to blame for the last failure; told once."""
        return self._blamed.pop(visitor_of(request), None)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.blamed(request)
        self.visits.leave(visitor_of(request))

    def open_page(self, request: gr.Request) -> tuple[Values, bool]:
        """What the page begins with, as OPENED, and whether to ask again: an example that is ready, or is awaited."""
        values, awaited, shown = opened(self.gallery)
        if shown:
            self.visits.show(visitor_of(request), shown.job, shown)
        return values, awaited

    def show_example(self, index: int, request: gr.Request) -> Iterator[Values]:
        """The finished scene of an example, as soon as there is one."""
        example = self.gallery.examples[index]
        yield from changes(when_ready(self.gallery, example), BUILT)
        shown = finished(self.gallery, example)
        self.visits.show(visitor_of(request), shown.job, shown)

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

    def _beginning(
        self, request: gr.Request, photo: str | None, depth: str | None, prompt: str | None, tab: str, path: str,
        seed: Number | None, fov_deg: Number | None, units: Number | None, chosen: tuple[str, Number | None, str],
        prompts: Sequence[str | None], transforms: str | None, meant: DepthWords,
    ) -> Callable[[], Job]:  # fmt: skip
        """How a new job begins; nothing is checked before it is called."""

        def begin() -> Job:
            asked = request_of(
                photo, depth, prompt, tab, path, seed, fov_deg, units, self.steps.paths, prompts, transforms, meant
            )
            return self.visits.begin(visitor_of(request), asked, settings_of(*chosen))

        return begin

    def _on_path(self, visitor: str, name: str, path: str) -> Job:
        job = self.visits.find(visitor, name)
        return replace(job, request=replace(job.request, path=path_of(path, None, self.steps.paths)))
