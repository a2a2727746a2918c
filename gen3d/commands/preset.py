"""How large and how well a scene is built: the options, and the settings they stand for."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from gen3d.commands.values import whole_number
from gen3d.errors import InputError

if TYPE_CHECKING:
    from gen3d.settings import Settings

SIZES_PX = (64, 2048)
"""Longer sides that a scene can be built at."""


def preset_options(parser: ArgumentParser, default: str = "balanced") -> None:
    """The preset and the size."""
    from gen3d.settings import PRESETS

    parser.add_argument("--preset", default=default, metavar="NAME", help=", ".join(PRESETS))
    parser.add_argument("--size", type=whole_number, metavar="PX", help="longer side the photo is reduced to")


def settings_of(a: Namespace) -> Settings:
    """The settings of a preset at a size; InputError for what there is not."""
    from gen3d.settings import PRESETS

    if a.preset not in PRESETS:
        raise InputError(f"There is no preset {a.preset!r}.", f"Use one of {', '.join(PRESETS)}.")
    if a.size is None:
        return PRESETS[a.preset]
    if not SIZES_PX[0] <= a.size <= SIZES_PX[1]:
        raise InputError(f"A size of {a.size} pixels is not possible.", f"Use {SIZES_PX[0]} to {SIZES_PX[1]}.")
    return replace(PRESETS[a.preset], size_px=a.size)


def pruning_option(parser: ArgumentParser) -> None:
    """How many Gaussians are kept; `at_least_one` checks it."""
    what = "keep those that bring most to the views"
    parser.add_argument("--max-gaussians", type=whole_number, metavar="N", help=what)


def at_least_one(most: int) -> int:
    """The number itself; InputError below 1."""
    if most < 1:
        raise InputError(f"A scene of {most} Gaussians is none.", "Give --max-gaussians a number above 0.")
    return most
