"""The layers as points (paper 3.2, eq. 3): P_0 = lift(I_0, D_0, K).

The photo gives a point for every pixel, but for flying ones, which hang between two surfaces; a mixed pixel at a
depth edge gives two (`geometry/fringe.py`). The background gives a point wherever the foreground hides it, and none
where the photo itself saw the background. Beyond the paper's two layers, the far side of every depth edge is continued
under the near side (`geometry/occlusion.py`), since one foreground thing may hide another and masks have gaps.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld
from gen3d.events import Intermediate, Stage, Started
from gen3d.geometry.flying import flying
from gen3d.geometry.fringe import Fringe
from gen3d.geometry.occlusion import Continuation, continue_behind_edges
from gen3d.geometry.place import shell_m_of
from gen3d.geometry.point_picture import render_points
from gen3d.geometry.points import concatenate, lift
from gen3d.geometry.together import together
from gen3d.values import RGBD, Layers, Origin, PointCloud

BEHIND = 1.02
"""The background is lifted only where it lies at least this factor behind the photo's own surface. Chosen by eye."""
ASIDE = 0.04
"""The preview is rendered so many median depths to the left of the photo. Chosen by eye."""


def lift_layers(
    layers: Layers, background: RGBD, reach: float, fringe: Fringe | None = None
) -> Stage[PointCloud]:
    """P_0: the photo's points first, then the background's, those behind edges, and the near layer of mixed pixels.

    reach: how far surfaces are continued behind edges, as a share of the picture's diagonal; 0 is the paper's two
    layers. fringe: the photo's mixed pixels as two layers; None leaves them whole.
    """
    yield Started("lift")
    rgbd = fringe.back if fringe else layers.rgbd
    shell_m = shell_m_of(rgbd.depth)
    hanging = flying(rgbd.depth)
    yield Intermediate("lift.flying", {"image": rgbd.image, "flying": hanging})
    behind = layers.foreground & (background.depth > BEHIND * rgbd.depth)
    (found, behind_edges), photo, hidden, *mixed = together([
        partial(_behind_edges, rgbd, reach, shell_m),
        partial(lift, rgbd, ~hanging, Origin.PHOTO, shell_m),
        partial(lift, background, behind, Origin.BACKGROUND, shell_m),
        *([partial(lift, fringe.front, fringe.mixed, Origin.FRINGE, shell_m, fringe.share)] if fringe else []),
    ])  # fmt: skip
    if not len(photo) + len(hidden):
        raise EmptyWorld("No pixel of the picture could be placed in space.", "Check the depth file.")
    if found is not None:
        yield Intermediate("lift.behind_edges", {"rgbd": rgbd, "found": found})
    points = concatenate(photo, hidden, *behind_edges, *mixed)
    aside = render_points(points, _aside(rgbd)).image
    yield Intermediate("lift", {"aside": aside, "points": points})
    return points


def _behind_edges(rgbd: RGBD, reach: float, shell_m: float) -> tuple[Continuation | None, list[PointCloud]]:
    """What is continued behind edges, and its points; nothing without a reach."""
    if reach <= 0:
        return None, []
    found = continue_behind_edges(rgbd.image, rgbd.depth, reach * float(np.hypot(*rgbd.depth.shape)))
    continued = RGBD(found.image, found.depth, rgbd.camera)
    return found, [lift(continued, found.known, Origin.BEHIND_EDGES, shell_m)]


def _aside(rgbd: RGBD) -> Camera:
    """A camera a little to the left, from where the preview shows the layers."""
    c2w = np.eye(4)
    c2w[0, 3] = -ASIDE * float(np.median(rgbd.depth[~rgbd.sky])) if (~rgbd.sky).any() else 0.0
    return rgbd.camera.posed(c2w)
