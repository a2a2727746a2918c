"""`gen3d edit`: things of a scene moved, removed, turned, copied; a new folder holds the scene as it is then."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.telling import Teller, quiet_option

HELP = "bake edits into a scene: hide, remove, move, turn, scale, duplicate and tint its things"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("scene", type=Path, metavar="SCENE", help="the folder of a build, or its scene.ply")
    parser.add_argument(
        "--apply", type=Path, metavar="edits.json", help="the edits; default: edits.json in the folder",
    )  # fmt: skip
    engine_options(parser)
    rasterizer_option(parser)
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """A folder with the scene as it was edited; the scene itself stays as it is."""
    teller, folder = Teller(a.quiet), a.scene.parent if a.scene.is_file() else a.scene
    edits = a.apply or folder / "edits.json"
    with free_output(a, folder / "scene.ply", edits), teller.waiting("scene"):
        from gen3d.formats.edits_file import read_edits
        from gen3d.formats.things_file import names_of
        from gen3d.run.checked import checked_rasterizer
        from gen3d.run.edit import built_in, edit
        from gen3d.settings import ExpandSettings

        scene = built_in(folder)
        wanted = read_edits(edits, names_of(scene.things)).done
        rasterizer = checked_rasterizer(rasterizer_of(a), teller.note)
    teller.follow(
        edit(scene, wanted, rasterizer, a.output, lambda: models_of(a), ExpandSettings())
    )
