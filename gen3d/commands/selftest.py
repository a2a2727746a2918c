"""`gen3d selftest`: every engine tried, a whole build, a sheet and a report to send."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial

from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import check_output, output_options
from gen3d.commands.preset import preset_options, settings_of
from gen3d.commands.telling import MARGIN, Teller, quiet_option

HELP = "try every engine and a whole build; a sheet and a report to send"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    engine_options(parser)
    rasterizer_option(parser)
    preset_options(parser, default="fast")
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """Every engine tried, and a report."""
    settings = settings_of(a)
    check_output(a.output, a.force)
    teller = Teller(a.quiet)
    with teller.waiting("rasterizer"):
        from gen3d.run.selftest import selftest

        rasterizer = rasterizer_of(a)
    teller.follow(selftest(partial(models_of, a), rasterizer, settings, a.output))
    teller.say(f"{MARGIN}every answer on one sheet: {a.output / 'sheet.png'}")
