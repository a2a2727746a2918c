"""The components of inputs: one function for each kind in `core/fields.py`; nothing here knows a single input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.ui.core.diagrams import Pose, diagram
from gen3d.ui.core.fields import Field, Kind, Widget
from gen3d.ui.core.parse import LONGEST_PROMPT
from gen3d.ui.page.gradio_quirks import uploaded_only


def component_of(row: Field, choices: Sequence[Any] = (), **layout: Any) -> Component:
    """The component of an input, put onto the page, here.

    choices: what this machine knows, where the row leaves it open. layout: of Gradio's, as scale and min_width.
    """
    look = row.widget
    return COMPONENTS[look.kind](look, choices or look.choices, {"label": look.label, "elem_id": look.elem_id} | layout)


def _photo(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Image:
    sources = ["upload", "clipboard"]
    return uploaded_only(
        gr.Image(type="filepath", image_mode=None, sources=sources, height=look.height_px, **options)
    )


def _file(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.File:
    suffixes = list(look.suffixes)
    return uploaded_only(gr.File(type="filepath", file_types=suffixes, height=look.height_px, **options))


def _text(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Textbox:
    return gr.Textbox(look.value, lines=look.lines, max_length=LONGEST_PROMPT, **options)


def _hidden(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Textbox:
    return gr.Textbox(look.value, **options | {"visible": False})


def _number(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Number:
    return gr.Number(look.value, **options)


def _whole(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Number:
    return gr.Number(look.value, precision=0, **options)


def _choice(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Radio:
    return gr.Radio(list(choices), value=look.value, **options)


def _list(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Dropdown:
    return gr.Dropdown(list(choices), value=look.value, **options)


def _flag(look: Widget, choices: Sequence[Any], options: dict[str, Any]) -> gr.Checkbox:
    return gr.Checkbox(look.value, **options)


COMPONENTS: dict[Kind, Callable[[Widget, Sequence[Any], dict[str, Any]], Component]] = {
    "photo": _photo, "file": _file, "text": _text, "hidden": _hidden, "number": _number, "whole": _whole,
    "choice": _choice, "list": _list, "flag": _flag,
}  # fmt: skip


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
