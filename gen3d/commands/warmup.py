"""`gen3d warmup`: compiles the kernels that draw scenes and sentences now, so that the first build need not wait."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

from gen3d.commands.telling import Teller, quiet_option

HELP = "compile the kernels that draw scenes and sentences, once a machine"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    quiet_option(parser)


def run(a: Namespace) -> None:
    """The processor's kernels, compiled or found in the cache: the rasterizer's, then the world painter's."""
    teller, start = Teller(a.quiet), time.perf_counter()
    with teller.waiting("kernels"):
        from gen3d.models.builtin import world_painter
        from gen3d.splat.cpu import function

        function.warm_up()
        world_painter.warm_up()
    teller.say(f"the processor's kernels are ready ({time.perf_counter() - start:.1f} s)")
