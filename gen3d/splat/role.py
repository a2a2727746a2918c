"""The role of a rasterizer: Gaussians and a camera in, a picture out.

Meaning as in gsplat's classic mode: EWA projection with a 0.3 px low-pass, alpha = min(0.999, o exp(-sigma)), skipped
below 1/255, a pixel stops when its transmittance would fall to 1e-4. Frames and pixels as in `gen3d.camera`. What lies
nearer than a thousandth of the median depth of what is in front of the camera is not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians

NEAR_OF_MEDIAN = 1e-3
"""The near plane as a share of the median depth, so that a scene may be of any size. Chosen by eye."""
MEDIAN_SAMPLES = 4096
"""The median is taken over so many Gaussians. Chosen by eye."""
FILLED_ALPHA = 0.5
"""Alpha from which a pixel counts as filled. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Rendering:
    """One rasterized view; differentiable where the rasterizer was given tensors that need a gradient."""

    rgb: Float[torch.Tensor, "h w 3"]
    """Premultiplied by alpha: the scene on black."""
    alpha: Float[torch.Tensor, "h w"]
    depth: Float[torch.Tensor, "h w"]
    """Expected z in metres: the alpha-weighted mean; 0 where alpha is 0."""

    def cpu(self) -> Rendering:
        """The same in main memory."""
        return Rendering(self.rgb.cpu(), self.alpha.cpu(), self.depth.cpu())


@runtime_checkable
class Rasterizer(Protocol):
    """Draws Gaussians through a camera."""

    name: str
    device: str
    """Where it draws, as torch says it: its renderings are there, and Gaussians had better be."""
    notices: tuple[str, ...]
    """What was degraded when it was picked, for people."""

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view, with gradients to means, quats, scales, opacities and sh."""
        ...


def draw(rasterizer: Rasterizer, gaussians: Gaussians, camera: Camera) -> Rendering:
    """One view without gradients; the Gaussians are where the rasterizer draws."""
    with torch.no_grad():
        return rasterizer.render(gaussians, camera)
