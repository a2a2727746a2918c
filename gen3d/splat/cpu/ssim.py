"""Structural similarity (Wang et al., 2004) and its gradient, fast enough to be part of a loss on a processor.

Gaussian window of 11 x 11 pixels, sigma 1.5, zero padding, C1 = 0.01^2, C2 = 0.03^2: the loss term of 3DGS. With
blurred moments mu_a, mu_b, E[aa], E[bb], E[ab] of the picture a and the target b

    ssim = (2 mu_a mu_b + C1) (2 cov + C2) / ((mu_a^2 + mu_b^2 + C1) (var_a + var_b + C2))

and since the window is symmetric, the gradient is three blurred maps: d_mu + 2 a d_aa + b d_ab. Kernels see pictures
as [h, 3 w] rows, so that a blur along x steps three floats at a time.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from numba import uint64

from gen3d.geometry.together import shared
from gen3d.splat.cpu.kernels import ONE, TWO, ZERO, kernel
from gen3d.splat.cpu.machine import next_ticket

RADIUS = 5
CHANNELS = 3
C1 = np.float32(0.01**2)
C2 = np.float32(0.03**2)


def _window() -> np.ndarray:
    """The eleven weights of the separable window."""
    weights = np.exp(-((np.arange(2 * RADIUS + 1) - RADIUS) ** 2) / (2 * 1.5**2))
    return (weights / weights.sum()).astype(np.float32)


WINDOW = _window()
K0, K1, K2, K3, K4, K5 = WINDOW[RADIUS:]
# Distances of the taps along a row, unsigned so that the compiler may vectorise.
D1, D2, D3, D4, D5 = (np.uint64(CHANNELS * k) for k in range(1, RADIUS + 1))


class SsimTarget:
    """A picture to compare with, its blurs computed once."""

    def __init__(self, image: Float[torch.Tensor, "h w 3"]):
        self.shape = tuple(image.shape)
        self.rows = rows(image)
        moments = np.stack([self.rows, self.rows * self.rows])
        self.mean, self.mean_of_square = blur(moments, np.empty_like(moments), moments)


def ssim(image: Float[torch.Tensor, "h w 3"], target: SsimTarget) -> Float[torch.Tensor, ""]:
    """Mean structural similarity over pixels and channels, 1 for equal pictures; differentiable in `image`."""
    if tuple(image.shape) != target.shape:
        raise ValueError(f"image is {tuple(image.shape)}, the target {target.shape}")
    from gen3d.splat.cpu.recorded import similarity  # not before: it loads torch

    return similarity(image, target)


def rows(image: torch.Tensor) -> np.ndarray:
    """[h, w, 3] as float32 [h, 3 w]."""
    return image.detach().to(torch.float32).contiguous().numpy().reshape(image.shape[0], -1)


def blur(maps: np.ndarray, between: np.ndarray, out: np.ndarray) -> np.ndarray:
    """The window over every one of [m, h, 3 w] maps, into `out`, which may be `maps`; `between` is overwritten.

    The caller brings the memory: fresh pages cost as much as the blur itself.
    """
    shared(_blur_across, maps, between)
    shared(_blur_down, between, out)
    return out


@kernel
def _blur_across(tickets, maps, out):
    m, h, length = maps.shape
    margin = RADIUS * CHANNELS
    r = next_ticket(tickets)
    while r < m * h:
        row = np.zeros(length + 2 * margin, np.float32)
        row[margin : margin + length] = maps[r // h, r % h]
        _blur_row(row, out[r // h, r % h])
        r = next_ticket(tickets)


@kernel
def _blur_row(row, out):
    for x in range(len(out)):
        i = uint64(x) + D5
        out[x] = (
            K0 * row[i]
            + K1 * (row[i - D1] + row[i + D1])
            + K2 * (row[i - D2] + row[i + D2])
            + K3 * (row[i - D3] + row[i + D3])
            + K4 * (row[i - D4] + row[i + D4])
            + K5 * (row[i - D5] + row[i + D5])
        )


@kernel
def _blur_down(tickets, maps, out):
    m, h, _ = maps.shape
    r = next_ticket(tickets)
    while r < m * h:
        y = r % h
        row = out[r // h, y]
        row[:] = ZERO
        for k in range(max(0, y - RADIUS), min(h, y + RADIUS + 1)):
            _add_row(maps[r // h, k], WINDOW[k - y + RADIUS], row)
        r = next_ticket(tickets)


@kernel
def _add_row(row, weight, out):
    for x in range(len(out)):
        out[x] += weight * row[x]


@kernel
def moments(tickets, a, b, out):
    """a, a a, a b."""
    h, length = a.shape
    y = next_ticket(tickets)
    while y < h:
        for x in range(length):
            value = a[y, x]
            out[0, y, x], out[1, y, x], out[2, y, x] = value, value * value, value * b[y, x]
        y = next_ticket(tickets)


@kernel
def compared(a, b, aa, bb, ab):
    """The similarity at a number, and its slopes by mu_a, E[aa] and E[ab].

    Of blurred moments: mu_a, mu_b, E[aa], E[bb], E[ab].
    """
    var_a, var_b, cov = aa - a * a, bb - b * b, ab - a * b
    n1, n2 = TWO * a * b + C1, TWO * cov + C2
    d1, d2 = a * a + b * b + C1, var_a + var_b + C2
    per_d = ONE / (d1 * d2)
    value = n1 * n2 * per_d
    d_cov, d_var = TWO * n1 * per_d, -value / d2
    d_a = TWO * b * n2 * per_d - TWO * a * value / d1
    return value, d_a - TWO * a * d_var - b * d_cov, d_var, d_cov


@kernel
def compare(tickets, blurred, mean_b, mean_bb, similarity, slopes):
    """The similarity of every pixel, and its slopes with respect to mu_a, E[aa] and E[ab]."""
    h, length = mean_b.shape
    y = next_ticket(tickets)
    while y < h:
        for x in range(length):
            similarity[y, x], slopes[0, y, x], slopes[1, y, x], slopes[2, y, x] = compared(
                blurred[0, y, x], mean_b[y, x], blurred[1, y, x], mean_bb[y, x], blurred[2, y, x]
            )
        y = next_ticket(tickets)


@kernel
def combine(tickets, a, b, blurred_slopes, factor, out):
    """The gradient in a, by its three blurred slopes."""
    h, length = a.shape
    y = next_ticket(tickets)
    while y < h:
        for x in range(length):
            out[y, x] = factor * (
                blurred_slopes[0, y, x] + TWO * a[y, x] * blurred_slopes[1, y, x] + b[y, x] * blurred_slopes[2, y, x]
            )
        y = next_ticket(tickets)
