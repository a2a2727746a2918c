"""Depth for every pixel (paper 3.1): as given, or estimated; completed, its soft edges made steps.

Unknown pixels of a given depth are filled from their surroundings. Then every depth map is filtered here, once, before
anything is derived from it: `smooth_within` takes out the steps of its quantisation, `sharpen_edges` turns the ramp
that a soft edge leaves between two surfaces into a step, and `snap_rims_to_colour` moves the step to the pixel where
the colour changes. Depth that is exact, of a picture that was painted from a world, is taken as it is.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.events import Intermediate, Notice, Stage, Started
from gen3d.geometry.clean import sharpen_edges, smooth_within
from gen3d.geometry.fringe import snap_rims_to_colour
from gen3d.geometry.resample import reduce_picture, resample_depth
from gen3d.geometry.surfaces import complete_depth
from gen3d.models.base import DepthEstimate, DepthEstimator
from gen3d.values import RGBD, Source

DEFAULT_FOV_DEG = 55.0
"""For pictures that say nothing about their lens, along the longer side. Chosen by eye: that of a 35 mm lens on a
full-frame camera."""
SOFT_EDGE = 0.015
"""Soft edges of depth maps are about this share of the shorter side wide (to either side). Chosen by eye."""
SOFTEST_PX = 2
"""But at least so wide. Chosen by eye."""
LEAST_TOLD = 0.01
"""A smaller share of unknown pixels is told as less than this. Chosen by eye."""
ALONE_PX = 768
"""Longer side at which depth alone is estimated. From the preset balanced, whose photos have this size."""
GUESSED = "The depth is a rough guess."


def depth_of(
    image: Float[np.ndarray, "h w 3"], estimator: DepthEstimator, size: tuple[int, int] | None = None
) -> Stage[Float[np.ndarray, "h2 w2"]]:
    """Estimated depth: metres along z, inf is sky. Larger pictures than ALONE_PX are reduced for it.

    size: width and height of what comes back; None: the picture's own.
    """
    yield Started("depth")
    h, w, _ = image.shape
    estimate = estimator.estimate(reduce_picture(image, ALONE_PX))
    if estimate.rough:
        yield Notice(f"{estimate.told or GUESSED} The networks measure far better: see `gen3d doctor`.")
    return resample_depth(estimate.depth, *(size or (w, h)))


def find_depth(source: Source, estimator: DepthEstimator) -> Stage[RGBD]:
    """The picture with a depth for every pixel, and its camera."""
    yield Started("depth")
    if source.things is not None:
        return (yield from _exact(source))
    h, w, _ = source.image.shape
    normals = None
    if source.depth is not None:
        depth, fov_deg = complete_depth(source.depth), None
        if np.isnan(source.depth).any():
            unknown = float(np.isnan(source.depth).mean())
            share = f"{unknown:.0%}" if unknown >= LEAST_TOLD else "Less than 1%"
            yield Notice(f"{share} of the depth was unknown and was completed from around.")
    else:
        estimate = estimator.estimate(source.image, source.camera)
        depth, fov_deg = _checked(estimate, (h, w), estimator.name), estimate.fov_deg
        normals = estimate.normals
        if estimate.rough:
            better = "A measured or estimated depth file given with the photo makes a far better scene."
            yield Notice(f"{estimate.told or GUESSED} {better}")
    said = depth if source.depth is None else source.depth
    camera = source.camera or Camera.from_fov(fov_deg or DEFAULT_FOV_DEG, w, h)
    depth = sharpen_edges(smooth_within(depth), source.image, max(SOFTEST_PX, round(SOFT_EDGE * min(h, w))))
    depth = snap_rims_to_colour(source.image, depth)
    yield Intermediate("depth", {"image": source.image, "said": said, "depth": depth})
    return RGBD(source.image, depth, camera, normals)


def _exact(source: Source) -> Stage[RGBD]:
    """Painted from a world: its edges are where they are, so nothing is filtered."""
    yield Intermediate("depth", {"image": source.image, "said": source.depth, "depth": source.depth})
    return RGBD(source.image, source.depth, source.camera)


def _checked(estimate: DepthEstimate, shape: tuple[int, int], name: str) -> np.ndarray:
    depth = estimate.depth
    if depth.shape != shape:
        raise ValueError(f"{name} gave depth {depth.shape} for a picture {shape}")
    if not np.isfinite(depth).any():
        raise InputError("The picture seems to be all sky, so nothing in it has a depth.", "Give a depth file with it.")
    return depth.astype(np.float32)
