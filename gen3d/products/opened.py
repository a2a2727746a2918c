"""A scene file that somebody made, here or elsewhere, as our viewer's own: read within bounds, and given a camera.

A file says nothing about where to look at it from. Our scenes hold around the world's origin, looking along z, where
their photo was taken; so that is where the viewer starts if the scene fills the frame from there, at least through a
narrow lens. Any other scene is an object to walk around: the camera stands before it and sees most of it.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch

from gen3d.camera import Camera
from gen3d.formats.scene_file import open_scene
from gen3d.formats.view import Limits, write_view
from gen3d.formats.whole import MB
from gen3d.products.limits import find_limits
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import Rasterizer, device_of
from gen3d.values import Scale

LARGEST_BYTES = 512 * MB
MOST = 3_000_000
"""Gaussians: more would take a browser too long to load and draw."""
LENSES_DEG = (60.0, 45.0, 30.0)
"""Tried from the origin, the widest first: nobody knows the photo's."""
SIZE_PX = (96, 72)
FILLED_SHARE = 0.98
"""Of the frame, for a scene to be one that is looked at from the origin."""
SOLID_ALPHA = 0.5
OBJECT_SHARE = 0.9
"""Of an object's Gaussians, so many are in the frame that it starts with; the rest may be stray."""
AROUND = Limits(180.0, 180.0, 80.0, 80.0, 0.2, 2.0)
"""An object has no side that nobody knows."""
DRAWN_PX = (640, 480)


def write_opened_view(
    file: Path, scene: Path, rasterizer: Rasterizer, largest_bytes: int = LARGEST_BYTES, most: int = MOST
) -> None:
    """Writes the .view file of a .ply, .splat or .spz; raises InputError or EmptyWorld for what cannot be shown."""
    gaussians = open_scene(scene, largest_bytes, most)
    for lens_deg in LENSES_DEG:
        camera = Camera.from_fov(lens_deg, *DRAWN_PX)
        scale = _scale_if_filled(gaussians, camera, rasterizer)
        if scale is not None:
            limits = find_limits(drawable_from(gaussians, camera), camera, scale, rasterizer)
            write_view(file, gaussians, camera, scale.median, limits, scene.name)
            return
    camera, distance_m = before(gaussians, Camera.from_fov(LENSES_DEG[0], *DRAWN_PX))
    write_view(file, gaussians, camera, distance_m, AROUND, scene.name)


def before(gaussians: Gaussians, lens: Camera) -> tuple[Camera, float]:
    """The lens moved back along z until it sees OBJECT_SHARE of the Gaussians; and how far ahead their middle is."""
    means = gaussians.means.double()
    middle = means.median(dim=0).values
    radius_m = float(torch.quantile(_some(torch.linalg.norm(means - middle, dim=1)), OBJECT_SHARE))
    distance_m = max(radius_m, 1e-6) / math.sin(math.radians(min(lens.fov_deg)) / 2)
    eye = middle.numpy() - (0.0, 0.0, distance_m)
    return lens.look_at(eye, middle.numpy()), distance_m


def _some(values: torch.Tensor) -> torch.Tensor:
    """At most a million, evenly spread: `torch.quantile` takes no more than sixteen."""
    return values[:: len(values) // 1_000_000 + 1]


def _scale_if_filled(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> Scale | None:
    """The depths that this camera sees; None where the scene does not fill its frame."""
    small = camera.resized(*SIZE_PX)
    with torch.no_grad():
        drawn = rasterizer.render(drawable_from(gaussians, small).to(device_of(rasterizer)), small)
    solid = drawn.alpha > SOLID_ALPHA
    if float(solid.float().mean()) < FILLED_SHARE:
        return None
    depth = drawn.depth[solid]
    return Scale(float(depth.median()), float(depth.quantile(0.02)))
