"""`gen3d grow`: the second step of a build, from the folder that `gen3d look` left, whose request it goes on with."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from gen3d.commands.asked import asked_before, path_option, prompt_option, prompts_of, prompts_option, seed_option
from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.preset import at_least_one, pruning_option
from gen3d.commands.telling import Teller, explain_option, quiet_option

HELP = "the second step: the scene, from the folder of `gen3d look`"


def options(parser: ArgumentParser) -> None:
    """What may be given; what is not stays as it was asked before."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what `gen3d look` made")
    prompt_option(parser)
    engine_options(parser)
    rasterizer_option(parser)
    path_option(parser, default=None)
    prompts_option(parser)
    seed_option(parser, default=None)
    pruning_option(parser)
    explain_option(parser)
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """The scene behind and around what was looked at."""
    inputs = a.folder, Path(a.path or "")
    teller = Teller(a.quiet, a.explain)
    with free_output(a, *inputs), teller.waiting("engines"):
        from gen3d.run.steps import grow

        prompts = prompts_of(a) or None
        request, settings = asked_before(a.folder, path=a.path, seed=a.seed, prompt=a.prompt, prompts=prompts)
        if a.max_gaussians is not None:
            settings = replace(settings, fit=replace(settings.fit, keep=at_least_one(a.max_gaussians)))
        models, rasterizer = models_of(a), rasterizer_of(a)
    teller.follow(grow(request, a.folder, models, rasterizer, settings, a.output, explain=a.explain))
