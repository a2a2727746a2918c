"""The command line: `gen3d COMMAND ...`, the commands of `commands/`.

Exit codes: 0 done, 1 a failure told in two sentences on stderr, 2 wrong usage, 130 interrupted. Parsing imports
nothing heavy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from gen3d import __version__
from gen3d.commands import COMMANDS
from gen3d.ending import ended


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    given = sys.argv[1:] if argv is None else list(argv)

    def command() -> None:
        arguments = _parser(given).parse_args(given)
        arguments.run(arguments)

    return ended(command)


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Of all commands, with the options of the one that is given: those of the others would be imports for nothing."""
    parser = argparse.ArgumentParser(prog="gen3d", description="A photo in, a 3D scene to look around in out.")
    parser.add_argument("--version", action="version", version=f"gen3d {__version__}")
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = kinds.add_parser(name, help=command.HELP)
        one.set_defaults(run=command.run)
        if name in given:
            command.options(one)
    return parser
