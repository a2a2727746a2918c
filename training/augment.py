"""What is done to a picture each time it is learnt from: another cut, another exposure, another camera's faults."""

from __future__ import annotations

import cv2
import numpy as np


def crop_window(rng: np.random.Generator, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a cut of the same shape, from three fifths of a side to all of it."""
    if rng.random() < 0.4:
        return slice(0, height), slice(0, width)
    share = rng.uniform(0.6, 1.0)
    h, w = round(height * share), round(width * share)
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    return slice(int(top), int(top) + h), slice(int(left), int(left) + w)


def photographed(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Light, colour, sharpness, noise and storage changed a little; picture: (h, w, 3) float32 in [0, 1]."""
    picture = _light(rng, picture)
    if rng.random() < 0.06:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
    if rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.1))
    elif rng.random() < 0.06:
        picture = cv2.bilateralFilter(picture.astype(np.float32), 5, 0.15, 3)
    if rng.random() < 0.25:
        picture = picture + rng.standard_normal(picture.shape, np.float32) * rng.uniform(0.005, 0.03)
    picture = np.clip(picture, 0, 1)
    return _stored(rng, picture) if rng.random() < 0.15 else picture.astype(np.float32)


def _light(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    gain, power = np.exp(rng.normal(0, 0.12)), np.exp(rng.normal(0, 0.15))
    picture = np.clip(picture * gain, 0, 1) ** np.float32(power)
    grey = picture.mean(2, keepdims=True)
    picture = grey + (picture - grey) * rng.uniform(0.7, 1.25)
    middle = picture.mean()
    picture = middle + (picture - middle) * rng.uniform(0.8, 1.2)
    return np.clip(picture * (1 + 0.025 * rng.standard_normal(3)), 0, 1).astype(np.float32)


def _stored(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(30, 85))]
    code = cv2.imencode(".jpg", (picture * 255 + 0.5).astype(np.uint8), quality)[1]
    return cv2.imdecode(code, cv2.IMREAD_COLOR).astype(np.float32) / 255
