"""Pictures and depth on another pixel grid: pictures are averaged, depth never is.

The mean of a near and a far depth is a surface where there is none, so resampled depth only holds values of the
original.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

_TAPS = 3
"""Samples of a pixel's footprint along each axis when depth is reduced. Chosen by eye."""


def fitted_size(width: int, height: int, longest_px: int) -> tuple[int, int]:
    """Width and height reduced so that the longer side has at most `longest_px`; never enlarged, never zero."""
    scale = min(1.0, longest_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def reduce_picture(image: Float[np.ndarray, "h w 3"], longest_px: int) -> Float[np.ndarray, "h2 w2 3"]:
    """The picture with its longer side at most `longest_px`, each pixel the mean of what it covers."""
    height, width, _ = image.shape
    size = fitted_size(width, height, longest_px)
    return image if size == (width, height) else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def resample_depth(depth: Float[np.ndarray, "h w"], width: int, height: int) -> Float[np.ndarray, "h2 w2"]:
    """Depth on a grid of `width` x `height` that covers the same view; NaN (unknown) and inf (sky) are kept.

    Enlarged: the nearest value. Reduced: the median of 3 x 3 samples of each pixel's footprint, unknown ones left out
    and the nearer taken of two in the middle, so that sparse depth stays and near and far are not mixed.
    """
    if depth.shape == (height, width):
        return depth
    if width >= depth.shape[1] and height >= depth.shape[0]:
        return depth[_samples(depth.shape[0], height, 0.5)[:, None], _samples(depth.shape[1], width, 0.5)]
    offsets = (np.arange(_TAPS) + 0.5) / _TAPS
    rows = [_samples(depth.shape[0], height, o) for o in offsets]
    columns = [_samples(depth.shape[1], width, o) for o in offsets]
    taps = np.sort(np.stack([depth[r[:, None], c] for r in rows for c in columns]), axis=0)  # NaN comes last
    middle = np.maximum((~np.isnan(taps)).sum(axis=0) - 1, 0) // 2
    return np.take_along_axis(taps, middle[None], axis=0)[0]


def _samples(old: int, new: int, offset: float) -> np.ndarray:
    """For each of `new` pixels the one of `old` that lies at `offset` (0..1) of its extent."""
    return np.minimum(((np.arange(new) + offset) * old / new).astype(np.intp), old - 1)
