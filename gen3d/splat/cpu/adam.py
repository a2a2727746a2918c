"""Adam (Kingma and Ba, 2015) in one pass over the numbers: what torch's optimiser does, without loading its compiler.

That alone takes a process a second and a half before its first step.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from gen3d.splat.cpu.kernels import ONE, kernel
from gen3d.splat.cpu.turns import KERNELS

BETA1, BETA2 = 0.9, 0.999
"""How much of the mean of the slopes, and of their squares, a step keeps: the paper's, and torch's own."""
CHUNK = 4096
"""Numbers that a thread takes at a time."""


class Moments:
    """Both running means of the slopes of some numbers."""

    def __init__(self, count: int) -> None:
        self.mean, self.square = np.zeros(count, np.float32), np.zeros(count, np.float32)
        self.steps = 0


def adam_step(
    numbers: np.ndarray, slopes: np.ndarray, moments: Moments, rate: float, eps: float, beta1: float = BETA1
) -> None:
    """Moves numbers down their slopes, in place. Both: float32, flat and contiguous.

    With m and v the means, corrected for having begun at 0: x -= rate m / (sqrt(v) + eps).
    """
    moments.steps += 1
    step = rate / (1 - beta1**moments.steps)
    root = math.sqrt(1 - BETA2**moments.steps)
    with KERNELS:
        _move(
            numbers, slopes, moments.mean, moments.square,
            np.float32(beta1), np.float32(BETA2), np.float32(step), np.float32(1 / root), np.float32(eps),
        )  # fmt: skip


@kernel(parallel=True)
def _move(numbers, slopes, mean, square, beta1, beta2, step, per_root, eps):
    for chunk in prange((len(numbers) + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(numbers))):
            slope = slopes[i]
            m = beta1 * mean[i] + (ONE - beta1) * slope
            v = beta2 * square[i] + (ONE - beta2) * slope * slope
            mean[i], square[i] = m, v
            numbers[i] -= step * m / (np.sqrt(v) * per_root + eps)
