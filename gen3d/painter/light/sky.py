"""The light of sun or moon, sky, a window, and the air between, as a row of numbers; lamps are rows of their own.

A lamp is [0:3] its place, [3] its radius, [4:7] its power.
"""

from __future__ import annotations

import numpy as np

from gen3d.painter.light.noise import dot, fbm, hashed, inner, mix, noise, ramp, toned, unit

SUN, SUN_SIZE, SUN_RGB, SKY = 0, 3, 4, 7
PANE, PANE_RGB = 8, 17
HORIZON, MIDDLE, ZENITH, GLOW, GLOW_WIDTH = 20, 23, 26, 29, 32
HAZE, CLOUDS, CLOUD_RGB, STARS, DISC, AMBIENT, AIR, OVERCAST = 33, 34, 35, 38, 39, 40, 43, 46
LIGHT = 48
"""Numbers in the row."""


def row_of(**given: object) -> np.ndarray:
    """The row: every name above in lower case, a number or several."""
    row = np.zeros(LIGHT)
    for name, value in given.items():
        at = globals()[name.upper()]
        values = np.atleast_1d(np.asarray(value, np.float64)).ravel()
        row[at : at + len(values)] = values
    row[SUN : SUN + 3] /= np.linalg.norm(row[SUN : SUN + 3])
    return row


@inner
def three(row, at):
    """Three numbers of the row."""
    return (row[at], row[at + 1], row[at + 2])


@inner
def gradient(d, lights):
    """The clear sky: three colours one above the other, and the glow around the sun."""
    up = max(d[1], 0.0)
    toward = max(dot(d, three(lights, SUN)), 0.0)
    rgb = mix(three(lights, HORIZON), three(lights, MIDDLE), ramp(-0.10, 0.36, up))
    rgb = mix(rgb, three(lights, ZENITH), ramp(0.12, 0.80, up))
    w = lights[GLOW_WIDTH]
    glow, tint = 0.45 * toward ** (6 / w) + 1.1 * toward ** (40 / w), three(lights, GLOW)
    return (rgb[0] + glow * tint[0], rgb[1] + glow * tint[1], rgb[2] + glow * tint[2])


@inner
def stars(d):
    """A few points of light, each in a cell of the sky."""
    x, y, z = d[0] * 90, d[1] * 90, d[2] * 90
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    if hashed(i, j, k) < 0.965:
        return 0.0
    u, v, w = x - i - hashed(i, j, 7), y - j - hashed(j, k, 8), z - k - hashed(k, i, 9)
    return 1.6 * hashed(i, k, 3) * np.exp(-60 * (u * u + v * v + w * w))


@inner
def clouded(rgb, d, lights):
    """The sky with its clouds: heaps, or a closed cover where it is overcast."""
    sun, tint = three(lights, SUN), three(lights, CLOUD_RGB)
    x, z = d[0] / (d[1] + 0.08), d[2] / (d[1] + 0.08)
    warp = fbm(x * 0.5, z * 0.5, 4.0, 3)
    thick = fbm(x * 0.42 + 1.3 * warp + 3.4, z * 0.85 + 0.9 * warp + 1.1, 1.5, 6)
    other = fbm(x * 0.42 + 1.3 * warp + 3.4 + 0.2 * sun[0], z * 0.85 + 0.9 * warp + 1.1 + 0.2 * sun[2], 1.5, 4)
    least = 0.72 - 0.42 * lights[CLOUDS]
    cover = ramp(least, least + 0.2, thick) * ramp(0.01, 0.12, d[1])
    lit = 0.80 + 2.2 * (thick - other) * (1 - lights[OVERCAST]) + 0.5 * max(dot(d, sun), 0.0) ** 3
    lit = min(max(lit - 0.5 * lights[OVERCAST] * (thick - 0.5), 0.45), 1.5)
    return mix(rgb, toned(tint, lit), 0.92 * cover)


@inner
def sky(d, lights, close):
    """Light from where there is nothing; a close look sees clouds, stars, and the disc of sun or moon."""
    rgb = gradient(d, lights)
    if close:
        disc = lights[DISC]
        if disc > 0:
            toward = dot(d, three(lights, SUN))
            edge = ramp(np.cos(1.25 * lights[SUN_SIZE]), np.cos(lights[SUN_SIZE]), toward)
            mare = 0.75 + 0.4 * noise(d[0] * 90, d[1] * 90, d[2] * 90) if lights[STARS] > 0 else 1.0
            rgb = mix(rgb, (disc * mare, 0.95 * disc * mare, 0.84 * disc * mare), edge)
        if lights[STARS] > 0 and d[1] > 0:
            s = stars(d) * lights[STARS]
            rgb = (rgb[0] + s, rgb[1] + s, rgb[2] + s)
        if lights[CLOUDS] > 0 and d[1] > 0.015:
            rgb = clouded(rgb, d, lights)
    return toned(rgb, lights[SKY])


@inner
def hazy(d, lights):
    """What the air adds along a long way: the sky low over the horizon."""
    low = gradient(unit((d[0], 0.05, d[2])), lights)
    tint = three(lights, AIR)
    return (low[0] * tint[0] * lights[SKY], low[1] * tint[1] * lights[SKY], low[2] * tint[2] * lights[SKY])
