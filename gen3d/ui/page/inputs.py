"""The page's left side: what a visitor gives and chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core import words
from gen3d.ui.core.asked import DEPTH_WORDS, LONGEST_PROMPT, new_seed
from gen3d.ui.core.diagrams import Pose, diagram
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.steps import Steps
from gen3d.ui.page.beside import Beside
from gen3d.ui.page.gradio_quirks import uploaded_only
from gen3d.ui.page.queue import QUIET

DEFAULT_PRESET = "fast"
DEFAULT_PATH = "wander"
ASIDE = {"left": "to the left", "right": "to the right", "up": "above", "down": "below"}
"""Directions that may have words of their own."""
TABS = {"photo": "Photo", "depth": "Photo + depth", "text": "Text"}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The left side, in the order that the actions take it."""

    photo: gr.Image
    depth: gr.File
    prompt: gr.Textbox
    tab: gr.Textbox
    preset: gr.Radio
    path: gr.Dropdown
    seed: gr.Number
    fov_deg: gr.Number
    units_per_metre: gr.Number
    size_px: gr.Number
    rule: gr.Radio
    transforms: gr.File
    left: gr.Textbox
    right: gr.Textbox
    up: gr.Textbox
    down: gr.Textbox
    depth_kind: gr.Radio
    depth_channel: gr.Textbox
    turn_depth: gr.Radio
    own_depth: gr.Radio

    def in_order(self, review: Component | None = None) -> list[Component]:
        """As the actions take them; whether to review was there before what is said of the depth."""
        fields = [getattr(self, name) for name in self.__dataclass_fields__]
        first = len(fields) - len(DEPTH_WORDS)
        return [*fields[:first], *([review] if review else []), *fields[first:]]


def add_given(steps: Steps, expected: Expected, beside: Beside) -> tuple[gr.Tabs, dict[str, Component]]:
    """What a scene is made from, and how well, put onto the page here; tabs choose which of the inputs are there.

    beside: gets a line under each.
    """
    choices = {}
    with gr.Tabs() as tabs:
        for name, title in TABS.items():
            with gr.Tab(title, id=name) as choices[name]:
                gr.Markdown(words.TAB_WORDS[name])
                if name == "text" and not steps.draws:
                    gr.Markdown(words.NO_SENTENCES)
    with gr.Group() as photo_group:
        photo = uploaded_only(gr.Image(
            label="Drop a photo here", type="filepath", image_mode=None, sources=["upload", "clipboard"], height=260,
            elem_id="photo",
        ))  # fmt: skip
        beside.add("photo")
    with gr.Group(visible=False) as depth_group:
        depth = uploaded_only(gr.File(
            label="Depth: 16-bit PNG, .npy, .npz, float TIFF or EXR", type="filepath", height=140,
            elem_id="depth-file", file_types=[".png", ".npy", ".npz", ".tif", ".tiff", ".exr"],
        ))  # fmt: skip
        beside.add("depth")
        units = gr.Number(
            0, label="Depth scale: units per metre (0: 1000 for integers, floats are metres)", elem_id="units"
        )
        beside.add("units_per_metre")
    prompt = gr.Textbox(
        None, label="Sentence", lines=2, visible=False, elem_id="prompt", max_length=LONGEST_PROMPT
    )  # fmt: skip
    beside.add("prompt")
    tab = gr.Textbox("any", label="tab", visible=False)
    for name, choice in choices.items():
        shown = [tab, photo_group, depth_group, prompt]
        choice.select(_tab_shown(name), None, shown, **QUIET)
    preset = gr.Radio(words.preset_choices(expected.seconds), value=DEFAULT_PRESET, label="Preset", elem_id="preset")
    return tabs, {
        "photo": photo, "depth": depth, "units_per_metre": units, "prompt": prompt, "tab": tab, "preset": preset,
    }  # fmt: skip


def add_choices(steps: Steps, given: dict[str, Component], beside: Beside) -> Inputs:
    """What may stay as it is, and with it the whole left side."""
    paths = [(f"{name}: {what}", name) for name, what in steps.paths.items()]
    path = gr.Dropdown(paths, value=DEFAULT_PATH, label="Camera path", elem_id="path")
    add_diagram(path, steps.motions)
    seed = _seed()
    beside.add("seed")
    with gr.Accordion("Advanced", open=False, elem_id="advanced") as beside.fold:
        fov = gr.Number(0, label="Field of view along the longer side, degrees (0: from the photo)", elem_id="fov")
        beside.add("fov_deg")
        size = gr.Number(0, label="Longer side to work at, pixels (0: the preset's)", precision=0, elem_id="size")
        beside.add("size_px")
        rules = [("what occludes", "occlusion"), ("median depth, as in the paper", "paper")]
        rule = gr.Radio(rules, value="occlusion", label="Foreground is chosen by")
        own_path = uploaded_only(gr.File(
            label="A camera path of your own: a nerfstudio transforms.json", type="filepath", file_types=[".json"],
            height=110, elem_id="transforms",
        ))  # fmt: skip
        beside.add("transforms")
        aside = [
            gr.Textbox(None, label=f"What is to be seen {w}", elem_id=f"words-{d}", max_length=LONGEST_PROMPT)
            for d, w in ASIDE.items()
        ]
        of_depth = _of_depth(beside)
    words_for = dict(zip(ASIDE, aside, strict=True))
    return Inputs(
        **given, path=path, seed=seed, fov_deg=fov, size_px=size, rule=rule, transforms=own_path, **words_for,
        **of_depth,
    )  # fmt: skip


def _of_depth(beside: Beside) -> dict[str, Component]:
    """What a depth file is, where it does not say so itself."""
    made: dict[str, Component] = {}
    made["depth_kind"] = gr.Radio(
        [("as the file says", "auto"), ("metric", "metric"), ("inverse", "inverse"), ("disparity", "disparity")],
        value="auto", label="Depth kind: what its numbers are", elem_id="depth-kind",
    )  # fmt: skip
    beside.add("depth_kind")
    made["depth_channel"] = gr.Textbox(
        None, label="Depth channel: the array, channel or page to take (empty: by its name)", elem_id="depth-channel",
        max_length=LONGEST_PROMPT,
    )
    beside.add("depth_channel")
    made["turn_depth"] = gr.Radio(
        [("where it fits only so", "auto"), ("yes", "yes"), ("no", "no")], value="auto",
        label="Turn depth as EXIF turns the photo", elem_id="turn-depth",
    )  # fmt: skip
    beside.add("turn_depth")
    made["own_depth"] = gr.Radio(
        ["use", "ignore"], value="use", label="Own depth: depth inside a portrait photo", elem_id="own-depth"
    )
    beside.add("own_depth")
    return made


def _seed() -> gr.Number:
    """The seed and its dice; the page writes the used one back."""
    with gr.Row():
        seed = gr.Number(label="Seed", precision=0, scale=2, min_width=140, elem_id="seed")
        dice = gr.Button("New seed", scale=1, min_width=110, size="md", elem_id="dice")
    dice.click(new_seed, None, seed, **QUIET)
    return seed


def _tab_shown(name: str) -> Any:
    """What is there when a tab is chosen."""

    def show() -> tuple[Any, ...]:
        is_text = name == "text"
        return name, gr.update(visible=not is_text), gr.update(visible=name == "depth"), gr.update(visible=is_text)

    return show


def add_diagram(path: gr.Dropdown, motions: Mapping[str, Sequence[Pose]]) -> gr.HTML:
    """Puts the drawing of the chosen path onto the page, here; it changes with the choice.

    motions: path -> its poses; a path without is drawn as nothing.
    """
    drawings = {name: diagram(name, poses) for name, poses in motions.items()}
    drawing = gr.HTML(drawings.get(path.value, ""))
    path.change(
        lambda name: drawings.get(name, ""), path, drawing,
        queue=False, api_visibility="private", show_progress="hidden",
    )  # fmt: skip
    return drawing
