"""More formats of a scene that is there: made when somebody asks, since they take seconds and megabytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.errors import InputError
from gen3d.format_table import on_page
from gen3d.scene_files import SceneFiles
from gen3d.ui.core.parse import LONGEST_PROMPT, Number
from gen3d.ui.core.stands import AS_MADE, Stands, choices, clicked, stands_of
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import generator_of, whatever_came
from gen3d.ui.page.queue import QUIET
from gen3d.ui.page.sending import is_page, visitor_of

MOST_STANDING = 4
"""So many ways in which a scene's files stand are kept at once."""
Find = Callable[[str, str | None], Path]
"""(visitor, name of a job) -> the folder of its finished scene; raises InputError where there is none."""
Make = Callable[[Path, Path], Any]
"""(folder of a scene, file to write): writes it, by its name."""
Stand = Callable[[Path, Path, Stands], tuple[str, ...]]
"""(folder of a scene, file to write, how it stands) -> what is to be told: writes it, by its name."""
Photo = Callable[[Path], Any]
"""(folder of a scene) -> the photo it was made from, as pixels at the size that it was made at."""


def add_more_files(
    find: Find, make: Make, on_show: Component, queue: Mapping[str, Any], stand: Stand | None = None,
    photo: Photo | None = None,
) -> None:  # fmt: skip
    """Puts the accordion onto the page, here.

    on_show: the page's hidden field with the name of the job on show. queue: options of what takes a while. stand,
    photo: None where files are written as they are alone, and where nobody can measure.
    """

    def make_files(
        job: str | None, wanted: list[str], axes: str, level: bool, scale: Number | None, pixels: str,
        metres: Number | None, request: gr.Request,
    ) -> Generator[tuple[Any, ...], None, None]:  # fmt: skip
        """Files of a scene in more formats, made where they are not there yet. Streams (words, files).

        Args:
            job: what /build or /grow worked on.
            wanted: names of files among those that are offered, as scene.glb.
            axes: opencv, opengl, yup, zup, unity or unreal; empty: as each format has them.
            level: whether the scene is turned upright, with its ground at zero.
            scale: what all lengths are multiplied by.
            pixels: two pixels of the photo at the size that the scene was made at, as 120,340:410,338; or empty.
            metres: how far apart is what they show; 0 where nothing was measured.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            stands, told = stands_of(axes, level, scale, pixels, metres), []

            def standing(scene: Path, file: Path) -> None:
                told.extend(notice for notice in stand(scene, file, stands) if notice not in told)

            maker = standing if stand and stands != AS_MADE else make
            for words, files in made_files(find(visitor_of(request), job), wanted, maker, stands, told):
                yield _told(words) if is_page(request) else words, files

    with gr.Accordion("More formats", open=False, elem_id="more-files"):
        choices = [(f"{row.title} ({Path(row.name).suffix})", row.name) for row in on_page()]
        ticked = [row.name for row in on_page() if row.page == "ticked"]
        wanted = gr.CheckboxGroup(choices, value=ticked, label="Files of this scene", elem_id="more-wanted")
        stands = _add_standing(find, on_show, stand is not None, photo)
        button = gr.Button("Make these files", elem_id="more-make")
        told = gr.HTML(elem_id="more-status")
        files = gr.File(label="More downloads", file_count="multiple", interactive=False, elem_id="more-downloads")
    outputs = [told, files]
    button.click(lambda: gr.update(interactive=False), None, [button], **QUIET)
    stream = generator_of(make_files)
    taken = [on_show, wanted, *stands]
    running = button.click(stream, taken, outputs, api_name="more_files", show_progress="hidden", **queue)
    whatever_came(running, lambda: gr.update(interactive=True), None, [button], **QUIET)


def _add_standing(find: Find, on_show: Component, offered: bool, photo: Photo | None) -> list[Component]:
    """Places for axes, level and scale, and the photo to measure in by two clicks; in the order of `stands_of`."""
    with gr.Accordion("Axes, ground and size", open=False, elem_id="stands", visible=offered):
        axes = gr.Dropdown(choices(), value="", label="Axes of the files", elem_id="axes")
        level = gr.Checkbox(False, label="Level: upright, with the ground at zero", elem_id="level")
        scale = gr.Number(1, label="All lengths times", elem_id="scale")
        measure = gr.Button("Measure in the photo", elem_id="measure", visible=photo is not None)
        picture = gr.Image(label="Click two points whose distance you know", interactive=False, visible=False,
                           elem_id="measure-photo", format="jpeg")  # fmt: skip
        with gr.Row(visible=photo is not None):
            pixels = gr.Textbox("", label="Two points of the photo (U,V:U,V)", elem_id="measure-pixels", min_width=160,
                                max_length=LONGEST_PROMPT)  # fmt: skip
            metres = gr.Number(0, label="Metres between them", elem_id="measure-metres", min_width=120)

    def to_measure(job: str | None, request: gr.Request) -> Any:
        with told_to_visitors():
            return gr.update(value=photo(find(visitor_of(request), job)), visible=True)

    def point(pixels: str, place: gr.SelectData) -> str:
        return clicked(pixels, *place.index)

    if photo is not None:
        measure.click(to_measure, on_show, picture, **QUIET)
        picture.select(point, pixels, pixels, **QUIET)
    return [axes, level, scale, pixels, metres]


def made_files(
    scene: Path, wanted: Sequence[str], make: Make, stands: Stands = AS_MADE, told: Sequence[str] = ()
) -> Generator[tuple[str, list[str]], None, None]:
    """Words and files so far, after each file; those that were made before are not made again.

    They lie in the scene's own folder, in `more/`, and go when it goes; those that stand otherwise in folders of their
    own there, and so do those of a scene that was edited since. told: what `make` has to say, once it is done. Raises
    InputError for an unknown name, and when nothing is wanted.
    """
    offered = [row.name for row in on_page()]
    names = [name for name in offered if name in wanted]
    if not names or len(names) != len(set(wanted)):
        raise InputError("No such file is made here.", f"Choose among {', '.join(offered)}.")
    into = _room_for(scene / "more", "-".join(filter(None, (stands.folder, _edits_mark(scene)))))
    done: list[str] = []
    for name in names:
        yield f"Making {name} ({len(done) + 1} of {len(names)}) ...", list(done)
        if not (into / name).exists():
            make(scene, into / name)
        done.append(str(into / name))
    ready = f"{len(done)} {'file is' if len(done) == 1 else 'files are'} ready below."
    yield " ".join((ready, *told)), done


def _room_for(more: Path, name: str) -> Path:
    """A folder among a scene's files; of those that stand otherwise only the latest stay, since anybody may ask."""
    into = more / name
    into.mkdir(parents=True, exist_ok=True)
    into.touch()
    others = sorted((f for f in more.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime, reverse=True)
    for old in others[MOST_STANDING:]:
        if old != into:
            shutil.rmtree(old, ignore_errors=True)
    return into


def _edits_mark(scene: Path) -> str:
    """Of the edits that a scene has by now; "" of one that has none."""
    edits = SceneFiles(scene).edits
    return hashlib.sha256(edits.read_bytes()).hexdigest()[:8] if edits.is_file() else ""


def _told(words: str) -> str:
    return f'<div class="told" role="status">{escape(words)}</div>'
