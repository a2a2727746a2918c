"""The lengths of a place, which follow from the photo's depth alone."""

from __future__ import annotations

import numpy as np

from gen3d.geometry.points import median_depth, sky_radius
from gen3d.values import RGBD, Place, Scale

NEAREST_PERCENT = 2.0
"""Percentile of depth that stands for what is nearest: one stray pixel does not decide (chosen by eye)."""


def place_of(photo: RGBD) -> Place:
    """The photo with its scale and the radius of its sky."""
    return Place(photo, scale_of(photo), sky_radius(photo.depth))


def scale_of(photo: RGBD) -> Scale:
    """The lengths that paths are measured in; 1 m where everything is sky."""
    finite = photo.depth[np.isfinite(photo.depth)]
    return Scale(median_depth(photo.depth), float(np.percentile(finite, NEAREST_PERCENT)) if finite.size else 1.0)
