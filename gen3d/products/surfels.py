"""Gaussians as a mesh: a square for each, of its two larger axes, with its colour; for what no picture shows.

A mesh is made of the pictures that a scene was grown from. What was brought in is in none of them, so its squares stand
in for it: from nearby they are seen for what they are.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation

from gen3d.splat.gaussians import Gaussians
from gen3d.values import Mesh, Part

HALF = 1.5
"""A square's half side, in standard deviations. Chosen by eye: less leaves gaps, more frays the edges."""
FAINTEST = 0.4
"""What is more transparent has no square."""
MOST = 20_000
"""Of more, some are taken, so much larger that they cover as much."""
_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


def surfels(name: str, gaussians: Gaussians) -> Part | None:
    """The squares as a part of this name; None where there is nothing to be seen."""
    g = gaussians.detached().to("cpu")
    g = g.keep(g.opacities >= FAINTEST)
    every = math.ceil(len(g) / MOST) if len(g) else 1
    scales, axes = g.scales.double().numpy()[::every], Rotation.from_quat(g.quats.numpy()[::every], scalar_first=True)
    if not len(scales):
        return None
    order = np.argsort(-scales, axis=1)[:, :2]
    lengths = np.take_along_axis(scales, order, axis=1)
    edges = np.take_along_axis(axes.as_matrix(), order[:, None, :], axis=2) * lengths[:, None, :]
    around = HALF * math.sqrt(every) * np.einsum("nck,qk->nqc", edges, _CORNERS)
    xyz = (g.means.double().numpy()[::every][:, None] + around).reshape(-1, 3).astype(np.float32)
    first = 4 * np.arange(len(scales))[:, None]
    triangles = np.concatenate([first + np.array(corners) for corners in ((0, 1, 2), (0, 2, 3))])
    picture, uv = _colours(g.rgb.numpy()[::every])
    return Part(name, Mesh(xyz, np.repeat(uv, 4, axis=0), triangles), picture)


def _colours(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A picture with four pixels for each colour, so that none shows at another's place; and where each one is."""
    side = math.ceil(math.sqrt(len(rgb)))
    picture = np.zeros((side * side, 3), np.uint8)
    picture[: len(rgb)] = np.rint(255 * np.clip(rgb, 0, 1))
    number = np.arange(len(rgb))
    uv = (np.stack([number % side, number // side], axis=1) + 0.5) / side
    return picture.reshape(side, side, 3).repeat(2, axis=0).repeat(2, axis=1), uv.astype(np.float32)
