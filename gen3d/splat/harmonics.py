"""Colours that change with the viewing direction: real spherical harmonics of degree 0 to 3, as .ply files hold them.

    rgb = max(0, 0.5 + sum_k Y_k(d) sh_k),  d = unit vector from the camera to the mean

Y_k with the Condon-Shortley sign, ordered by degree and then from -l to l: the convention of 3DGS. The rasterizers know
degree 0 and 1, which is what is fitted here; `seen_from` makes any other scene one that they can draw.
"""

from __future__ import annotations

from dataclasses import replace
from math import pi, sqrt

import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.splat.gaussians import SH_C0, Gaussians, sh_from_rgb

DRAWN_DEGREE = 1
"""The highest degree that every rasterizer draws by itself. From our kernels."""


def seen_from(gaussians: Gaussians, camera: Camera) -> Gaussians:
    """The same Gaussians with the constant colours, degree 0, that this camera sees; degree 3 at most."""
    center = torch.from_numpy(camera.center).to(gaussians.means)
    directions = torch.nn.functional.normalize(gaussians.means - center, dim=1)
    basis = harmonics(directions, gaussians.sh_degree)
    rgb = 0.5 + torch.einsum("nk,nkc->nc", basis, gaussians.sh)
    return replace(gaussians, sh=sh_from_rgb(rgb.clamp_min(0)))


def drawable_from(gaussians: Gaussians, camera: Camera) -> Gaussians:
    """What to hand to a rasterizer: the Gaussians themselves where it draws their degree, else `seen_from`."""
    return gaussians if gaussians.sh_degree <= DRAWN_DEGREE else seen_from(gaussians, camera)


def harmonics(directions: Float[torch.Tensor, "n 3"], degree: int) -> Float[torch.Tensor, "n k"]:
    """The basis functions of unit vectors, k = (degree + 1)^2; ValueError above degree 3."""
    if degree > 3:
        raise ValueError(f"spherical harmonics of degree {degree}; 3 is the highest that is known")
    x, y, z = directions.T
    xx, yy, zz = x * x, y * y, z * z
    basis = [torch.full_like(x, SH_C0)]
    if degree > 0:
        basis += [sqrt(3 / (4 * pi)) * f for f in (-y, z, -x)]
    if degree > 1:
        pair, flat, round_ = sqrt(15 / (4 * pi)), sqrt(15 / (16 * pi)), sqrt(5 / (16 * pi))
        basis += [pair * x * y, -pair * y * z, round_ * (2 * zz - xx - yy), -pair * x * z, flat * (xx - yy)]
    if degree > 2:
        a, b, c = sqrt(35 / (32 * pi)), sqrt(105 / (4 * pi)), sqrt(21 / (32 * pi))
        basis += [-a * y * (3 * xx - yy), b * x * y * z, -c * y * (4 * zz - xx - yy)]
        basis += [sqrt(7 / (16 * pi)) * z * (2 * zz - 3 * xx - 3 * yy), -c * x * (4 * zz - xx - yy)]
        basis += [b / 2 * z * (xx - yy), -a * x * (xx - 3 * yy)]
    return torch.stack(basis, dim=1)
