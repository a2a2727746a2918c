"""The light in the example scenes: a small path tracer.

It comes from a sun (a small disc), a window pane (a rectangle), a lamp (a ball) and the sky; `palette.lights` packs
them into a row. Materials are rows too, see `patterns.py`.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from patterns import albedo, relief, ripples
from rays import nearest, outward

from gen3d.painter.light.noise import FAST, along, dot, fbm, hashed, mix, ramp, unit
from gen3d.painter.light.patterns import WATER
from gen3d.painter.light.rays import FAR, to_object, turned
from gen3d.painter.light.tracer import draw, eye_ray, scattered

BOUNCES = 3
NUDGE = 1.5e-3
"""Metres off the surface at which the next ray starts; more for far surfaces, which are met less exactly."""
BRIGHT = 1.5
"""The most that one bounce of a path may add after the first, see `radiance`."""
CLAMP = 12.0
"""No single sample may be brighter than this: it would be seen as a white speck."""


@njit(**FAST)
def sky(d, lights, close):
    """Light from where there is nothing: a gradient, the glow around the sun; a close look sees clouds high up."""
    sun = (lights[0], lights[1], lights[2])
    up = max(d[1], 0.0)
    toward = max(dot(d, sun), 0.0)
    rgb = mix((1.10, 0.80, 0.52), (0.32, 0.50, 0.82), ramp(-0.10, 0.36, up))
    rgb = mix(rgb, (0.10, 0.23, 0.56), ramp(0.12, 0.75, up))
    glow = 0.55 * toward**6 + 1.2 * toward**40
    rgb = (rgb[0] + glow * 0.95, rgb[1] + glow * 0.62, rgb[2] + glow * 0.30)
    if close and d[1] > 0.015:
        x, z = d[0] / (d[1] + 0.08), d[2] / (d[1] + 0.08)
        warp = fbm(x * 0.5, z * 0.5, 4.0, 3)
        thick = fbm(x * 0.42 + 1.3 * warp + 3.4, z * 0.85 + 0.9 * warp + 1.1, 1.5, 6)
        toward_sun = fbm(x * 0.42 + 1.3 * warp + 3.4 - 0.16, z * 0.85 + 0.9 * warp + 1.22, 1.5, 4)
        cover = ramp(0.44, 0.66, thick) * ramp(0.01, 0.12, d[1])
        lit = 0.72 + 2.2 * (thick - toward_sun) + 0.5 * toward**3
        lit = min(max(lit, 0.45), 1.5)
        rgb = mix(rgb, (1.35 * lit, 1.06 * lit, 0.86 * lit), 0.9 * cover)
    return (rgb[0] * lights[7], rgb[1] * lights[7], rgb[2] * lights[7])


# -- light -----------------------------------------------------------------------------------------------------------


@njit(**FAST)
def reached(p, n, d, distance, scene):
    """Cosine at the surface if nothing stands within `distance` along d, else 0."""
    cosine = dot(n, d)
    if cosine <= 0:
        return 0.0
    _, who = nearest(p, d, scene, distance, True)
    return cosine if who < 0 else 0.0


@njit(**FAST)
def direct(p, n, lights, scene, u, v, only):
    """Light that comes straight from sun, pane and lamp, over pi, a shadow ray each; or from one of them, `only`."""
    r, g, b = 0.0, 0.0, 0.0
    if lights[4] > 0 and (only < 0 or only == 0):
        spread = lights[3]
        jitter = scattered((lights[0], lights[1], lights[2]), u * spread * spread, v)
        c = reached(p, n, jitter, FAR, scene)
        r, g, b = c * lights[4], c * lights[5], c * lights[6]
    if lights[17] > 0 and (only < 0 or only == 1):  # the pane: corner [8:11], edges [11:14] and [14:17], colour [17:20]
        at = (
            lights[8] + u * lights[11] + v * lights[14],
            lights[9] + u * lights[12] + v * lights[15],
            lights[10] + u * lights[13] + v * lights[16],
        )
        away = (at[0] - p[0], at[1] - p[1], at[2] - p[2])
        square = dot(away, away)
        d = unit(away)
        cross = (
            lights[12] * lights[16] - lights[13] * lights[15],
            lights[13] * lights[14] - lights[11] * lights[16],
            lights[11] * lights[15] - lights[12] * lights[14],
        )
        facing = abs(dot(cross, d)) / (3.14159265 * (square + 0.02))
        c = reached(p, n, d, np.sqrt(square) * 0.995, scene) * facing
        r, g, b = r + c * lights[17], g + c * lights[18], b + c * lights[19]
    if lights[24] > 0 and (only < 0 or only == 2):  # the lamp: centre [20:23], radius [23], power [24:27]
        ball = unit((u - 0.5, v - 0.5, (u * 7.31 + v * 3.77) % 1.0 - 0.5))
        at = (lights[20] + lights[23] * ball[0], lights[21] + lights[23] * ball[1], lights[22] + lights[23] * ball[2])
        away = (at[0] - p[0], at[1] - p[1], at[2] - p[2])
        square = dot(away, away)
        c = reached(p, n, unit(away), np.sqrt(square), scene) / (square + 0.03)
        r, g, b = r + c * lights[24], g + c * lights[25], b + c * lights[26]
    return (r, g, b)


@njit(**FAST)
def hazy(rgb, d, t, lights):
    """Air between the eye and a far surface."""
    if lights[27] <= 0:
        return rgb
    clear = np.exp(-t * lights[27])
    air = sky(unit((d[0], 0.06, d[2])), lights, False)
    return (air[0] + (rgb[0] - air[0]) * clear, air[1] + (rgb[1] - air[1]) * clear, air[2] + (rgb[2] - air[2]) * clear)


@njit(**FAST)
def surface(o, d, t, i, scene, materials, close):
    """Point, normal facing the eye, the same without relief, albedo, material row; `close` looks see the pattern."""
    kinds, R, c, P, material, _, _, _, _, profiles, ground = scene
    p = along(o, d, t)
    q = to_object(R[i], c[i], p)
    k = outward(kinds[i], q, P[i], profiles, ground)
    n = turned(R[i].T, k)
    smooth = n
    m = materials[material[i]]
    rgb = (0.5 * (m[1] + m[4]), 0.5 * (m[2] + m[5]), 0.5 * (m[3] + m[6]))
    if close:
        rgb = albedo(m, p, q, n, P[i], hashed(i, 77, 3))
        n = ripples(p, n) if int(m[0]) == WATER else relief(m, p, n)
    if dot(n, d) > 0 and int(m[0]) != WATER:
        n = (-n[0], -n[1], -n[2]) if dot(n, d) > 0.25 else n
    return p, n, smooth, rgb, m


@njit(**FAST)
def radiance(o, d, scene, materials, lights, rng, u, v, first):
    """Light along a ray. `first` receives albedo, normal and 1/distance of the first hit, for the denoiser."""
    r, g, b = 0.0, 0.0, 0.0
    tr, tg, tb = 1.0, 1.0, 1.0
    seen = True  # the eye or a mirror looks: lamps count. After a matt bounce `direct` has counted them already.
    for bounce in range(BOUNCES):
        t, i = nearest(o, d, scene, FAR, False)
        if i < 0:
            if bounce == 0:
                first[0], first[1], first[2] = 1.0, 1.0, 1.0
            s = sky(d, lights, seen)
            r, g, b = r + tr * s[0], g + tg * s[1], b + tb * s[2]
            break
        p, n, smooth, rgb, m = surface(o, d, t, i, scene, materials, seen)
        if bounce == 0:
            first[0], first[1], first[2] = rgb[0], rgb[1], rgb[2]
            first[3], first[4], first[5], first[6] = smooth[0], smooth[1], smooth[2], 1 / t
        if m[9] > 0:
            if seen:
                r, g, b = r + tr * m[9] * rgb[0], g + tg * m[9] * rgb[1], b + tb * m[9] * rgb[2]
            break
        if bounce == 0 and lights[27] > 0:
            clear = np.exp(-t * lights[27])
            air = hazy((0.0, 0.0, 0.0), d, t, lights)
            r, g, b = air[0], air[1], air[2]
            tr, tg, tb = clear, clear, clear
        cosine = max(-dot(n, d), 0.0)
        fresnel = m[7] + (1 - m[7]) * (1 - cosine) ** 5 * (1 - m[8]) if m[7] > 0 else 0.0
        q = fresnel if bounce > 0 or fresnel <= 0 else max(fresnel, 0.3)
        if m[12] > 0:
            q = 1.0
        if draw(rng) < q:
            weight = 1.0 if m[12] > 0 else fresnel / q
            if m[12] > 0:
                tr, tg, tb = tr * rgb[0], tg * rgb[1], tb * rgb[2]
            tr, tg, tb = tr * weight, tg * weight, tb * weight
            k = 2 * dot(n, d)
            d = (d[0] - k * n[0], d[1] - k * n[1], d[2] - k * n[2])
            fuzz = scattered(d, draw(rng), draw(rng))
            d = unit((d[0] + m[8] * fuzz[0], d[1] + m[8] * fuzz[1], d[2] + m[8] * fuzz[2]))
            if int(m[0]) == WATER and d[1] < 0.01:
                d = unit((d[0], 0.01, d[2]))
            seen = True
        else:
            weight = (1 - fresnel) / (1 - q)
            tr, tg, tb = tr * rgb[0] * weight, tg * rgb[1] * weight, tb * rgb[2] * weight
            start = along(p, n, NUDGE * (1 + 0.2 * t))
            only, share = -1, 1.0
            if bounce > 0:
                u, v = draw(rng), draw(rng)
                only, share = (int(3 * draw(rng)), 3.0) if lights[17] > 0 else (0, 1.0)
            s = direct(start, n, lights, scene, u, v, only)
            s = (s[0] * share, s[1] * share, s[2] * share)
            # A patch of sun that a matt bounce finds by chance is a speck, not light: it counts no more than BRIGHT.
            most = BRIGHT if bounce > 0 else BRIGHT * 5
            r, g, b = r + min(tr * s[0], most), g + min(tg * s[1], most), b + min(tb * s[2], most)
            if bounce == 0:
                d = scattered(n, (u + 0.381966) % 1.0, (v + 0.754878) % 1.0)
            else:
                d = scattered(n, draw(rng), draw(rng))
            seen = False
        o = along(p, n, NUDGE * (1 + 0.2 * t))
    return (min(r, CLAMP), min(g, CLAMP), min(b, CLAMP))


# -- pictures --------------------------------------------------------------------------------------------------------


@njit(parallel=True, **FAST)
def render(origin, c2w, K, width, height, scene, materials, lights, grid):
    """Linear colour [h w 3] and first-hit features [h w 7] from grid x grid rays a pixel."""
    image, features = np.zeros((height, width, 3)), np.zeros((height, width, 7))
    for y in prange(height):
        rng, first = np.zeros(1, np.uint64), np.zeros(7)
        for x in range(width):
            rng[0] = np.uint64((y * 9781 + x * 6271 + 1) * 2654435761 + 88172645463325252)
            for _ in range(4):
                draw(rng)
            turn_u, turn_v = draw(rng), draw(rng)
            for s in range(grid * grid):
                px = x + ((s % grid) + draw(rng)) / grid
                py = y + ((s // grid) + draw(rng)) / grid
                d = eye_ray(c2w, K, px, py)
                u, v = (turn_u + 0.7548776662 * s) % 1.0, (turn_v + 0.5698402910 * s) % 1.0
                first[:] = 0
                rgb = radiance(origin_of(origin), unit(d), scene, materials, lights, rng, u, v, first)
                for c in range(3):
                    image[y, x, c] += rgb[c] / (grid * grid)
                for c in range(7):
                    features[y, x, c] += first[c] / (grid * grid)
    return image, features


@njit(**FAST)
def origin_of(origin):
    """An array as a triple."""
    return (origin[0], origin[1], origin[2])


@njit(parallel=True, **FAST)
def depths(origin, c2w, K, width, height, scene):
    """Metres along z at the pixel centres; FAR where the ray meets nothing."""
    depth = np.zeros((height, width))
    for y in prange(height):
        for x in range(width):
            d = eye_ray(c2w, K, x + 0.5, y + 0.5)
            length = np.sqrt(dot(d, d))
            t, i = nearest(origin_of(origin), unit(d), scene, FAR, False)
            depth[y, x] = t / length if i >= 0 else FAR
    return depth


@njit(parallel=True, **FAST)
def hits(origin, c2w, K, width, height, scene):
    """Which shape is seen at the pixel centres; -1 where the ray meets nothing."""
    shape = np.zeros((height, width), np.int64)
    for y in prange(height):
        for x in range(width):
            _, shape[y, x] = nearest(origin_of(origin), unit(eye_ray(c2w, K, x + 0.5, y + 0.5)), scene, FAR, False)
    return shape
