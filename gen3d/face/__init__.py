"""Gen3D from Python: the three steps and their products in memory, without a folder unless one is asked for.

    looked = gen3d.look("photo.jpg", depth="depth.png", preset="fast")     # layers: what stands in front
    scene = gen3d.grow(looked)                                             # Gaussians: what is behind and around
    gen3d.tour(scene, "flythrough.mp4")

`gen3d.build` is the first two of them. Who listens with `on_event` hears what the command line prints and the page
shows: `Started`, `Progress`, `Preview` (a picture), `Notice`. Nobody needs to: without a listener the notices, which
say what was done otherwise than hoped, go to the log "gen3d", and in any case they are kept with the product. An
exception that a listener raises ends the step, and nothing is left behind; `enough`, asked after each event, ends it
early with what exists. Every failure that a person can act on is a `Gen3DError`.

This module imports nothing heavy; what it calls imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gen3d.camera import Camera as Camera
from gen3d.errors import Gen3DError as Gen3DError
from gen3d.errors import InputError as InputError
from gen3d.events import Enough, never
from gen3d.events import Notice as Notice
from gen3d.events import Preview as Preview
from gen3d.events import Progress as Progress
from gen3d.events import Started as Started
from gen3d.face.listening import Listener
from gen3d.request import Request as Request
from gen3d.request import Review as Review
from gen3d.settings import PRESETS as PRESETS
from gen3d.settings import Settings, settings_of

if TYPE_CHECKING:
    from gen3d.face.scene import Looked, Scene
    from gen3d.face.scene import Picture as Picture
    from gen3d.many.running import Tally
    from gen3d.models.pick import load_models as load_models
    from gen3d.products.about import About


def look(
    photo: Any = None,
    *,
    preset: str | Settings = "balanced",
    size_px: int | None = None,
    engine: Any = "auto",
    device: str = "auto",
    rasterizer: Any = "auto",
    on_event: Listener | None = None,
    **asked: Any,
) -> Looked:
    """What is in a picture, and how far away.

    Args:
        photo: a path, pixels (`h w 3`, uint8, uint16 or floats in [0, 1]), a picture of Pillow's, or a whole `Request`;
            None where `prompt` is a sentence to draw.
        preset: a name in `PRESETS`, or settings of your own (`dataclasses.replace` makes them from one of those).
        size_px: the longer side that a larger photo is reduced to; None leaves it to the preset.
        engine: "auto", "builtin" (no download) or "hub"; or engines that are loaded already, as `load_models` gives
            them and a scene keeps them (`scene.models`).
        device: "auto", "cpu" or "cuda".
        rasterizer: "auto", "gsplat", "triton" or "cpu"; or what plays `Rasterizer`.
        on_event: called with each event.
        asked: the fields of `Request`: depth (a path or an array), depth_scale, prompt, fov_deg, intrinsics, path,
            seed ...

    Raises Gen3DError: InputError for what cannot be used, ModelUnavailable for engines that are not to be had.
    """
    from gen3d.face.given import request_of
    from gen3d.face.making import engines_of, look_at

    request, settings = request_of(photo, asked), settings_of(preset, size_px)
    return look_at(request, settings, engines_of(engine, device, rasterizer), on_event)


def grow(looked: Looked, *, on_event: Listener | None = None, enough: Enough = never) -> Scene:
    """The scene behind and around what was looked at; with the same request, settings and engines."""
    from gen3d.face.making import grown

    return grown(looked, on_event, enough)


def tour(
    scene: Scene,
    file: str | Path,
    *,
    path: str | None = None,
    kind: str | None = None,
    shape: str = "photo",
    strength: float | None = None,
    on_event: Listener | None = None,
    enough: Enough = never,
) -> Path:
    """A video of the scene; returns its name.

    Args:
        scene: what `build` or `grow` gave.
        file: where it goes.
        path: as in `Request`, by default that which the scene was grown along.
        kind: a row of `gen3d/video_table.py`: "video", "webp", "gif", "side-by-side", "anaglyph", "vr180" or "depth";
            None is a plain video for a name in .mp4, else a boomerang.
        shape: "photo", "16:9", "9:16" or "1:1", cut out of the photo's frame.
        strength: how far the path moves, 0 to 2; None: as far as the scene has no holes, 1 at most.
        on_event: called with each event.
        enough: asked after each frame.

    Raises InputError for a kind, shape, strength or path that there is not.
    """
    how = {"path": path, "kind": kind, "shape": shape, "strength": strength}
    return scene.film(file, **how, on_event=on_event, enough=enough)


def build(
    photo: Any = None,
    *,
    preset: str | Settings = "balanced",
    size_px: int | None = None,
    engine: Any = "auto",
    device: str = "auto",
    rasterizer: Any = "auto",
    folder: str | Path | None = None,
    on_event: Listener | None = None,
    enough: Enough = never,
    **asked: Any,
) -> Scene:
    """A scene of a photo, a photo with depth, or a sentence: `look`, then `grow`; the arguments are those of `look`.

    folder: where all files go that the command line makes, with a video, previews and a record of the run; None makes
    no file. As on the command line a folder that somebody else made is not replaced.
    """
    from gen3d.face.given import request_of
    from gen3d.face.making import built_in, check_folder, engines_of, grown, look_at

    request, settings = request_of(photo, asked), settings_of(preset, size_px)
    if folder is None:
        return grown(look_at(request, settings, engines_of(engine, device, rasterizer), on_event), on_event, enough)
    check_folder(Path(folder), request)
    engines = engines_of(engine, device, rasterizer)
    return built_in(Path(folder), request, settings, engines, on_event, enough)


def batch(
    source: str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    threads: int | None = None,
    ray: str | None = None,
    gpus: float = 0.0,
    preset: str = "balanced",
    size_px: int | None = None,
    engine: str = "auto",
    device: str = "auto",
    rasterizer: str = "auto",
    max_gaussians: int | None = None,
    to: Sequence[str] = (),
    limits: Any = None,
    dataset: str | None = None,
    views: int = 24,
    views_path: str | None = None,
    val_share: float = 0.1,
    retry_failed: bool = False,
    on_event: Listener | None = None,
    **asked: Any,
) -> Tally:
    """A scene of each of many photos, each in a folder of its own: `gen3d batch`; called again it goes on.

    Args:
        source: a folder, a pattern, a .csv or .jsonl manifest, a .txt with a sentence a line, or a URL of one of them.
        out: a folder or URL: OUT/NAME/scene.ply, OUT/summary.csv, OUT/failed.jsonl, OUT/index.html ...
        workers: so many processes, None is this one; on Ray, None is as many as there is room for.
        threads: of each worker; None is its share of the cores.
        ray: "auto", "local" or an address; None does without.
        gpus: of a card for each worker on Ray.
        preset: by name, where a row does not say.
        size_px: likewise, as in `look`.
        engine: by name, as in `look`.
        device: as in `look`.
        rasterizer: by name, as in `look`.
        max_gaussians: at most so many of each scene are kept.
        to: endings of formats to write too, as ".spz".
        limits: of the gate, a mapping or a JSON file; None are our own.
        dataset: "nerfstudio", "colmap", "webdataset" or "labelled".
        views: of each scene in the data set.
        views_path: their path; None is that of the scene.
        val_share: of the scenes of the data set, not to train on.
        retry_failed: whether those are tried again that failed before.
        on_event: called with each event; Progress counts scenes.
        asked: what holds where a row does not say: prompt, fov_deg, path, seed ...

    Returns what became of it. Raises Gen3DError where no row became a scene, or nothing more can be written.
    """
    from gen3d.face.batching import made
    from gen3d.many.crews import crew_of

    job = {
        "engine": engine, "device": device, "rasterizer": rasterizer, "max_gaussians": max_gaussians,
        "to": tuple(to), "dataset": dataset, "views": views, "views_path": views_path,
    }  # fmt: skip
    crew = crew_of(workers, threads, ray, gpus)
    return made(source, out, crew, job, asked, preset, size_px, limits, retry_failed, val_share, on_event)


def info(file: str | Path) -> About:
    """What a scene file is, whoever made it: count, degree, extent, axes, writer, what is odd; `print` tells it.

    Raises InputError for what is no scene file.
    """
    from gen3d.products.about import about_file

    return about_file(Path(file))


def __getattr__(name: str) -> Any:
    """The types of what is made, and the engines: they come with torch."""
    match name:
        case "Looked" | "Picture" | "Scene":
            from gen3d.face import scene

            return getattr(scene, name)
        case "load_models":
            from gen3d.models.pick import load_models

            return load_models
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
