"""The folder that a command makes: its options; `run/output.py` says what may be replaced."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from gen3d.run.output import check_output as check_output


def output_options(parser: ArgumentParser) -> None:
    """The folder to make."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--force", action="store_true", help="replace a folder that gen3d did not make")
