"""Which colours a region has, in words: the "[dominant colors]" of the paper's background prompt (3.1).

Pixels are clustered by k-means in CIELAB, where distance is roughly how different colours look. There are more clusters
than colours are asked for, and clusters of one name are one colour, so that a shaded wall counts once and whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy.cluster.vq import kmeans, vq

CHROMATIC = (
    ("red", (200, 40, 40)),
    ("dark red", (110, 25, 30)),
    ("orange", (235, 130, 40)),
    ("brown", (115, 75, 45)),
    ("beige", (222, 200, 165)),
    ("yellow", (240, 215, 70)),
    ("olive", (120, 120, 60)),
    ("green", (55, 145, 65)),
    ("dark green", (35, 70, 40)),
    ("light green", (155, 205, 135)),
    ("turquoise", (65, 180, 175)),
    ("teal", (20, 95, 105)),
    ("light blue", (150, 200, 235)),
    ("blue", (50, 100, 195)),
    ("blue", (10, 20, 240)),
    ("navy blue", (30, 40, 95)),
    ("navy blue", (5, 5, 125)),
    ("purple", (115, 60, 150)),
    ("lavender", (185, 165, 215)),
    ("pink", (240, 160, 185)),
    ("magenta", (205, 50, 140)),
    ("magenta", (250, 10, 250)),
)
"""Typical sRGB colours (0 to 255) of each name; vivid ones stand far from the rest in CIELAB and have rows of their
own. Chosen by eye."""
NEUTRAL = ((20.0, "black"), (42.0, "dark gray"), (68.0, "gray"), (90.0, "light gray"), (np.inf, "white"))
"""Colours without chroma, by the lightness L* they stay below. Chosen by eye."""
LEAST_CHROMA = 12.0
"""Below this C* a colour is neutral. Chosen by eye."""
DARK = 9.0
"""Below this L* every colour is black, since hues are hardly told apart in the dark. Chosen by eye."""
CLUSTERS = 8
"""Of k-means: more than colours are asked for. Chosen by eye."""
LARGEST_SAMPLE = 20_000
"""Pixels that k-means is given, at most. Chosen by eye."""
LEAST_SHARE = 0.04
"""A colour of fewer pixels does not dominate. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Dominant:
    """The colours of a region, the most frequent first; empty for an empty region."""

    names: tuple[str, ...]
    rgb: Float[np.ndarray, "k 3"]
    """sRGB in [0, 1], the mean (in CIELAB) of the pixels of that name."""
    shares: Float[np.ndarray, "k"]
    """Of the region's pixels; they sum to 1, or to less where rare colours are left out."""


def dominant_colours(
    image: Float[np.ndarray, "h w 3"], region: Bool[np.ndarray, "h w"], k: int = 3, seed: int = 0
) -> Dominant:
    """At most `k` colours of the region's pixels (sRGB in [0, 1]), no two of one name."""
    pixels, rng = image[region], np.random.default_rng(seed)
    if not len(pixels):
        return Dominant((), np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
    if len(pixels) > LARGEST_SAMPLE:
        pixels = pixels[rng.choice(len(pixels), LARGEST_SAMPLE, replace=False)]
    lab = _lab(pixels)
    centres, _ = kmeans(lab, _spread(lab, rng))
    of_centre, _ = vq(lab, centres)
    names = np.array([colour_name(rgb) for rgb in _rgb(centres)])[of_centre]
    found, counts = np.unique(names, return_counts=True)
    shares = counts / len(names)
    order = [i for i in np.argsort(-shares, kind="stable")[:k] if i == shares.argmax() or shares[i] >= LEAST_SHARE]
    means = np.stack([lab[names == found[i]].mean(axis=0) for i in order])
    return Dominant(tuple(str(found[i]) for i in order), _rgb(means), shares[order].astype(np.float32))


def colour_name(rgb: Float[np.ndarray, "3"]) -> str:
    """What people call an sRGB colour (in [0, 1]): a neutral by its lightness, else the nearest of the table."""
    lightness, a, b = _lab(rgb[None])[0]
    if lightness < DARK or np.hypot(a, b) < LEAST_CHROMA:
        return next(name for below, name in NEUTRAL if lightness < below)
    table = _lab(np.array([typical for _, typical in CHROMATIC]) / 255)
    return CHROMATIC[np.linalg.norm(table - (lightness, a, b), axis=1).argmin()][0]


def _spread(lab: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where k-means starts: pixels far apart (k-means++, Arthur and Vassilvitskii 2007), fewer if all are alike."""
    start = [lab[rng.integers(len(lab))]]
    distance = np.full(len(lab), np.inf)
    while len(start) < CLUSTERS:
        distance = np.minimum(distance, ((lab - start[-1]) ** 2).sum(axis=1))
        if distance.max() < 1e-6:
            break
        start.append(lab[rng.choice(len(lab), p=distance / distance.sum())])
    return np.stack(start)


def _lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65; L* in 0..100) of sRGB colours, n x 3."""
    return cv2.cvtColor(rgb.astype(np.float32)[None], cv2.COLOR_RGB2Lab)[0].astype(np.float64)


def _rgb(lab: np.ndarray) -> np.ndarray:
    """The inverse, held to [0, 1]."""
    return cv2.cvtColor(lab.astype(np.float32)[None], cv2.COLOR_Lab2RGB)[0].clip(0, 1)
