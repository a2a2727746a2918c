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
from gen3d.geometry.edges import JUMP, depth_from_inverse, inverse_depth
from gen3d.geometry.together import in_bands

STEP = 0.015
"""Standard deviation in log depth of the bilateral filter: relative steps of about this size are taken for noise and
quantisation, not for shape. Chosen by eye, on depth maps of 8 bits and of indoor sensors."""
WINDOW_PX, WINDOW_SIGMA_PX = 9, 3.0
"""Diameter of its window, and its standard deviation in space. Chosen by eye."""
SKY_MARGIN = 10
"""The filter sees the sky this many times as far as the farthest surface, so that it mixes with none. Chosen by eye."""
HEIGHT = 1.5
"""A ramp is an edge when it is this many times as high as `edges.JUMP`. Chosen by eye."""
LEVEL = 0.2
"""A ramp ends where a pixel's rise is at most this share of the steepest before it. Measured: of .15 to .5, what left
the fewest wrong pixels on eight path-traced places whose edges were blurred by 1 and 2 px."""
BELL = 1.4
"""The steepest pixel of a ramp rises by this many times the mean. By definition: a blur rises like a bell, 1.6 to 1.9
times, a narrow face that is seen from the side evenly, but for its two mixed pixels."""
SHARP = 0.5
"""An edge is sharp when one step between neighbours makes up this share of its height. By definition: with a single
mixed pixel between the two surfaces it is half, and a blur of 1 px leaves .38."""
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

    From each pixel one walks up and down the slope of inverse depth, at most 2 radius_px + 1 pixels each way, until it
    levels off. Where it does so on both sides the pixel is on a ramp between two surfaces, and gets the depth of one of
    them: the pixels around vote, weighted by likeness of colour and nearness, for the near or the far one. A slanted
    plane never levels off, and a step of one pixel is no ramp.
    """
    inverse = inverse_depth(depth)
    dy, dx = (cv2.Sobel(inverse, cv2.CV_32F, x, 1 - x, ksize=3) / 8 for x in (0, 1))
    ramp, top, bottom = np.zeros(depth.shape, bool), inverse.copy(), inverse.copy()
    in_bands(len(depth), _find_ramps, inverse, dy, dx, _steps(inverse), 2 * radius_px + 1, ramp, top, bottom)
    if not ramp.any():
        return depth
    sharp = np.where(inverse > 0.5 * (top + bottom), top, bottom)
    for _ in range(VOTES):
        before, sharp = sharp, sharp.copy()
        in_bands(len(depth), _vote, before, image, ramp, top, bottom, radius_px, sharp)
    return np.where(ramp, depth_from_inverse(sharp, sharp <= 0), depth)


def _steps(inverse: np.ndarray) -> np.ndarray:
    """The largest step from each pixel to one of its four neighbours."""
    steps = np.zeros_like(inverse)
    down, right = np.abs(np.diff(inverse, axis=0)), np.abs(np.diff(inverse, axis=1))
    for side, step in ((steps[1:], down), (steps[:-1], down), (steps[:, 1:], right), (steps[:, :-1], right)):
        np.maximum(side, step, out=side)
    return steps


@compiled
def _find_ramps(first, end, inverse, dy, dx, steps, reach, ramp, top, bottom):
    """Writes which pixels of the rows from `first` on are on a ramp, and the inverse depths at its two ends."""
    w = inverse.shape[1]
    height = HEIGHT * JUMP
    for y in range(first, end):
        for x in range(w):
            slope = np.sqrt(dy[y, x] ** 2 + dx[y, x] ** 2)
            if slope <= 0 or 2 * reach * slope < height * inverse[y, x]:
                continue
            v, u = dy[y, x] / slope, dx[y, x] / slope
            up, most_up, steep_up, n_up = _walked(inverse, steps, (y, x), (v, u), 1, reach)
            down, most_down, steep_down, n_down = _walked(inverse, steps, (y, x), (v, u), -1, reach)
            rise = up - down
            if n_up == 0 or n_down == 0 or rise <= height * up or max(most_up, most_down) >= SHARP * rise:
                continue
            if max(steep_up, steep_down) * (n_up + n_down) > BELL * rise:
                ramp[y, x], top[y, x], bottom[y, x] = True, up, down


@compiled
def _walked(inverse, steps, start, along, sign, reach):
    """(inverse depth where the slope levels off, largest step between neighbours, steepest rise of a pixel, pixels).

    The last is how many it took to level off, 0 where it does not.
    along: the direction that rises, of length 1; sign: 1 to walk up, -1 down.
    """
    h, w = inverse.shape
    before, largest, steepest = inverse[start], steps[start], 0.0
    for k in range(1, reach + 1):
        y, x = start[0] + sign * k * along[0], start[1] + sign * k * along[1]
        if not (0 <= y <= h - 1 and 0 <= x <= w - 1):
            break
        here = _between(inverse, y, x)
        rise = sign * (here - before)
        if rise <= LEVEL * steepest or rise <= 0:
            return here if rise > 0 else before, largest, steepest, k
        steepest, before = max(steepest, rise), here
        largest = max(largest, steps[round(y), round(x)])
    return before, largest, steepest, 0


@compiled
def _between(a, y, x):
    """The value of a picture between its pixels, linearly."""
    i, j = min(int(y), a.shape[0] - 2), min(int(x), a.shape[1] - 2)
    s, t = y - i, x - j
    return (1 - s) * ((1 - t) * a[i, j] + t * a[i, j + 1]) + s * ((1 - t) * a[i + 1, j] + t * a[i + 1, j + 1])


@compiled
def _vote(first, end, inverse, image, ramp, top, bottom, radius, out):
    """Puts each pixel of a ramp, in these rows, at that of its ends, above or below its middle, that has more votes."""
    h, w = inverse.shape
    space = -0.5 / (SPACE_SIGMA * radius) ** 2
    colour = -0.5 / COLOUR_SIGMA**2
    for y in range(first, end):
        for x in range(w):
            if not ramp[y, x]:
                continue
            middle = 0.5 * (top[y, x] + bottom[y, x])
            votes = 0.0
            for v in range(max(0, y - radius), min(h, y + radius + 1)):
                for u in range(max(0, x - radius), min(w, x + radius + 1)):
                    d = (
                        (image[v, u, 0] - image[y, x, 0]) ** 2
                        + (image[v, u, 1] - image[y, x, 1]) ** 2
                        + (image[v, u, 2] - image[y, x, 2]) ** 2
                    )
                    weight = np.exp(space * ((v - y) ** 2 + (u - x) ** 2)) * (np.exp(colour * d) + LEAST_LIKENESS)
                    votes += weight if inverse[v, u] > middle else -weight
            out[y, x] = top[y, x] if votes > 0 else bottom[y, x]
