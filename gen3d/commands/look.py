"""`gen3d look`: the first of the three steps of a build, whose folder `gen3d grow` goes on from."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.asked import path_option, photo_options, prompts_option, request_of, seed_option
from gen3d.commands.engines import engine_options, models_of
from gen3d.commands.output import free_output, output_options
from gen3d.commands.preset import preset_options, settings_of
from gen3d.commands.telling import Teller, explain_option, quiet_option

HELP = "the first step of a build alone: depth, and what stands in front"


def options(parser: ArgumentParser) -> None:
    """What may be given; the steps after this one take the path, the words and the seed from here."""
    photo_options(parser)
    engine_options(parser)
    preset_options(parser)
    path_option(parser)
    prompts_option(parser)
    seed_option(parser)
    explain_option(parser)
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """What is in the picture, and how far away."""
    settings, request = settings_of(a), request_of(a)
    inputs = a.image, a.depth, Path(a.path)
    teller = Teller(a.quiet, a.explain)
    with free_output(a, *inputs), teller.waiting("engines"):
        from gen3d.run.steps import look

        models = models_of(a)
    teller.follow(look(request, models, settings, a.output, explain=a.explain))
