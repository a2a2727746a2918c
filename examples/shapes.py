"""What a ray can meet in the example scenes: rigid shapes, their bounding tree, and the noise they are carved with.

A shape is a row of numbers: a rotation and a centre (world to object is R (p - c)), what kind it is, its parameters,
and its material. Boxes, ellipsoids and cylinders are met exactly; everything else is a distance function that the ray
walks along. Scenes are modelled with y up and z into the picture. No ray meets anything is t = FAR.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit

FAR = 1e30
BOX, ELLIPSOID, CYLINDER, MARCHED = 0, 1, 2, 3
ROUND_BOX, TORUS, LATHE, CURTAIN, ARCH, TERRAIN = 0, 1, 2, 3, 4, 5
STEPS = 900  # a ray that grazes a hill needs them
PARAMETERS = 12  # [0:8] as the kind reads them, [8:11] half size of the bounds, [11] which distance function
FAST = {"fastmath": True, "error_model": "numpy"}


# -- vectors and noise -----------------------------------------------------------------------------------------------


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


# -- one shape -------------------------------------------------------------------------------------------------------


@njit(**FAST)
def slab(o, d, hx, hy, hz):
    """Where a ray enters and leaves the box of these half sizes around the origin; enter > leave when it misses."""
    enter, leave = -FAR, FAR
    for a in range(3):
        h = hx if a == 0 else (hy if a == 1 else hz)
        v = d[a] if abs(d[a]) > 1e-12 else 1e-12
        t0, t1 = (-h - o[a]) / v, (h - o[a]) / v
        enter, leave = max(enter, min(t0, t1)), min(leave, max(t0, t1))
    return enter, leave


@njit(**FAST)
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


@njit(**FAST)
def terrain_height(x, z, ground):
    """The height map at a place; ground[0, 0:4] is x0, z0, metres per cell, and unused."""
    cell = ground[0, 2]
    u, v = (x - ground[0, 0]) / cell, (z - ground[0, 1]) / cell
    u, v = min(max(u, 0.0), ground.shape[1] - 2.001), min(max(v, 1.0), ground.shape[0] - 2.001)
    i, j = int(u), int(v)
    u, v = u - i, v - j
    top = ground[j, i] * (1 - u) + ground[j, i + 1] * u
    return top * (1 - v) + (ground[j + 1, i] * (1 - u) + ground[j + 1, i + 1] * u) * v


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
    return (p[1] - terrain_height(p[0], p[2], ground)) * 0.6


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


# -- all shapes ------------------------------------------------------------------------------------------------------


@njit(**FAST)
def to_object(R, c, p):
    """A world point in the shape's axes."""
    q = (p[0] - c[0], p[1] - c[1], p[2] - c[2])
    return turned(R, q)


@njit(**FAST)
def turned(R, q):
    """A world direction in the shape's axes."""
    return (
        R[0, 0] * q[0] + R[0, 1] * q[1] + R[0, 2] * q[2],
        R[1, 0] * q[0] + R[1, 1] * q[1] + R[1, 2] * q[2],
        R[2, 0] * q[0] + R[2, 1] * q[1] + R[2, 2] * q[2],
    )


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


@dataclass
class Shapes:
    """Collects the shapes of a scene and packs them for the tracer."""

    profiles: np.ndarray
    ground: np.ndarray = field(default_factory=lambda: np.ones((4, 4)))
    rows: list = field(default_factory=list)

    def add(self, kind, material, at, params, bounds=None, form=0, turn=(0.0, 0.0, 0.0), opaque=True) -> None:
        """One shape; turn is yaw, pitch, roll in degrees, bounds the half sizes in its own axes."""
        P = np.zeros(PARAMETERS)
        P[: len(params)] = params
        P[8:11], P[11] = bounds if bounds is not None else params[:3], form
        self.rows.append((kind, rotation(*turn).T, np.array(at, float), P, material, opaque))

    def box(self, material, low, high, **more) -> None:
        """An axis-aligned box between two corners; turned about its centre."""
        low, high = np.array(low, float), np.array(high, float)
        self.add(BOX, material, (low + high) / 2, np.abs(high - low) / 2, **more)

    def soft_box(self, material, at, half, radius, puff=0.0, turn=(0.0, 0.0, 0.0)) -> None:
        """A box with round edges; `puff` metres of swelling on its z faces make it a cushion."""
        bounds = (half[0] + 0.01, half[1] + 0.01, half[2] + puff + 0.01)
        self.add(MARCHED, material, at, (*half, radius, puff), bounds, ROUND_BOX, turn)

    def ball(self, material, at, radii, turn=(0.0, 0.0, 0.0), **more) -> None:
        """A sphere or an ellipsoid."""
        radii = (radii,) * 3 if np.isscalar(radii) else radii
        self.add(ELLIPSOID, material, at, radii, turn=turn, **more)

    def rod(self, material, start, end, radius, **more) -> None:
        """A cylinder from one point to another."""
        start, end = np.array(start, float), np.array(end, float)
        axis = end - start
        length = np.linalg.norm(axis)
        flat = np.hypot(axis[0], axis[2])
        turn = (np.degrees(np.arctan2(axis[0], axis[2])), np.degrees(np.arctan2(flat, axis[1])), 0.0)
        params = (radius, length / 2, radius)
        self.add(CYLINDER, material, (start + end) / 2, params, turn=turn, **more)

    def turned(self, material, foot, height, radius, profile, flutes=(0, 0.0), rough=(0.0, 0.0), **more) -> None:
        """A lathe shape standing on `foot`; flutes = (how many, depth), rough = (share of radius, cells per metre)."""
        at = (foot[0], foot[1] + height / 2, foot[2])
        reach = radius * self.profiles[profile].max() * (1 + rough[0] / 2) + 0.01
        params = (height / 2, radius, profile, *flutes, *rough)
        self.add(MARCHED, material, at, params, (reach, height / 2 + 0.01, reach), LATHE, **more)

    def packed(self) -> tuple:
        """Arrays for `nearest`, with a bounding tree in depth-first order: miss a node and jump past its children."""
        kinds, R, c, P, material, opaque = (np.array(column) for column in zip(*self.rows, strict=True))
        reach = P[:, 8:11].copy()
        for axis in (0, 1, 2):
            reach[:, axis] += 1e-4
        half = np.einsum("nab,na->nb", np.abs(R), reach)
        boxes = np.concatenate([c - half, c + half], axis=1)
        tree: list = []
        order: list = []
        _grow(boxes, np.arange(len(kinds)), tree, order)
        bounds = np.array([node[0] for node in tree])
        jumps = np.array([node[1:] for node in tree])
        return kinds, R, c, P, material, opaque, bounds, jumps, np.array(order), self.profiles, self.ground


def rotation(yaw_deg: float, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> np.ndarray:
    """Object to world: roll about z, then pitch about x, then yaw about y."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return yaw @ pitch @ np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])


def _grow(boxes: np.ndarray, ids: np.ndarray, tree: list, order: list) -> None:
    here = len(tree)
    bound = np.concatenate([boxes[ids, :3].min(axis=0), boxes[ids, 3:].max(axis=0)])
    tree.append(None)
    start = len(order)
    if len(ids) <= 2:
        order.extend(ids)
    else:
        middle = boxes[ids, :3] + boxes[ids, 3:]
        ids = ids[np.argsort(middle[:, np.ptp(middle, axis=0).argmax()], kind="stable")]
        _grow(boxes, ids[: len(ids) // 2], tree, order)
        _grow(boxes, ids[len(ids) // 2 :], tree, order)
    last = len(order) if len(ids) <= 2 else start
    tree[here] = (bound, len(tree), start, last)
