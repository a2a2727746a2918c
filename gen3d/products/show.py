"""The scene to look around in, as our viewer's own file: the points once they are lifted, later what was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.formats.known import Limits
from gen3d.formats.view import write_view
from gen3d.formats.view_order import PackedView, packed_view
from gen3d.geometry.quadtree import merge_flat_blocks
from gen3d.geometry.together import together
from gen3d.products.limits import every_so_many, find_limits
from gen3d.products.prune import views_around
from gen3d.scene_files import light_twin
from gen3d.settings import FitSettings
from gen3d.splat.contribution import contribution
from gen3d.splat.gaussians import Gaussians, from_points
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.merged import merged
from gen3d.splat.role import Rasterizer
from gen3d.values import DrawnPath, PointCloud, Scale

FIRST_GAUSSIANS = 150_000
"""Enough for a first look, and quick to write."""
LIGHT = 150_000
"""Gaussians that a phone loads and draws well. By eye; a scene of fewer has no lighter twin."""
MERGED_AT_MOST = 600_000
"""Of more, every so many-th is merged: in reasonable time."""
LIGHT_SIDE_PX = 320
"""The longer side of the views that a lighter twin is made for: about a phone's half."""
FIRST_LIMITS = Limits(8.0, 8.0, 5.0, 5.0, 0.9, 1.05)
"""How far one may look around in points of which nobody knows yet where they end."""


def write_points_view(file: Path, points: PointCloud, camera: Camera, scale: Scale, fit: FitSettings) -> None:
    """The points as they were lifted, flat blocks merged."""
    few = merge_flat_blocks(points, FIRST_GAUSSIANS, fit.flat_colour, fit.flat_plane)
    write_view(file, from_points(few), camera, scale.median, FIRST_LIMITS)


def write_scene_view(
    file: Path, gaussians: Gaussians, camera: Camera, scale: Scale, rasterizer: Rasterizer,
    path: DrawnPath | None = None, photo: Float[np.ndarray, "h w 3"] | None = None,
    things: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """The finished scene, with how far it holds, and a lighter twin of it where it has many Gaussians.

    path: the video's. photo: as `camera` saw it. things: as in things.json.
    """
    write = partial(write_view, camera=camera, pivot_m=scale.median, tour=path, photo=photo, things=things)

    def whole() -> Limits:
        limits = find_limits(gaussians, camera, scale, rasterizer)
        write(file, gaussians, limits=limits)
        return limits

    def light() -> PackedView:
        cameras = views_around([camera.with_side(LIGHT_SIDE_PX)], scale.median)
        return packed_view(lighter(gaussians, cameras, rasterizer), camera)

    limits, *twins = together([whole, *([light] if len(gaussians) > LIGHT else [])])
    for twin in twins:
        write(light_twin(file), twin, limits=limits)


def lighter(gaussians: Gaussians, cameras: Sequence[Camera], rasterizer: Rasterizer) -> Gaussians:
    """At most LIGHT of them, for what these cameras see."""
    some = every_so_many(gaussians, MERGED_AT_MOST).to(rasterizer.device)
    total = sum(contribution(drawable_from(some, camera), camera, rasterizer) for camera in cameras)
    return merged(some, total, LIGHT)
