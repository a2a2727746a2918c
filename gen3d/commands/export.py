"""`gen3d export`: a scene file in other formats, chosen by the names of the files."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.commands.edited import edited_beside
from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.output import check_output
from gen3d.commands.preset import at_least_one, pruning_option
from gen3d.commands.standing import check_standing, needs_depth, standing_asked, standing_options
from gen3d.commands.telling import Teller, quiet_option
from gen3d.commands.values import counts, whole_number
from gen3d.errors import InputError
from gen3d.format_table import FormatRow, asked_for, listed, read_here, written_here

if TYPE_CHECKING:
    from gen3d.formats.stored import StoredScene
    from gen3d.products.edited import Edited
    from gen3d.products.export import FinishedScene

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
    standing_options(parser)
    pruning_option(parser)
    parser.add_argument(
        "--lod", type=counts, metavar="N,N,...", help="lighter twins instead: NAME.lod0.EXT, ..., as 500k,100k,30k"
    )  # fmt: skip
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

    check_standing(a)
    if a.lod and a.max_gaussians is not None:
        raise InputError("Both --max-gaussians and --lod say how many Gaussians are kept.", "Give one of them.")
    targets = [(_row(file, a), file) for file in a.to]
    for folder in {file.parent for file in a.to}:
        sweep(folder)
    teller = Teller(a.quiet, timed=False)
    with teller.waiting("scene"):
        from gen3d.formats.scene_file import open_scene

        scene = open_scene(a.scene)
    for told in scene.notices:
        teller.note(told)
    how, scene = edited_beside(a.scene, scene, teller)
    scene = _centred(scene, teller) if a.centred else scene
    _export(a, targets, scene, teller, how)


def _row(file: Path, a: Namespace) -> FormatRow:
    """The format that a name asks for; InputError where there is none, or where it may not be written."""
    row = asked_for(file)
    if row is None:
        known = ", ".join(row.suffix for row in written_here() if row.suffix)
        raise InputError(f"There is no format for {file.name}.", f"End its name in {known}, or name a folder.")
    if a.lod and not row.holds_gaussians:
        raise InputError(f"{file.name} is no file of Gaussians, so it has no lighter twins.", "Leave it out of --lod.")
    if row.is_folder:
        check_output(file, False, a.scene)
    twins = [row.lighter(file, i) for i in range(len(a.lod))] if a.lod else [file]
    if os.path.realpath(a.scene) in map(os.path.realpath, twins):
        raise InputError(f"{a.scene} is the scene itself.", "Choose another name.")
    return row


def _export(
    a: Namespace, targets: Sequence[tuple[FormatRow, Path]], scene: StoredScene, teller: Teller, how: Edited | None
) -> None:
    """All files of it; a rasterizer is picked where something is to be drawn for that."""
    fewest = min(a.lod) if a.lod else at_least_one(a.max_gaussians) if a.max_gaussians is not None else None
    thins = fewest is not None and len(scene.gaussians) > fewest
    drawn = thins or needs_depth(a) or any(row.make for row, _ in targets)
    whole = _finished(a, scene, teller) if drawn else _undrawn(a, scene)
    whole = replace(whole, how=how)
    whole = replace(whole, standing=teller.follow(standing_asked(a, whole)))
    if a.lod:
        return _write_twins(a, targets, whole, teller)
    if thins:
        [whole] = _thinned(whole, [a.max_gaussians], teller)
    for row, file in targets:
        _write(a, row, file, whole, teller)
        if a.max_gaussians is not None and "layers" in row.needs:
            teller.note(f"{file.name} is a mesh and holds no Gaussians: --max-gaussians does not change it.")


def _write_twins(
    a: Namespace, targets: Sequence[tuple[FormatRow, Path]], whole: FinishedScene, teller: Teller
) -> None:
    for most in (most for most in a.lod if most >= len(whole.gaussians)):
        teller.note(f"The scene has {len(whole.gaussians)} Gaussians: the twin of {most} has all of them.")
    for i, scene in enumerate(_thinned(whole, a.lod, teller)):
        for row, file in targets:
            _write(a, row, Path(row.lighter(file, i)), scene, teller)


def _write(a: Namespace, row: FormatRow, file: Path, scene: FinishedScene, teller: Teller) -> None:
    """Writes a file, and tells how large it is and what of the scene is not said there."""
    from gen3d.formats.stored import Writing
    from gen3d.products.export import export_as

    how = Writing(a.spz_version, not a.spz_y_down and a.axes != "opencv")
    with teller.waiting(file.name):
        unsaid = teller.follow(export_as(row, scene, file, how)) or ()
    size = sum(part.stat().st_size for part in (file, *file.rglob("*")) if part.is_file())
    teller.say(f"wrote {file} ({size / 1e6:.1f} MB)")
    for told in unsaid:
        teller.note(told)


def _centred(scene: StoredScene, teller: Teller) -> StoredScene:
    """The scene around the world's origin, and by how much it was moved."""
    from gen3d.formats.stored import NEAR

    if scene.origin != NEAR:
        teller.note(f"The scene is moved by {', '.join(f'{-x:.0f}' for x in scene.origin)} along x, y, z.")
    return replace(scene, origin=NEAR)


def _thinned(whole: FinishedScene, counts: Sequence[int], teller: Teller) -> list[FinishedScene]:
    """With at most so many Gaussians each; all of them where there are no more."""
    from gen3d.products.prune import contributions, thinned

    if min(counts) >= len(whole.gaussians):
        return [whole] * len(counts)
    cameras, photo = whole.views, whole.photo if whole.is_built else None
    total = teller.follow(contributions(whole.gaussians, cameras, whole.rasterizer))
    found = []
    for most in counts:
        if most < len(whole.gaussians):
            few = teller.follow(thinned(whole.gaussians, total, most, cameras, whole.rasterizer, photo))
            found.append(replace(whole, gaussians=few.gaussians, labels=None, thinned=True))
        else:
            found.append(whole)
    return found


def _finished(a: Namespace, scene: StoredScene, teller: Teller) -> FinishedScene:
    with teller.waiting("rasterizer"):
        from gen3d.run.checked import checked_rasterizer
        from gen3d.splat.antialiased import suited

        rasterizer = checked_rasterizer(suited(rasterizer_of(a), scene.antialiased), teller.note)
    return replace(_undrawn(a, scene), rasterizer=rasterizer)


def _undrawn(a: Namespace, scene: StoredScene) -> FinishedScene:
    """The scene in its folder, with nobody to draw it."""
    from gen3d.products.export import FinishedScene

    return FinishedScene(
        scene.gaussians, a.scene.parent, None, antialiased=scene.antialiased, origin=scene.origin,
        camera=scene.camera, up=scene.up, labels=scene.labels,
    )  # fmt: skip
