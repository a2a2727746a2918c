"""The soft shadow where something stands: a disc of small dark Gaussians, the same that the viewer draws (things.js).

One large Gaussian would not do: it is drawn as a whole before or after each of those that it lies on. The disc lies
around the origin of its own world, across the vertical, with radius 1; its opacity falls off smoothly to the rim.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from gen3d.splat.gaussians import Gaussians, joined, sh_from_rgb

ACROSS, WIDTH, THIN = 31, 0.6, 0.05
"""Gaussians across the disc; their standard deviation as a share of how far they are apart; and across the disc, as a
share of that. Chosen by eye."""
DARKEST, FULL = 0.5, 0.5
"""How much light the disc takes away in its middle, and up to which radius. Chosen by eye."""
STEP = 2 / ACROSS
"""Between two Gaussians of the disc, whose radius is 1. Follows from ACROSS."""


def disc_places() -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n"]]:
    """Where the Gaussians of the unit disc are, along its two axes, and their opacities.

    Where they overlap, their densities sum up to 2 pi WIDTH^2 times one's, and light is lost as its exponential.
    """
    line = (np.arange(ACROSS) + 0.5) * STEP - 1
    xz = np.stack(np.meshgrid(line, line, indexing="xy"), axis=2).reshape(-1, 2)
    radius = np.hypot(*xz.T)
    t = np.clip((1 - radius) / (1 - FULL), 0, 1)
    dark = DARKEST * t * t * (3 - 2 * t)
    opacity = -np.log(1 - dark) / (2 * np.pi * WIDTH**2)
    some = opacity > 2 / 255
    return xz[some], opacity[some]


def discs(places: list[Float[np.ndarray, "4 4"]], sh_degree: int) -> Gaussians:
    """A disc where each of these puts the unit disc; black, of no thing."""
    return joined(*(_disc(place, sh_degree) for place in places))


def _disc(place: Float[np.ndarray, "4 4"], sh_degree: int) -> Gaussians:
    xz, opacity = disc_places()
    lengths = np.linalg.norm(place[:3, :3], axis=0)
    axes = place[:3, :3] / lengths
    axes = axes * np.linalg.det(axes)  # a mirrored ellipsoid is the same
    means = xz @ place[:3, [0, 2]].T + place[:3, 3]
    scales = WIDTH * STEP * lengths * (1, THIN, 1)
    sh = torch.zeros(len(xz), (sh_degree + 1) ** 2, 3)
    sh[:, :1] = sh_from_rgb(torch.zeros(len(xz), 3))
    return Gaussians(
        torch.from_numpy(means).float(), _all(_quat(axes), len(xz)), _all(scales, len(xz)),
        torch.from_numpy(opacity).float(), sh, things=torch.zeros(len(xz), dtype=torch.int32),
    )  # fmt: skip


def _quat(axes: np.ndarray) -> np.ndarray:
    return Rotation.from_matrix(axes).as_quat(scalar_first=True)


def _all(row: np.ndarray, count: int) -> torch.Tensor:
    return torch.from_numpy(np.tile(row, (count, 1))).float()
