"""Meshes as surface samples: evenly by area, each the patch of surface around it, shaded where a mesh holds no light.

Samples lie at equal steps of the area that is summed up triangle by triangle; within a triangle they follow the R2
sequence (Roberts, The Unreasonable Effectiveness of Quasirandom Sequences, 2018), which leaves fewer holes than chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from gen3d.values import Origin, PointCloud, Surface

AMBIENT = 0.45
"""Of its brightness, what a surface has that is turned away from the light. Chosen by eye."""
TO_LIGHT = np.array([-0.35, -0.8, -0.5]) / np.linalg.norm([-0.35, -0.8, -0.5])
"""From above, a little from the left and from in front: as rooms and skies light what stands in them."""
CUT = 0.5
"""Where a picture's alpha is below, there is no surface. From glTF 2.0: its own cut-off for alphaMode MASK."""
_R2 = np.array([0.7548776662466927, 0.5698402909980532])
"""1 / p and 1 / p^2 of the plastic number p. From M. Roberts' R2 sequence: it fills a square evenly."""


def surface_points(surfaces: Sequence[Surface], count: int) -> PointCloud:
    """About so many samples of all of them together; ValueError where they have no area."""
    areas = [_areas(surface) for surface in surfaces]
    total = float(sum(own.sum() for own in areas))
    if not np.isfinite(total) or total <= 0:
        raise ValueError("a mesh without area")
    step = total / count
    parts = [_points(surface, own, step) for surface, own in zip(surfaces, areas, strict=True)]
    fields = [np.concatenate(values) for values in zip(*parts, strict=True)]
    xyz, rgb, tangents = (values.astype(np.float32) for values in fields)
    number = np.arange(len(xyz))
    pixel = np.stack([number, np.zeros_like(number)], axis=1)
    return PointCloud(
        xyz, rgb, tangents, np.full(len(xyz), Origin.PHOTO), pixel, np.ones(len(xyz), np.float32),
    )  # fmt: skip


def _areas(surface: Surface) -> Float[np.ndarray, "t"]:
    a, b, c = (surface.xyz[surface.triangles[:, k]].astype(np.float64) for k in range(3))
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def _points(surface: Surface, areas: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, colours, tangents."""
    reached = np.cumsum(areas)
    number = np.arange(round(reached[-1] / step) if len(reached) else 0)
    which = np.searchsorted(reached, (number + 0.5) * step).clip(max=len(areas) - 1)
    share = (0.5 + np.outer(number, _R2)) % 1
    share = np.where(share.sum(axis=1, keepdims=True) > 1, 1 - share, share)
    weights = np.column_stack([1 - share.sum(axis=1), share])
    corners = surface.triangles[which]
    xyz = _between(surface.xyz, corners, weights)
    rgb, there = _colours(surface, corners, weights)
    tangents, normals = _frames(surface, corners, step**0.5)
    if surface.lit:
        if surface.normals is not None:
            normals = _unit(_between(surface.normals, corners, weights))
        rgb = rgb * (AMBIENT + (1 - AMBIENT) * (0.5 + 0.5 * normals @ TO_LIGHT))[:, None]
    return xyz[there], rgb[there], tangents[there]


def _between(values: np.ndarray, corners: Int[np.ndarray, "n 3"], weights: np.ndarray) -> np.ndarray:
    return np.einsum("nk,nkc->nc", weights, values[corners].astype(np.float64))


def _colours(surface: Surface, corners: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours, and where there is surface."""
    rgb, there = _between(surface.rgb, corners, weights), np.ones(len(corners), bool)
    if surface.picture is None or surface.uv is None:
        return rgb, there
    height, width = surface.picture.shape[:2]
    at = (_between(surface.uv, corners, weights) % 1) * (width, height)
    column, row = np.minimum(at.astype(np.int64), (width - 1, height - 1)).T
    texel = surface.picture[row, column] / 255
    return rgb * texel[:, :3], texel[:, 3] >= CUT


def _frames(surface: Surface, corners: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Two edges of a square patch in each triangle's plane, of that size, and the outward normal."""
    a, b, c = (surface.xyz[corners[:, k]].astype(np.float64) for k in range(3))
    normals = _unit(np.cross(b - a, c - a))
    right = _unit(b - a)
    return size * np.stack([right, np.cross(normals, right)], axis=1), normals


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
