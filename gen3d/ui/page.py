"""The page: its components, and which action each starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.data_classes import ImageData

from gen3d.ui import words
from gen3d.ui.actions import BUILT, GROWN, LOOKED, TOURED, Actions
from gen3d.ui.asked import new_seed
from gen3d.ui.gallery import Gallery
from gen3d.ui.jobs import Visits
from gen3d.ui.steps import Steps

DEFAULT_PRESET = "fast"
DEFAULT_PATH = "wander"
QUEUE = {"concurrency_limit": 1, "concurrency_id": "engine", "trigger_mode": "once"}
"""One scene at a time: it takes the whole machine. Who comes second sees the place in the queue."""
WAITING = 24
"""Longer queues are refused."""
CACHE = (3600, 24 * 3600)
"""Every so many seconds, Gradio's copies that are older than so many seconds go."""
UPLOAD_MB = 64
SCENE_PX = 480
"""Height of the 3D view (see page.css)."""
CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
TABS = {"photo": "Photo", "depth": "Photo + depth", "text": "Text"}
PRIVATE = {"queue": False, "api_visibility": "private"}


def launch_options(gallery: Gallery) -> dict[str, Any]:
    """What `launch` has to be told besides the address."""
    return {"css": CSS, "max_file_size": f"{UPLOAD_MB}mb", "allowed_paths": [str(gallery.results)], "show_error": True}


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

    def in_order(self) -> list[Component]:
        """As the actions take them."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


def build_page(steps: Steps, visits: Visits, gallery: Gallery) -> gr.Blocks:
    """The page, not yet launched."""
    actions = Actions(steps, visits, gallery)
    with gr.Blocks(title=words.TITLE, analytics_enabled=False, delete_cache=CACHE) as page:
        gr.Markdown(words.INTRODUCTION)
        gr.HTML(words.badge(steps.engines, steps.device))
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                tabs, inputs = _inputs(steps)
                with gr.Row():
                    build = gr.Button("Build", variant="primary", min_width=90, elem_id="build")
                    enough = gr.Button("Enough", interactive=False, min_width=90, elem_id="enough")
                    cancel = gr.Button("Cancel", variant="stop", interactive=False, min_width=90, elem_id="cancel")
                examples = _examples(gallery)
            with gr.Column(scale=5, min_width=480):
                outputs = _outputs() | {"seed": inputs.seed}
        _connect_building(actions, inputs, outputs, (build, enough, cancel))
        _connect_steps(actions, inputs, outputs)
        _connect_examples(actions, gallery, examples, tabs, inputs, outputs)
        page.load(new_seed, None, inputs.seed, show_progress="hidden", **PRIVATE)
        page.unload(actions.leave)
    return page.queue(max_size=WAITING)


def _inputs(steps: Steps) -> tuple[gr.Tabs, Inputs]:
    """Tabs choose which of the inputs are there; below them comes what every scene has."""
    choices = {}
    with gr.Tabs() as tabs:
        for name, title in TABS.items():
            with gr.Tab(title, id=name) as choices[name]:
                gr.Markdown(words.TAB_WORDS[name])
                if name == "text" and not steps.draws:
                    gr.Markdown(words.NO_SENTENCES)
    with gr.Group() as photo_group:  # hidden as a group, since Gradio makes anew what it updates: without _path_of
        photo = gr.Image(
            label="Photo", type="filepath", image_mode=None, sources=["upload", "clipboard"], height=260,
            elem_id="photo",
        )  # fmt: skip
    photo.preprocess = _path_of  # Gradio's own opens the file; ours is opened by the pipeline, within bounds
    with gr.Group(visible=False) as depth_group:
        depth = gr.File(
            label="Depth: 16-bit PNG, .npy, .npz, float TIFF or EXR", type="filepath", height=140,
            elem_id="depth-file", file_types=[".png", ".npy", ".npz", ".tif", ".tiff", ".exr"],
        )  # fmt: skip
        units = gr.Number(1000, label="Units per metre (of an integer depth file)", minimum=1e-6)
    prompt = gr.Textbox(None, label="Sentence", lines=2, visible=False, elem_id="prompt")
    tab = gr.Textbox("any", label="tab", visible=False)
    for name, choice in choices.items():
        shown = [tab, photo_group, depth_group, prompt]
        choice.select(_tab_shown(name), None, shown, show_progress="hidden", **PRIVATE)
    preset = gr.Radio(words.preset_choices(), value=DEFAULT_PRESET, label="Preset", elem_id="preset")
    paths = [(f"{name}: {what}", name) for name, what in steps.paths.items()]
    path = gr.Dropdown(paths, value=DEFAULT_PATH, label="Camera path", elem_id="path")
    seed = _seed()
    with gr.Accordion("Advanced", open=False):
        fov = gr.Number(0, label="Field of view along the longer side, degrees (0: from the photo)", minimum=0)
        size = gr.Number(0, label="Longer side to work at, pixels (0: the preset's)", precision=0, minimum=0)
        rules = [("what occludes", "occlusion"), ("median depth, as in the paper", "paper")]
        rule = gr.Radio(rules, value="occlusion", label="Foreground is chosen by")
    return tabs, Inputs(photo, depth, prompt, tab, preset, path, seed, fov, units, size, rule)


def _seed() -> gr.Number:
    """The seed and its dice; the page writes the used one back."""
    with gr.Row():
        seed = gr.Number(label="Seed", precision=0, minimum=0, scale=4, elem_id="seed")
        dice = gr.Button("⚄", scale=0, min_width=60, elem_id="dice")
    dice.click(new_seed, None, seed, show_progress="hidden", **PRIVATE)
    return seed


def _outputs() -> dict[str, Component]:
    """The right side, by the names that `stream.Shown.values` uses."""
    status = gr.HTML(words.NOTHING_YET, elem_id="status")
    scene = gr.Model3D(label="Scene: drag to turn, wheel to zoom", height=SCENE_PX, interactive=False, elem_id="scene")
    with gr.Row():
        depth, layers, background = (
            gr.Image(
                label=label, type="filepath", interactive=False, height=190, elem_id=name,
                buttons=["download", "fullscreen"],
            )
            for name, label in (("depth", "Depth"), ("layers", "Foreground"), ("background", "Background behind it"))
        )
    views = gr.Gallery(label="New views", columns=5, object_fit="contain", interactive=False, elem_id="views")
    with gr.Row():
        video = gr.Video(label="Fly-through", autoplay=True, loop=True, interactive=False, height=330, elem_id="video")
        files = gr.File(label="Downloads", file_count="multiple", interactive=False, elem_id="files")
    job = gr.Textbox(visible=False, label="job")
    return {
        "status": status, "scene": scene, "depth": depth, "layers": layers, "background": background, "views": views,
        "video": video, "files": files, "job": job,
    }  # fmt: skip


def _examples(gallery: Gallery) -> gr.Dataset:
    return gr.Dataset(
        label="Examples: their scenes are ready",
        components=[gr.Image(visible=False, type="filepath")],
        samples=[[str(example.photo)] for example in gallery.examples],
        sample_labels=None,
        type="index",
        layout="gallery",
        elem_id="examples",
    )


def _connect_building(
    actions: Actions, inputs: Inputs, outputs: dict[str, Component], buttons: tuple[gr.Button, gr.Button, gr.Button]
) -> None:
    """Build, Enough and Cancel; the latter two can be pressed while something runs."""
    build, enough, cancel = buttons
    status = outputs["status"]
    build.click(lambda: _pressable(running=True), None, list(buttons), show_progress="hidden", **PRIVATE)
    running = build.click(
        actions.build, inputs.in_order(), [outputs[name] for name in BUILT], api_name="build",
        show_progress_on=[status], **QUEUE,
    )  # fmt: skip
    idle = {"fn": lambda: _pressable(running=False), "inputs": None, "outputs": list(buttons)}
    running.then(**idle, show_progress="hidden", **PRIVATE)
    running.failure(**idle, show_progress="hidden", **PRIVATE)  # Gradio 6.31 leaves `then` out after an error
    told = gr.Textbox(visible=False, label="told")
    enough.click(actions.say_enough, None, told, queue=False, api_name="enough", show_progress="hidden")
    cancelled = cancel.click(lambda: words.CANCELLED, None, status, cancels=[running], **PRIVATE)
    cancelled.then(**idle, show_progress="hidden", **PRIVATE)


def _connect_steps(actions: Actions, inputs: Inputs, outputs: dict[str, Component]) -> None:
    """The three steps one by one, for the API."""
    for fn, taken, given in (
        (actions.look, inputs.in_order(), LOOKED),
        (actions.grow, [outputs["job"]], GROWN),
        (actions.tour, [outputs["job"], inputs.path], TOURED),
    ):
        button = gr.Button(fn.__name__, visible=False)
        button.click(fn, taken, [outputs[name] for name in given], api_name=fn.__name__, **QUEUE)


def _connect_examples(
    actions: Actions, gallery: Gallery, examples: gr.Dataset, tabs: gr.Tabs, inputs: Inputs,
    outputs: dict[str, Component],
) -> None:  # fmt: skip
    """An example fills the inputs, and shows its scene."""

    def fill(index: int) -> tuple[Any, ...]:
        example = gallery.examples[index]
        depth = str(example.depth) if example.depth else None
        return str(example.photo), depth, example.fov_deg or 0, gr.Tabs(selected="depth" if depth else "photo")

    filled = [inputs.photo, inputs.depth, inputs.fov_deg, tabs]
    examples.click(fill, [examples], filled, show_progress="hidden", **PRIVATE)
    examples.click(
        actions.show_example, [examples], [outputs[name] for name in BUILT], show_progress_on=[outputs["status"]],
        concurrency_limit=8, api_visibility="private",
    )  # fmt: skip


def _tab_shown(name: str) -> Any:
    """What is there when a tab is chosen."""

    def show() -> tuple[Any, ...]:
        is_text = name == "text"
        return name, gr.update(visible=not is_text), gr.update(visible=name == "depth"), gr.update(visible=is_text)

    return show


def _pressable(running: bool) -> list[Any]:
    """Build, Enough, Cancel."""
    return [gr.update(interactive=not running), gr.update(interactive=running), gr.update(interactive=running)]


def _path_of(payload: ImageData | None) -> str | None:
    """The uploaded file, unopened."""
    return payload.path if payload else None
