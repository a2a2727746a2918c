"""Antialiased rendering, for scenes that were fitted with it: gsplat's "antialiased", Brush's "mip".

The low-pass on the screen makes what is smaller than a pixel wider, and so brighter. Here its opacity falls as it gains
in area,

    opacity' = opacity sqrt(det Sigma' / det(Sigma' + eps2d I)),

Sigma' being the covariance on the screen. It is applied to the opacities before rasterization, so it works with every
rasterizer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer, Rendering

LOW_PASS = 0.3
"""Variance that the rasterizers add on the screen, square pixels. From gsplat, whose default it is."""
_BESIDE = 0.15
"""The projection is linearised within so many widths beside the picture. From gsplat and our kernels."""


@dataclass(frozen=True, eq=False, slots=True)
class Antialiased:
    """A rasterizer with the opacities compensated for its low-pass."""

    playing: Rasterizer

    @property
    def name(self) -> str:
        """As of the one that plays."""
        return self.playing.name

    @property
    def device(self) -> str:
        """As of the one that plays."""
        return self.playing.device

    @property
    def notices(self) -> tuple[str, ...]:
        """As of the one that plays."""
        return self.playing.notices

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view, with gradients as of the one that plays."""
        return self.playing.render(dimmed(gaussians, camera), camera)


def suited(rasterizer: Rasterizer, antialiased: bool) -> Rasterizer:
    """The rasterizer, antialiased if the scene was fitted so."""
    return Antialiased(rasterizer) if antialiased else rasterizer


def dimmed(gaussians: Gaussians, camera: Camera) -> Gaussians:
    """The same Gaussians with the opacities that compensate for the low-pass through this camera."""
    share = compensation(gaussians.means, gaussians.quats, gaussians.scales, camera)
    return replace(gaussians, opacities=gaussians.opacities * share)


def compensation(
    means: Float[torch.Tensor, "n 3"],
    quats: Float[torch.Tensor, "n 4"],
    scales: Float[torch.Tensor, "n 3"],
    camera: Camera,
) -> Float[torch.Tensor, "n"]:
    """sqrt(det Sigma' / det(Sigma' + eps2d I)), between 0 and 1; 1 for what lies behind the camera."""
    w2c = torch.from_numpy(camera.w2c).to(means)
    seen = means @ w2c[:3, :3].T + w2c[:3, 3]
    ahead = seen[:, 2] > 0
    z = torch.where(ahead, seen[:, 2], 1.0)
    rows = [_row(seen[:, axis] / z, z, axis, w2c, camera) for axis in (0, 1)]
    axes = _rotations(quats) * scales[:, None, :]
    m0, m1 = (torch.einsum("ni,nij->nj", row, axes) for row in rows)
    area = torch.linalg.cross(m0, m1).square().sum(dim=1)  # the determinant, by Lagrange's identity
    trace = m0.square().sum(dim=1) + m1.square().sum(dim=1)
    share = (area / (area + LOW_PASS * (trace + LOW_PASS))).clamp(0, 1).sqrt()
    return torch.where(ahead, share, 1.0)


def _row(
    ratio: torch.Tensor, z: torch.Tensor, axis: int, w2c: torch.Tensor, camera: Camera
) -> Float[torch.Tensor, "n 3"]:
    """A row of J W: how a pixel coordinate moves with the world; x/z is held near the picture."""
    focal, middle, side = camera.K[axis, axis], camera.K[axis, 2], (camera.width, camera.height)[axis]
    held = ratio.clamp((-_BESIDE * side - middle) / focal, ((1 + _BESIDE) * side - middle) / focal)
    return (w2c[axis, :3] - held[:, None] * w2c[2, :3]) * (focal / z)[:, None]


def _rotations(quats: torch.Tensor) -> Float[torch.Tensor, "n 3 3"]:
    w, x, y, z = torch.nn.functional.normalize(quats, dim=1).T
    rows = (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip
    return torch.stack(rows, dim=1).reshape(-1, 3, 3)
