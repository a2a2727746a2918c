"""A scene file that somebody made, here or elsewhere, as our viewer's own: read within bounds, and given a camera.

A file says nothing about where to look at it from. Our scenes lie ahead of the world's origin, along z, where their
photo was taken; so that is where the viewer starts if nothing of the scene lies behind it, and the scene fills the
frame from there, at least through a narrow lens. Any other scene is looked at from outside, all around (`around.py`):
its origin is within the thing that was captured, or within the place. From either the visitor can go to the other.
"""

from __future__ import annotations

from pathlib import Path

from gen3d.camera import Camera
from gen3d.formats.known import Limits
from gen3d.formats.scene_file import open_scene
from gen3d.formats.view import Outside, write_view
from gen3d.formats.whole import MB
from gen3d.products.around import Up, guessed_up, lies_ahead, outside, within_surroundings
from gen3d.products.limits import find_limits
from gen3d.splat.antialiased import suited
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import FILLED_ALPHA, Rasterizer, draw
from gen3d.values import Scale

LARGEST_BYTES = 512 * MB
MOST = 3_000_000
"""Gaussians: more would take a browser too long to load and draw."""
LENSES_DEG = (60.0, 45.0, 30.0)
"""Tried from the origin, the widest first: nobody knows the photo's."""
SIZE_PX = (96, 72)
FILLED_SHARE = 0.98
"""Of the frame, for a scene to be one that is looked at from the origin."""
AROUND = Limits(180.0, 180.0, 80.0, 80.0, 0.2, 2.0)
"""An object has no side that nobody knows."""
DRAWN_PX = (640, 480)


def write_opened_view(
    file: Path, scene: Path, rasterizer: Rasterizer, largest_bytes: int = LARGEST_BYTES, most: int = MOST
) -> tuple[str, ...]:
    """Writes the .view file of a scene file of any kind that is read, and says what is to be told of it.

    Raises InputError or EmptyWorld for what cannot be shown.
    """
    stored = open_scene(scene, largest_bytes, most)
    gaussians, drawing = stored.gaussians, suited(rasterizer, stored.antialiased)
    up = guessed_up(gaussians)
    camera, distance_m = before(gaussians, Camera.from_fov(LENSES_DEG[0], *DRAWN_PX), up)
    middle = tuple((camera.center + distance_m * camera.c2w[:3, 2]).tolist())
    start = _from_origin(gaussians, drawing) if lies_ahead(gaussians) else None
    aside = Outside(middle, distance_m, up, starts=start is None)
    camera, pivot_m, limits = start or (camera, distance_m, AROUND)
    write_view(file, gaussians, camera, pivot_m, limits, scene.name, aside, stored.antialiased)
    return stored.notices


def before(gaussians: Gaussians, lens: Camera, up: Up = "-y") -> tuple[Camera, float]:
    """The lens before what there is to look at, level, so far that it sees all; and how far its middle is ahead."""
    return outside(lens, within_surroundings(gaussians), up)


def _from_origin(gaussians: Gaussians, rasterizer: Rasterizer) -> tuple[Camera, float, Limits] | None:
    """Through the widest lens whose frame the scene fills; None where it fills none."""
    for lens_deg in LENSES_DEG:
        camera = Camera.from_fov(lens_deg, *DRAWN_PX)
        scale = _scale_if_filled(gaussians, camera, rasterizer)
        if scale is not None:
            limits = find_limits(drawable_from(gaussians, camera), camera, scale, rasterizer)
            return camera, scale.median, limits
    return None


def _scale_if_filled(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> Scale | None:
    """The depths that this camera sees; None where the scene does not fill its frame."""
    small = camera.resized(*SIZE_PX)
    drawn = draw(rasterizer, drawable_from(gaussians, small).to(rasterizer.device), small)
    solid = drawn.alpha > FILLED_ALPHA
    if float(solid.float().mean()) < FILLED_SHARE:
        return None
    depth = drawn.depth[solid]
    return Scale(float(depth.median()), float(depth.quantile(0.02)))
