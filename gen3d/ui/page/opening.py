"""What the page begins with: a finished example, or the sentence that one is coming, until a visitor asks."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core import words
from gen3d.ui.core.expected import Expected
from gen3d.ui.page.actions import Actions
from gen3d.ui.page.gradio_quirks import HIDDEN
from gen3d.ui.page.inputs import Inputs
from gen3d.ui.page.queue import QUIET
from gen3d.ui.page.sending import OPENED

AGAIN_S = 2.0
"""So often the page asks which examples are there by now."""
CANCELLABLE = {"concurrency_limit": 8, "api_visibility": "private", "show_progress": "hidden"}
"""In the queue, as only what is there can be cancelled: a visitor may press Build before the example has come."""


class Opening:
    """Looks again until the examples are ready; `timer` and `events` end with whatever a visitor asks for.

    Looking writes to the label and to `came` alone: a scene that is just being shown would be lost to "no change".
    """

    def __init__(
        self, page: gr.Blocks, actions: Actions, expected: Expected, inputs: Inputs, outputs: dict[str, Component],
        examples: gr.Dataset,
    ) -> None:  # fmt: skip
        self._actions, self._expected = actions, expected
        self.timer = gr.Timer(AGAIN_S, active=False)
        came = gr.Textbox(visible=HIDDEN, label="came")
        shown = [outputs[name] for name in OPENED]
        # a progress of each part would be sent with every step of a build that begins meanwhile, and what such a
        # message carries along of a part's value may be older than a picture that has just come
        options = CANCELLABLE | {"show_progress_on": [outputs["status"]]}
        self.events = [event(self._show, None, shown, **options) for event in (page.load, came.change)]
        self.timer.tick(self._look, None, [came, examples, self.timer], **QUIET)
        page.load(lambda: [self._promise(), gr.Timer(active=self._awaits())], None, [examples, self.timer], **QUIET)
        page.load(self._presets, None, inputs["preset"], **QUIET)

    def _look(self, request: gr.Request) -> tuple[Any, ...]:
        """Which example is there to open on, what the row of them promises, and the end of it when all are there.

        It never begins to look again: an answer that comes late would do so after a visitor has asked for something.
        """
        gallery = self._actions.gallery
        first = next(filter(gallery.is_ready, gallery.examples), None) if self._actions.may_open(request) else None
        ended = gr.skip() if self._awaits() else gr.Timer(active=False)
        return first.name if first else gr.skip(), self._promise(), ended

    def _awaits(self) -> bool:
        return self._actions.gallery.ready_and_coming()[1] > 0

    def _promise(self) -> gr.Dataset:
        return gr.Dataset(label=words.examples(*self._actions.gallery.ready_and_coming()))

    def _show(self, request: gr.Request) -> tuple[Any, ...]:
        return self._actions.open_page(request)

    def _presets(self) -> Any:
        """They tell what scenes took here by now."""
        return gr.update(choices=words.preset_choices(self._expected.seconds))
