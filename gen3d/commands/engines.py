"""Who plays which role and who draws: the options that say so, and what they choose."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from gen3d.errors import InputError
from gen3d.models.engines import TIERS, choices_in_words, parse_use

if TYPE_CHECKING:
    from gen3d.models.base import Models
    from gen3d.splat.role import Rasterizer


def engine_options(parser: ArgumentParser) -> None:
    """For a command that needs networks, or what plays for them; `models_of` takes them."""
    parser.add_argument("--engine", choices=("auto", "builtin", "hub"), default="auto")
    parser.add_argument("--tier", choices=TIERS, help="whose networks: the paper's (gpu) or a laptop's (cpu)")
    parser.add_argument(
        "--use", action="append", default=[], type=_use, metavar="ROLE=ENGINE",
        help=f"one engine for one role, whatever plays the others; may be repeated: {choices_in_words()}",
    )  # fmt: skip
    device_option(parser)
    parser.add_argument("--safety-checker", action="store_true", default=None, help="check pictures that are made up")


def models_of(a: Namespace) -> Models:
    """The engines that were asked for, opened."""
    from gen3d.models.pick import load_models

    return load_models(a.engine, a.device, a.tier, a.safety_checker, dict(a.use))


def _use(text: str) -> tuple[str, str]:
    try:
        return parse_use(text)
    except InputError as error:
        raise ArgumentTypeError(str(error)) from None


def device_option(parser: ArgumentParser) -> None:
    """Where networks and the rasterizer run."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def tier_option(parser: ArgumentParser) -> None:
    """For a command that looks after networks."""
    parser.add_argument("--tier", choices=TIERS, help="default: the one for this machine")


def rasterizer_option(parser: ArgumentParser) -> None:
    """For a command that draws; `rasterizer_of` takes it, and the device."""
    names = ("auto", "gsplat", "triton", "cpu")
    parser.add_argument("--rasterizer", choices=names, default="auto", help="who draws; auto: the fastest that works")


def rasterizer_of(a: Namespace) -> Rasterizer:
    """Who was asked to draw."""
    from gen3d.splat.pick import pick_rasterizer

    return pick_rasterizer(a.device, a.rasterizer)
