"""More formats of a scene that is there: made when somebody asks, since they take seconds and megabytes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.errors import InputError
from gen3d.format_table import on_page
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import generator_of, whatever_came
from gen3d.ui.page.queue import QUIET
from gen3d.ui.page.sending import is_page, visitor_of

Find = Callable[[str, str | None], Path]
"""(visitor, name of a job) -> the folder of its finished scene; raises InputError where there is none."""
Make = Callable[[Path, Path], None]
"""(folder of a scene, file to write): writes it, by its name."""


def add_more_files(find: Find, make: Make, on_show: Component, queue: Mapping[str, Any]) -> None:
    """Puts the accordion onto the page, here.

    on_show: the page's hidden field with the name of the job on show. queue: options of what takes a while.
    """

    def make_files(job: str | None, wanted: list[str], request: gr.Request) -> Generator[tuple[Any, ...], None, None]:
        """Files of a scene in more formats, made where they are not there yet. Streams (words, files).

        Args:
            job: what /build or /grow worked on.
            wanted: names of files among those that are offered, as scene.glb.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            for words, files in made_files(find(visitor_of(request), job), wanted, make):
                yield _told(words) if is_page(request) else words, files

    with gr.Accordion("More formats", open=False, elem_id="more-files"):
        choices = [(f"{row.title} ({Path(row.name).suffix})", row.name) for row in on_page()]
        ticked = [row.name for row in on_page() if row.page == "ticked"]
        wanted = gr.CheckboxGroup(choices, value=ticked, label="Files of this scene", elem_id="more-wanted")
        button = gr.Button("Make these files", elem_id="more-make")
        told = gr.HTML(elem_id="more-status")
        files = gr.File(label="More downloads", file_count="multiple", interactive=False, elem_id="more-downloads")
    outputs = [told, files]
    button.click(lambda: gr.update(interactive=False), None, [button], **QUIET)
    stream = generator_of(make_files)
    running = button.click(stream, [on_show, wanted], outputs, api_name="more_files", show_progress="hidden", **queue)
    whatever_came(running, lambda: gr.update(interactive=True), None, [button], **QUIET)


def made_files(
    scene: Path, wanted: Sequence[str], make: Make
) -> Generator[tuple[str, list[str]], None, None]:
    """Words and files so far, after each file; those that were made before are not made again.

    They lie in the scene's own folder, in `more/`, and go when it goes. Raises InputError for an unknown name,
    and when nothing is wanted.
    """
    offered = [row.name for row in on_page()]
    names = [name for name in offered if name in wanted]
    if not names or len(names) != len(set(wanted)):
        raise InputError("No such file is made here.", f"Choose among {', '.join(offered)}.")
    into = scene / "more"
    into.mkdir(exist_ok=True)
    done: list[str] = []
    for name in names:
        yield f"Making {name} ({len(done) + 1} of {len(names)}) ...", list(done)
        if not (into / name).exists():
            make(scene, into / name)
        done.append(str(into / name))
    yield f"{len(done)} {'file is' if len(done) == 1 else 'files are'} ready below.", done


def _told(words: str) -> str:
    return f'<div class="told" role="status">{words}</div>'
