"""The choice of the rasterizer: each candidate must first render one Gaussian correctly."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Literal

import torch

from gen3d.camera import Camera
from gen3d.card import card_here
from gen3d.errors import ModelUnavailable
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from gen3d.splat.role import Rasterizer, Rendering

DeviceName = Literal["auto", "cpu", "cuda"]
RasterizerName = Literal["auto", "gsplat", "triton", "cpu"]


@cache
def pick_rasterizer(device: DeviceName = "cpu", wanted: RasterizerName = "auto") -> Rasterizer:
    """The fastest rasterizer that works here: gsplat, else Triton, else the processor's; or the one that is wanted.

    On a card each has to draw one Gaussian right before it is trusted; `notices` say what was passed over. The first
    time on a machine gsplat compiles itself, which takes minutes: on ZeroGPU, where a card is lent for seconds and
    keeps nothing, it is not among those that could be had. Raises ModelUnavailable if the one that is wanted cannot
    draw here.
    """
    from gen3d.splat.cpu.function import CpuRasterizer

    card = device != "cpu" and card_here()
    if wanted == "cpu" or (wanted == "auto" and not card):
        missed = device == "cuda" and wanted == "auto"
        return CpuRasterizer(notices=(NO_CARD,) if missed else ())
    if not card:
        raise ModelUnavailable(f"The rasterizer {wanted} draws on a CUDA card, and none is in use here.", WAY_OUT)
    faults = {}
    best_first = ("triton",) if os.getenv("SPACES_ZERO_GPU") else ("gsplat", "triton")
    for name in best_first if wanted == "auto" else (wanted,):
        try:
            found = ON_A_CARD[name]()
            try_out(found)
        except Exception as error:  # compilers, drivers and packages each fail in a way of their own
            faults[name] = _in_short(error)
            continue
        return replace(found, notices=(_told(faults, "Triton kernels"),)) if faults else found
    if wanted != "auto":
        raise ModelUnavailable(f"The rasterizer {wanted} cannot draw here: {faults[wanted]}.", WAY_OUT)
    return CpuRasterizer(notices=(_told(faults, "the processor, slowly"),))


NO_CARD = "torch sees no CUDA card here, so the scene is fitted and drawn on the processor; a card takes seconds."
WAY_OUT = "Use --rasterizer auto, or see `gen3d doctor`."


def _gsplat() -> Rasterizer:
    from gen3d.splat.gsplat import load_gsplat

    return load_gsplat()


def _triton() -> Rasterizer:
    from gen3d.splat.triton.function import TritonRasterizer

    return TritonRasterizer("cuda")


ON_A_CARD: dict[str, Callable[[], Rasterizer]] = {"gsplat": _gsplat, "triton": _triton}


def _in_short(error: Exception) -> str:
    """What kind of failure, and the start of what it says."""
    words = " ".join(str(error).split())[:160].rstrip(".")
    return f"{type(error).__name__}, {words}" if words else type(error).__name__


def _told(faults: dict[str, str], instead: str) -> str:
    why = "; ".join(f"{name} failed ({fault})" for name, fault in faults.items())
    better = "With a CUDA toolkit (nvcc) of torch's own version gsplat compiles itself, and is the fastest."
    return f"The scene is fitted and drawn by {instead}: {why}. {better}"


def try_out(rasterizer: Rasterizer) -> None:
    """Checks a rendering of one Gaussian, and its gradient, against known values; RuntimeError if they are wrong."""
    device = rasterizer.device
    camera = Camera.from_fov(60.0, 17, 17)
    colour, opacity, scale_m, depth_m = (0.8, 0.6, 0.2), 0.5, 0.1, 2.0
    gaussian = Gaussians(
        torch.tensor([[0.0, 0.0, depth_m]]), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), scale_m),
        torch.tensor([opacity]), sh_from_rgb(torch.tensor([colour])),
    ).to(device)  # fmt: skip
    gaussian.opacities.requires_grad_()
    drawn = rasterizer.render(gaussian, camera)
    drawn.alpha.sum().backward()
    variance_px = (scale_m * camera.K[0, 0] / depth_m) ** 2 + 0.3
    aside = opacity * torch.exp(torch.tensor(-0.5 / variance_px))
    expected = [opacity, float(aside), 0.0, depth_m, *(opacity * c for c in colour)]
    seen = Rendering(drawn.rgb.detach(), drawn.alpha.detach(), drawn.depth.detach()).cpu()
    found = [seen.alpha[8, 8], seen.alpha[8, 9], seen.alpha[0, 0], seen.depth[8, 8], *seen.rgb[8, 8]]
    if not torch.allclose(torch.tensor([float(value) for value in found]), torch.tensor(expected), atol=2e-3):
        raise RuntimeError(f"one Gaussian was drawn as {[round(float(v), 3) for v in found]}, not {expected}")
    slope = float(gaussian.opacities.grad.sum().cpu())
    if abs(slope * opacity / float(seen.alpha.sum()) - 1) > 0.02:  # alpha is its opacity times a shape
        raise RuntimeError(f"the slope of one Gaussian is {slope:.3f}, of an alpha of {float(seen.alpha.sum()):.3f}")
