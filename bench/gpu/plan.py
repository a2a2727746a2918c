"""How much is measured: everything on a card, or toys to try the benchmark itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from bench.full_size import FullSize
from gen3d.settings import PRESETS, EngineSettings, FitSettings, Settings

Row = dict[str, Any]
"""A line of a table, by the names of its columns."""


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
