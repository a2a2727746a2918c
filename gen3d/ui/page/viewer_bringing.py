"""What a visitor wants to bring into the scene that the viewer shows: made here, handed to the viewer, which edits.

Words or a file come from the viewer; back go the edit that brings the thing in and a file of the thing by itself. The
edit is the viewer's own until it is sent as all others are (`viewer_edits.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import HIDDEN, uploaded_only
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.sending import visitor_of

ASKED = "job => [job, ...document.querySelector('#viewer .stage').asked]"
"""[words, file] that the viewer asked for last; see `scene_viewer.py`."""
BROUGHT = "(edit, file) => { document.querySelector('#viewer .stage').brought(edit, file) }"
FAILED = "() => document.querySelector('#viewer .stage').say('It could not be brought in.')"

Bring = Callable[[str, str | None, str, Path | None], tuple[str, dict[str, Any], Path]]
"""(visitor, name of a job, words, upload) -> the job to go on with, edit, file: `Directing.bring_to_viewer`."""


def connect_bringing(bring: Bring, viewer: Component, job: Component) -> None:
    """viewer: the page's; job: its hidden field with the name of the job on show."""
    words = gr.Textbox(visible=HIDDEN, label="words for what is brought in")
    file = uploaded_only(gr.File(visible=HIDDEN, label="file that is brought in"))
    edit, thing = gr.JSON(visible=HIDDEN, label="edit that brings it in"), gr.File(visible=HIDDEN, label="thing")

    def brought(job: str | None, words: str, file: str | None, request: gr.Request) -> tuple[str, Any, str]:
        with told_to_visitors():
            own, edit, view = bring(visitor_of(request), job, words, Path(file) if file else None)
        return own, edit, str(view)

    sent = viewer.upload(brought, [job, words, file], [job, edit, thing], js=ASKED, **QUIET)
    sent.success(None, [edit, thing], None, js=BROUGHT, **PRIVATE)
    sent.failure(None, None, None, js=FAILED, **PRIVATE)
