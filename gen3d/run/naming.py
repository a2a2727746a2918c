"""Names for things where somebody plays namer: what a picture of each shows; the others keep their number and place."""

from __future__ import annotations

from collections import Counter

import numpy as np
from jaxtyping import Float, Int

from gen3d.models.base import Namer
from gen3d.values import RGBD

AROUND = 0.15
"""A thing's picture goes so much beyond its box on every side, as a share of it. Chosen by eye."""
FADED = 0.6
"""What is not the thing is so much paler in it. Chosen by eye."""


def names_of_things(photo: RGBD, things: Int[np.ndarray, "h w"] | None, namer: Namer | None) -> dict[int, str]:
    """A name for each thing that the namer is sure of; the second chair is "chair 2". Empty without a namer."""
    if namer is None or things is None:
        return {}
    names, told = Counter(), {}
    for number in range(1, int(things.max()) + 1):
        if (things == number).any() and (name := namer.call(picture_of(photo.image, things == number))):
            names[name] += 1
            told[number] = name if names[name] == 1 else f"{name} {names[name]}"
    return told


def picture_of(image: Float[np.ndarray, "h w 3"], shown: np.ndarray) -> Float[np.ndarray, "h2 w2 3"]:
    """The square around a thing, as far as the photo holds it, what is around the thing faded to white."""
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    middle = np.array([rows[0] + rows[-1] + 1, columns[0] + columns[-1] + 1]) / 2
    half = (0.5 + AROUND) * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
    ends = (np.clip(np.round(middle + side * half), 0, shown.shape).astype(int) for side in (-1, 1))
    (top, left), (bottom, right) = ends
    faded = np.where(shown[..., None], image, (1 - FADED) * image + FADED).astype(np.float32)
    return faded[top:bottom, left:right]
