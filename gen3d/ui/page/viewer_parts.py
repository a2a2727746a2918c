"""A thing that a visitor takes apart in the viewer: done here, and the viewer shows the scene with its parts.

The viewer's own edits come along and are kept with the job; the viewer keeps them too, as they mean things by numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import HIDDEN
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.sending import visitor_of

ASKED = "job => [job, ...document.querySelector('#viewer .stage').apart]"
"""[thing, edits, the job that the viewer shows]; see `scene_viewer.py`."""
DONE = "() => document.querySelector('#viewer .stage').say('It is taken apart: its parts are in the list.')"
FAILED = "() => document.querySelector('#viewer .stage').say('It was not taken apart.')"

Split = Callable[[str, str | None, str, Any], tuple[str, Path]]
"""(visitor, name of a job, thing, edits) -> the job to go on with, its file for the viewer."""


def connect_parts(split: Split, viewer: Component, job: Component) -> None:
    """viewer: the page's; job: its hidden field with the name of the job on show."""
    thing, edits = gr.Textbox(visible=HIDDEN, label="thing to take apart"), gr.JSON(visible=HIDDEN, label="its edits")
    shown = gr.Textbox(visible=HIDDEN, label="job in the viewer")

    def taken_apart(
        job: str | None, thing: str, edits: object, shown: str, request: gr.Request
    ) -> tuple[str, tuple[str, str]]:
        with told_to_visitors():
            own, file = split(visitor_of(request), job, thing, edits)
        return own, (str(file), shown)  # of the job that is shown, so that the viewer stays where it looks

    sent = viewer.edit(taken_apart, [job, thing, edits, shown], [job, viewer], js=ASKED, **QUIET)
    sent.success(None, None, None, js=DONE, **PRIVATE)
    sent.failure(None, None, None, js=FAILED, **PRIVATE)
