"""The page: its components, and which action each starts.

They come in the order in which a phone shows them, one below the other, and the keyboard visits them: the scene and how
it stands, what can be asked for, then the rest. A wide window puts the second beside the others (page.css).
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from gen3d.ui.core import words
from gen3d.ui.core.directing import Directing
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.filming import scene_of
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.limits import USUAL, Limits
from gen3d.ui.core.parse import new_seed
from gen3d.ui.core.steps import Steps
from gen3d.ui.core.turns import Turn
from gen3d.ui.core.words import COUNT_DOWN
from gen3d.ui.page.actions import Actions
from gen3d.ui.page.agents import Agents, add_agents
from gen3d.ui.page.another_video import add_another_video
from gen3d.ui.page.beside import REVEAL as REVEAL_WRONG
from gen3d.ui.page.beside import Beside
from gen3d.ui.page.by_name import add_endpoint, by_position, components_of
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import ANY_FILE, naming, shared, whatever_came
from gen3d.ui.page.guarded import GuardedBlocks
from gen3d.ui.page.inputs import Inputs, add_choices, add_given, add_machine
from gen3d.ui.page.more_files import add_more_files
from gen3d.ui.page.open_scene import add_open_scene
from gen3d.ui.page.opening import Opening
from gen3d.ui.page.queue import PRIVATE, QUEUE, QUIET
from gen3d.ui.page.results import PICTURES, add_results, add_stage, connect_other_viewer
from gen3d.ui.page.review import REVEAL, ReviewPanel, add_review, add_review_endpoint, connect_changes, opened_with
from gen3d.ui.page.sending import BUILT, GROWN, LOOKED, OPENED, TOURED, plainly, visitor_of
from gen3d.ui.page.share import add_share, fill_from_link
from gen3d.ui.page.viewer_bringing import connect_bringing
from gen3d.ui.page.viewer_edits import connect_edits
from gen3d.ui.page.viewer_parts import connect_parts

PHOTO, MOVING = {"photo": "The photo"}, {"moving": "The boomerang"}
"""elem_id -> what this picture shows."""
CACHE = (3600, 24 * 3600)
"""Every so many seconds, Gradio's copies that are older than so many seconds go."""

# scrollIntoView would take the keyboard along
TO_THE_SCENE = """() => {
  const {top, bottom} = document.querySelector('#viewer').getBoundingClientRect()
  const by = top < 0 ? top : Math.max(0, Math.min(top, bottom - innerHeight))
  scrollBy({top: by, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'})
}"""


def build_page(steps: Steps, visits: Visits, gallery: Gallery, limits: Limits = USUAL) -> gr.Blocks:
    """The page, not yet launched; limits: what everybody may have of it."""
    compiles = steps.compiles or (lambda: False)
    expected = Expected(
        gallery.results.parent / "seconds.json", lambda: words.slower(compiles(), gallery.is_building())
    )
    shared([*gallery.given, *(example.first for example in gallery.examples if example.first)])
    with GuardedBlocks(
        title=words.TITLE, analytics_enabled=False, delete_cache=CACHE, given=gallery.given, limits=limits
    ) as page:
        actions = Actions(
            steps, visits, gallery, expected, lambda visitor: Turn(partial(page.others_wait, visitor), limits)
        )
        gr.Markdown(words.introduction(os.getenv("SPACE_ID")), elem_id="header")
        with gr.Row(elem_id="columns"):
            with gr.Column(elem_id="stage"):
                review = add_review()
                outputs = add_stage(gallery.first(), directs=bool(steps.direct and steps.more))
            with gr.Column(elem_id="asks"):
                beside = Beside()
                inputs = Inputs(beside)
                tabs = add_given(steps, expected, inputs)
                with gr.Row():
                    build = gr.Button("Build", variant="primary", min_width=80, elem_id="build")
                    enough = gr.Button("Enough", interactive=False, min_width=80, elem_id="enough")
                    cancel = gr.Button("Cancel", variant="stop", interactive=False, min_width=80, elem_id="cancel")
                add_machine(steps, expected, inputs["preset"], page)
                examples = _examples(gallery)
                add_choices(steps, inputs, beside)
                if steps.show_file:
                    add_open_scene(steps.show_file, outputs["viewer"], outputs["status"])
            with gr.Column(elem_id="rest"):
                results, other, another = add_results()
                outputs |= results | {"seed": inputs["seed"]}
                add_another_video(actions, outputs, QUEUE)
                if steps.more:
                    find = partial(scene_of, visits, gallery)
                    add_more_files(find, steps.more, outputs["job"], QUEUE, steps.stand, steps.photo)
                if steps.publish:
                    add_share(partial(scene_of, visits, gallery), steps.publish, outputs["job"], inputs)
        gr.HTML(words.badge(steps.engines, steps.device, steps.better))
        opening = Opening(page, actions, expected, inputs, outputs, examples)
        build.click(None, None, beside.lines, js=beside.clear(), **PRIVATE)
        build.click(None, None, None, js=TO_THE_SCENE, **PRIVATE)
        shown = [
            *_connect_building(
                actions, inputs, outputs, (build, enough, cancel, another), opening, review
            ),
            _connect_examples(actions, gallery, examples, tabs, inputs, outputs, opening),
            *_connect_sentences(actions, gallery, inputs, outputs, opening),
        ]
        _connect_beside(actions, beside, shown)
        drawn = another.click(new_seed, None, inputs["seed"], **QUIET)
        drawn.then(None, None, None, js="() => document.querySelector('#build').click()", **PRIVATE)
        connect_changes(review, actions.reviewing)
        add_review_endpoint(actions.reviewing, outputs["job"])
        connect_other_viewer(other, outputs["scene"], shown)
        _connect_steps(actions, inputs, outputs)
        if steps.direct and steps.more:
            directing = Directing(steps.direct, visits, gallery)
            connect_edits(directing.put, outputs["viewer"], outputs["job"])
            connect_bringing(directing.bring_to_viewer, outputs["viewer"], outputs["job"])
            connect_parts(directing.parted_in_viewer, outputs["viewer"], outputs["job"])
            add_agents(Agents(actions, directing, partial(scene_of, visits, gallery), steps.more), outputs, steps.paths)
        begun = page.load(new_seed, None, inputs["seed"], **QUIET)
        fill_from_link(begun, inputs, tabs, tuple(steps.paths))
        page.load(None, None, None, js=COUNT_DOWN, **PRIVATE)
        page.load(None, None, None, js=ANY_FILE, **PRIVATE)
        titles = [example.title for example in gallery.examples]
        page.load(None, None, None, js=naming(titles, PICTURES | PHOTO | MOVING), **PRIVATE)
        page.unload(actions.leave)
    return page.queue()


def _examples(gallery: Gallery) -> gr.Dataset:
    return gr.Dataset(
        label=words.examples(0, 0),
        components=[gr.Image(visible=False, type="filepath")],
        samples=[[str(example.photo)] for example in gallery.examples],
        sample_labels=None,
        type="index",
        layout="gallery",
        elem_id="examples",
    )


def _connect_building(
    actions: Actions, inputs: Inputs, outputs: dict[str, Component], buttons: tuple[gr.Button, ...],
    opening: Opening, review: ReviewPanel,
) -> list[Dependency]:  # fmt: skip
    """Build, Enough, Cancel and Try another seed, and Go on, where the visitor wanted to look over the layers first."""
    build, enough, cancel, _ = buttons
    status, built, at_rest = outputs["status"], [outputs[name] for name in BUILT], [*buttons, *review.opening()]
    build.click(
        lambda: [*_pressable(running=True), *opened_with(None), gr.Timer(active=False)], None,
        [*at_rest, opening.timer], cancels=opening.events, **QUIET,
    )  # fmt: skip
    running = build.click(
        by_position("build", actions.build_shown), components_of("build", inputs), built,
        api_visibility="private", show_progress_on=[status], **QUEUE,
    )  # fmt: skip
    begun = [*_pressable(running=True), gr.update(visible=False)]
    review.go_on.click(lambda: begun, None, [*buttons, review.panel], **QUIET)
    going = review.go_on.click(
        actions.go_on, review.paused, built, api_visibility="private", show_progress_on=[status], **QUEUE
    )

    def rest(job: str | None, request: gr.Request) -> list[Any]:
        with told_to_visitors():
            paused = actions.reviewing.opened(job, visitor_of(request))
        return [*_pressable(running=False, waits=paused is not None), *opened_with(paused)]

    def given_up(request: gr.Request) -> list[Any]:
        """What waited is over at once; what ran fails as soon as it is over for the browser, too, which then rests."""
        values, waited = actions.cancelled(request)
        still = [gr.skip() for _ in at_rest]
        return [*values, *([*_pressable(running=False), *opened_with(None)] if waited else still)]

    ended = cancel.click(None, None, None, cancels=[running, going], **PRIVATE)
    opened = [outputs[name] for name in OPENED]
    cancelled = ended.then(given_up, None, [*opened, *at_rest], show_progress_on=[status], **QUIET)
    at_end = (rest, outputs["job"], at_rest)
    ends = [*whatever_came(running, *at_end, **QUIET), *whatever_came(going, *at_end, **QUIET)]
    for event in (*ends, cancelled):
        event.then(None, None, None, js=REVEAL, **PRIVATE)
    told = gr.Textbox(visible=False, label="told")
    enough.click(actions.say_enough, None, told, queue=False, api_name="enough", show_progress="hidden")
    return [running, going]


def _connect_beside(actions: Actions, beside: Beside, shown: list[Dependency]) -> None:
    """A failure is told beside the input that caused it."""

    def told(request: gr.Request) -> list[Any]:
        return beside.told(actions.blamed(request))

    for event in shown:
        failed = event.failure(told, None, [*beside.lines, beside.fold], **QUIET)
        failed.then(None, None, None, js=REVEAL_WRONG, **PRIVATE)


def _connect_steps(actions: Actions, inputs: Inputs, outputs: dict[str, Component]) -> None:
    """A whole scene, and the three steps one by one, for the API."""
    for fn, taken, given in (
        (by_position("build", actions.build), components_of("build", inputs), plainly(BUILT)),
        (by_position("look", actions.look), components_of("look", inputs), LOOKED),
        (actions.grow, [outputs["job"]], GROWN),
        (actions.tour, [outputs["job"], inputs["path"]], TOURED),
    ):
        add_endpoint(fn, taken, [outputs[name] for name in given])


def _connect_examples(
    actions: Actions, gallery: Gallery, examples: gr.Dataset, tabs: gr.Tabs, inputs: Inputs,
    outputs: dict[str, Component], opening: Opening,
) -> Dependency:  # fmt: skip
    """An example fills the inputs, and shows its scene."""

    def fill(index: int) -> tuple[Any, ...]:
        example = gallery.examples[index]
        depth = str(example.depth) if example.depth else None
        return str(example.photo), depth, example.fov_deg or 0, gr.Tabs(selected="depth" if depth else "photo")

    filled = [inputs["photo"], inputs["depth"], inputs["fov_deg"], tabs]
    examples.click(fill, [examples], filled, **QUIET)
    examples.click(lambda: gr.Timer(active=False), None, opening.timer, cancels=opening.events, **QUIET)
    return examples.click(
        actions.show_example, [examples], [outputs[name] for name in BUILT], show_progress_on=[outputs["status"]],
        concurrency_limit=32, api_visibility="private",
    )  # fmt: skip


def _connect_sentences(
    actions: Actions, gallery: Gallery, inputs: Inputs, outputs: dict[str, Component], opening: Opening
) -> list[Dependency]:
    """A sentence to begin with shows its scene, where one was prepared."""
    shown = []
    for number, button in enumerate(inputs.sentences[: len(gallery.sentences)]):
        button.click(lambda: gr.Timer(active=False), None, opening.timer, cancels=opening.events, **QUIET)
        event = button.click(
            actions.show_sentence, gr.State(number), [outputs[name] for name in BUILT],
            show_progress_on=[outputs["status"]], concurrency_limit=32, api_visibility="private",
        )  # fmt: skip
        shown.append(event)
    return shown


def _pressable(running: bool, waits: bool = False) -> list[Any]:
    """Build, Enough, Cancel, Try another seed."""
    return [gr.update(interactive=can) for can in (not running, running, running or waits, not running)]
