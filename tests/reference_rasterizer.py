"""The rasterizer's meaning, written down plainly: dense, float64, every pixel against every Gaussian, torch autograd.

Slow and obvious on purpose. Equations and constants as in `gen3d/splat/cpu/kernels.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.gaussians import SH_C0, Gaussians

ALPHA_MAX, ALPHA_MIN, T_MIN, EPS_2D = 0.999, 1 / 255, 1e-4, 0.3
SH_C1 = 0.4886025119029199


@dataclass(frozen=True, eq=False)
class Reference:
    rgb: Tensor
    alpha: Tensor
    depth: Tensor
    doubtful: Tensor
    """h w: pixels where rounding may decide a cutoff, so that no float32 rasterizer can be held to the value."""


def render_reference(
    gaussians: Gaussians,
    camera: Camera,
    near: float = 1e-30,
    far: float = float("inf"),
    eps2d: float = EPS_2D,
    antialiased: bool = False,
) -> Reference:
    z = _camera_xyz(gaussians.means, camera)[:, 2].detach()
    order = torch.argsort(z, stable=True)
    order = order[(z[order] >= near) & (z[order] <= far)]
    means, quats, scales, opacities, sh = (
        part[order] for part in (gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities, gaussians.sh)
    )
    covariance = _covariance(means, quats, scales, camera)
    blurred = covariance + eps2d * torch.eye(2).to(means)
    if antialiased:
        opacities = opacities * torch.sqrt(torch.linalg.det(covariance) / torch.linalg.det(blurred))
    free_alpha = opacities[:, None, None] * torch.exp(-_sigma(means, blurred, camera))
    capped = free_alpha.clamp_max(ALPHA_MAX)
    alpha = torch.where(capped >= ALPHA_MIN, capped, 0.0)
    T_after = torch.cumprod(1 - alpha, dim=0)
    T = torch.cat([torch.ones_like(T_after[:1]), T_after[:-1]])
    weight = torch.where(T_after > T_MIN, T * alpha, 0.0)
    colour = torch.cat([_colour(means, sh, camera), _camera_xyz(means, camera)[:, 2:]], dim=1)
    drawn = torch.einsum("nhw,nc->hwc", weight, colour)
    total = weight.sum(0)
    return Reference(
        drawn[..., :3],
        total,
        drawn[..., 3] / torch.where(total > 0, total, 1.0),
        _near(free_alpha, ALPHA_MIN) | _near(free_alpha, ALPHA_MAX) | _near(T_after, T_MIN),
    )


def _near(values: Tensor, cutoff: float) -> Tensor:
    return ((values / cutoff - 1).abs() < 3e-4).any(dim=0)


def _camera_xyz(means: Tensor, camera: Camera) -> Tensor:
    w2c = torch.from_numpy(camera.w2c).to(means)
    return means @ w2c[:3, :3].T + w2c[:3, 3]


def _colour(means: Tensor, sh: Tensor, camera: Camera) -> Tensor:
    x, y, z = torch.nn.functional.normalize(means - torch.from_numpy(camera.center).to(means), dim=1).T[..., None]
    colour = 0.5 + SH_C0 * sh[:, 0]
    if sh.shape[1] > 1:
        colour = colour + SH_C1 * (-y * sh[:, 1] + z * sh[:, 2] - x * sh[:, 3])
    return colour.clamp_min(0)


def _covariance(means: Tensor, quats: Tensor, scales: Tensor, camera: Camera) -> Tensor:
    """n 2 2: on the screen, before the low-pass."""
    (fx, _, cx), (_, fy, cy), _ = camera.K
    X, Y, Z = _camera_xyz(means, camera).T
    beyond_x, beyond_y = 0.15 * camera.width / fx, 0.15 * camera.height / fy
    u = (X / Z).clamp(-cx / fx - beyond_x, (camera.width - cx) / fx + beyond_x)
    v = (Y / Z).clamp(-cy / fy - beyond_y, (camera.height - cy) / fy + beyond_y)
    zero = torch.zeros_like(Z)
    J = torch.stack([fx / Z, zero, -fx * u / Z, zero, fy / Z, -fy * v / Z], dim=1).reshape(-1, 2, 3)
    M = J @ torch.from_numpy(camera.w2c[:3, :3]).to(means) @ _rotation(quats) @ torch.diag_embed(scales)
    return M @ M.transpose(1, 2)


def _sigma(means: Tensor, covariance: Tensor, camera: Camera) -> Tensor:
    """n h w: half the squared Mahalanobis distance of every pixel centre."""
    (fx, _, cx), (_, fy, cy), _ = camera.K
    X, Y, Z = _camera_xyz(means, camera).T
    conic = torch.linalg.inv(covariance)
    dx = torch.arange(camera.width).to(means) + 0.5 - (fx * X / Z + cx)[:, None]
    dy = torch.arange(camera.height).to(means) + 0.5 - (fy * Y / Z + cy)[:, None]
    dx, dy = dx[:, None, :], dy[:, :, None]
    a, b, c = (conic[:, i, j, None, None] for i, j in ((0, 0), (0, 1), (1, 1)))
    return 0.5 * (a * dx * dx + c * dy * dy) + b * dx * dy


def _rotation(quats: Tensor) -> Tensor:
    w, x, y, z = torch.nn.functional.normalize(quats, dim=1).T
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)]
    rows += [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)]
    rows += [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    return torch.stack(rows, dim=1).reshape(-1, 3, 3)


def ssim_reference(image: Tensor, target: Tensor) -> Tensor:
    """SSIM as 3DGS computes it: an 11 x 11 Gaussian window of sigma 1.5, zero padding, mean over everything."""
    x = torch.arange(11).to(image) - 5
    window = torch.exp(-x * x / (2 * 1.5**2))
    window = torch.outer(window, window) / window.sum() ** 2
    window = window.expand(3, 1, 11, 11)

    def blur(maps: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(maps.permute(2, 0, 1)[None], window, padding=5, groups=3)

    a, b = blur(image), blur(target)
    var_a, var_b = blur(image * image) - a * a, blur(target * target) - b * b
    cov = blur(image * target) - a * b
    similarity = (2 * a * b + 0.01**2) * (2 * cov + 0.03**2)
    return (similarity / ((a * a + b * b + 0.01**2) * (var_a + var_b + 0.03**2))).mean()
