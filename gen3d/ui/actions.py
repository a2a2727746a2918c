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
from pathlib import Path
from typing import Any

import gradio as gr

from gen3d.scene import SceneFiles
from gen3d.settings import PRESETS
from gen3d.ui import words
from gen3d.ui.another_video import FILMED, job_to_film, tour_settings, until_there
from gen3d.ui.asked import Number, path_of, request_of, settings_of
from gen3d.ui.expected import Expected
from gen3d.ui.gallery import Example, Gallery
from gen3d.ui.jobs import Job, Visits, enough_file
from gen3d.ui.steps import Steps, told_to_visitors, visitor_error
from gen3d.ui.stream import Shown, followed, shown_of_folder, zip_previews

LOOKED = ("status", "depth", "layers", "seed", "job")
GROWN = ("status", "background", "views", "scene", "files", "viewer")
TOURED = ("status", "video", "files")
BUILT = ("status", "depth", "layers", "background", "views", "scene", "video", "files", "seed", "job", "viewer")
OPENED = tuple(name for name in BUILT if name != "seed")
"""The components that each action writes to, in order. `scene` is for Gradio's viewer, `viewer` is ours."""
STEPS = ("look", "grow", "tour")
STEP_OF = {"source": "look", "depth": "look", "layers": "look", "flythrough": "tour"}
"""The step that a stage belongs to; all others are of `grow`."""

Values = tuple[Any, ...]
_NOBODY = gr.Request()
"""Stands where Gradio puts who asks; it comes last, and what comes before it has defaults."""


class Actions:
    """The page's actions over the steps, for any number of visitors."""

    def __init__(self, steps: Steps, visits: Visits, gallery: Gallery, expected: Expected) -> None:
        self.steps, self.visits, self.gallery, self.expected = steps, visits, gallery, expected

    def build(
        self, photo: str | None = None, depth: str | None = None, prompt: str | None = None, tab: str = "any",
        preset: str = "fast", path: str = "wander", seed: Number | None = None, fov_deg: Number | None = None,
        units_per_metre: Number | None = None, size_px: Number | None = None, rule: str = "occlusion",
        transforms: str | None = None, left: str | None = None, right: str | None = None, up: str | None = None,
        down: str | None = None, request: gr.Request = _NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """Make a scene from a photo, a photo with depth, or a sentence: look, grow and tour in a row.

        Streams (status, depth, layers, background, new views, scene for Gradio's viewer, video, files, seed, job,
        scene for the page's own viewer: first the points, then what was fitted).

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
            transforms: a nerfstudio transforms.json: a camera path of your own, instead of path.
            left: what is to be seen in the views to the left, where it differs from prompt.
            right: the same to the right.
            up: the same above.
            down: the same below.
            request: who asks; given by Gradio.
        """
        begin = self._beginning(
            request, photo, depth, prompt, tab, path, seed, fov_deg, units_per_metre, (preset, size_px, rule),
            (left, right, up, down), transforms,
        )  # fmt: skip
        yield from _sent(request, self._run(STEPS, BUILT, request, begin, seed), BUILT)

    def look(
        self, photo: str | None = None, depth: str | None = None, prompt: str | None = None, tab: str = "any",
        preset: str = "fast", path: str = "wander", seed: Number | None = None, fov_deg: Number | None = None,
        units_per_metre: Number | None = None, size_px: Number | None = None, rule: str = "occlusion",
        transforms: str | None = None, left: str | None = None, right: str | None = None, up: str | None = None,
        down: str | None = None, request: gr.Request = _NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """The first step: depth and layers. Takes what /build takes; streams (status, depth, layers, seed, job)."""
        begin = self._beginning(
            request, photo, depth, prompt, tab, path, seed, fov_deg, units_per_metre, (preset, size_px, rule),
            (left, right, up, down), transforms,
        )  # fmt: skip
        yield from _sent(request, self._run(("look",), LOOKED, request, begin, seed), LOOKED)

    def grow(self, job: str, request: gr.Request) -> Iterator[Values]:
        """The second step: the scene behind and around. Streams (status, background, new views, scene, files, viewer).

        Args:
            job: what /look gave back.
            request: who asks; given by Gradio.
        """
        run = self._run(("grow",), GROWN, request, lambda: self.visits.find(_visitor(request), job))
        yield from _sent(request, run, GROWN)

    def tour(self, job: str, path: str, request: gr.Request) -> Iterator[Values]:
        """The third step: a video of a grown scene. Streams (status, video, files).

        Args:
            job: what /look gave back, after /grow.
            path: the camera path.
            request: who asks; given by Gradio.
        """
        run = self._run(("tour",), TOURED, request, lambda: self._on_path(_visitor(request), job, path))
        yield from _sent(request, run, TOURED)

    def another_video(
        self, job: str | None = None, path: str = "wander", transforms: str | None = None, seconds: Number | None = 4,
        fps: Number | None = 24, width_px: Number | None = 640, request: gr.Request = _NOBODY,
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
            return job_to_film(self.visits, self.gallery, _visitor(request), job, chosen, tour)

        run = self._run(("tour",), FILMED, request, begin)
        yield from _sent(request, until_there(run) if _is_page(request) else run, FILMED)

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

    def open_page(self) -> tuple[Values, bool]:
        """What the page begins with, as OPENED, and whether to ask again: an example that is ready, or is awaited."""
        examples = self.gallery.examples
        for example in filter(self.gallery.is_ready, examples):
            values = self._finished(example).values() | {"status": words.opening(example.title)}
            return tuple(values[name] for name in OPENED), False
        coming = next(filter(self.gallery.is_coming, examples), None)
        values = {"status": words.waiting(coming.title) if coming else words.NOTHING_YET}
        return tuple(values.get(name) for name in OPENED), coming is not None

    def show_example(self, index: int) -> Iterator[Values]:
        """The finished scene of an example, as soon as there is one."""
        yield from _changes(self._example(index), BUILT)

    def _example(self, index: int) -> Iterator[Values]:
        example, began = self.gallery.examples[index], time.monotonic()
        while not self.gallery.is_ready(example):
            if not self.gallery.is_coming(example):
                why = self.gallery.failures.get(example.name, "nobody prepared it")
                sentence = words.not_ready(why)
                yield _values(Shown(None, "", {}).failed(sentence), BUILT)
                raise visitor_error(sentence)
            waiting = {"status": words.waiting(example.title, time.monotonic() - began)}
            yield tuple(waiting.get(name) for name in BUILT)
            time.sleep(0.5)
        values = _values(self._finished(example), BUILT)
        yield values
        yield values  # Gradio sends the last one again: let that be one in which nothing is new

    def _finished(self, example: Example) -> Shown:
        folder = self.gallery.folder_of(example)
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return shown_of_folder(folder, record["seed"], record["seconds"])

    def _beginning(
        self, request: gr.Request, photo: str | None, depth: str | None, prompt: str | None, tab: str, path: str,
        seed: Number | None, fov_deg: Number | None, units: Number | None, chosen: tuple[str, Number | None, str],
        prompts: Sequence[str | None], transforms: str | None,
    ) -> Callable[[], Job]:  # fmt: skip
        """How a new job begins; nothing is checked before it is called."""

        def begin() -> Job:
            asked = request_of(
                photo, depth, prompt, tab, path, seed, fov_deg, units, self.steps.paths, prompts, transforms
            )
            return self.visits.begin(_visitor(request), asked, settings_of(*chosen))

        return begin

    def _on_path(self, visitor: str, name: str, path: str) -> Job:
        job = self.visits.find(visitor, name)
        return replace(job, request=replace(job.request, path=path_of(path, None, self.steps.paths)))

    def _run(
        self,
        names: Sequence[str],
        outputs: Sequence[str],
        request: gr.Request,
        begin: Callable[[], Job],
        seed: Number | None = None,
    ) -> Iterator[Values]:
        """Runs steps of a job and streams what the page shows; a failure is shown, then raised."""
        shown = Shown(None if seed is None else int(seed), "", {})
        try:
            with told_to_visitors():
                job = begin()
                usual = _part(self.expected.stages(job.settings.preset), names)
                shown = Shown(job.request.seed, job.name, usual, scene=_grown(job, names))
                job.take_back_enough()
                yield _values(shown, outputs)
                with self.visits.working(_visitor(request)):
                    for name in names:
                        events = getattr(self.steps, name)(job.request, job.settings, job.folder)
                        for so_far in followed(shown, events, job.folder / "shown"):
                            shown = so_far
                            yield _values(shown, outputs)
                if names == STEPS:
                    self._learn(job, shown)
                yield _values(shown.finished(_zipped(job) if "tour" in names else None), outputs)
        except gr.Error as error:
            yield _values(shown.failed(unescape(error.message)), outputs)
            raise

    def _learn(self, job: Job, shown: Shown) -> None:
        """What a scene as the preset makes it took on this machine."""
        settings, as_usual = job.settings, PRESETS[job.settings.preset].size_px
        if job.request.photo and settings.size_px == as_usual and not enough_file(job.folder).exists():
            self.expected.learn(settings.preset, shown.seconds())


def _part(expected: dict[str, float], names: Sequence[str]) -> dict[str, float]:
    """Of these steps alone."""
    return {stage: s for stage, s in expected.items() if STEP_OF.get(stage, "grow") in names}


def _zipped(job: Job) -> Path:
    return zip_previews(job.folder / "previews.zip", [job.folder / step for step in STEPS])


def _grown(job: Job, names: Sequence[str]) -> SceneFiles | None:
    """The scene that an earlier call has made, for the files that a later one lists."""
    files = SceneFiles(job.folder / "grow")
    return files if names == ("tour",) and files.run.exists() else None


def _sent(request: gr.Request, stream: Iterator[Values], outputs: Sequence[str]) -> Iterator[Values]:
    """To the page only what is new, to others always all."""
    return _changes(stream, outputs) if _is_page(request) else stream


def _is_page(request: gr.Request) -> bool:
    return request.headers.get("x-gradio-user") == "app"


def _changes(stream: Iterator[Values], outputs: Sequence[str]) -> Iterator[Values]:
    """Leaves out what is as before: Gradio's 3D viewer stays empty when it is updated while its code loads.

    Ours gets its value each time, and notices itself that it is the same, and so does the hidden name of the job: of a
    value of such kinds, followed too soon by "no change", Gradio 6.31 makes neither.
    """
    before: Values = ()
    with closing(stream):
        for values in stream:
            pairs = zip(before, values, outputs, strict=False)
            kept = [old == new and name not in ("viewer", "job") for old, new, name in pairs] or [False] * len(values)
            yield tuple(gr.skip() if same else value for value, same in zip(values, kept, strict=True))
            before = values


def _values(shown: Shown, outputs: Sequence[str]) -> Values:
    values = shown.values()
    return tuple(values[name] for name in outputs)


def _visitor(request: gr.Request) -> str:
    """The secret that tells this page from others."""
    return request.session_hash or ""
