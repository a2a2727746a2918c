"""What the foreground hides (paper 3.1): a picture and a depth for the background layer.

The fill copies background pixels only, and the depth continues the surfaces on the far side of the rim, never in front
of what hides it. That depth comes first, since it tells the inpainter which surface goes where; then the estimator is
given the inpainted picture, and its answer is aligned to the known background.
"""

from __future__ import annotations

import numpy as np

from gen3d.events import Intermediate, Stage, Started
from gen3d.geometry.align import apply_scale_shift, blend_seam, fit_scale_shift
from gen3d.geometry.edges import dilate, near_rim
from gen3d.geometry.fringe import Fringe
from gen3d.geometry.seam import Seam
from gen3d.geometry.surfaces import continue_surfaces, hiding_rim
from gen3d.models.base import DepthEstimator, Inpainter
from gen3d.values import RGBD, Layers

DEPTH_MARGIN_PX = 2
"""Depth beside the foreground is trusted from this distance on (colour only from Omega's edge on). Chosen by eye."""
REACH = 0.25
"""How far across a hole rim pixels are compared, as a share of the shorter side. Chosen by eye."""
BEHIND = 1.03
"""The background lies at least this factor behind the foreground it is hidden by. Chosen by eye."""


def fill_background(
    layers: Layers,
    inpainter: Inpainter,
    estimator: DepthEstimator,
    prompt: str | None,
    seed: int,
    fringe: Fringe | None = None,
) -> Stage[RGBD]:
    """The picture without its foreground; outside Omega it is the photo, depth included.

    fringe: the photo's mixed pixels as two layers, so that no foreground colour is left in the fill.
    """
    yield Started("background")
    rgbd = fringe.back if fringe else layers.rgbd
    if not layers.foreground.any():
        return rgbd
    hole = dilate(layers.foreground, DEPTH_MARGIN_PX)
    hiding = hiding_rim(rgbd.depth, hole, REACH * min(hole.shape))
    expected = _held_behind(continue_surfaces(rgbd.depth, hole, hiding), layers)
    borrow = ~layers.hidden & ~dilate(near_rim(rgbd.depth), 1) & ~hiding
    yield Intermediate("background.borrow", {"layers": layers, "borrow": borrow})
    image = inpainter.inpaint(rgbd.image, layers.hidden, borrow, expected, prompt, seed)
    yield Intermediate("background.filled", {"image": image})
    estimated = estimator.estimate(image, rgbd.camera, expected).depth
    new = apply_scale_shift(estimated, *fit_scale_shift(estimated, rgbd.depth, ~layers.hidden))
    depth = _held_behind(blend_seam(new, rgbd.depth, hole, hiding), layers)
    seam = Seam(rgbd.depth, hole, hiding, estimated, depth)
    yield Intermediate("background", {"image": image, "expected": expected, "seam": seam})
    return RGBD(image, depth, rgbd.camera)


def _held_behind(depth: np.ndarray, layers: Layers) -> np.ndarray:
    """The depth, pushed behind the foreground wherever it would come in front."""
    floor = np.where(layers.foreground, BEHIND * layers.rgbd.depth, 0)
    return np.maximum(depth, floor).astype(np.float32)
