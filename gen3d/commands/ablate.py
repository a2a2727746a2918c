"""`gen3d ablate`: what settings bring and cost, on a folder of photos."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.preset import preset_options, settings_of
from gen3d.commands.telling import Teller, quiet_option

HELP = "vary settings on a folder of photos: figures against seconds"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="photos, each with NAME_depth.* where there is one")
    parser.add_argument(
        "--vary", action="append", required=True, metavar="NAME=A,B,C",
        help="N, M, path, align, iterations or size, and its values; repeated ones are crossed",
    )  # fmt: skip
    engine_options(parser)
    rasterizer_option(parser)
    preset_options(parser, "fast")
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """A table of the means over all photos; OUT has it as ablation.csv, with plots where matplotlib is."""
    teller = Teller(a.quiet)
    with free_output(a, a.folder), teller.waiting("engines"):
        from gen3d.run.ablate import ablate, parse_vary, photos_in

        varying, requests = [parse_vary(text) for text in a.vary], photos_in(a.folder)
        models, rasterizer = models_of(a), rasterizer_of(a)
    rows = teller.follow(ablate(requests, varying, models, rasterizer, settings_of(a), a.output))
    heads = list(dict.fromkeys(name for row in rows for name in row))
    teller.say("  ".join(f"{head[:14]:>14}" for head in heads))
    for row in rows:
        cells = (row.get(head, "-") for head in heads)
        teller.say("  ".join(f"{cell:14.4g}" if isinstance(cell, float) else f"{cell!s:>14}" for cell in cells))
