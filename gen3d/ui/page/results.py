"""What the page shows of a scene, and Gradio's own viewer, which draws only while it is unfolded."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from gen3d.stage_table import STAGES
from gen3d.ui.core import words
from gen3d.ui.core.progress import SINGLE
from gen3d.ui.page.gradio_quirks import FETCH_CODE, HIDDEN, uploaded_only
from gen3d.ui.page.queue import QUIET
from gen3d.ui.page.scene_viewer import scene_viewer

PICTURES = {row.name: row.preview for row in STAGES if row.name in SINGLE}
"""elem_id -> what the picture shows."""
VIEWS = ", ".join(row.preview for row in STAGES if row.preview and row.many)
SCENE_PX = 480
"""Height of Gradio's 3D view (see page.css)."""


@dataclass(frozen=True, slots=True)
class OtherViewer:
    """Gradio's own viewer, which holds a scene only while it is unfolded."""

    fold: gr.Accordion
    model: gr.Model3D


def add_stage(first: tuple[str, str] | None, directs: bool = False) -> dict[str, Component]:
    """The scene, and how it stands, by the names that `stream.Shown.values` uses; first: in the viewer at once.

    directs: whether somebody takes edits of its things.
    """
    viewer = scene_viewer("viewer", first, directs)
    return {"viewer": viewer, "status": gr.HTML(words.NOTHING_YET, elem_id="status")}


def add_results() -> tuple[dict[str, Component], OtherViewer, gr.Button]:
    """What else there is of it, by the names that `stream.Shown.values` uses; and "Try another seed"."""
    with gr.Accordion(words.OTHER_VIEWER, open=False, elem_id="other") as fold:
        gr.Markdown(words.OTHER_WORDS)
        model = gr.Model3D(
            label="Scene: drag to turn, wheel to zoom", height=SCENE_PX, interactive=False, elem_id="scene"
        )
    scene = uploaded_only(gr.File(visible=HIDDEN, label="Scene for Gradio's viewer", interactive=False))
    with gr.Row():
        with gr.Column(scale=3, min_width=280):
            video = gr.Video(
                label="Fly-through", autoplay=True, loop=True, interactive=False, height=330, elem_id="video"
            )
        with gr.Column(scale=2, min_width=240):
            files = gr.File(label="Downloads", file_count="multiple", interactive=False, height=270, elem_id="files")
            another = gr.Button("Try another seed", elem_id="another")
    with gr.Row():
        pictures = {name: _picture(name, label) for name, label in PICTURES.items()}
    views = gr.Gallery(label=VIEWS, columns=5, object_fit="contain", interactive=False, elem_id="views")
    job = gr.Textbox(visible=HIDDEN, label="job")
    progress = gr.JSON(visible=False, label="progress")
    outputs = {"scene": scene, **pictures, "views": views, "video": video, "files": files}
    outputs |= {"job": job, "progress": progress}
    return outputs, OtherViewer(fold, model), another


def _picture(name: str, label: str) -> gr.Image:
    return gr.Image(
        label=label, type="filepath", interactive=False, height=190, min_width=160, elem_id=name,
        buttons=["download", "fullscreen"],
    )  # fmt: skip


def connect_other_viewer(other: OtherViewer, scene: Component, shown: list[Dependency]) -> None:
    """Loads the scene when it is unfolded, and anew when another is there; folded, it draws nothing."""
    unfolded = gr.State(False)
    other.fold.expand(lambda file: (True, file), [scene], [unfolded, other.model], js=FETCH_CODE, **QUIET)
    other.fold.collapse(lambda: (False, None), None, [unfolded, other.model], **QUIET)
    for event in shown:
        # folded it is empty already, and an answer that comes late must not empty what was unfolded meanwhile
        event.then(lambda file, is_open: file if is_open else gr.skip(), [scene, unfolded], [other.model], **QUIET)
