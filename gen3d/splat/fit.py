"""Fitting Gaussians to views (paper 3.3): position, volume, opacity and colour by Adam, one view a step.

The unconstrained parameters (log scales, logit opacities) live here alone. Every rendering is laid over a random
colour before it is compared, so that a surface cannot hide in being half transparent over a lucky background.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gen3d.scene import View
from gen3d.settings import FitSettings
from gen3d.splat.gaussians import SH_C0, Gaussians
from gen3d.splat.loss import Target
from gen3d.splat.rasterizer import Rasterizer

LEARNING_RATES = {"means": 2e-5, "quats": 1e-3, "log_scales": 5e-3, "logits": 2.5e-2, "sh": 2.5e-3 / SH_C0}
"""At the start; `means` in units of the scene's median depth. The points are where the depth says: letting them move
ten times faster lost 0.3 to 0.5 dB on views held out."""
DECAY = 0.1
"""Learning rates fall exponentially to this share."""
MIN_OPACITY = 0.02
"""Gaussians below this are pruned at the end."""
OPACITY_LIMITS = (1e-4, 1 - 1e-4)


@dataclass(frozen=True, eq=False, slots=True)
class FitStep:
    """What one optimiser step found."""

    done: int
    view: int
    loss: float
    rendered: Tensor


def fit_gaussians(
    start: Gaussians,
    views: Sequence[View],
    rasterizer: Rasterizer,
    settings: FitSettings,
    median_m: float,
    seed: int,
) -> Generator[FitStep, None, Gaussians]:
    """The Gaussians moved and coloured so that they look like the views; close early for what is reached by then.

    median_m: the scene's unit of length. Yields after every step; returns the pruned result, detached. A ValueError
    names the parameter that stopped being a number.
    """
    parameters = _parameters(start)
    optimiser = torch.optim.Adam(
        [
            {"params": [p], "lr": LEARNING_RATES[name] * (median_m if name == "means" else 1.0)}
            for name, p in parameters.items()
        ],
        eps=1e-15,
        fused=True,
    )
    decay = torch.optim.lr_scheduler.ExponentialLR(optimiser, DECAY ** (1 / max(1, settings.iterations)))
    targets = [Target(torch.from_numpy(v.image), torch.from_numpy(v.seen)) for v in views]
    rng = np.random.default_rng(seed)
    order = _schedule([v.weight for v in views], settings.iterations, rng)
    for done, view in enumerate(order, start=1):
        optimiser.zero_grad(set_to_none=True)
        drawn = rasterizer.render(_activated(parameters), views[view].camera)
        backdrop = torch.from_numpy(rng.random(3, dtype=np.float32))
        picture = drawn.rgb + (1 - drawn.alpha[..., None]) * backdrop
        target = targets[view]
        loss = target.loss(picture, settings.ssim_weight)
        loss.backward()
        _check(loss, parameters)
        optimiser.step()
        decay.step()
        enough = yield FitStep(done, view, float(loss.detach()), drawn.rgb.detach())
        if enough:
            break
    return prune(_activated(parameters).detached())


def prune(gaussians: Gaussians) -> Gaussians:
    """Without those that are all but invisible."""
    return gaussians.keep(gaussians.opacities >= MIN_OPACITY)


def _parameters(start: Gaussians) -> dict[str, Tensor]:
    parameters = {
        "means": start.means,
        "quats": start.quats,
        "log_scales": start.scales.log(),
        "logits": torch.logit(start.opacities.clamp(*OPACITY_LIMITS)),
        "sh": start.sh,
    }
    return {name: p.clone().requires_grad_() for name, p in parameters.items()}


def _activated(p: dict[str, Tensor]) -> Gaussians:
    return Gaussians(p["means"], p["quats"], p["log_scales"].exp(), p["logits"].sigmoid(), p["sh"])


def _check(loss: Tensor, parameters: dict[str, Tensor]) -> None:
    if torch.isfinite(loss):
        return
    culprits = [n for n, p in parameters.items() if not torch.isfinite(p).all()] or ["the rendering"]
    raise ValueError(f"the fit's loss is {float(loss.detach())}; not a number in {', '.join(culprits)}")


def _schedule(weights: list[float], steps: int, rng: np.random.Generator) -> list[int]:
    """Which view each step looks at: each as often as its weight says, evenly spread, ties broken by chance."""
    share = np.asarray(weights, np.float64) / sum(weights)
    owed = rng.random(len(share)) * share
    order = []
    for _ in range(steps):
        owed += share
        view = int(np.argmax(owed))
        owed[view] -= 1.0
        order.append(view)
    return order
