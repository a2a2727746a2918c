"""Gaussians moved, turned, scaled or mirrored as a whole, so that the picture of them stays what it was.

A matrix A = s Q + t with Q orthogonal turns the covariance R S S R^T into s^2 Q R S S R^T Q^T. Where Q mirrors, Q R is
no rotation, but -Q R is one and has the same covariance: so quaternions get det(Q) Q. A colour seen along d before is
seen along Q d after, which the harmonics of each degree say in another mixture of the same degree.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from gen3d.splat.gaussians import Gaussians, turning
from gen3d.splat.harmonics import harmonics

_ORTHOGONAL = 1e-6
"""How far Q Q^T may be from the identity. Chosen by eye: far above rounding, far below what is seen."""


def placed(gaussians: Gaussians, matrix: Float[np.ndarray, "4 4"]) -> Gaussians:
    """The Gaussians after x -> A x; ValueError for a matrix that stretches or shears."""
    if np.array_equal(matrix, np.eye(4)):
        return gaussians
    scale, Q = parted(matrix)
    g = gaussians.detached()
    linear, offset = (torch.from_numpy(part.copy()).to(g.means.device) for part in (matrix[:3, :3], matrix[:3, 3]))
    return replace(
        g,
        means=(g.means.double() @ linear.T + offset).float(),
        quats=turned_quats(g.quats, Q),
        scales=g.scales * scale,
        sh=turned_harmonics(g.sh, Q),
    )


def parted(matrix: Float[np.ndarray, "4 4"]) -> tuple[float, Float[np.ndarray, "3 3"]]:
    """The positive factor s and the orthogonal Q of a matrix; ValueError where it is not such a product."""
    linear = matrix[:3, :3]
    scale = float(abs(np.linalg.det(linear)) ** (1 / 3))
    Q = linear / scale if scale > 0 else linear
    if np.abs(Q @ Q.T - np.eye(3)).max() > _ORTHOGONAL:
        raise ValueError("the matrix does not keep shapes")
    return scale, Q


def turned_quats(quats: Float[torch.Tensor, "n 4"], Q: Float[np.ndarray, "3 3"]) -> Float[torch.Tensor, "n 4"]:
    """wxyz, each as long as it was."""
    by = turning(Q * np.linalg.det(Q))
    return (quats.double() @ torch.from_numpy(by.T.copy()).to(quats.device)).float()


def turned_harmonics(sh: Float[torch.Tensor, "n k 3"], Q: Float[np.ndarray, "3 3"]) -> Float[torch.Tensor, "n k 3"]:
    """The coefficients of f(Q^T d) from those of f(d)."""
    degree = int(sh.shape[1] ** 0.5) - 1
    if degree == 0:
        return sh
    directions = _directions()
    before, after = harmonics(directions @ torch.from_numpy(Q.copy()), degree), harmonics(directions, degree)
    mixture = torch.zeros(sh.shape[1], sh.shape[1], dtype=torch.float64)
    for first, last in ((n * n, (n + 1) ** 2) for n in range(degree + 1)):
        mixture[first:last, first:last] = torch.linalg.lstsq(after[:, first:last], before[:, first:last]).solution
    return torch.einsum("jk,nkc->njc", mixture.to(sh), sh)


def _directions(count: int = 64) -> Float[torch.Tensor, "m 3"]:
    """Unit vectors all around (a Fibonacci lattice): more than enough to tell 16 harmonics apart."""
    i = torch.arange(count, dtype=torch.float64) + 0.5
    y, turn = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    around = (1 - y * y).sqrt()
    return torch.stack([around * turn.cos(), y, around * turn.sin()], dim=1)
