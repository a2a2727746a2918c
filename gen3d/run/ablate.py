"""One thing varied at a time, or several crossed: scenes of the same photos under each setting, their figures, seconds.

Every scene is judged along the same path, the video of `wander`, however it was made, and by the figures of
`run/score.py`: there is no truth beside a folder of photos. `bench/` has scenes with one.
"""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gen3d import __version__
from gen3d.errors import InputError
from gen3d.events import Finished, Notice, Stage, Started
from gen3d.formats.whole import whole_folder
from gen3d.geometry.trajectory import tour_path
from gen3d.models.base import Models
from gen3d.pipeline import Made, make_layers, make_scene
from gen3d.request import Request
from gen3d.run.course import check_path
from gen3d.run.record import write_json
from gen3d.run.score import FIGURES, mean_of, of_pair, of_picture, view_of
from gen3d.run.steps import wanted_of
from gen3d.run.thrift import Thrift, memory_told
from gen3d.settings import SIZES_PX, Settings, settings_of
from gen3d.source.read import read_source
from gen3d.splat.role import Rasterizer

Case = tuple[Request, Settings]
PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".heic")
DEPTHS = (".npy", ".png", ".exr", ".npz", ".tif", ".tiff")
DEPTH_MARK = "_depth"
"""A photo's depth is called NAME_depth.*."""
PLACES = 6
"""So many views along the video's path are judged. Chosen by eye."""
FRAMES = 96
"""Of that path: a view's neighbour is a frame later. From the preset balanced."""
COSTS = ("seconds", "views", "gaussians")
"""Of a scene: making it, the views that were made up, what it is."""
ALIGN = {"none": (), "scale": ("scale",), "seam": ("scale", "seam"), "full": ("scale", "seam", "hinge")}
"""Parts of the alignment W, each with those before it."""


def _number(value: str, least: int = 0) -> int:
    if not value.isdecimal() or int(value) < least:
        raise ValueError(value)
    return int(value)


def _in(stage: str, field: str, parse: Callable[[str], Any] = _number) -> Callable[[Case, str], Case]:
    """What sets one field of a stage's settings."""
    def change(case: Case, value: str) -> Case:
        request, settings = case
        return request, replace(settings, **{stage: replace(getattr(settings, stage), **{field: parse(value)})})

    return change


def _path(case: Case, value: str) -> Case:
    check_path(value)
    return replace(case[0], path=value), case[1]


VARIED: dict[str, tuple[str, Callable[[Case, str], Case]]] = {
    "N": ("views that are made up, at most", _in("expand", "poses")),
    "M": ("reprojections", _in("fit", "reprojections")),
    "path": ("what they are made up along", _path),
    "align": (f"the alignment W: {', '.join(ALIGN)}", _in("expand", "align", lambda value: ALIGN[value])),
    "iterations": ("steps of the fit", _in("fit", "iterations")),
    "size": ("longer side in pixels", lambda case, value: (case[0], settings_of(case[1], _number(value)))),
}  # fmt: skip
"""Name -> what it is, and (case, value) -> the case with it."""


@dataclass(frozen=True, slots=True)
class Vary:
    """One thing to vary."""

    name: str
    values: tuple[str, ...]


def parse_vary(text: str) -> Vary:
    """Of "N=4,8,16"; InputError for a name that is none and for no values."""
    name, _, values = text.partition("=")
    found = tuple(dict.fromkeys(part.strip() for part in values.split(",") if part.strip()))
    if name.strip() not in VARIED or not found:
        raise InputError(f"{text[:60]!r} varies nothing.", f"Write NAME=A,B,C with one of {', '.join(VARIED)}.")
    return Vary(name.strip(), found)


def varied(case: Case, chosen: dict[str, str]) -> Case:
    """The case with every value set; InputError for one that is none."""
    for name, value in chosen.items():
        try:
            case = VARIED[name][1](case, value)
        except (ValueError, KeyError):
            raise InputError(f"{name}={value[:40]} is no value.", f"{name} is {VARIED[name][0]}.") from None
    return case


def photos_in(folder: Path) -> list[Request]:
    """The photos of a folder, each with its depth where NAME_depth.* lies beside it; InputError where there is none."""
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Give a folder of photos.")
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in PHOTOS and not f.stem.endswith(DEPTH_MARK))
    if not files:
        raise InputError(f"{folder} holds no photos.", f"Put pictures into it: {', '.join(PHOTOS)}.")
    beside = [[file.with_name(f"{file.stem}{DEPTH_MARK}{suffix}") for suffix in DEPTHS] for file in files]
    return [Request(f, depth=next((d for d in ds if d.is_file()), None)) for f, ds in zip(files, beside, strict=True)]


def ablate(
    requests: Sequence[Request],
    varying: Sequence[Vary],
    models: Models,
    rasterizer: Rasterizer,
    settings: Settings,
    folder: Path,
) -> Stage[list[dict[str, Any]]]:
    """A row for each combination of values: the mean figures over the photos, and what a scene costs.

    Writes ablation.csv, ablation.json and, with matplotlib, FIGURE.png: every figure against seconds.
    """
    names = [vary.name for vary in varying]
    combinations = [dict(zip(names, values, strict=True)) for values in itertools.product(*(v.values for v in varying))]
    cases = [[varied((request, settings), chosen) for request in requests] for chosen in combinations]
    rows = []
    with whole_folder(folder) as work, memory_told():
        yield from _judged(requests[0], settings_of(settings, SIZES_PX[0]), models, rasterizer)  # compiles kernels
        for chosen, same in zip(combinations, cases, strict=True):
            figures = []
            for request, asked in same:
                figures.append((yield from _judged(request, asked, models, rasterizer)))
            costs = {name: round(float(np.mean([row[name] for row in figures])), 2) for name in COSTS}
            rows.append(chosen | costs | mean_of(figures))
        _write(work, rows)
        yield from _plotted(work, rows, names)
        write_json(work / "run.json", {"gen3d": __version__, "photos": len(requests), "preset": settings.preset})
    yield Finished("ablate", folder)
    return rows


def _judged(
    request: Request, settings: Settings, models: Models, rasterizer: Rasterizer
) -> Stage[dict[str, float]]:
    start = time.perf_counter()
    made = yield from _quiet(_made(request, Thrift(settings, models.at(settings.engines), rasterizer)))
    seconds = time.perf_counter() - start
    photo, scale = made.place.photo, made.place.scale
    frames = tour_path("wander", photo.camera, scale, FRAMES, 1.0)
    gaussians, rows = made.gaussians.to(rasterizer.device), []
    for i in np.linspace(0, FRAMES - 2, PLACES).round().astype(int):
        one, after = (view_of(gaussians, frames[j], rasterizer) for j in (i, i + 1))
        rows.append(of_picture(one.seen.image, photo.image) | of_pair(one, after))
    made_up = len(made.world.views) - 1
    return mean_of(rows) | dict(zip(COSTS, (seconds, made_up, len(gaussians)), strict=True))


def _made(request: Request, engines: Thrift) -> Stage[Made]:
    source = yield from engines.run(lambda e: read_source(request, e.settings, e.models))
    layers = yield from make_layers(source, engines)
    return (yield from make_scene(layers, wanted_of(request, layers, engines.settings), engines))


def _quiet(stage: Stage[Made]) -> Stage[Made]:
    """The stage, of which only how far it is is told."""
    while True:
        try:
            event = next(stage)
        except StopIteration as done:
            return done.value
        if isinstance(event, Started):
            continue
        if not isinstance(event, Notice):
            yield event


def _write(folder: Path, rows: list[dict[str, Any]]) -> None:
    figures = {name: figure._asdict() for name, figure in FIGURES.items()}
    write_json(folder / "ablation.json", {"figures": figures, "rows": rows})
    text = io.StringIO()
    table = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    (folder / "ablation.csv").write_text(text.getvalue(), encoding="utf-8")


def _plotted(folder: Path, rows: list[dict[str, Any]], names: Sequence[str]) -> Iterator[Notice]:
    try:
        from gen3d.run.plots import plot
    except ModuleNotFoundError:
        yield Notice("There are no plots, since matplotlib is not installed: pip install 'gen3d[plots]' brings it.")
        return
    labels = [", ".join(f"{name} {row[name]}" for name in names) for row in rows]
    for name, figure in FIGURES.items():
        points = [(row["seconds"], row[name], label) for row, label in zip(rows, labels, strict=True) if name in row]
        if points:
            plot(folder / f"{name}.png", points, f"{name} ({figure.unit}; better: {figure.better})")
