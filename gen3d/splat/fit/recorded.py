"""SSIM as torch records it: what a function of autograd is made of loads torch, so nothing else is here."""

from __future__ import annotations

import torch

from gen3d.splat.cpu.ssim import C1, C2
from gen3d.splat.fit.ssim import blur


def similarity(planes, target):
    """What `ssim.ssim` returns; planes: [3, h, w]."""
    return _Ssim.apply(planes, target)


class _Ssim(torch.autograd.Function):
    """The gradient is three blurred maps, as on the processor; autograd would keep a dozen."""

    @staticmethod
    def forward(ctx, a, target):
        mean_a, mean_aa, mean_ab = blur(torch.stack([a, a * a, a * target.planes]), target.window)
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
        by_mean, by_square, by_product = blur(slopes, ctx.target.window)
        return d_ssim / a.numel() * (by_mean + 2 * a * by_square + ctx.target.planes * by_product), None
