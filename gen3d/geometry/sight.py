"""The sight of a pose: what the points so far show there, what is hole, and what are only cracks between points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool

from gen3d.camera import Camera
from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import close_gaps
from gen3d.geometry.place import SKY_SHARE
from gen3d.geometry.point_picture import PointRendering, render_points
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
        image, depth = image.copy(), depth.copy()
        v, u = _nearest_far_pixels(depth, crack)
        image[crack], depth[crack] = image[v, u], depth[v, u]
    return image, np.where(depth > SKY_SHARE * shell_m, np.inf, depth).astype(np.float32)


def _nearest_far_pixels(depth: np.ndarray, crack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of a crack (row, column) of the nearest covered one that has nothing much farther close by."""
    covered = np.nan_to_num(depth, nan=0.0)
    farthest = cv2.dilate(covered, np.ones((2 * GAP_PX + 1,) * 2, np.uint8))
    far = (covered > 0) & (covered >= FAR * farthest)
    v, u = map(np.ascontiguousarray, np.nonzero(crack))  # of one pixel alone they would be of another type
    return _nearest(far, v, u)


@compiled
def _nearest(region, rows, columns):
    """The nearest pixel of a region to each of some; of several the leftmost, of these the uppermost.

    Rings are looked at from the inside outwards: what is asked for lies close by.
    """
    h, w = region.shape
    v, u = rows.copy(), columns.copy()
    for i in range(len(rows)):
        y, x, closest, reach = rows[i], columns[i], h * h + w * w, 0
        while reach * reach <= closest and reach < max(h, w):
            for p in range(max(0, x - reach), min(w, x + reach + 1)):
                step = 1 if abs(p - x) == reach else 2 * reach  # the ring's sides, or its two ends alone
                for q in range(y - reach, y + reach + 1, max(step, 1)):
                    if 0 <= q < h and region[q, p]:
                        steps = (q - y) * (q - y) + (p - x) * (p - x)
                        if steps < closest or (steps == closest and (p, q) < (u[i], v[i])):
                            v[i], u[i], closest = q, p, steps
            reach += 1
    return v, u
