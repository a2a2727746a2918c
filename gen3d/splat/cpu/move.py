"""From gradients on the screen straight to the next step of a fit: `gather.py`, the chain rule and Adam in one pass.

No gradient is ever written down: that of a Gaussian is summed, carried back to what the fit moves (the logarithm of its
scales, the logit of its opacity), and spent. `adam.py` tells of the step. What nobody saw has a gradient of zero and
goes on by its momentum, as it does there.
"""

from __future__ import annotations

import numpy as np
from numba import uint64

from gen3d.splat.cpu.adam import advance
from gen3d.splat.cpu.ewa import vector
from gen3d.splat.cpu.gather import BLOCK, MEAN, OF_OPACITY, PLANES, QUAT, SCALE, at_place, carried_back
from gen3d.splat.cpu.kernels import BLUE, GREEN, LANES, ONE, RED, ZERO, inlined, kernel
from gen3d.splat.cpu.lanes import all_lanes, take, total
from gen3d.splat.cpu.machine import next_ticket
from gen3d.splat.cpu.shade import shade_backward

MOVED = ("means", "quats", "log_scales", "logits", "sh")
"""What a fit moves, in the order in which the kernel takes it."""
CHUNK = 1024
"""Gaussians that a thread takes at a time; a multiple of eight."""


@inlined
def _spoilt(slopes):
    """Whether any is no finite number: such a one times 0 is NaN, all others are 0."""
    nothing, flat = all_lanes(ZERO), slopes.reshape(-1)
    for k in range(0, len(flat), LANES):
        nothing = nothing + take(flat, uint64(k)) * ZERO
    return total(nothing) != ZERO


@inlined
def _move_all(numbers, slopes, p, first, last, first_moments, second_moments, rates, adam):
    """Rows first:last of parameter p."""
    mean, square = first_moments[p][first:last].reshape(-1), second_moments[p][first:last].reshape(-1)
    advance(numbers[first:last].reshape(-1), slopes[: last - first].reshape(-1), mean, square, rates[p], adam)


@kernel
def move(
    tickets, means, quats, log_scales, logits, sh, scales, opacities, w2c, center, lens, packed, starts, pair_gradients,
    first_moments, second_moments, rates, adam, least_scales, least_logits, lost,
):  # fmt: skip
    """Moves the five parameters (`MOVED`; logits [n, 1], sh [n, k, 3]) one step down the gradient of a view.

    scales, opacities: as they were drawn. first_moments, second_moments: five arrays [n, m] each. rates: five numbers.
    The last parameters are held at `least_scales` [m, 3] and `least_logits` [m, 1] or above. lost [chunks, 5]:
    True where a gradient is no finite number. The others as in `gather.gather`.
    """
    n, degree = len(means), sh.shape[1]
    chunk = next_ticket(tickets)
    while chunk < len(lost):
        first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, n)
        d_means, d_quats = np.zeros((CHUNK, 3), np.float32), np.zeros((CHUNK, 4), np.float32)
        d_scales, d_logits = np.zeros((CHUNK, 3), np.float32), np.zeros((CHUNK, 1), np.float32)
        d_sh = np.zeros((CHUNK, degree, 3), np.float32)
        planes, seen = np.zeros(PLANES * BLOCK, np.float32), np.empty(BLOCK, np.int64)
        for begin in range(first, last, BLOCK):
            count = carried_back(
                begin, min(begin + BLOCK, last), means, quats, scales, opacities, w2c, lens, packed, starts,
                pair_gradients, planes, seen,
            )  # fmt: skip
            for k in range(count):
                i, j = seen[k], seen[k] - first
                d_rgb = at_place(planes, RED, k), at_place(planes, GREEN, k), at_place(planes, BLUE, k)
                d_turn = shade_backward(sh[first:last], lens.plain, j, vector(means, i), center, d_rgb, d_sh)
                for c in range(3):
                    d_means[j, c] = at_place(planes, MEAN + c, k) + d_turn[c]
                    d_scales[j, c] = at_place(planes, SCALE + c, k) * scales[i, c]
                for c in range(4):
                    d_quats[j, c] = at_place(planes, QUAT + c, k)
                d_logits[j, 0] = at_place(planes, OF_OPACITY, k) * opacities[i] * (ONE - opacities[i])
        lost[chunk, 0], lost[chunk, 1], lost[chunk, 2] = _spoilt(d_means), _spoilt(d_quats), _spoilt(d_scales)
        lost[chunk, 3], lost[chunk, 4] = _spoilt(d_logits), _spoilt(d_sh)
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
        chunk = next_ticket(tickets)
