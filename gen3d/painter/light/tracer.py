"""Paths of light from the eye to sun, sky, window and lamps; and what the eye's own rays meet: depth, and which thing.

A path turns at most a few times; what would come after is the AMBIENT light. Chance is drawn from the pixel's place.
"""

from __future__ import annotations

import numpy as np

from gen3d.painter.light.noise import along, dot, hashed, inner, kernel, unit
from gen3d.painter.light.patterns import WATER, albedo, relief, ripples
from gen3d.painter.light.rays import FAR, nearest, outward, to_object, turned_back
from gen3d.painter.light.sky import AMBIENT, HAZE, PANE, PANE_RGB, SUN, SUN_RGB, SUN_SIZE, hazy, sky, three

NUDGE = 1.5e-3
"""Metres off the surface at which the next ray starts; more for far surfaces, which are met less exactly."""
BRIGHT = 1.2
"""The most that one turn of a path may add after the first: light found by chance would be a speck."""
CLAMP = 10.0
"""No single sample may be brighter than this: it would be seen as a white speck."""
FEATURES = 7
"""Of the first hit, for the film: albedo, normal, 1 / distance."""


@inner
def draw(rng):
    """The next number in [0, 1)."""
    s = rng[0]
    s = (s ^ (s << np.uint64(13))) & np.uint64(0xFFFFFFFFFFFFFFFF)
    s = s ^ (s >> np.uint64(7))
    s = (s ^ (s << np.uint64(17))) & np.uint64(0xFFFFFFFFFFFFFFFF)
    rng[0] = s
    return np.float64(s >> np.uint64(11)) / 9007199254740992.0


@inner
def scattered(n, u, v):
    """A direction around n, as dense as a matt surface sends light."""
    r, angle = np.sqrt(u), 6.283185307 * v
    t = (0.0, 1.0, 0.0) if abs(n[1]) < 0.9 else (1.0, 0.0, 0.0)
    s = unit((t[1] * n[2] - t[2] * n[1], t[2] * n[0] - t[0] * n[2], t[0] * n[1] - t[1] * n[0]))
    w = (n[1] * s[2] - n[2] * s[1], n[2] * s[0] - n[0] * s[2], n[0] * s[1] - n[1] * s[0])
    x, y, z = r * np.cos(angle), r * np.sin(angle), np.sqrt(max(0.0, 1 - u))
    return unit((x * s[0] + y * w[0] + z * n[0], x * s[1] + y * w[1] + z * n[1], x * s[2] + y * w[2] + z * n[2]))


@inner
def reached(p, n, d, limit, scene):
    """Cosine at the surface if nothing stands within `limit` along d, else 0."""
    cosine = dot(n, d)
    if cosine <= 0:
        return 0.0
    _, who = nearest(p, d, scene, limit, True)
    return cosine if who < 0 else 0.0


@inner
def from_sun(p, n, lights, scene, u, v):
    """Light of sun or moon, over pi."""
    spread = lights[SUN_SIZE]
    c = reached(p, n, scattered(three(lights, SUN), u * spread * spread, v), FAR, scene)
    return (c * lights[SUN_RGB], c * lights[SUN_RGB + 1], c * lights[SUN_RGB + 2])


@inner
def from_pane(p, n, lights, scene, u, v):
    """Light of the window: corner, edge, edge."""
    a, b = three(lights, PANE + 3), three(lights, PANE + 6)
    away = (
        lights[PANE] + u * a[0] + v * b[0] - p[0], lights[PANE + 1] + u * a[1] + v * b[1] - p[1],
        lights[PANE + 2] + u * a[2] + v * b[2] - p[2],
    )  # fmt: skip
    square = dot(away, away)
    d = unit(away)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    c = reached(p, n, d, np.sqrt(square) * 0.995, scene) * abs(dot(cross, d)) / (3.14159265 * (square + 0.02))
    return (c * lights[PANE_RGB], c * lights[PANE_RGB + 1], c * lights[PANE_RGB + 2])


@inner
def from_lamps(p, n, lamps, scene, chance, u, v):
    """Light of one lamp, chosen as often as it is bright here."""
    total = 0.0
    for k in range(len(lamps)):
        away = (lamps[k, 0] - p[0], lamps[k, 1] - p[1], lamps[k, 2] - p[2])
        total += lamps[k, 5] / (dot(away, away) + 0.03)
    left, k, share = chance * total, 0, 1.0
    for i in range(len(lamps)):
        away = (lamps[i, 0] - p[0], lamps[i, 1] - p[1], lamps[i, 2] - p[2])
        w = lamps[i, 5] / (dot(away, away) + 0.03)
        k, share = i, w / (total + 1e-30)
        left -= w
        if left <= 0:
            break
    ball = unit((u - 0.5, v - 0.5, (u * 7.31 + v * 3.77) % 1.0 - 0.5))
    r = lamps[k, 3]
    away = (lamps[k, 0] + r * ball[0] - p[0], lamps[k, 1] + r * ball[1] - p[1], lamps[k, 2] + r * ball[2] - p[2])
    square = dot(away, away)
    c = reached(p, n, unit(away), np.sqrt(square), scene) / (square + 0.03) / share
    return (c * lamps[k, 4], c * lamps[k, 5], c * lamps[k, 6])


@inner
def direct(p, n, lights, lamps, scene, u, v, chance, only):
    """Light that comes straight from sun, pane and lamps, over pi; or from one of them, `only`."""
    r, g, b = 0.0, 0.0, 0.0
    if lights[SUN_RGB] > 0 and (only < 0 or only == 0):
        r, g, b = from_sun(p, n, lights, scene, u, v)
    if lights[PANE_RGB] > 0 and (only < 0 or only == 1):
        s = from_pane(p, n, lights, scene, u, v)
        r, g, b = r + s[0], g + s[1], b + s[2]
    if len(lamps) > 0 and (only < 0 or only == 2):
        s = from_lamps(p, n, lamps, scene, chance, u, v)
        r, g, b = r + s[0], g + s[1], b + s[2]
    return (r, g, b)


@inner
def one_of(lights, lamps, chance):
    """Which kind of light a later turn asks, and how many kinds there are."""
    has = (lights[SUN_RGB] > 0, lights[PANE_RGB] > 0, len(lamps) > 0)
    count = int(has[0]) + int(has[1]) + int(has[2])
    if count == 0:
        return 0, 1.0
    k = min(int(chance * count), count - 1)
    for i in range(3):
        if has[i]:
            if k == 0:
                return i, float(count)
            k -= 1
    return 0, 1.0


@inner
def surface(o, d, t, i, scene, materials, close):
    """Point, normal facing the eye, the same without relief, albedo, material row; `close` looks see the pattern."""
    kinds, R, c, P, material, _, _, _, _, _, profiles, ground = scene
    p = along(o, d, t)
    q = to_object(R[i], c[i], p)
    n = turned_back(R[i], outward(kinds[i], q, P[i], profiles, ground))
    m = materials[material[i]]
    water = int(m[0]) == WATER
    if dot(n, d) > 0 and not water:
        n = (-n[0], -n[1], -n[2])
    smooth = n
    rgb = (0.5 * (m[1] + m[4]), 0.5 * (m[2] + m[5]), 0.5 * (m[3] + m[6]))
    if close:
        rgb = albedo(m, p, q, n, P[i], hashed(i, 77, 3))
        n = ripples(m, p, n, t) if water else relief(m, p, n, t)
    return p, n, smooth, rgb, m


@inner
def mirrored(d, n, m, rng):
    """The direction that a shiny surface sends a ray to."""
    k = 2 * dot(n, d)
    d = (d[0] - k * n[0], d[1] - k * n[1], d[2] - k * n[2])
    fuzz = scattered(d, draw(rng), draw(rng))
    d = unit((d[0] + m[8] * fuzz[0], d[1] + m[8] * fuzz[1], d[2] + m[8] * fuzz[2]))
    return unit((d[0], 0.01, d[2])) if int(m[0]) == WATER and d[1] < 0.01 else d


@inner
def radiance(o, d, scene, materials, lights, lamps, rng, u, v, turns, first):
    """Light along a ray. `first` receives the features of the first hit."""
    r, g, b = 0.0, 0.0, 0.0
    tr, tg, tb = 1.0, 1.0, 1.0
    seen = True  # the eye or a mirror looks: lamps count. After a matt turn `direct` has counted them already.
    for turn in range(turns):
        t, i = nearest(o, d, scene, FAR, False)
        if i < 0:
            if turn == 0:
                first[0], first[1], first[2] = 1.0, 1.0, 1.0
            s = sky(d, lights, seen)
            r, g, b = r + tr * s[0], g + tg * s[1], b + tb * s[2]
            tr, tg, tb = 0.0, 0.0, 0.0
            break
        p, n, smooth, rgb, m = surface(o, d, t, i, scene, materials, seen)
        if turn == 0:
            first[0], first[1], first[2] = rgb[0], rgb[1], rgb[2]
            first[3], first[4], first[5], first[6] = smooth[0], smooth[1], smooth[2], 1 / t
            if int(m[0]) == WATER:  # waves are its shape
                first[3], first[5] = 5 * n[0], 5 * n[2]
            if lights[HAZE] > 0:
                clear, air = np.exp(-t * lights[HAZE]), hazy(d, lights)
                r, g, b = air[0] * (1 - clear), air[1] * (1 - clear), air[2] * (1 - clear)
                tr, tg, tb = clear, clear, clear
        if m[9] > 0:
            if seen:
                r, g, b = r + tr * m[9] * rgb[0], g + tg * m[9] * rgb[1], b + tb * m[9] * rgb[2]
            tr, tg, tb = 0.0, 0.0, 0.0
            break
        cosine = max(-dot(n, d), 0.0)
        fresnel = m[7] + (1 - m[7]) * (1 - cosine) ** 5 * (1 - m[8]) if m[7] > 0 else 0.0
        q = fresnel if turn > 0 or fresnel <= 0 else max(fresnel, 0.3)
        q = 1.0 if m[12] > 0 else q
        if draw(rng) < q:
            if m[12] > 0:
                tr, tg, tb = tr * rgb[0], tg * rgb[1], tb * rgb[2]
            else:
                tr, tg, tb = tr * fresnel / q, tg * fresnel / q, tb * fresnel / q
            d = mirrored(d, n, m, rng)
            seen = True
        else:
            weight = (1 - fresnel) / (1 - q)
            tr, tg, tb = tr * rgb[0] * weight, tg * rgb[1] * weight, tb * rgb[2] * weight
            start = along(p, n, NUDGE * (1 + 0.2 * t))
            only, share, chance = -1, 1.0, draw(rng)
            if turn > 0:
                u, v = draw(rng), draw(rng)
                only, share = one_of(lights, lamps, draw(rng))
            s = direct(start, n, lights, lamps, scene, u, v, chance, only)
            most = BRIGHT if turn > 0 else BRIGHT * 6
            r, g, b = (
                r + min(tr * s[0] * share, most),
                g + min(tg * s[1] * share, most),
                b + min(tb * s[2] * share, most),
            )
            d = (
                scattered(n, (u + 0.381966) % 1.0, (v + 0.754878) % 1.0)
                if turn == 0
                else scattered(n, draw(rng), draw(rng))
            )
            seen = False
        o = along(p, n, NUDGE * (1 + 0.2 * t))
    r, g, b = r + tr * lights[AMBIENT], g + tg * lights[AMBIENT + 1], b + tb * lights[AMBIENT + 2]
    return (min(r, CLAMP), min(g, CLAMP), min(b, CLAMP))


@inner
def eye_ray(c2w, K, px, py):
    """The ray through a place in the picture in modelling axes (y up), at z = 1: its t is depth."""
    x, y = (px - K[0, 2]) / K[0, 0], (py - K[1, 2]) / K[1, 1]
    return (
        c2w[0, 0] * x + c2w[0, 1] * y + c2w[0, 2],
        -(c2w[1, 0] * x + c2w[1, 1] * y + c2w[1, 2]),
        c2w[2, 0] * x + c2w[2, 1] * y + c2w[2, 2],
    )  # fmt: skip


@kernel
def light_rows(origin, c2w, K, scene, materials, lights, lamps, grid, turns, top, light, features):
    """Rows from `top` on: linear colour [h w 3] and features [h w FEATURES] of grid x grid paths a pixel."""
    eye = (origin[0], origin[1], origin[2])
    rng, first = np.zeros(1, np.uint64), np.zeros(FEATURES)
    for y in range(light.shape[0]):
        for x in range(light.shape[1]):
            rng[0] = np.uint64(((y + top) * 9781 + x * 6271 + 1) * 2654435761 + 88172645463325252)
            for _ in range(4):
                draw(rng)
            turn_u, turn_v = draw(rng), draw(rng)
            for s in range(grid * grid):
                px, py = x + ((s % grid) + draw(rng)) / grid, y + top + ((s // grid) + draw(rng)) / grid
                d = unit(eye_ray(c2w, K, px, py))
                u, v = (turn_u + 0.7548776662 * s) % 1.0, (turn_v + 0.5698402910 * s) % 1.0
                first[:] = 0
                rgb = radiance(eye, d, scene, materials, lights, lamps, rng, u, v, turns, first)
                for c in range(3):
                    light[y, x, c] += rgb[c] / (grid * grid)
                for c in range(FEATURES):
                    features[y, x, c] += first[c] / (grid * grid)


@kernel
def hit_rows(origin, c2w, K, scene, top, depth, things):
    """Rows from `top` on: metres along z at the pixel centres, and the thing there; inf and 0 where nothing is met."""
    eye, thing = (origin[0], origin[1], origin[2]), scene[6]
    for y in range(depth.shape[0]):
        for x in range(depth.shape[1]):
            d = eye_ray(c2w, K, x + 0.5, y + top + 0.5)
            t, i = nearest(eye, unit(d), scene, FAR, False)
            if i >= 0:
                depth[y, x], things[y, x] = t / np.sqrt(dot(d, d)), thing[i]
