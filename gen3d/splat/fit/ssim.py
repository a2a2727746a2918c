"""Structural similarity and its gradient in torch operations: `cpu/ssim.py` for pictures on a card.

The same window, constants and zero padding. Nothing here waits for the card. A blur is a convolution of every map by
itself (as many groups as maps): those torch computes in plain float32, while others may be rounded to TF32, too coarse
for variances that are differences.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from gen3d.splat.cpu.ssim import C1, C2, RADIUS, WINDOW


class SsimTarget:
    """A picture to compare with, its blurs computed once."""

    def __init__(self, image: Float[Tensor, "h w 3"]):
        self.planes = image.detach().to(torch.float32).movedim(-1, 0).contiguous()
        self.window = torch.from_numpy(WINDOW.astype(np.float32)).to(image.device)
        self.mean, self.mean_of_square = _blur(torch.stack([self.planes, self.planes.square()]), self.window)


def ssim(image: Float[Tensor, "h w 3"], target: SsimTarget) -> Float[Tensor, ""]:
    """Mean structural similarity over pixels and channels, 1 for equal pictures; differentiable in `image`."""
    planes = image.movedim(-1, 0)
    if planes.shape != target.planes.shape:
        raise ValueError(f"image is {tuple(image.shape)}, the target's planes {tuple(target.planes.shape)}")
    return _Ssim.apply(planes, target)


class _Ssim(torch.autograd.Function):
    """The gradient is three blurred maps, as on the processor; autograd would keep a dozen."""

    @staticmethod
    def forward(ctx, a, target):
        mean_a, mean_aa, mean_ab = _blur(torch.stack([a, a * a, a * target.planes]), target.window)
        mean_b = target.mean
        var_a, var_b = mean_aa - mean_a * mean_a, target.mean_of_square - mean_b * mean_b
        n1, n2 = 2 * mean_a * mean_b + C1, 2 * (mean_ab - mean_a * mean_b) + C2
        d1, d2 = mean_a * mean_a + mean_b * mean_b + C1, var_a + var_b + C2
        value = n1 * n2 / (d1 * d2)
        d_cov, d_var = 2 * n1 / (d1 * d2), -value / d2
        d_mean = 2 * mean_b * n2 / (d1 * d2) - 2 * mean_a * value / d1 - 2 * mean_a * d_var - mean_b * d_cov
        ctx.save_for_backward(a, torch.stack([d_mean, d_var, d_cov]))
        ctx.target = target
        return value.mean()

    @staticmethod
    def backward(ctx, d_ssim):
        a, slopes = ctx.saved_tensors
        by_mean, by_square, by_product = _blur(slopes, ctx.target.window)
        return d_ssim / a.numel() * (by_mean + 2 * a * by_square + ctx.target.planes * by_product), None


def _blur(maps: Float[Tensor, "m 3 h w"], window: Float[Tensor, "t"]) -> Float[Tensor, "m 3 h w"]:
    """The window over every map, across and down."""
    each = maps.flatten(0, 1)[None]
    count = each.shape[1]
    across, down = window.view(1, 1, 1, -1).expand(count, 1, 1, -1), window.view(1, 1, -1, 1).expand(count, 1, -1, 1)
    each = functional.conv2d(each, across, padding=(0, RADIUS), groups=count)
    return functional.conv2d(each, down, padding=(RADIUS, 0), groups=count).view(maps.shape)
