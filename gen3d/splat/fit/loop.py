"""Fitting Gaussians to views (paper 3.3): position, volume, opacity and colour by Adam, one view or some a step.

The unconstrained parameters (log scales, logit opacities) live here alone. Every rendering is laid over a random
colour before it is compared, so that a surface cannot hide in being half transparent over a lucky background.

Parameters and pictures are where the rasterizer draws. On a card several views are rendered a step, and losses are read
back only every few steps, since the processor waits for the card then.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import NamedTuple, TypeAlias

import numpy as np
import torch

from gen3d.settings import FitSettings
from gen3d.splat.cpu import ssim as numba_ssim
from gen3d.splat.cpu.adam import BETA1
from gen3d.splat.cpu.function import is_own
from gen3d.splat.cpu.steps import KernelSteps
from gen3d.splat.fit import ssim as torch_ssim
from gen3d.splat.fit.descent import ADAM_EPS, descent
from gen3d.splat.fit.loss import Target
from gen3d.splat.fit.rounds import Rounds, schedule
from gen3d.splat.gaussians import SH_C0, Gaussians, joined
from gen3d.splat.role import Rasterizer
from gen3d.values import Kind, View

LEARNING_RATES = {"means": 8e-5, "quats": 4e-3, "log_scales": 2e-2, "logits": 2.5e-2, "sh": 1e-2 / SH_C0}
"""At the start; `means` in units of the scene's median depth. Measured on the held-out views of four scenes, as
`python -m bench.quality` scores them: 40 steps at these beat 70 at a fourth by 0.35 dB; left alone, means cost 0.1 to
1.3 dB, scales 0.1, quats 0.05, opacities 0.02 in 70 steps."""
DECAY = 0.1
"""Learning rates fall exponentially to this share. Chosen by eye."""


class Manner(NamedTuple):
    """How a fit goes down."""

    haste: float
    """Factor of LEARNING_RATES."""
    decay: float
    """Share to which they fall exponentially."""
    beta1: float
    """How much of the mean of the slopes a step of Adam keeps: with little, the last views count more."""


MANNERS = {"thorough": Manner(1.0, DECAY, BETA1), "quick": Manner(2.0, 0.3, 0.5)}
"""Measured on room and terrace (docs/speed.md): in any figure of `python -m bench.quality` 20 quick steps at 512 pixels
are at most 0.05 dB worse than 40 thorough ones, and half the steps at 640."""
MIN_OPACITY = 0.02
"""Gaussians below this are pruned at the end. Chosen by eye."""
OPACITY_LIMITS = (1e-4, 1 - 1e-4)
"""Initial opacities are held within, where their logits are finite. Chosen by eye."""


class LostNumbers(ValueError):
    """A loss, a gradient or a parameter of a fit is NaN or inf; the message names which, at which step and view."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many views and steps a fit takes at a time on a kind of device."""

    views: int
    """Views of a step, at most."""
    steps: int
    """Steps from one report to the next."""
    ssim: ModuleType
    """The module that computes it."""

    @classmethod
    def on(cls, device: str, settings: FitSettings) -> Pace:
        """The pace for a device."""
        return cls(1, 1, numba_ssim) if device == "cpu" else cls(settings.views_a_step, CARD_STEPS, torch_ssim)


CARD_STEPS = 8
"""Losses are read back from a card, and checked, after so many steps. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class ViewLoss:
    """How far one view was from its picture in a step."""

    view: int
    loss: float
    rendered: torch.Tensor
    """On black, where the rasterizer draws."""


@dataclass(frozen=True, eq=False, slots=True)
class FitStep:
    """What one optimiser step found."""

    done: int
    total: int
    """Steps of the whole fit as far as is known: falls to `done` when a round no longer paid."""
    views: tuple[ViewLoss, ...]


def fit_gaussians(
    start: Gaussians,
    views: Sequence[View],
    rasterizer: Rasterizer,
    settings: FitSettings,
    median_m: float,
    seed: int,
    backing: Gaussians | None = None,
) -> Generator[FitStep, bool | None, Gaussians]:
    """The Gaussians optimised so that their renderings match the views; send True after a step to end early.

    median_m: the scene's unit of length. backing: Gaussians that are fitted as well, and returned after the others,
    but may not become smaller or less opaque, since the views do not constrain what is hidden in all of them. Of
    what lies behind what the photo saw (`Kind.BEHIND`) the colours stay as they were painted. Yields every step (on
    a card some at once), and ends when a round (see `rounds.py`) gained less than `settings.least_gain`. Returns
    the pruned result, detached, in main memory. Raises LostNumbers.
    """
    weights, total = [v.weight for v in views], settings.iterations
    pace = Pace.on(rasterizer.device, settings)
    fit = _fit_on(rasterizer)(start, backing, views, rasterizer, settings, median_m, pace)
    rng, rounds = np.random.default_rng(seed), Rounds(weights, pace.views)
    order = schedule(weights, total * pace.views, rng)
    backdrops = torch.from_numpy(rng.random((len(order), 3), dtype=np.float32)).to(rasterizer.device)
    for first in range(0, settings.iterations, pace.steps):
        taken: list[list[_Rendered]] = []
        for k in range(first, min(first + pace.steps, settings.iterations)):
            if taken:
                fit.update()
            now = slice(k * pace.views, (k + 1) * pace.views)
            taken.append(fit.forward_backward(order[now], backdrops[now]))
        found = fit.read_back(taken, first)
        fit.update()
        done, enough = first + len(taken), False
        if any(_too_little(rounds.gain(one.view, one.loss), settings) for losses in found for one in losses):
            total = done
        for number, losses in enumerate(found, start=first + 1):
            enough = (yield FitStep(number, total, losses)) or enough
        if enough or done == total:
            break
    return prune(fit.gaussians().detached()).to("cpu")


_Rendered: TypeAlias = "tuple[int, torch.Tensor, torch.Tensor]"
"""A view's number, its rendering and its loss; on a card both may still be in the making."""


def _too_little(gain: float | None, settings: FitSettings) -> bool:
    return gain is not None and settings.least_gain > 0 and gain < settings.least_gain


def _fit_on(rasterizer: Rasterizer) -> type[_Fit]:
    """By kernels alone where ours draw, by torch's record of operations with any other rasterizer."""
    return _KernelFit if is_own(rasterizer) else _Fit


class _Fit:
    """The parameters of a fit, their optimiser, and the pictures that they are fitted to."""

    def __init__(
        self,
        start: Gaussians,
        backing: Gaussians | None,
        views: Sequence[View],
        rasterizer: Rasterizer,
        settings: FitSettings,
        median_m: float,
        pace: Pace,
    ) -> None:
        device = rasterizer.device
        whole = (start if backing is None else joined(start, backing)).to(device)
        self.parameters, self._kinds, self._things = parameters_of(whole), whole.kinds, whole.things
        self._least = {n: self.parameters[n][len(start) :].detach().clone() for n in ("log_scales", "logits")}
        self._painted = _painted(whole)
        haste, decay, self._beta1 = MANNERS[settings.descent]
        rates = LEARNING_RATES | {"means": LEARNING_RATES["means"] * median_m}
        self._rates = {name: haste * rate for name, rate in rates.items()}
        self._fall = decay ** (1 / max(1, settings.iterations))
        self._settings, self._rasterizer = settings, rasterizer
        self._prepare(views, device, pace)

    def _prepare(self, views: Sequence[View], device: str, pace: Pace) -> None:
        self._descent = descent(self.parameters, self._rates, self._fall, device, self._beta1)
        self._cameras = [v.camera for v in views]
        pictures = ((torch.from_numpy(v.image).to(device), torch.from_numpy(v.seen).to(device)) for v in views)
        self._targets = [Target(*picture, self._settings.masked_ssim, pace.ssim) for picture in pictures]

    def gaussians(self) -> Gaussians:
        """As they are now."""
        return replace(activated(self.parameters), kinds=self._kinds, things=self._things)

    def forward_backward(self, views: Sequence[int], backdrops: torch.Tensor) -> list[_Rendered]:
        """Renders some views and computes the gradients of their mean loss."""
        self._descent.forget()
        gaussians, rendered, losses = self.gaussians(), [], []
        for view, backdrop in zip(views, backdrops, strict=True):
            drawn = self._rasterizer.render(gaussians, self._cameras[view])
            picture = drawn.rgb + (1 - drawn.alpha[..., None]) * backdrop
            losses.append(self._targets[view].loss(picture, self._settings.ssim_weight))
            rendered.append((view, drawn.rgb.detach(), losses[-1].detach()))
        (sum(losses) / len(losses)).backward()
        return rendered

    def update(self) -> None:
        """One step down those gradients."""
        self._descent.step()
        _hold(self.parameters, self._least)
        _keep(self.parameters["sh"], *self._painted)

    def read_back(self, taken: list[list[_Rendered]], first: int) -> list[tuple[ViewLoss, ...]]:
        """The losses of the steps from `first` on; LostNumbers when one, or a gradient of the last step, is NaN or inf.

        The gradients are checked by their sum, which is cheap. This is where the processor waits for the card.
        """
        every = [one for step in taken for one in step]
        slopes = sum(p.grad.sum().double() for p in self.parameters.values() if p.grad is not None)
        *losses, slope = torch.stack([*(loss.double() for *_, loss in every), slopes]).tolist()
        if not np.isfinite([*losses, slope]).all():
            i = next((i for i, loss in enumerate(losses) if not np.isfinite(loss)), len(every) - 1)
            view, step = every[i][0], first + 1 + i // len(taken[0])
            self._complain(losses[i], view, f"step {step} on view {view}")
        found = iter(ViewLoss(view, loss, drawn) for (view, drawn, _), loss in zip(every, losses, strict=True))
        return [tuple(next(found) for _ in step) for step in taken]

    def _sound_picture(self, view: int) -> bool:
        return bool(torch.isfinite(self._targets[view].image).all())

    def _complain(self, loss: float, view: int, where: str) -> None:
        """Names what is not a number; sums of huge numbers may be none though every one of them is, and pass."""
        parameters = self.parameters
        culprits = [n for n, p in parameters.items() if not torch.isfinite(p).all()]
        if not self._sound_picture(view):
            culprits.append("the view's picture")
        if not culprits and not np.isfinite(loss):
            culprits = ["the rendering"]
        spoilt = (n for n, p in parameters.items() if p.grad is not None and not torch.isfinite(p.grad).all())
        culprits = culprits or [f"the gradient of {n}" for n in spoilt]
        if culprits:
            raise LostNumbers(f"{where}: the loss is {loss}; not a number in {', '.join(culprits)}")


class _KernelFit(_Fit):
    """The same on the processor, a view a step, without torch's record of operations: `cpu/steps.py`."""

    def _prepare(self, views: Sequence[View], device: str, pace: Pace) -> None:
        self._pictures = [(np.ascontiguousarray(v.image, np.float32), np.ascontiguousarray(v.seen)) for v in views]
        self._steps, self._seen = KernelSteps(
            self.parameters, self._least, self._rates, self._fall, self._beta1, ADAM_EPS, [v.camera for v in views],
            self._pictures, self._settings.ssim_weight, self._settings.masked_ssim,
        ), ""  # fmt: skip

    def forward_backward(self, views: Sequence[int], backdrops: torch.Tensor) -> list[_Rendered]:
        """Renders a view; its gradient is spent by `update`. LostNumbers for what cannot be drawn."""
        (view,), (backdrop,) = views, backdrops
        try:
            rgb, loss = self._steps.look(view, backdrop)
        except ValueError as error:
            raise LostNumbers(f"view {view} cannot be drawn: {error}") from error
        return [(view, rgb, torch.tensor(loss, dtype=torch.float64))]

    def update(self) -> None:
        """One step down that gradient; LostNumbers where it is NaN or inf."""
        if lost := self._steps.move():
            raise LostNumbers(f"{self._seen}; not a number in {', '.join(f'the gradient of {n}' for n in lost)}")
        _keep(self.parameters["sh"], *self._painted)

    def read_back(self, taken: list[list[_Rendered]], first: int) -> list[tuple[ViewLoss, ...]]:
        """The loss of step `first` + 1; LostNumbers when it is NaN or inf."""
        (((view, drawn, loss),),) = taken
        where = f"step {first + 1} on view {view}"
        self._seen = f"{where}: the loss is {float(loss)}"
        if not np.isfinite(float(loss)):
            self._complain(float(loss), view, where)
        return [(ViewLoss(view, float(loss), drawn),)]

    def _sound_picture(self, view: int) -> bool:
        return bool(np.isfinite(self._pictures[view][0]).all())


def prune(gaussians: Gaussians) -> Gaussians:
    """Without those that are all but invisible."""
    return gaussians.keep(gaussians.opacities >= MIN_OPACITY)


def parameters_of(start: Gaussians) -> dict[str, torch.Tensor]:
    """What a fit moves, unconstrained: leaves that need a gradient."""
    parameters = {
        "means": start.means,
        "quats": start.quats,
        "log_scales": start.scales.log(),
        "logits": torch.logit(start.opacities.clamp(*OPACITY_LIMITS)),
        "sh": start.sh,
    }
    return {name: p.clone().requires_grad_() for name, p in parameters.items()}


def activated(p: dict[str, torch.Tensor]) -> Gaussians:
    """The Gaussians of such parameters, without what is known of each."""
    return Gaussians(p["means"], p["quats"], p["log_scales"].exp(), p["logits"].sigmoid(), p["sh"])


def _hold(parameters: dict[str, torch.Tensor], least: dict[str, torch.Tensor]) -> None:
    """Clamps the parameters of the last Gaussians to `least`."""
    for name, bound in least.items():
        last = parameters[name].detach()[len(parameters[name]) - len(bound) :]
        torch.maximum(last, bound, out=last)


def _painted(start: Gaussians) -> tuple[torch.Tensor, torch.Tensor]:
    """Which Gaussians lie behind what the photo saw, by index, and their colours."""
    kinds = torch.zeros(len(start), dtype=torch.uint8) if start.kinds is None else start.kinds
    which = torch.nonzero(kinds == int(Kind.BEHIND))[:, 0].to(start.sh.device)
    return which, start.sh[which].detach().clone()


def _keep(sh: torch.Tensor, which: torch.Tensor, colours: torch.Tensor) -> None:
    """Puts colours back: with what is hidden a fit would pay for the rims of what stands before it.

    That would be seen as a bright outline once a thing is taken away.
    """
    sh.detach()[which] = colours
