"""The rasterizer once more, in torch operations alone: what it costs to let autograd do the work.

Projection in one batch, then tile by tile every pixel against every Gaussian of the tile's list. A tile is recomputed
in the backward pass, or its intermediate values would take gigabytes. Degree 0 only, gsplat's classic mode.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians

TILE = 16
ALPHA_MAX, ALPHA_MIN, T_MIN, EPS_2D = 0.999, 1 / 255, 1e-4, 0.3


def render(gaussians: Gaussians, camera: Camera) -> Tensor:
    """The picture on black, [h, w, 3]."""
    means2d, conics, extents, depth = _project(gaussians, camera)
    colours = gaussians.rgb.clamp(min=0)
    rows = torch.cat([means2d, conics, gaussians.opacities[:, None], colours], dim=1)
    with torch.no_grad():
        lists = _lists(means2d, extents, depth, camera)
    across, down = -(-camera.width // TILE), -(-camera.height // TILE)
    tiles = [checkpoint(_blend, rows[ids], t % across, t // across, use_reentrant=False) for t, ids in enumerate(lists)]
    picture = torch.stack(tiles).reshape(down, across, TILE, TILE, 3).transpose(1, 2)
    return picture.reshape(down * TILE, across * TILE, 3)[: camera.height, : camera.width]


def _project(g: Gaussians, camera: Camera) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Means, conics (A, B, C) and extents on the screen, and depths; extent 0 behind the camera."""
    w2c, K = (torch.from_numpy(m).to(g.means) for m in (camera.w2c, camera.K))
    xyz = g.means @ w2c[:3, :3].T + w2c[:3, 3]
    z = xyz[:, 2]
    x, y, zero = xyz[:, 0] / z, xyz[:, 1] / z, torch.zeros_like(z)
    J = torch.stack([K[0, 0] / z, zero, -K[0, 0] * x / z, zero, K[1, 1] / z, -K[1, 1] * y / z], 1).reshape(-1, 2, 3)
    M = J @ w2c[:3, :3] @ _rotation(g.quats) * g.scales[:, None]
    cov = M @ M.transpose(1, 2) + EPS_2D * torch.eye(2, device=g.means.device)
    conic = torch.linalg.inv(cov)
    reach = 2 * torch.log(g.opacities / ALPHA_MIN).clamp(min=0)
    extents = torch.sqrt(reach[:, None] * torch.diagonal(cov, dim1=1, dim2=2)) * (z > 0)[:, None]
    means2d = torch.stack([K[0, 0] * x + K[0, 2], K[1, 1] * y + K[1, 2]], dim=1)
    return means2d, torch.stack([conic[:, 0, 0], conic[:, 0, 1], conic[:, 1, 1]], dim=1), extents, z


def _rotation(quats: Tensor) -> Tensor:
    w, x, y, z = torch.nn.functional.normalize(quats, dim=1).T
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)]
    rows += [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)]
    rows += [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    return torch.stack(rows, dim=1).reshape(-1, 3, 3)


def _lists(means2d: Tensor, extents: Tensor, depth: Tensor, camera: Camera) -> list[Tensor]:
    """For every tile, row by row, the Gaussians that may reach it, from near to far."""
    order = torch.argsort(depth, stable=True)
    order = order[extents[order, 0] > 0]
    low, high = ((means2d + sign * extents)[order] / TILE for sign in (-1, 1))
    lists = []
    for ty in range(-(-camera.height // TILE)):
        row = (low[:, 1] < ty + 1) & (high[:, 1] > ty)
        left, right, ids = low[row, 0], high[row, 0], order[row]
        lists += [ids[(left < tx + 1) & (right > tx)] for tx in range(-(-camera.width // TILE))]
    return lists


def _blend(rows: Tensor, tx: int, ty: int) -> Tensor:
    """One tile, [TILE, TILE, 3], of rows (x, y, A, B, C, opacity, r, g, b) from near to far."""
    centres = torch.arange(TILE, device=rows.device) + 0.5
    dx, dy = centres + TILE * tx - rows[:, :1], centres + TILE * ty - rows[:, 1:2]
    a, b, c, opacity = (rows[:, k, None, None] for k in (2, 3, 4, 5))
    dx, dy = dx[:, None, :], dy[:, :, None]
    alpha = (opacity * torch.exp(-0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy)).clamp(max=ALPHA_MAX)
    alpha = torch.where(alpha >= ALPHA_MIN, alpha, 0.0)
    after = torch.cumprod(1 - alpha, dim=0)
    before = torch.cat([torch.ones_like(after[:1]), after[:-1]]) if len(rows) else after
    weights = torch.where(after > T_MIN, before * alpha, 0.0)
    return torch.einsum("nhw,nc->hwc", weights, rows[:, 6:])
