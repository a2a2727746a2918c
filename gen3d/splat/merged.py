"""Fewer Gaussians by merging neighbours: each that stays stands for those around it that go.

Where a scene's Gaussians all bring about as much to its views, leaving out those that bring least tears holes. So those
that stay are sampled evenly along a curve through space, the more densely the more they bring, and each takes up the
ones nearest to it: mean and covariance of the group as one Gaussian (their first two moments), its colours' mean, and
an opacity that lets as much through as before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from torch import Tensor

from gen3d.splat.gaussians import Gaussians
from gen3d.splat.morton import morton_codes

EVENNESS = 0.5
"""The power of what a Gaussian brings by which it is likely to stay: 0 takes all alike. Chosen by eye."""
CURVE_BITS = 16
"""Of a place along the curve, each axis. By definition: three times as many fit an integer of 64 bits."""
SMALLEST, HIGHEST_OPACITY = 1e-12, 0.999
"""What is divided by is no smaller, and what is opaque lets through so much. Chosen by eye: below what is seen."""


def merged(gaussians: Gaussians, total: Float[Tensor, "n"], most: int) -> Gaussians:
    """At most `most` Gaussians that stand for all of those that bring anything (`total`) to the views."""
    seen = total > 0
    if int(seen.sum()) <= most:
        return gaussians.keep(seen) if bool(seen.any()) else gaussians.keep(torch.arange(len(seen)) < most)
    g = gaussians.detached().to("cpu").keep(seen.cpu())
    weight = total[seen].double().cpu().numpy()
    chosen = _sampled(g.means.numpy(), weight**EVENNESS, most)
    group = cKDTree(g.means.numpy()[chosen]).query(g.means.numpy())[1]
    group[chosen] = np.arange(len(chosen))
    few = _of_groups(g, torch.from_numpy(group), torch.from_numpy(weight).clamp_min(SMALLEST), len(chosen))
    kept = torch.from_numpy(chosen)
    kinds, things = (None if known is None else known[kept] for known in (g.kinds, g.things))
    return replace(few, kinds=kinds, things=things)


def _sampled(xyz: Float[np.ndarray, "n 3"], likely: Float[np.ndarray, "n"], most: int) -> Int[np.ndarray, "k"]:
    """Indices, about evenly spread: every so much of the likelihood along a curve that keeps neighbours together."""
    order = np.argsort(_curve(xyz), kind="stable")
    passed = np.cumsum(likely[order])
    marks = (np.arange(most) + 0.5) / most * passed[-1]
    return np.unique(order[np.minimum(np.searchsorted(passed, marks), len(order) - 1)])


def _curve(xyz: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, "n"]:
    """Places along a Morton curve through what holds nearly all of the points."""
    low, high = np.quantile(xyz, (0.01, 0.99), axis=0)
    cells = np.clip((xyz - low) / max(float((high - low).max()), SMALLEST), 0, 1) * (2**CURVE_BITS - 1)
    return morton_codes(cells.astype(np.int64), CURVE_BITS)


def _of_groups(g: Gaussians, group: Tensor, weight: Tensor, count: int) -> Gaussians:
    """Each group as one Gaussian."""
    share = weight / torch.zeros(count, dtype=weight.dtype).index_add_(0, group, weight)[group]

    def mean(values: Tensor) -> Tensor:
        flat = values.double().reshape(len(values), -1) * share[:, None]
        return torch.zeros(count, flat.shape[1], dtype=flat.dtype).index_add_(0, group, flat)

    means = mean(g.means)
    apart = g.means.double() - means[group]
    spread = mean(_covariances(g) + apart[:, :, None] * apart[:, None, :]).reshape(-1, 3, 3)
    squares, axes = torch.linalg.eigh(spread)
    axes[torch.linalg.det(axes) < 0, :, 0] *= -1
    scales = squares.clamp_min(SMALLEST**2).sqrt()
    quats = Rotation.from_matrix(axes.numpy()).as_quat(scalar_first=True)
    cover = torch.zeros(count, dtype=weight.dtype).index_add_(0, group, _cover(g.scales.double(), g.opacities.double()))
    opacities = (cover / _cover(scales, torch.ones(count, dtype=scales.dtype))).clamp(max=HIGHEST_OPACITY)
    sh = mean(g.sh).reshape(count, -1, 3)
    return Gaussians(means.float(), torch.from_numpy(quats).float(), scales.float(), opacities.float(), sh.float())


def _covariances(g: Gaussians) -> Tensor:
    rotation = torch.from_numpy(Rotation.from_quat(g.quats.numpy(), scalar_first=True).as_matrix())
    along = rotation * g.scales.double()[:, None]
    return along @ along.transpose(1, 2)


def _cover(scales: Tensor, opacities: Tensor) -> Tensor:
    """Up to a factor, the surface that they cover: their two larger scales times their opacity."""
    return scales.sort(dim=1).values[:, 1:].prod(dim=1) * opacities
