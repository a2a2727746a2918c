"""What programs call that want to direct a scene: its things, edits of them, a film, files. Pages do not press these.

With `mcp_tools.py` they are an agent's tools. Each answers once it is done, with all there is and pictures as files.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from gen3d.errors import InputError
from gen3d.format_table import on_page
from gen3d.ui.core.directing import Directed, Directing
from gen3d.ui.core.filming import kind_choices
from gen3d.ui.core.parse import Number
from gen3d.ui.page.actions import Actions
from gen3d.ui.page.another_video import FILMED, RATE, SECONDS, WIDTH_PX
from gen3d.ui.page.by_name import add_endpoint
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import of_schema, uploaded_only
from gen3d.ui.page.more_files import Find, Make, made_files
from gen3d.ui.page.sending import NOBODY, Values, plainly
from gen3d.video_table import SHAPES, STRENGTHS

IN_TURN: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "direct"}
"""Edits wait for each other, not for the engine."""
SIDES = ("left", "right", "above", "front")

EDITS = {"type": "array", "items": {"type": "object"}, "description": "a list of edits"}
"""As the API tells them; what is in each is for `formats/edits_file.py` to say, in our words."""


CORNER = {"type": "array", "items": {"type": "number"}}
OUTLINES = {"type": "array", "items": {"type": "array", "items": CORNER}, "description": "[[[u, v], ...], ...], pixels"}
ID = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
SEVERAL = {"type": "array", "items": ID, "description": "ids or names of things"}
PLACE = {"type": "array", "items": {"type": "number"}, "description": "[x, y, z], metres"}


class Agents:
    """The functions behind the endpoints."""

    def __init__(self, actions: Actions, directing: Directing, find: Find, make: Make) -> None:
        self._actions, self._directing, self._find, self._make = actions, directing, find, make

    def things(self, job: str, request: gr.Request = NOBODY) -> Values:
        """Tell what things a scene holds by now. Gives (things, picture, job).

        Each thing has id, name, box (low and high corner), centre, foot, footprint, what it touches, stands_on and is
        in_front_of, and whether it is hidden. Places are metres in the world of the photo's camera: x to the right, y
        down, z ahead. The picture is the photo's view of the scene with each thing's number on it.

        Args:
            job: what /build gave back, or the name of an example, as room.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            return _values(self._directing.things(self._actions.visitor(request, job), job))

    def edit(self, job: str, edits: object, request: gr.Request = NOBODY) -> Values:
        """Edit the things of a scene; what was built stays. Gives (things, picture, job) as they are then.

        Films and exports of the job heed the edits. All of them are made, or none and an error says why.

        Args:
            job: what /build or /things gave back; of an example's name a job of your own is made, and given back.
            edits: a list, as [{"op": "move", "thing": "lamp", "by": [0.5, 0, 0]}]. A thing is meant by its id or its
                name. The ops: hide; show; remove; move with by, metres [x, y, z]; turn with deg, and axis and at;
                scale with by, a factor, and at; duplicate with by, and as, a new id, and name; tint with rgb, as
                [1, 0.5, 0] or "#ff8000", and strength from 0 to 1; rename with name; drop, to the ground, with shadow,
                true or false; "bring in" with words, as "a red ball", and name, at, deg, size_m, depth_m, shadow.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            return _values(self._directing.edit(self._actions.visitor(request, job), job, edits))

    def bring_in(
        self, job: str, file: str | None = None, words: str = "", picture: str | None = None, name: str = "",
        at: object = None, deg: Number = 0, size_m: Number = 0, depth_m: Number = 0, shadow: bool = True,
        request: gr.Request = NOBODY,
    ) -> Values:  # fmt: skip
        """Bring something into a scene, as a thing of its own. Gives (things, picture, job, words) as they are then.

        Give one of file, words and picture. What is left out is taken as it is fitting: the size of a .glb, whose unit
        is the metre, else a third of the view; a free place on the ground; the light of the scene.

        Args:
            job: what /build, /things or /edit gave back; of an example's name a job of your own is made and given back.
            file: 3D Gaussians (.ply, .splat, .spz, .sog, ...), a mesh (.glb, at most 2 million triangles) or a cut-out
                picture (.png or .webp with alpha), which stands there as a card. Uploaded.
            words: what is to be made, as "a red ball" or "a blue box of 40 cm".
            picture: what a thing is to be made after; uploaded. It takes the engine Shap-E.
            name: what the thing is to be called.
            at: where its foot goes, metres [x, y, z].
            deg: turned about the vertical, seen from above counterclockwise.
            size_m: its longest side, metres; 0 is as it is fitting.
            depth_m: how far ahead of the photo's camera it is to stand on the ground, where at does not say; 0 is open.
            shadow: whether it casts a soft shadow where it stands.
            request: who asks; given by Gradio.
        """
        asked = {"words": words, "name": name, "at": at, "deg": deg, "size_m": size_m, "depth_m": depth_m}
        given = {key: value for key, value in asked.items() if value not in (None, "", 0)} | {"shadow": shadow}
        with told_to_visitors():
            if sum(map(bool, (file, words, picture))) != 1:
                raise InputError("Nothing is said to be brought in, or too much.", "Give one of file, words, picture.")
            directed, told = self._directing.bring(
                self._actions.visitor(request, job), job, given, _path(file), _path(picture)
            )
            return (*_values(directed), told)

    def split(self, job: str, thing: str, outlines: object = None, request: gr.Request = NOBODY) -> Values:
        """Take a thing of a scene apart. Gives (things, picture, job) as they are then.

        Each part becomes a thing of its own, but for the largest, which keeps id and name; the others are called
        "chair, part 2" and touch what they are beside. A thing that was moved, turned or copied cannot be taken apart;
        undo makes one again.

        Args:
            job: what /build, /things or /edit gave back; of an example's name a job of your own is made and given back.
            thing: its id or its name.
            outlines: lists of corners [u, v] in pixels of the photo: what of the thing lies within becomes another one.
                Left out: it ends in parts where its surface folds inward or changes colour.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            return _values(self._directing.split(self._actions.visitor(request, job), job, thing, outlines))

    def merge(self, job: str, things: object, request: gr.Request = NOBODY) -> Values:
        """Make several things of a scene one. Gives (things, picture, job) as they are then.

        Args:
            job: what /build, /things or /edit gave back; of an example's name a job of your own is made and given back.
            things: their ids or names, as [1, 7]; the first gives its id and its name.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            return _values(self._directing.merge(self._actions.visitor(request, job), job, things))

    def undo(self, job: str, count: Number = 1, request: gr.Request = NOBODY) -> Values:
        """Take the last edits, splits and merges of a scene back. Gives (things, picture, job) as they are then.

        Args:
            job: what /edit, /split or /merge gave back.
            count: how many of them, the last first.
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            return _values(self._directing.undo(self._actions.visitor(request, job), job, count))

    def film(
        self, job: str, path: str = "wander", thing: str = "", side: str = "", seconds: Number = SECONDS,
        fps: Number = RATE, width_px: Number = WIDTH_PX, kind: str = "video", shape: str = "photo",
        strength: Number = 0, request: gr.Request = NOBODY,
    ) -> Iterator[Values]:  # fmt: skip
        """Film a scene as it was edited. Gives (progress, video, files, job), streamed to who wants to watch.

        Args:
            job: what /build, /things or /edit gave back, or the name of an example.
            path: the camera path, where no side is given.
            thing: the name or id of the thing to be in the middle at the far end of the path; with side.
            side: left, right, above or front: from the photo's view to the thing's side and back; with thing.
            seconds: how long it is; at most 600 frames.
            fps: frames per second, 12 to 60.
            width_px: 160 to 1920; of vr180 for each eye.
            kind: video, webp, gif (both there and back), side-by-side, anaglyph, vr180 or depth.
            shape: photo, 16:9, 9:16 or 1:1, cut out of the photo's frame.
            strength: how far the path moves, up to 2; 0 is as far as the scene has no holes.
            request: who asks; given by Gradio.
        """
        visitor, transforms = self._actions.visitor(request, job), None
        if thing or side:
            with told_to_visitors():
                job, aimed = self._directing.aimed(visitor, job, thing, side)
            transforms = str(aimed)
        asked = (path, transforms, seconds, fps, width_px, kind, shape, strength)
        yield from self._actions.filmed(visitor, job, asked, request)

    def export(self, job: str, formats: list[str], request: gr.Request = NOBODY) -> Generator[Values, None, None]:
        """Write files of a scene as it was edited. Gives (words, files).

        Args:
            job: what /build, /things or /edit gave back, or the name of an example.
            formats: names of files among those that are offered, as ["scene.glb"].
            request: who asks; given by Gradio.
        """
        with told_to_visitors():
            yield from made_files(self._find(self._actions.visitor(request, job), job), formats, self._make)


def add_agents(agents: Agents, shown: Mapping[str, Component], paths: Mapping[str, str]) -> None:
    """Adds the endpoints. shown: the page's hidden field `job`, and `progress`, `video` and `files`."""
    job = shown["job"]
    edits = of_schema(gr.JSON(label="edits", visible=False), EDITS)
    count = gr.Number(1, label="count", visible=False)
    things = gr.JSON(label="things", visible=False)
    picture = gr.Image(label="picture", type="filepath", format="png", visible=False)
    directed = [things, picture, job]
    told = gr.Textbox(label="words", visible=False)
    add_endpoint(agents.bring_in, [job, *_bringing()], [*directed, told], IN_TURN)
    thing = gr.Textbox("", label="thing", max_length=80, visible=False)
    outlines = of_schema(gr.JSON(label="outlines", visible=False), OUTLINES)
    several = of_schema(gr.JSON(label="things", visible=False), SEVERAL)
    for fn, taken in (
        (agents.things, [job]), (agents.edit, [job, edits]), (agents.split, [job, thing, outlines]),
        (agents.merge, [job, several]), (agents.undo, [job, count]),
    ):  # fmt: skip
        add_endpoint(fn, taken, directed, IN_TURN)
    add_endpoint(agents.film, [job, *_filming(paths)], [shown[name] for name in plainly(FILMED)])
    names = [row.name for row in on_page()]
    formats = gr.CheckboxGroup(names, label="formats", visible=False)
    words = gr.Textbox(label="words", visible=False)
    files = gr.File(label="files", file_count="multiple", visible=False)
    add_endpoint(agents.export, [job, formats], [words, files])


def _bringing() -> list[Component]:
    """What /bring_in takes after the job, in its order."""
    def number(label: str) -> Component:
        return gr.Number(0, label=label, visible=False)

    return [
        uploaded_only(gr.File(label="file", visible=False)),
        gr.Textbox("", label="words", max_length=300, visible=False),
        uploaded_only(gr.File(label="picture", visible=False)),
        gr.Textbox("", label="name", max_length=80, visible=False),
        of_schema(gr.JSON(label="at", visible=False), PLACE), number("deg"), number("size_m"), number("depth_m"),
        gr.Checkbox(True, label="shadow", visible=False),
    ]  # fmt: skip


def _path(file: str | None) -> Path | None:
    return Path(file) if file else None


def _filming(paths: Mapping[str, str]) -> list[Component]:
    """What /film takes after the job, in its order."""
    def choice(label: str, choices: Any, value: str) -> Component:
        return gr.Dropdown(choices, value=value, label=label, visible=False)

    def number(label: str, value: Number) -> Component:
        return gr.Number(value, label=label, visible=False)

    return [
        choice("path", list(paths), next(iter(paths))), gr.Textbox("", label="thing", max_length=80, visible=False),
        choice("side", ["", *SIDES], ""), number("seconds", SECONDS), number("fps", RATE), number("width_px", WIDTH_PX),
        choice("kind", kind_choices(), "video"), choice("shape", list(SHAPES), "photo"),
        gr.Slider(*STRENGTHS, value=0, step=0.05, label="strength", visible=False),
    ]  # fmt: skip


def _values(directed: Directed) -> Values:
    return directed.things, str(directed.picture), directed.job
