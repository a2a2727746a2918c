"""Everything about a finished scene in one zip: what lies in its folder, and what can be made of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from gen3d import __version__
from gen3d.axes import AXES, AxesRow
from gen3d.events import Notice, Stage, Started
from gen3d.format_table import bundled
from gen3d.formats.bundle import write_bundle
from gen3d.products.export import FinishedScene, can_export, export_as
from gen3d.standing import AS_BUILT, Standing

WIDTH = 110
"""Letters a line of README.txt."""
NAMES = 20
"""Letters of it for a file's name."""


def export_bundle(scene: FinishedScene, path: Path) -> Stage[None]:
    """A .zip with a file for each kind of program, what cannot be made left out.

    What lies in the folder goes in as it is, unless the scene is no longer what lies there.
    """
    yield Started("bundle")
    with TemporaryDirectory(prefix=".gen3d-", dir=path.resolve().parent) as temporary:
        made = Path(temporary)
        kept = [row.name for row in bundled() if scene.is_as_kept or not (row.write or row.make)]
        if scene.is_edited:
            kept = [name for name in kept if name == scene.files.run.name]
            yield Notice("The page and the video show the scene as it was built, so they are left out: `gen3d edit` "
                         "and `gen3d tour` make them anew.")  # fmt: skip
        there = [scene.folder / name for name in kept] + list(scene.also)
        members = [(file.name, file) for file in there if file.is_file()]
        yield from _make(scene, made, {name for name, _ in members})
        members += [(f.relative_to(made).as_posix(), f) for f in sorted(made.rglob("*")) if f.is_file()]
        write_bundle(path, members, readme({name for name, _ in members}, scene.standing))


def _make(scene: FinishedScene, into: Path, there: set[str]) -> Stage[None]:
    """Makes what the folder does not hold yet."""
    for row in bundled():
        if row.name not in there and can_export(row, scene):
            for told in (yield from export_as(row, scene, into / row.name)):
                yield Notice(told)


def readme(names: set[str], standing: Standing = AS_BUILT) -> str:
    """README.txt: a line for every file that is there, and what one must know of their numbers."""
    there = {name.split("/")[0] for name in names}
    files = [f"{row.name:<{NAMES}} {row.for_whom}" for row in bundled() if row.name in there]
    about = [textwrap.fill(words, WIDTH) for words in _numbers(there, standing)]
    return "\n".join([f"A 3D scene made from one picture by gen3d {__version__}.", "", *files, "", *about, ""])


def _numbers(there: set[str], standing: Standing) -> Iterator[str]:
    """Units and axes of the files that are there."""
    yield "Lengths are metres, seen from the photo's camera:"
    rows = [row for row in bundled() if row.name in there]
    for axes in AXES.values():
        if names := [row.name for row in rows if row.axes and (standing.axes or row.axes) == axes.name]:
            yield f"{', '.join(names)}: {axes.words}{_more_of(axes)}."
    if standing.level is not None:
        yield "The scene was turned level, and its ground is at zero; the photo's camera stands above it."
    if standing.scale != 1:
        yield f"All lengths were multiplied by {standing.scale:.6g}."
    yield from (row.units for row in rows if row.units)


def _more_of(axes: AxesRow) -> str:
    if axes.name == "opencv":
        return "; a tool that expects y up shows it upside down: turn it by 180 degrees about x, or export --axes yup"
    return "" if axes.unit == "m" else f", in {axes.unit}"
