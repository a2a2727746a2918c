"""Another video of a scene that is there: along another path, of another length, size or rate. Nothing is built anew.

A visitor's own scene is filmed where it lies. That of an example, which is everybody's, is linked into a job of the
visitor's first; `another_video` gives the name of that job back, so that the next video is made there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component

from gen3d.errors import InputError
from gen3d.scene_files import SceneFiles
from gen3d.settings import PRESETS, TourSettings
from gen3d.ui.asked import Number
from gen3d.ui.diagrams import add_diagram
from gen3d.ui.gallery import Gallery
from gen3d.ui.jobs import Job, Visits
from gen3d.ui.own_files import unopened
from gen3d.ui.queue import PRIVATE, QUIET

if TYPE_CHECKING:
    from gen3d.ui.actions import Actions

FILMED = ("status", "video", "files", "job")
"""The components that the action writes to, in order; the status is one of its own, beside the button."""
FRAMES = (12, 600)
FPS = (12, 60)
WIDTHS_PX = (160, 1920)
SECONDS, RATE, WIDTH_PX = 4, 24, 640
"""What is set at first."""
STOPPED = '<div class="told">Cancelled: the video from before stays.</div>'


def tour_settings(seconds: Number | None, fps: Number | None, width_px: Number | None) -> TourSettings:
    """The video's settings; an odd width becomes the even one below. Raises InputError beyond the bounds."""
    fps = round(_within("A rate of {} frames per second", fps, FPS))
    width_px = round(_within("A width of {} pixels", width_px, WIDTHS_PX))
    least, most = (frames / fps for frames in FRAMES)
    seconds = _within(f"A length of {{}} seconds at {fps} frames per second", seconds, (least, most))
    return TourSettings(frames=round(seconds * fps), fps=fps, width_px=width_px // 2 * 2)


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


def job_to_film(visits: Visits, gallery: Gallery, visitor: str, name: str | None, path: str, tour: TourSettings) -> Job:
    """The visitor's job of that name, or one that links to the example on show, to be filmed like this.

    name, errors: as `scene_of` has them. path: as `asked.path_of` gives it.
    """
    scene = scene_of(visits, gallery, visitor, name)
    if example := gallery.ready(scene.name):
        job = _linked(scene, visits.begin(visitor, example.request, PRESETS["fast"]))
    else:
        job = visits.find(visitor, scene.parent.name)
    return replace(job, request=replace(job.request, path=path), settings=replace(job.settings, tour=tour))


def until_there(stream: Generator[tuple[Any, ...], None, None]) -> Iterator[tuple[Any, ...]]:
    """Leaves the video and its files on the page as they are until the new ones are there; the status always tells."""
    with closing(stream):
        for status, video, *others in stream:
            yield (status, video, *others) if video else (status, *[gr.skip()] * (1 + len(others)))


def add_another_video(actions: Actions, shown: Mapping[str, Component], queue: Mapping[str, Any]) -> None:
    """Puts the accordion onto the page, here.

    shown: the page's components `video`, `files` and `job`. queue: options of what needs the engine.
    """
    paths = [(f"{name}: {what}", name) for name, what in actions.steps.paths.items()]
    with gr.Accordion("Another video", open=False, elem_id="another-video"):
        gr.Markdown("The scene stays as it is; only the video is made anew.")
        with gr.Row():
            path = gr.Dropdown(paths, value=paths[0][1], label="Path of this video", scale=3, elem_id="another-path")
            with gr.Column(scale=1, min_width=160):
                add_diagram(path, actions.steps.motions)
        own = gr.File(
            label="Or a path of your own: a nerfstudio transforms.json", type="filepath", file_types=[".json"],
            height=110, elem_id="another-transforms",
        )  # fmt: skip
        own.preprocess = unopened
        with gr.Row():
            seconds = gr.Number(SECONDS, label="Length, seconds", min_width=110)
            fps = gr.Number(RATE, label=f"Frames per second ({FPS[0]} to {FPS[1]})", min_width=110)
            width = gr.Number(
                WIDTH_PX, label=f"Width at most, pixels ({WIDTHS_PX[0]} to {WIDTHS_PX[1]})", min_width=110
            )
        with gr.Row():
            make = gr.Button("Make this video", min_width=120, elem_id="film")
            stop = gr.Button("Cancel this video", variant="stop", interactive=False, min_width=120, elem_id="cut")
        told = gr.HTML(elem_id="another-status")
    outputs = [{**shown, "status": told}[name] for name in FILMED]
    inputs = [shown["job"], path, own, seconds, fps, width]
    _connect(actions, inputs, outputs, (make, stop), queue)


def _connect(
    actions: Actions, inputs: list[Component], outputs: list[Component], buttons: tuple[gr.Button, gr.Button],
    queue: Mapping[str, Any],
) -> None:  # fmt: skip
    """The second button can be pressed while a video is made, the first while none is."""
    make, stop = buttons
    told = outputs[0]
    make.click(lambda: _pressable(running=True), None, list(buttons), **QUIET)
    running = make.click(
        actions.another_video, inputs, outputs, api_name="another_video", show_progress_on=[told], **queue
    )
    idle = {"fn": lambda: _pressable(running=False), "inputs": None, "outputs": list(buttons)}
    running.then(**idle, **QUIET)
    running.failure(**idle, **QUIET)  # Gradio 6.31 leaves `then` out after an error
    ended = stop.click(None, None, None, cancels=[running], **PRIVATE)
    ended.then(lambda: [STOPPED, *_pressable(running=False)], None, [told, *buttons], **QUIET)


def _pressable(running: bool) -> list[Any]:
    return [gr.update(interactive=not running), gr.update(interactive=running)]


def _within(what: str, value: Number | None, bounds: tuple[Number, Number]) -> Number:
    least, most = bounds
    if value is None or not least <= value <= most:
        given = "nothing" if value is None else f"{value:g}"
        raise InputError(f"{what.format(given)} is not possible.", f"Use {least:g} to {most:g}.")
    return value


def _linked(scene: Path, job: Job) -> Job:
    """The job, with links to an example's files in it, but for what would be made anew or is not needed."""
    left_out = shutil.ignore_patterns("flythrough.mp4", "more")
    shutil.copytree(scene.resolve(), job.folder / "grow", ignore=left_out, copy_function=_link)
    return job


def _link(file: str, link: str) -> None:
    """A scene takes 84 MB, which a visitor could have copied each time. Links lead to other disks as well."""
    try:
        os.symlink(file, link)
    except OSError:  # on Windows it needs a right
        shutil.copy2(file, link)
