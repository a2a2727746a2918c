"""The layers as points (paper 3.2, eq. 3): P_0 = lift(I_0, D_0, K).

The photo gives a point for every pixel, but for flying ones, which hang between two surfaces; a mixed pixel at a rim
gives two (`geometry/rim.py`). The background gives a point wherever the foreground hides it, and none where the photo
itself saw the background. Beyond the paper's two layers, the far side of every depth edge goes on under the near side
(`geometry/occlusion.py`): things stand before things, and no mask is without gaps.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.errors import EmptyWorld
from gen3d.events import Intermediate, Stage, Started
from gen3d.geometry.edges import inverse_depth
from gen3d.geometry.occlusion import continue_behind_edges
from gen3d.geometry.points import concatenate, lift, render_points, sky_radius
from gen3d.geometry.rim import Fringe
from gen3d.scene import RGBD, Layers, PointCloud

PHOTO, BACKGROUND, BEHIND_EDGES, FRINGE, FIRST_EXPANSION = range(5)
"""The `origin` of points."""
NEIGHBOURS = 3
"""A point that fewer than so many of its eight neighbours continue is flying."""
SAME_SURFACE = 0.12
"""Neighbours within this relative difference of inverse depth continue each other."""
STRAIGHT = 0.3
"""Second differences below this share of the first are those of a noisy plane."""


def lift_layers(
    layers: Layers, background: RGBD, reach: float, fringe: Fringe | None = None
) -> Stage[PointCloud]:
    """P_0: the photo's points first, then the background's, those behind edges, and the fringes of things.

    reach: how far what is behind edges goes on under what hides it, as a share of the picture's diagonal; 0 is the
    paper's two layers. fringe: the photo's mixed pixels, taken apart; None leaves them whole.
    """
    yield Started("lift")
    rgbd = fringe.back if fringe else layers.rgbd
    shell_m = sky_radius(rgbd.depth)
    hanging = flying(rgbd.depth)
    yield Intermediate("lift.flying", {"image": rgbd.image, "flying": hanging})
    photo = lift(rgbd, ~hanging, PHOTO, shell_m)
    behind = layers.foreground & (background.depth > 1.02 * rgbd.depth)
    points = concatenate(photo, lift(background, behind, BACKGROUND, shell_m))
    if not len(points):
        raise EmptyWorld("No pixel of the picture could be placed in space.", "Check the depth file.")
    if reach > 0:
        found = continue_behind_edges(rgbd.image, rgbd.depth, reach * float(np.hypot(*rgbd.depth.shape)))
        yield Intermediate("lift.behind_edges", {"rgbd": rgbd, "found": found})
        behind_edges = lift(RGBD(found.image, found.depth, rgbd.camera), found.known, BEHIND_EDGES, shell_m)
        points = concatenate(points, behind_edges)
    if fringe:
        points = concatenate(points, lift(fringe.front, fringe.mixed, FRINGE, shell_m, fringe.share))
    aside = render_points(points, _aside(rgbd)).image
    yield Intermediate("lift", {"aside": aside, "origin": points.origin})
    return points


def flying(depth: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Pixels whose depth hardly any neighbour shares, unless they lie on a steep plane (ground near its horizon)."""
    inverse = inverse_depth(depth)
    friends = np.zeros(depth.shape, np.int32)
    padded = cv2.copyMakeBorder(inverse, 1, 1, 1, 1, cv2.BORDER_REFLECT_101)
    h, w = depth.shape
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            other = padded[dy : dy + h, dx : dx + w]
            friends += np.abs(other - inverse) <= SAME_SURFACE * np.maximum(other, inverse)
    return (friends - 1 < NEIGHBOURS) & ~(_on_a_line(inverse) | _on_a_line(inverse.T).T)


def _on_a_line(inverse: np.ndarray) -> np.ndarray:
    """Pixels whose inverse depth runs steeply and straight over five pixels of their row: no ramp at an edge does."""
    p = cv2.copyMakeBorder(np.ascontiguousarray(inverse), 0, 0, 2, 2, cv2.BORDER_REFLECT_101)
    short, long = np.abs(p[:, 3:-1] - p[:, 1:-3]), np.abs(p[:, 4:] - p[:, :-4])
    bent = np.maximum(np.abs(p[:, 3:-1] + p[:, 1:-3] - 2 * inverse), np.abs(p[:, 4:] + p[:, :-4] - 2 * inverse))
    return (short > SAME_SURFACE * inverse) & (bent < STRAIGHT * short) & (long > 1.7 * short)


def _aside(rgbd: RGBD):
    """A camera a little to the left, so that the preview shows the layers."""
    c2w = np.eye(4)
    c2w[0, 3] = -0.04 * float(np.median(rgbd.depth[~rgbd.sky])) if (~rgbd.sky).any() else 0.0
    return rgbd.camera.posed(c2w)
