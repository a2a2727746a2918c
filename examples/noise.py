"""Vectors of three numbers, and the noise that patterns and shapes are made with, for the tracer's compiled code."""

from __future__ import annotations

import numpy as np
from numba import njit

FAST = {"fastmath": True, "error_model": "numpy"}


@njit(inline="always")
def dot(a, b):
    """Inner product of two triples."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(inline="always")
def along(o, d, t):
    """The triple o + t d."""
    return (o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2])


@njit(**FAST)
def unit(a):
    """The triple at length 1."""
    s = 1.0 / np.sqrt(dot(a, a) + 1e-30)
    return (a[0] * s, a[1] * s, a[2] * s)


@njit(**FAST)
def hashed(i, j, k):
    """A number in [0, 1) for a lattice point."""
    h = (i * 374761393 + j * 668265263 + k * 1911520717 + 974711) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 2246822519) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777216.0


@njit(**FAST)
def noise(x, y, z):
    """Smooth value noise in [0, 1], one cell a unit."""
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    a = hashed(i, j, k) * (1 - u) + hashed(i + 1, j, k) * u
    b = hashed(i, j + 1, k) * (1 - u) + hashed(i + 1, j + 1, k) * u
    c = hashed(i, j, k + 1) * (1 - u) + hashed(i + 1, j, k + 1) * u
    d = hashed(i, j + 1, k + 1) * (1 - u) + hashed(i + 1, j + 1, k + 1) * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w


@njit(**FAST)
def fbm(x, y, z, octaves):
    """Noise upon finer noise, in [0, 1]."""
    total, weight, norm = 0.0, 1.0, 0.0
    for _ in range(octaves):
        total += weight * noise(x, y, z)
        norm += weight
        weight *= 0.5
        x, y, z = 2.03 * x + 17.1, 2.03 * y + 5.3, 2.03 * z + 9.7
    return total / norm
