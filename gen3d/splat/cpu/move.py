"""From gradients on the screen straight to the next step of a fit: `gather.py`, the chain rule and Adam in one pass.

No gradient is ever written down: that of a Gaussian is summed, carried back to what the fit moves (the logarithm of its
scales, the logit of its opacity), and spent. `adam.py` tells of the step. What nobody saw has a gradient of zero and
goes on by its momentum, as it does there.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from gen3d.splat.cpu.adam import advance
from gen3d.splat.cpu.ewa import combine, times, unit_quaternion, vector
from gen3d.splat.cpu.gather import _gaussian_gradient, _summed
from gen3d.splat.cpu.kernels import BLUE, CONIC_A, CONIC_B, CONIC_C, GREEN, ONE, RED, ZERO, inlined, kernel
from gen3d.splat.cpu.shade import shade_backward

MOVED = ("means", "quats", "log_scales", "logits", "sh")
"""What a fit moves, in the order in which the kernel takes it."""
CHUNK = 1024
"""Gaussians that a thread takes at a time."""


@inlined
def _finite(slopes, i, count):
    total = ZERO
    for k in range(count):
        total += slopes[i, k]
    return abs(total) < np.float32(np.inf)


@inlined
def _move_all(numbers, slopes, p, first, last, first_moments, second_moments, rates, adam):
    """Rows first:last of parameter p."""
    mean, square = first_moments[p][first:last].reshape(-1), second_moments[p][first:last].reshape(-1)
    advance(numbers[first:last].reshape(-1), slopes.reshape(-1), mean, square, rates[p], adam)


@kernel(parallel=True)
def move(
    means, quats, log_scales, logits, sh, scales, opacities, w2c, center, lens, packed, starts, pair_gradients,
    first_moments, second_moments, rates, adam, least_scales, least_logits, lost,
):  # fmt: skip
    """Moves the five parameters (`MOVED`; logits [n, 1], sh [n, k, 3]) one step down the gradient of a view.

    scales, opacities: as they were drawn. first_moments, second_moments: five arrays [n, m] each. rates: five numbers.
    The last parameters are held at `least_scales` [m, 3] and `least_logits` [m, 1] or above. lost [chunks, 5]:
    becomes True where a gradient is no finite number. The others as in `gather.gather`.
    """
    n, degree = len(means), sh.shape[1]
    for chunk in prange((n + CHUNK - 1) // CHUNK):
        first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, n)
        size = last - first
        d_means, d_quats = np.zeros((size, 3), np.float32), np.zeros((size, 4), np.float32)
        d_scales, d_logits = np.zeros((size, 3), np.float32), np.zeros((size, 1), np.float32)
        d_sh = np.zeros((size, degree, 3), np.float32)
        d_flat = d_sh.reshape(size, 3 * degree)
        for j in range(size):
            i = first + j
            if starts[i] == starts[i + 1]:
                continue
            d = _summed(pair_gradients, starts[i], starts[i + 1])
            mean, scale, opacity = vector(means, i), vector(scales, i), opacities[i]
            q, per_length = unit_quaternion(quats, i)
            conic = packed[i, CONIC_A], packed[i, CONIC_B], packed[i, CONIC_C]
            d_mean, d_quat, d_scale, d_opacity = _gaussian_gradient(
                conic, d, mean, q, per_length, scale, opacity, w2c, lens
            )
            d_turn = shade_backward(sh[first:last], lens.plain, j, mean, center, (d[RED], d[GREEN], d[BLUE]), d_sh)
            d_means[j, 0], d_means[j, 1], d_means[j, 2] = combine(ONE, d_mean, ONE, d_turn)
            d_quats[j, 0], d_quats[j, 1], d_quats[j, 2], d_quats[j, 3] = d_quat
            d_scales[j, 0], d_scales[j, 1], d_scales[j, 2] = times(d_scale, scale)
            d_logits[j, 0] = d_opacity * opacity * (ONE - opacity)
            lost[chunk, 0] |= not _finite(d_means, j, 3)
            lost[chunk, 1] |= not _finite(d_quats, j, 4)
            lost[chunk, 2] |= not _finite(d_scales, j, 3)
            lost[chunk, 3] |= not _finite(d_logits, j, 1)
            lost[chunk, 4] |= not _finite(d_flat, j, 3 * degree)
        _move_all(means, d_means, 0, first, last, first_moments, second_moments, rates, adam)
        _move_all(quats, d_quats, 1, first, last, first_moments, second_moments, rates, adam)
        _move_all(log_scales, d_scales, 2, first, last, first_moments, second_moments, rates, adam)
        _move_all(logits, d_logits, 3, first, last, first_moments, second_moments, rates, adam)
        _move_all(sh, d_sh, 4, first, last, first_moments, second_moments, rates, adam)
        held = n - len(least_scales)
        for i in range(max(first, held), last):
            logits[i, 0] = max(logits[i, 0], least_logits[i - held, 0])
            for k in range(3):
                log_scales[i, k] = max(log_scales[i, k], least_scales[i - held, k])
