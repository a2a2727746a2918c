"""Vectors of three numbers, and the noise that patterns and shapes are made with, for compiled code."""

from __future__ import annotations

from functools import partial

import numpy as np

from gen3d.geometry.compiled import compiled

FAST = {"fastmath": True, "error_model": "numpy"}
inner = partial(compiled, cache=False, **FAST)
"""For what is only called by kernels: it is kept as a part of them."""
kernel = partial(compiled, **FAST)
"""For what Python calls."""


@inner
def dot(a, b):
    """Inner product of two triples."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inner
def along(o, d, t):
    """The triple o + t d."""
    return (o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2])


@inner
def unit(a):
    """The triple at length 1."""
    s = 1.0 / np.sqrt(dot(a, a) + 1e-30)
    return (a[0] * s, a[1] * s, a[2] * s)


@inner
def mix(a, b, f):
    """From a to b by f in [0, 1]."""
    f = min(max(f, 0.0), 1.0)
    return (a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f)


@inner
def toned(a, f):
    """The triple times f."""
    return (a[0] * f, a[1] * f, a[2] * f)


@inner
def ramp(low, high, x):
    """0 below low, 1 above high, smooth between."""
    f = min(max((x - low) / (high - low), 0.0), 1.0)
    return f * f * (3 - 2 * f)


@inner
def hashed(i, j, k):
    """A number in [0, 1) for a lattice point."""
    h = (i * 374761393 + j * 668265263 + k * 1911520717 + 974711) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 2246822519) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFFFF) / 16777216.0


@inner
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


@inner
def fbm(x, y, z, octaves):
    """Noise upon finer noise, in [0, 1]."""
    total, weight, norm = 0.0, 1.0, 0.0
    for _ in range(octaves):
        total += weight * noise(x, y, z)
        norm += weight
        weight *= 0.5
        x, y, z = 2.03 * x + 17.1, 2.03 * y + 5.3, 2.03 * z + 9.7
    return total / norm


@kernel
def noise_field(x0, z0, rows, columns, cell, frequency, octaves, seed):
    """Fbm in [0, 1] over a grid of places."""
    out = np.zeros((rows, columns))
    for j in range(rows):
        for i in range(columns):
            out[j, i] = fbm((x0 + i * cell) * frequency + seed, seed * 0.37, (z0 + j * cell) * frequency, octaves)
    return out
