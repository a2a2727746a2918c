"""docs/axes.md, made of the table of axes (gen3d/axes.py) and that of formats: python -m bench.axes > docs/axes.md."""

from __future__ import annotations

from collections.abc import Iterator

from bench.tables import prose
from gen3d.axes import AXES, AxesRow
from gen3d.format_table import FORMATS, FormatRow

ABOUT = """# Axes, ground and size

Right is what is right in the photo, forward is where its camera looked. In a file as it is made by itself, lengths are
metres and the photo's camera is at the origin, level with itself and not with the ground. `gen3d export` can change all
three, and `scene.save` from Python with it:

```
gen3d export DIR/scene.ply --to room.ply --axes zup                        in another program's axes
gen3d export DIR/scene.ply --to room.spz --level                           upright, the ground at zero
gen3d export DIR/scene.ply --to room.glb --scale 1.25                      a quarter larger
gen3d export DIR/scene.ply --to room.glb --measured 120,340:410,338=2.1    two pixels of the photo are 2.1 m apart
```
"""
LEVEL = """## Upright, and on the ground

`--level` looks for a ground in the photo's depth, or, where no photo is kept beside the scene, in depth that is drawn
of it: the plane with most points on it that is level within 40 degrees, that faces up, that holds at least 3 % of what
is seen, and below which next to nothing lies. The scene is turned so that it is level, and moved so that it is at zero;
what is ahead stays ahead. A notice says by how much it was turned, and how high the photo's camera stands. Where there
is no such plane nothing is turned, and that is said.

## True to size

`--measured U,V:U,V=METRES` names two pixels of the photo, counted from its upper left corner at its own size, and how
far apart what they show is in the world. `--scale` gives the factor itself. Both multiply all lengths; depth that a
network guessed, or that came without a unit, has none that one could trust.

## What is mirrored, and what is not

Unity and Unreal are left-handed: their axes are a mirror image of ours, and no turning leads there. Positions are
mirrored, and with them rotations, the colours' harmonics and the order of a triangle's corners, so that what is seen is
the photo and not its mirror image. A camera in a left-handed file has left-handed axes of its own. Data sets to train
from are right-handed for all who read them, so those two are refused there; `transforms.json` alone can be had. In it
a camera's own axes are OpenGL's in all right-handed axes, as nerfstudio has it; the file names them.

For a program that imports a format by its standard leave `--axes` away: an importer of .glb or .spz turns what it reads
into its program's own axes. `--axes` is for what takes the numbers as they are, as Blender does with a .ply (`zup`). A
file that leaves its standard that way is told so.
"""


def axes_table() -> str:
    """A row for each habit."""
    titles = ("`--axes`", "x, y, z", "up", "the photo's camera looks along", "handed", "unit", "a camera's own axes",
              "whose")  # fmt: skip
    return prose(titles, [_axes_row(row) for row in AXES.values()])


def _axes_row(row: AxesRow) -> tuple[str, ...]:
    own = AXES[row.camera].words
    return f"`{row.name}`", row.words, row.up, row.ahead, row.handed, row.unit, own, row.whose


def files_table() -> str:
    """A row for each file that has axes."""
    titles = ("file", "axes", "up", "handed", "unit", "where the photo's camera is", "its format says so")
    return prose(titles, [_file_row(row) for row in FORMATS if row.axes])


def _file_row(row: FormatRow) -> tuple[str, ...]:
    axes = AXES[row.axes]
    where = f"at the origin, looking along {axes.ahead}"
    return f"`{row.name}`", f"`{axes.name}`", axes.up, axes.handed, axes.unit, where, "yes" if row.by_standard else "no"


def page() -> str:
    """The whole page."""
    return "\n".join(_parts())


def _parts() -> Iterator[str]:
    yield ABOUT
    yield f"## The files\n\n{files_table()}\n"
    yield f"## The axes one may ask for\n\n{axes_table()}\n"
    yield LEVEL.rstrip("\n")


if __name__ == "__main__":
    print(page())
