"""`gen3d build`: a scene and its video of a photo, a photo with depth, or a sentence."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import check_output, output_options
from gen3d.commands.preset import at_least_one, preset_options, pruning_option, settings_of
from gen3d.commands.telling import MARGIN, Teller, quiet_option
from gen3d.commands.values import four_numbers, number, whole_number

if TYPE_CHECKING:
    from gen3d.request import Request

HELP = "make a scene and its video from a photo, a photo with depth, or a text"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="the photo")
    parser.add_argument("--prompt", metavar="TEXT", help="what to draw; with a photo, what it shows")
    parser.add_argument("--depth", type=Path, metavar="FILE", help="16-bit PNG, .npy, .npz, float TIFF or EXR")
    _depth_options(parser)
    lens = parser.add_mutually_exclusive_group()
    lens.add_argument("--fov", type=number, metavar="DEG", help="field of view along the longer side")
    lens.add_argument("--intrinsics", type=four_numbers, metavar="FX,FY,CX,CY", help="in pixels as displayed")
    engine_options(parser)
    rasterizer_option(parser)
    preset_options(parser)
    parser.add_argument("--path", default="wander", metavar="NAME|FILE", help="a camera path, or a transforms.json")
    parser.add_argument(
        "--prompt-for", action="append", default=[], metavar="WHERE=TEXT",
        help="words for what lies left, right, up, down or back, or for the pose of that number; may be repeated",
    )  # fmt: skip
    parser.add_argument("--seed", type=whole_number, default=0, metavar="N")
    pruning_option(parser)
    parser.add_argument("--explain", action="store_true", help="say what each stage does, and draw it: explain/")
    quiet_option(parser)
    output_options(parser)


def _depth_options(parser: ArgumentParser) -> None:
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


def run(a: Namespace) -> None:
    """A scene and its video."""
    settings = settings_of(a)
    if a.max_gaussians is not None:
        settings = replace(settings, fit=replace(settings.fit, keep=at_least_one(a.max_gaussians)))
    request = _request(a)
    inputs = a.image, a.depth, Path(a.path)
    check_output(a.output, a.force, *inputs)
    teller = Teller(a.quiet, a.explain)
    with teller.waiting("engines"):
        from gen3d.run.steps import build

        models, rasterizer = models_of(a), rasterizer_of(a)
    check_output(a.output, a.force, *inputs)  # once more, since that took a while
    teller.follow(build(request, models, rasterizer, settings, a.output, explain=a.explain))
    if a.explain:
        teller.say(f"{MARGIN}every step on one sheet: {a.output / 'explain' / 'sheet.png'}")


def _request(a: Namespace) -> Request:
    from gen3d.request import Request
    from gen3d.stages.words import parse_prompt

    prompts = tuple(parse_prompt(text) for text in a.prompt_for)
    return Request(
        a.image, a.prompt, a.depth, a.depth_scale, a.fov, a.intrinsics, a.path, a.seed, prompts,
        a.depth_kind, a.depth_channel, a.turn_depth, a.own_depth,
    )  # fmt: skip
