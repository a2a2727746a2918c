"""What happens when something on the page is pressed, or called through the API.

Each action streams tuples of component values: to the page what is new in them, to a client always all. The three
steps of one job may be called one by one (`look`, then `grow`, then `tour`, which names the job) or in a row (`build`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from html import unescape
from typing import Any

import gradio as gr

from gen3d.errors import InputError
from gen3d.scene import SceneFiles
from gen3d.ui import words
from gen3d.ui.asked import Number, request_of, settings_of
from gen3d.ui.gallery import Gallery
from gen3d.ui.jobs import Job, Visits
from gen3d.ui.steps import Steps, told_to_visitors, visitor_error
from gen3d.ui.stream import Shown, followed, shown_of_folder

LOOKED = ("status", "depth", "layers", "seed", "job")
GROWN = ("status", "background", "views", "scene", "files")
TOURED = ("status", "video", "files")
BUILT = ("status", "depth", "layers", "background", "views", "scene", "video", "files", "seed", "job")
"""The components that each action writes to, in order."""
STEPS = ("look", "grow", "tour")

Values = tuple[Any, ...]
_NOBODY = gr.Request()
"""Stands where Gradio puts who asks; it comes last, and what comes before it has defaults."""


class Actions:
    """The page's actions over the steps, for any number of visitors."""

    def __init__(self, steps: Steps, visits: Visits, gallery: Gallery) -> None:
        self.steps, self.visits, self.gallery = steps, visits, gallery

    def build(
        self, photo: str | None = None, depth: str | None = None, prompt: str | None = None, tab: str = "any",
        preset: str = "fast", path: str = "wander", seed: Number | None = None, fov_deg: Number | None = None,
        units_per_metre: Number | None = None, size_px: Number | None = None, rule: str = "occlusion",
        request: gr.Request = _NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """Make a scene from a photo, a photo with depth, or a sentence: look, grow and tour in a row.

        Streams (status, depth, layers, background, new views, scene for a viewer, video, files, seed, job).

        Args:
            photo: the photo, as PNG, JPEG or WebP.
            depth: its depth: 16-bit PNG, .npy, .npz, float TIFF or EXR.
            prompt: what the photo shows, or, without a photo, the sentence to draw.
            tab: which inputs count: photo, depth, text, or any for what is given.
            preset: fast, balanced or quality.
            path: the camera path of the video.
            seed: a whole number; empty draws one.
            fov_deg: field of view along the longer side in degrees; empty takes it from the photo or guesses.
            units_per_metre: of an integer depth file.
            size_px: longer side to work at; empty takes the preset's.
            rule: how layers are split: occlusion or paper.
            request: who asks; given by Gradio.
        """
        begin = self._beginning(
            request, photo, depth, prompt, tab, path, seed, fov_deg, units_per_metre, (preset, size_px, rule)
        )
        yield from _sent(request, self._run(STEPS, BUILT, request, begin, seed))

    def look(
        self, photo: str | None = None, depth: str | None = None, prompt: str | None = None, tab: str = "any",
        preset: str = "fast", path: str = "wander", seed: Number | None = None, fov_deg: Number | None = None,
        units_per_metre: Number | None = None, size_px: Number | None = None, rule: str = "occlusion",
        request: gr.Request = _NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """The first step: depth and layers. Takes what /build takes; streams (status, depth, layers, seed, job)."""
        begin = self._beginning(
            request, photo, depth, prompt, tab, path, seed, fov_deg, units_per_metre, (preset, size_px, rule)
        )
        yield from _sent(request, self._run(("look",), LOOKED, request, begin, seed))

    def grow(self, job: str, request: gr.Request) -> Iterator[Values]:
        """The second step: the scene behind and around. Streams (status, background, new views, scene, files).

        Args:
            job: what /look gave back.
            request: who asks; given by Gradio.
        """
        run = self._run(("grow",), GROWN, request, lambda: self.visits.find(_visitor(request), job))
        yield from _sent(request, run)

    def tour(self, job: str, path: str, request: gr.Request) -> Iterator[Values]:
        """The third step: a video of a grown scene. Streams (status, video, files).

        Args:
            job: what /look gave back, after /grow.
            path: the camera path.
            request: who asks; given by Gradio.
        """
        run = self._run(("tour",), TOURED, request, lambda: self._on_path(_visitor(request), job, path))
        yield from _sent(request, run)

    def say_enough(self, request: gr.Request) -> str:
        """Ask the running scene to finish with what exists: fewer views, fewer steps of the fit, a shorter video."""
        job = self.visits.latest(_visitor(request))
        if job:
            job.say_enough()
        told = words.ENOUGH if job else words.NOTHING_RUNS
        gr.Info(told)
        return told

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.visits.leave(_visitor(request))

    def show_example(self, index: int) -> Iterator[Values]:
        """The finished scene of an example, as soon as there is one."""
        yield from _changes(self._example(index))

    def _example(self, index: int) -> Iterator[Values]:
        example, began = self.gallery.examples[index], time.monotonic()
        while not self.gallery.is_ready(example):
            if not self.gallery.is_coming(example):
                why = self.gallery.failures.get(example.name, "nobody prepared it")
                sentence = words.not_ready(why)
                yield _values(Shown(None, "", 0.0).failed(sentence), BUILT)
                raise visitor_error(sentence)
            waiting = {"status": words.waiting(example.title, time.monotonic() - began)}
            yield tuple(waiting.get(name) for name in BUILT)
            time.sleep(0.5)
        folder = self.gallery.folder_of(example)
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        values = _values(shown_of_folder(folder, record["seed"], record["seconds"]), BUILT)
        yield values
        yield values  # Gradio sends the last one again: let that be one in which nothing is new

    def _beginning(
        self, request: gr.Request, photo: str | None, depth: str | None, prompt: str | None, tab: str, path: str,
        seed: Number | None, fov_deg: Number | None, units: Number | None, chosen: tuple[str, Number | None, str],
    ) -> Callable[[], Job]:  # fmt: skip
        """How a new job begins; nothing is checked before it is called."""

        def begin() -> Job:
            asked = request_of(photo, depth, prompt, tab, path, seed, fov_deg, units, self.steps.paths)
            return self.visits.begin(_visitor(request), asked, settings_of(*chosen))

        return begin

    def _on_path(self, visitor: str, name: str, path: str) -> Job:
        job = self.visits.find(visitor, name)
        if path not in self.steps.paths:
            raise InputError(f"There is no camera path {path[:40]!r}.", "Choose one from the list.")
        return replace(job, request=replace(job.request, path=path))

    def _run(
        self,
        names: Sequence[str],
        outputs: Sequence[str],
        request: gr.Request,
        begin: Callable[[], Job],
        seed: Number | None = None,
    ) -> Iterator[Values]:
        """Runs steps of a job and streams what the page shows; a failure is shown, then raised."""
        shown = Shown(None if seed is None else int(seed), "", 0.0)
        try:
            with told_to_visitors():
                job = begin()
                shown = Shown(job.request.seed, job.name, float(job.settings.seconds), scene=_grown(job, names))
                job.take_back_enough()
                yield _values(shown, outputs)
                with self.visits.working(_visitor(request)):
                    for name in names:
                        events = getattr(self.steps, name)(job.request, job.settings, job.folder)
                        for so_far in followed(shown, events, job.folder / "shown"):
                            shown = so_far
                            yield _values(shown, outputs)
                yield _values(shown.finished(), outputs)
        except gr.Error as error:
            yield _values(shown.failed(unescape(error.message)), outputs)
            raise


def _grown(job: Job, names: Sequence[str]) -> SceneFiles | None:
    """The scene that an earlier call has made, for the files that a later one lists."""
    files = SceneFiles(job.folder / "grow")
    return files if names == ("tour",) and files.run.exists() else None


def _sent(request: gr.Request, stream: Iterator[Values]) -> Iterator[Values]:
    """To the page only what is new, to others always all."""
    return _changes(stream) if request.headers.get("x-gradio-user") == "app" else stream


def _changes(stream: Iterator[Values]) -> Iterator[Values]:
    """Leaves out what is as before: Gradio's 3D viewer stays empty when it is updated while its code loads."""
    before: Values = ()
    with closing(stream):
        for values in stream:
            kept = [old == new for old, new in zip(before, values, strict=False)] or [False] * len(values)
            yield tuple(gr.skip() if same else value for value, same in zip(values, kept, strict=True))
            before = values


def _values(shown: Shown, outputs: Sequence[str]) -> Values:
    values = shown.values()
    return tuple(values[name] for name in outputs)


def _visitor(request: gr.Request) -> str:
    """The secret that tells this page from others."""
    return request.session_hash or ""
