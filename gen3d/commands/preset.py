"""How large and how well a scene is built: the options, and the settings they stand for."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from gen3d.commands.values import whole_number
from gen3d.errors import InputError

if TYPE_CHECKING:
    from gen3d.settings import Settings

def preset_options(parser: ArgumentParser, default: str = "balanced") -> None:
    """The preset and the size."""
    from gen3d.settings import PRESETS

    parser.add_argument("--preset", default=default, metavar="NAME", help=", ".join(PRESETS))
    parser.add_argument("--size", type=whole_number, metavar="PX", help="longer side the photo is reduced to")


def settings_of(a: Namespace) -> Settings:
    """The settings of a preset at a size; InputError for what there is not."""
    from gen3d.settings import settings_of as named

    return named(a.preset, a.size)


def pruning_option(parser: ArgumentParser) -> None:
    """How many Gaussians are kept; `at_least_one` checks it."""
    what = "keep those that bring most to the views"
    parser.add_argument("--max-gaussians", type=whole_number, metavar="N", help=what)


def at_least_one(most: int) -> int:
    """The number itself; InputError below 1."""
    if most < 1:
        raise InputError(f"A scene of {most} Gaussians is none.", "Give --max-gaussians a number above 0.")
    return most
