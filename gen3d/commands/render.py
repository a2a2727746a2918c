"""`gen3d render`: pictures of a scene file through given cameras, and nothing else."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.edited import edited_beside
from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.output import free_output, output_options
from gen3d.commands.telling import Teller, quiet_option
from gen3d.commands.values import colour
from gen3d.format_table import listed, read_here

HELP = "draw a scene file through given cameras, and do nothing else"


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("scene", type=Path, metavar="SCENE", help=f"a {listed(row.suffix for row in read_here())}")
    parser.add_argument("--cameras", type=Path, required=True, metavar="transforms.json")
    parser.add_argument("--alpha", action="store_true", help="also write alpha_00.png ...")
    parser.add_argument(
        "--show", choices=("depth", "normals", "layers", "made-up", "alpha"),
        help="something else than its colours: a picture of it, 00.png ..., and its numbers, 00.exr ...",
    )  # fmt: skip
    parser.add_argument(
        "--background", type=colour, default=(0.0, 0.0, 0.0), metavar="R,G,B", help="0 to 255 each, or #rrggbb",
    )  # fmt: skip
    device_option(parser)
    rasterizer_option(parser)
    quiet_option(parser)
    output_options(parser)


def run(a: Namespace) -> None:
    """Pictures of a scene file."""
    teller = Teller(a.quiet)
    with free_output(a, a.scene, a.cameras), teller.waiting("scene"):
        from gen3d.formats.scene_file import open_scene
        from gen3d.formats.transforms import read_cameras
        from gen3d.run.render import render
        from gen3d.splat.antialiased import suited

        file, (how, scene) = read_cameras(a.cameras), edited_beside(a.scene, open_scene(a.scene))
        cameras, rasterizer = [scene.camera_at(c) for c in file.cameras], suited(rasterizer_of(a), scene.antialiased)
    told = (*file.notices, *scene.notices, *((how.told,) if how and how.edits else ()))
    teller.follow(render(scene.gaussians, cameras, rasterizer, a.output, a.alpha, a.background, told, a.show))
