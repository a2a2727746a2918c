"""FIELDS: the inputs of a scene, for page and API, a row each. Nothing else lists them.

From the rows are derived: the page's components (`page/inputs.py`), the parameters of the endpoints /build and /look
with their order, defaults and descriptions (`page/by_name.py`), what a call may leave out (`page/sent_values.py`), the
input that an error is told beside (`blamed.py`), and the request (`asked.py`). Values travel by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gen3d.request import CHOICES, DEPTH_CHOICES
from gen3d.settings import PRESETS
from gen3d.ui.core import parse
from gen3d.ui.core.parse import Parse

Kind = Literal["photo", "file", "text", "hidden", "number", "whole", "choice", "list", "flag"]
"""What a visitor sees of an input; `page/widgets.py` has a component for each."""
Tab = Literal["any", "photo", "depth", "text"]
"""Which of the inputs count; "any" takes what is there."""
Rule = Literal["occlusion", "paper"]
Group = Literal["The photo", "The depth", "Layers", "New views", "The video"]
GROUPS: dict[Group, str] = {
    "The photo": "What it was taken with, and how finely to work. Both are found out where they are left as they are.",
    "The depth": "How to read the depth that came with the photo, where the file leaves it open.",
    "Layers": "What counts as standing in front, and is lifted apart from what is behind it.",
    "New views": "Words for what the photo does not show. Only engines that paint from words heed them: see below.",
    "The video": "A path from elsewhere, instead of the camera path above.",
}
"""The parts of the fold "Advanced", in their order, and what each is for."""
FIRST = "0.5"
"""The version whose calls by position still hold: what came later comes last, and may be left out."""
PROMPTS = "prompts"
"""The attribute of a request that several inputs become together, each for the direction that it is named after."""


@dataclass(frozen=True, slots=True)
class Widget:
    """How an input looks on the page."""

    kind: Kind
    label: str
    value: Any = None
    """At first, and what the API takes for it where a call leaves it out."""
    elem_id: str | None = None
    choices: tuple[Any, ...] = ()
    """Values, or (words, value); those that the machine knows are put in by the page."""
    suffixes: tuple[str, ...] = ()
    """Of files that are taken."""
    height_px: int | None = None
    lines: int = 1
    group: Group | None = None
    """Of the fold "Advanced", in which it comes in the order of the table; None: it has a place of its own."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input."""

    name: str
    """Of the API's parameter, and what errors name."""
    widget: Widget
    help: str
    """What the API's description says of it."""
    parse: Parse = parse.as_given
    """(value, name) -> what it means; None for nothing. Raises InputError."""
    becomes: str = ""
    """The attribute of a `Request`; "" where more than one input decides (`asked.py`)."""
    since: str = FIRST
    """The version that it came with."""
    calls: tuple[str, ...] = ("build", "look")
    """The endpoints that take it."""

    @property
    def may_lack(self) -> bool:
        """Whether nothing (None) is a value of it."""
        return self.widget.kind not in ("hidden", "choice", "list", "flag")


def _aside(name: str, where: str, help: str) -> Field:
    """Words for the views in one direction."""
    look = Widget("text", f"What is to be seen {where}", elem_id=f"words-{name}", group="New views")
    return Field(name, look, help, parse.text, PROMPTS)


def _of_depth(name: str, widget: Widget, help: str) -> Field:
    """What is said of a depth, where it does not say so itself."""
    choices = DEPTH_CHOICES.get(name)
    parsed = parse.among(choices, f"{{}} is no choice for {name.replace('_', ' ')}.") if choices else parse.text
    return Field(name, widget, help, parse.where_given(parsed), becomes=name, since="0.6")


FIELDS: tuple[Field, ...] = (
    Field(
        "photo", Widget("photo", "Drop a photo here", elem_id="photo", height_px=260),
        "the photo, as PNG, JPEG, WebP or HEIC.", parse.file, "photo",
    ),
    Field(
        "depth",
        Widget(
            "file", "Depth: 16-bit PNG, .npy, .npz, float TIFF or EXR", elem_id="depth-file", height_px=140,
            suffixes=(".png", ".npy", ".npz", ".tif", ".tiff", ".exr"),
        ),
        "its depth: 16-bit PNG, .npy, .npz, float TIFF or EXR.", parse.file, "depth",
    ),
    Field(
        "prompt", Widget("text", "Sentence", elem_id="prompt", lines=2),
        "what the photo shows, or, without a photo, the sentence to draw.", parse.text, "prompt",
    ),
    Field(
        "tab", Widget("hidden", "tab", "any"),
        "which inputs count: photo, depth, text, or any for what is given.",
        parse.among(get_args(Tab), "There is no input tab {}."),
    ),
    Field(
        "preset", Widget("choice", "Preset", "fast", elem_id="preset"), "fast, balanced or quality.",
        parse.among(PRESETS, "There is no preset {}."),
    ),
    Field(
        "path", Widget("list", "Camera path", "wander", elem_id="path"), "the camera path of the video.",
    ),
    Field(
        "seed", Widget("whole", "Seed", elem_id="seed"), "a whole number; empty draws one.",
        parse.seed, "seed",
    ),
    Field(
        "fov_deg",
        Widget(
            "number", "Field of view along the longer side, degrees (0: from the photo)", 0, "fov", group="The photo",
        ),
        "field of view along the longer side in degrees; empty takes it from the photo or guesses.",
        parse.number, "fov_deg",
    ),
    Field(
        "units_per_metre",
        Widget("number", "Depth scale: units per metre (0: 1000 for integers, floats are metres)", 0, "units"),
        "of the depth file; empty: 1000 for integers, and floats are metres.", parse.number, "depth_scale",
    ),
    Field(
        "size_px", Widget("whole", "Longer side to work at, pixels (0: the preset's)", 0, "size", group="The photo"),
        "longer side to work at; empty takes the preset's.", parse.size_px,
    ),
    Field(
        "rule",
        Widget(
            "choice", "Foreground is chosen by", "occlusion",
            choices=(("what occludes", "occlusion"), ("median depth, as in the paper", "paper")), group="Layers",
        ),
        "how layers are split: occlusion or paper.", parse.among(get_args(Rule), "There is no rule {} for layers."),
    ),
    Field(
        "transforms",
        Widget(
            "file", "A camera path of your own: a nerfstudio transforms.json", elem_id="transforms",
            suffixes=(".json",), height_px=110, group="The video",
        ),
        "a nerfstudio transforms.json: a camera path of your own, instead of path.", becomes="path",
    ),
    _aside("left", "to the left", "what is to be seen in the views to the left, where it differs from prompt."),
    _aside("right", "to the right", "the same to the right."),
    _aside("up", "above", "the same above."),
    _aside("down", "below", "the same below."),
    Field(
        "review",
        Widget(
            "flag", "Review layers: pause to choose what stands in front", False, "review-layers",
        ),
        "end with the layers, for /review; /grow and /tour then go on.", calls=("build",),
    ),
    _of_depth(
        "depth_kind",
        Widget(
            "choice", "Depth kind: what its numbers are", "auto", "depth-kind",
            (("as the file says", "auto"), *((kind, kind) for kind in ("metric", "inverse", "disparity"))),
            group="The depth",
        ),
        "what the numbers of the depth file are: metric, inverse, disparity, or auto for what it says.",
    ),
    _of_depth(
        "depth_channel",
        Widget(
            "text", "Depth channel: the array, channel or page to take (empty: by its name)", elem_id="depth-channel",
            group="The depth",
        ),
        "the array, channel or page of the depth file to take, where its names leave that open.",
    ),
    _of_depth(
        "turn_depth",
        Widget(
            "choice", "Turn depth as EXIF turns the photo", "auto", "turn-depth",
            (("where it fits only so", "auto"), ("yes", "yes"), ("no", "no")), group="The depth",
        ),
        "whether the depth file is turned as EXIF turns the photo: yes, no, auto where it fits only so.",
    ),
    _of_depth(
        "own_depth",
        Widget(
            "choice", "Own depth: depth inside a portrait photo", "use", "own-depth", ("use", "ignore"),
            group="The depth",
        ),
        "use, or ignore, depth that a portrait photo carries in itself.",
    ),
    Field(
        "border",
        Widget(
            "choice", "Border: bars, margins or empty rims around the photo", "cut", "border",
            (("cut away", "cut"), ("keep", "keep")), group="The photo",
        ),
        "cut away, or keep, a border around the photo.",
        parse.where_given(parse.among(CHOICES["border"], "{} is no choice for border.")), "border", since="0.6",
    ),
)  # fmt: skip


def field_of(name: str) -> Field:
    """The row of an input. Raises KeyError for a name that is none."""
    return {row.name: row for row in FIELDS}[name]


def fields_of(call: str) -> tuple[Field, ...]:
    """The rows of what an endpoint takes, in its order."""
    return tuple(row for row in FIELDS if call in row.calls)


def grouped(group: Group) -> tuple[Field, ...]:
    """The rows of a part of the fold."""
    return tuple(row for row in FIELDS if row.widget.group == group)


def later() -> dict[str, Any]:
    """What came after FIRST: name -> the value for calls that do not know it."""
    return {row.name: row.widget.value for row in FIELDS if row.since != FIRST}


def input_of(attribute: str | None) -> str | None:
    """The input that an attribute of a request comes from; an input's own name, or any other, stays."""
    return next((row.name for row in FIELDS if row.becomes == attribute and row.becomes != PROMPTS), attribute)


def parsed(values: Mapping[str, Any]) -> dict[str, Any]:
    """What every input means, by name; one that lacks is as the page has it at first. Raises InputError."""
    return {row.name: row.parse(values.get(row.name, row.widget.value), row.name) for row in FIELDS}
