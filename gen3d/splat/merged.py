"""Fewer Gaussians by merging neighbours: each that stays stands for those around it that go.

Where a scene's Gaussians all bring about as much to its views, leaving out those that bring least tears holes. So those
that stay are sampled evenly along a curve through space, the more densely the more they bring, and each takes up the
ones nearest to it: mean and covariance of the group as one Gaussian (their first two moments), its colours' mean, and
an opacity that lets as much through as before.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from gen3d.geometry.compiled import compiled
from gen3d.splat.cpu.ewa import cross
from gen3d.splat.gaussians import Gaussians, quaternion
from gen3d.splat.morton import morton_codes

EVENNESS = 0.5
"""The power of what a Gaussian brings by which it is likely to stay: 0 takes all alike. Chosen by eye."""
CURVE_BITS = 16
"""Of a place along the curve, each axis. By definition: three times as many fit an integer of 64 bits."""
SMALLEST, HIGHEST_OPACITY = 1e-12, 0.999
"""What is divided by is no smaller, and what is opaque lets through so much. Chosen by eye: below what is seen."""
SWEEPS, ROUNDING = 12, 1e-30
"""A matrix is turned upright until what is beside its diagonal, squared, is such a share. Measured: five sweeps."""


def merged(gaussians: Gaussians, total: Float[torch.Tensor, "n"], most: int) -> Gaussians:
    """At most `most` Gaussians that stand for all of those that bring anything (`total`) to the views."""
    seen = total > 0
    if int(seen.sum()) <= most:
        return gaussians.keep(seen) if bool(seen.any()) else gaussians.keep(torch.arange(len(seen)) < most)
    g = gaussians.detached().to("cpu").keep(seen.cpu())
    weight = total[seen].double().cpu().numpy()
    chosen = _sampled(g.means.numpy(), weight**EVENNESS, most)
    group, goes = np.empty(len(g), np.int64), np.ones(len(g), bool)
    group[chosen], goes[chosen] = np.arange(len(chosen)), False
    group[goes] = cKDTree(g.means.numpy()[chosen]).query(g.means.numpy()[goes])[1]
    few = _of_groups(g, group, np.maximum(weight, SMALLEST), len(chosen))
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


def _of_groups(
    g: Gaussians, group: Int[np.ndarray, "n"], weight: Float[np.ndarray, "n"], count: int
) -> Gaussians:
    """Each group as one Gaussian."""
    means, sh = np.zeros((count, 3)), np.zeros((count, 3 * g.sh.shape[1]))
    spread, cover = np.zeros((count, 3, 3)), np.zeros(count)
    parts = (part.double().numpy() for part in (g.means, g.quats, g.scales, g.opacities, g.sh.flatten(1)))
    _add_up(*parts, group, weight, means, spread, sh, cover)
    quats, scales, opacities = np.empty((count, 4)), np.empty((count, 3)), np.empty(count)
    _shape(spread, cover, quats, scales, opacities)
    merged = (torch.from_numpy(part).float() for part in (means, quats, scales, opacities, sh.reshape(count, -1, 3)))
    return Gaussians(*merged)


@compiled
def _add_up(xyz, quats, scales, opacities, colours, group, weight, means, spread, sh, cover):
    """Adds to each group's mean, covariance, mean colour, and what it covers. All come zeroed."""
    total = np.zeros(len(means))
    for i in range(len(group)):
        total[group[i]] += weight[i]
    for i in range(len(group)):
        k, share = group[i], weight[i] / total[group[i]]
        for c in range(3):
            means[k, c] += share * xyz[i, c]
        for c in range(sh.shape[1]):
            sh[k, c] += share * colours[i, c]
        cover[k] += opacities[i] * _cover(scales[i, 0], scales[i, 1], scales[i, 2])
    for i in range(len(group)):
        k, share = group[i], weight[i] / total[group[i]]
        long, middle, short = _axes(quats[i])
        for r in range(3):
            a, b, c = scales[i, 0] * long[r], scales[i, 1] * middle[r], scales[i, 2] * short[r]
            for s in range(3):
                along = a * scales[i, 0] * long[s] + b * scales[i, 1] * middle[s] + c * scales[i, 2] * short[s]
                spread[k, r, s] += share * (along + (xyz[i, r] - means[k, r]) * (xyz[i, s] - means[k, s]))


@compiled
def _shape(spread, cover, quats, scales, opacities):
    """The rotation, the scales and the opacity of each group. Overwrites the covariances."""
    axes = np.empty((3, 3))
    for k in range(len(spread)):
        _turn_upright(spread[k], axes)
        squares = np.array([spread[k, 0, 0], spread[k, 1, 1], spread[k, 2, 2]])
        order = np.argsort(squares)
        for c in range(3):
            scales[k, c] = math.sqrt(max(squares[order[c]], SMALLEST**2))
        y, z = axes[:, order[1]], axes[:, order[2]]
        y, z = (y[0], y[1], y[2]), (z[0], z[1], z[2])
        quats[k, 0], quats[k, 1], quats[k, 2], quats[k, 3] = quaternion(cross(y, z), y, z)
        opacities[k] = min(cover[k] / _cover(scales[k, 0], scales[k, 1], scales[k, 2]), HIGHEST_OPACITY)


@compiled
def _turn_upright(matrix, axes):
    """Makes a symmetric matrix diagonal by turning it (Jacobi, 1846); `axes` become the directions of its entries."""
    axes[:] = 0.0
    axes[0, 0] = axes[1, 1] = axes[2, 2] = 1.0
    for _ in range(SWEEPS):
        beside = matrix[0, 1] ** 2 + matrix[0, 2] ** 2 + matrix[1, 2] ** 2
        if beside <= ROUNDING * (matrix[0, 0] ** 2 + matrix[1, 1] ** 2 + matrix[2, 2] ** 2):
            break
        for p, q in ((0, 1), (0, 2), (1, 2)):
            if matrix[p, q] != 0.0:
                half = 0.5 * (matrix[q, q] - matrix[p, p]) / matrix[p, q]
                tangent = (1.0 if half >= 0 else -1.0) / (abs(half) + math.sqrt(half * half + 1.0))
                cos = 1.0 / math.sqrt(tangent * tangent + 1.0)
                _turn(matrix, axes, p, q, cos, tangent * cos)


@compiled
def _turn(matrix, axes, p, q, cos, sin):
    """Turns a matrix, from both sides, and its axes in the plane of two of them."""
    for k in range(3):
        a, b = matrix[k, p], matrix[k, q]
        matrix[k, p], matrix[k, q] = cos * a - sin * b, sin * a + cos * b
    for k in range(3):
        a, b = matrix[p, k], matrix[q, k]
        matrix[p, k], matrix[q, k] = cos * a - sin * b, sin * a + cos * b
    for k in range(3):
        a, b = axes[k, p], axes[k, q]
        axes[k, p], axes[k, q] = cos * a - sin * b, sin * a + cos * b


@compiled
def _axes(quat):
    """The columns of the rotation of a quaternion wxyz of any length."""
    length = math.sqrt(quat[0] * quat[0] + quat[1] * quat[1] + quat[2] * quat[2] + quat[3] * quat[3])
    w, x, y, z = quat[0] / length, quat[1] / length, quat[2] / length, quat[3] / length
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)),
        (2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)),
        (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)),
    )


@compiled
def _cover(a, b, c):
    """Up to a factor, the surface that an opaque one covers: its two larger scales."""
    return max(a * b, a * c, b * c)
