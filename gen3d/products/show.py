"""The scene to look around in, as our viewer's own file: the points once they are lifted, later what was fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.formats.view import Limits, write_view
from gen3d.geometry.quadtree import merge_flat_blocks
from gen3d.products.limits import find_limits
from gen3d.settings import FitSettings
from gen3d.splat.gaussians import Gaussians, from_points
from gen3d.splat.role import Rasterizer
from gen3d.values import DrawnPath, PointCloud, Scale

FIRST_GAUSSIANS = 150_000
"""Enough for a first look, and quick to write."""
FIRST_LIMITS = Limits(8.0, 8.0, 5.0, 5.0, 0.9, 1.05)
"""How far one may look around in points of which nobody knows yet where they end."""


def write_points_view(file: Path, points: PointCloud, camera: Camera, scale: Scale, fit: FitSettings) -> None:
    """The points as they were lifted, flat blocks merged."""
    few = merge_flat_blocks(points, FIRST_GAUSSIANS, fit.flat_colour, fit.flat_plane)
    write_view(file, from_points(few), camera, scale.median, FIRST_LIMITS)


def write_scene_view(
    file: Path, gaussians: Gaussians, camera: Camera, scale: Scale, rasterizer: Rasterizer,
    path: DrawnPath | None = None, photo: Float[np.ndarray, "h w 3"] | None = None,
) -> None:  # fmt: skip
    """The finished scene, with how far it holds; path: the video's. photo: as `camera` saw it."""
    limits = find_limits(gaussians, camera, scale, rasterizer)
    write_view(file, gaussians, camera, scale.median, limits, tour=path, photo=photo)
