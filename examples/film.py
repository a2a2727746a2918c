"""From light to a picture: the noise of chance goes, texture stays; a film curve, sRGB."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from gen3d.painter.light.film import smaller
from gen3d.painter.light.noise import FAST


@njit(parallel=True, **FAST)
def despeckled(light):
    """No pixel brighter than the third brightest of the nine around it, none darker than the third darkest."""
    height, width = light.shape[:2]
    out = light.copy()
    for y in prange(height):
        near = np.zeros(9)
        for x in range(width):
            for c in range(3):
                k = 0
                for j in range(max(0, y - 1), min(height, y + 2)):
                    for i in range(max(0, x - 1), min(width, x + 2)):
                        near[k] = light[j, i, c]
                        k += 1
                ordered = np.sort(near[:k])
                out[y, x, c] = min(max(light[y, x, c], ordered[2]), ordered[k - 3])
    return out


@njit(parallel=True, **FAST)
def denoise(light, guide, features, reach, trust):
    """Averages the light over neighbours on the same smooth surface where the guide is alike; texture is not touched.

    trust: how far apart, as a share squared, two brightnesses in the guide may be.
    """
    height, width = light.shape[:2]
    out = np.zeros_like(light)
    for y in prange(height):
        for x in range(width):
            here = features[y, x]
            norm, r, g, b = 0.0, 0.0, 0.0, 0.0
            # 1/distance is a linear function of the pixel on a plane, so a floor seen at a low angle stays one surface.
            left, right = features[y, max(x - 1, 0), 6], features[y, min(x + 1, width - 1), 6]
            above, below = features[max(y - 1, 0), x, 6], features[min(y + 1, height - 1), x, 6]
            dx, dy = smaller(right - here[6], here[6] - left), smaller(below - here[6], here[6] - above)
            level = guide[y, x, 0] + guide[y, x, 1] + guide[y, x, 2]
            for j in range(max(0, y - reach), min(height, y + reach + 1)):
                for i in range(max(0, x - reach), min(width, x + reach + 1)):
                    there = features[j, i]
                    turn = (here[3] - there[3]) ** 2 + (here[4] - there[4]) ** 2 + (here[5] - there[5]) ** 2
                    gap = (here[6] + (i - x) * dx + (j - y) * dy - there[6]) / (here[6] + 1e-9)
                    other = guide[j, i, 0] + guide[j, i, 1] + guide[j, i, 2]
                    step = (level - other) / (level + other + 1e-6)
                    far = ((x - i) ** 2 + (y - j) ** 2) / (0.5 * reach * reach + 0.5)
                    w = np.exp(-far - turn / 0.03 - gap * gap / 4e-4 - step * step / trust)
                    norm, r, g, b = norm + w, r + w * light[j, i, 0], g + w * light[j, i, 1], b + w * light[j, i, 2]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / norm, g / norm, b / norm
    return out


def developed(image: np.ndarray, features: np.ndarray, exposure: float) -> np.ndarray:
    """From light to an 8-bit picture: denoised apart from its texture, a film curve, sRGB."""
    texture = np.maximum(features[..., :3], 0.01)
    light = despeckled(image / texture)
    guide = denoise(light, light, features, 4, 0.08)
    light = denoise(light, guide, features, 4, 0.003)
    x = np.maximum(light * texture * exposure, 0)
    x = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)  # Narkowicz' fit of the ACES film curve
    x = np.clip(x, 0, 1)
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return np.round(srgb * 255).astype(np.uint8)
