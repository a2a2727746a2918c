"""Where a ray meets a shape, and a scene of shapes.

Boxes, balls, rods, cones and hips are met exactly; the land is walked over; everything else is a distance function that
the ray walks along. A ray that meets nothing has t = FAR. What the numbers of a shape mean is said where it is added:
`painter/shapes.py`.
"""

from __future__ import annotations

import numpy as np

from gen3d.painter.light.noise import along, dot, fbm, inner, noise, unit

FAR = 1e30
BOX, BALL, ROD, CONE, HIP, LAND, MARCHED = range(7)
ROUND_BOX, TORUS, LATHE, CURTAIN, ARCH = range(5)
MARCH_STEPS, LAND_STEPS = 300, 260


@inner
def slab(o, d, hx, hy, hz):
    """Where a ray enters and leaves the box of these half sizes around the origin; enter > leave when it misses."""
    enter, leave = -FAR, FAR
    for a in range(3):
        h = hx if a == 0 else (hy if a == 1 else hz)
        v = d[a] if abs(d[a]) > 1e-12 else 1e-12
        t0, t1 = (-h - o[a]) / v, (h - o[a]) / v
        enter, leave = max(enter, min(t0, t1)), min(leave, max(t0, t1))
    return enter, leave


@inner
def lathe(p, P, profiles):
    """A turned shape: P = half height, radius, profile, flutes, their depth, roughness, its cells per metre."""
    y = (p[1] / P[0] * 0.5 + 0.5) * (profiles.shape[1] - 1)
    i = min(max(int(y), 0), profiles.shape[1] - 2)
    f = min(max(y - i, 0.0), 1.0)
    row = int(P[2])
    r = P[1] * (profiles[row, i] * (1 - f) + profiles[row, i + 1] * f)
    if P[3] > 0:
        r -= P[1] * P[4] * (0.5 + 0.5 * np.cos(P[3] * np.arctan2(p[2], p[0])))
    if P[5] > 0:
        r *= 1 + P[5] * (fbm(p[0] * P[6], p[1] * P[6] * 0.6, p[2] * P[6], 3) - 0.5)
    rho = np.sqrt(p[0] * p[0] + p[2] * p[2])
    return max((rho - r) * (0.45 if P[5] > 0 else 0.6), abs(p[1]) - P[0])


@inner
def land_height(x, z, ground):
    """The height map at a place; ground[0, 0:3] is x0, z0, metres per cell, and no height."""
    cell = ground[0, 2]
    u, v = (x - ground[0, 0]) / cell, (z - ground[0, 1]) / cell
    u, v = min(max(u, 0.0), ground.shape[1] - 2.001), min(max(v, 1.0), ground.shape[0] - 2.001)
    i, j = int(u), int(v)
    u, v = u - i, v - j
    top = ground[j, i] * (1 - u) + ground[j, i + 1] * u
    return top * (1 - v) + (ground[j + 1, i] * (1 - u) + ground[j + 1, i + 1] * u) * v


@inner
def over_land(o, d, P, ground, limit):
    """Walks to the first point below the land, then halves the last step."""
    enter, leave = slab(o, d, P[8], P[9], P[10])
    if enter > leave or leave < 0 or enter > limit:
        return FAR
    t, end = max(enter, 1e-3), min(leave, limit)
    before, above = t, o[1] + t * d[1] - land_height(o[0] + t * d[0], o[2] + t * d[2], ground)
    if above < 0:
        return FAR
    for _ in range(LAND_STEPS):
        if t >= end:
            return FAR
        before = t
        t += max(0.55 * above, 0.02 + 0.002 * t)
        above = o[1] + t * d[1] - land_height(o[0] + t * d[0], o[2] + t * d[2], ground)
        if above < 0:
            low, high = before, t
            for _ in range(14):
                middle = 0.5 * (low + high)
                if o[1] + middle * d[1] < land_height(o[0] + middle * d[0], o[2] + middle * d[2], ground):
                    high = middle
                else:
                    low = middle
            return low
    return FAR


@inner
def distance(p, P, profiles):
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
    # ARCH, a wall with a round-headed opening: P = half sizes, then half width and springing height of the opening.
    opening = np.sqrt(p[0] * p[0] + max(p[1] - P[4], 0.0) ** 2) - P[3]
    return max(abs(p[0]) - P[0], abs(p[1]) - P[1], abs(p[2]) - P[2], -opening)


@inner
def march(o, d, P, profiles, limit):
    """Walks to the first point where the distance is next to nothing."""
    enter, leave = slab(o, d, P[8], P[9], P[10])
    if enter > leave or leave < 0 or enter > limit:
        return FAR
    t = max(enter, 0.0)
    for _ in range(MARCH_STEPS):
        gap = distance(along(o, d, t), P, profiles)
        if gap < 2e-4 + 1e-4 * t:
            return t if t > 1e-3 else FAR
        t += gap
        if t > leave or t > limit:
            return FAR
    return FAR


@inner
def leafy(q, P):
    """Whether there is a leaf at this place of a ball: P[7] leaves per metre, P[6] the share that is open."""
    f = P[7]
    return (
        P[7] <= 0
        or 0.5 * noise(q[0] * f, q[1] * f, q[2] * f) + 0.5 * noise(q[0] * 2.3 * f, q[1] * 2.3 * f + 7.7, q[2] * 2.3 * f)
        > P[6]
    )


@inner
def meet_ball(o, d, P):
    """Near side, or, where that is open, far side."""
    oo, dd = (o[0] / P[0], o[1] / P[1], o[2] / P[2]), (d[0] / P[0], d[1] / P[1], d[2] / P[2])
    a, b, c = dot(dd, dd), dot(oo, dd), dot(oo, oo) - 1
    root = b * b - a * c
    if root <= 0:
        return FAR
    root = np.sqrt(root)
    t = (-b - root) / a
    if t > 1e-4 and leafy(along(o, d, t), P):
        return t
    if P[7] > 0:
        t = (-b + root) / a
        if t > 1e-4 and leafy(along(o, d, t), P):
            return t
    return FAR


@inner
def meet_cone(o, d, P):
    """P = radius below, half height, radius above; a rod where both are the same."""
    m, b = (P[2] - P[0]) / (2 * P[1]), 0.5 * (P[0] + P[2])
    ro, rd = m * o[1] + b, m * d[1]
    A = d[0] * d[0] + d[2] * d[2] - rd * rd
    B = o[0] * d[0] + o[2] * d[2] - ro * rd
    C = o[0] * o[0] + o[2] * o[2] - ro * ro
    best = FAR
    root = B * B - A * C
    if root > 0:
        A = A if abs(A) > 1e-12 else 1e-12
        root = np.sqrt(root)
        for s in range(2):
            t = (-B + (2 * s - 1) * root) / A
            y = o[1] + t * d[1]
            if 1e-4 < t < best and abs(y) <= P[1] and m * y + b >= 0:
                best = t
    v = d[1] if abs(d[1]) > 1e-12 else 1e-12
    for s in range(2):
        y = P[1] * (2 * s - 1)
        t = (y - o[1]) / v
        x, z, r = o[0] + t * d[0], o[2] + t * d[2], m * y + b
        if 1e-4 < t < best and x * x + z * z <= r * r:
            best = t
    return best


@inner
def meet_hip(o, d, P):
    """Between a rectangle below and a smaller one above: P = half x, half height, half z, then half x and z above."""
    kx, kz = (P[0] - P[3]) / (2 * P[1]), (P[2] - P[4]) / (2 * P[1])
    cx, cz = 0.5 * (P[0] + P[3]), 0.5 * (P[2] + P[4])
    enter, leave = -FAR, FAR
    for s in range(6):
        if s < 2:
            e = 2 * s - 1
            f, g = e * o[0] + kx * o[1] - cx, e * d[0] + kx * d[1]
        elif s < 4:
            e = 2 * s - 5
            f, g = e * o[2] + kz * o[1] - cz, e * d[2] + kz * d[1]
        else:
            e = 2 * s - 9
            f, g = e * o[1] - P[1], e * d[1]
        if abs(g) < 1e-12:
            if f > 0:
                return FAR
        elif g < 0:
            enter = max(enter, -f / g)
        else:
            leave = min(leave, -f / g)
    return enter if enter <= leave and enter > 1e-4 else FAR


@inner
def meet(kind, o, d, P, profiles, ground, limit):
    """The first t > 0 on the shape, in its own axes."""
    if kind == BOX:
        enter, leave = slab(o, d, P[0], P[1], P[2])
        if enter > leave or leave < 1e-4:
            return FAR
        return enter if enter > 1e-4 else leave
    if kind == BALL:
        return meet_ball(o, d, P)
    if kind in (ROD, CONE):
        return meet_cone(o, d, P)
    if kind == HIP:
        return meet_hip(o, d, P)
    if kind == LAND:
        return over_land(o, d, P, ground, limit)
    return march(o, d, P, profiles, limit)


@inner
def outward_hip(p, P):
    """The normal of a hip."""
    kx, kz = (P[0] - P[3]) / (2 * P[1]), (P[2] - P[4]) / (2 * P[1])
    sx, sz = np.sqrt(1 + kx * kx), np.sqrt(1 + kz * kz)
    fx = (abs(p[0]) + kx * p[1] - 0.5 * (P[0] + P[3])) / sx
    fz = (abs(p[2]) + kz * p[1] - 0.5 * (P[2] + P[4])) / sz
    fy = abs(p[1]) - P[1]
    if fy > fx and fy > fz:
        return (0.0, 1.0 if p[1] > 0 else -1.0, 0.0)
    if fx > fz:
        return ((1.0 if p[0] > 0 else -1.0) / sx, kx / sx, 0.0)
    return (0.0, kz / sz, (1.0 if p[2] > 0 else -1.0) / sz)


@inner
def outward(kind, p, P, profiles, ground):
    """The surface normal at a point of the shape, in its own axes."""
    if kind == BOX:
        x, y, z = abs(p[0]) - P[0], abs(p[1]) - P[1], abs(p[2]) - P[2]
        if x >= y and x >= z:
            return (1.0 if p[0] > 0 else -1.0, 0.0, 0.0)
        if y >= z:
            return (0.0, 1.0 if p[1] > 0 else -1.0, 0.0)
        return (0.0, 0.0, 1.0 if p[2] > 0 else -1.0)
    if kind == BALL:
        return unit((p[0] / P[0] ** 2, p[1] / P[1] ** 2, p[2] / P[2] ** 2))
    if kind in (ROD, CONE):
        if abs(p[1]) > P[1] - 1e-4 * (1 + P[1]):
            return (0.0, 1.0 if p[1] > 0 else -1.0, 0.0)
        m = (P[2] - P[0]) / (2 * P[1])
        return unit((p[0], -m * np.sqrt(p[0] * p[0] + p[2] * p[2]), p[2]))
    if kind == HIP:
        return outward_hip(p, P)
    if kind == LAND:
        e = ground[0, 2] * 0.7
        x = land_height(p[0] - e, p[2], ground) - land_height(p[0] + e, p[2], ground)
        z = land_height(p[0], p[2] - e, ground) - land_height(p[0], p[2] + e, ground)
        return unit((x, 2 * e, z))
    e = 1e-3
    x = distance((p[0] + e, p[1], p[2]), P, profiles) - distance((p[0] - e, p[1], p[2]), P, profiles)
    y = distance((p[0], p[1] + e, p[2]), P, profiles) - distance((p[0], p[1] - e, p[2]), P, profiles)
    z = distance((p[0], p[1], p[2] + e), P, profiles) - distance((p[0], p[1], p[2] - e), P, profiles)
    return unit((x, y, z))


@inner
def to_object(R, c, p):
    """A world point in the shape's axes."""
    return turned(R, (p[0] - c[0], p[1] - c[1], p[2] - c[2]))


@inner
def turned(R, q):
    """A world direction in the shape's axes."""
    return (
        R[0, 0] * q[0] + R[0, 1] * q[1] + R[0, 2] * q[2],
        R[1, 0] * q[0] + R[1, 1] * q[1] + R[1, 2] * q[2],
        R[2, 0] * q[0] + R[2, 1] * q[1] + R[2, 2] * q[2],
    )


@inner
def turned_back(R, q):
    """A direction in the shape's axes in the world's."""
    return (
        R[0, 0] * q[0] + R[1, 0] * q[1] + R[2, 0] * q[2],
        R[0, 1] * q[0] + R[1, 1] * q[1] + R[2, 1] * q[2],
        R[0, 2] * q[0] + R[1, 2] * q[1] + R[2, 2] * q[2],
    )


@inner
def nearest(o, d, scene, limit, shadow):
    """The first hit (t, shape) before `limit`; shadow: any hit will do, and lamp glass lets light through."""
    kinds, R, c, P, _, opaque, _, bounds, jumps, order, profiles, ground = scene
    best, who, node = limit, -1, 0
    ix = 1.0 / (d[0] if abs(d[0]) > 1e-12 else 1e-12)
    iy = 1.0 / (d[1] if abs(d[1]) > 1e-12 else 1e-12)
    iz = 1.0 / (d[2] if abs(d[2]) > 1e-12 else 1e-12)
    while node < len(bounds):
        x0, x1 = (bounds[node, 0] - o[0]) * ix, (bounds[node, 3] - o[0]) * ix
        y0, y1 = (bounds[node, 1] - o[1]) * iy, (bounds[node, 4] - o[1]) * iy
        z0, z1 = (bounds[node, 2] - o[2]) * iz, (bounds[node, 5] - o[2]) * iz
        near = max(min(x0, x1), min(y0, y1), min(z0, z1), 0.0)
        far = min(max(x0, x1), max(y0, y1), max(z0, z1), best)
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
