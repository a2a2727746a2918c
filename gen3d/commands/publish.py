"""`gen3d publish`: a scene as a static Space of your own on the model hub."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gen3d.commands.engines import device_option, rasterizer_of, rasterizer_option
from gen3d.commands.telling import Teller, quiet_option

HELP = "put a built scene onto a static Space of your own: a site with the viewer"


def options(parser: ArgumentParser) -> None:
    """What may be given; a token is not, since whoever lists processes would read it."""
    parser.add_argument("scene", type=Path, metavar="SCENE", help="scene.ply in the folder that `gen3d build` made")
    parser.add_argument("--name", required=True, help="of the new Space, as my-room")
    parser.add_argument("--private", action="store_true", help="for your eyes only")
    device_option(parser)
    rasterizer_option(parser)
    quiet_option(parser)
    parser.epilog = "The token is that of HF_TOKEN, or of `hf auth login`; it needs the right to write."


def run(a: Namespace) -> None:
    """Makes the Space and says where it is."""
    teller = Teller(a.quiet, timed=False)
    with teller.waiting("scene"):
        from huggingface_hub import get_token

        from gen3d.formats.scene_file import open_scene
        from gen3d.products.export import FinishedScene
        from gen3d.run.publish import check_name, check_token, publish

        check_name(a.name)
        check_token(token := get_token() or "")
        scene = FinishedScene(open_scene(a.scene).gaussians, a.scene.parent, rasterizer_of(a))
        scene.beside(scene.files.view, "A site is made of")
    there = teller.follow(publish(scene, a.name, token, a.private))
    teller.say(f"published at {there.space}; embed {there.address}")
