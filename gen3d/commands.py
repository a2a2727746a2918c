"""What each command of the command line does; each imports what it runs, so that parsing stays quick."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gen3d.errors import InputError
from gen3d.request import Request
from gen3d.settings import PRESETS, Settings

T = TypeVar("T")

if TYPE_CHECKING:
    from gen3d.events import Event, Stage
    from gen3d.formats.stored import StoredScene
    from gen3d.models.base import Models
    from gen3d.products.export import FinishedScene
    from gen3d.splat.gaussians import Gaussians
    from gen3d.splat.role import Rasterizer


def build(a: argparse.Namespace) -> None:
    """A scene and its video."""
    settings = _keeping(_settings(a.preset, a.size), a.max_gaussians)
    request = Request(
        a.image, a.prompt, a.depth, a.depth_scale, a.fov, a.intrinsics, a.path, a.seed, _prompts(a),
        a.depth_kind, a.depth_channel, a.turn_depth, a.own_depth,
    )  # fmt: skip
    _check_output(a.output, a.force, a.image, a.depth, Path(a.path))
    from gen3d.run import steps as pipeline

    models, rasterizer = _models(a), _rasterizer(a)
    _check_output(a.output, a.force, a.image, a.depth, Path(a.path))  # once more, since that took a while
    _tell(pipeline.build(request, models, rasterizer, settings, a.output, explain=a.explain), a.explain)
    if a.explain:
        print(f"{'':10}every step on one sheet: {a.output / 'explain' / 'sheet.png'}")


def _settings(preset: str, size_px: int | None) -> Settings:
    if preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r}.", f"Use one of {', '.join(PRESETS)}.")
    if size_px is None:
        return PRESETS[preset]
    if not SIZES_PX[0] <= size_px <= SIZES_PX[1]:
        raise InputError(f"A size of {size_px} pixels is not possible.", f"Use {SIZES_PX[0]} to {SIZES_PX[1]}.")
    return replace(PRESETS[preset], size_px=size_px)


def _keeping(settings: Settings, most: int | None) -> Settings:
    return settings if most is None else replace(settings, fit=replace(settings.fit, keep=_at_least_one(most)))


SIZES_PX = (64, 2048)
"""Longer sides that a scene can be built at."""


def render(a: argparse.Namespace) -> None:
    """Pictures of a scene file."""
    _check_output(a.output, a.force, a.scene, a.cameras)
    from gen3d.formats.scene_file import open_scene
    from gen3d.formats.transforms import read_cameras
    from gen3d.run.render import render as draw
    from gen3d.splat.antialiased import suited

    file, scene = read_cameras(a.cameras), open_scene(a.scene)
    cameras, rasterizer = [scene.camera_at(c) for c in file.cameras], suited(_rasterizer(a), scene.antialiased)
    _check_output(a.output, a.force, a.scene, a.cameras)  # once more, since that took a while
    told = file.notices + scene.notices
    _tell(draw(scene.gaussians, cameras, rasterizer, a.output, a.alpha, a.background, told))


def export(a: argparse.Namespace) -> None:
    """The scene in other formats; every name is checked before the first file is written."""
    from gen3d.formats.claims import sweep

    writers = _writers(a)
    for file in a.to:
        if file.suffix.lower() not in writers:
            known = ", ".join(filter(None, writers))
            raise InputError(f"There is no format for {file.name}.", f"End its name in {known}, or name a folder.")
        if not file.suffix:
            _check_output(file, False, a.scene)
        if os.path.realpath(file) == os.path.realpath(a.scene):
            raise InputError(f"{file} is the scene itself.", "Choose another name.")
    for folder in {file.parent for file in a.to}:
        sweep(folder)
    scene = _opened(a)
    if a.max_gaussians is not None and len(scene.gaussians) > _at_least_one(a.max_gaussians):
        scene = replace(scene, gaussians=_pruned(a, scene))
    for file in a.to:
        writers[file.suffix.lower()](file, scene)
        size = sum(part.stat().st_size for part in (file, *file.rglob("*")) if part.is_file())
        print(f"wrote {file} ({size / 1e6:.1f} MB)", flush=True)
        for told in _unsaid(file.suffix.lower(), scene):
            print(told, flush=True)


def _opened(a: argparse.Namespace) -> StoredScene:
    """The scene to export, and what is to say of it."""
    from gen3d.formats.scene_file import open_scene
    from gen3d.formats.stored import NEAR

    scene = open_scene(a.scene)
    for told in scene.notices:
        print(told, flush=True)
    if a.centred and scene.origin != NEAR:
        print(f"The scene is moved by {', '.join(f'{-x:.0f}' for x in scene.origin)} along x, y, z.", flush=True)
    return replace(scene, origin=NEAR) if a.centred else scene


def _unsaid(kind: str, scene: StoredScene) -> list[str]:
    """What a format cannot say of a scene, or says in a way that not everybody reads."""
    from gen3d.formats.stored import NEAR

    told = []
    if kind == ".splat" and scene.antialiased:
        told.append("A .splat cannot say that its Gaussians are to be drawn antialiased: a .ply or .spz can.")
    if kind == ".ply" and scene.origin != NEAR:
        told.append("The scene lies so far from its origin that x, y, z are doubles; programs that read only floats "
                    "need it with --centred.")  # fmt: skip
    return told


def _pruned(a: argparse.Namespace, scene: StoredScene) -> Gaussians:
    """By the views of the fit in the folder of a build, else by views from all around."""
    from gen3d.products.around import views_of
    from gen3d.products.prune import prune_gaussians

    built = _finished(a, scene)
    is_ours = built.files.run.is_file() and built.files.transforms.is_file()
    cameras, photo = (built.cameras, built.photo) if is_ours else (views_of(scene.gaussians), None)
    stage = prune_gaussians(scene.gaussians, a.max_gaussians, cameras, built.rasterizer, photo)
    return _product(stage).gaussians


def _finished(a: argparse.Namespace, scene: StoredScene) -> FinishedScene:
    from gen3d.products.export import FinishedScene
    from gen3d.run.checked import checked_rasterizer
    from gen3d.splat.antialiased import suited

    rasterizer = checked_rasterizer(suited(_rasterizer(a), scene.antialiased), _note)
    return FinishedScene(
        scene.gaussians, a.scene.parent, rasterizer, antialiased=scene.antialiased, origin=scene.origin
    )


def _product(stage: Stage[T]) -> T:
    """What a stage returns; its notices are printed."""
    from gen3d.events import Notice, product

    return product(stage, lambda event: isinstance(event, Notice) and print(event.text, flush=True))


def _at_least_one(most: int) -> int:
    if most < 1:
        raise InputError(f"A scene of {most} Gaussians is none.", "Give --max-gaussians a number above 0.")
    return most


def _writers(a: argparse.Namespace) -> dict[str, Callable[[Path, StoredScene], None]]:
    """Extension -> what writes it."""
    from gen3d.formats.ply import write_ply
    from gen3d.formats.splat import write_splat
    from gen3d.formats.spz import write_spz

    spz = partial(write_spz, version=a.spz_version, y_up=not a.spz_y_down)
    return {
        ".ply": lambda file, s: write_ply(file, s.gaussians, s.antialiased, s.origin),
        ".splat": lambda file, s: write_splat(file, s.gaussians, s.origin),
        ".spz": lambda file, s: spz(file, s.gaussians, antialiased=s.antialiased, origin=s.origin),
    } | _writers_of_folders(a)


def _writers_of_folders(a: argparse.Namespace) -> dict[str, Callable[[Path, StoredScene], None]]:
    """The same for what needs the folder that the scene lies in; "" is a folder's own name."""
    from gen3d.products.export import export_bundle, export_dataset, export_mesh

    def writing(export: Callable[[FinishedScene, Path], Stage[None]]) -> Callable[[Path, StoredScene], None]:
        return lambda file, scene: _product(export(_finished(a, scene), file))

    return {".glb": writing(export_mesh), ".zip": writing(export_bundle), "": writing(export_dataset)}


def depth(a: argparse.Namespace) -> None:
    """Estimated depth as a file, in the format of its name."""
    from gen3d.formats.claims import sweep
    from gen3d.formats.depth_file import png_scale, write_depth, write_depth_exr, write_depth_png
    from gen3d.formats.picture import read_photo
    from gen3d.run.checked import checked
    from gen3d.stages.depth import ALONE_PX, depth_of

    photo, kind = read_photo(a.image, ALONE_PX), a.output.suffix.lower() or ".npy"
    if kind not in DEPTH_KINDS:
        remedy = f"End its name in {', '.join(DEPTH_KINDS[:-1])} or {DEPTH_KINDS[-1]}."
        raise InputError(f"There is no depth format for {a.output.name}.", remedy)
    sweep(a.output.parent)
    metres = _product(depth_of(photo.image, checked(_models(a), _note).depth, photo.size))
    if kind == ".png":
        scale = png_scale([metres])
        write_depth_png(a.output, metres, scale)
        print(f"wrote {a.output} (16 bit, {scale:g} units a metre: --depth-scale {scale:g}; 0 is sky or unknown)")
    else:
        (write_depth if kind == ".npy" else write_depth_exr)(a.output, metres)
        print(f"wrote {a.output}")


DEPTH_KINDS = (".npy", ".png", ".exr")


def _models(a: argparse.Namespace) -> Models:
    from gen3d.models.pick import load_models

    return load_models(a.engine, a.device, a.tier, a.safety_checker)


def _rasterizer(a: argparse.Namespace) -> Rasterizer:
    from gen3d.splat.pick import pick_rasterizer

    return pick_rasterizer(a.device, a.rasterizer)


def _prompts(a: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    from gen3d.stages.words import parse_prompt

    return tuple(parse_prompt(text) for text in a.prompt_for)


def download(a: argparse.Namespace) -> None:
    """The weights of a tier, opened once they are here."""
    from gen3d.models.placement import placement_here, tier_here
    from gen3d.models.weights.catalog import CATALOG, tier_weights
    from gen3d.models.weights.download import download
    from gen3d.models.weights.files import read_whole
    from gen3d.models.weights.hub import cached

    def read(key: str) -> None:
        for path in cached(CATALOG[key]).files:
            read_whole(path, CATALOG[key].name)

    tier = a.tier or tier_here(placement_here())
    download(tier_weights(tier, a.also), read, partial(print, flush=True))


def doctor(a: argparse.Namespace) -> None:
    """What is here, and what to do next."""
    from gen3d.run.doctor import diagnose

    for line in diagnose(a.tier):
        print(line, flush=True)


def selftest(a: argparse.Namespace) -> None:
    """Every engine tried, and a report."""
    settings = _settings(a.preset, a.size)
    _check_output(a.output, a.force)
    from gen3d.run.selftest import selftest

    _tell(selftest(lambda: _models(a), _rasterizer(a), settings, a.output))
    print(f"{'':10}every answer on one sheet: {a.output / 'sheet.png'}")


def presets(a: argparse.Namespace) -> None:
    """What there is to choose from."""
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
                    _note(event.text)
                case Finished():
                    print(f"{seconds:6.1f} s  {event.step} is done: {event.folder}", flush=True)
    finally:
        close: Callable[[], None] = getattr(run, "close", lambda: None)
        close()


def _note(text: str) -> None:
    print(f"{'':10}note: {text}", flush=True)


def _explained(stage: str) -> str:
    """The first sentences of the stage's own module."""
    from importlib import import_module

    words = (import_module(f"gen3d.stages.{stage}").__doc__ or "").strip().split("\n\n")
    return "".join(f"\n{'':10}{line}" for line in "\n".join(words[:2]).splitlines())


FILE_KINDS = {".png", ".jpg", ".jpeg", ".mp4", ".ply", ".splat", ".spz", ".glb", ".zip", ".html", ".json", ".npy"}
"""Endings of names that nobody means for a folder."""


def _check_output(folder: Path, force: bool, *inputs: Path | None) -> None:
    """An existing folder is replaced only when it is empty, was made by gen3d, or by --force.

    Never when it holds one of the inputs, since they would vanish with it.
    """
    for file in inputs:
        if file and os.path.exists(file) and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
            raise InputError(f"{file} lies in the output folder, which is replaced.", "Choose another output folder.")
    if folder.suffix.lower() in FILE_KINDS and not folder.is_dir():
        raise InputError(f"{folder} is to be a folder, and {folder.suffix} is the name of a file.", "Name a folder.")
    if not os.path.exists(folder) or force:
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Choose another name for the output folder.")
    if any(folder.iterdir()) and not (folder / "run.json").is_file():
        raise InputError(f"{folder} is not empty and was not made by gen3d.", "Choose another folder, or use --force.")
