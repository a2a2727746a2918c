"""Two eyes for one camera: how far apart they are, and the cameras that are theirs.

On a screen, lens and frame of both eyes look the same way, and their frames are shifted so that what is at `screen_m`
falls on the same pixel of both (no keystone, as turned-in cameras have). Disparity is x of the left eye's picture minus
x of the right one's: focal length times distance apart times (1 / z - 1 / screen_m), above 0 in front of the screen.

How far apart: BSkyB's guidelines for stereoscopic programmes let things stand before the screen by at most 1 % of the
picture's width and behind it by 2 %. With the nearest at -1 % and what is endlessly far at 2 %, both follow. In a
headset, which shows angles as they are, eyes are as far apart as people's (63 mm on average: Dodgson, Variation and
extrema of human interpupillary distance, 2004), less where something is nearer than is pleasant to look at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gen3d.camera import Camera
from gen3d.geometry.trajectory import moved

BEFORE, BEHIND = 0.01, 0.02
"""The largest disparities before and behind the screen, as shares of the picture's width. From BSkyB's guidelines."""
PEOPLES_M = 0.063
"""From Dodgson 2004."""
NEAREST_M = 0.75
"""Nothing in a headset should seem nearer. Chosen by eye, as what headset makers advise: half a metre to one."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Where two eyes are."""

    apart_m: float
    screen_m: float
    """How far away is what falls on the same pixel of both; inf: their frames are not shifted."""


def for_a_screen(camera: Camera, nearest_m: float) -> Eyes:
    """As far apart as BEFORE and BEHIND allow, where nothing is nearer than `nearest_m`."""
    behind = BEHIND * camera.width / camera.K[0, 0]  # apart_m / screen_m
    before = BEFORE * camera.width / camera.K[0, 0]
    apart = (before + behind) * nearest_m
    return Eyes(apart, apart / behind)


def for_a_headset(nearest_m: float) -> Eyes:
    """People's, or so much less that the nearest seems to be NEAREST_M away."""
    return Eyes(PEOPLES_M * min(1.0, nearest_m / NEAREST_M), np.inf)


def pair(camera: Camera, eyes: Eyes) -> tuple[Camera, Camera]:
    """The cameras of the left and of the right eye."""
    return _eye(camera, eyes, -0.5), _eye(camera, eyes, 0.5)


def _eye(camera: Camera, eyes: Eyes, side: float) -> Camera:
    aside = camera.posed(camera.c2w @ moved(side * eyes.apart_m, 0.0, 0.0))
    return aside.shifted(side * float(camera.K[0, 0]) * eyes.apart_m / eyes.screen_m)
