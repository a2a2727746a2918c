"""Our axes to those of glTF, USD and SPZ, and back: x right, y up, z back, which is half a turn about x.

Positions, rotations and harmonics turn together; scales are along a Gaussian's own axes, and stay.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from gen3d.splat.gaussians import Gaussians

Y_UP = np.array([1.0, -1.0, -1.0])
"""What each of our axes is multiplied by; its own inverse."""
_PARITY = ("y", "z", "x", "xy", "yz", "", "xz", "", "y", "xyz", "y", "z", "x", "z", "x")
"""Axes in which each harmonic of degree 1 to 3 is odd."""


def y_up(gaussians: Gaussians) -> Gaussians:
    """The Gaussians in those axes, or from them in ours."""
    g = gaussians.detached()
    signs = torch.from_numpy(Y_UP).to(g.means)
    quats = g.quats * torch.tensor([1.0, 1.0, -1.0, -1.0]).to(g.quats)
    sh = torch.cat([g.sh[:, :1], g.sh[:, 1:] * torch.from_numpy(sh_signs(Y_UP, g.sh.shape[1] - 1)).to(g.sh)], dim=1)
    return replace(g, means=g.means * signs, quats=quats, sh=sh)


def turned_quats(quats: Float[np.ndarray, "n 4"], signs: Float[np.ndarray, "3"]) -> Float[np.ndarray, "n 4"]:
    """The unit quaternions wxyz of D R D, for D the axes' signs."""
    return quats / np.linalg.norm(quats, axis=1, keepdims=True) * np.array([1, *(signs.prod() * signs)])


def sh_signs(signs: Float[np.ndarray, "3"], k: int) -> Float[np.ndarray, "k 1"]:
    """What the first k harmonics above degree 0 are multiplied by."""
    of = dict(zip("xyz", signs, strict=True))
    return np.array([math.prod(of[axis] for axis in axes) for axes in _PARITY[:k]], np.float32).reshape(-1, 1)
