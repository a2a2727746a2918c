"""The way down of a fit: Adam with rates that fall exponentially, by our own kernel or, on a card, by torch's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch

from gen3d.splat.cpu.adam import BETA1, BETA2, Moments, adam_step

ADAM_EPS = 1e-15
"""From gsplat's trainer: gradients of single Gaussians are far smaller than Adam's default epsilon."""


@runtime_checkable
class Descent(Protocol):
    """Moves parameters down their gradients."""

    def forget(self) -> None:
        """No gradient is left."""

    def step(self) -> None:
        """Moves every parameter that has a gradient; then all rates fall."""


def descent(
    parameters: Mapping[str, torch.Tensor], rates: Mapping[str, float], fall: float, device: str, beta1: float = BETA1
) -> Descent:
    """For leaves by name, each with its rate at the start; after every step the rates are multiplied by `fall`.

    beta1: how much of the mean of the slopes a step keeps.
    """
    return (OnProcessor if device == "cpu" else OnCard)(parameters, rates, fall, beta1)


class OnProcessor:
    """Plays `Descent` for parameters in main memory."""

    def __init__(
        self, parameters: Mapping[str, torch.Tensor], rates: Mapping[str, float], fall: float, beta1: float = BETA1
    ) -> None:
        self._parameters, self._rates, self._fall, self._beta1 = parameters, dict(rates), fall, beta1
        self._moments = {name: Moments(p.numel()) for name, p in parameters.items()}

    def forget(self) -> None:
        """No gradient is left."""
        for p in self._parameters.values():
            p.grad = None

    def step(self) -> None:
        """Moves every parameter that has a gradient; then all rates fall."""
        for name, p in self._parameters.items():
            if p.grad is not None:
                numbers, slopes = p.detach().view(-1).numpy(), p.grad.contiguous().view(-1).numpy()
                adam_step(numbers, slopes, self._moments[name], self._rates[name], ADAM_EPS, self._beta1)
            self._rates[name] *= self._fall


class OnCard:
    """Plays `Descent` for parameters on a card."""

    def __init__(
        self, parameters: Mapping[str, torch.Tensor], rates: Mapping[str, float], fall: float, beta1: float = BETA1
    ) -> None:
        groups = [{"params": [p], "lr": rates[name]} for name, p in parameters.items()]
        self._adam = torch.optim.Adam(groups, betas=(beta1, BETA2), eps=ADAM_EPS, fused=True)
        self._falling = torch.optim.lr_scheduler.ExponentialLR(self._adam, fall)

    def forget(self) -> None:
        """No gradient is left."""
        self._adam.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Moves every parameter that has a gradient; then all rates fall."""
        self._adam.step()
        self._falling.step()
