"""How a ray meets the shapes of an example scene.

Boxes, ellipsoids and cylinders are met exactly; everything else is a distance function that the ray walks along. A ray
that meets nothing has t = FAR. What the numbers of a shape mean: shapes.py, which packs them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gen3d.painter.light.noise import FAST, along, dot, fbm, unit
from gen3d.painter.light.rays import FAR, land_height, lathe, slab, to_object, turned

BOX, ELLIPSOID, CYLINDER, MARCHED = 0, 1, 2, 3
ROUND_BOX, TORUS, LATHE, CURTAIN, ARCH, TERRAIN = 0, 1, 2, 3, 4, 5
STEPS = 900  # a ray that grazes a hill needs them


@njit(**FAST)
def distance(p, P, profiles, ground):
    """Metres to the surface of a marched shape, never more than the truth; negative inside."""
    kind = int(P[11])
    if kind == ROUND_BOX:
        r = P[3]
        x, y, z = abs(p[0]) - P[0] + r, abs(p[1]) - P[1] + r, abs(p[2]) - P[2] + r
        # P[4] puffs a cushion up: thicker in the middle of its x-y face.
        z -= P[4] * max(0.0, 1 - (p[0] / P[0]) ** 2) * max(0.0, 1 - (p[1] / P[1]) ** 2)
        outside = np.sqrt(max(x, 0.0) ** 2 + max(y, 0.0) ** 2 + max(z, 0.0) ** 2)
        return (outside + min(max(x, y, z), 0.0) - r) * (0.7 if P[4] > 0 else 1.0)
    if kind == TORUS:
        ring = np.sqrt(p[0] * p[0] + p[2] * p[2]) - P[0]
        return np.sqrt(ring * ring + p[1] * p[1]) - P[1]
    if kind == LATHE:
        return lathe(p, P, profiles)
    if kind == CURTAIN:
        swing = P[3] * np.sin(p[2] * P[4] + 1.3 * np.sin(p[2] * P[4] * 0.37)) * (0.75 + 0.25 * p[1] / P[1])
        return max((abs(p[0] - swing) - P[0]) * 0.5, abs(p[1]) - P[1], abs(p[2]) - P[2])
    if kind == ARCH:
        # A wall with a round-headed opening: P = half sizes, then half width and springing height of the opening.
        opening = np.sqrt(p[0] * p[0] + max(p[1] - P[4], 0.0) ** 2) - P[3]
        worn = 0.03 * (fbm(p[0] * 3, p[1] * 3, p[2] * 3, 3) - 0.5)
        return max(abs(p[0]) - P[0], abs(p[1]) - P[1], abs(p[2]) - P[2], -opening + worn)
    return (p[1] - land_height(p[0], p[2], ground)) * 0.6


@njit(**FAST)
def march(o, d, P, profiles, ground, limit):
    """Walks to the first point where the distance is next to nothing."""
    enter, leave = slab(o, d, P[8], P[9], P[10])
    if enter > leave or leave < 0 or enter > limit:
        return FAR
    t = max(enter, 0.0)
    for _ in range(STEPS):
        gap = distance(along(o, d, t), P, profiles, ground)
        if gap < 2e-4 + 1e-4 * t:
            return t if t > 1e-3 else FAR
        t += gap
        if t > leave or t > limit:
            return FAR
    return FAR


@njit(**FAST)
def meet(kind, o, d, P, profiles, ground, limit):
    """The first t > 0 on the shape, in its own axes."""
    if kind == MARCHED:
        return march(o, d, P, profiles, ground, limit)
    if kind == BOX:
        enter, leave = slab(o, d, P[0], P[1], P[2])
        if enter > leave or leave < 1e-4:
            return FAR
        return enter if enter > 1e-4 else leave
    if kind == ELLIPSOID:
        oo, dd = (o[0] / P[0], o[1] / P[1], o[2] / P[2]), (d[0] / P[0], d[1] / P[1], d[2] / P[2])
        a, b, c = dot(dd, dd), dot(oo, dd), dot(oo, oo) - 1
        root = b * b - a * c
        if root <= 0:
            return FAR
        t = (-b - np.sqrt(root)) / a
        return t if t > 1e-4 else FAR
    enter, leave = slab(o, d, P[0], P[1], P[0])
    if enter > leave or leave < 1e-4:
        return FAR
    a, b = d[0] * d[0] + d[2] * d[2] + 1e-20, o[0] * d[0] + o[2] * d[2]
    root = b * b - a * (o[0] * o[0] + o[2] * o[2] - P[0] * P[0])
    if root <= 0:
        return FAR
    v = d[1] if abs(d[1]) > 1e-12 else 1e-12
    cap = min((-P[1] - o[1]) / v, (P[1] - o[1]) / v)
    t = max((-b - np.sqrt(root)) / a, cap)
    beyond = max((-P[1] - o[1]) / v, (P[1] - o[1]) / v)
    return t if t > 1e-4 and t < min((-b + np.sqrt(root)) / a, beyond) else FAR


@njit(**FAST)
def outward(kind, p, P, profiles, ground):
    """The surface normal at a point of the shape, in its own axes."""
    if kind == BOX:
        x, y, z = abs(p[0]) - P[0], abs(p[1]) - P[1], abs(p[2]) - P[2]
        if x >= y and x >= z:
            return (1.0 if p[0] > 0 else -1.0, 0.0, 0.0)
        if y >= z:
            return (0.0, 1.0 if p[1] > 0 else -1.0, 0.0)
        return (0.0, 0.0, 1.0 if p[2] > 0 else -1.0)
    if kind == ELLIPSOID:
        return unit((p[0] / P[0] ** 2, p[1] / P[1] ** 2, p[2] / P[2] ** 2))
    if kind == CYLINDER:
        if abs(p[1]) > P[1] - 1e-4 * (1 + P[1]):
            return (0.0, 1.0 if p[1] > 0 else -1.0, 0.0)
        return unit((p[0], 0.0, p[2]))
    e = ground[0, 2] * 0.5 if int(P[11]) == TERRAIN else 1e-3
    x = distance((p[0] + e, p[1], p[2]), P, profiles, ground) - distance((p[0] - e, p[1], p[2]), P, profiles, ground)
    y = distance((p[0], p[1] + e, p[2]), P, profiles, ground) - distance((p[0], p[1] - e, p[2]), P, profiles, ground)
    z = distance((p[0], p[1], p[2] + e), P, profiles, ground) - distance((p[0], p[1], p[2] - e), P, profiles, ground)
    return unit((x, y, z))


@njit(**FAST)
def nearest(o, d, scene, limit, shadow):
    """The first hit (t, shape) before `limit`; shadow: any hit will do, and lamp glass lets light through."""
    kinds, R, c, P, _, opaque, bounds, jumps, order, profiles, ground = scene
    best, who, node = limit, -1, 0
    while node < len(bounds):
        near, far = 0.0, best
        for a in range(3):
            v = d[a] if abs(d[a]) > 1e-12 else 1e-12
            t0, t1 = (bounds[node, a] - o[a]) / v, (bounds[node, a + 3] - o[a]) / v
            near, far = max(near, min(t0, t1)), min(far, max(t0, t1))
        if near > far:
            node = jumps[node, 0]
            continue
        for s in range(jumps[node, 1], jumps[node, 2]):
            i = order[s]
            if shadow and not opaque[i]:
                continue
            t = meet(kinds[i], to_object(R[i], c[i], o), turned(R[i], d), P[i], profiles, ground, best)
            if t < best:
                best, who = t, i
                if shadow:
                    return best, who
        node += 1
    return best, who
