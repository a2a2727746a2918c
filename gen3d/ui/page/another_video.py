"""The page's part in which a finished scene is filmed anew (`core/filming.py`)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core.filming import FPS, WIDTHS_PX
from gen3d.ui.page.by_name import add_endpoint
from gen3d.ui.page.gradio_quirks import uploaded_only, whatever_came
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.sending import plainly
from gen3d.ui.page.widgets import add_diagram

if TYPE_CHECKING:
    from gen3d.ui.page.actions import Actions

FILMED = ("status", "video", "files", "job")
"""The components that the action writes to, in order; the status is one of its own, beside the button."""
SECONDS, RATE, WIDTH_PX = 4, 24, 640
"""What is set at first."""
DRAWN = "() => document.querySelector('#viewer .stage').drawn"
"""[file, seconds] of the path that was drawn last; see `scene_viewer.py`."""
PRESS = "() => document.querySelector('#film').click()"
STOPPED = '<div class="told">Cancelled: the video from before stays.</div>'


def until_there(stream: Generator[tuple[Any, ...], None, None]) -> Iterator[tuple[Any, ...]]:
    """Leaves the video and its files on the page as they are until the new ones are there; the status always tells."""
    with closing(stream):
        for status, video, *others in stream:
            yield (status, video, *others) if video else (status, *[gr.skip()] * (1 + len(others)))


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
            make = gr.Button("Make this video", min_width=120, elem_id="film")
            stop = gr.Button("Cancel this video", variant="stop", interactive=False, min_width=120, elem_id="cut")
        told = gr.HTML(elem_id="another-status")
    outputs = [{**shown, "status": told}[name] for name in FILMED]
    inputs = [shown["job"], path, own, seconds, fps, width]
    _connect(actions, inputs, outputs, (make, stop), queue)
    _connect_drawn(shown["viewer"], fold, own, seconds)
    add_endpoint(actions.another_video, inputs, [shown[name] for name in plainly(FILMED)])


def _connect(
    actions: Actions, inputs: list[Component], outputs: list[Component], buttons: tuple[gr.Button, gr.Button],
    queue: Mapping[str, Any],
) -> None:  # fmt: skip
    """The second button can be pressed while a video is made, the first while none is."""
    make, stop = buttons
    told = outputs[0]
    make.click(lambda: _pressable(running=True), None, list(buttons), **QUIET)
    running = make.click(
        actions.another_video_shown, inputs, outputs, api_visibility="private", show_progress_on=[told], **queue
    )
    whatever_came(running, lambda: _pressable(running=False), None, list(buttons), **QUIET)
    ended = stop.click(None, None, None, cancels=[running], **PRIVATE)
    ended.then(lambda: [STOPPED, *_pressable(running=False)], None, [told, *buttons], **QUIET)


def _connect_drawn(viewer: Component, fold: gr.Accordion, own: Component, seconds: Component) -> None:
    """A path that was drawn in the viewer becomes that of the next video, which is begun."""
    opened = viewer.submit(lambda: gr.update(open=True), None, fold, **QUIET)
    given = opened.then(None, None, [own, seconds], js=DRAWN, **PRIVATE)
    given.then(None, None, None, js=PRESS, **PRIVATE)


def _pressable(running: bool) -> list[Any]:
    return [gr.update(interactive=not running), gr.update(interactive=running)]


