"""The loss of a fit and its gradient by the picture in one walk over the rows: weighted L1 + SSIM (paper 3.3, eq. 5).

What `ssim.py` does map by map, through main memory, is done here row by row: of blurred moments and of their slopes
only the eleven rows under the window are kept, which fit the cache. Bands of rows go side by side; what a row comes to
does not depend on its band, and the rows' sums are added in order, so the bytes are the same for any number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import uint64

from gen3d.splat.cpu.kernels import LANES, ONE, TWO, ZERO, kernel
from gen3d.splat.cpu.lanes import all_lanes, choose, places, put, take, total
from gen3d.splat.cpu.machine import next_ticket
from gen3d.splat.cpu.ssim import CHANNELS, RADIUS, WINDOW, _blur_row, compared

TAPS = 2 * RADIUS + 1
MARGIN = RADIUS * CHANNELS
D2, D3, D4, D5, D6, D7, D8, D9, D10 = (np.uint64(k) for k in range(2, TAPS))
BAND = 96
"""Rows of a band; it begins with twenty more. Chosen by eye."""
A, AA, AB, B, BB = range(5)
"""Blurred moments of the picture a and of its target b."""


@kernel
def loss_of(tickets, rgb, transmittance, backdrop, image, seen, masked_ssim, ssim_weight, sums, d_rgb, d_alpha):
    """Fills `d_rgb` [h, 3 w] and `d_alpha` [h, w] with the gradient of the loss, and `sums` [h, 2] by rows.

    The picture is rgb + transmittance * backdrop; rgb and image are [h, 3 w], transmittance and seen [h, w], backdrop
    [3]. Where a pixel is not `seen` the target is the picture itself, taken as constant; without `masked_ssim` only for
    L1. sums: of |difference|, and of similarity; `mean_loss` makes the loss of them.
    """
    h = len(rgb)
    band = next_ticket(tickets)
    while band * BAND < h:
        _walk(
            rgb, transmittance, backdrop, image, seen, masked_ssim, ssim_weight, sums, d_rgb, d_alpha,
            band * BAND, min((band + 1) * BAND, h),
        )  # fmt: skip
        band = next_ticket(tickets)


def mean_loss(sums: np.ndarray, count: int, ssim_weight: float) -> float:
    """(1 - w) L1 + w (1 - SSIM) over `count` numbers."""
    apart, alike = (float(total) / count for total in sums.sum(axis=0))
    return (1 - ssim_weight) * apart + ssim_weight * (1 - alike)


@kernel
def _walk(rgb, transmittance, backdrop, image, seen, masked_ssim, ssim_weight, sums, d_rgb, d_alpha, first, last):
    """A band: row r is blurred across, r - 5 down and compared, its slopes across, those of r - 10 down."""
    h, length = rgb.shape
    wide = (length + LANES - 1) // LANES * LANES
    rows, moments = np.zeros((3, TAPS, wide), np.float32), np.zeros((5, TAPS, wide), np.float32)
    slopes, blurred = np.zeros((3, TAPS, wide), np.float32), np.empty((5, wide), np.float32)
    padded = np.zeros((5, wide + 2 * MARGIN), np.float32)
    per_number = ONE / np.float32(h * length)
    for r in range(first - 2 * RADIUS, last + 2 * RADIUS):
        slot = (r + 2 * TAPS) % TAPS
        if 0 <= r < h:
            _set_up(rgb[r], transmittance[r], backdrop, image[r], seen[r], masked_ssim, rows[:, slot], padded)
            for m in range(5):
                _blur_row(padded[m], moments[m, slot])
        else:
            moments[:, slot] = ZERO
        y = r - RADIUS
        slot = (y + 2 * TAPS) % TAPS
        if 0 <= y < h and y >= first - RADIUS:
            for m in range(5):
                _down(moments[m], y, blurred[m])
            alike = _compare_row(blurred, length, padded[:3])
            if first <= y < last:
                sums[y, 1] = alike
            for m in range(3):
                _blur_row(padded[m], slopes[m, slot])
        else:
            slopes[:, slot] = ZERO
        y = r - 2 * RADIUS
        slot = (y + 2 * TAPS) % TAPS
        if first <= y < last:
            for m in range(3):
                _down(slopes[m], y, blurred[m])
            sums[y, 0] = _combine_row(
                rows[:, slot], blurred, -ssim_weight * per_number, (ONE - ssim_weight) * per_number
            )
            _hand_on(blurred[0], backdrop, d_rgb[y], d_alpha[y])


@kernel
def _set_up(rgb, transmittance, backdrop, image, seen, masked_ssim, rows, padded):
    """As `rows` the picture, what its SSIM and what its L1 is compared with; moments go between the margins."""
    for x in range(len(seen)):
        for c in range(CHANNELS):
            i = CHANNELS * x + c
            a = rgb[i] + transmittance[x] * backdrop[c]
            rows[0, i] = a
            rows[2, i] = image[i] if seen[x] else a
            rows[1, i] = rows[2, i] if masked_ssim else image[i]
    for x in range(0, rows.shape[1], LANES):
        i, j = uint64(x), uint64(x + MARGIN)
        a, b = take(rows[0], i), take(rows[1], i)
        put(padded[A], j, a)
        put(padded[AA], j, a * a)
        put(padded[AB], j, a * b)
        put(padded[B], j, b)
        put(padded[BB], j, b * b)


@kernel
def _down(rows, y, out):
    """The window over eleven rows that are kept in turn, row y in the middle; in the order in which they are kept."""
    flat, far = rows.reshape(-1), uint64(rows.shape[1])
    w = WINDOW[(np.arange(TAPS) - y + RADIUS) % TAPS]
    w0, w1, w2, w3, w4, w5 = w[0], w[1], w[2], w[3], w[4], w[5]
    w6, w7, w8, w9, w10 = w[6], w[7], w[8], w[9], w[10]
    for x in range(0, rows.shape[1], LANES):
        i = uint64(x)
        blurred = w0 * take(flat, i) + w1 * take(flat, i + far)
        blurred = blurred + w2 * take(flat, i + D2 * far) + w3 * take(flat, i + D3 * far)
        blurred = blurred + w4 * take(flat, i + D4 * far) + w5 * take(flat, i + D5 * far)
        blurred = blurred + w6 * take(flat, i + D6 * far) + w7 * take(flat, i + D7 * far)
        blurred = blurred + w8 * take(flat, i + D8 * far) + w9 * take(flat, i + D9 * far)
        put(out, i, blurred + w10 * take(flat, i + D10 * far))


@kernel
def _compare_row(blurred, length, slopes):
    """The row's summed similarity; its slopes by mu_a, E[aa] and E[ab] go between the margins of `slopes`."""
    alike = all_lanes(ZERO)
    for x in range(0, blurred.shape[1], LANES):
        i, j = uint64(x), uint64(x + MARGIN)
        value, d_a, d_aa, d_ab = compared(
            take(blurred[A], i), take(blurred[B], i), take(blurred[AA], i), take(blurred[BB], i), take(blurred[AB], i)
        )
        inside = places() <= np.float32(length - 1 - x)
        alike = alike + choose(inside, value, ZERO)
        put(slopes[0], j, choose(inside, d_a, ZERO))
        put(slopes[1], j, choose(inside, d_aa, ZERO))
        put(slopes[2], j, choose(inside, d_ab, ZERO))
    return total(alike)


@kernel
def _combine_row(rows, blurred, per_similarity, per_difference):
    """The row's gradient, into the first of its blurred slopes; returns its summed |difference|."""
    apart = all_lanes(ZERO)
    for x in range(0, rows.shape[1], LANES):
        i = uint64(x)
        a, b, difference = take(rows[0], i), take(rows[1], i), take(rows[0], i) - take(rows[2], i)
        slope = take(blurred[0], i) + TWO * a * take(blurred[1], i) + b * take(blurred[2], i)
        sign = choose(difference > ZERO, ONE, choose(-difference > ZERO, -ONE, all_lanes(ZERO)))
        apart = apart + max(difference, -difference)
        put(blurred[0], i, per_similarity * slope + per_difference * sign)
    return total(apart)


@kernel
def _hand_on(slopes, backdrop, d_rgb, d_alpha):
    """A row's gradient by the picture is that by rgb; by alpha, it is that of the backdrop which alpha hides."""
    for x in range(len(d_alpha)):
        to_alpha = ZERO
        for c in range(CHANNELS):
            i = CHANNELS * x + c
            d_rgb[i] = slopes[i]
            to_alpha -= slopes[i] * backdrop[c]
        d_alpha[x] = to_alpha
