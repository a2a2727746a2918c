"""The rasterizers of a card against each other and against plain torch, and a fit with each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from bench import plain_torch
from bench.gpu.compiling import Compiling
from bench.gpu.measure import forget_peak, let_go, median_ms, peak, wait
from bench.gpu.plan import Plan, Row
from bench.workloads import Workload, lifted_picture, moved
from gen3d.settings import FitSettings
from gen3d.splat.cpu import ssim as numba_ssim
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.fit import ssim as torch_ssim
from gen3d.splat.fit.loop import fit_gaussians
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.pick import ON_A_CARD, pick_rasterizer, try_out
from gen3d.splat.role import Rasterizer
from gen3d.values import View

Draw = Callable[[Gaussians], torch.Tensor]


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
    device = "cuda" if rasterizer.device != "cpu" else "cpu"
    cameras = [moved(work.camera, right) for right in np.linspace(-0.1, 0.1, 12)]
    with torch.no_grad():
        pictures = [rasterizer.render(work.gaussians.to(device), camera).rgb.cpu().numpy() for camera in cameras]
    views = [View(p, np.ones((side, side), bool), c) for p, c in zip(pictures, cameras, strict=True)]
    settings = FitSettings(iterations=steps, least_gain=0.0, views_a_step=views_a_step)
    start = replace(work.gaussians, sh=torch.zeros_like(work.gaussians.sh))

    def fit(some: FitSettings) -> list[float]:
        return [one.loss for step in fit_gaussians(start, views, rasterizer, some, 4.0, 0) for one in step.views]

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
