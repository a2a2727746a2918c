"""Networks of full size and random weights: the whole pipeline with them, painters, and each network alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.full_size import NETWORKS, Inputs, gigabytes, parameters
from bench.gpu.measure import forget_peak, let_go, median_ms, peak
from bench.gpu.plan import TOY, Plan, Row
from gen3d.request import Request
from gen3d.run.budget import card_memory_gb
from gen3d.settings import EngineSettings, LayerSettings
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer

ROOM = Path(__file__).parents[2] / "examples" / "room"


def pipeline_section(plan: Plan, work: Path, working: list[Rasterizer]) -> Iterator[Row]:
    """The whole of it, a photo to a scene and its video, presets as they are: the second run of each, all warm."""
    from gen3d.run.steps import build

    models, missing = _models(plan, work)
    yield {"engines": models.names, "missing": missing}
    rasterizer = working[-1] if working else pick_rasterizer(plan.device)
    request = Request(ROOM / "rgb.jpg", "a room with furniture")
    for settings in plan.presets:
        # a thing must stand in front, whatever networks that know nothing say, or the background has nothing to do
        settings = replace(
            settings, layers=LayerSettings(rule="paper", min_score=0.0, min_area=0.0, depth_percentile=50.0)
        )
        for turn in ("warm",) if plan.toy else ("first", "warm"):
            began = time.perf_counter()
            for _ in build(request, models, rasterizer, settings, work / f"{settings.preset}-{turn}"):
                pass
            run = json.loads((work / f"{settings.preset}-{turn}" / "run.json").read_text(encoding="utf-8"))
            row = {"preset": settings.preset, "run": turn, "seconds": round(time.perf_counter() - began, 2)}
            row |= {"by_stage_s": run["seconds"], "by_stage_mb": run["card_peak_mb"], "counts": run["counts"]}
            row |= {"rasterizer": run["engines"]["rasterizer"], "notices": run["notices"]}
            if run["card_peak_mb"]:
                row["peak_gb"] = round(max(run["card_peak_mb"].values()) * 2**20 / 1e9, 2)
                row["reckoned_gb"] = card_memory_gb(settings)
            yield row


def _models(plan: Plan, work: Path) -> tuple[Any, dict[str, str]]:
    """Full-size networks; or tiny ones, opened from files as the real ones are."""
    from bench.random_engines import Finding, Painting, Seeing, random_models
    from gen3d.formats.depth_file import read_depth
    from gen3d.formats.picture import read_picture
    from gen3d.geometry.resample import resample_depth
    from gen3d.models.placement import Placement

    image = read_picture(ROOM / "rgb.jpg")
    depth = resample_depth(read_depth(ROOM / "depth.png"), image.shape[1], image.shape[0])
    if not plan.toy:
        return random_models(Placement("cuda" if plan.device == "cuda" else "cpu"), depth)
    from gen3d.models.pick import load_models
    from tests.tiny_hub import GPU, at_home, fill_cache

    with at_home(fill_cache(work / "hub", GPU)):
        tiny = load_models("hub", "cpu", tier="gpu")
    background, outpainter = (replace(p, shortest_px=64, longest_px=64) for p in (tiny.background, tiny.outpainter))
    return replace(
        tiny, depth=Seeing(None, depth), segmenter=Finding(tiny.segmenter), background=Painting(background),
        outpainter=Painting(outpainter),
    ), {"depth": "the tiny MoGe-2 is not small"}  # fmt: skip


def network_section(plan: Plan, time_left: Callable[[], float]) -> Iterator[Row]:
    """A call of every network, in half precision on a card."""
    dtype = torch.float16 if plan.device == "cuda" else torch.float32
    inputs = Inputs(plan.device, dtype)
    for network in (TOY,) if plan.toy else NETWORKS.values():
        if time_left() < 5:
            yield {"network": network.name, "left out": "no time"}
            continue
        try:
            drawn = network.drawn(inputs)
            with torch.inference_mode():
                run = partial(network.call, drawn, inputs)
                row = {"network": network.name, "work": network.work}
                forget_peak(plan.device)
                row["ms"] = round(median_ms(run, plan.device, plan.most_s), 2)
                row |= {"weights_gb": round(gigabytes(parameters(drawn), dtype), 2)} | peak(plan.device)
        except Exception as error:
            row = {"network": network.name, "left out": f"{type(error).__name__}: {error}"[:300]}
        yield row
        drawn = run = None
        let_go()


def diffusion_section(plan: Plan, work: Path) -> Iterator[Row]:
    """A whole picture by the engines that paint: 20 steps with both ControlNets, 4 and 8 steps without."""
    from gen3d.formats.picture import read_picture
    from gen3d.geometry.resample import reduce_picture

    models, missing = _models(plan, work / "diffusion")
    if missing:
        yield {"missing": missing}
    image = reduce_picture(read_picture(ROOM / "rgb.jpg"), 64 if plan.toy else 512)
    h, w, _ = image.shape
    hole = np.zeros((h, w), bool)
    hole[h // 4 : 3 * h // 4, w // 3 : 2 * w // 3] = True
    depth = np.full((h, w), 3.0, np.float32)
    for role, steps in (("background", 20), ("background", 8), ("outpainter", 4), ("outpainter", 8)):
        painter = getattr(models.at(EngineSettings(diffusion_steps=1 if plan.toy else steps)), role).engine
        if painter is None:
            continue
        run = partial(painter.inpaint, image, hole, ~hole, depth, "a room", 1)
        forget_peak(plan.device)
        ms = median_ms(run, plan.device, plan.most_s)
        yield {"engine": painter.name, "px": f"{w}x{h}", "ms": round(ms, 1)} | peak(plan.device)
