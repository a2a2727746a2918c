"""Adam (Kingma and Ba, 2015) in one pass over the numbers: what torch's optimiser does, without loading its compiler.

That alone takes a process a second and a half before its first step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gen3d.geometry.together import shared
from gen3d.splat.cpu.kernels import ONE, kernel
from gen3d.splat.cpu.machine import next_ticket

BETA1, BETA2 = 0.9, 0.999
"""How much of the mean of the slopes, and of their squares, a step keeps: the paper's, and torch's own."""
CHUNK = 4096
"""Numbers that a thread takes at a time."""


class Adam(NamedTuple):
    """What a step needs beside the rate, float32: both shares, 1 / sqrt(1 - beta2^t), and what keeps it finite."""

    beta1: np.float32
    beta2: np.float32
    per_root: np.float32
    eps: np.float32


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
    adam = Adam(*(np.float32(x) for x in (beta1, BETA2, 1 / root, eps)))
    shared(_move, numbers, slopes, moments.mean, moments.square, np.float32(step), adam)


@kernel
def advance(numbers, slopes, mean, square, rate, adam):
    """A run of numbers; a function of its own, so that the compiler takes eight at a time."""
    for k in range(len(numbers)):
        slope = slopes[k]
        m = adam.beta1 * mean[k] + (ONE - adam.beta1) * slope
        v = adam.beta2 * square[k] + (ONE - adam.beta2) * slope * slope
        mean[k], square[k] = m, v
        numbers[k] -= rate * m / (np.sqrt(v) * adam.per_root + adam.eps)


@kernel
def _move(tickets, numbers, slopes, mean, square, step, adam):
    first = next_ticket(tickets) * CHUNK
    while first < len(numbers):
        last = min(first + CHUNK, len(numbers))
        advance(numbers[first:last], slopes[first:last], mean[first:last], square[first:last], step, adam)
        first = next_ticket(tickets) * CHUNK
