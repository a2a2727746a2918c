"""The folder that a command makes: its options, and that it may be made; `run/output.py` says what may be replaced."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gen3d.run.output import check_output as check_output


def output_options(parser: ArgumentParser) -> None:
    """The folder to make."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--force", action="store_true", help="replace a folder that gen3d did not make")


@contextmanager
def free_output(a: Namespace, *inputs: Path | None) -> Iterator[None]:
    """Checks that the folder may be made, and once more after what is done inside, since that takes a while."""
    check_output(a.output, a.force, *inputs)
    yield
    check_output(a.output, a.force, *inputs)
