"""Rasterizers that tests make up: gsplat's package played on the processor, and one that pretends to be a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rendering
from tests.reference_rasterizer import render_reference


@dataclass
class FakeGsplat:
    """Plays the package gsplat 1.5.3 with the dense reference; keeps what it was called with, and is as strict."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    def rasterization(
        self, means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane=0.01, far_plane=1e10,
        radius_clip=0.0, eps2d=0.3, sh_degree=None, packed=True, tile_size=16, backgrounds=None, render_mode="RGB",
        sparse_grad=False, absgrad=False, rasterize_mode="classic",
    ):  # fmt: skip
        self.calls.append(locals() | {"self": None})
        n = len(means)
        assert means.shape == (n, 3) and quats.shape == (n, 4) and scales.shape == (n, 3) and opacities.shape == (n,)
        assert colors.shape == (n, (sh_degree + 1) ** 2, 3) and viewmats.shape == (1, 4, 4) and Ks.shape == (1, 3, 3)
        assert all(t.dtype == torch.float32 for t in (means, quats, scales, opacities, colors, viewmats, Ks))
        assert render_mode == "RGB+ED" and backgrounds is None and rasterize_mode == "classic"
        camera = Camera(*(m[0].double().numpy() for m in (Ks, viewmats)), width, height)
        scene = Gaussians(*(t.double() for t in (means, quats, scales, opacities, colors)))
        drawn = render_reference(scene, camera, near_plane, far_plane, eps2d)
        picture = torch.cat([drawn.rgb, drawn.depth[..., None]], dim=-1).float()
        return picture[None], drawn.alpha.float()[None, ..., None], {}


@dataclass(frozen=True)
class AsIfOnACard:
    """The processor's rasterizer under the name of a device, so that whoever asks for it treats it as a card.

    torch calls the same memory "cpu:0" and "cpu": what is sent there arrives, and can be told from what was not.
    """

    device: str = "cpu:0"
    name: str = "as if on a card"
    notices: tuple[str, ...] = ()

    def render(self, gaussians: Gaussians, camera: Camera) -> Rendering:
        return CpuRasterizer().render(gaussians, camera)


def a_card(gib: float = 24.0, capability: tuple[int, int] = (9, 0)) -> SimpleNamespace:
    """What torch tells of a card."""
    major, minor = capability
    return SimpleNamespace(name="A card", total_memory=int(gib * 2**30), major=major, minor=minor)


def seen_from_the_origin(size: int = 32) -> Camera:
    return Camera.from_fov(60.0, size, size)


def far_wall(n: int = 400, depth_m: float = 3.0, seed: int = 0) -> Gaussians:
    """Gaussians all over a wall, of every colour."""
    rng = np.random.default_rng(seed)
    means = np.column_stack([rng.uniform(-1.5, 1.5, (n, 2)), np.full(n, depth_m)])
    quats, scales = np.tile([1.0, 0, 0, 0], (n, 1)), np.full((n, 3), 0.1)
    parts = means, quats, scales, rng.uniform(0.3, 0.9, n), rng.normal(0, 1, (n, 1, 3))
    return Gaussians(*(torch.from_numpy(part.astype(np.float32)) for part in parts))
