"""`gen3d export`: a scene file in other formats, chosen by the names of the files."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.output import check_output
from gen3d.commands.preset import at_least_one, pruning_option
from gen3d.commands.telling import Teller, quiet_option
from gen3d.commands.values import whole_number
from gen3d.errors import InputError
from gen3d.format_table import FormatRow, asked_for, listed, read_here, written_here

if TYPE_CHECKING:
    from gen3d.formats.stored import StoredScene
    from gen3d.products.export import FinishedScene
    from gen3d.splat.gaussians import Gaussians

HELP = "write a scene file in other formats, by the names of the files"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("scene", type=Path, metavar="SCENE", help=f"a {listed(row.suffix for row in read_here())}")
    parser.add_argument("--to", type=Path, nargs="+", required=True, metavar="FILE", help=_kinds_in_words())
    parser.add_argument(
        "--spz-version", type=whole_number, choices=(2, 3, 4), default=3, help="2 for older readers, 4 for newer ones; "
        "default 3"
    )  # fmt: skip
    parser.add_argument("--centred", action="store_true", help="leave out the far offset of a georeferenced scene")
    parser.add_argument("--spz-y-down", action="store_true", help="axes as SuperSplat takes them in a .spz")
    pruning_option(parser)
    device_option(parser)
    rasterizer_option(parser)
    quiet_option(parser)


def _kinds_in_words() -> str:
    """What can be written of any scene, and what needs a build's folder."""
    alone = [row.suffix for row in written_here() if not row.needs]
    beside = [row.suffix or "a FOLDER to train on" for row in written_here() if row.needs]
    return f"FILE{listed(alone)}; with a build's folder also {listed(beside)}"


def run(a: Namespace) -> None:
    """The scene in other formats; every name is checked before the first file is written."""
    from gen3d.formats.claims import sweep

    rows = [_row(file, a.scene) for file in a.to]
    for folder in {file.parent for file in a.to}:
        sweep(folder)
    teller = Teller(a.quiet, timed=False)
    with teller.waiting("scene"):
        from gen3d.formats.scene_file import open_scene

        scene = open_scene(a.scene)
    for told in scene.notices:
        teller.note(told)
    scene = _centred(scene, teller) if a.centred else scene
    if a.max_gaussians is not None and len(scene.gaussians) > at_least_one(a.max_gaussians):
        scene = replace(scene, gaussians=_pruned(a, scene, teller), labels=None)
    for file, row in zip(a.to, rows, strict=True):
        unsaid = _write(a, row, file, scene, teller)
        size = sum(part.stat().st_size for part in (file, *file.rglob("*")) if part.is_file())
        teller.say(f"wrote {file} ({size / 1e6:.1f} MB)")
        for told in unsaid:
            teller.note(told)


def _row(file: Path, scene: Path) -> FormatRow:
    """The format that a name asks for; InputError where there is none, or where it may not be written."""
    row = asked_for(file)
    if row is None:
        known = ", ".join(row.suffix for row in written_here() if row.suffix)
        raise InputError(f"There is no format for {file.name}.", f"End its name in {known}, or name a folder.")
    if not row.suffix:
        check_output(file, False, scene)
    if os.path.realpath(file) == os.path.realpath(scene):
        raise InputError(f"{file} is the scene itself.", "Choose another name.")
    return row


def _write(a: Namespace, row: FormatRow, file: Path, scene: StoredScene, teller: Teller) -> tuple[str, ...]:
    """Writes a file, and tells what of the scene is not said there."""
    from gen3d.formats.scene_file import save_scene, tells
    from gen3d.formats.stored import Writing
    from gen3d.products.beside import known_beside
    from gen3d.scene_files import SceneFiles

    if row.write:
        with teller.waiting(file.name):
            how = Writing(a.spz_version, not a.spz_y_down)
            known = known_beside(scene, SceneFiles(a.scene.parent)) if tells(row, how) else scene
            return save_scene(row, file, known, how)
    from gen3d.products.export import export_as

    return teller.follow(export_as(row, _finished(a, scene, teller), file)) or ()


def _centred(scene: StoredScene, teller: Teller) -> StoredScene:
    """The scene around the world's origin, and by how much it was moved."""
    from gen3d.formats.stored import NEAR

    if scene.origin != NEAR:
        teller.note(f"The scene is moved by {', '.join(f'{-x:.0f}' for x in scene.origin)} along x, y, z.")
    return replace(scene, origin=NEAR)


def _pruned(a: Namespace, scene: StoredScene, teller: Teller) -> Gaussians:
    """By the views of the fit in the folder of a build, else by views from all around."""
    from gen3d.products.around import views_of
    from gen3d.products.prune import prune_gaussians

    built = _finished(a, scene, teller)
    is_ours = built.files.run.is_file() and built.files.transforms.is_file()
    cameras, photo = (built.cameras, built.photo) if is_ours else (views_of(scene.gaussians), None)
    pruned = teller.follow(prune_gaussians(scene.gaussians, a.max_gaussians, cameras, built.rasterizer, photo))
    return pruned.gaussians


def _finished(a: Namespace, scene: StoredScene, teller: Teller) -> FinishedScene:
    with teller.waiting("rasterizer"):
        from gen3d.products.export import FinishedScene
        from gen3d.run.checked import checked_rasterizer
        from gen3d.splat.antialiased import suited

        rasterizer = checked_rasterizer(suited(rasterizer_of(a), scene.antialiased), teller.note)
    return FinishedScene(
        scene.gaussians, a.scene.parent, rasterizer, antialiased=scene.antialiased, origin=scene.origin,
        labels=scene.labels,
    )  # fmt: skip
