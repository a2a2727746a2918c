"""One ask becomes one scene in the store: built, judged, written in the formats wanted, marked as whole."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gen3d.errors import Gen3DError, OutOfMemory, Unwritable, without_folders
from gen3d.events import product
from gen3d.format_table import asked_for
from gen3d.formats.picture import as_bytes, jpeg
from gen3d.formats.ply import read_ply
from gen3d.formats.whole import MB, NO_ROOM
from gen3d.geometry.trajectory import PATHS
from gen3d.many.ask import Ask, Job, Outcome, is_of
from gen3d.many.gate.figures import measured
from gen3d.many.gate.limits import limits_of, verdict_of
from gen3d.many.remote import WHOLE, fetched, is_url
from gen3d.many.source import located
from gen3d.many.store import store_of
from gen3d.many.views.kinds import write_views
from gen3d.models.base import Models
from gen3d.models.engines import parse_use
from gen3d.models.pick import load_models
from gen3d.products.export import FinishedScene, export_as
from gen3d.request import Request
from gen3d.run.checked import checked_rasterizer
from gen3d.run.folders import read_record
from gen3d.run.steps import build
from gen3d.scene_files import SceneFiles
from gen3d.settings import Settings, settings_of
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer

LARGEST_INPUT = 512 * MB
THUMB_PX = 256
"""The longer side of each of the two pictures that the contact sheet shows."""
TRY_AGAIN = "Look at it, and call the same with --retry-failed."


class Maker:
    """Engines that were loaded once, and where their scenes go."""

    def __init__(self, job: Job) -> None:
        self.job, self.store = job, store_of(job.out)
        self._models, self._rasterizer = engines_of(job)
        self._limits = limits_of(job.limits)

    def make(self, ask: Ask) -> Outcome:
        """What became of it; nothing that goes wrong with one ask is raised."""
        try:
            return self._made(ask)
        except Unwritable as error:
            return Outcome(ask.name, "failed", None, error.what, error.remedy, ends_run=True)
        except Gen3DError as error:
            return Outcome(ask.name, "failed", None, without_folders(error.what), error.remedy)
        except MemoryError:
            short = OutOfMemory("The machine's memory does not hold it.", "Give a smaller --size, or fewer --workers.")
            return Outcome(ask.name, "failed", None, short.what, short.remedy)
        except OSError as error:
            what = f"A file could not be read or written ({error.strerror or type(error).__name__})."
            return Outcome(ask.name, "failed", None, what, TRY_AGAIN, ends_run=error.errno in NO_ROOM)
        except Exception as error:  # a fault of ours with one photo of a hundred thousand
            what = f"It could not be built ({type(error).__name__}: {' '.join(str(error).split())[:160]})."
            return Outcome(ask.name, "failed", None, without_folders(what), "Please report it with the photo.")

    def _made(self, ask: Ask) -> Outcome:
        key = ask.key(self.job)
        with self.store.making(ask.name) as work:
            if is_of(self.store.marker(ask.name), ask, key):
                return Outcome(ask.name, "whole", self.store.marker(ask.name)["row"])
            scene, settings = work / "scene", self._settings(ask)
            request = _request(ask, work)
            product(build(request, self._models, self._rasterizer, settings, scene, explain=self.job.explain))
            row = self._finished(ask, request, scene)
            _mark(scene, ask, key, row)
            self.store.put(scene, ask.name)
        return Outcome(ask.name, "built", row)

    def _settings(self, ask: Ask) -> Settings:
        settings, most = settings_of(ask.preset, ask.size_px), self.job.max_gaussians
        return settings if most is None else replace(settings, fit=replace(settings.fit, keep=most))

    def _finished(self, ask: Ask, request: Request, folder: Path) -> dict[str, Any]:
        """Everything that is made of a built scene, and its row of the summary."""
        rasterizer = checked_rasterizer(self._rasterizer, lambda told: None)
        scene = FinishedScene(read_ply(SceneFiles(folder).ply), folder, rasterizer)
        figures = measured(scene, self._models.depth)
        for suffix in self.job.to:
            row = asked_for(Path(f"scene{suffix}"))
            product(export_as(row, scene, folder / row.name))
        if self.job.dataset:
            self._write_views(request, scene)
        (folder / "thumb.jpg").write_bytes(_thumb(scene))
        return _row(ask, read_record(folder), figures) | verdict_of(figures, self._limits).as_json()

    def _write_views(self, request: Request, scene: FinishedScene) -> None:
        path = self.job.views_path or request.path
        words = read_record(scene.folder)["counts"].get("prompt") or ""
        write_views(scene, scene.folder / "views", self.job.dataset, path, self.job.views, words)


@cache
def engines_of(job: Job) -> tuple[Models, Rasterizer]:
    """Who builds; once in a process."""
    use = dict(parse_use(text) for text in job.use)
    models = load_models(job.engine, job.device, job.tier, job.safety_checker, use)
    return models, pick_rasterizer(job.device, job.rasterizer)


def _request(ask: Ask, work: Path) -> Request:
    """With its files here."""
    def here(which: str) -> Path | None:
        file = getattr(ask, which)
        place = None if file is None else located(file, ask.base)
        return None if place is None else fetched(place, work / which, LARGEST_INPUT) if is_url(place) else Path(place)

    path = ask.path if ask.path in PATHS else str(here("path"))
    return Request(
        here("photo"), ask.prompt, here("depth"), ask.depth_scale, ask.fov_deg, ask.intrinsics, path, ask.seed,
        ask.prompts, ask.depth_kind, ask.depth_channel, ask.turn_depth, ask.own_depth,
    )  # fmt: skip


def _mark(scene: Path, ask: Ask, key: str, row: dict[str, Any]) -> None:
    files = {p.relative_to(scene).as_posix(): p.stat().st_size for p in sorted(scene.rglob("*")) if p.is_file()}
    marker = {"key": key, "photo_bytes": ask.photo_bytes, "depth_bytes": ask.depth_bytes, "row": row, "files": files}
    (scene / WHOLE).write_text(json.dumps(marker, indent=1, ensure_ascii=False) + "\n", "utf-8", errors="replace")


def _row(ask: Ask, record: dict[str, Any], figures: dict[str, float | None]) -> dict[str, Any]:
    counts = record["counts"]
    engines = ", ".join(f"{role}: {who}" for role, who in record["engines"].items())
    told = {
        "name": ask.name, "line": ask.line, "photo": ask.photo, "prompt": ask.prompt, "licence": ask.licence,
        "preset": ask.preset, "path": Path(ask.path).name, "seed": ask.seed, "width": counts["width"],
        "height": counts["height"], "gaussians": counts["gaussians"], "notices": len(record["notices"]),
        "seconds": round(sum(record["seconds"].values()), 1), "peak_memory_mb": record["peak_memory_mb"],
        "engines": engines, "caption": counts.get("prompt"),
    }  # fmt: skip
    return told | figures


def _thumb(scene: FinishedScene) -> bytes:
    """The photo beside the scene from the farthest of its views, small."""
    photo = scene.layered.layers.rgbd
    camera = max(scene.cameras, key=lambda c: float(np.linalg.norm(c.center - photo.camera.center)))
    aside = scene.rasterizer.render(scene.gaussians, camera).rgb.detach().numpy()
    return jpeg(np.concatenate([_small(as_bytes(photo.image)), _small(as_bytes(aside))], axis=1))


def _small(picture: np.ndarray) -> np.ndarray:
    """Of one height, so that two stand beside each other."""
    h, w, _ = picture.shape
    high = round(THUMB_PX * 3 / 4)
    return np.asarray(Image.fromarray(picture).resize((max(1, min(THUMB_PX * 2, round(w * high / h))), high)))
