"""From light to a picture: the noise of chance goes, texture stays; a film curve, sRGB."""

from __future__ import annotations

import numpy as np

from gen3d.painter.light.noise import inner, kernel
from gen3d.srgb import from_light

ALONE = 1.8
"""Of the weights of a pixel and its neighbours: below it is an edge, alike to nothing around it. Chosen by eye."""
SPILL = 0.035
"""How much of each colour the film gives to the others, so that bright red keeps its shades. Chosen by eye."""


@kernel
def despeckle_rows(light, top, out):
    """No pixel brighter than the third brightest of the nine around it, none darker than the third darkest."""
    height, width = light.shape[:2]
    near = np.zeros(9)
    for row in range(out.shape[0]):
        y = row + top
        for x in range(width):
            for c in range(3):
                k = 0
                for j in range(max(0, y - 1), min(height, y + 2)):
                    for i in range(max(0, x - 1), min(width, x + 2)):
                        near[k] = light[j, i, c]
                        k += 1
                ordered = np.sort(near[:k])
                out[row, x, c] = min(max(light[y, x, c], ordered[min(2, k - 1)]), ordered[max(k - 3, 0)])


@inner
def smaller(a, b):
    """The slope that is nearer to level: at a rim, the one that stays on the surface."""
    return a if abs(a) < abs(b) else b


@inner
def around(light, features, y, x, level, norm, r, g, b):
    """The sums of `smooth_rows` with the pixels next to an edge: it lies on two surfaces, and is like none of them."""
    height, width = light.shape[:2]
    for j in range(max(0, y - 1), min(height, y + 2)):
        for i in range(max(0, x - 1), min(width, x + 2)):
            if features[j, i, 6] <= 0:  # before the sky an edge is bright or dark by how much of it is sky
                return norm, r, g, b
    for j in range(max(0, y - 1), min(height, y + 2)):
        for i in range(max(0, x - 1), min(width, x + 2)):
            other = light[j, i, 0] + light[j, i, 1] + light[j, i, 2]
            ratio = (level - other) / (level + other + 1e-6)
            w = 0.5 * np.exp(-ratio * ratio / 0.1)
            norm, r, g, b = norm + w, r + w * light[j, i, 0], g + w * light[j, i, 1], b + w * light[j, i, 2]
    return norm, r, g, b


@kernel
def smooth_rows(light, guide, features, reach, step, trust, top, out):
    """Averages the light over neighbours, `step` apart, on the same smooth surface where the guide is alike.

    trust: how far apart, as a share squared, two brightnesses in the guide may be.
    """
    height, width = light.shape[:2]
    for row in range(out.shape[0]):
        y = row + top
        for x in range(width):
            here = features[y, x]
            if here[6] <= 0:  # sky: chance has no part in it
                for c in range(3):
                    out[row, x, c] = light[y, x, c]
                continue
            norm, r, g, b = 0.0, 0.0, 0.0, 0.0
            # 1/distance is a linear function of the pixel on a plane, so a floor seen at a low angle stays one surface.
            left, right = features[y, max(x - 1, 0), 6], features[y, min(x + 1, width - 1), 6]
            above, below = features[max(y - 1, 0), x, 6], features[min(y + 1, height - 1), x, 6]
            dx, dy = smaller(right - here[6], here[6] - left), smaller(below - here[6], here[6] - above)
            level = guide[y, x, 0] + guide[y, x, 1] + guide[y, x, 2]
            for jj in range(-reach, reach + 1):
                j = y + jj * step
                if j < 0 or j >= height:
                    continue
                for ii in range(-reach, reach + 1):
                    i = x + ii * step
                    if i < 0 or i >= width:
                        continue
                    there = features[j, i]
                    turn = (here[3] - there[3]) ** 2 + (here[4] - there[4]) ** 2 + (here[5] - there[5]) ** 2
                    gap = (here[6] + (i - x) * dx + (j - y) * dy - there[6]) / (here[6] + 1e-9)
                    other = guide[j, i, 0] + guide[j, i, 1] + guide[j, i, 2]
                    ratio = (level - other) / (level + other + 1e-6)
                    far = (ii * ii + jj * jj) / (0.5 * reach * reach + 0.5)
                    w = np.exp(-far - turn / 0.06 - gap * gap / 4e-4 - ratio * ratio / trust)
                    norm, r, g, b = norm + w, r + w * light[j, i, 0], g + w * light[j, i, 1], b + w * light[j, i, 2]
            if norm < ALONE:
                norm, r, g, b = around(light, features, y, x, level, norm, r, g, b)
            out[row, x, 0], out[row, x, 1], out[row, x, 2] = r / norm, g / norm, b / norm


def curved(light: np.ndarray, exposure: float) -> np.ndarray:
    """Light as sRGB in [0, 1], by Narkowicz' fit of the ACES film curve."""
    x = np.maximum(light * exposure, 0)
    x = (1 - 3 * SPILL) * x + SPILL * x.sum(axis=-1, keepdims=True)
    x = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    return from_light(x).astype(np.float32)
