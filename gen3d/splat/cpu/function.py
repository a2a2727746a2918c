"""The stages as torch sees them: one autograd function over the numba kernels, and `CpuRasterizer` around it."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.cpu import binning
from gen3d.splat.cpu.gather import gather
from gen3d.splat.cpu.kernels import GRADIENTS, ROW, TILE, Lens, make_lens
from gen3d.splat.cpu.project import project
from gen3d.splat.cpu.raster import rasterize
from gen3d.splat.cpu.raster_backward import rasterize_backward
from gen3d.splat.cpu.sort import sort
from gen3d.splat.cpu.turns import KERNELS
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import MEDIAN_SAMPLES, NEAR_OF_MEDIAN, Rendering


class CpuRasterizer:
    """Draws on the processor; the same bytes for any number of threads. Safe to call from several threads."""

    name = device = "cpu"
    notices: tuple[str, ...] = ()

    def __init__(self, notices: tuple[str, ...] = ()) -> None:
        self.notices = notices

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view on black, differentiable in means, quats, scales, opacities and sh (degree 0 or 1).

        A Gaussian whose mean lies before the near plane (a thousandth of the median depth) is not drawn. Raises
        ValueError for NaN or infinite input, opacities outside [0, 1], or a higher degree of spherical harmonics.
        """
        if gaussians.sh.shape[1] not in (1, 4):
            shape = tuple(gaussians.sh.shape)
            raise ValueError(f"sh is {shape}; this rasterizer evaluates 1 or 4 coefficients a channel")
        names = "means", "quats", "scales", "opacities", "sh"
        parts = {name: getattr(gaussians, name) for name in names}
        rgb, weighted_depth, alpha, _ = draw(parts, _kernel_camera(gaussians.means, camera))
        depth = weighted_depth / torch.where(alpha > 0, alpha, 1.0)
        return Rendering(rgb, alpha, depth)


def warm_up() -> None:
    """Compiles every kernel, or loads it from numba's cache: half a minute once per machine, then half a second."""
    from gen3d.splat.cpu.adam import Moments, adam_step
    from gen3d.splat.cpu.ssim import SsimTarget, ssim

    means = torch.tensor([[0.0, 0.0, 2.0], [0.1, 0.0, 3.0]]).requires_grad_()
    rest = torch.ones(2, 4), torch.full((2, 3), 0.1), torch.full((2,), 0.5), torch.zeros(2, 1, 3)
    drawn = CpuRasterizer().render(Gaussians(means, *rest), Camera.from_fov(60.0, 16, 16))
    (ssim(drawn.rgb, SsimTarget(torch.ones(16, 16, 3))) + drawn.depth.sum()).backward()
    adam_step(np.zeros(1, np.float32), np.ones(1, np.float32), Moments(1), 1e-3, 1e-8)


class KernelCamera(NamedTuple):
    """The camera as the kernels take it."""

    lens: Lens
    w2c: np.ndarray
    """3 4 float32."""
    center: np.ndarray
    """The camera's place, 3 float32."""
    height: int
    width: int


class Lists(NamedTuple):
    """Who is drawn where: `binning` and `sort` say what each is."""

    tiles_across: int
    tile_starts: np.ndarray
    ids: np.ndarray
    pairs: np.ndarray
    starts: np.ndarray


def draw(parts: dict[str, Tensor], camera: KernelCamera) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns rgb [h, w, 3], the sum of w z [h, w], alpha [h, w], and `packed` [n, ROW] (see `kernels`), a constant.

    parts: means, quats, scales, opacities and colours (n k 3), in this order, by the names that errors shall use.
    """
    for name, part in parts.items():
        if part.device.type != "cpu":
            raise ValueError(f"the cpu rasterizer was given {name} on {part.device}")
    *drawn, unsound = _Draw.apply(*(part.to(torch.float32).contiguous() for part in parts.values()), camera)
    if unsound:
        complain(parts)
    return tuple(drawn)


def complain(parts: dict[str, Tensor]) -> None:
    """ValueError for input that could only draw nonsense; numbers that are merely huge pass."""
    for name, part in parts.items():
        bad = int((~torch.isfinite(part.detach())).reshape(len(part), -1).any(dim=1).sum())
        if bad:
            raise ValueError(f"{name} holds NaN or inf in {bad} of {len(part)} gaussians")
    low, high = (float(x) for x in parts["opacities"].detach().aminmax())
    if low < 0 or high > 1:
        raise ValueError(f"opacities span {low:g} to {high:g}, outside [0, 1]")


def _kernel_camera(means: Tensor, camera: Camera) -> KernelCamera:
    """The camera in the kernels' terms, with a near plane to suit the depth of the means before it."""
    w2c = np.ascontiguousarray(camera.w2c[:3], dtype=np.float32)
    if not (np.isfinite(w2c).all() and np.isfinite(camera.K).all()):
        raise ValueError("the camera's K or w2c holds NaN or inf")
    some = means.detach()[:: max(1, len(means) // MEDIAN_SAMPLES)].to(torch.float32).numpy()
    z = some @ w2c[2, :3] + w2c[2, 3]
    before = z[z > 0]
    near = NEAR_OF_MEDIAN * float(np.median(before)) if len(before) else 0.0
    lens = make_lens(camera.K, camera.width, camera.height, near)
    return KernelCamera(lens, w2c, camera.center.astype(np.float32), camera.height, camera.width)


def _list(packed: np.ndarray, tiles: np.ndarray, camera: KernelCamera) -> Lists:
    """The sorted list of every tile."""
    across, down = -(-camera.width // TILE), -(-camera.height // TILE)
    counts = np.zeros((2 * numba.get_num_threads(), across * down), np.int64)
    binning.count(tiles, across, counts)
    tile_starts, starts = np.empty(across * down + 1, np.int64), np.empty(len(tiles) + 1, np.int64)
    binning.scan(counts, tiles, tile_starts, starts)
    keys = np.empty(starts[-1], np.uint64)
    owners, ids, pairs = (np.empty(len(keys), np.int32) for _ in range(3))
    binning.fill(packed.view(np.uint32), tiles, across, counts, starts, keys, owners)
    sort(keys, tile_starts, owners, ids, pairs)
    return Lists(across, tile_starts, ids, pairs, starts)


def _tickets() -> np.ndarray:
    """For the kernels that hand out tiles."""
    return np.zeros(numba.get_num_threads(), np.int64)


class _Draw(torch.autograd.Function):
    """The five stages, forward and backward."""

    @staticmethod
    def forward(ctx, means, quats, scales, opacities, colours, camera):
        inputs = means, quats, scales, opacities, colours
        arrays = [t.detach().numpy() for t in inputs]
        packed, tiles = torch.empty(len(means), ROW), np.empty((len(means), 4), np.uint16)  # torch aligns to 64 bytes
        h, w = camera.height, camera.width
        rgb, depth, transmittance = torch.empty(h, w, 3), torch.empty(h, w), torch.empty(h, w)
        picture = [t.numpy() for t in (rgb, depth, transmittance)]
        rows = packed.numpy()
        with KERNELS:
            unsound = project(*arrays, camera.w2c, camera.center, camera.lens, rows, tiles)
            lists = _list(rows, tiles, camera)
            rasterize(rows, lists.ids, lists.tile_starts, lists.tiles_across, _tickets(), *picture)
        ctx.save_for_backward(*inputs, rgb, depth)
        ctx.camera, ctx.rows, ctx.lists, ctx.transmittance = camera, rows, lists, picture[2]
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(packed)
        return rgb, depth, 1 - transmittance, packed, unsound

    @staticmethod
    def backward(ctx, d_rgb, d_depth, d_alpha, *_):
        camera, lists = ctx.camera, ctx.lists
        *arrays, rgb, depth = (t.detach().numpy() for t in ctx.saved_tensors)
        shapes = rgb.shape, depth.shape, depth.shape
        incoming = [_array(g, shape) for g, shape in zip((d_rgb, d_depth, d_alpha), shapes, strict=True)]
        pair_gradients = np.empty((len(lists.ids), GRADIENTS), np.float32)
        gradients = [np.empty_like(a) for a in arrays]
        with KERNELS:
            walk = ctx.rows, lists.ids, lists.pairs, lists.tile_starts, lists.tiles_across, _tickets()
            rasterize_backward(*walk, rgb, depth, ctx.transmittance, *incoming, pair_gradients)
            view = camera.w2c, camera.center, camera.lens
            gather(*arrays, *view, ctx.rows, lists.starts, pair_gradients, *gradients)
        return *(torch.from_numpy(d) for d in gradients), None


def _array(gradient: Tensor | None, shape: tuple[int, ...]) -> np.ndarray:
    """An incoming gradient for the kernels; None means that the loss does not depend on that output."""
    if gradient is None:
        return np.zeros(shape, np.float32)
    return gradient.detach().contiguous().numpy()
