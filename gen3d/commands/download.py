"""`gen3d download`: fetches the weights of a tier, and opens each once they are here."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gen3d.commands.engines import tier_option
from gen3d.commands.telling import Teller, quiet_option

HELP = "fetch the networks' weights, and check that they open"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    from gen3d.models.weights.catalog import OPTIONAL

    tier_option(parser)
    parser.add_argument("--also", action="append", default=[], choices=OPTIONAL, help="optional weights")
    quiet_option(parser)


def run(a: Namespace) -> None:
    """The weights of a tier, opened once they are here."""
    from gen3d.models.placement import placement_here, tier_here
    from gen3d.models.weights.catalog import CATALOG, tier_weights
    from gen3d.models.weights.download import download
    from gen3d.models.weights.files import read_whole
    from gen3d.models.weights.hub import cached

    teller = Teller(a.quiet)

    def read(key: str) -> None:
        name = CATALOG[key].name
        with teller.waiting(name):
            for path in cached(CATALOG[key]).files:
                read_whole(path, name)

    tier = a.tier or tier_here(placement_here())
    download(tier_weights(tier, a.also), read, teller.say, bars=not a.quiet)
