"""Depth maps made fit for lifting: small steps smoothed along surfaces, soft edges made sharp.

Real depth is wrong in two ways that show at once from the side: measured depth comes in steps, and each step opens a
crack; estimated depth runs smoothly from one surface to the next, and lifted that ramp is a curtain.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import JUMP, depth_from_inverse, disc, inverse_depth

STEP = 0.015
"""Relative depth steps of about this size are noise of the sensor, not shape."""
SHARP = 0.7
"""An edge is sharp when one 3x3 neighbourhood spans this share of its height."""
COLOUR_SIGMA = 0.08
"""Pixels whose colours differ by this much (sRGB, root of summed squares) hardly vote for each other."""
VOTES = 2
"""The first vote moves an edge that lies beside the colour edge part of the way, the second the rest."""
RAMP_WEIGHT = 0.02
"""Pixels on the ramp vote in full on the side, but count so little in its depth: theirs was on the way to the other."""


def smooth_within(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The same depth without its small steps: smoothed along surfaces, never across an edge; sky stays sky.

    A bilateral filter on log depth averages what differs by about STEP and leaves jumps alone.
    """
    solid = np.isfinite(depth)
    if not solid.any():
        return depth
    log = np.log(np.where(solid, depth, 10 * depth[solid].max())).astype(np.float32)
    smooth = cv2.bilateralFilter(log, d=9, sigmaColor=STEP, sigmaSpace=3.0)
    return np.where(solid, np.exp(smooth), depth).astype(np.float32)


def sharpen_edges(
    depth: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w 3"], radius_px: int
) -> Float[np.ndarray, "h w"]:
    """The same depth with its soft edges made steps that follow the picture's colour edges.

    Inside ramps of up to about 2 radius_px each pixel takes the value of the local maximum or minimum of inverse
    depth, whichever is nearer, again and again (a toggle mapping, Kramer & Bruckner 1975). Then it is put to the
    vote: the pixels around, weighted by likeness of colour and nearness, decide between the near and the far side.
    Slanted planes are told from ramps by looking further: a plane goes on, a ramp does not.
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
    soft = (near > 1.5 * JUMP * nearest) & (far < 1.5 * near) & (step < SHARP * near)
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
    space = -0.5 / (0.5 * radius) ** 2
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
                    # the floor lets a pixel of a colour of its own follow its place alone
                    weight = np.exp(space * ((v - y) ** 2 + (u - x) ** 2)) * (np.exp(colour * d) + 0.02)
                    side = 1 if inverse[v, u] > middle[y, x] else 0
                    votes[side] += weight
                    if soft[v, u]:
                        weight *= RAMP_WEIGHT
                    sure[side] += weight
                    total[side] += weight * inverse[v, u]
            winner = 1 if votes[1] > votes[0] else 0
            out[y, x] = total[winner] / sure[winner]
