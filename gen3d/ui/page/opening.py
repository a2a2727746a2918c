"""What the page begins with: a finished example, or the sentence that one is coming, until a visitor asks."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core import words
from gen3d.ui.core.expected import Expected
from gen3d.ui.page.actions import Actions
from gen3d.ui.page.inputs import Inputs
from gen3d.ui.page.queue import QUIET
from gen3d.ui.page.sending import OPENED

AGAIN_S = 2.0
"""So often the page asks whether its first example is there by now."""
CANCELLABLE = {"concurrency_limit": 8, "api_visibility": "private", "show_progress": "hidden"}
"""In the queue, as only what is there can be cancelled: a visitor may press Build before the example has come."""


class Opening:
    """Asks again until the first example is ready; `timer` and `events` end with whatever a visitor asks for."""

    def __init__(
        self, page: gr.Blocks, actions: Actions, expected: Expected, inputs: Inputs, outputs: dict[str, Component]
    ) -> None:
        self._actions, self._expected = actions, expected
        self.timer = gr.Timer(AGAIN_S, active=False)
        shown = [*(outputs[name] for name in OPENED), self.timer]
        # a progress of each part would be sent with every step of a build that begins meanwhile, and what such a
        # message carries along of a part's value may be older than a picture that has just come
        options = CANCELLABLE | {"show_progress_on": [outputs["status"]]}
        self.events = [event(self._show, None, shown, **options) for event in (page.load, self.timer.tick)]
        page.load(self._presets, None, inputs["preset"], **QUIET)

    def _show(self, request: gr.Request) -> tuple[Any, ...]:
        values, awaited = self._actions.open_page(request)
        return *values, gr.Timer(active=awaited)

    def _presets(self) -> Any:
        """They tell what scenes took here by now."""
        return gr.update(choices=words.preset_choices(self._expected.seconds))
