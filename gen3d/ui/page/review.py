"""The page's part in which a visitor looks over the layers: the photo to click on, a threshold to move, a list.

The list does what clicks do for those who do not see or point: it names every larger region by its place and size.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from gen3d.request import Flip, Review
from gen3d.settings import LayerSettings
from gen3d.ui.core.parse import Number
from gen3d.ui.core.reviewing import Paused, Reviewing, moved, name_of, pointed_at, ticked, undone
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.sending import NOBODY, visitor_of

TITLE = "### What stands in front?"
WORDS = (
    "What is in colour is foreground: it is lifted off, and a background is made up behind it. **Click a thing that is "
    "on the wrong side**, or move the threshold. Then **Go on**."
)
ALT = "The photo; its foreground is in colour. The regions are listed below."
THRESHOLD = LayerSettings().depth_percentile
"""Where the slider stands before it is moved."""
SLIDER = "Or by depth alone: in front is every region that is nearer than this percentile"
TURN: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "review", "show_progress": "hidden"}
"""Changes of layers wait for each other, since each begins with what the one before left."""
IN_TURN = TURN | {"api_visibility": "private"}
REVEAL = "() => requestAnimationFrame(() => document.querySelector('#review')?.scrollIntoView({block: 'nearest'}))"


@dataclass(frozen=True, slots=True)
class ReviewPanel:
    """What is there while a job waits."""

    paused: gr.State
    """A `Paused`, or None."""
    panel: gr.Column
    picture: gr.Image
    told: gr.HTML
    threshold: gr.Slider
    undo: gr.Button
    restore: gr.Button
    go_on: gr.Button
    regions: gr.CheckboxGroup

    def changing(self) -> list[Component]:
        """What a change of layers changes; see `changed_to`."""
        return [self.paused, self.picture, self.told, self.undo, self.regions]

    def opening(self) -> list[Block]:
        """What changes when a job begins to wait, or no longer does; see `opened_with`."""
        return [self.panel, self.threshold, *self.changing()]


def add_review() -> ReviewPanel:
    """Puts the panel onto the page, here; nobody sees it until a job waits."""
    with gr.Column(visible=False, elem_id="review") as panel:
        gr.Markdown(f"{TITLE}\n{WORDS}")
        picture = gr.Image(
            label="Click to flip", type="filepath", interactive=False, elem_id="review-picture",
            buttons=["fullscreen"], alt_text=ALT,
        )  # fmt: skip
        told = gr.HTML(elem_id="review-told")
        threshold = gr.Slider(0, 100, THRESHOLD, step=1, label=SLIDER, elem_id="threshold", buttons=[])
        with gr.Row():
            undo = gr.Button("Undo", interactive=False, min_width=90, elem_id="undo")
            restore = gr.Button("Reset", min_width=90, elem_id="restore")
            go_on = gr.Button("Go on", variant="primary", min_width=90, elem_id="go-on")
        with gr.Accordion("Regions as a list", open=False, elem_id="review-list"):
            regions = gr.CheckboxGroup([], label="In front", elem_id="regions")
    return ReviewPanel(gr.State(None), panel, picture, told, threshold, undo, restore, go_on, regions)


def connect_changes(panel: ReviewPanel, reviewing: Reviewing) -> None:
    """Clicks, threshold, list and undo; each shows what came of it."""

    def after(paused: Paused, review: Review, request: gr.Request) -> list[Any]:
        with told_to_visitors():
            return changed_to(reviewing.changed(paused, review, visitor_of(request)))

    def click(paused: Paused, request: gr.Request, event: gr.SelectData) -> list[Any]:
        return after(paused, pointed_at(paused, *event.index), request)

    def slide(paused: Paused, percentile: Number, request: gr.Request) -> list[Any]:
        return after(paused, moved(paused, percentile), request)

    def tick(paused: Paused, numbers: list[int], request: gr.Request) -> list[Any]:
        return after(paused, ticked(paused, numbers), request)

    def step_back(paused: Paused, request: gr.Request) -> list[Any]:
        return after(paused, undone(paused), request)

    def restore(paused: Paused, request: gr.Request) -> list[Any]:
        return [*after(paused, Review(), request), THRESHOLD]

    state, changing = panel.paused, panel.changing()
    panel.picture.select(click, state, changing, trigger_mode="multiple", **IN_TURN)
    panel.threshold.input(slide, [state, panel.threshold], changing, trigger_mode="always_last", **IN_TURN)
    panel.regions.input(tick, [state, panel.regions], changing, trigger_mode="always_last", **IN_TURN)
    panel.undo.click(step_back, state, changing, trigger_mode="multiple", **IN_TURN)
    panel.restore.click(restore, state, [*changing, panel.threshold], **IN_TURN)


def changed_to(paused: Paused) -> list[Any]:
    """Values for `ReviewPanel.changing`."""
    in_front = [number for number, region in enumerate(paused.regions, 1) if region.front]
    undo = gr.update(interactive=bool(paused.review.flips))
    return [paused, str(paused.picture), f'<div role="status">{escape(paused.said)}</div>', undo, in_front]


def opened_with(paused: Paused | None) -> list[Any]:
    """Values for `ReviewPanel.opening`: of a job that waits, or of none."""
    if paused is None:
        return [gr.update(visible=False), THRESHOLD, None, None, "", gr.update(interactive=False), []]
    names = [(name_of(number, region), number) for number, region in enumerate(paused.regions, 1)]
    *others, in_front = changed_to(paused)
    return [gr.update(visible=True), THRESHOLD, *others, gr.update(choices=names, value=in_front)]


def _flip_values(flip: Flip) -> list[float | bool | None]:
    return [flip.x, flip.y, flip.front, *([True] if flip.thing else [])]


def add_review_endpoint(reviewing: Reviewing, job: Component) -> None:
    """The same for the API."""

    def review(
        job: str, percentile: Number | None = None, flips: Any = None, request: gr.Request = NOBODY
    ) -> tuple[str, list, list]:
        """Choose otherwise what stands in front, after /look and before /grow. Gives (picture, flips, regions).

        Args:
            job: what /look gave back.
            percentile: everything nearer than this percentile of depth is foreground (eq. 2); empty: as /look chose.
            flips: places that change sides, [[x, y], ...] as shares of width and height, or [x, y, true] for
                those that go to the front and [x, y, false] for those that go behind; null is the other side. A fourth
                value, true, means the thing that is seen there, as a click on the page does, not the smallest region.
                All at once: each call begins anew, and without flips and percentile it restores what /look chose.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            paused = reviewing.review(job, percentile, flips, visitor_of(request))
        regions = [{"x": r.x, "y": r.y, "share": r.share, "depth_percentile": r.depth_percentile, "front": r.front}
                   for r in paused.regions]  # fmt: skip
        return str(paused.picture), [_flip_values(f) for f in paused.review.flips], regions

    percentile = gr.Number(None, label="Percentile", visible=False)
    flips, regions = (gr.JSON(label=label, visible=False) for label in ("Flips", "Regions"))
    picture = gr.Image(type="filepath", label="Layers", visible=False)
    button = gr.Button("review", visible=False)
    given = [picture, flips, regions]
    button.click(review, [job, percentile, flips], given, api_name="review", **TURN)
