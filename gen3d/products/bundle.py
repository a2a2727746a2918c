"""Everything about a finished scene in one zip: what lies in its folder, and what can be made of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from gen3d import __version__
from gen3d.events import Stage, Started
from gen3d.format_table import AXES, bundled
from gen3d.formats.bundle import write_bundle
from gen3d.products.export import FinishedScene, can_export, export_as

WIDTH = 110
"""Letters a line of README.txt."""
NAMES = 20
"""Letters of it for a file's name."""


def export_bundle(scene: FinishedScene, path: Path) -> Stage[None]:
    """A .zip with a file for each kind of program, what cannot be made left out."""
    yield Started("bundle")
    with TemporaryDirectory(prefix=".gen3d-", dir=path.resolve().parent) as temporary:
        made = Path(temporary)
        there = [scene.folder / row.name for row in bundled()] + list(scene.also)
        members = [(file.name, file) for file in there if file.is_file()]
        yield from _make(scene, made, {name for name, _ in members})
        members += [(f.relative_to(made).as_posix(), f) for f in sorted(made.rglob("*")) if f.is_file()]
        write_bundle(path, members, readme({name for name, _ in members}))


def _make(scene: FinishedScene, into: Path, there: set[str]) -> Stage[None]:
    """Makes what the folder does not hold yet."""
    for row in bundled():
        if row.name not in there and can_export(row, scene):
            yield from export_as(row, scene, into / row.name)


def readme(names: set[str]) -> str:
    """README.txt: a line for every file that is there, and what one must know of their numbers."""
    there = {name.split("/")[0] for name in names}
    files = [f"{row.name:<{NAMES}} {row.for_whom}" for row in bundled() if row.name in there]
    about = [textwrap.fill(words, WIDTH) for words in _numbers(there)]
    return "\n".join([f"A 3D scene made from one picture by gen3d {__version__}.", "", *files, "", *about, ""])


def _numbers(there: set[str]) -> Iterator[str]:
    """Units and axes of the files that are there."""
    yield "Lengths are metres."
    rows = [row for row in bundled() if row.name in there]
    for axes, words in AXES.items():
        if names := [row.name for row in rows if row.axes == axes]:
            yield f"{', '.join(names)}: {words}."
    yield from (row.units for row in rows if row.units)
