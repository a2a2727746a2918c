"""The world around the photo (paper 3.2): pose by pose, what is not seen yet is made up, placed and added.

At each pose: project P_{i-1} through a z-buffer; M_i = 1 where it covers; inpaint the rest; estimate depth; align it to
what is known (W of eq. 4); lift only M_i = 0; P_i = P_{i-1} with the new points. The order adapts: of the poses left,
the one with the largest hole that is still at most 60 % of the frame comes next; where every hole is larger, a pose
half-way there is put in first. So the fill always has something to go by, and the loop cannot deadlock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import distance_transform_edt

from gen3d.camera import Camera
from gen3d.events import Enough, Preview, Progress, Stage, Started, never
from gen3d.geometry.align import apply_scale_shift, blend_seam, fit_scale_shift, keep_behind
from gen3d.geometry.edges import close_gaps, grow, near_rim
from gen3d.geometry.points import PointRendering, lift, merge, render_points
from gen3d.geometry.surfaces import continue_surfaces, hiding_rim
from gen3d.geometry.trajectory import between
from gen3d.models.base import DepthEstimator, Inpainter
from gen3d.scene import RGBD, PointCloud, View, World
from gen3d.settings import ExpandSettings
from gen3d.stages.lift import FIRST_EXPANSION
from gen3d.stages.preview import picture_preview

GAP_PX = 3
"""Uncovered spots narrower than this are cracks between points, not holes."""
REACH = 0.25
"""How far across a hole rim pixels are compared, as a share of the shorter side."""
COVERS = 1.0 / 30.0
"""New points nearer than the photo's depth by more than this would cover it, and are dropped (GEN3D 2.5)."""
SKY_SHARE = 0.7
"""Points farther than this share of the shell are sky."""
MAX_HALVINGS = 3
"""A pose is approached in at most so many half-way steps; then it is expanded whatever its hole."""


@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """What the points so far show at a pose, with a margin around the frame."""

    camera: Camera
    """The pose's own camera; `known` and `hole` are `margin_px` larger on every side."""
    known: RGBD
    """Cracks closed, sky infinite; NaN depth and black in the hole."""
    hole: Bool[np.ndarray, "h w"]
    """M = 0."""
    margin_px: int

    def frame(self, a: np.ndarray) -> np.ndarray:
        """The part of an array of this sight that lies in the pose's own frame."""
        m = self.margin_px
        return a[m : a.shape[0] - m, m : a.shape[1] - m]

    @property
    def share(self) -> float:
        """How much of the frame is hole."""
        return float(self.frame(self.hole).mean())


def expand_world(
    world: World,
    photo: RGBD,
    outpainter: Inpainter,
    estimator: DepthEstimator,
    settings: ExpandSettings,
    shell_m: float,
    prompt: str | None = None,
    seed: int = 0,
    enough: Enough = never,
) -> Stage[World]:
    """The world with everything added that its path shows; at most `settings.poses` new views."""
    yield Started("expand")
    left = list(world.path)
    halvings = 0
    for i in range(settings.poses):
        yield Progress("expand", i, settings.poses)
        sight = None if enough() or not left else _next_sight(world, left, settings, shell_m, halvings)
        if sight is None:
            break
        inserted = not any(sight.camera is camera for camera in left)
        halvings = halvings + 1 if inserted else 0
        left = [camera for camera in left if camera is not sight.camera]
        rgbd, seen = paint(sight, outpainter, estimator, settings, prompt, seed + i)
        points = lift(rgbd, sight.frame(sight.hole), FIRST_EXPANSION + i, shell_m)
        points = points.keep(~covers(points, photo))
        world = replace(
            world, points=merge(world.points, points), views=(*world.views, View(rgbd.image, seen, sight.camera))
        )
        yield Preview(f"expand_{i + 1:02d}", picture_preview(rgbd.image))
    yield Progress("expand", len(world.views) - 1, len(world.views) - 1)
    return world


def look_from(points: PointCloud, camera: Camera, margin_px: int, shell_m: float) -> Sight:
    """What the points show through a camera."""
    wide = camera.padded(margin_px)
    rendering = render_points(points, wide)
    hole = close_gaps(rendering.hole, GAP_PX)
    image, depth = _without_cracks(rendering, hole)
    depth = np.where(depth > SKY_SHARE * shell_m, np.inf, depth).astype(np.float32)
    return Sight(camera, RGBD(image, depth, wide), hole, margin_px)


def _without_cracks(rendering: PointRendering, hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Picture and depth with the uncovered spots that are not holes taken from the nearest covered pixel."""
    crack = rendering.hole & ~hole
    if not crack.any() or rendering.hole.all():
        return rendering.image, rendering.depth
    v, u = distance_transform_edt(rendering.hole, return_distances=False, return_indices=True)
    image = np.where(crack[..., None], rendering.image[v, u], rendering.image)
    return image, np.where(crack, rendering.depth[v, u], rendering.depth)


def _next_sight(
    world: World, left: list[Camera], settings: ExpandSettings, shell_m: float, halvings: int
) -> Sight | None:
    """The pose to expand next; None when none of them shows a hole worth filling."""

    def look(camera: Camera) -> Sight:
        return look_from(world.points, camera, settings.margin_px, shell_m)

    sights = [s for s in map(look, left) if s.share >= settings.smallest_hole]
    if not sights:
        return None
    fit = [s for s in sights if s.share <= settings.largest_hole]
    if fit:
        return max(fit, key=lambda s: s.share)
    nearest = min(sights, key=lambda s: s.share)
    return nearest if halvings >= MAX_HALVINGS else look(between(world.views[-1].camera, nearest.camera, 0.5))


def paint(
    sight: Sight,
    outpainter: Inpainter,
    estimator: DepthEstimator,
    settings: ExpandSettings,
    prompt: str | None,
    seed: int,
) -> tuple[RGBD, Bool[np.ndarray, "h w"]]:
    """The pose's frame, complete, and which of its pixels count in the fit.

    The hole is repainted a little larger than it is, since its rim is mixed; that band is neither lifted nor fitted.
    """
    known, hole = sight.known, sight.hole
    reach_px = REACH * min(hole.shape)
    hiding = hiding_rim(known.depth, hole, reach_px)
    expected = continue_surfaces(known.depth, hole, hiding)
    repainted = hole | (grow(hole, settings.grow_px) & ~grow(hiding, settings.grow_px))
    borrow = ~repainted & ~hiding & ~near_rim(expected)
    image = outpainter.inpaint(known.image, repainted, borrow, expected, prompt, seed)
    new = estimator.estimate(image, known.camera, expected).depth
    if settings.align:
        new = apply_scale_shift(new, *fit_scale_shift(new, known.depth, ~hole))
        new = blend_seam(new, known.depth, hole, hiding)
        new = keep_behind(new, known.depth, hole, hiding, reach_px)
    depth = np.where(hole, new, known.depth)
    seen = ~(repainted & ~hole)
    return RGBD(sight.frame(image), sight.frame(depth), sight.camera), sight.frame(seen)


def covers(points: PointCloud, photo: RGBD) -> Bool[np.ndarray, "n"]:
    """Points that would stand in front of what the photo shows: it must stay untouched."""
    uv, z = photo.camera.project(points.xyz)
    u, v = np.floor(uv[:, 0]).astype(np.int64), np.floor(uv[:, 1]).astype(np.int64)
    inside = (z > 0) & (u >= 0) & (u < photo.camera.width) & (v >= 0) & (v < photo.camera.height)
    known = photo.depth[np.where(inside, v, 0), np.where(inside, u, 0)]
    return inside & (z < (1 - COVERS) * known)
