"""`gen3d tour`: the third step of a build, a video of a scene that is there, along any path."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.asked import asked_before, path_option
from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.telling import Teller, explain_option, quiet_option

HELP = "the third step: a video of the scene that a build or `gen3d grow` made"


def options(parser: ArgumentParser) -> None:
    """What may be given; what is not stays as it was asked before."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what `gen3d build` or `gen3d grow` made")
    path_option(parser, default=None)
    device_option(parser)
    rasterizer_option(parser)
    explain_option(parser)
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """A video along a path, which need not be the one that the scene was grown along."""
    inputs = a.folder, Path(a.path or "")
    teller = Teller(a.quiet, a.explain)
    with free_output(a, *inputs), teller.waiting("scene"):
        from gen3d.run.steps import tour

        request, settings = asked_before(a.folder, path=a.path)
        rasterizer = rasterizer_of(a)
    teller.follow(tour(request, a.folder, rasterizer, settings, a.output, explain=a.explain))
