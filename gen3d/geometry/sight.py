"""The sight of a pose: what the points so far show there, what is hole, and what are only cracks between points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool
from scipy.ndimage import distance_transform_edt

from gen3d.camera import Camera
from gen3d.geometry.edges import close_gaps
from gen3d.geometry.place import SKY_SHARE
from gen3d.geometry.points import PointRendering, render_points
from gen3d.values import RGBD, Origin, PointCloud

GAP_PX = 3
"""Uncovered spots narrower than this are cracks between points, not holes. Chosen by eye."""
FAR = 0.95
"""A pixel is of the far side when nothing around it is farther than 1 / FAR times. Chosen by eye."""


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
    thing: Bool[np.ndarray, "h w"]
    """Where the photo's foreground is seen from here; holes are not filled from it."""
    margin_px: int

    def frame(self, a: np.ndarray) -> np.ndarray:
        """The part of an array of this sight that lies in the pose's own frame."""
        m = self.margin_px
        return a[m : a.shape[0] - m, m : a.shape[1] - m]

    @property
    def share(self) -> float:
        """How much of the frame is hole."""
        return float(self.frame(self.hole).mean())


def sight_from(
    points: PointCloud,
    camera: Camera,
    margin_px: int,
    shell_m: float,
    foreground: Bool[np.ndarray, "h2 w2"] | None = None,
) -> Sight:
    """What the points show through a camera; shell_m: radius of the sky; foreground: M_fg of the photo."""
    wide = camera.padded(margin_px)
    rendering = render_points(points, wide)
    hole = close_gaps(rendering.hole, GAP_PX)
    crack = rendering.hole & ~hole
    image, depth = continued(rendering, crack, shell_m)
    thing = np.zeros_like(hole) if foreground is None else _of(foreground, points, rendering.index)
    return Sight(camera, RGBD(image, depth, wide), hole, crack, thing, margin_px)


def _of(region: np.ndarray, points: PointCloud, index: np.ndarray) -> np.ndarray:
    """Where a region of the photo is seen, from the points that are seen."""
    of_photo = points.origin == Origin.PHOTO
    u, v = points.pixel[of_photo].T
    belongs = np.zeros(len(points) + 1, bool)  # the last stands for holes, whose index is -1
    belongs[:-1][of_photo] = region[v, u]
    return belongs[index]


def continued(rendering: PointRendering, crack: np.ndarray, shell_m: float) -> tuple[np.ndarray, np.ndarray]:
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
    far = (covered > 0) & (covered >= FAR * farthest)
    v, u = distance_transform_edt(~far, return_distances=False, return_indices=True)
    return v, u
