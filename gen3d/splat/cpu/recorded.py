"""The kernels as torch records them: what a function of autograd is made of loads torch, so nothing else is here."""

from __future__ import annotations

import numpy as np
import torch

from gen3d.geometry.together import shared
from gen3d.splat.cpu import ssim
from gen3d.splat.cpu.function import fresh, walk
from gen3d.splat.cpu.gather import gather
from gen3d.splat.cpu.kernels import GRADIENTS
from gen3d.splat.cpu.raster_backward import rasterize_backward


def drawn(*inputs):
    """What `function.draw` returns, and how many Gaussians are unsound; inputs: its parts, then the camera."""
    return _Draw.apply(*inputs)


def similarity(image, target):
    """What `ssim.ssim` returns."""
    return _Ssim.apply(image, target)


class _Draw(torch.autograd.Function):
    """The five stages, forward and backward."""

    @staticmethod
    def forward(ctx, means, quats, scales, opacities, colours, camera):
        inputs = means, quats, scales, opacities, colours
        walked = walk([t.detach().numpy() for t in inputs], camera, fresh)
        rgb, depth, packed = (torch.from_numpy(a) for a in (walked.rgb, walked.depth, walked.rows))
        ctx.save_for_backward(*inputs, rgb, depth)
        ctx.camera, ctx.rows, ctx.lists, ctx.transmittance = camera, walked.rows, walked.lists, walked.transmittance
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(packed)
        return rgb, depth, 1 - torch.from_numpy(walked.transmittance), packed, walked.unsound

    @staticmethod
    def backward(ctx, d_rgb, d_depth, d_alpha, *_):
        camera, lists = ctx.camera, ctx.lists
        *arrays, rgb, depth = (t.detach().numpy() for t in ctx.saved_tensors)
        shapes = rgb.shape, depth.shape, depth.shape
        incoming = [_array(g, shape) for g, shape in zip((d_rgb, d_depth, d_alpha), shapes, strict=True)]
        pair_gradients = np.empty((len(lists.ids), GRADIENTS), np.float32)
        gradients = [np.empty_like(a) for a in arrays]
        walk = ctx.rows, lists.ids, lists.pairs, lists.tile_starts, lists.tiles_across
        shared(rasterize_backward, *walk, rgb, depth, ctx.transmittance, *incoming, pair_gradients)
        view = camera.w2c, camera.center, camera.lens
        shared(gather, *arrays, *view, ctx.rows, lists.starts, pair_gradients, *gradients)
        return *(torch.from_numpy(d) for d in gradients), None


def _array(gradient: torch.Tensor | None, shape: tuple[int, ...]) -> np.ndarray:
    """An incoming gradient for the kernels; None means that the loss does not depend on that output."""
    if gradient is None:
        return np.zeros(shape, np.float32)
    return gradient.detach().contiguous().numpy()


class _Ssim(torch.autograd.Function):
    @staticmethod
    def forward(ctx, image, target):
        a = ssim.rows(image)
        moments, slopes = (np.empty((3, *a.shape), np.float32) for _ in range(2))
        similarity = np.empty_like(a)
        shared(ssim.moments, a, target.rows, moments)
        ssim.blur(moments, slopes, moments)
        shared(ssim.compare, moments, target.mean, target.mean_of_square, similarity, slopes)
        ctx.a, ctx.target, ctx.slopes = a, target, slopes
        return torch.tensor(similarity.mean())

    @staticmethod
    def backward(ctx, d_ssim):
        gradient, blurred, between = np.empty_like(ctx.a), np.empty_like(ctx.slopes), np.empty_like(ctx.slopes)
        factor = np.float32(d_ssim.item() / gradient.size)
        ssim.blur(ctx.slopes, between, blurred)
        shared(ssim.combine, ctx.a, ctx.target.rows, blurred, factor, gradient)
        return torch.from_numpy(gradient.reshape(ctx.target.shape)), None
