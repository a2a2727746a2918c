"""`gen3d build`: a scene and its video of a photo, a photo with depth, or a sentence."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.commands.asked import path_option, photo_options, prompts_option, request_of, seed_option
from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.preset import at_least_one, preset_options, pruning_option, settings_of
from gen3d.commands.telling import MARGIN, Teller, explain_option, profile_option, quiet_option
from gen3d.late import foresee

if TYPE_CHECKING:
    from gen3d.events import Event

HELP = "make a scene and its video from a photo, a photo with depth, or a text"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    photo_options(parser)
    engine_options(parser)
    rasterizer_option(parser)
    preset_options(parser)
    path_option(parser)
    prompts_option(parser)
    seed_option(parser)
    pruning_option(parser)
    explain_option(parser)
    profile_option(parser)
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """A scene and its video, and perhaps where the time went."""
    foresee("torch", "lib/libtorch_cpu.so")
    if not a.profile:
        _build(a)
        return
    from gen3d.run.profile import Profiler, keep

    profiler = Profiler()
    with profiler.looking():
        _build(a, profiler.follow)
    keep(a.output, profiler.spent)
    print("\n".join(profiler.spent.lines()))


def _build(a: Namespace, around: Callable[[Iterator[Event]], Iterator[Event]] = iter) -> None:
    settings = settings_of(a)
    if a.max_gaussians is not None:
        settings = replace(settings, fit=replace(settings.fit, keep=at_least_one(a.max_gaussians)))
    request = request_of(a)
    inputs = a.image, a.depth, Path(a.path)
    teller = Teller(a.quiet, a.explain)
    with free_output(a, *inputs), teller.waiting("engines"):
        from gen3d.run.steps import build

        models, rasterizer = models_of(a), rasterizer_of(a)
    teller.follow(around(build(request, models, rasterizer, settings, a.output, explain=a.explain)))
    if a.explain:
        teller.say(f"{MARGIN}every step on one sheet: {a.output / 'explain' / 'sheet.png'}")
