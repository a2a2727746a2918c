"""Things that a visitor takes apart or joins in the viewer: done here, and undone; the viewer shows what they are then.

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
"""[what to do, edits, the job that the viewer shows]; see `scene_viewer.py`."""
DONE = "() => document.querySelector('#viewer .stage').say('It is done: see the list.')"
FAILED = "() => document.querySelector('#viewer .stage').say('It was not done, and all is as before.')"

Part = Callable[[str, str | None, Any, Any], tuple[str, Path]]
"""(visitor, name of a job, what to do, edits) -> the job to go on with, its file for the viewer:
`Directing.parted_in_viewer`."""


def connect_parts(part: Part, viewer: Component, job: Component) -> None:
    """viewer: the page's; job: its hidden field with the name of the job on show."""
    how, edits = gr.JSON(visible=HIDDEN, label="things to part"), gr.JSON(visible=HIDDEN, label="its edits")
    shown = gr.Textbox(visible=HIDDEN, label="job in the viewer")

    def parted(
        job: str | None, how: object, edits: object, shown: str, request: gr.Request
    ) -> tuple[str, tuple[str, str]]:
        with told_to_visitors():
            own, file = part(visitor_of(request), job, how, edits)
        return own, (str(file), shown)  # of the job that is shown, so that the viewer stays where it looks

    sent = viewer.edit(parted, [job, how, edits, shown], [job, viewer], js=ASKED, **QUIET)
    sent.success(None, None, None, js=DONE, **PRIVATE)
    sent.failure(None, None, None, js=FAILED, **PRIVATE)
