"""What somebody edited in the viewer becomes that of the scene: its files and videos heed it from then on.

Only on demand, by a button of the viewer's; the edits of one visitor go into that visitor's own job (`directing.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import HIDDEN
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.sending import visitor_of

EDITED = "job => [job, document.querySelector('#viewer .stage').edited]"
"""What the viewer holds, as edits.json; see `scene_viewer.py`."""
SAY = "words => document.querySelector('#viewer .stage').say(words)"
"""Where it stands that they were sent."""
HEEDED = "The files and videos that are made from now on are of the scene as you edited it."
AS_BUILT = "The files and videos that are made from now on are of the scene as it was built."


Put = Callable[[str, str | None, Any], str]
"""(visitor, name of a job, edits) -> the job to go on with: `Directing.put`."""


def connect_edits(put: Put, viewer: Component, job: Component) -> None:
    """viewer: the page's; job: its hidden field with the name of the job on show."""
    edits, told = gr.JSON(visible=HIDDEN, label="edits"), gr.Textbox(visible=HIDDEN, label="told")

    def kept(job: str | None, edits: object, request: gr.Request) -> tuple[str, str]:
        with told_to_visitors():
            own = put(visitor_of(request), job, edits)
        some = edits.get("edits") if isinstance(edits, dict) else edits  # a bare list of them is taken as well
        return own, HEEDED if some else AS_BUILT

    sent = viewer.apply(kept, [job, edits], [job, told], js=EDITED, **QUIET)
    sent.success(None, told, None, js=SAY, **PRIVATE)
