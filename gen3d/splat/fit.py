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
from gen3d.splat.gaussians import SH_C0, Gaussians, joined
from gen3d.splat.loss import Target
from gen3d.splat.rasterizer import Rasterizer
from gen3d.splat.rounds import Rounds, schedule

LEARNING_RATES = {"means": 8e-5, "quats": 4e-3, "log_scales": 2e-2, "logits": 2.5e-2, "sh": 1e-2 / SH_C0}
"""At the start; `means` in units of the scene's median depth. On held-out views of four scenes 40 steps at these beat
70 at a fourth by 0.35 dB; left alone, means cost 0.1 to 1.3 dB, scales 0.1, quats 0.05, opacities 0.02 in 70 steps."""
DECAY = 0.1
"""Learning rates fall exponentially to this share."""
MIN_OPACITY = 0.02
"""Gaussians below this are pruned at the end."""
OPACITY_LIMITS = (1e-4, 1 - 1e-4)


@dataclass(frozen=True, eq=False, slots=True)
class FitStep:
    """What one optimiser step found."""

    done: int
    total: int
    """Steps of the whole fit as far as is known: falls to `done` when a round no longer paid."""
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
    backing: Gaussians | None = None,
) -> Generator[FitStep, None, Gaussians]:
    """The Gaussians moved and coloured so that they look like the views; close early for what is reached by then.

    median_m: the scene's unit of length. backing: Gaussians fitted along (and returned behind the others) that may not
    become smaller or less opaque: what is hidden behind others finds nothing in the views to hold it. Yields after
    every step, and ends when a round (see `rounds.py`) gained less than `settings.least_gain`; returns the pruned
    result, detached. A ValueError names the step, the view and what stopped being a number.
    """
    parameters = _parameters(start if backing is None else joined(start, backing))
    least = {name: parameters[name][len(start) :].detach().clone() for name in ("log_scales", "logits")}
    optimiser, decay = _optimiser(parameters, settings.iterations, median_m)
    targets = [Target(torch.from_numpy(v.image), torch.from_numpy(v.seen), settings.masked_ssim) for v in views]
    weights, total = [v.weight for v in views], settings.iterations
    rng, rounds = np.random.default_rng(seed), Rounds(weights)
    for done, view in enumerate(schedule(weights, total, rng), start=1):
        optimiser.zero_grad(set_to_none=True)
        drawn = rasterizer.render(_activated(parameters), views[view].camera)
        backdrop = torch.from_numpy(rng.random(3, dtype=np.float32))
        picture = drawn.rgb + (1 - drawn.alpha[..., None]) * backdrop
        loss = targets[view].loss(picture, settings.ssim_weight)
        loss.backward()
        _check(loss, parameters, targets[view], f"step {done} on view {view}")
        optimiser.step()
        decay.step()
        _hold(parameters, least)
        gain = rounds.gain(view, float(loss.detach()))
        if gain is not None and settings.least_gain > 0 and gain < settings.least_gain:
            total = done
        enough = yield FitStep(done, total, view, float(loss.detach()), drawn.rgb.detach())
        if enough or done == total:
            break
    return prune(_activated(parameters).detached())


def _optimiser(
    parameters: dict[str, Tensor], steps: int, median_m: float
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    groups = [
        {"params": [p], "lr": LEARNING_RATES[name] * (median_m if name == "means" else 1.0)}
        for name, p in parameters.items()
    ]
    adam = torch.optim.Adam(groups, eps=1e-15, fused=True)
    return adam, torch.optim.lr_scheduler.ExponentialLR(adam, DECAY ** (1 / max(1, steps)))


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


@torch.no_grad()
def _hold(parameters: dict[str, Tensor], least: dict[str, Tensor]) -> None:
    """The last Gaussians' parameters that may not fall below `least` are put back there."""
    for name, bound in least.items():
        last = parameters[name][len(parameters[name]) - len(bound) :]
        torch.maximum(last, bound, out=last)


def _check(loss: Tensor, parameters: dict[str, Tensor], target: Target, where: str) -> None:
    """ValueError when the loss or a gradient is not a number: one sum finds any, and is cheap."""
    total = loss.detach().double()
    for p in parameters.values():
        total = total + (0 if p.grad is None else p.grad.sum())
    if torch.isfinite(total):
        return
    culprits = [n for n, p in parameters.items() if not torch.isfinite(p).all()]
    if not torch.isfinite(target.image).all():
        culprits.append("the view's picture")
    if not culprits and not torch.isfinite(loss):
        culprits = ["the rendering"]
    spoilt = (n for n, p in parameters.items() if p.grad is not None and not torch.isfinite(p.grad).all())
    culprits = culprits or [f"the gradient of {n}" for n in spoilt]
    if culprits:
        raise ValueError(f"{where}: the loss is {float(loss.detach())}; not a number in {', '.join(culprits)}")
