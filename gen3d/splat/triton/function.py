"""The Triton kernels as torch sees them: one autograd function, and `TritonRasterizer` around it.

For CUDA cards where nothing but what came with torch, and a C compiler for Triton's launchers, is at hand;
`gpu/triton_kernels.py` has the map. A backward pass holds about 50 bytes per (tile, Gaussian) pair and 100 per Gaussian
beside the inputs and their gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from triton import cdiv

from gen3d.camera import Camera
from gen3d.splat.cpu.function import complain
from gen3d.splat.cpu.kernels import make_lens
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import MEDIAN_SAMPLES, Rendering
from gen3d.splat.triton.binning import fill
from gen3d.splat.triton.gather import add_up, gather
from gen3d.splat.triton.kernels import ROW
from gen3d.splat.triton.project import project
from gen3d.splat.triton.raster import rasterize, rasterize_backward

BLOCK = 128
"""Gaussians that a program works on."""
SHORT_BLOCK = 32
"""The same where it has sixteen columns of each."""
PAIRS = 8
"""Tiles of a Gaussian that are written, or summed, at a time."""
SHORT_LIMIT = 2**15
"""So many tiles, and their end, can be numbered by 16 bits: the fewer, the sooner sorted."""
UNROLLED = 4
"""Gaussians blended between two checks whether the tile still takes light."""


@dataclass(frozen=True, eq=False)
class TritonRasterizer:
    """Draws on a CUDA card; the same bytes every time. Means what `CpuRasterizer` means."""

    device: str = "cuda"
    tile_px: int = 8
    """A power of 2 from 8 on: 8 suits Gaussians of a few pixels, 16 larger ones."""
    name: str = "triton"
    notices: tuple[str, ...] = ()

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view on black, differentiable in means, quats, scales, opacities and sh (degree 0 or 1).

        A Gaussian whose mean lies before the near plane (a thousandth of the median depth) is not drawn. Raises
        ValueError for NaN or infinite input, opacities outside [0, 1], a higher degree of spherical harmonics, or
        tensors that are not on this device.
        """
        if gaussians.sh.shape[1] not in (1, 4):
            shape = tuple(gaussians.sh.shape)
            raise ValueError(f"sh is {shape}; this rasterizer evaluates 1 or 4 coefficients a channel")
        names = "means", "quats", "scales", "opacities", "sh"
        parts = {name: getattr(gaussians, name) for name in names}
        for name, part in parts.items():
            if part.device.type != torch.device(self.device).type:
                raise ValueError(f"the triton rasterizer for {self.device} was given {name} on {part.device}")
        in_kernels = _kernel_camera(camera, gaussians.means.device, self.tile_px)
        rgb, weighted_depth, alpha, unsound = _Draw.apply(
            *(part.to(torch.float32).contiguous() for part in parts.values()), in_kernels
        )
        if unsound:
            complain(parts)
        depth = weighted_depth / torch.where(alpha > 0, alpha, 1.0)
        return Rendering(rgb, alpha, depth)


class _KernelCamera(NamedTuple):
    """The camera as the kernels take it."""

    view: Tensor
    """On the card; places as in `triton_kernels`."""
    height: int
    width: int
    tile_px: int

    @property
    def tiles(self) -> tuple[int, int]:
        """Across and down."""
        return cdiv(self.width, self.tile_px), cdiv(self.height, self.tile_px)


class _Screen(NamedTuple):
    """What `triton_project` says of every Gaussian."""

    packed: Tensor
    spans: Tensor
    counts: Tensor
    depths: Tensor
    unsound: Tensor


class _Lists(NamedTuple):
    """Who is drawn where, in the order of tiles, in each from near to far."""

    ids: Tensor
    """Of every pair, its Gaussian."""
    pairs: Tensor
    """Of every pair, where its gradient goes: a Gaussian's pairs lie side by side."""
    tile_starts: Tensor
    """The list of tile t is [tile_starts[t], tile_starts[t + 1])."""
    starts: Tensor
    """Every Gaussian's first pair."""


def _kernel_camera(camera: Camera, device: torch.device, tile_px: int) -> _KernelCamera:
    if not (np.isfinite(camera.w2c).all() and np.isfinite(camera.K).all()):
        raise ValueError("the camera's K or w2c holds NaN or inf")
    lens = make_lens(camera.K, camera.width, camera.height, near=0.0)
    numbers = np.array([*camera.w2c[:3].reshape(-1), *camera.center, *lens[:10]], np.float32)
    # CUDA takes along a copy this small when it is asked for, so nobody waits and nothing can change under it.
    view = torch.from_numpy(numbers).to(device, non_blocking=True)
    return _KernelCamera(view, camera.height, camera.width, tile_px)


def _project(
    means: Tensor, quats: Tensor, scales: Tensor, opacities: Tensor, sh: Tensor, camera: _KernelCamera
) -> _Screen:
    n, count = len(means), means.new_empty(0, dtype=torch.int32).new_empty
    screen = _Screen(
        means.new_empty(n, ROW.value), count(n, 2), count(n), means.new_empty(n), means.new_zeros(1, dtype=torch.int64)
    )
    project[(cdiv(n, BLOCK),)](
        means, quats, scales, opacities, sh, camera.view, _median_depth(means, camera.view), n, *screen,
        COUNT=3 * sh.shape[1], TILE=camera.tile_px, BLOCK=BLOCK,
    )  # fmt: skip
    return screen


def _median_depth(means: Tensor, view: Tensor) -> Tensor:
    """Of the means before the camera, some thousands of them; NaN when there are none. Stays on the card."""
    z = means[:: max(1, len(means) // MEDIAN_SAMPLES)] @ view[8:11] + view[11]
    return torch.nanquantile(torch.where(z > 0, z, torch.nan), 0.5)


def _list(screen: _Screen, camera: _KernelCamera) -> tuple[_Lists | None, int]:
    """The sorted lists of all tiles, None when no Gaussian is drawn; and how many are unsound. Waits for the card."""
    n, (across, down), device = len(screen.counts), camera.tiles, screen.counts.device
    order = torch.sort(screen.depths, stable=True).indices
    ends = torch.cumsum(screen.counts[order], 0)
    total, unsound = torch.stack((ends[-1], screen.unsound[0])).tolist()
    if total == 0:
        return None, unsound
    number = torch.int16 if across * down < SHORT_LIMIT else torch.int32
    tiles, owners = (torch.empty(total, dtype=kind, device=device) for kind in (number, torch.int32))
    starts = torch.empty_like(ends)
    fill[(cdiv(n, BLOCK),)](
        order, ends, screen.spans, screen.counts, n, across, starts, tiles, owners, BLOCK=BLOCK, PAIRS=PAIRS
    )
    tiles, pairs = torch.sort(tiles, stable=True)
    tile_starts = torch.searchsorted(tiles, torch.arange(across * down + 1, dtype=number, device=device))
    return _Lists(owners[pairs], pairs, tile_starts, starts), unsound


def _blend(screen: _Screen, lists: _Lists, camera: _KernelCamera) -> tuple[Tensor, Tensor, Tensor]:
    """rgb, the sum of w z, and transmittance."""
    new = screen.packed.new_empty
    picture = new(camera.height, camera.width, 3), new(camera.height, camera.width), new(camera.height, camera.width)
    rasterize[(len(lists.tile_starts) - 1,)](
        screen.packed, lists.ids, lists.tile_starts, camera.width, camera.height, *picture,
        TILE=camera.tile_px, UNROLLED=UNROLLED, num_warps=1,
    )  # fmt: skip
    return picture


def _nothing(like: Tensor, camera: _KernelCamera) -> tuple[Tensor, Tensor, Tensor]:
    """The picture of `_blend` without any Gaussian."""
    size = camera.height, camera.width
    return like.new_zeros(*size, 3), like.new_zeros(size), like.new_ones(size)


class _Draw(torch.autograd.Function):
    """The stages, forward and backward."""

    @staticmethod
    def forward(ctx, means, quats, scales, opacities, sh, camera):
        screen = lists = None
        unsound = 0
        with torch.cuda.device_of(means):
            if len(means):
                screen = _project(means, quats, scales, opacities, sh, camera)
                lists, unsound = _list(screen, camera)
            rgb, depth, transmittance = _blend(screen, lists, camera) if lists else _nothing(means, camera)
        ctx.save_for_backward(means, quats, scales, opacities, sh, rgb, depth)
        ctx.camera, ctx.screen, ctx.lists, ctx.transmittance = camera, screen, lists, transmittance
        ctx.set_materialize_grads(False)
        return rgb, depth, 1 - transmittance, unsound

    @staticmethod
    def backward(ctx, d_rgb, d_depth, d_alpha, _):
        *inputs, rgb, depth = ctx.saved_tensors
        if ctx.lists is None:
            return *(torch.zeros_like(t) for t in inputs), None
        picture = rgb, depth, ctx.transmittance
        incoming = [_given(g, like) for g, like in zip((d_rgb, d_depth, d_alpha), picture, strict=True)]
        with torch.cuda.device_of(rgb):
            gradients = _sum_on_screen(ctx.screen, ctx.lists, ctx.camera, picture, incoming)
            return *_gather(inputs, ctx.screen, ctx.camera, gradients), None


def _given(gradient: Tensor | None, like: Tensor) -> Tensor:
    """An incoming gradient for the kernels; None means that the loss does not depend on that output."""
    return torch.zeros_like(like) if gradient is None else gradient.contiguous()


def _sum_on_screen(
    screen: _Screen, lists: _Lists, camera: _KernelCamera, picture: tuple, incoming: list[Tensor]
) -> Tensor:
    """dL/d of every Gaussian's packed row, n ROW."""
    pair_gradients = picture[0].new_zeros(len(lists.pairs), ROW.value)
    rasterize_backward[(len(lists.tile_starts) - 1,)](
        screen.packed, lists.ids, lists.pairs, lists.tile_starts, camera.width, camera.height, *picture, *incoming,
        pair_gradients, TILE=camera.tile_px, num_warps=1,
    )  # fmt: skip
    gradients, n = torch.empty_like(screen.packed), len(screen.packed)
    add_up[(cdiv(n, SHORT_BLOCK),)](
        pair_gradients, lists.starts, screen.counts, n, gradients, BLOCK=SHORT_BLOCK, PAIRS=PAIRS
    )
    return gradients


def _gather(inputs: list[Tensor], screen: _Screen, camera: _KernelCamera, gradients: Tensor) -> list[Tensor]:
    """dL/d of the inputs."""
    means, quats, scales, _, sh = inputs
    gathered, n = [torch.empty_like(t) for t in inputs], len(means)
    gather[(cdiv(n, BLOCK),)](
        means, quats, scales, sh, camera.view, screen.packed, screen.counts, gradients, n, *gathered,
        COUNT=3 * sh.shape[1], BLOCK=BLOCK,
    )  # fmt: skip
    return gathered
