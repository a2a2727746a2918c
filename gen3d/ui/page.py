"""The page: its components, and which action each starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.data_classes import ImageData
from gradio.events import Dependency

from gen3d.ui import words
from gen3d.ui.actions import BUILT, GROWN, LOOKED, OPENED, TOURED, Actions
from gen3d.ui.another_video import add_another_video
from gen3d.ui.asked import new_seed
from gen3d.ui.diagrams import add_diagram
from gen3d.ui.expected import Expected
from gen3d.ui.gallery import Gallery
from gen3d.ui.jobs import Visits
from gen3d.ui.scene_viewer import scene_viewer
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
"""Height of Gradio's 3D view (see page.css)."""
AGAIN_S = 2.0
"""So often the page asks whether its first example is there by now."""
CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
ASIDE = {"left": "to the left", "right": "to the right", "up": "above", "down": "below"}
"""Directions that may have words of their own."""
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
    transforms: gr.File
    left: gr.Textbox
    right: gr.Textbox
    up: gr.Textbox
    down: gr.Textbox

    def in_order(self) -> list[Component]:
        """As the actions take them."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


def build_page(steps: Steps, visits: Visits, gallery: Gallery) -> gr.Blocks:
    """The page, not yet launched."""
    expected = Expected(gallery.results.parent / "seconds.json")
    actions = Actions(steps, visits, gallery, expected)
    with gr.Blocks(title=words.TITLE, analytics_enabled=False, delete_cache=CACHE) as page:
        gr.Markdown(words.INTRODUCTION)
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=2, min_width=300, elem_id="asks"):
                tabs, inputs = _inputs(steps, expected)
                with gr.Row():
                    build = gr.Button("Build", variant="primary", min_width=90, elem_id="build")
                    enough = gr.Button("Enough", interactive=False, min_width=90, elem_id="enough")
                    cancel = gr.Button("Cancel", variant="stop", interactive=False, min_width=90, elem_id="cancel")
                examples = _examples(gallery)
            with gr.Column(scale=5, min_width=300, elem_id="shows"):
                outputs, other, another = _outputs()
                outputs |= {"seed": inputs.seed}
                add_another_video(actions, outputs, QUEUE)
        gr.HTML(words.badge(steps.engines, steps.device))
        opening = _Opening(actions, expected, inputs, outputs)
        shown = [
            _connect_building(actions, inputs, outputs, (build, enough, cancel, another), opening),
            _connect_examples(actions, gallery, examples, tabs, inputs, outputs, opening),
        ]
        _connect_other_viewer(other, outputs["scene"], shown)
        _connect_steps(actions, inputs, outputs)
        opening.connect(page)
        page.load(new_seed, None, inputs.seed, show_progress="hidden", **PRIVATE)
        page.unload(actions.leave)
    return page.queue(max_size=WAITING)


def _inputs(steps: Steps, expected: Expected) -> tuple[gr.Tabs, Inputs]:
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
            label="Drop a photo here", type="filepath", image_mode=None, sources=["upload", "clipboard"], height=260,
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
    preset = gr.Radio(words.preset_choices(expected.seconds), value=DEFAULT_PRESET, label="Preset", elem_id="preset")
    paths = [(f"{name}: {what}", name) for name, what in steps.paths.items()]
    path = gr.Dropdown(paths, value=DEFAULT_PATH, label="Camera path", elem_id="path")
    add_diagram(path, steps.motions)
    seed = _seed()
    with gr.Accordion("Advanced", open=False):
        fov = gr.Number(0, label="Field of view along the longer side, degrees (0: from the photo)", minimum=0)
        size = gr.Number(0, label="Longer side to work at, pixels (0: the preset's)", precision=0, minimum=0)
        rules = [("what occludes", "occlusion"), ("median depth, as in the paper", "paper")]
        rule = gr.Radio(rules, value="occlusion", label="Foreground is chosen by")
        own_path = gr.File(
            label="A camera path of your own: a nerfstudio transforms.json", type="filepath", file_types=[".json"],
            height=110, elem_id="transforms",
        )  # fmt: skip
        aside = [gr.Textbox(None, label=f"What is to be seen {w}", elem_id=f"words-{d}") for d, w in ASIDE.items()]
    return tabs, Inputs(photo, depth, prompt, tab, preset, path, seed, fov, units, size, rule, own_path, *aside)


def _seed() -> gr.Number:
    """The seed and its dice; the page writes the used one back."""
    with gr.Row():
        seed = gr.Number(label="Seed", precision=0, minimum=0, scale=2, min_width=140, elem_id="seed")
        dice = gr.Button("New seed", scale=1, min_width=110, size="md", elem_id="dice")
    dice.click(new_seed, None, seed, show_progress="hidden", **PRIVATE)
    return seed


@dataclass(frozen=True, slots=True)
class OtherViewer:
    """Gradio's own viewer, which holds a scene only while it is unfolded."""

    fold: gr.Accordion
    model: gr.Model3D


def _outputs() -> tuple[dict[str, Component], OtherViewer, gr.Button]:
    """The right side, by the names that `stream.Shown.values` uses; and "Try another seed"."""
    viewer = scene_viewer(elem_id="viewer")
    status = gr.HTML(words.NOTHING_YET, elem_id="status")
    with gr.Accordion(words.OTHER_VIEWER, open=False, elem_id="other") as fold:
        gr.Markdown(words.OTHER_WORDS)
        model = gr.Model3D(
            label="Scene: drag to turn, wheel to zoom", height=SCENE_PX, interactive=False, elem_id="scene"
        )
    scene = gr.File(  # hidden only to the eye: unmounted it would take "no change" for its value
        visible="hidden", label="Scene for Gradio's viewer", interactive=False
    )
    with gr.Row():
        with gr.Column(scale=3, min_width=280):
            video = gr.Video(
                label="Fly-through", autoplay=True, loop=True, interactive=False, height=330, elem_id="video"
            )
        with gr.Column(scale=2, min_width=240):
            files = gr.File(label="Downloads", file_count="multiple", interactive=False, height=270, elem_id="files")
            another = gr.Button("Try another seed", elem_id="another")
    with gr.Row():
        depth, layers, background = (
            gr.Image(
                label=label, type="filepath", interactive=False, height=190, min_width=160, elem_id=name,
                buttons=["download", "fullscreen"],
            )
            for name, label in (("depth", "Depth"), ("layers", "Foreground"), ("background", "Background behind it"))
        )
    views = gr.Gallery(label="New views", columns=5, object_fit="contain", interactive=False, elem_id="views")
    job = gr.Textbox(visible="hidden", label="job")
    outputs = {
        "viewer": viewer, "status": status, "scene": scene, "depth": depth, "layers": layers, "background": background,
        "views": views, "video": video, "files": files, "job": job,
    }  # fmt: skip
    return outputs, OtherViewer(fold, model), another


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


class _Opening:
    """The page begins with a finished example, or with the sentence that one is coming, until a visitor asks."""

    def __init__(self, actions: Actions, expected: Expected, inputs: Inputs, outputs: dict[str, Component]) -> None:
        self._actions, self._expected = actions, expected
        self.timer = gr.Timer(AGAIN_S, active=False)
        shown = [*(outputs[name] for name in OPENED), self.timer]
        self.again = self.timer.tick(self._show, None, shown, show_progress="hidden", api_visibility="private")
        self._outputs, self._preset = shown, inputs.preset

    def connect(self, page: gr.Blocks) -> None:
        """At the page's start; the presets then tell what scenes took here by now."""
        page.load(self._show, None, self._outputs, show_progress="hidden", **PRIVATE)
        page.load(self._presets, None, self._preset, show_progress="hidden", **PRIVATE)

    def _show(self) -> tuple[Any, ...]:
        values, awaited = self._actions.open_page()
        return *values, gr.Timer(active=awaited)

    def _presets(self) -> Any:
        return gr.update(choices=words.preset_choices(self._expected.seconds))


def _connect_building(
    actions: Actions, inputs: Inputs, outputs: dict[str, Component], buttons: tuple[gr.Button, ...], opening: _Opening
) -> Dependency:
    """Build, Enough, Cancel and Try another seed; the middle two can be pressed while something runs."""
    build, enough, cancel, another = buttons
    status = outputs["status"]
    build.click(
        lambda: [*_pressable(running=True), gr.Timer(active=False)], None, [*buttons, opening.timer],
        cancels=[opening.again], show_progress="hidden", **PRIVATE,
    )  # fmt: skip
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
    drawn = another.click(new_seed, None, inputs.seed, show_progress="hidden", **PRIVATE)
    drawn.then(None, None, None, js="() => document.querySelector('#build').click()", **PRIVATE)
    return running


def _connect_other_viewer(other: OtherViewer, scene: Component, shown: list[Dependency]) -> None:
    """Loads the scene when it is unfolded, and anew when another is there; folded, it draws nothing."""
    unfolded = gr.State(False)
    quiet = {"show_progress": "hidden"} | PRIVATE
    other.fold.expand(lambda file: (True, file), [scene], [unfolded, other.model], **quiet)
    other.fold.collapse(lambda: (False, None), None, [unfolded, other.model], **quiet)
    for event in shown:
        event.then(lambda file, is_open: file if is_open else None, [scene, unfolded], [other.model], **quiet)


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
    outputs: dict[str, Component], opening: _Opening,
) -> Dependency:  # fmt: skip
    """An example fills the inputs, and shows its scene."""

    def fill(index: int) -> tuple[Any, ...]:
        example = gallery.examples[index]
        depth = str(example.depth) if example.depth else None
        return str(example.photo), depth, example.fov_deg or 0, gr.Tabs(selected="depth" if depth else "photo")

    filled = [inputs.photo, inputs.depth, inputs.fov_deg, tabs]
    examples.click(fill, [examples], filled, show_progress="hidden", **PRIVATE)
    examples.click(
        lambda: gr.Timer(active=False), None, opening.timer, cancels=[opening.again], show_progress="hidden", **PRIVATE
    )
    return examples.click(
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
    """Build, Enough, Cancel, Try another seed."""
    return [gr.update(interactive=running is wanted) for wanted in (False, True, True, False)]


def _path_of(payload: ImageData | None) -> str | None:
    """The uploaded file, unopened."""
    return payload.path if payload else None
