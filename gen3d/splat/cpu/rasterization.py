"""The rasterizer with the call of `gsplat.rasterization`: plain tensors, several cameras, one function.

What is left out of gsplat's: batches, packed results, distributed and sparse gradients, other camera models, harmonics
above degree 1, gradients of the cameras. `means2d` in `meta` has no gradient.
"""

from __future__ import annotations

from typing import Literal, assert_never

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gen3d.splat.cpu.function import KernelCamera, draw
from gen3d.splat.cpu.kernels import EPS_2D, EXTENT_X, EXTENT_Y, MX, MY, make_lens

RenderMode = Literal["RGB", "RGB+D", "RGB+ED"]
MIN_ALPHA = 1e-10
"""Expected depth divides by at least this."""


def rasterization(
    means: Float[Tensor, "n 3"],
    quats: Float[Tensor, "n 4"],
    scales: Float[Tensor, "n 3"],
    opacities: Float[Tensor, "n"],
    colors: Float[Tensor, "n 3"] | Float[Tensor, "n k 3"],
    viewmats: Float[Tensor, "c 4 4"],
    Ks: Float[Tensor, "c 3 3"],
    width: int,
    height: int,
    near_plane: float = 0.01,
    far_plane: float = 1e10,
    eps2d: float = EPS_2D,
    sh_degree: int | None = None,
    backgrounds: Float[Tensor, "c 3"] | None = None,
    render_mode: RenderMode = "RGB",
    rasterize_mode: Literal["classic", "antialiased"] = "classic",
) -> tuple[Float[Tensor, "c h w d"], Float[Tensor, "c h w 1"], dict[str, Tensor]]:
    """Pictures of the Gaussians from c cameras: (renders, alphas, meta).

    quats are wxyz of any length, scales standard deviations, opacities in [0, 1], viewmats world-to-camera in OpenCV
    axes, Ks in pixels. colors are rgb (n 3), or spherical harmonics (n k 3) up to `sh_degree` 0 or 1. Means nearer than
    near_plane or farther than far_plane are not drawn; eps2d is the low-pass in px^2, for which "antialiased" makes
    up in opacity. renders hold rgb over `backgrounds` (black where there are none), premultiplied by alpha, and for
    "RGB+D" the sum of weights times z, for "RGB+ED" that over alpha. meta: "radii" [c, n, 2] int32 in px, 0 for what is
    not visible; "means2d" [c, n, 2] in px, 0 likewise; "visible" [c], how many are.

    Differentiable in means, quats, scales, opacities, colors and backgrounds. Raises ValueError for NaN, infinities and
    shapes that do not fit together.
    """
    _check_shapes(means, quats, scales, opacities, colors)
    if not len(viewmats) == len(Ks) > 0:
        raise ValueError(f"viewmats is {tuple(viewmats.shape)}, Ks {tuple(Ks.shape)}; one of each per camera")
    parts = {"means": means, "quats": quats, "scales": scales, "opacities": opacities}
    parts["colors"] = _coefficients(colors, sh_degree)
    views = []
    for viewmat, K in zip(viewmats, Ks, strict=True):
        w2c, K = (np.ascontiguousarray(m.detach().numpy(), dtype=np.float64) for m in (viewmat, K))
        if not (np.isfinite(w2c).all() and np.isfinite(K).all()):
            raise ValueError("viewmats or Ks hold NaN or inf")
        antialiased = rasterize_mode == "antialiased"
        lens = make_lens(K, width, height, near_plane, far_plane, eps2d, antialiased, plain=sh_degree is None)
        center = -np.linalg.solve(w2c[:3, :3], w2c[:3, 3])
        camera = KernelCamera(lens, np.ascontiguousarray(w2c[:3], np.float32), center.astype(np.float32), height, width)
        views.append(draw(parts, camera))
    rgb, depth, alpha, packed = (torch.stack(v) for v in zip(*views, strict=True))
    alpha = alpha[..., None]
    if backgrounds is not None:
        rgb = rgb + (1 - alpha) * backgrounds[:, None, None]
    return _channels(rgb, depth[..., None], alpha, render_mode), alpha, _meta(packed)


def _check_shapes(means: Tensor, quats: Tensor, scales: Tensor, opacities: Tensor, colors: Tensor) -> None:
    n = len(means)
    expected = {"means": (n, 3), "quats": (n, 4), "scales": (n, 3), "opacities": (n,)}
    for (name, shape), part in zip(expected.items(), (means, quats, scales, opacities), strict=True):
        if tuple(part.shape) != shape:
            raise ValueError(f"{name} is {tuple(part.shape)}, not {shape}")
    if len(colors) != n or colors.shape[-1] != 3:
        raise ValueError(f"colors is {tuple(colors.shape)}, not ({n}, 3) or ({n}, k, 3)")


def _coefficients(colors: Tensor, sh_degree: int | None) -> Tensor:
    """As many coefficients as the degree takes, n k 3; rgb counts as one."""
    if sh_degree is None:
        if colors.ndim != 2:
            raise ValueError(f"colors is {tuple(colors.shape)}; say the sh_degree of coefficients")
        return colors[:, None]
    k = (sh_degree + 1) ** 2
    if sh_degree not in (0, 1) or colors.ndim != 3 or colors.shape[1] < k:
        raise ValueError(f"sh_degree is {sh_degree} and colors {tuple(colors.shape)}; degree 0 takes 1, degree 1 four")
    return colors[:, :k]


def _channels(rgb: Tensor, depth: Tensor, alpha: Tensor, mode: RenderMode) -> Tensor:
    match mode:
        case "RGB":
            return rgb
        case "RGB+D":
            return torch.cat([rgb, depth], dim=-1)
        case "RGB+ED":
            return torch.cat([rgb, depth / alpha.clamp(min=MIN_ALPHA)], dim=-1)
        case _:
            assert_never(mode)


def _meta(packed: Float[Tensor, "c n row"]) -> dict[str, Tensor]:
    radii = packed[..., [EXTENT_X, EXTENT_Y]].ceil().to(torch.int32)
    drawn = (radii > 0).all(dim=-1)
    means2d = torch.where(drawn[..., None], packed[..., [MX, MY]], 0.0)
    return {"radii": radii, "means2d": means2d, "visible": drawn.sum(dim=-1)}
