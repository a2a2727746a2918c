"""The command line: gen3d build | render | depth | presets.

Exit codes: 0 done, 1 a failure told in two sentences on stderr, 2 wrong usage, 130 interrupted. Parsing comes first and
imports nothing heavy; each command imports what it runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d import __version__
from gen3d.errors import Gen3DError, InputError
from gen3d.scene import Request
from gen3d.settings import PRESETS, Settings

if TYPE_CHECKING:
    from gen3d.events import Event


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    arguments = _parser().parse_args(argv)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us finds nothing half-made either
    try:
        arguments.run(arguments)
    except Gen3DError as error:
        print(f"gen3d: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("gen3d: The machine ran out of memory. Use a smaller --size or --preset fast.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gen3d: interrupted, nothing is left behind", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gen3d", description="A photo in, a 3D scene to look around in out.")
    parser.add_argument("--version", action="version", version=f"gen3d {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_build(commands)
    _add_render(commands)
    _add_depth(commands)
    presets = commands.add_parser("presets", help="list the presets and the camera paths")
    presets.set_defaults(run=_presets)
    return parser


def _add_build(commands: argparse._SubParsersAction) -> None:
    build = commands.add_parser("build", help="make a scene and its video from a photo, a photo with depth, or a text")
    build.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="the photo")
    build.add_argument("--prompt", metavar="TEXT", help="what to draw; with a photo, what it shows")
    build.add_argument("--depth", type=Path, metavar="FILE", help="16-bit PNG, .npy, .npz, float TIFF or EXR")
    build.add_argument("--depth-scale", type=float, default=1000.0, metavar="UNITS", help="integer units per metre")
    lens = build.add_mutually_exclusive_group()
    lens.add_argument("--fov", type=float, metavar="DEG", help="field of view along the longer side")
    lens.add_argument("--intrinsics", type=_four_numbers, metavar="FX,FY,CX,CY", help="in pixels as displayed")
    _add_engine(build)
    build.add_argument("--preset", default="balanced", metavar="NAME", help=", ".join(PRESETS))
    build.add_argument("--path", default="wander", metavar="NAME|FILE", help="a camera path, or a transforms.json")
    build.add_argument("--seed", type=int, default=0, metavar="N")
    build.add_argument("--size", type=int, metavar="PX", help="longer side the photo is reduced to")
    build.add_argument("--explain", action="store_true", help="say what each stage does, and draw it: explain/")
    _add_output(build, "folder")
    build.set_defaults(run=_build)


def _add_render(commands: argparse._SubParsersAction) -> None:
    render = commands.add_parser("render", help="draw a scene file through given cameras, and do nothing else")
    render.add_argument("scene", type=Path, metavar="SCENE.ply")
    render.add_argument("--cameras", type=Path, required=True, metavar="transforms.json")
    render.add_argument("--alpha", action="store_true", help="also write alpha_00.png ...")
    render.add_argument("--background", type=_colour, default=(0.0, 0.0, 0.0), metavar="R,G,B", help="0 to 255 each")
    _add_output(render, "folder")
    render.set_defaults(run=_render)


def _add_depth(commands: argparse._SubParsersAction) -> None:
    depth = commands.add_parser("depth", help="estimate depth: metres along z, inf = sky")
    depth.add_argument("image", type=Path, metavar="IMAGE")
    _add_engine(depth)
    depth.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.npy")
    depth.set_defaults(run=_depth)


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", choices=("auto", "builtin", "hub"), default="auto")


def _add_output(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help=f"the {what} to make")
    command.add_argument("--force", action="store_true", help="replace a folder that gen3d did not make")


def _build(a: argparse.Namespace) -> None:
    settings = _settings(a.preset, a.size)
    request = Request(a.image, a.prompt, a.depth, a.depth_scale, a.fov, a.intrinsics, a.path, a.seed)
    _check_output(a.output, a.force, a.image, a.depth, Path(a.path))
    from gen3d.models.load import load_models
    from gen3d.pipeline import build
    from gen3d.splat.rasterizer import pick_rasterizer

    models, rasterizer = load_models(a.engine), pick_rasterizer()
    _tell(build(request, models, rasterizer, settings, a.output, explain=a.explain), a.explain)
    if a.explain:
        print(f"{'':10}every step on one sheet: {a.output / 'explain' / 'sheet.png'}")


def _settings(preset: str, size_px: int | None) -> Settings:
    from dataclasses import replace

    if preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r}.", f"Use one of {', '.join(PRESETS)}.")
    if size_px is None:
        return PRESETS[preset]
    if not SIZES_PX[0] <= size_px <= SIZES_PX[1]:
        raise InputError(f"A size of {size_px} pixels is not possible.", f"Use {SIZES_PX[0]} to {SIZES_PX[1]}.")
    return replace(PRESETS[preset], size_px=size_px)


SIZES_PX = (64, 2048)
"""Longer sides that a scene can be built at."""


def _render(a: argparse.Namespace) -> None:
    _check_output(a.output, a.force, a.scene, a.cameras)
    from gen3d.formats.ply import read_ply
    from gen3d.formats.transforms import read_transforms
    from gen3d.pipeline import render
    from gen3d.splat.rasterizer import pick_rasterizer

    cameras, gaussians = read_transforms(a.cameras), read_ply(a.scene)
    _tell(render(gaussians, cameras, pick_rasterizer(), a.output, a.alpha, a.background))


def _depth(a: argparse.Namespace) -> None:
    from gen3d.formats.depth_file import write_depth
    from gen3d.formats.picture import read_picture
    from gen3d.models.load import load_models
    from gen3d.pipeline import depth_of

    write_depth(a.output, depth_of(read_picture(a.image), load_models(a.engine)))
    print(f"wrote {a.output}")


def _presets(a: argparse.Namespace) -> None:
    from gen3d.geometry.trajectory import PATHS

    print("preset     long side  views  fit steps  gaussians  seconds for 640x480 RGBD on 2 cores")
    for s in PRESETS.values():
        numbers = f"{s.size_px:>6} px {s.expand.poses:>6} {s.fit.iterations:>10} {s.fit.max_gaussians:>10}"
        print(f"{s.preset:<10} {numbers} {s.seconds:>8}")
    print("\npath")
    for name, path in PATHS.items():
        print(f"{name:<10} {path.words}")


def _tell(run: Iterator[Event], explain: bool = False) -> None:
    """Prints what happens, a line a stage; interrupting it closes the run, which cleans up."""
    from gen3d.events import Finished, Notice, Started

    start = time.perf_counter()
    try:
        for event in run:
            seconds = time.perf_counter() - start
            match event:
                case Started():
                    print(f"{seconds:6.1f} s  {event.stage}{_explained(event.stage) if explain else ''}", flush=True)
                case Notice():
                    print(f"{'':10}note: {event.text}", flush=True)
                case Finished():
                    print(f"{seconds:6.1f} s  {event.step} is done: {event.folder}", flush=True)
    finally:
        close: Callable[[], None] = getattr(run, "close", lambda: None)
        close()


def _explained(stage: str) -> str:
    """The first sentences of the stage's own module."""
    from importlib import import_module

    words = (import_module(f"gen3d.stages.{stage}").__doc__ or "").strip().split("\n\n")
    return "".join(f"\n{'':10}{line}" for line in "\n".join(words[:2]).splitlines())


def _check_output(folder: Path, force: bool, *inputs: Path | None) -> None:
    """An existing folder is replaced only when it is empty, was made by gen3d, or by --force.

    Never when it holds one of the inputs, since they would vanish with it.
    """
    for file in inputs:
        if file and os.path.exists(file) and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
            raise InputError(f"{file} lies in the output folder, which is replaced.", "Choose another output folder.")
    if not os.path.exists(folder) or force:
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Choose another name for the output folder.")
    if any(folder.iterdir()) and not (folder / "run.json").is_file():
        raise InputError(f"{folder} is not empty and was not made by gen3d.", "Choose another folder, or use --force.")


def _four_numbers(text: str) -> tuple[float, float, float, float]:
    fx, fy, cx, cy = (float(part) for part in text.split(","))
    return fx, fy, cx, cy


def _colour(text: str) -> tuple[float, float, float]:
    r, g, b = (float(part) / 255 for part in text.split(","))
    if not all(0 <= c <= 1 for c in (r, g, b)):
        raise ValueError("colours are 0 to 255")
    return r, g, b
