"""The loss of a fit and its gradient by the picture in one walk over the rows: weighted L1 + SSIM (paper 3.3, eq. 5).

What `ssim.py` does map by map, through main memory, is done here row by row: of blurred moments and of their slopes
only the eleven rows under the window are kept, which fit the cache. Bands of rows go side by side; what a row comes to
does not depend on its band, and the rows' sums are added in order, so the bytes are the same for any number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import float64, prange, uint64

from gen3d.splat.cpu.kernels import ONE, TWO, ZERO, kernel
from gen3d.splat.cpu.ssim import CHANNELS, RADIUS, WINDOW, _add_row, _blur_row, compared

TAPS = 2 * RADIUS + 1
MARGIN = RADIUS * CHANNELS
BAND = 96
"""Rows of a band; it begins with twenty more. Chosen by eye."""
A, AA, AB, B, BB = range(5)
"""Blurred moments of the picture a and of its target b."""


@kernel(parallel=True)
def loss_of(rgb, transmittance, backdrop, image, seen, masked_ssim, ssim_weight, sums, d_rgb, d_alpha):
    """Fills `d_rgb` [h, 3 w] and `d_alpha` [h, w] with the gradient of the loss, and `sums` [h, 2] by rows.

    The picture is rgb + transmittance * backdrop; rgb and image are [h, 3 w], transmittance and seen [h, w], backdrop
    [3]. Where a pixel is not `seen` the target is the picture itself, taken as constant; without `masked_ssim` only for
    L1. sums: of |difference|, and of similarity; `mean_loss` makes the loss of them.
    """
    h = len(rgb)
    for band in prange((h + BAND - 1) // BAND):
        _walk(
            rgb, transmittance, backdrop, image, seen, masked_ssim, ssim_weight, sums, d_rgb, d_alpha,
            band * BAND, min((band + 1) * BAND, h),
        )  # fmt: skip


def mean_loss(sums: np.ndarray, count: int, ssim_weight: float) -> float:
    """(1 - w) L1 + w (1 - SSIM) over `count` numbers."""
    apart, alike = (float(total) / count for total in sums.sum(axis=0))
    return (1 - ssim_weight) * apart + ssim_weight * (1 - alike)


@kernel
def _walk(rgb, transmittance, backdrop, image, seen, masked_ssim, ssim_weight, sums, d_rgb, d_alpha, first, last):
    """A band: row r is blurred across, r - 5 down and compared, its slopes across, those of r - 10 down."""
    h, length = rgb.shape
    moments, slopes = np.zeros((5, TAPS, length), np.float32), np.zeros((3, TAPS, length), np.float32)
    padded, blurred = np.zeros((5, length + 2 * MARGIN), np.float32), np.empty((5, length), np.float32)
    per_number = ONE / np.float32(h * length)
    for r in range(first - 2 * RADIUS, last + 2 * RADIUS):
        slot = (r + 2 * TAPS) % TAPS
        if 0 <= r < h:
            _set_up(rgb[r], transmittance[r], backdrop, image[r], seen[r], masked_ssim, padded)
            for m in range(5):
                _blur_row(padded[m], moments[m, slot])
        else:
            moments[:, slot] = ZERO
        y = r - RADIUS
        slot = (y + 2 * TAPS) % TAPS
        if 0 <= y < h and y >= first - RADIUS:
            for m in range(5):
                _down(moments[m], y, blurred[m])
            alike = _compare_row(blurred, padded[:3])
            if first <= y < last:
                sums[y, 1] = alike
            for m in range(3):
                _blur_row(padded[m], slopes[m, slot])
        else:
            slopes[:, slot] = ZERO
        y = r - 2 * RADIUS
        if first <= y < last:
            for m in range(3):
                _down(slopes[m], y, blurred[m])
            sums[y, 0] = _combine_row(
                rgb[y], transmittance[y], backdrop, image[y], seen[y], masked_ssim, blurred,
                -ssim_weight * per_number, (ONE - ssim_weight) * per_number, d_rgb[y], d_alpha[y],
            )  # fmt: skip


@kernel
def _set_up(rgb, transmittance, backdrop, image, seen, masked_ssim, padded):
    """The moments of a row, with zeros on both sides."""
    for x in range(len(seen)):
        for c in range(CHANNELS):
            i = uint64(CHANNELS * x + c)
            a = rgb[i] + transmittance[x] * backdrop[c]
            b = image[i] if seen[x] or not masked_ssim else a
            j = i + uint64(MARGIN)
            padded[A, j], padded[AA, j], padded[AB, j], padded[B, j], padded[BB, j] = a, a * a, a * b, b, b * b


@kernel
def _down(rows, y, out):
    """The window over eleven rows that are kept in turn, row y in the middle."""
    out[:] = ZERO
    for k in range(TAPS):
        _add_row(rows[(y - RADIUS + k + 2 * TAPS) % TAPS], WINDOW[k], out)


@kernel
def _compare_row(blurred, slopes):
    """The row's summed similarity; its slopes by mu_a, E[aa] and E[ab] go between the margins of `slopes`."""
    alike = float64(0)
    for x in range(blurred.shape[1]):
        j = x + MARGIN
        value, slopes[0, j], slopes[1, j], slopes[2, j] = compared(
            blurred[A, x], blurred[B, x], blurred[AA, x], blurred[BB, x], blurred[AB, x]
        )
        alike += value
    return alike


@kernel
def _combine_row(
    rgb, transmittance, backdrop, image, seen, masked_ssim, blurred, per_similarity, per_difference, d_rgb, d_alpha
):
    """The row's gradient; returns its summed |difference|."""
    apart = float64(0)
    for x in range(len(seen)):
        to_alpha = ZERO
        for c in range(CHANNELS):
            i = CHANNELS * x + c
            a = rgb[i] + transmittance[x] * backdrop[c]
            b = image[i] if seen[x] or not masked_ssim else a
            slope = per_similarity * (blurred[0, i] + TWO * a * blurred[1, i] + b * blurred[2, i])
            difference = a - image[i] if seen[x] else ZERO
            apart += abs(difference)
            slope += per_difference * np.sign(difference)
            d_rgb[i] = slope
            to_alpha -= slope * backdrop[c]
        d_alpha[x] = to_alpha
    return apart
