"""The page's part in which a finished scene is filmed anew (`core/filming.py`)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core.filming import FPS, WIDTHS_PX, kind_choices
from gen3d.ui.page.by_name import add_endpoint
from gen3d.ui.page.gradio_quirks import uploaded_only, whatever_came
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.sending import plainly
from gen3d.ui.page.widgets import add_diagram
from gen3d.video_table import SHAPES, STRENGTHS

if TYPE_CHECKING:
    from gen3d.ui.page.actions import Actions

FILMED = ("status", "video", "files", "job")
"""The components that the action writes to, in order; the status is one of its own, beside the button."""
FILMED_SHOWN = (*FILMED, "moving")
"""The same on the page, where moving pictures, which no player takes, have a place of their own."""
SECONDS, RATE, WIDTH_PX = 4, 24, 640
"""What is set at first."""
DRAWN = "() => document.querySelector('#viewer .stage').drawn"
"""[file, seconds] of the path that was drawn last; see `scene_viewer.py`."""
PRESS = "() => document.querySelector('#film').click()"
STOPPED = '<div class="told">Cancelled: the video from before stays.</div>'


def until_there(stream: Generator[tuple[Any, ...], None, None]) -> Iterator[tuple[Any, ...]]:
    """Leaves the video and its files on the page as they are until the new ones are there; the status always tells."""
    with closing(stream):
        for status, video, files, job, *moving in stream:
            if video or any(moving):
                yield status, video, files, job, *(gr.update(value=one, visible=one is not None) for one in moving)
            else:
                yield status, *[gr.skip()] * (3 + len(moving))


def add_another_video(actions: Actions, shown: Mapping[str, Component], queue: Mapping[str, Any]) -> None:
    """Puts the accordion onto the page, here.

    shown: the page's components `viewer`, `progress`, `video`, `files` and `job`. queue: options of what needs the
    engine.
    """
    paths = [(f"{name}: {what}", name) for name, what in actions.steps.paths.items()]
    with gr.Accordion("Another video", open=False, elem_id="another-video") as fold:
        gr.Markdown("The scene stays as it is; only the video is made anew.")
        with gr.Row():
            path = gr.Dropdown(paths, value=paths[0][1], label="Path of this video", scale=3, elem_id="another-path")
            with gr.Column(scale=1, min_width=160):
                add_diagram(path, actions.steps.motions)
        own = uploaded_only(gr.File(
            label="Or a path of your own: transforms.json, or what viewers save", type="filepath",
            file_types=[".json"], height=110, elem_id="another-transforms",
        ))  # fmt: skip
        with gr.Row():
            seconds = gr.Number(SECONDS, label="Length, seconds", min_width=110)
            fps = gr.Number(RATE, label=f"Frames per second ({FPS[0]} to {FPS[1]})", min_width=110)
            width = gr.Number(
                WIDTH_PX, label=f"Width at most, pixels ({WIDTHS_PX[0]} to {WIDTHS_PX[1]})", min_width=110
            )
        with gr.Row():
            kind = gr.Dropdown(kind_choices(), value="video", label="Kind", scale=2, min_width=260,
                               elem_id="another-kind")  # fmt: skip
            shape = gr.Dropdown(list(SHAPES), value="photo", label="Shape: cut out of the photo's", min_width=110,
                                elem_id="another-shape")  # fmt: skip
        strength = gr.Slider(
            *STRENGTHS, value=0, step=0.05, elem_id="another-strength",
            label="How far it moves (1 as meant; 0 as far as the scene has no holes)",
        )  # fmt: skip
        with gr.Row():
            make = gr.Button("Make this video", min_width=120, elem_id="film")
            stop = gr.Button("Cancel this video", variant="stop", interactive=False, min_width=120, elem_id="cut")
        told = gr.HTML(elem_id="another-status")
        moving = gr.Image(label="Boomerang", type="filepath", interactive=False, visible=False, elem_id="moving",
                          buttons=["download", "fullscreen"])  # fmt: skip
    outputs = [{**shown, "status": told, "moving": moving}[name] for name in FILMED_SHOWN]
    inputs = [shown["job"], path, own, seconds, fps, width, kind, shape, strength]
    _connect(actions, inputs, outputs, (make, stop), queue)
    _connect_drawn(shown["viewer"], fold, own, seconds)
    add_endpoint(actions.another_video, inputs, [shown[name] for name in plainly(FILMED)])


def _connect(
    actions: Actions, inputs: list[Component], outputs: list[Component], buttons: tuple[gr.Button, gr.Button],
    queue: Mapping[str, Any],
) -> None:  # fmt: skip
    """The second button can be pressed while a video is made, the first while none is.

    What was cancelled counts as failed, as soon as it is over for the browser, too: whoever could press before that
    would press in vain.
    """
    make, stop = buttons
    told = outputs[0]
    make.click(lambda: _pressable(running=True), None, list(buttons), **QUIET)
    running = make.click(
        actions.another_video_shown, inputs, outputs, api_visibility="private", show_progress_on=[told], **queue
    )
    whatever_came(running, lambda: _pressable(running=False), None, list(buttons), **QUIET)
    ended = stop.click(None, None, None, cancels=[running], **PRIVATE)
    ended.then(lambda: [STOPPED, gr.update(interactive=False)], None, [told, stop], **QUIET)


def _connect_drawn(viewer: Component, fold: gr.Accordion, own: Component, seconds: Component) -> None:
    """A path that was drawn in the viewer becomes that of the next video, which is begun."""
    opened = viewer.submit(lambda: gr.update(open=True), None, fold, **QUIET)
    given = opened.then(None, None, [own, seconds], js=DRAWN, **PRIVATE)
    given.then(None, None, None, js=PRESS, **PRIVATE)


def _pressable(running: bool) -> list[Any]:
    return [gr.update(interactive=not running), gr.update(interactive=running)]


