"""What a card makes of it all, in one command and under eight minutes: `python -m bench.gpu`.

Prints each figure as it is found, and writes them all after every section to bench/results/CARD-DATE.json and .txt: the
rasterizers against each other, a fit, the whole pipeline and every network at full size with random weights, and the
issue's targets beside what was measured. A section that cannot run says why, and the others go on. Times are medians of
wall clock with the card waited for. gsplat is compiled by another process while the networks are measured. --smoke runs
all of it at toy sizes, on a processor too. What a section needs is imported by it, so that a machine without some of
the packages measures the rest.
"""

from __future__ import annotations

import gen3d  # isort: skip  # before torch, so that its wait policy counts

import argparse
import datetime
import gc
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench import plain_torch
from bench.full_size import NETWORKS, FullSize, Inputs, gigabytes, parameters
from bench.workloads import Workload, lifted_picture, moved
from gen3d.budget import card_memory_gb
from gen3d.scene import Request, View
from gen3d.settings import PRESETS, EngineSettings, FitSettings, LayerSettings, Settings
from gen3d.splat import ssim as torch_ssim
from gen3d.splat.cpu import ssim as numba_ssim
from gen3d.splat.cpu.function import CpuRasterizer, warm_up
from gen3d.splat.fit import fit_gaussians
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.rasterizer import ON_A_CARD, Rasterizer, device_of, pick_rasterizer, try_out

ROOM = Path(__file__).parents[1] / "examples" / "room"
RESULTS = Path(__file__).parent / "results"
Row = dict[str, Any]
Draw = Callable[[Gaussians], torch.Tensor]


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    device: str
    sizes: tuple[tuple[int, int], ...] = ((262_144, 512), (262_144, 1024), (1_048_576, 512), (1_048_576, 1024))
    """Gaussians, and pixels along each side."""
    fit: tuple[int, int, int] = (300_000, 512, 500)
    """Gaussians, pixels, steps."""
    presets: tuple[Settings, ...] = (PRESETS["fast"], PRESETS["balanced"])
    toy: bool = False
    most_s: float = 1.5
    """A time is taken again and again for so long."""
    budget_s: float = 450.0
    """After so long nothing new is begun."""


TOY = FullSize(
    "toy", "nobody", "a toy", 0.001, lambda: torch.nn.Linear(9, 9), lambda net, inputs: net(inputs.noise(2, 9)), "-"
)
SMOKE = {
    "sizes": ((400, 20), (400, 24)), "fit": (400, 20, 12), "toy": True, "most_s": 0.0,
    "presets": (
        replace(
            PRESETS["fast"], size_px=64, fit=FitSettings(iterations=4, reprojections=1, max_gaussians=3000),
            expand=replace(PRESETS["fast"].expand, poses=2, margin_px=8),
            tour=replace(PRESETS["fast"].tour, frames=2, width_px=64),
            engines=EngineSettings(depth_tokens=1200, mask_grid=2, diffusion_steps=1),
        ),
    ),
}  # fmt: skip


class Report:
    """Rows by section, printed at once, kept on disk whole after every section."""

    def __init__(self, file: Path, about: Row) -> None:
        self.file, self.about, self.start = file, about, time.perf_counter()
        self.sections: dict[str, list[Row]] = {}

    def run(self, name: str, section: Callable[[], Iterator[Row]]) -> None:
        """A section to its end, or to its failure, which becomes a row."""
        rows = self.sections[name] = []
        print(f"\n{name}  ({time.perf_counter() - self.start:.0f} s)", flush=True)
        try:
            for row in section():
                rows.append(row)
                print("  " + told(row), flush=True)
        except Exception as error:
            rows.append({"failed": f"{type(error).__name__}: {error}"[:500], "where": traceback.format_exc()[-1500:]})
            print(f"  failed: {rows[-1]['failed']}", flush=True)
        let_go()
        self.save()

    def save(self) -> None:
        """Under a temporary name first, so that whatever ends the run, the file is whole."""
        content = self.about | {"seconds": round(time.perf_counter() - self.start, 1)}
        content |= {"targets": judged({} if self.about["toy_sizes"] else self.sections), "sections": self.sections}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        texts = {".json": json.dumps(content, indent=1) + "\n", ".txt": "\n".join(table(content)) + "\n"}
        for suffix, text in texts.items():
            part = self.file.with_suffix(suffix + ".part")
            part.write_text(text, encoding="utf-8")
            part.replace(self.file.with_suffix(suffix))


def told(row: Row) -> str:
    """A row on a line."""
    return ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())


def table(content: Row) -> Iterator[str]:
    """Everything for a person, the targets first."""
    yield f"{content['card']}, {content['date']}, torch {content['torch']}, {content['seconds']:.0f} s"
    for target in content["targets"]:
        yield f"  {target['verdict']:<8} {target['target']:<64} {target['found']}"
    for name, rows in content["sections"].items():
        yield f"\n{name}"
        yield from (f"  {told({k: v for k, v in row.items() if k != 'where'})}" for row in rows)


# -- measuring --------------------------------------------------------------------------------------------------------


def wait(device: str) -> None:
    """Until the card has done all it was asked for."""
    if device == "cuda":
        torch.cuda.synchronize()


def let_go() -> None:
    """Memory that nobody uses."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def median_ms(run: Callable[[], Any], device: str, most_s: float) -> float:
    """Of three calls at least, and as many as fit into `most_s`, 30 at most; of one, if it takes longer than that.

    A call before them is not counted, unless there is no time at all.
    """
    if most_s > 0:
        run()
        wait(device)
    took: list[float] = []
    while not took or (len(took) < 30 and (sum(took) < most_s or (len(took) < 3 and max(took) < most_s))):
        start = time.perf_counter()
        run()
        wait(device)
        took.append(time.perf_counter() - start)
    return 1e3 * statistics.median(took)


def forget_peak(device: str) -> None:
    """From here on a peak counts."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()


def peak(device: str) -> Row:
    """The most of the card's memory since then, for a row; nothing without a card."""
    return {"peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 3)} if device == "cuda" else {}


# -- sections ---------------------------------------------------------------------------------------------------------


class Compiling:
    """Another process that compiles gsplat, so that here it only has to be opened."""

    PROGRAM = "from gen3d.splat.gsplat_cuda import load_gsplat; load_gsplat()"

    def __init__(self, wanted: bool) -> None:
        words = [sys.executable, "-c", self.PROGRAM]
        log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(words, **log) if wanted else None

    def goes_on(self, seconds: float = 0.0) -> bool:
        """Whether it is still at it after so many seconds."""
        try:
            return self._process is not None and self._process.wait(seconds) is None
        except subprocess.TimeoutExpired:
            return True

    def fault(self, seconds: float) -> str | None:
        """Why there is no gsplat, if there is none after so long; None where it can be opened."""
        if self._process is None:
            return "no card"
        if self.goes_on(seconds):
            self._process.terminate()
            return f"not compiled after {seconds:.0f} s more"
        return None if self._process.returncode == 0 else (self._process.stderr.read().strip()[-300:] or "it crashed")


def usable(plan: Plan, compiling: Compiling) -> Iterator[Rasterizer | Row]:
    """The rasterizers of a card that draw one Gaussian right; a row on how each was opened, or why it was not."""
    for name in ("triton", "gsplat"):
        fault = compiling.fault(PATIENCE_S) if name == "gsplat" or plan.device != "cuda" else None
        began = time.perf_counter()
        try:
            found = None if fault else ON_A_CARD[name]()
            if found:
                try_out(found)
        except Exception as error:
            found, fault = None, f"{type(error).__name__}: {error}"[:300]
        if found:
            yield {"rasterizer": name, "seconds_to_open": round(time.perf_counter() - began, 1)}
            yield found
        else:
            yield {"rasterizer": name, "left out": fault}


PATIENCE_S = 120.0
"""So long is waited for gsplat's compiler, once there is nothing left to do without."""


def _by(rasterizer: Rasterizer, work: Workload) -> Draw:
    return lambda g: rasterizer.render(g, work.camera).rgb


def raster_section(
    plan: Plan, compiling: Compiling, time_left: Callable[[], float], working: list[Rasterizer]
) -> Iterator[Row]:
    """Forward, and forward and backward, of every rasterizer, and how far its picture is off; fills `working`."""
    for found in usable(plan, compiling):
        if isinstance(found, dict):
            yield found
            continue
        working.append(found)
        for n, side in reversed(plan.sizes):
            yield _raster_row(found.name, plan.device, partial(_by, found), n, side, plan)
            let_go()
    slow = {
        "torch": (plan.device, lambda work: lambda g: plain_torch.render(g, work.camera)),
        "cpu": ("cpu", partial(_by, CpuRasterizer())),
    }
    for name, (device, make) in slow.items():
        for n, side in (plan.sizes[-1], plan.sizes[0]):
            if time_left() < SLOW_S:
                yield {"rasterizer": name, "gaussians": n, "px": side, "left out": "no time"}
                continue
            yield _raster_row(name, device, make, n, side, plan)
            let_go()


SLOW_S = 150.0
"""Of a run's time that has to be left for a rasterizer that takes seconds for a picture."""


def _raster_row(name: str, device: str, make: Callable[[Workload], Draw], n: int, side: int, plan: Plan) -> Row:
    work = crowded(n, side)
    gaussians, picture, draw = work.gaussians.to(device), torch.zeros(side, side, 3, device=device), make(work)
    leaves = Gaussians(*(part.clone().requires_grad_() for part in _parts(gaussians)))

    def forward() -> torch.Tensor:
        with torch.no_grad():
            return draw(gaussians)

    def both() -> None:
        (draw(leaves) - picture).abs().mean().backward()

    row: Row = {"rasterizer": name, "gaussians": n, "px": side}
    row["forward_ms"] = round(median_ms(forward, device, plan.most_s), 3)
    forget_peak(device)
    row["forward_backward_ms"] = round(median_ms(both, device, plan.most_s), 3)
    row |= peak(device)
    if side == plan.sizes[0][1] and name != "cpu":
        exact = CpuRasterizer().render(work.gaussians, work.camera).rgb
        off = (forward().cpu() - exact).abs()
        row |= {"median_error": float(off.median()), "share_off_by_1_in_255": float((off > 1 / 255).float().mean())}
    return row


def _parts(g: Gaussians) -> tuple[torch.Tensor, ...]:
    return g.means, g.quats, g.scales, g.opacities, g.sh


def crowded(n: int, side: int) -> Workload:
    """A picture of about n pixels, each a Gaussian, seen at another size."""
    own = int(np.ceil(n**0.5))
    work = lifted_picture(own, own, n)
    return replace(work, camera=work.camera.resized(side, side))


def fit_section(plan: Plan, working: list[Rasterizer]) -> Iterator[Row]:
    """Steps a second, with one view a step and with as many as are usual; and SSIM against the processor's."""
    n, side, steps = plan.fit
    work = crowded(n, side)
    image, target = (torch.rand(side, side, 3, generator=torch.Generator().manual_seed(k)) for k in (0, 1))
    ours = torch_ssim.ssim(image.to(plan.device), torch_ssim.SsimTarget(target.to(plan.device))).cpu()
    yield {"ssim_error": float((ours - numba_ssim.ssim(image, numba_ssim.SsimTarget(target))).abs())}
    for rasterizer in working or [pick_rasterizer(plan.device)]:
        for views_a_step in (1, FitSettings().views_a_step):
            yield _fit_row(rasterizer, work, side, steps, views_a_step)


def _fit_row(rasterizer: Rasterizer, work: Workload, side: int, steps: int, views_a_step: int) -> Row:
    device = "cuda" if device_of(rasterizer) != "cpu" else "cpu"
    cameras = [moved(work.camera, right) for right in np.linspace(-0.1, 0.1, 12)]
    with torch.no_grad():
        pictures = [rasterizer.render(work.gaussians.to(device), camera).rgb.cpu().numpy() for camera in cameras]
    views = [View(p, np.ones((side, side), bool), c) for p, c in zip(pictures, cameras, strict=True)]
    settings = FitSettings(iterations=steps, least_gain=0.0, views_a_step=views_a_step)
    start = replace(work.gaussians, sh=torch.zeros_like(work.gaussians.sh))

    def fit(some: FitSettings) -> list[float]:
        return [look.loss for step in fit_gaussians(start, views, rasterizer, some, 4.0, 0) for look in step.looks]

    fit(replace(settings, iterations=10))
    forget_peak(device)
    began = time.perf_counter()
    losses = fit(settings)
    wait(device)
    took = time.perf_counter() - began
    row: Row = {"rasterizer": rasterizer.name, "gaussians": len(start), "px": side, "steps": steps}
    row |= {"views_a_step": views_a_step, "seconds": round(took, 3), "steps_per_s": round(steps / took, 1)}
    row |= {"first_loss": losses[0], "last_loss": losses[-1]}
    return row | peak(device)


def pipeline_section(plan: Plan, work: Path, working: list[Rasterizer]) -> Iterator[Row]:
    """The whole of it, a photo to a scene and its video, presets as they are: the second run of each, all warm."""
    from gen3d.pipeline import build

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
    from gen3d.models.load import load_models
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


# -- targets ----------------------------------------------------------------------------------------------------------


def judged(sections: dict[str, list[Row]]) -> list[Row]:
    """The issue's targets, what was found, and whether it is met; "open" where nothing was."""

    def raster(name: str) -> float | None:
        return _found(sections, "rasterizers", "forward_backward_ms", rasterizer=name, gaussians=1_048_576, px=1024)

    def fit(name: str) -> float | None:
        return _found(sections, "fit", "seconds", rasterizer=name, views_a_step=1, steps=500)

    def run(preset: str, what: str) -> float | None:
        return _found(sections, "pipeline", what, preset=preset, run="warm")

    best = min((s for s in (fit("gsplat"), fit("triton")) if s is not None), default=None)
    size = "forward + backward, 1 M at 1024 px"
    return [
        _verdict(f"Triton within 2.5 x of gsplat, {size}", _ratio(raster("triton"), raster("gsplat")), 2.5, "x"),
        _verdict(f"  aim: within 1.5 x, {size}", _ratio(raster("triton"), raster("gsplat")), 1.5, "x"),
        _verdict(f"Triton 20 x as fast as torch, {size}", _ratio(raster("torch"), raster("triton")), 20, "x", False),
        _verdict("500 fit steps at 512 px with 300 k Gaussians in 4 s", best, 4, "s"),
        _verdict("the whole pipeline, fast, in 8 s", run("fast", "seconds"), 8, "s"),
        _verdict("the whole pipeline, balanced, in 20 s", run("balanced", "seconds"), 20, "s"),
        _verdict("peak of fast at most 12 GB", run("fast", "peak_gb"), 12, "GB"),
        _verdict("peak of balanced at most 24 GB", run("balanced", "peak_gb"), 24, "GB"),
    ]


def _found(sections: dict[str, list[Row]], section: str, what: str, **where: Any) -> float | None:
    rows = (row for row in sections.get(section, []) if all(row.get(key) == value for key, value in where.items()))
    return next((row[what] for row in rows if what in row), None)


def _ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def _verdict(target: str, found: float | None, bound: float, unit: str, at_most: bool = True) -> Row:
    met = found is not None and (found <= bound if at_most else found >= bound)
    verdict = "open" if found is None else "met" if met else "missed"
    return {"target": target, "found": "-" if found is None else f"{found:.2f} {unit}", "verdict": verdict}


# -- all of it --------------------------------------------------------------------------------------------------------


def about(plan: Plan) -> Row:
    """The machine, without anybody's names."""
    on_card = plan.device == "cuda"
    card = torch.cuda.get_device_properties(0) if on_card else None
    return {
        "card": card.name if card else "no card", "date": datetime.date.today().isoformat(),
        "memory_gb": round(card.total_memory / 1e9, 1) if card else None, "gen3d": gen3d.__version__,
        "torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version(),
        "toy_sizes": plan.toy,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> Path:
    """Runs every section, or those named, and returns the file with the results."""
    parser = argparse.ArgumentParser(description="Measures a card.")
    names = ("rasterizers", "fit", "pipeline", "diffusion", "networks")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--smoke", action="store_true", help="toy sizes, on a processor too; says nothing of speed")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.smoke:
        parser.error("there is no card here; --smoke tries the script itself")
    plan = Plan(device, **(SMOKE if options.smoke else {}))
    told_of = about(plan)
    stem = re.sub(r"[^a-z0-9]+", "-", told_of["card"].lower()).strip("-")
    report = Report(options.out / f"{stem}-{told_of['date']}{'-smoke' if options.smoke else ''}.json", told_of)
    print(told(told_of), flush=True)
    warm_up()

    def time_left() -> float:
        return plan.budget_s - (time.perf_counter() - report.start)

    compiling, working = Compiling(device == "cuda" and "rasterizers" in options.only), []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sections = {
            "rasterizers": partial(raster_section, plan, compiling, time_left, working),
            "fit": partial(fit_section, plan, working), "pipeline": partial(pipeline_section, plan, work, working),
            "diffusion": partial(diffusion_section, plan, work), "networks": partial(network_section, plan, time_left),
        }  # fmt: skip
        meanwhile = ("diffusion", "networks") if compiling.goes_on(20.0) else ()
        for name in sorted(options.only, key=lambda name: name not in meanwhile):
            if time_left() > 0:
                report.run(name, sections[name])
    report.save()
    print("\n" + report.file.with_suffix(".txt").read_text(encoding="utf-8").split("\n\n")[0])
    print(f"\n{report.file}", flush=True)
    return report.file


if __name__ == "__main__":
    main()
