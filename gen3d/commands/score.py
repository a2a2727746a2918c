"""`gen3d score`: figures of what `gen3d worldscore` made, none of them WorldScore itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.asked import seed_option
from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.telling import Teller, quiet_option

HELP = "figures of what `gen3d worldscore` made, where its evaluator does not run"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("folder", type=Path, metavar="OUT", help="what `gen3d worldscore` filled")
    seed_option(parser)
    device_option(parser)
    rasterizer_option(parser)
    quiet_option(parser)


def run(a: Namespace) -> None:
    """A table of the means; OUT/score.json has every item, and what each figure is."""
    teller = Teller(a.quiet)
    with teller.waiting("score"):
        from gen3d.run.score import FIGURES, NOT_WORLDSCORE, score

        rasterizer = rasterizer_of(a)
    found = teller.follow(score(a.folder, rasterizer, a.seed))
    means = found["mean"]
    teller.say(f"{'figure':20} {'unit':16} {'anchor':>9} {'random':>9}  stands for")
    for name, figure in FIGURES.items():
        cells = [means[kind].get(name, means["files"].get(name)) for kind in ("anchor", "random")]
        shown = " ".join("        -" if value is None else f"{value:9.4g}" for value in cells)
        teller.say(f"{name:20} {figure.unit:16} {shown}  {figure.aspect or '-'}")
    teller.say(NOT_WORLDSCORE)
