"""What surfaces look like: what colour and relief each material has, place by place.

A material is a row of numbers: [0] the pattern, [1:4] and [4:7] its two colours (linear), [7] reflectance head-on,
[8] roughness, [9] emission, [10] depth of its relief, [11] relief cells per metre, [12] whether it is a metal,
[13] and [14] what the pattern reads more.
"""

from __future__ import annotations

import numpy as np

from gen3d.painter.light.noise import fbm, hashed, inner, mix, noise, ramp, toned, unit

(PLAIN, PLANKS, WOOD, PLASTER, RUG, PAINTING, FABRIC, GLAZE) = range(8)
(LEAF, STONE, PAVING, HILLS, WATER, FOLIAGE, PANE, BOOK) = range(8, 16)
(GRASS, SAND, SNOW, EARTH, COBBLES, BRICK, CHECKS, SHINGLES, STRIPES, FUR, ASPHALT) = range(16, 27)
MATERIAL = 15
"""Numbers in a row."""


@inner
def wood(a, b, q, seed):
    """Grain along q's x axis."""
    bend = fbm(q[0] * 1.1, q[1] * 5 + seed, q[2] * 5, 3)
    rings = 0.5 + 0.5 * np.sin(38 * (q[1] * 0.5 + q[2]) + 11 * bend + seed)
    pores = fbm(q[0] * 7, q[1] * 150, q[2] * 150 + seed, 2)
    return mix(a, b, 0.15 + 0.45 * rings * bend + 0.55 * (pores - 0.35))


@inner
def planks(a, b, p):
    """Floorboards along z."""
    row = np.floor(p[0] / 0.145)
    across = p[0] / 0.145 - row
    z = p[2] + 1.7 * hashed(int(row), 3, 5)
    board = np.floor(z / 1.5)
    seed = hashed(int(row), int(board), 11)
    rgb = wood(a, b, (z, 0.3 * seed + p[1], p[0]), 40 * seed)
    gap = ramp(0.0, 0.022, min(across, 1 - across)) * ramp(0.0, 0.0025, min(z / 1.5 - board, board + 1 - z / 1.5))
    return toned(rgb, (0.72 + 0.5 * seed) * (0.35 + 0.65 * gap))


@inner
def rug(a, b, q, P):
    """Woven: borders, diamonds, a medallion; q within the half sizes P[0] and P[2]."""
    u, v = q[0] / P[0], q[2] / P[2]
    r = max(abs(u), abs(v))
    weave = 0.82 + 0.3 * noise(q[0] * 90, 1.0, q[2] * 90)
    f = 1.0 if 0.86 < r < 0.91 or 0.94 < r < 0.96 or 0.44 < r < 0.47 else 0.0
    if 0.5 < r < 0.82:
        w = (u + v) * 4
        x = (u - v) * 4
        d = abs(w - np.floor(w) - 0.5) + abs(x - np.floor(x) - 0.5)
        f = 1.0 if d < 0.28 or 0.42 < d < 0.52 else 0.0
    if r < 0.42:
        angle = np.arctan2(v, u)
        f = 1.0 if 0.15 < r / (0.08 + abs(np.cos(4 * angle))) < 0.34 else 0.0
    return toned(mix(a, b, f), weave)


@inner
def painting(a, b, q, P):
    """A landscape in a mount: a sun over layered hills, wobbly edges, paper grain."""
    x, y = q[0] / P[0], q[1] / P[1]
    paper = 0.93 + 0.12 * noise(q[0] * 160, q[1] * 160, 2.0)
    if max(abs(x), abs(y)) > 0.86:
        return toned((0.78, 0.75, 0.68), paper)
    rgb = mix((0.86, 0.74, 0.56), (0.90, 0.80, 0.66), y + 0.4 * fbm(x * 3, y * 3, P[0] * 9, 3))
    if (x - 0.25) ** 2 * (P[0] / P[1]) ** 2 + (y - 0.3) ** 2 < 0.075:
        rgb = a
    for k in range(4):
        ridge = 0.12 - 0.27 * k + 0.26 * (fbm(x * 1.6 + 7 * k + 31 * P[0], 2.0 * k, 0.5, 4) - 0.5) * 2
        if y < ridge:
            rgb = mix(mix(a, (0.80, 0.62, 0.42), 0.5), b, k / 3.0)
            rgb = toned(rgb, 0.85 + 0.3 * fbm(x * 9, y * 9, k * 3.0, 3))
    return toned(rgb, paper)


@inner
def stone(a, b, q, seed):
    """Weathered: banks of colour, pits, streaks that rain left."""
    banks = fbm(q[0] * 1.3, q[1] * 2.6 + seed, q[2] * 1.3, 4)
    pits = fbm(q[0] * 16, q[1] * 16, q[2] * 16, 3)
    streaks = fbm(q[0] * 6, q[1] * 0.7, q[2] * 6 + seed, 3)
    return toned(mix(a, b, 1.6 * banks - 0.45), 0.72 + 0.42 * pits - 0.35 * ramp(0.52, 0.8, streaks))


@inner
def paving(a, b, p):
    """Flagstones in courses, moss in the joints."""
    course = np.floor(p[2] / 0.85)
    wide = 0.95 + 0.5 * hashed(int(course), 7, 1)
    x = p[0] / wide + 3.7 * hashed(int(course), 2, 9)
    slab = np.floor(x)
    wobble = 0.016 * (fbm(p[0] * 5, p[2] * 5, 1.0, 2) - 0.5)
    edge = min(min(x - slab, slab + 1 - x) * wide, (p[2] / 0.85 - course) * 0.85, (course + 1 - p[2] / 0.85) * 0.85)
    seed = hashed(int(slab), int(course), 4)
    rgb = toned(stone(a, b, (p[0], 3.0 * seed, p[2]), 9 * seed), 0.78 + 0.4 * seed)
    joint = 1 - ramp(0.006, 0.03, edge + wobble)
    return mix(rgb, toned((0.09, 0.08, 0.06), 0.6 + 0.8 * fbm(p[0] * 24, p[2] * 24, 3.0, 2)), joint)


@inner
def cobbles(a, b, p):
    """Rounded setts in bowed rows."""
    row = np.floor((p[2] + 0.1 * np.sin(p[0] * 0.9)) / 0.17)
    x = p[0] / 0.2 + 0.5 * (int(row) % 2) + 0.3 * hashed(int(row), 5, 5)
    slab = np.floor(x)
    u, v = x - slab - 0.5, (p[2] + 0.1 * np.sin(p[0] * 0.9)) / 0.17 - row - 0.5
    round_edge = (
        max(abs(u), abs(v)) * 0.7 + 0.5 * np.sqrt(u * u + v * v) + 0.06 * (noise(p[0] * 20, 2.0, p[2] * 20) - 0.5)
    )
    seed = hashed(int(slab), int(row), 9)
    rgb = toned(mix(a, b, seed), 0.75 + 0.5 * fbm(p[0] * 18, 1.0, p[2] * 18, 3))
    return toned(rgb, 0.28 + 0.72 * (1 - ramp(0.47, 0.6, round_edge)))


@inner
def bricks(a, b, p, n):
    """In running bond, on whichever way the wall faces."""
    along_wall = p[0] if abs(n[2]) > abs(n[0]) else p[2]
    row = np.floor(p[1] / 0.075)
    x = along_wall / 0.24 + 0.5 * (int(row) % 2)
    brick = np.floor(x)
    edge = min(min(x - brick, brick + 1 - x) * 0.24, min(p[1] / 0.075 - row, row + 1 - p[1] / 0.075) * 0.075)
    seed = hashed(int(brick), int(row), 8)
    rgb = toned(mix(a, b, seed), 0.8 + 0.4 * fbm(p[0] * 30, p[1] * 30, p[2] * 30, 2))
    return mix((0.52, 0.48, 0.42), rgb, ramp(0.003, 0.009, edge))


@inner
def shingles(a, b, q):
    """Rows of tiles on a roof: q in the roof's axes."""
    row = np.floor(q[1] / 0.16)
    slant = q[1] / 0.16 - row
    x = (q[0] + q[2]) / 0.22 + 0.5 * (int(row) % 2)
    tile = np.floor(x)
    u = x - tile - 0.5
    rgb = mix(a, b, hashed(int(tile), int(row), 3))
    return toned(rgb, (0.62 + 0.38 * ramp(0.0, 0.3, slant)) * (0.8 + 0.35 * (0.25 - u * u) * 4 * 0.6))


@inner
def hills(m, a, b, p, n):
    """Meadow a and woods b, on mountains firs, then bare rock; snow above m[13], sand just above the water, m[14]."""
    fine = fbm(p[0] * 0.12, p[1] * 0.12, p[2] * 0.12, 4) - 0.5
    line = m[13] if m[13] > 0 else 1000.0
    wide = fbm(p[0] * 0.018, 7.0, p[2] * 0.018, 3) - 0.5
    height = (p[1] + 24 * wide + 9 * fine) / line
    crowns = ramp(0.25, 0.75, fbm(p[0] * 0.3, p[1] * 0.3, p[2] * 0.3, 3))
    crowns = 0.5 + (crowns - 0.5) * (1 - 0.75 * ramp(60.0, 300.0, p[2]))  # too small to be seen from afar
    meadow = 0.72 + 0.35 * fbm(p[0] * 0.15, p[2] * 0.15, 1.0, 4) + 0.35 * (fbm(p[0] * 3, p[2] * 3, 5.0, 3) - 0.3)
    groves = ramp(0.46, 0.56, fbm(p[0] * 0.013, p[2] * 0.013, 3.0, 3) + 0.10 * fine) * ramp(20.0, 60.0, p[2])
    firs = ramp(0.12, 0.34, height) if line < 250 else 0.0
    woods = max(groves, firs) * (1 - ramp(0.50, 0.72, height))
    rgb = mix(toned(a, meadow), toned(b, 0.45 + 0.9 * crowns), woods)
    strata = fbm(p[0] * 0.05, p[1] * 0.22, p[2] * 0.05, 4)
    bare = max(1 - ramp(0.52, 0.70, n[1] + 0.2 * fine), ramp(0.62, 0.86, height))
    rgb = mix(rgb, toned((0.27, 0.25, 0.235), 0.55 + 0.8 * strata), 0.95 * bare)
    white = ramp(-8.0, 12.0, p[1] - m[13] + 24 * wide + 10 * fine) * ramp(0.50, 0.66, n[1] + 0.2 * fine)
    rgb = mix(rgb, toned((0.88, 0.91, 0.97), 0.95 + 0.1 * strata), white)
    shore = 1 - ramp(0.15, 0.55, p[1] - m[14] + 0.5 * fine)
    return mix(rgb, toned((0.50, 0.42, 0.30), 0.75 + 0.5 * fbm(p[0] * 4, p[2] * 4, 2.0, 3)), shore)


@inner
def grass(a, b, p):
    """Tufts and blades, worn in places."""
    tufts = fbm(p[0] * 1.3, p[2] * 1.3, 1.0, 4)
    blades = 0.6 * noise(p[0] * 38, 3.0, p[2] * 14) + 0.4 * noise(p[0] * 70, 5.0, p[2] * 30)
    patches = ramp(0.35, 0.7, fbm(p[0] * 0.13, p[2] * 0.13, 9.0, 3))
    return toned(mix(a, b, 0.9 * patches + 0.5 * (tufts - 0.5)), 0.55 + 0.45 * tufts + 0.45 * blades)


@inner
def sand(a, b, p):
    """Ripples that wind left, soft and bent."""
    bend = fbm(p[0] * 0.4, 2.0, p[2] * 0.4, 3)
    ripple = 0.5 + 0.5 * np.sin(p[2] * 13 + p[0] * 4 + 16 * bend)
    grain = noise(p[0] * 110, 1.0, p[2] * 110)
    return toned(mix(a, b, fbm(p[0] * 0.2, 1.0, p[2] * 0.2, 3)), 0.84 + 0.13 * ripple + 0.12 * grain)


@inner
def earth(a, b, p):
    """A forest's floor: leaves, moss, twigs."""
    leaf = hashed(int(np.floor(p[0] * 13 + 3 * noise(p[2] * 9, 1.0, p[0] * 9))), 1, int(np.floor(p[2] * 13)))
    moss = ramp(0.46, 0.62, fbm(p[0] * 0.8, 4.0, p[2] * 0.8, 4))
    rgb = toned(mix(a, b, leaf), 0.5 + 0.8 * fbm(p[0] * 9, 2.0, p[2] * 9, 3))
    return mix(rgb, toned((0.085, 0.115, 0.035), 0.5 + fbm(p[0] * 26, 1.0, p[2] * 26, 2)), 0.75 * moss)


@inner
def checks(a, b, p, size):
    """Two kinds of stone tiles."""
    i, k = int(np.floor(p[0] / size)), int(np.floor(p[2] / size))
    rgb = a if (i + k) % 2 == 0 else b
    u, v = p[0] / size - i, p[2] / size - k
    edge = min(min(u, 1 - u), min(v, 1 - v)) * size
    veins = fbm(p[0] * 3 + 9 * hashed(i, k, 1), 2.0, p[2] * 3, 5)
    return toned(rgb, (0.78 + 0.4 * veins) * (0.5 + 0.5 * ramp(0.002, 0.007, edge)))


@inner
def small_things(m, a, b, p, q, P, seed):
    """The patterns of things one can lift."""
    kind = int(m[0])
    if kind == FABRIC:
        thread = 0.5 * noise(q[0] * 170, q[1] * 170, q[2] * 170) + 0.5 * fbm(q[0] * 8, q[1] * 8, q[2] * 8, 3)
        return mix(a, b, 1.4 * thread - 0.2)
    if kind == GLAZE:
        return mix(a, b, ramp(0.35, 0.65, fbm(q[0] * 5, q[1] * 9, q[2] * 5, 4) + 0.8 * q[1] / P[0] * 0.4))
    if kind == LEAF:
        rib = ramp(0.0, 0.05, abs(q[0] / P[0])) * (0.85 + 0.15 * np.sin(60 * (abs(q[0]) + 0.6 * q[2]) / P[2]))
        return toned(mix(b, a, rib * (0.5 + 0.5 * seed)), 0.7 + 0.6 * seed)
    if kind == FOLIAGE:
        clump = fbm(p[0] * m[11], p[1] * 0.8 * m[11], p[2] * m[11], 3)
        return toned(mix(a, b, 2.2 * clump - 0.7 + 0.5 * (seed - 0.5)), 0.85 + 0.3 * seed)
    if kind == BOOK:
        bands = 0.65 if 0.62 < abs(q[1] / P[1]) < 0.7 else 1.0
        return toned(mix(a, b, hashed(int(seed * 1e6), 5, 2)), (0.75 + 0.5 * seed) * bands)
    if kind == STRIPES:
        return a if (int(np.floor(m[13] * (q[0] + q[1] * m[14] + 100))) % 2) == 0 else b
    if kind == FUR:
        hair = noise(q[0] * 130, q[1] * 40, q[2] * 60)
        return toned(mix(a, b, fbm(p[0] * 7, p[1] * 7, p[2] * 7, 3)), 0.7 + 0.5 * hair)
    return a


@inner
def albedo(m, p, q, n, P, seed):
    """What share of light the surface gives back, by colour; p in the world, q in the shape's axes."""
    a, b, kind = (m[1], m[2], m[3]), (m[4], m[5], m[6]), int(m[0])
    if kind == PLAIN:
        return a
    if kind == PLANKS:
        return planks(a, b, p)
    if kind == WOOD:
        return wood(a, b, q, 13 * seed)
    if kind == RUG:
        return rug(a, b, q, P)
    if kind == PAINTING:
        return painting(a, b, q, P)
    if kind == STONE:
        return stone(a, b, p, 0.0)
    if kind == PAVING:
        return paving(a, b, p)
    if kind == COBBLES:
        return cobbles(a, b, p)
    if kind == BRICK:
        return bricks(a, b, p, n)
    if kind == SHINGLES:
        return shingles(a, b, q)
    if kind == HILLS:
        return hills(m, a, b, p, n)
    if kind == GRASS:
        return grass(a, b, p)
    if kind == SAND:
        return sand(a, b, p)
    if kind == SNOW:
        return toned(mix(a, b, fbm(p[0] * 0.5, 1.0, p[2] * 0.5, 4)), 0.95 + 0.08 * noise(p[0] * 60, 1.0, p[2] * 60))
    if kind == EARTH:
        return earth(a, b, p)
    if kind == ASPHALT:
        return toned(mix(a, b, fbm(p[0] * 0.5, 3.0, p[2] * 0.5, 4)), 0.75 + 0.5 * noise(p[0] * 80, 1.0, p[2] * 80))
    if kind == CHECKS:
        return checks(a, b, p, m[13])
    if kind == PLASTER:
        coarse = fbm(p[0] * 2.2, p[1] * 2.2, p[2] * 2.2, 5)
        return mix(a, b, coarse + 0.25 * (noise(p[0] * 60, p[1] * 60, p[2] * 60) - 0.5))
    if kind == PANE:
        trees = ramp(0.35, 0.6, fbm(p[2] * 2.1, p[1] * 2.1, p[0] * 2.1, 4) + 0.55 * (1.55 - p[1]))
        return mix(a, b, 0.55 * trees)
    return small_things(m, a, b, p, q, P, seed)


@inner
def relief(m, p, n, t):
    """The normal, tilted by the bumps of the material; from afar they are too small to be seen."""
    if m[10] <= 0:
        return n
    f, e = m[11], 0.35
    depth = m[10] / (1 + (t * 0.0026 * f) ** 2)
    if depth < 0.01:
        return n
    x, y, z = p[0] * f, p[1] * f, p[2] * f
    here = fbm(x, y, z, 3)
    gx, gy, gz = fbm(x + e, y, z, 3) - here, fbm(x, y + e, z, 3) - here, fbm(x, y, z + e, 3) - here
    s = depth / e
    return unit((n[0] - s * gx, n[1] - s * gy, n[2] - s * gz))


@inner
def ripples(m, p, n, t):
    """Water's normal: wind in long streaks, m[13] times as strong as on a lake; calmer from afar."""
    calm = (0.4 + 0.9 * ramp(0.4, 0.65, fbm(p[0] * 0.03, p[2] * 0.1, 2.0, 3))) * m[13] / (1 + 0.01 * t)
    x = noise(p[0] * 0.9, p[2] * 1.8, 3.0) - 0.5 + 0.5 * (noise(p[0] * 2.5, p[2] * 4.6, 7.0) - 0.5)
    z = noise(p[0] * 0.8, p[2] * 1.9, 13.0) - 0.5 + 0.5 * (noise(p[0] * 2.2, p[2] * 4.9, 17.0) - 0.5)
    return unit((n[0] + 0.05 * calm * x, n[1], n[2] + 0.1 * calm * z))
