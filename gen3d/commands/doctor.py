"""`gen3d doctor`: what this machine has, who plays which role, and what to do next."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gen3d.commands.engines import tier_option
from gen3d.commands.telling import Teller

HELP = "what this machine has, who plays which role, what to do next"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    tier_option(parser)


def run(a: Namespace) -> None:
    """What is here, and what to do next."""
    teller = Teller()
    with teller.waiting("machine"):
        from gen3d.run.doctor import diagnose

        for line in diagnose(a.tier):
            teller.say(line)
