"""The world around the photo (paper 3.2): pose by pose, what is not seen yet is inpainted, lifted and added.

At each pose: project P_{i-1} through a z-buffer; M_i = 1 where it covers; inpaint the rest; estimate depth; align it to
what is known (W of eq. 4); lift only M_i = 0; P_i = P_{i-1} with the new points. The order adapts: of the poses left,
the one with the largest hole that is still at most 60 % of the frame comes next; where every hole is larger, a pose
half-way there is inserted first. So an inpainter never has to fill most of a frame, and the loop always ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import find_objects, label

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Enough, Intermediate, Progress, Stage, Started, never
from gen3d.geometry.align import apply_scale_shift, blend_seam, fit_scale_shift, keep_behind
from gen3d.geometry.edges import depth_edges, dilate, near_rim
from gen3d.geometry.point_picture import PointPicture
from gen3d.geometry.points import concatenate, lift, merge
from gen3d.geometry.protect import lift_uncovering
from gen3d.geometry.seam import Seam
from gen3d.geometry.sight import Sight, continued, sight_from
from gen3d.geometry.surfaces import continue_surfaces, hiding_rim
from gen3d.geometry.together import ahead, together
from gen3d.geometry.trajectory import between
from gen3d.models.base import DepthEstimator, Inpainter
from gen3d.settings import ExpandSettings
from gen3d.values import RGBD, Origin, Place, PointCloud, Sheet, View, World

REACH = 0.25
"""How far across a hole rim pixels are compared, as a share of the shorter side. Chosen by eye."""
SLIVERS = 0.01
"""Up to this share of a frame, what the poses left open is closed without a new view. Chosen by eye."""
THING_MARGIN_PX = 2
"""A thing that may not be copied from is dilated by this, since its outline is mixed. Chosen by eye."""
SHEET_RIM_PX = 3
"""New regions that are nearer than twice this to each other are kept as one sheet. Chosen by eye."""
MAX_HALVINGS = 3
"""A pose is approached in at most so many half-way steps; then it is expanded whatever its hole. Chosen by eye."""

See: TypeAlias = Callable[[PointCloud, Camera], Sight]
PromptAt: TypeAlias = Callable[[Camera, int | None], str | None]
"""(camera, its number along the path or None) -> the prompt for the inpainter."""


def no_prompt(camera: Camera, pose: int | None) -> None:
    """None, whatever the pose."""


class Pose(NamedTuple):
    """A place to expand at, and what the points show there."""

    number: int | None
    """Along the world's path; None for one that was put in half-way."""
    sight: Sight


class Painted(NamedTuple):
    """A pose's frame, complete, and what it was made from."""

    rgbd: RGBD
    seen: Bool[np.ndarray, "h w"]
    """Pixels that count in the fit."""
    wide: Float[np.ndarray, "h2 w2 3"]
    """The picture with the sight's margin."""
    seam: Seam


def expand_world(
    world: World,
    place: Place,
    outpainter: Inpainter,
    estimator: DepthEstimator,
    settings: ExpandSettings,
    prompt_at: PromptAt = no_prompt,
    seed: int = 0,
    enough: Enough = never,
    sweep: Sequence[Camera] = (),
    foreground: Bool[np.ndarray, "h w"] | None = None,
) -> Stage[World]:
    """The world with everything added that its path shows; at most `settings.poses` new views, those it has included.

    prompt_at: what to paint at a pose. sweep: cameras between and beside the poses, as a video will see; what little is
    still open there is closed.
    foreground: M_fg of the photo; a thing that stands there stands nowhere else.
    Expanding again along the same path and sweep adds nothing: poses with a view are done with, holes only shrink.
    """
    yield Started("expand")
    done = {view.pose for view in world.views}
    left = [number for number in range(len(world.path)) if number not in done]
    halvings, photo, shell_m = 0, place.photo, place.shell_m
    see = partial(sight_from, margin_px=settings.margin_px, shell_m=shell_m, foreground=foreground)
    for i in range(len(world.views) - 1, settings.poses):
        yield Progress("expand", i, settings.poses)
        poses = [] if enough() else _open_poses(world, left, settings, see)
        if not poses:
            break
        number, sight = _next_pose(world, poses, settings, see, halvings)
        halvings = halvings + 1 if number is None else 0
        left = [pose.number for pose in poses if pose.number != number]
        painted = paint(sight, outpainter, estimator, settings, prompt_at(sight.camera, number), seed + i)
        rgbd = painted.rgbd
        new, origin = sight.frame(sight.hole | sight.crack), _next_origin(world.points)
        if settings.protect_photo:
            points = lift_uncovering(rgbd, new, photo, origin, shell_m)
        else:
            points = lift(rgbd, new, origin, shell_m)
        view = View(rgbd.image, painted.seen, sight.camera, pose=number)
        sheets = (*world.sheets, *as_sheets(rgbd, points))
        world = replace(world, points=merge(world.points, points), views=(*world.views, view), sheets=sheets)
        again = partial(see, world.points, sight.camera)
        yield Intermediate("expand", {"pose": i + 1, "before": sight, "image": painted.wide, "seam": painted.seam,
                                      "see_again": again})  # fmt: skip
    return (yield from _close_along(world, photo, sweep, shell_m, enough))


def as_sheets(rgbd: RGBD, points: PointCloud) -> tuple[Sheet, ...]:
    """The picture that points were lifted from, with the points' own depth, as one piece for each connected region."""
    u, v = points.pixel.T
    depth, new = rgbd.depth.copy(), np.zeros(rgbd.depth.shape, bool)
    depth[v, u] = np.where(rgbd.sky[v, u], np.inf, rgbd.camera.project(points.xyz)[1])
    new[v, u] = True
    regions, _ = label(dilate(new, SHEET_RIM_PX))
    return tuple(
        _piece(RGBD(rgbd.image, depth, rgbd.camera), new & (regions == n), at)
        for n, at in enumerate(find_objects(regions), 1)
    )


def _piece(rgbd: RGBD, new: np.ndarray, at: tuple[slice, slice]) -> Sheet:
    rows, columns = at
    height, width = rows.stop - rows.start, columns.stop - columns.start
    camera = rgbd.camera.cropped(columns.start, rows.start, width, height)
    return Sheet(RGBD(rgbd.image[at].copy(), rgbd.depth[at].copy(), camera), new[at].copy())


def _next_origin(points: PointCloud) -> int:
    """The origin of the next view's points."""
    return max(Origin.FIRST_VIEW, int(points.origin.max(initial=0)) + 1)


def _close_along(
    world: World, photo: RGBD, sweep: Sequence[Camera], shell_m: float, enough: Enough
) -> Stage[World]:
    """The world with the slivers at all the cameras closed.

    What is closed at one camera may leave another with a hole that is now small enough, or with another far side to be
    continued: so cameras with something open are rendered again until nothing more is closed.
    """
    left, before, views = list(sweep), -1, len(world.views) - 1
    while left and len(world.points) != before:
        before, found, still_open = len(world.points), Closed(), []
        origin, pictures = _next_origin(world.points), ahead(partial(PointPicture.of, world.points, c) for c in left)
        for camera, picture in zip(left, pictures, strict=True):
            yield Progress("expand", views, views)
            if enough():
                return found.added_to(world)
            for points in found.points:
                picture.add(points)
            closed = close_slivers(picture, photo, camera, origin + len(found.points), shell_m)
            found = Closed(found.points + closed.points, found.sheets + closed.sheets)
            still_open += [] if closed.whole else [camera]
        world, left = found.added_to(world), still_open
    yield Progress("expand", views, views)
    return world


class Closed(NamedTuple):
    """What was found to be behind slivers."""

    points: tuple[PointCloud, ...] = ()
    """Those of each camera."""
    sheets: tuple[Sheet, ...] = ()
    whole: bool = False
    """Whether nothing is open any more."""

    def added_to(self, world: World) -> World:
        """The world with it."""
        points = concatenate(world.points, *self.points) if self.points else world.points
        return replace(world, points=points, sheets=world.sheets + self.sheets)


def close_slivers(picture: PointPicture, photo: RGBD, camera: Camera, origin: int, shell_m: float) -> Closed:
    """What is still open at a pose closed by continuing the far side beside it, if it is little.

    Holes too small to be worth a view of their own would otherwise show as dark lines beside things; a pixel where any
    point would cover the photo stays open. picture: what the camera sees. origin: the new points'.
    """
    if not 0 < picture.hole.mean() < SLIVERS:
        return Closed(whole=not bool(picture.hole.any()))
    rendering = picture.rendering()
    rgbd = RGBD(*continued(rendering, rendering.hole, shell_m), camera)
    new = lift_uncovering(rgbd, rendering.hole, photo, origin, shell_m)
    return Closed((new,) if len(new) else (), as_sheets(rgbd, new), len(new) == int(rendering.hole.sum()))


def _open_poses(world: World, left: list[int], settings: ExpandSettings, see: See) -> list[Pose]:
    """The poses whose hole is at least `smallest_hole`. Holes only shrink, so the others need not be tried again."""

    def tried(number: int) -> Pose | None:
        sight = see(world.points, world.path[number])
        return Pose(number, sight) if sight.share >= settings.smallest_hole else None

    return [pose for pose in together([partial(tried, number) for number in left]) if pose is not None]


def _next_pose(world: World, poses: list[Pose], settings: ExpandSettings, see: See, halvings: int) -> Pose:
    """The one to expand next; a new one, half-way to the easiest, where all their holes are too large."""
    fit = [pose for pose in poses if pose.sight.share <= settings.largest_hole]
    if fit:
        return max(fit, key=lambda pose: pose.sight.share)
    easiest = min(poses, key=lambda pose: pose.sight.share)
    if halvings >= MAX_HALVINGS:
        return easiest
    half_way = between(world.views[-1].camera, easiest.sight.camera, 0.5)
    return Pose(None, see(world.points, half_way))


def paint(
    sight: Sight,
    outpainter: Inpainter,
    estimator: DepthEstimator,
    settings: ExpandSettings,
    prompt: str | None,
    seed: int,
) -> Painted:
    """The pose's frame, complete.

    The hole is repainted a little larger than it is, since its rim is mixed; that band is neither lifted nor fitted.
    """
    known, hole = sight.known, sight.hole
    if hole.all():
        raise InputError(
            "A view of the camera path shows nothing of the scene as it is by then.",
            "Give a path whose views overlap, in the scene's own metres.",
        )
    reach_px = REACH * min(hole.shape)
    hiding = hiding_rim(known.depth, hole, reach_px)
    expected = continue_surfaces(known.depth, hole, hiding)
    repainted = hole | (dilate(hole, settings.dilate_px) & ~dilate(hiding, settings.dilate_px))
    borrow = ~repainted & ~hiding & ~near_rim(expected) & ~_elsewhere(sight)
    image = outpainter.inpaint(known.image, repainted, borrow, expected, prompt, seed)
    new = estimated = estimator.estimate(image, known.camera, expected).depth
    if "scale" in settings.align:
        new = apply_scale_shift(new, *fit_scale_shift(new, known.depth, ~hole))
    if "seam" in settings.align:
        new = blend_seam(new, known.depth, hole, hiding)
    if "hinge" in settings.align and _reveals(sight):
        new = keep_behind(new, known.depth, hole, hiding, reach_px, expected)
    depth = np.where(hole, new, known.depth)
    seen = ~(repainted & ~hole)
    rgbd = RGBD(sight.frame(image), sight.frame(depth), sight.camera)
    return Painted(rgbd, sight.frame(seen), image, Seam(known.depth, hole, hiding, estimated, new))


def _elsewhere(sight: Sight) -> Bool[np.ndarray, "h w"]:
    """Things, and their outlines, that the hole does not touch: copied from, they would appear a second time."""
    edges = depth_edges(np.where(np.isnan(sight.known.depth), 1.0, sight.known.depth).astype(np.float32))
    things, _ = label(sight.thing & ~edges)
    cut = np.unique(things[dilate(sight.hole, 2 * THING_MARGIN_PX)])
    return dilate((things > 0) & ~np.isin(things, cut), THING_MARGIN_PX)


def _reveals(sight: Sight) -> bool:
    """Whether anything can come out from behind something: not where the photo was taken, the world's origin."""
    return bool(np.abs(sight.camera.center).max() > 0)
