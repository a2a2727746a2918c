"""Scenes of a few thousand Gaussians whose shape is known: a card, a closed room, a photo of the box room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.geometry.points import lift
from gen3d.splat.gaussians import Gaussians, from_points, joined, sh_from_rgb
from gen3d.splat.role import Rendering
from tests.worlds import box_room

LENS = Camera.from_intrinsics(90.0, 84.0, 55.0, 33.0, 96, 72)
"""Off centre, and not of square pixels."""


def photo_scene(camera: Camera = LENS) -> Gaussians:
    """The box room as one photo shows it, a Gaussian a pixel."""
    rgbd = box_room().view(camera)
    return from_points(lift(rgbd, np.ones_like(rgbd.depth, dtype=bool), 0, 10.0))


def tinted(gaussians: Gaussians, strength: float = 0.3) -> Gaussians:
    """With colours that change with the direction they are seen from, from place to place in another way."""
    rest = strength * torch.randn(3, 3, 3, generator=torch.Generator().manual_seed(1))
    sh = torch.cat([gaussians.sh[:, :1], torch.einsum("nk,kij->nij", torch.sin(gaussians.means), rest)], dim=1)
    return replace(gaussians, sh=sh)


def sheet(center: tuple, right: tuple, down: tuple, step: float) -> Gaussians:
    """A solid rectangle, `right` and `down` from its centre to its edges, a Gaussian every `step` metres."""
    right, down = np.array(right, float), np.array(down, float)
    across, along = (max(2, round(2 * np.linalg.norm(v) / step)) for v in (right, down))
    u, v = np.meshgrid((np.arange(across) + 0.5) / across * 2 - 1, (np.arange(along) + 0.5) / along * 2 - 1)
    xyz = np.array(center) + u.reshape(-1, 1) * right + v.reshape(-1, 1) * down
    n = len(xyz)
    axes = torch.zeros(n, 4)
    axes[:, 0] = 1
    return Gaussians(
        torch.from_numpy(xyz).float(), axes, torch.full((n, 3), 0.6 * step), torch.full((n,), 0.95),
        sh_from_rgb(torch.full((n, 3), 0.5)),
    )  # fmt: skip


def closed_room(half: tuple[float, float, float], center: tuple[float, float, float], step: float) -> Gaussians:
    """The six walls of a box."""
    x, y, z = np.diag(half)
    c = np.array(center)
    walls = [(c + s * a, b, d) for a, b, d in ((x, y, z), (y, x, z), (z, x, y)) for s in (-1, 1)]
    return joined(*(sheet(tuple(at), tuple(b), tuple(d), step) for at, b, d in walls))


def shown(drawn: Rendering) -> np.ndarray:
    """The picture, float in [0, 1]."""
    return drawn.rgb.clamp(0, 1).numpy()
