"""The steps in memory, one function each: who is to play, what is to be heard, and `pipeline.py` between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, get_args

from gen3d.errors import InputError
from gen3d.events import Enough
from gen3d.face.listening import Ear, Listener
from gen3d.face.scene import Looked, Scene
from gen3d.formats.layered import load_layered
from gen3d.formats.ply import read_ply
from gen3d.formats.transforms import read_transforms
from gen3d.models.base import Models
from gen3d.models.pick import DeviceName, EngineName, load_models
from gen3d.pipeline import make_layers, make_scene
from gen3d.request import Request
from gen3d.run import steps
from gen3d.run.course import check_path
from gen3d.run.folders import read_record
from gen3d.run.output import check_output
from gen3d.run.thrift import Thrift, memory_told
from gen3d.scene_files import SceneFiles
from gen3d.settings import Settings
from gen3d.source.read import read_source
from gen3d.splat.pick import RasterizerName, pick_rasterizer
from gen3d.splat.role import Rasterizer


class Players(NamedTuple):
    """Who plays the roles."""

    models: Models
    rasterizer: Rasterizer


def engines_of(engine: Any, device: str, rasterizer: Any) -> Players:
    """Engines by their names, or as they are; InputError for a name that none has."""
    _check_name("engine", engine, get_args(EngineName))
    _check_name("device", device, get_args(DeviceName))
    _check_name("rasterizer", rasterizer, get_args(RasterizerName))
    models = load_models(engine, device) if isinstance(engine, str) else engine
    drawing = pick_rasterizer(device, rasterizer) if isinstance(rasterizer, str) else rasterizer
    return Players(models, drawing)


def _check_name(what: str, name: Any, known: tuple[str, ...]) -> None:
    if isinstance(name, str) and name not in known:
        raise InputError(f"There is no {what} {name!r}.", f"Use one of {', '.join(known)}.", what)


def look_at(request: Request, settings: Settings, players: Players, listener: Listener | None) -> Looked:
    """`make_layers` of what the request gives."""
    check_path(request.path)
    engines, ear = Thrift(settings, players.models.at(settings.engines)), Ear(listener)
    with memory_told():
        source = ear.hear(engines.run(lambda e: read_source(request, settings, e.models)))
        layers = ear.hear(make_layers(source, engines))
    return Looked(request, settings, layers, players.models, players.rasterizer, tuple(ear.notices))


def grown(looked: Looked, listener: Listener | None, enough: Enough) -> Scene:
    """`make_scene` of layers, and no more Gaussians than the settings keep."""
    settings, ear = looked.settings, Ear(listener)
    engines = Thrift(settings, looked.models.at(settings.engines), looked.rasterizer)
    wanted = steps.wanted_of(looked.request, looked.layers, settings)
    with memory_told():
        made = ear.hear(make_scene(looked.layers, wanted, engines, enough))
        pruned = ear.hear(steps.pruned_to(settings.fit.keep, made, engines.rasterizer))
        ear.hear(engines.told())
    return Scene(
        pruned.gaussians if pruned else made.gaussians,
        tuple(view.camera for view in made.world.views),
        steps.layered_of(made),
        looked.request, settings, looked.models, looked.rasterizer, (*looked.notices, *ear.notices),
    )  # fmt: skip


def check_folder(folder: Path, request: Request) -> None:
    """InputError for a folder that may not be replaced."""
    files = [file for file in (request.photo, request.depth, Path(request.path)) if isinstance(file, Path)]
    check_output(folder, False, *files)


def built_in(
    folder: Path, request: Request, settings: Settings, players: Players, listener: Listener | None, enough: Enough
) -> Scene:
    """All that the command line makes of a request, and the scene as its files have it."""
    check_folder(folder, request)  # once more, since engines take a while to load
    ear = Ear(listener)
    ear.hear(steps.build(request, *players, settings, folder, enough))
    files = SceneFiles(folder)
    return Scene(
        read_ply(files.ply), tuple(read_transforms(files.transforms)), load_layered(files.layers),
        request, settings, players.models, players.rasterizer, tuple(read_record(folder)["notices"]),
    )  # fmt: skip
