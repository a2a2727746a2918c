"""`gen3d download`: fetches the weights of a tier, and opens each once they are here."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gen3d.commands.engines import tier_option
from gen3d.commands.telling import Teller, quiet_option

HELP = "fetch the networks' weights, and check that they open"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    from gen3d.models.weights.catalog import optional_weights

    tier_option(parser)
    parser.add_argument(
        "--also", action="append", default=[], choices=[weights.key for weights in optional_weights()],
        help="optional weights; may be repeated",
    )  # fmt: skip
    quiet_option(parser)


def run(a: Namespace) -> None:
    """The weights of a tier, opened once they are here."""
    from gen3d.models.placement import placement_here, tier_here
    from gen3d.models.weights.catalog import catalog, tier_weights
    from gen3d.models.weights.download import download
    from gen3d.models.weights.files import read_whole
    from gen3d.models.weights.hub import cached

    teller = Teller(a.quiet)

    def read(key: str) -> None:
        weights = catalog()[key]
        with teller.waiting(weights.name):
            for path in cached(weights).files:
                read_whole(path, weights.name)

    tier = a.tier or tier_here(placement_here())
    download(tier_weights(tier, a.also), read, teller.say, bars=not a.quiet)
