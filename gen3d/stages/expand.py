"""The world around the photo (paper 3.2): pose by pose, what is not seen yet is made up, placed and added.

At each pose: project P_{i-1} through a z-buffer; M_i = 1 where it covers; inpaint the rest; estimate depth; align it to
what is known (W of eq. 4); lift only M_i = 0; P_i = P_{i-1} with the new points. The order adapts: of the poses left,
the one with the largest hole that is still at most 60 % of the frame comes next; where every hole is larger, a pose
half-way there is put in first. So the fill always has something to go by, and the loop cannot deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

from gen3d.camera import Camera
from gen3d.events import Enough, Preview, Progress, Stage, Started, never
from gen3d.geometry.align import apply_scale_shift, blend_seam, fit_scale_shift, keep_behind
from gen3d.geometry.edges import close_gaps, grow, near_rim
from gen3d.geometry.points import PointRendering, concatenate, lift, merge, render_points
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
MOVES_BACK = 6
"""Rounds of moving points back that would cover the photo."""
SLIVERS = 0.01
"""Up to this share of a frame, what the poses left open is closed without a new view."""
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
    """M = 0, to be painted."""
    crack: Bool[np.ndarray, "h w"]
    """Uncovered too, but so narrow that the far side beside it is simply continued."""
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
    sweep: Sequence[Camera] = (),
) -> Stage[World]:
    """The world with everything added that its path shows; at most `settings.poses` new views.

    sweep: cameras between and beside the poses, as a video will see; what little is still open there is closed.
    """
    yield Started("expand")
    left = list(world.path)
    halvings = 0
    for i in range(settings.poses):
        yield Progress("expand", i, settings.poses)
        sights = [] if enough() else _open_sights(world, left, settings, shell_m)
        if not sights:
            break
        sight = _next_sight(world, sights, settings, shell_m, halvings)
        halvings = 0 if sight in sights else halvings + 1
        left = [s.camera for s in sights if s is not sight]
        rgbd, seen = paint(sight, outpainter, estimator, settings, prompt, seed + i)
        points = lift_uncovering(rgbd, sight.frame(sight.hole | sight.crack), photo, FIRST_EXPANSION + i, shell_m)
        world = replace(
            world, points=merge(world.points, points), views=(*world.views, View(rgbd.image, seen, sight.camera))
        )
        yield Preview(f"expand_{i + 1:02d}", picture_preview(rgbd.image))
    views = len(world.views) - 1
    for camera in sweep:
        yield Progress("expand", views, views)
        if enough():
            break
        world = replace(world, points=close_slivers(world.points, photo, camera, FIRST_EXPANSION + views, shell_m))
    yield Progress("expand", views, views)
    return world


def close_slivers(points: PointCloud, photo: RGBD, camera: Camera, origin: int, shell_m: float) -> PointCloud:
    """The points with what is still open at a pose closed by continuing the far side beside it, if it is little.

    Holes too small to be worth a view of their own would otherwise show as dark lines beside things.
    """
    rendering = render_points(points, camera)
    if not 0 < rendering.hole.mean() < SLIVERS:
        return points
    image, depth = _continued(rendering, rendering.hole, shell_m)
    new = lift_uncovering(RGBD(image, depth, camera), rendering.hole, photo, origin, shell_m)
    return concatenate(points, new)


def look_from(points: PointCloud, camera: Camera, margin_px: int, shell_m: float) -> Sight:
    """What the points show through a camera."""
    wide = camera.padded(margin_px)
    rendering = render_points(points, wide)
    hole = close_gaps(rendering.hole, GAP_PX)
    crack = rendering.hole & ~hole
    image, depth = _continued(rendering, crack, shell_m)
    return Sight(camera, RGBD(image, depth, wide), hole, crack, margin_px)


def _continued(rendering: PointRendering, crack: np.ndarray, shell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Picture and depth of a rendering with the far side continued into the cracks, and the shell's depth infinite."""
    image, depth = rendering.image, rendering.depth
    if crack.any() and not rendering.hole.all():
        v, u = _nearest_far_pixel(depth)
        image = np.where(crack[..., None], image[v, u], image)
        depth = np.where(crack, depth[v, u], depth)
    return image, np.where(depth > SKY_SHARE * shell_m, np.inf, depth).astype(np.float32)


def _nearest_far_pixel(depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every pixel the (row, column) of the nearest covered one that has nothing much farther close by."""
    covered = np.nan_to_num(depth, nan=0.0)
    farthest = cv2.dilate(covered, np.ones((2 * GAP_PX + 1,) * 2, np.uint8))
    far = (covered > 0) & (covered >= 0.95 * farthest)
    v, u = distance_transform_edt(~far, return_distances=False, return_indices=True)
    return v, u


def _open_sights(world: World, left: list[Camera], settings: ExpandSettings, shell_m: float) -> list[Sight]:
    """What is seen at the poses that show a hole worth filling. Holes only shrink, so the others are done with."""
    sights = (look_from(world.points, camera, settings.margin_px, shell_m) for camera in left)
    return [sight for sight in sights if sight.share >= settings.smallest_hole]


def _next_sight(
    world: World, sights: list[Sight], settings: ExpandSettings, shell_m: float, halvings: int
) -> Sight:
    """The one to expand next; a new one, half-way to the easiest, where all their holes are too large."""
    fit = [s for s in sights if s.share <= settings.largest_hole]
    if fit:
        return max(fit, key=lambda s: s.share)
    nearest = min(sights, key=lambda s: s.share)
    if halvings >= MAX_HALVINGS:
        return nearest
    half_way = between(world.views[-1].camera, nearest.camera, 0.5)
    return look_from(world.points, half_way, settings.margin_px, shell_m)


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


def lift_uncovering(
    rgbd: RGBD, new: Bool[np.ndarray, "h w"], photo: RGBD, origin: int, shell_m: float
) -> PointCloud:
    """The new pixels as points, none of which stands in front of what the photo shows.

    One that would is moved back along its own ray, onto or behind the surface that the photo saw; what still covers
    after a few such moves is dropped.
    """
    depth = rgbd.depth.copy()
    for _ in range(MOVES_BACK):
        points = lift(replace(rgbd, depth=depth), new, origin, shell_m)
        nearer = covers(points, photo, shell_m)
        if not (nearer > 1).any():
            break
        u, v = points.pixel[nearer > 1].T
        depth[v, u] *= 1.01 * nearer[nearer > 1]
    return points.keep(nearer <= 1)


def covers(points: PointCloud, photo: RGBD, shell_m: float) -> Float[np.ndarray, "n"]:
    """By what factor each point is nearer to the photo's camera than what the photo shows there; 1: covers nothing.

    Up to COVERS is no covering: depth is not known better. The sky counts as SKY_SHARE of its shell.
    """
    uv, z = photo.camera.project(points.xyz)
    u, v = np.floor(uv[:, 0]).astype(np.int64), np.floor(uv[:, 1]).astype(np.int64)
    inside = (z > 0) & (u >= 0) & (u < photo.camera.width) & (v >= 0) & (v < photo.camera.height)
    known = np.minimum(photo.depth, SKY_SHARE * shell_m)[np.where(inside, v, 0), np.where(inside, u, 0)]
    covering = inside & (z < (1 - COVERS) * known)
    return np.where(covering, known / np.where(covering, z, 1.0), 1.0)
