"""Small pictures for the page, one way to draw each kind of product; all uint8 and at most 512 px."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from gen3d.formats.picture import as_bytes
from gen3d.geometry.resample import fitted_size, reduce_picture, resample_depth

LONGEST_PX = 512
SKY_RGB = (12, 12, 24)
UNKNOWN_RGB = (110, 110, 110)
REGION_RGB = np.array([1.0, 0.35, 0.1], np.float32)
_SPREAD = (2.0, 98.0)
"""Percentiles of inverse depth that span the colours: single wild values must not flatten the rest."""


def picture_preview(image: Float[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    """The picture (sRGB in [0, 1]; values outside are clipped, NaN is black), reduced."""
    small = np.nan_to_num(reduce_picture(image.astype(np.float32), LONGEST_PX), posinf=1.0, neginf=0.0)
    return as_bytes(small)


def depth_preview(depth: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    """Inverse depth in the colours of "turbo": near is red, far is blue, sky nearly black, unknown grey."""
    small = resample_depth(depth, *fitted_size(depth.shape[1], depth.shape[0], LONGEST_PX))
    return depth_colours(small, depth_span(small))


def depth_span(depth: Float[np.ndarray, "h w"]) -> tuple[float, float]:
    """The inverse depths (far, near) that the colours span."""
    inverse = 1 / depth[np.isfinite(depth) & (depth > 0)]
    low, high = np.percentile(inverse, _SPREAD) if inverse.size else (0.0, 1.0)
    if high - low < 1e-6 * high:  # one distance: the middle of the scale
        low, high = low - high, 2 * high - low
    return float(low), float(high)


def depth_colours(depth: Float[np.ndarray, "h w"], span: tuple[float, float]) -> UInt8[np.ndarray, "h w 3"]:
    """Inverse depth between the ends of `span` in the colours of `depth_preview`."""
    known = np.isfinite(depth) & (depth > 0)
    inverse = np.zeros(depth.shape, np.float32)
    inverse[known] = 1 / depth[known]
    low, high = np.float64(span)  # in double precision, whatever the depth has
    level = np.rint(np.clip((inverse - low) / max(high - low, 1e-30), 0, 1) * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    colours[~known] = UNKNOWN_RGB
    colours[np.isposinf(depth)] = SKY_RGB
    return colours


def region_preview(image: Float[np.ndarray, "h w 3"], region: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    """The picture with a region tinted and everything else paled."""
    grey = image.mean(axis=2, keepdims=True)
    tinted = 0.5 * image + 0.5 * REGION_RGB
    return picture_preview(np.where(region[..., None], tinted, 0.35 * image + 0.35 * grey + 0.3))
