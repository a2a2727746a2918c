"""Random tones: tiles that repeat without a seam, and noise at any place, both read from one bank made once."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

TILE_PX = 256
BANK_SEED = 20
ROUGHNESS = (0.7, 1.0, 1.3, 1.6, 1.9, 2.2)
"""Exponents of the amplitude spectrum: the higher, the smoother."""
PER_ROUGHNESS = 6
FEATURE_PX = 4.0
"""`noise` has about one feature in this many pixels of its tile."""


@cache
def _bank() -> np.ndarray:
    """(roughness, copies, TILE_PX, TILE_PX) in [0, 1]."""
    rng = np.random.default_rng(BANK_SEED)
    frequency = np.hypot(np.fft.fftfreq(TILE_PX)[:, None], np.fft.rfftfreq(TILE_PX)[None]) * TILE_PX
    frequency[0, 0] = 1
    return np.stack([[_spectral(rng, frequency**-power) for _ in range(PER_ROUGHNESS)] for power in ROUGHNESS])


def _spectral(rng: np.random.Generator, spectrum: np.ndarray) -> np.ndarray:
    white = np.fft.rfft2(rng.standard_normal((TILE_PX, TILE_PX)))
    tones = np.fft.irfft2(white * spectrum, s=(TILE_PX, TILE_PX))
    tones = (tones - tones.mean()) / (tones.std() * 5.5) + 0.5
    return np.clip(tones, 0, 1).astype(np.float32)


def tile(rng: np.random.Generator, smooth: float | None = None) -> np.ndarray:
    """Random tones in [0, 1] around 0.5, `TILE_PX` squared, without a seam; smooth: 0 fine to 1 soft, None any."""
    bank = _bank()
    which = rng.integers(len(bank)) if smooth is None else round(smooth * (len(bank) - 1))
    tones = np.roll(bank[which, rng.integers(PER_ROUGHNESS)], tuple(rng.integers(TILE_PX, size=2)), (0, 1))
    tones = tones[:, :: rng.choice([-1, 1])]
    return tones.T if rng.random() < 0.5 else tones


@cache
def _soft_tile() -> np.ndarray:
    rng = np.random.default_rng(BANK_SEED + 1)
    white = rng.standard_normal((2 * TILE_PX, 2 * TILE_PX)).astype(np.float32)
    wrapped = cv2.copyMakeBorder(white, 16, 16, 16, 16, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(wrapped, (0, 0), FEATURE_PX / 2)[16:-16, 16:-16]
    return np.clip(soft / (5 * soft.std()) + 0.5, 0, 1)


def noise(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Smooth values in [0, 1] at any coordinates, about one feature a unit; repeats after 128."""
    shape = np.broadcast(x, y).shape
    u, v = (_wrapped(np.broadcast_to(c, shape)) for c in (x, y))
    return (
        cv2.remap(_soft_tile(), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        .ravel()[: np.prod(shape, dtype=int)]
        .reshape(shape)
    )


ROW = 256
"""`cv2.remap` takes at most 32767 rows, so coordinates are folded into rows of this length."""


def _wrapped(c: np.ndarray) -> np.ndarray:
    """Coordinates as pixels of the tile, (rows, ROW) float32."""
    px = np.zeros((-(-c.size // ROW), ROW), np.float32)
    scaled = c.ravel() * (FEATURE_PX / (2 * TILE_PX))
    px.reshape(-1)[: c.size] = (scaled - np.floor(scaled)) * (2 * TILE_PX)
    return px


class Fractal:
    """Noise summed over octaves, each half as large and half as strong; one random field an instance."""

    def __init__(self, rng: np.random.Generator, size: float, octaves: int = 5, gain: float = 0.5):
        """size: extent of the largest features, in the unit of the coordinates asked for."""
        self.size, self.octaves, self.gain = size, octaves, gain
        self.shifts = rng.uniform(0, 128, (octaves, 2))

    def __call__(self, x: np.ndarray, y: np.ndarray, ridged: bool = False) -> np.ndarray:
        """Values in about [0, 1]; ridged: sharp crests, as eroded mountains have."""
        total, weight, strength, frequency = 0.0, 0.0, 1.0, 1 / self.size
        for dx, dy in self.shifts:
            value = noise(x * frequency + dx, y * frequency + dy)
            if ridged:
                value = (1 - np.abs(2 * value - 1)) ** 2
            total, weight = total + strength * value, weight + strength
            strength, frequency = strength * self.gain, frequency * 2.03
        return total / weight
