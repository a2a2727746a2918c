"""`gen3d tour`: the third step of a build, a video of a scene that is there, along any path."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from gen3d.commands.asked import asked_before, path_option
from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.telling import Teller, explain_option, quiet_option
from gen3d.commands.values import number, whole_number
from gen3d.settings import PRESETS, tour_checked
from gen3d.video_table import SHAPES, VIDEOS

HELP = "the third step: a video of the scene that a build or `gen3d grow` made"


def options(parser: ArgumentParser) -> None:
    """What may be given; what is not stays as it was asked before."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what `gen3d build` or `gen3d grow` made")
    path_option(parser, default=None)
    parser.add_argument("--kind", choices=[row.name for row in VIDEOS], default="video", help=_kinds_in_words())
    parser.add_argument(
        "--shape", choices=list(SHAPES), default="photo", help="cut out of the photo's, which shows most",
    )  # fmt: skip
    parser.add_argument(
        "--strength", type=number, metavar="X",
        help="how far the path moves, 0 to 2: 1 is as far as it is meant to; default: as far as the scene has no holes",
    )  # fmt: skip
    parser.add_argument(
        "--width", type=whole_number, metavar="PX",
        help="at most, and never finer than the photo; of vr180 for each eye",
    )  # fmt: skip
    device_option(parser)
    rasterizer_option(parser)
    explain_option(parser)
    quiet_option(parser)
    output_options(parser)


def _kinds_in_words() -> str:
    return "; ".join(f"{row.name}: {row.file}, for {row.for_whom}" for row in VIDEOS)


def run(a: Namespace) -> None:
    """A video along a path, which need not be the one that the scene was grown along."""
    inputs = a.folder, Path(a.path or "")
    asked = {"kind": a.kind, "shape": a.shape, "strength": a.strength}
    asked |= {} if a.width is None else {"width_px": a.width}
    tour_checked(replace(PRESETS["balanced"].tour, **asked))
    teller = Teller(a.quiet, a.explain)
    with free_output(a, *inputs), teller.waiting("scene"):
        from gen3d.run.steps import tour

        request, settings = asked_before(a.folder, path=a.path)
        settings = replace(settings, tour=replace(settings.tour, **asked))
        rasterizer = rasterizer_of(a)
    teller.follow(tour(request, a.folder, rasterizer, settings, a.output, explain=a.explain))
