"""A scene file that somebody made, here or elsewhere, as our viewer's own: read within bounds, and given a camera.

Hardly a file says where to look at it from; SHARP's do, and are looked at from there. Our scenes lie ahead of the
world's origin, along z, where their photo was taken; so that is where the viewer starts if nothing of the scene lies
behind it, and the scene fills the frame from there, at least through a narrow lens. Any other scene is looked at from
outside, all around (`around.py`): its origin is within the thing that was captured, or within the place. From either
the visitor can go to the other.
"""

from __future__ import annotations

from pathlib import Path

from gen3d.camera import Camera
from gen3d.formats.known import Limits
from gen3d.formats.scene_file import open_scene
from gen3d.formats.stored import StoredScene
from gen3d.formats.view import Outside, write_view
from gen3d.formats.whole import MB
from gen3d.products.about import about
from gen3d.products.around import UPS, Up, guessed_up, lies_ahead, outside, views_of, within_surroundings
from gen3d.products.limits import find_limits
from gen3d.products.show import LIGHT, lighter
from gen3d.products.things import things_told
from gen3d.scene_files import light_twin
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
    """Writes the .view file of a scene file, and says what it is: a line, and one for whatever is odd about it.

    Raises InputError or EmptyWorld for what cannot be shown.
    """
    stored = open_scene(scene, largest_bytes, most)
    gaussians, drawing = stored.gaussians, suited(rasterizer, stored.antialiased)
    up = said_up(stored) or guessed_up(gaussians)
    camera, distance_m = before(gaussians, Camera.from_fov(LENSES_DEG[0], *DRAWN_PX), up)
    middle = tuple((camera.center + distance_m * camera.c2w[:3, 2]).tolist())
    start = _start(stored, drawing)
    aside = Outside(middle, distance_m, up, starts=start is None)
    camera, pivot_m, limits = start or (camera, distance_m, AROUND)
    things = None if gaussians.things is None else things_told(gaussians, camera, None)
    write_view(file, gaussians, camera, pivot_m, limits, scene.name, aside, stored.antialiased, things=things)
    if len(gaussians) > LIGHT:
        light = lighter(gaussians, views_of(gaussians), drawing)
        twin = light_twin(file)
        write_view(twin, light, camera, pivot_m, limits, scene.name, aside, stored.antialiased, things=things)
    told = about(scene, stored)
    return told.line, *told.odd


def said_up(stored: StoredScene) -> Up | None:
    """The vertical axis that the file names."""
    return next((up for up in UPS if up == stored.up), None)


def _start(stored: StoredScene, rasterizer: Rasterizer) -> tuple[Camera, float, Limits] | None:
    """The camera that the file names, or the origin if the scene lies ahead of it; None where neither shows it."""
    if stored.camera is not None and (found := _through(stored.gaussians, stored.camera, rasterizer, 0.0)):
        return found
    return _from_origin(stored.gaussians, rasterizer) if lies_ahead(stored.gaussians) else None


def before(gaussians: Gaussians, lens: Camera, up: Up = "-y") -> tuple[Camera, float]:
    """The lens before what there is to look at, level, so far that it sees all; and how far its middle is ahead."""
    return outside(lens, within_surroundings(gaussians), up)


def _from_origin(gaussians: Gaussians, rasterizer: Rasterizer) -> tuple[Camera, float, Limits] | None:
    """Through the widest lens whose frame the scene fills; None where it fills none."""
    tried = (_through(gaussians, Camera.from_fov(lens, *DRAWN_PX), rasterizer, FILLED_SHARE) for lens in LENSES_DEG)
    return next(filter(None, tried), None)


def _through(
    gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer, filled: float
) -> tuple[Camera, float, Limits] | None:
    """A camera with what it turns about and how far; None where more of its frame is empty than 1 - `filled`."""
    scale = _scale_if_filled(gaussians, camera, rasterizer, filled)
    if scale is None:
        return None
    return camera, scale.median, find_limits(drawable_from(gaussians, camera), camera, scale, rasterizer)


def _scale_if_filled(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer, filled: float) -> Scale | None:
    """The depths that this camera sees; None where the scene does not fill so much of its frame, or is not in it."""
    small = camera.with_side(max(SIZE_PX))
    drawn = draw(rasterizer, drawable_from(gaussians, small).to(rasterizer.device), small)
    solid = drawn.alpha > FILLED_ALPHA
    if float(solid.float().mean()) < filled or not bool(solid.any()):
        return None
    depth = drawn.depth[solid]
    return Scale(float(depth.median()), float(depth.quantile(0.02)))
