"""The rasterizer as torch sees it: one autograd function over the numba kernels, and `CpuRasterizer` around it."""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.cpu import binning
from gen3d.splat.cpu.kernels import GRADIENTS, ROW, TILE, Lens, make_lens
from gen3d.splat.cpu.project import project, project_backward
from gen3d.splat.cpu.raster import rasterize, rasterize_backward
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.rasterizer import Rendering

KERNELS = threading.Lock()
"""Held while kernels run: numba's `workqueue` threading layer aborts the process when two threads launch at once."""

if hasattr(os, "register_at_fork"):  # a child must not inherit the lock from a thread that it does not have
    os.register_at_fork(before=KERNELS.acquire, after_in_parent=KERNELS.release, after_in_child=KERNELS.release)

NEAR_OF_MEDIAN = 1e-3
"""The near plane as a part of the median depth, so that a scene may be of any size."""
MEDIAN_SAMPLES = 4096


class CpuRasterizer:
    """Draws on the processor; the same bytes for any number of threads. Safe to call from several threads."""

    name = "cpu"

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view on black, differentiable in means, quats, scales, opacities and sh (degree 0 or 1).

        A Gaussian whose mean lies before the near plane (a thousandth of the median depth) is not drawn. Raises
        ValueError for NaN or infinite input, opacities outside [0, 1], or a higher degree of spherical harmonics.
        """
        _check(gaussians)
        parts = (gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities, gaussians.sh)
        parts = tuple(part.to(torch.float32).contiguous() for part in parts)
        rgb, weighted_depth, alpha = _Rasterize.apply(*parts, _look(parts[0], camera))
        depth = weighted_depth / torch.where(alpha > 0, alpha, 1.0)
        return Rendering(rgb, alpha, depth)


def warm_up() -> None:
    """Compiles every kernel, or loads it from numba's cache: seconds once per machine, then a fraction of one."""
    from gen3d.splat.cpu.ssim import SsimTarget, ssim

    camera = Camera.from_fov(60.0, 16, 16)
    for coefficients in (1, 4):
        means = torch.tensor([[0.0, 0.0, 2.0], [0.1, 0.0, 3.0]])
        rest = torch.ones(2, 4), torch.full((2, 3), 0.1), torch.full((2,), 0.5), torch.zeros(2, coefficients, 3)
        drawn = CpuRasterizer().render(Gaussians(means.requires_grad_(), *rest), camera)
        (ssim(drawn.rgb, SsimTarget(torch.ones(16, 16, 3))) + drawn.depth.sum()).backward()


class _Look(NamedTuple):
    """From where, and through what, the kernels look."""

    lens: Lens
    w2c: np.ndarray
    center: np.ndarray
    height: int
    width: int


class _Lists(NamedTuple):
    """What `binning` found; see there."""

    tiles_across: int
    ids: np.ndarray
    tile_starts: np.ndarray
    places: np.ndarray
    starts: np.ndarray


def _check(gaussians: Gaussians) -> None:
    """ValueError for input that could only draw nonsense."""
    if gaussians.means.device.type != "cpu":
        raise ValueError(f"the cpu rasterizer was given tensors on {gaussians.means.device}")
    if gaussians.sh.shape[1] not in (1, 4):
        raise ValueError(f"sh is {tuple(gaussians.sh.shape)}; this rasterizer evaluates 1 or 4 coefficients a channel")
    for name in ("means", "quats", "scales", "opacities", "sh"):
        values = getattr(gaussians, name).detach()
        if not torch.isfinite(values.sum()):  # NaN and inf survive the sum, which is a fifth of the cost of a full look
            bad = int((~torch.isfinite(values)).reshape(len(values), -1).any(dim=1).sum())
            if bad:
                raise ValueError(f"{name} holds NaN or inf in {bad} of {len(values)} gaussians")
    opacities = gaussians.opacities.detach()
    if len(opacities) and not (opacities.min() >= 0 and opacities.max() <= 1):
        raise ValueError(f"opacities span {float(opacities.min()):g} to {float(opacities.max()):g}, outside [0, 1]")


def _look(means: Tensor, camera: Camera) -> _Look:
    """The camera in the kernels' terms, with a near plane to suit the depth of the means before it."""
    w2c = np.ascontiguousarray(camera.w2c[:3], dtype=np.float32)
    if not (np.isfinite(w2c).all() and np.isfinite(camera.K).all()):
        raise ValueError("the camera's K or w2c holds NaN or inf")
    some = means.detach().numpy()[:: max(1, len(means) // MEDIAN_SAMPLES)]
    z = some @ w2c[2, :3] + w2c[2, 3]
    before = z[z > 0]
    near = NEAR_OF_MEDIAN * float(np.median(before)) if len(before) else 0.0
    lens = make_lens(camera.K, camera.width, camera.height, near)
    return _Look(lens, w2c, camera.center.astype(np.float32), camera.height, camera.width)


def _bin(packed: np.ndarray, tiles: np.ndarray, look: _Look) -> _Lists:
    """Depth order and tile lists."""
    across, down = -(-look.width // TILE), -(-look.height // TILE)
    order = np.empty(len(tiles), np.int32)
    n = binning.depth_order(packed.view(np.uint32), tiles, order)
    counts = np.zeros((2 * numba.get_num_threads(), across * down), np.int32)
    binning.count(tiles, order, n, across, counts)
    tile_starts, starts = np.empty(across * down + 1, np.int64), np.empty(len(tiles) + 1, np.int64)
    pairs = binning.scan(counts, tiles, tile_starts, starts)
    ids, places = np.empty(pairs, np.int32), np.empty(pairs, np.int32)
    binning.fill(tiles, order, n, across, counts, starts, ids, places)
    return _Lists(across, ids, tile_starts, places, starts)


class _Rasterize(torch.autograd.Function):
    """Gaussians -> rgb [h, w, 3], sum of w z [h, w], alpha [h, w]."""

    @staticmethod
    def forward(ctx, means, quats, scales, opacities, sh, look):
        m, q, s, o, k = (t.detach().numpy() for t in (means, quats, scales, opacities, sh))
        packed, tiles = np.empty((len(m), ROW), np.float32), np.empty((len(m), 4), np.uint16)
        rgb = np.empty((look.height, look.width, 3), np.float32)
        depth, transmittance = (np.empty((look.height, look.width), np.float32) for _ in range(2))
        with KERNELS:
            project(m, q, s, o, k, look.w2c, look.center, look.lens, packed, tiles)
            lists = _bin(packed, tiles, look)
            rasterize(packed, lists.ids, lists.tile_starts, lists.tiles_across, rgb, depth, transmittance)
        drawn = torch.from_numpy(rgb), torch.from_numpy(depth)
        ctx.save_for_backward(means, quats, scales, sh, *drawn)
        ctx.look, ctx.packed, ctx.lists, ctx.transmittance = look, packed, lists, transmittance
        ctx.set_materialize_grads(False)
        return *drawn, torch.from_numpy(1 - transmittance)

    @staticmethod
    def backward(ctx, d_rgb, d_depth, d_alpha):
        look, lists = ctx.look, ctx.lists
        m, q, s, k, rgb, depth = (t.detach().numpy() for t in ctx.saved_tensors)
        shapes = (look.height, look.width, 3), (look.height, look.width), (look.height, look.width)
        incoming = [_array(g, shape) for g, shape in zip((d_rgb, d_depth, d_alpha), shapes, strict=True)]
        per_pair = np.empty((len(lists.ids), GRADIENTS), np.float32)
        d_m, d_q, d_s, d_k = (np.zeros_like(a) for a in (m, q, s, k))
        gradients = d_m, d_q, d_s, np.zeros(len(m), np.float32), d_k
        with KERNELS:
            across = lists.tiles_across
            picture = rgb, depth, ctx.transmittance
            rasterize_backward(ctx.packed, lists.ids, lists.tile_starts, across, *picture, *incoming, per_pair)
            pairs = ctx.packed, lists.starts, lists.places, per_pair
            project_backward(m, q, s, k, look.w2c, look.center, look.lens, *pairs, *gradients)
        return *(torch.from_numpy(d) for d in gradients), None


def _array(gradient: Tensor | None, shape: tuple[int, ...]) -> np.ndarray:
    """An incoming gradient for the kernels; None means that the loss did not look at that output."""
    if gradient is None:
        return np.zeros(shape, np.float32)
    return gradient.detach().contiguous().numpy()
