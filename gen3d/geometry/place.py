"""The lengths of a place, which follow from the photo's depth: its median, what is nearest, and the shell of the sky.

The sky is given a finite depth only where it becomes points or triangles: there it lies on a sphere of radius shell_m
around the world's origin, far beyond anything else.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gen3d.values import RGBD, Place, Scale

NEAREST_PERCENT = 2.0
"""Percentile of depth that stands for what is nearest, so that one stray pixel does not decide. Chosen by eye."""
SHELL_MEDIANS, SHELL_FARTHEST = 60.0, 2.0
"""The shell's radius: this many median depths, and at least this many times the farthest finite depth. Chosen by eye:
a side step of a tenth of the median depth then moves the sky by about a pixel in 640."""
SKY_SHARE = 0.7
"""Points farther than this share of the shell's radius are sky. Follows from SHELL_FARTHEST: no surface is farther than
half the radius."""


def place_of(photo: RGBD) -> Place:
    """The photo with its scale and the radius of its sky."""
    return Place(photo, scale_of(photo), shell_m_of(photo.depth))


def scale_of(photo: RGBD) -> Scale:
    """The lengths that paths are measured in; 1 m where everything is sky."""
    finite = photo.depth[np.isfinite(photo.depth)]
    return Scale(median_depth(photo.depth), float(np.percentile(finite, NEAREST_PERCENT)) if finite.size else 1.0)


def median_depth(depth: Float[np.ndarray, "h w"]) -> float:
    """The scene's unit of length: the median of the finite depths in metres; 1 where there is none."""
    finite = depth[np.isfinite(depth)]
    return float(np.median(finite)) if finite.size else 1.0


def shell_m_of(depth: Float[np.ndarray, "h w"]) -> float:
    """Radius of the sky's shell around the first camera, metres."""
    finite = depth[np.isfinite(depth)]
    return max(SHELL_MEDIANS * median_depth(depth), SHELL_FARTHEST * float(finite.max()) if finite.size else 0.0)


def shell_depth(
    rays: Float[np.ndarray, "*n 3"], center: Float[np.ndarray, "3"], shell_m: float
) -> Float[np.ndarray, "*n"]:
    """Depth along z at which rays meet the shell from inside.

    rays: in world axes, from `center`, of length 1 along the camera's z.
    """
    a, b = (rays**2).sum(-1), rays @ center
    c = float(center @ center) - shell_m**2
    return (-b + np.sqrt(np.maximum(b * b - a * c, 0))) / a
