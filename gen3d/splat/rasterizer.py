"""The role of a rasterizer, and the choice of who plays it.

Meaning as in gsplat's classic mode: EWA projection with a 0.3 px low-pass, alpha = min(0.999, o exp(-sigma)), skipped
below 1/255, a pixel stops when its transmittance would fall to 1e-4. Frames and pixels as in `gen3d.camera`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians


@dataclass(frozen=True, eq=False, slots=True)
class Rendering:
    """One rasterized view; differentiable where the rasterizer was given tensors that need a gradient."""

    rgb: Float[Tensor, "h w 3"]
    """Premultiplied by alpha: the scene on black."""
    alpha: Float[Tensor, "h w"]
    depth: Float[Tensor, "h w"]
    """Expected z in metres: the alpha-weighted mean; 0 where alpha is 0."""


@runtime_checkable
class Rasterizer(Protocol):
    """Draws Gaussians through a camera."""

    name: str

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view, with gradients to means, quats, scales, opacities and sh."""
        ...


def pick_rasterizer(device: str = "cpu") -> Rasterizer:
    """The fastest rasterizer that works on this device."""
    if device != "cpu":
        raise ValueError(f"no rasterizer for device {device!r}; this version draws on 'cpu'")
    from gen3d.splat.cpu.function import CpuRasterizer

    return CpuRasterizer()
