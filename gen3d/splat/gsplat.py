"""gsplat, the field's own rasterizer, on a CUDA card; it compiles itself on first use (minutes), then is kept by torch.

Its classic mode is what `role.py` promises. Two things differ from what it is handed: the near plane, which is
ours (a thousandth of the median depth) and is drawn by taking the opacity from what lies before it, so that no number
has to come back from the card; and gsplat's own, which then only keeps out what is behind the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import MEDIAN_SAMPLES, NEAR_OF_MEDIAN, Rendering
from gen3d.splat.toolkit import find_toolkit, prepare

LOW_PASS = 0.3
"""Variance added on the screen, square pixels. From gsplat, whose default it is."""
BEHIND = 1e-6
"""gsplat's near plane, metres: below any of ours. Chosen by eye."""
BEYOND = 1e30
"""gsplat's far plane: beyond any shell of the sky. Chosen by eye."""


@dataclass(frozen=True, eq=False)
class GsplatRasterizer:
    """Draws with gsplat."""

    gsplat: Any
    """The package, or what stands for it."""
    device: str = "cuda"
    name: str = "gsplat"
    notices: tuple[str, ...] = ()

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        """One view on black, on the device, differentiable in means, quats, scales, opacities and sh (degree 0 to 3).

        NaN and inf in the input are not checked for: that would mean waiting for the card.
        """
        g, (h, w) = gaussians.to(self.device), (camera.height, camera.width)
        if not len(g):
            return _nothing(g, h, w)
        pose, K = (self._sent(matrix) for matrix in (camera.w2c, camera.K))
        opacities = torch.where(before_near_plane(g.means, pose), 0.0, g.opacities)
        drawn, alpha, _ = self.gsplat.rasterization(
            g.means, g.quats, g.scales, opacities, g.sh, pose[None], K[None], w, h,
            near_plane=BEHIND, far_plane=BEYOND, eps2d=LOW_PASS, sh_degree=g.sh_degree, packed=False,
            render_mode="RGB+ED", rasterize_mode="classic",
        )  # fmt: skip
        return Rendering(drawn[0, ..., :3], alpha[0, ..., 0], drawn[0, ..., 3])

    def _sent(self, matrix: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(matrix, np.float32)).to(self.device, non_blocking=True)


def before_near_plane(means: Float[Tensor, "n 3"], w2c: Float[Tensor, "4 4"]) -> Tensor:
    """True for what lies nearer than a thousandth of the median depth of what is in front of the camera, or behind it.

    n bool, found without waiting for the device.
    """
    z = (means.detach() * w2c[2, :3]).sum(dim=1) + w2c[2, 3]
    some = z[:: max(1, len(z) // MEDIAN_SAMPLES)]
    median = torch.nanmedian(torch.where(some > 0, some, torch.nan))
    return ~(z >= NEAR_OF_MEDIAN * median)  # so written, all are before it where the median is no number


def _nothing(empty: Gaussians, h: int, w: int) -> Rendering:
    """The rendering of no Gaussians; it has a gradient, as any rendering."""
    zero = sum(part.sum() for part in (empty.means, empty.quats, empty.scales, empty.opacities, empty.sh))
    plane = torch.zeros(h, w, device=empty.means.device) + zero
    return Rendering(plane[..., None].expand(h, w, 3), plane, plane)


def load_gsplat() -> GsplatRasterizer:
    """gsplat, compiled for the card that is here if need be; minutes, the first time on a machine.

    Raises ImportError where the package or its compiled half cannot be had, RuntimeError or OSError where it does not
    compile.
    """
    import gsplat

    if (toolkit := find_toolkit()) is not None:
        prepare(toolkit, torch.cuda.get_device_capability())
    from gsplat.cuda import _backend

    if _backend._C is None:
        raise ImportError("no CUDA toolkit (nvcc) was found to compile gsplat with")
    return GsplatRasterizer(gsplat)
