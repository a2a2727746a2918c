"""`gen3d info`: what a scene file is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.format_table import listed, read_here

HELP = "say what a scene file is: how much it holds, how large, which way is up, who wrote it, what is odd"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    kinds = listed(row.suffix for row in read_here())
    parser.add_argument("scene", type=Path, nargs="+", metavar="FILE", help=f"a {kinds}; several are told in turn")


def run(a: Namespace) -> None:
    """A line a file, and one for whatever is odd about it."""
    from gen3d.products.about import about_file

    for scene in a.scene:
        print(about_file(scene), flush=True)
