"""Structural similarity and its gradient in torch operations: `cpu/ssim.py` for pictures on a card.

The same window, constants and zero padding. Nothing here waits for the card. A blur is a convolution of every map by
itself (as many groups as maps): those torch computes in plain float32, while others may be rounded to TF32, too coarse
for variances that are differences.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from gen3d.splat.cpu.ssim import RADIUS, WINDOW


class SsimTarget:
    """A picture to compare with, its blurs computed once."""

    def __init__(self, image: Float[torch.Tensor, "h w 3"]):
        self.planes = image.detach().to(torch.float32).movedim(-1, 0).contiguous()
        self.window = torch.from_numpy(WINDOW.astype(np.float32)).to(image.device)
        self.mean, self.mean_of_square = blur(torch.stack([self.planes, self.planes.square()]), self.window)


def ssim(image: Float[torch.Tensor, "h w 3"], target: SsimTarget) -> Float[torch.Tensor, ""]:
    """Mean structural similarity over pixels and channels, 1 for equal pictures; differentiable in `image`."""
    planes = image.movedim(-1, 0)
    if planes.shape != target.planes.shape:
        raise ValueError(f"image is {tuple(image.shape)}, the target's planes {tuple(target.planes.shape)}")
    from gen3d.splat.fit.recorded import similarity  # not before: it loads torch

    return similarity(planes, target)


def blur(maps: Float[torch.Tensor, "m 3 h w"], window: Float[torch.Tensor, "t"]) -> Float[torch.Tensor, "m 3 h w"]:
    """The window over every map, across and down."""
    each = maps.flatten(0, 1)[None]
    count = each.shape[1]
    across, down = window.view(1, 1, 1, -1).expand(count, 1, 1, -1), window.view(1, 1, -1, 1).expand(count, 1, -1, 1)
    each = torch.nn.functional.conv2d(each, across, padding=(0, RADIUS), groups=count)
    return torch.nn.functional.conv2d(each, down, padding=(RADIUS, 0), groups=count).view(maps.shape)
