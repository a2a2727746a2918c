"""Depth maps made fit for lifting: small steps smoothed along surfaces, soft edges made sharp.

Two errors of depth maps show at once from the side. Measured depth is quantised, and each step opens a crack between
the points on its two sides. Estimated depth runs smoothly from one surface to the next, and the points of that ramp
hang between the two like a curtain.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import JUMP, depth_from_inverse, disc, inverse_depth

STEP = 0.015
"""Standard deviation in log depth of the bilateral filter: relative steps of about this size are taken for noise and
quantisation, not for shape. Chosen by eye, on depth maps of 8 bits and of indoor sensors."""
WINDOW_PX, WINDOW_SIGMA_PX = 9, 3.0
"""Diameter of its window, and its standard deviation in space. Chosen by eye."""
SKY_MARGIN = 10
"""The filter sees the sky this many times as far as the farthest surface, so that it mixes with none. Chosen by eye."""
HEIGHT = 1.5
"""A ramp is an edge when it is this many times as high as `edges.JUMP`. Chosen by eye."""
LEVELS_OFF = 1.5
"""It ends when twice as far around it spans less than this many times its height; a plane goes on to 2. Chosen by
eye."""
SHARP = 0.7
"""An edge is sharp when one 3x3 neighbourhood spans this share of its height. Chosen by eye."""
COLOUR_SIGMA = 0.08
"""Pixels whose colours differ by this much (sRGB, root of summed squares) hardly vote for each other. Chosen by
eye."""
SPACE_SIGMA = 0.5
"""Standard deviation of a vote's weight in space, as a share of the vote's radius. Chosen by eye."""
LEAST_LIKENESS = 0.02
"""Weight of a pixel of an altogether different colour, so that a pixel of a colour of its own follows its place alone.
Chosen by eye."""
VOTES = 2
"""The first vote moves an edge that lies beside the colour edge part of the way, the second the rest. Chosen by
eye."""
RAMP_WEIGHT = 0.02
"""Pixels on the ramp vote in full on the side, but count this little in its mean depth: their own depth lies between
the two sides. Chosen by eye."""


def smooth_within(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The same depth without its small steps: smoothed along surfaces, never across an edge; sky stays sky.

    A bilateral filter on log depth averages what differs by about STEP and leaves jumps alone.
    """
    solid = np.isfinite(depth)
    if not solid.any():
        return depth
    log = np.log(np.where(solid, depth, SKY_MARGIN * depth[solid].max())).astype(np.float32)
    smooth = cv2.bilateralFilter(log, d=WINDOW_PX, sigmaColor=STEP, sigmaSpace=WINDOW_SIGMA_PX)
    return np.where(solid, np.exp(smooth), depth).astype(np.float32)


def sharpen_edges(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], radius_px: int
) -> Float[np.ndarray, "h w"]:
    """The same depth with its soft edges made steps that follow the picture's colour edges.

    Inside ramps of up to about 2 radius_px each pixel takes the local maximum or minimum of inverse depth, whichever is
    nearer, repeatedly (a toggle mapping, Kramer & Bruckner 1975). Then the pixels around vote, weighted by likeness of
    colour and nearness, for the near or the far side. A slanted plane is told from a ramp in a window twice as large,
    where a plane spans twice as much and a ramp does not.
    """
    inverse = inverse_depth(depth)
    soft = _soft_edges(inverse, radius_px)
    if not soft.any():
        return depth
    sharp = _toggled(inverse, soft, rounds=2 * radius_px)
    high, low = cv2.dilate(sharp, disc(radius_px)), cv2.erode(sharp, disc(radius_px))
    for _ in range(VOTES):
        _vote(sharp.copy(), image, soft, 0.5 * (high + low), radius_px, sharp)
    return depth_from_inverse(sharp, sharp <= 0)


def _soft_edges(inverse: np.ndarray, radius: int) -> np.ndarray:
    """Pixels on a ramp between two flatter surfaces: the range within `radius` is large and hardly grows beyond it.

    Where one step between neighbours makes up most of the range, the edge is sharp already.
    """
    margin = min(2 * radius, min(inverse.shape) - 1)
    # beyond the frame planes go on, so that they are not taken for ramps which end there
    inverse = np.pad(inverse, margin, mode="reflect", reflect_type="odd")
    near = _range(inverse, radius)
    far = _range(inverse, 2 * radius)
    nearest = cv2.dilate(inverse, disc(radius))
    step = cv2.dilate(_range(inverse, 1), disc(radius))
    soft = (near > HEIGHT * JUMP * nearest) & (far < LEVELS_OFF * near) & (step < SHARP * near)
    return soft[margin:-margin, margin:-margin] if margin else soft


def _range(a: np.ndarray, radius: int) -> np.ndarray:
    return cv2.dilate(a, disc(radius)) - cv2.erode(a, disc(radius))


def _toggled(inverse: np.ndarray, soft: np.ndarray, rounds: int) -> np.ndarray:
    kernel = np.ones((3, 3), np.uint8)
    sharp = inverse
    for _ in range(rounds):
        high, low = cv2.dilate(sharp, kernel), cv2.erode(sharp, kernel)
        nearer = np.where(high - sharp < sharp - low, high, low)
        sharp = np.where(soft & (high - sharp != sharp - low), nearer, sharp)
    return sharp


@compiled
def _vote(inverse, image, soft, middle, radius, out):
    """Writes to `out`, where soft, the mean inverse depth of the side (above or below `middle`) with more votes."""
    h, w = inverse.shape
    space = -0.5 / (SPACE_SIGMA * radius) ** 2
    colour = -0.5 / COLOUR_SIGMA**2
    for y in range(h):
        for x in range(w):
            if not soft[y, x]:
                continue
            votes = np.zeros(2)
            sure = np.zeros(2)
            total = np.zeros(2)
            for v in range(max(0, y - radius), min(h, y + radius + 1)):
                for u in range(max(0, x - radius), min(w, x + radius + 1)):
                    d = (
                        (image[v, u, 0] - image[y, x, 0]) ** 2
                        + (image[v, u, 1] - image[y, x, 1]) ** 2
                        + (image[v, u, 2] - image[y, x, 2]) ** 2
                    )
                    weight = np.exp(space * ((v - y) ** 2 + (u - x) ** 2)) * (np.exp(colour * d) + LEAST_LIKENESS)
                    side = 1 if inverse[v, u] > middle[y, x] else 0
                    votes[side] += weight
                    if soft[v, u]:
                        weight *= RAMP_WEIGHT
                    sure[side] += weight
                    total[side] += weight * inverse[v, u]
            winner = 1 if votes[1] > votes[0] else 0
            out[y, x] = total[winner] / sure[winner]
