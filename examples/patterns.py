"""The looks of the example scenes: what colour and relief each material has, place by place.

A material is a row of numbers: [0] the pattern, [1:4] and [4:7] its two colours (linear), [7] reflectance head-on,
[8] roughness, [9] emission, [10] depth of its relief, [11] relief cells per metre, [12] whether it is a metal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gen3d.painter.light.noise import FAST, fbm, hashed, mix, noise, ramp, unit
from gen3d.painter.light.patterns import (
    BOOK,
    FABRIC,
    FOLIAGE,
    GLAZE,
    HILLS,
    LEAF,
    PAINTING,
    PANE,
    PAVING,
    PLANKS,
    PLASTER,
    RUG,
    STONE,
    WOOD,
    painting,
    stone,
    wood,
)

# -- patterns --------------------------------------------------------------------------------------------------------


@njit(**FAST)
def planks(a, b, p):
    """Floorboards along z."""
    row = np.floor(p[0] / 0.145)
    across = p[0] / 0.145 - row
    z = p[2] + 1.7 * hashed(int(row), 3, 5)
    board = np.floor(z / 1.5)
    seed = hashed(int(row), int(board), 11)
    rgb = wood(a, b, (z, 0.3 * seed + p[1], p[0]), 40 * seed)
    tone = 0.72 + 0.5 * seed
    gap = ramp(0.0, 0.022, min(across, 1 - across)) * ramp(0.0, 0.0025, min(z / 1.5 - board, board + 1 - z / 1.5))
    tone *= 0.35 + 0.65 * gap
    return (rgb[0] * tone, rgb[1] * tone * (0.97 + 0.05 * seed), rgb[2] * tone)


@njit(**FAST)
def rug(a, b, q):
    """A woven round rug: rings, a ring of diamonds, a fringe of darker wool."""
    r, angle = np.sqrt(q[0] * q[0] + q[2] * q[2]), np.arctan2(q[2], q[0])
    weave = 0.82 + 0.3 * noise(q[0] * 90, 1.0, q[2] * 90) * (0.7 + 0.3 * np.sin(r * 500))
    f = 0.0
    if 1.17 < r < 1.23 or 1.29 < r < 1.31 or 0.60 < r < 0.63:
        f = 1.0
    if 0.66 < r < 1.13:
        u = angle * 16 / (2 * np.pi)
        diamond = abs(u - np.floor(u) - 0.5) * 2 + abs(r - 0.895) / 0.22
        f = 1.0 if diamond < 0.45 or 0.72 < diamond < 0.9 else 0.0
    if r < 0.56:
        u = angle * 8 / (2 * np.pi)
        f = 1.0 if r < 0.46 * abs(np.cos(np.pi * u)) and r > 0.2 * abs(np.cos(np.pi * u)) else 0.0
    rgb = mix(a, b, f)
    return (rgb[0] * weave, rgb[1] * weave, rgb[2] * weave)


@njit(**FAST)
def paving(a, b, p):
    """Flagstones in courses, moss in the joints."""
    course = np.floor(p[2] / 0.85)
    wide = 0.95 + 0.5 * hashed(int(course), 7, 1)
    x = p[0] / wide + 3.7 * hashed(int(course), 2, 9)
    slab = np.floor(x)
    wobble = 0.016 * (fbm(p[0] * 5, p[2] * 5, 1.0, 2) - 0.5)
    edge = min(min(x - slab, slab + 1 - x) * wide, (p[2] / 0.85 - course) * 0.85, (course + 1 - p[2] / 0.85) * 0.85)
    seed = hashed(int(slab), int(course), 4)
    rgb = stone(a, b, (p[0], 3.0 * seed, p[2]), 9 * seed)
    tone = 0.78 + 0.4 * seed
    rgb = (rgb[0] * tone, rgb[1] * tone, rgb[2] * tone * (0.95 + 0.08 * seed))
    moss = ramp(0.52, 0.66, fbm(p[0] * 0.7, p[2] * 0.7, 8.0, 3))
    joint = 1 - ramp(0.006, 0.03 + 0.05 * moss, edge + wobble)
    grit = 0.6 + 0.8 * fbm(p[0] * 24, p[2] * 24, 3.0, 2)
    joints = mix((0.085, 0.07, 0.05), (0.075, 0.105, 0.03), moss)
    return mix(rgb, (joints[0] * grit, joints[1] * grit, joints[2] * grit), joint)


@njit(**FAST)
def hills(a, b, p, n):
    """Meadow and woods, bare rock where it is steep."""
    woods = ramp(0.40, 0.52, fbm(p[0] * 0.022, p[2] * 0.022, 3.0, 5))
    crowns = ramp(0.25, 0.75, fbm(p[0] * 0.3, p[1] * 0.3, p[2] * 0.3, 4))
    meadow = 0.75 + 0.5 * fbm(p[0] * 0.15, p[2] * 0.15, 1.0, 4)
    grass = (a[0] * meadow, a[1] * meadow, a[2] * meadow)
    trees = (b[0] * (0.35 + 1.3 * crowns), b[1] * (0.35 + 1.3 * crowns), b[2] * (0.35 + 1.3 * crowns))
    rgb = mix(grass, trees, woods)
    rock = 1 - ramp(0.62, 0.80, n[1])
    shore = 1 - ramp(0.1, 0.9, p[1] + 7.0)
    rgb = mix(rgb, (0.25, 0.22, 0.16), rock * 0.7)
    return mix(rgb, (0.34, 0.28, 0.19), shore)


@njit(**FAST)
def albedo(m, p, q, n, P, seed):
    """What share of light the surface gives back, by colour; p in the world, q in the shape's axes."""
    a, b, kind = (m[1], m[2], m[3]), (m[4], m[5], m[6]), int(m[0])
    if kind == PLANKS:
        return planks(a, b, p)
    if kind == WOOD:
        return wood(a, b, q, 13 * seed)
    if kind == RUG:
        return rug(a, b, q)
    if kind == PAINTING:
        return painting(a, b, q, P)
    if kind == STONE:
        return stone(a, b, p, 0.0)
    if kind == PAVING:
        return paving(a, b, p)
    if kind == HILLS:
        return hills(a, b, p, n)
    if kind == PLASTER:
        return mix(
            a, b, fbm(p[0] * 2.2, p[1] * 2.2, p[2] * 2.2, 5) + 0.25 * (noise(p[0] * 60, p[1] * 60, p[2] * 60) - 0.5)
        )
    if kind == FABRIC:
        thread = 0.5 * noise(q[0] * 170, q[1] * 170, q[2] * 170) + 0.5 * fbm(q[0] * 8, q[1] * 8, q[2] * 8, 3)
        return mix(a, b, 1.4 * thread - 0.2)
    if kind == GLAZE:
        band = ramp(0.35, 0.65, fbm(q[0] * 5, q[1] * 9, q[2] * 5, 4) + 0.8 * q[1] / P[0] * 0.4)
        return mix(a, b, band)
    if kind == LEAF:
        rib = ramp(0.0, 0.05, abs(q[0] / P[0])) * (0.85 + 0.15 * np.sin(60 * (abs(q[0]) + 0.6 * q[2]) / P[2]))
        rgb = mix(b, a, rib * (0.5 + 0.5 * seed))
        tone = 0.7 + 0.6 * seed
        return (rgb[0] * tone, rgb[1] * tone, rgb[2] * tone)
    if kind == FOLIAGE:
        clump = fbm(p[0] * 9, p[1] * 7, p[2] * 9, 3)
        return mix(a, b, 2.2 * clump - 0.7)
    if kind == BOOK:
        tone = 0.75 + 0.5 * seed
        bands = 0.65 if 0.62 < abs(q[1] / P[1]) < 0.7 else 1.0
        rgb = mix(a, b, hashed(int(seed * 1e6), 5, 2))
        return (rgb[0] * tone * bands, rgb[1] * tone * bands, rgb[2] * tone * bands)
    if kind == PANE:
        glow = fbm(p[2] * 2.1, p[1] * 2.1, 4.0, 4)
        trees = ramp(0.35, 0.6, glow + 0.55 * (1.55 - p[1]))
        return mix((1.0, 0.98, 0.92), (0.30, 0.40, 0.18), 0.55 * trees)
    return a


@njit(**FAST)
def relief(m, p, n):
    """The normal, tilted by the bumps of the material."""
    if m[10] <= 0:
        return n
    f, e = m[11], 0.35
    x, y, z = p[0] * f, p[1] * f, p[2] * f
    here = fbm(x, y, z, 3)
    gx, gy, gz = fbm(x + e, y, z, 3) - here, fbm(x, y + e, z, 3) - here, fbm(x, y, z + e, 3) - here
    s = m[10] / e
    return unit((n[0] - s * gx, n[1] - s * gy, n[2] - s * gz))


@njit(**FAST)
def ripples(p, n):
    """A lake's normal: wind in long streaks."""
    calm = 0.4 + 0.9 * ramp(0.4, 0.65, fbm(p[0] * 0.03, p[2] * 0.1, 2.0, 3))
    x = noise(p[0] * 0.9, p[2] * 1.8, 3.0) - 0.5 + 0.5 * (noise(p[0] * 2.5, p[2] * 4.6, 7.0) - 0.5)
    z = noise(p[0] * 0.8, p[2] * 1.9, 13.0) - 0.5 + 0.5 * (noise(p[0] * 2.2, p[2] * 4.9, 17.0) - 0.5)
    return unit((n[0] + 0.03 * calm * x, n[1], n[2] + 0.07 * calm * z))
