"""The ground as a picture shows it: the plane that carries much of its lower half and has hardly a thing below it.

No camera is asked for: a plane is linear in inverse depth, also where that is known up to scale and shift only, as it
is of a lone photo. It is found by RANSAC (Fischler and Bolles 1981): of many planes through three pixels each the one
with the most pixels on it, less those under it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

OFF = 0.06
"""A pixel whose inverse depth differs by less than this share is on the plane. Chosen by eye: twice what the inverse
depth of networks is off on flat ground."""
LEAST = 0.06
"""Share of the picture that must lie on it. Chosen by eye."""
LOWER = 0.5
"""Planes are laid through pixels below this share of the height. Chosen by eye."""
MOST_ROLL = 0.3
"""Tangent of the largest roll of the camera that is thought of. Chosen by eye: 17 degrees."""
LEAST_RISE = 2.0
"""From the top of the picture to its bottom it comes this many times as near, at least; a wall does not. Chosen by
eye."""
TRIES, SAMPLE = 300, 3000
"""Planes that are tried, and pixels that judge them. From a quarter of the lower half being ground: then the chance
that no try is of ground alone is 1 %."""
ROUNDS = 3
"""Least-squares fits to the pixels on the plane. Chosen by eye."""


def ground_of(near: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"] | None:
    """Inverse depth of the ground at every pixel, not above 0 beyond its horizon; None where there is none.

    near: inverse depth of any scale, 0 = sky.
    """
    h, w = near.shape
    rng = np.random.default_rng(0)
    solid = np.flatnonzero(near > 0)
    if not solid.size:
        return None
    pixels = rng.choice(solid, SAMPLE)
    places = _places(pixels // w, pixels % w, h)
    said = near.ravel()[pixels]
    plane = _best(places, said, np.flatnonzero(pixels // w > LOWER * h), w / h, rng)
    if plane is None:
        return None
    for _ in range(ROUNDS):
        on = np.abs(places @ plane - said) < OFF * said
        plane = np.linalg.lstsq(places[on] / said[on, None], np.ones(on.sum()), rcond=None)[0]
    on = np.abs(places @ plane - said) < OFF * said
    if on.mean() * solid.size < LEAST * near.size:
        return None
    v, u = np.mgrid[:h, :w]
    return (_places(v.ravel(), u.ravel(), h) @ plane).reshape(h, w)


def on_ground(near: Float[np.ndarray, "h w"], ground: Float[np.ndarray, "h w"] | None) -> Bool[np.ndarray, "h w"]:
    """Which pixels lie on the ground; none where there is none. near, ground: what `ground_of` takes and gives."""
    return np.zeros(near.shape, bool) if ground is None else (np.abs(ground - near) < OFF * near)


def _places(v: np.ndarray, u: np.ndarray, h: int) -> Float[np.ndarray, "n 3"]:
    return np.stack([u / h, v / h, np.ones(len(u))], 1)


def _best(
    places: np.ndarray, said: np.ndarray, low: np.ndarray, aspect: float, rng: np.random.Generator
) -> np.ndarray | None:
    """The level plane with the most pixels on it less those under it."""
    if not low.size:
        return None
    through = np.array([rng.choice(low, 3) for _ in range(TRIES)])
    through = through[np.abs(np.linalg.det(places[through])) >= 1e-9]
    planes = np.linalg.solve(places[through], said[through][..., None])[..., 0]
    best, most = None, 0
    for plane in planes[_are_level(planes, aspect)]:
        under = (places @ plane - said) / said
        count = np.count_nonzero(np.abs(under) < OFF) - np.count_nonzero(under >= OFF)
        if count > most:
            best, most = plane, count
    return best


def _are_level(planes: Float[np.ndarray, "p 3"], aspect: float) -> Bool[np.ndarray, "p"]:
    """Which come nearer towards the bottom of the picture, hardly rolled; aspect: width / height."""
    across, down, corner = planes.T
    top = corner + across * aspect / 2
    return (np.abs(across) <= MOST_ROLL * down) & (top + down >= LEAST_RISE * np.maximum(top, 0)) & (down > 0)
