"""What a scene is made of, and along which views: the options that ask for it, and the request they make."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gen3d.commands.values import four_numbers, number, whole_number

if TYPE_CHECKING:
    from gen3d.request import Request
    from gen3d.settings import Settings

_AGAIN = "Run the step before this one again."


def photo_options(parser: ArgumentParser) -> None:
    """A photo, its depth and its lens, or a sentence; `request_of` takes them, and those of the views."""
    parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="the photo")
    prompt_option(parser)
    parser.add_argument("--depth", type=Path, metavar="FILE", help="16-bit PNG, .npy, .npz, float TIFF or EXR")
    depth_options(parser)
    lens_options(parser)


def lens_options(parser: ArgumentParser) -> None:
    """The photo's lens."""
    lens = parser.add_mutually_exclusive_group()
    lens.add_argument("--fov", type=number, metavar="DEG", help="field of view along the longer side")
    lens.add_argument("--intrinsics", type=four_numbers, metavar="FX,FY,CX,CY", help="in pixels as displayed")
    border_option(parser)


def depth_options(parser: ArgumentParser) -> None:
    """What a depth file is, where it does not say so itself; `Request` has the words."""
    from gen3d.request import DEPTH_CHOICES

    parser.add_argument(
        "--depth-scale", type=number, metavar="UNITS",
        help="units per metre of the depth file; default: 1000 for integers, 1 for floats",
    )  # fmt: skip
    parser.add_argument(
        "--depth-kind", choices=DEPTH_CHOICES["depth_kind"], default="auto",
        help="what its numbers are; auto: as its names and values tell, else metres",
    )  # fmt: skip
    parser.add_argument("--depth-channel", metavar="NAME", help="which of its arrays, channels or pages is the depth")
    parser.add_argument(
        "--turn-depth", choices=DEPTH_CHOICES["turn_depth"], default="auto",
        help="whether it is turned as EXIF turns the photo; auto: where it fits only so",
    )  # fmt: skip
    parser.add_argument(
        "--own-depth", choices=DEPTH_CHOICES["own_depth"], default="use",
        help="whether depth inside a portrait photo counts where no file is given",
    )  # fmt: skip


def border_option(parser: ArgumentParser) -> None:
    """What becomes of a border around the photo."""
    from gen3d.request import CHOICES

    parser.add_argument(
        "--border", choices=CHOICES["border"], default="cut",
        help="whether bars, margins or empty rims around the photo are cut away",
    )  # fmt: skip


def prompt_option(parser: ArgumentParser) -> None:
    """Words for all of the scene."""
    parser.add_argument("--prompt", metavar="TEXT", help="what to draw; with a photo, what it shows")


def path_option(parser: ArgumentParser, default: str | None = "wander") -> None:
    """The cameras' path; default: None is that of the step before."""
    before = "" if default else "; default: that of the step before"
    words = f"a camera path, a transforms.json, or a path drawn in the viewer{before}"
    parser.add_argument("--path", default=default, metavar="NAME|FILE", help=words)


def prompts_option(parser: ArgumentParser) -> None:
    """Words for some of the views."""
    parser.add_argument(
        "--prompt-for", action="append", default=[], metavar="WHERE=TEXT",
        help="words for what lies left, right, up, down or back, or for the pose of that number; may be repeated",
    )  # fmt: skip


def seed_option(parser: ArgumentParser, default: int | None = 0) -> None:
    """What chance begins with; default: None is that of the step before."""
    words = None if default == 0 else "default: that of the step before"
    parser.add_argument("--seed", type=whole_number, default=default, metavar="N", help=words)


def request_of(a: Namespace) -> Request:
    """What was asked for; InputError for words that are none."""
    from gen3d.request import Request

    return Request(
        a.image, a.prompt, a.depth, a.depth_scale, a.fov, a.intrinsics, a.path, a.seed, prompts_of(a),
        a.depth_kind, a.depth_channel, a.turn_depth, a.own_depth, a.border,
    )  # fmt: skip


def prompts_of(a: Namespace) -> tuple[tuple[str, str], ...]:
    """(where, words) of each; InputError for a place that is none."""
    from gen3d.stages.words import parse_prompt

    return tuple(parse_prompt(text) for text in a.prompt_for)


def asked_before(folder: Path, **otherwise: Any) -> tuple[Request, Settings]:
    """What the step that made a folder was asked, with its files by name, and its settings.

    otherwise: fields of the request that are asked for now, None for those that are not. Raises InputError where the
    folder's record does not say.
    """
    from gen3d.commands.preset import settings_of
    from gen3d.formats.whole import refusing
    from gen3d.request import Request
    from gen3d.run.folders import read_record

    record = read_record(folder)
    with refusing(f"run.json of {folder.name} does not say what was asked for.", _AGAIN):
        asked = dict(record["request"])
        for file in ("photo", "depth"):
            asked[file] = Path(asked[file]) if asked[file] else None
        asked["intrinsics"] = tuple(asked["intrinsics"]) if asked["intrinsics"] else None
        asked["prompts"] = tuple((where, words) for where, words in asked["prompts"])
        request = Request(**asked | {name: value for name, value in otherwise.items() if value is not None})
        made = record["settings"]
        return request, settings_of(Namespace(preset=made["preset"], size=made["size_px"]))
