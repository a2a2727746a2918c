"""How a scene is to stand in its files: the options, and what they come to."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.axes import AXES, AXES_NAMES
from gen3d.commands.values import number
from gen3d.errors import InputError

if TYPE_CHECKING:
    from gen3d.events import Stage
    from gen3d.products.export import FinishedScene
    from gen3d.standing import Standing

SIZES = "It is not known how large the photo was, so its pixels are counted at the size that the scene was made at."


def standing_options(parser: ArgumentParser) -> None:
    """Axes, level and scale."""
    axes = "; ".join(f"{row.name} ({row.words}, {row.handed}-handed, {row.unit})" for row in AXES.values())
    parser.add_argument("--axes", choices=AXES_NAMES, help=f"{axes}; default: those of each format")
    parser.add_argument("--level", action="store_true", help="turn it upright, its ground at zero, where there is one")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--scale", type=number, default=1.0, metavar="FACTOR", help="of all lengths")
    length.add_argument(
        "--measured", metavar="U,V:U,V=METRES", help="how far apart two pixels of the photo are: 120,340:410,338=2.1"
    )


def needs_depth(a: Namespace) -> bool:
    """Whether the scene has to be looked at."""
    return a.level or a.measured is not None


def check_standing(a: Namespace) -> None:
    """What can be known before a file is opened."""
    from gen3d.products.standing import parse_measured

    if a.measured is not None:
        parse_measured(a.measured)
    if a.spz_y_down and a.axes not in (None, "opencv"):
        raise InputError(f"--spz-y-down is --axes opencv, and --axes {a.axes} was given.", "Give one of them.")


def standing_asked(a: Namespace, scene: FinishedScene) -> Stage[Standing]:
    """What was asked, found in the scene where it has to be."""
    from gen3d.events import Notice
    from gen3d.products.standing import parse_measured, standing_of

    measured = None if a.measured is None else parse_measured(a.measured)
    photo_px, photo_at_px = photo_size(scene.files.run), photo_corner(scene.files.run)
    if measured is not None and photo_px is None and scene.photo is not None:
        yield Notice(SIZES)
    return (yield from standing_of(scene, a.axes, a.level, a.scale, measured, photo_px, photo_at_px))


def photo_size(record: Path) -> tuple[int, int] | None:
    """Width and height of the photo that a run was given, without its border; None where its record does not say."""
    return _counted(record, "photo_px")


def photo_corner(record: Path) -> tuple[int, int]:
    """Where what was made into a scene begins in the photo that a run was given."""
    return _counted(record, "photo_at_px") or (0, 0)


def _counted(record: Path, name: str) -> tuple[int, int] | None:
    try:
        x, y = json.loads(record.read_text(encoding="utf-8"))["counts"][name]
        return int(x), int(y)
    except (OSError, ValueError, KeyError, TypeError):
        return None
