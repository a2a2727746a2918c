"""The curve of sRGB (IEC 61966-2-1) between what a file holds and light, both in [0, 1]; numbers keep their type."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def to_light(srgb: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Linear light of sRGB."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def from_light(light: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """SRGB of linear light."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
