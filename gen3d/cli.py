"""The command line: gen3d build | render | export | depth | presets | download | doctor | selftest.

Exit codes: 0 done, 1 a failure told in two sentences on stderr, 2 wrong usage, 130 interrupted. Parsing
imports nothing heavy; what the commands do is in `commands.py`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from gen3d import __version__, commands
from gen3d.ending import ended
from gen3d.errors import InputError
from gen3d.models.engines import TIERS, choices_in_words, parse_use
from gen3d.models.weights.catalog import optional_weights
from gen3d.request import DEPTH_CHOICES
from gen3d.settings import PRESETS


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""

    def command() -> None:
        arguments = _parser().parse_args(argv)
        arguments.run(arguments)

    return ended(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gen3d", description="A photo in, a 3D scene to look around in out.")
    parser.add_argument("--version", action="version", version=f"gen3d {__version__}")
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_build(kinds)
    _add_render(kinds)
    _add_export(kinds)
    _add_depth(kinds)
    presets = kinds.add_parser("presets", help="list the presets and the camera paths")
    presets.set_defaults(run=commands.presets)
    _add_care(kinds)
    return parser


def _add_build(kinds: argparse._SubParsersAction) -> None:
    build = kinds.add_parser("build", help="make a scene and its video from a photo, a photo with depth, or a text")
    build.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="the photo")
    build.add_argument("--prompt", metavar="TEXT", help="what to draw; with a photo, what it shows")
    build.add_argument("--depth", type=Path, metavar="FILE", help="16-bit PNG, .npy, .npz, float TIFF or EXR")
    _add_depth_knobs(build)
    lens = build.add_mutually_exclusive_group()
    lens.add_argument("--fov", type=_number, metavar="DEG", help="field of view along the longer side")
    lens.add_argument("--intrinsics", type=_four_numbers, metavar="FX,FY,CX,CY", help="in pixels as displayed")
    _add_engine(build)
    _add_rasterizer(build)
    build.add_argument("--preset", default="balanced", metavar="NAME", help=", ".join(PRESETS))
    build.add_argument("--path", default="wander", metavar="NAME|FILE", help="a camera path, or a transforms.json")
    build.add_argument(
        "--prompt-for", action="append", default=[], metavar="WHERE=TEXT",
        help="words for what lies left, right, up, down or back, or for the pose of that number; may be repeated",
    )  # fmt: skip
    build.add_argument("--seed", type=_whole_number, default=0, metavar="N")
    build.add_argument("--size", type=_whole_number, metavar="PX", help="longer side the photo is reduced to")
    _add_pruning(build)
    build.add_argument("--explain", action="store_true", help="say what each stage does, and draw it: explain/")
    _add_output(build, "folder")
    build.set_defaults(run=commands.build)


def _add_depth_knobs(build: argparse.ArgumentParser) -> None:
    """What a depth file is, where it does not say so itself; `scene.Request` has the words."""
    build.add_argument(
        "--depth-scale", type=_number, metavar="UNITS",
        help="units per metre of the depth file; default: 1000 for integers, 1 for floats",
    )  # fmt: skip
    build.add_argument(
        "--depth-kind", choices=DEPTH_CHOICES["depth_kind"], default="auto",
        help="what its numbers are; auto: as its names and values tell, else metres",
    )  # fmt: skip
    build.add_argument("--depth-channel", metavar="NAME", help="which of its arrays, channels or pages is the depth")
    build.add_argument(
        "--turn-depth", choices=DEPTH_CHOICES["turn_depth"], default="auto",
        help="whether it is turned as EXIF turns the photo; auto: where it fits only so",
    )  # fmt: skip
    build.add_argument(
        "--own-depth", choices=DEPTH_CHOICES["own_depth"], default="use",
        help="whether depth inside a portrait photo counts where no file is given",
    )  # fmt: skip


def _add_render(kinds: argparse._SubParsersAction) -> None:
    render = kinds.add_parser("render", help="draw a scene file through given cameras, and do nothing else")
    render.add_argument("scene", type=Path, metavar="SCENE", help="a .ply, .splat or .spz")
    render.add_argument("--cameras", type=Path, required=True, metavar="transforms.json")
    render.add_argument("--alpha", action="store_true", help="also write alpha_00.png ...")
    render.add_argument(
        "--background", type=_colour, default=(0.0, 0.0, 0.0), metavar="R,G,B",
        help="0 to 255 each, or #rrggbb",
    )  # fmt: skip
    _add_device(render)
    _add_rasterizer(render)
    _add_output(render, "folder")
    render.set_defaults(run=commands.render)


def _add_export(kinds: argparse._SubParsersAction) -> None:
    export = kinds.add_parser("export", help="write a scene file in other formats, by the names of the files")
    export.add_argument("scene", type=Path, metavar="SCENE", help="a .ply, .splat or .spz")
    export.add_argument(
        "--to", type=Path, nargs="+", required=True, metavar="FILE",
        help="FILE.ply, .splat, .spz; with a build's folder also .glb, collider.glb, .zip, or a FOLDER to train on",
    )  # fmt: skip
    export.add_argument(
        "--spz-version", type=_whole_number, choices=(2, 3), default=3, help="2 for older readers; default 3"
    )  # fmt: skip
    export.add_argument("--centred", action="store_true", help="leave out the far offset of a georeferenced scene")
    export.add_argument("--spz-y-down", action="store_true", help="axes as SuperSplat takes them in a .spz")
    _add_pruning(export)
    _add_device(export)
    _add_rasterizer(export)
    export.set_defaults(run=commands.export)


def _add_depth(kinds: argparse._SubParsersAction) -> None:
    depth = kinds.add_parser("depth", help="estimate depth: metres along z, inf = sky")
    depth.add_argument("image", type=Path, metavar="IMAGE")
    _add_engine(depth)
    depth.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help="FILE.npy or .exr (metres), or .png (16 bit; its units are told)",
    )  # fmt: skip
    depth.set_defaults(run=commands.depth)


def _add_care(kinds: argparse._SubParsersAction) -> None:
    """The commands that look after the networks."""
    download = kinds.add_parser("download", help="fetch the networks' weights, and check that they open")
    download.add_argument("--tier", choices=TIERS, help="default: the one for this machine")
    download.add_argument(
        "--also", action="append", default=[], choices=[weights.key for weights in optional_weights()],
        help="optional weights; may be repeated",
    )  # fmt: skip
    download.set_defaults(run=commands.download)
    doctor = kinds.add_parser("doctor", help="what this machine has, who plays which role, what to do next")
    doctor.add_argument("--tier", choices=TIERS, help="default: the one for this machine")
    doctor.set_defaults(run=commands.doctor)
    selftest = kinds.add_parser("selftest", help="try every engine and a whole build; a sheet and a report to send")
    _add_engine(selftest)
    _add_rasterizer(selftest)
    selftest.add_argument("--preset", default="fast", metavar="NAME", help=", ".join(PRESETS))
    selftest.add_argument("--size", type=_whole_number, metavar="PX", help="longer side the photo is reduced to")
    _add_output(selftest, "folder")
    selftest.set_defaults(run=commands.selftest)


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", choices=("auto", "builtin", "hub"), default="auto")
    command.add_argument("--tier", choices=TIERS, help="whose networks: the paper's (gpu) or a laptop's (cpu)")
    command.add_argument(
        "--use", action="append", default=[], type=_use, metavar="ROLE=ENGINE",
        help=f"one engine for one role, whatever plays the others; may be repeated: {choices_in_words()}",
    )  # fmt: skip
    _add_device(command)
    command.add_argument("--safety-checker", action="store_true", default=None, help="check pictures that are made up")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def _add_rasterizer(command: argparse.ArgumentParser) -> None:
    names = ("auto", "gsplat", "triton", "cpu")
    command.add_argument("--rasterizer", choices=names, default="auto", help="who draws; auto: the fastest that works")


def _add_pruning(command: argparse.ArgumentParser) -> None:
    what = "keep those that bring most to the views"
    command.add_argument("--max-gaussians", type=_whole_number, metavar="N", help=what)


def _add_output(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help=f"the {what} to make")
    command.add_argument("--force", action="store_true", help="replace a folder that gen3d did not make")


def _use(text: str) -> tuple[str, str]:
    try:
        return parse_use(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes a number, and {text!r} is none") from None


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # also of thousands of digits
        raise argparse.ArgumentTypeError(f"takes a whole number, and {text[:40]!r} is none") from None


def _four_numbers(text: str) -> tuple[float, float, float, float]:
    """FX,FY,CX,CY with commas, spaces and brackets as people write them, or the nine numbers of K row by row."""
    try:
        numbers = [float(part) for part in re.split(r"[\s,;\[\]()]+", text) if part]
    except ValueError:
        numbers = []
    if len(numbers) == 9 and numbers[1] == numbers[3] == numbers[6] == numbers[7] == 0 and numbers[8] == 1:
        numbers = [numbers[i] for i in (0, 4, 2, 5)]
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError(f"takes four numbers FX,FY,CX,CY in pixels, not {text!r}")
    fx, fy, cx, cy = numbers
    return fx, fy, cx, cy


def _colour(text: str) -> tuple[float, float, float]:
    """R,G,B from 0 to 255, or #rrggbb, or #rgb; as parts of 1."""
    digits = text.strip().removeprefix("#")
    try:
        if text.strip().startswith("#"):
            wide = "".join(2 * d for d in digits) if len(digits) == 3 else digits
            parts = list(bytes.fromhex(wide))
        else:
            parts = [float(part) for part in re.split(r"[\s,;]+", text.strip())]
    except ValueError:
        parts = []
    if len(parts) != 3 or not all(0 <= part <= 255 for part in parts):
        raise argparse.ArgumentTypeError(f"takes R,G,B from 0 to 255, or #rrggbb, not {text!r}")
    r, g, b = (part / 255 for part in parts)
    return r, g, b
