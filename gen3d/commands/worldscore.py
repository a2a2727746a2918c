"""`gen3d worldscore`: the static items of the WorldScore benchmark, as its own evaluator scores them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.asked import seed_option
from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.preset import preset_options, settings_of
from gen3d.commands.telling import Teller, quiet_option
from gen3d.commands.values import whole_number

HELP = "make what the WorldScore benchmark's evaluator scores, of its data set"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="the folder WorldScore-Dataset")
    parser.add_argument("--subset", type=whole_number, metavar="N", help="N of the items, evenly spread")
    parser.add_argument(
        "--layout", type=lambda text: text.split(","), default=[], metavar="NAME,...",
        help="only items whose camera path has one of these",
    )  # fmt: skip
    parser.add_argument(
        "--poses", choices=("anchor", "between"), default="anchor",
        help="where new views are made up: on the frames that are scored, or half-way between them",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on with a folder that the same options began")
    engine_options(parser)
    rasterizer_option(parser)
    preset_options(parser)
    seed_option(parser)
    quiet_option(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="the folder to fill")


def run(a: Namespace) -> None:
    """All items, or those that are asked for."""
    teller = Teller(a.quiet)
    with teller.waiting("engines"):
        from gen3d.formats.worldscore import read_items
        from gen3d.run.worldscore import Bench, chosen, make_items

        items = chosen(read_items(a.dataset), a.layout, a.subset)
        bench = Bench(models_of(a), rasterizer_of(a), settings_of(a), a.poses, a.seed)
    teller.follow(make_items(items, bench, a.output, a.resume))
