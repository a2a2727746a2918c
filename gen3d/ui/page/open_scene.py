"""A corner of the page where a visitor looks at a scene file of their own: any kind that is read, whoever made it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio as gr
from gradio.components import Component

from gen3d.format_table import read_here
from gen3d.ui.core import words
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import generator_of, uploaded_only
from gen3d.ui.page.queue import QUEUE
from gen3d.ui.page.sending import is_page

PACKED = ".gz"
"""Any of the kinds that are read may come in it."""
TITLE = "Open a scene file"
LARGEST_MB = 512
WORDS = (
    "Look around in a scene that you have as a file. It is shown in the viewer, and kept nowhere. "
    f"A file may have {LARGEST_MB} MB and 3 million Gaussians: of a larger one "
    "`gen3d export scene.ply --to scene.spz --max-gaussians 3000000` makes one that opens here."
)

ShowFile = Callable[[Path, Path], tuple[str, ...] | None]
"""(where to write the .view file, the scene file) -> what is to be told of it; raises Gen3DErrors for what cannot be
shown."""


def add_open_scene(show_file: ShowFile, viewer: Component, status: Component) -> gr.File:
    """Adds a fold with a place for the file; what is dropped there appears in `viewer`. Returns that place.

    status: says whose scene that is.
    """
    with gr.Accordion(TITLE, open=False, elem_id="open-scene"):
        gr.Markdown(WORDS)
        kinds = [row.suffix for row in read_here()]
        label = f"Scene: {', '.join(kinds)}, up to {LARGEST_MB} MB"
        last = dict.fromkeys(f".{kind.rpartition('.')[2]}" for kind in kinds)  # Gradio looks at no more of a name
        file = gr.File(label=label, file_types=[*last, PACKED], type="filepath", height=140, elem_id="scene-file")
        file = uploaded_only(file)

    def shown(scene: str, request: gr.Request) -> Iterator[tuple[tuple[str, str], str]]:
        """The viewer's value and what is said of the file, once; Gradio has copied it by the time the folder goes."""
        with TemporaryDirectory(prefix="gen3d-opened-") as folder, told_to_visitors():
            view = Path(folder) / "opened.view"
            told = show_file(view, Path(scene)) or ()
            name = Path(scene).name
            said = words.own_file(name, told) if is_page(request) else " ".join((words.own_file_is(name), *told))
            yield (str(view), f"opened-{secrets.token_hex(4)}"), said

    file.upload(generator_of(shown), file, [viewer, status], api_name="open_scene", **QUEUE)
    return file
