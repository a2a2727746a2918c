"""What a visitor gives and chooses, put onto the page: the rows of FIELDS with a place of their own, then the fold."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core import words
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.fields import GROUPS, field_of, grouped
from gen3d.ui.core.parse import new_seed
from gen3d.ui.core.steps import Steps
from gen3d.ui.page.beside import Beside
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.widgets import add_diagram, component_of

TABS = {"photo": "Photo", "depth": "Photo + depth", "text": "Text"}


class Inputs(dict[str, Component]):
    """The inputs that are on the page so far, by the names of FIELDS. beside: gets a line under each."""

    def __init__(self, beside: Beside) -> None:
        super().__init__()
        self._beside = beside
        self.sentences: list[gr.Button] = []
        """To begin with, in the order of `words.SENTENCES`."""

    def add(self, name: str, *choices: Any, line: bool = True, **layout: Any) -> Component:
        """Puts an input onto the page, here; choices, layout: as `component_of` has them.

        line: whether errors are told under it.
        """
        self[name] = component_of(field_of(name), choices, **layout)
        if line:
            self._beside.add(name)
        return self[name]


def add_given(steps: Steps, expected: Expected, inputs: Inputs) -> gr.Tabs:
    """What a scene is made from, and how well; tabs choose which of the inputs are there."""
    choices = {}
    with gr.Tabs() as tabs:
        for name, title in TABS.items():
            with gr.Tab(title, id=name) as choices[name]:
                gr.Markdown(words.TAB_WORDS[name])
                if name == "text" and not steps.draws:
                    gr.Markdown(words.NO_SENTENCES)
                elif name == "text" and steps.engines.get("text_to_image") == words.PAINTER:
                    gr.Markdown(words.BY_RULE)
    with gr.Group() as photo_group:
        inputs.add("photo")
    with gr.Group(visible=False) as depth_group:
        inputs.add("depth")
        inputs.add("units_per_metre")
    prompt = inputs.add("prompt", visible=False)
    with gr.Group(visible=False) as sentences:
        inputs.sentences = _sentences(prompt)
    tab = inputs.add("tab", line=False)
    for name, choice in choices.items():
        choice.select(_tab_shown(name), None, [tab, photo_group, depth_group, prompt, sentences], **QUIET)
    inputs.add("preset", *words.preset_choices(expected.seconds), line=False)
    return tabs


def add_machine(steps: Steps, expected: Expected, preset: Component, page: gr.Blocks) -> None:
    """What to expect of Build on this machine, for the preset that is chosen."""

    def told(name: str) -> str:
        known = expected.seconds(name), expected.is_measured(name)
        return words.machine(steps.device, steps.networks, name, *known, expected.slower())

    line = gr.HTML(told(preset.value), elem_id="machine")
    for changed in (preset.change, page.load):
        changed(told, preset, line, **QUIET)


def _sentences(prompt: Component) -> list[gr.Button]:
    """Sentences to begin with: one press fills the field, at once."""
    buttons = []
    with gr.Row(elem_id="sentences"):
        for number, sentence in enumerate(words.SENTENCES):
            button = gr.Button(sentence, size="sm", min_width=140, elem_id=f"sentence-{number}")
            js = f"() => {json.dumps(sentence)}"
            button.click(None, None, prompt, js=js, **PRIVATE)
            buttons.append(button)
    return buttons


def add_choices(steps: Steps, inputs: Inputs, beside: Beside) -> None:
    """What may stay as it is."""
    inputs.add("review", visible=steps.review is not None, line=False)
    paths = [(f"{name}: {what}", name) for name, what in steps.paths.items()]
    add_diagram(inputs.add("path", *paths, line=False), steps.motions)
    with gr.Row():
        seed = inputs.add("seed", line=False, scale=2, min_width=140)
        dice = gr.Button("New seed", scale=1, min_width=110, size="md", elem_id="dice")
    dice.click(new_seed, None, seed, **QUIET)
    beside.add("seed")
    with gr.Accordion("Advanced", open=False, elem_id="advanced") as beside.fold:
        for group, what in GROUPS.items():
            gr.Markdown(f"## {group}\n{what}", elem_classes="group")
            for row in grouped(group):
                inputs.add(row.name)


def _tab_shown(name: str) -> Any:
    """What is there when a tab is chosen."""

    def show() -> tuple[Any, ...]:
        is_text = name == "text"
        shown = [not is_text, name == "depth", is_text, is_text]
        return name, *(gr.update(visible=visible) for visible in shown)

    return show
