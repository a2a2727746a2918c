"""`gen3d edit`: things of a scene moved, removed, turned, copied; a new folder holds the scene as it is then."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from gen3d.commands.engines import engine_options, models_of, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.telling import Teller, quiet_option
from gen3d.commands.values import whole_number

HELP = "bake edits into a scene: hide, remove, move, turn, scale, copy, tint its things; bring others in"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("scene", type=Path, metavar="SCENE", help="the folder of a build, or its scene.ply")
    parser.add_argument(
        "--apply", type=Path, metavar="edits.json", help="the edits; default: edits.json in the folder",
    )  # fmt: skip
    parser.add_argument(
        "--parts", action="append", default=[], metavar="THING",
        help="first take this thing apart where it folds inward or changes colour; number or name, may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--refine", type=whole_number, metavar="STEPS",
        help="let a critic (--use critic=...) refine what was made up, so many looks; 200 is a good start",
    )  # fmt: skip
    parser.add_argument("--refine-thing", metavar="THING", help="of this thing alone; its number or its name")
    parser.add_argument("--prompt", help="what the critic is to see; default: what the scene was built with")
    parser.add_argument("--seed", type=whole_number, default=0, metavar="N", help="of the critic's noise and views")
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
        from gen3d.formats.things_file import names_of, thing_called
        from gen3d.products.bringing import beside
        from gen3d.run.checked import checked_rasterizer
        from gen3d.run.edit import built_in, edit
        from gen3d.settings import ExpandSettings

        scene = built_in(folder)
        for said in a.parts:
            scene = scene.in_parts(thing_called(scene.things, said))
        without = (a.parts or a.refine is not None) and not a.apply and not edits.is_file()
        wanted = () if without else read_edits(edits, names_of(scene.things)).done
        rasterizer = checked_rasterizer(rasterizer_of(a), teller.note)
        refine = None if a.refine is None else _refining(a, scene, rasterizer, teller)
    models, find = cache(lambda: models_of(a)), beside(edits.parent)
    teller.follow(edit(scene, wanted, rasterizer, a.output, models, ExpandSettings(), find, refine))


def _refining(a: Namespace, scene: Any, rasterizer: Any, teller: Teller) -> Callable[..., Any]:
    """What refines the Gaussians as they are after the edits; without an engine for it nothing begins."""
    from gen3d.formats.things_file import thing_called
    from gen3d.run.checked import checked
    from gen3d.run.refine import critic_of, refining, settings_for

    thing = None if a.refine_thing is None else thing_called(scene.things, a.refine_thing)
    settings, critic = settings_for(a.refine), critic_of(checked(models_of(a), teller.note))
    return refining(scene, critic, rasterizer, settings, a.prompt, a.seed, thing)
