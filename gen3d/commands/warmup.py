"""`gen3d warmup`: compiles every kernel now, so that the first build need not wait for any."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

from gen3d.commands.telling import Teller, quiet_option

HELP = "compile the kernels, once a machine"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    quiet_option(parser)


def run(a: Namespace) -> None:
    """The processor's kernels, compiled or found in the cache."""
    teller, start = Teller(a.quiet), time.perf_counter()
    with teller.waiting("kernels"):
        from gen3d.run.warm import warm_everything

        warm_everything()
    teller.say(f"the processor's kernels are ready ({time.perf_counter() - start:.1f} s)")
