"""What a picture's depth says before anybody asks what is a thing: where the ground is, and what is connected."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from gen3d.geometry.components import numbered
from gen3d.geometry.edges import inverse_depth, torn
from gen3d.geometry.ground_view import ground_of, on_ground
from gen3d.geometry.together import together

CORNER_STEP = 0.02
"""Pixels that meet at a corner are connected when their inverse depths differ by less than this share. From `TEAR`."""


class Terrain(NamedTuple):
    """The ground of a picture, and which neighbours are connected in depth; found once, for all who ask."""

    inverse: Float[np.ndarray, "h w"]
    """1 / metres, 0 is sky."""
    ground: Float[np.ndarray, "h w"] | None
    """The inverse depth of the ground at every pixel; None where there is none."""
    joints: tuple[Bool[np.ndarray, "h w1"], Bool[np.ndarray, "h1 w"], Bool[np.ndarray, "h1 w1"],
                  Bool[np.ndarray, "h1 w1"]]  # fmt: skip
    """Which neighbours are connected: to the right, below, and over corners, falling and rising."""

    @classmethod
    def of(cls, depth: Float[np.ndarray, "h w"]) -> Terrain:
        """That of a picture's depth: metres, inf is sky, no NaN."""
        inverse = inverse_depth(depth)
        ground, torn_right, torn_down, falling, rising = together([
            partial(ground_of, inverse), partial(torn, depth, 1), partial(torn, depth, 0),
            partial(_alike, inverse[:-1, :-1], inverse[1:, 1:]), partial(_alike, inverse[1:, :-1], inverse[:-1, 1:]),
        ])  # fmt: skip
        return cls(inverse, ground, (~torn_right, ~torn_down, falling, rising))

    @property
    def solid(self) -> Bool[np.ndarray, "h w"]:
        """What is no sky."""
        return self.inverse > 0

    @property
    def on_ground(self) -> Bool[np.ndarray, "h w"]:
        """Which pixels lie on the ground."""
        return on_ground(self.inverse, self.ground)

    def connected(self, region: Bool[np.ndarray, "h w"]) -> tuple[Int[np.ndarray, "h w"], Int[np.ndarray, "p"]]:
        """The parts of a region that are connected in the picture and in depth.

        A number for each pixel, from 1, 0 outside of the region; and how many pixels have each number.
        """
        return numbered(region, *self.joints)


def _alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a - b) < CORNER_STEP * np.maximum(a, b)
