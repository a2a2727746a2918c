"""How sure a candidate's outline is: what share of it lies on a step of depth or colour.

An outline is made of cracks, each between two pixels. What lies across every crack of the picture is reckoned once, so
that any mask can be judged by reading along its own.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from gen3d.geometry.compiled import compiled
from gen3d.geometry.membrane import around

STEP = 0.08
"""Relative change of depth across an outline that counts as a full step. Chosen by eye."""
COLOUR_STEP = 14.0
"""Change of colour (CIELAB units) across an outline that counts as a full edge. Chosen by eye."""
COLOUR_TRUST, FLAT_TRUST = 0.8, 0.25
"""Worth of a full colour edge without a depth step where the surface has a crease, and the share of that which is left
where it has none. Chosen by eye."""
BEND = 0.02
"""Relative second difference of inverse depth over SPAN that counts as a crease. Chosen by eye."""
SPAN = 0.016
"""Half width of soft depth edges and reach of the crease test, share of the shorter side. Chosen by eye."""
LEAST_OCCLUDING = 0.1
"""Share of the outline that must stand in front of something. Chosen by eye."""
FULL_SUPPORT, FULL_SCORE = 0.65, 0.9
"""A candidate with this share of its outline supported has this score. Chosen by eye."""


class Outlines:
    """What lies across every crack between two pixels of a picture.

    steps: for cracks to the right and for cracks down, how much farther what comes after is, 1 is a full step, -1 one
    to what is nearer. colours: what the change of colour there is worth, 1 is a full step of depth.
    """

    def __init__(self, lab: Float[np.ndarray, "h w 3"], near: Float[np.ndarray, "h w"]) -> None:
        (right, right_colour), (down, down_colour) = _across(lab, near), _across(lab.transpose(1, 0, 2), near.T)
        self.steps = right, np.ascontiguousarray(down.T)
        self.colours = right_colour, np.ascontiguousarray(down_colour.T)

    def score(self, candidate: Bool[np.ndarray, "h w"], whole: Bool[np.ndarray, "h w"] | None = None) -> float:
        """Share of the outline on a step of depth (the outside farther) or of colour, FULL_SCORE for FULL_SUPPORT.

        0 where next to nothing of the outline occludes. whole: judge only the stretch where the candidate borders on
        what lies outside `whole`.
        """
        steps, colour = self.along(candidate, candidate if whole is None else whole)
        occludes = np.count_nonzero(steps >= 1) > LEAST_OCCLUDING * steps.size
        return float(np.maximum(steps, colour).mean() / FULL_SUPPORT * FULL_SCORE) if occludes else 0.0

    def behind(self, parts: Int[np.ndarray, "h w"], count: int, window: tuple[slice, slice]) -> Bool[np.ndarray, "p"]:
        """Of which parts, numbered from 0 to `count` - 1, more of the outline is occluded than occludes.

        parts: those in a window of the picture, which holds what is around each but the 0th.
        """
        rows, columns = window
        occluding, occluded = _sides(parts, count, rows.start, columns.start, *self.steps)
        return occluded > occluding

    def along(
        self, inside: Bool[np.ndarray, "h w"], whole: Bool[np.ndarray, "h w"]
    ) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
        """The cracks from `inside` to beyond `whole`: steps of depth, 1 where the outside is farther, and of colour.

        To the right, to the left, down, up; the first two in order of rows, the others of columns.
        """
        rows, columns = around(inside, 0)
        ends = rows.start, rows.stop, columns.start, columns.stop
        return _along(inside, whole, *ends, *self.steps, *self.colours)


@compiled
def _along(inside, whole, top, bottom, left, last, right, down, right_colour, down_colour):
    h, w = inside.shape
    rightward, leftward = 0, 0
    downward, upward = np.zeros(w, np.int64), np.zeros(w, np.int64)
    for y in range(top, bottom):
        for x in range(left, last):
            if inside[y, x]:
                rightward += x + 1 < w and not whole[y, x + 1]
                leftward += x > 0 and not whole[y, x - 1]
                downward[x] += y + 1 < h and not whole[y + 1, x]
                upward[x] += y > 0 and not whole[y - 1, x]
    count = rightward + leftward + downward.sum() + upward.sum()
    r, e = 0, rightward  # where the next goes: of each direction, and of columns in each column
    d = rightward + leftward + np.cumsum(downward) - downward
    u = count - upward.sum() + np.cumsum(upward) - upward
    steps, colours = np.empty(count, np.float32), np.empty(count, np.float32)
    for y in range(top, bottom):
        for x in range(left, last):
            if not inside[y, x]:
                continue
            if x + 1 < w and not whole[y, x + 1]:
                steps[r], colours[r], r = right[y, x], right_colour[y, x], r + 1
            if x > 0 and not whole[y, x - 1]:
                steps[e], colours[e], e = -right[y, x - 1], right_colour[y, x - 1], e + 1
            if y + 1 < h and not whole[y + 1, x]:
                steps[d[x]], colours[d[x]] = down[y, x], down_colour[y, x]
                d[x] += 1
            if y > 0 and not whole[y - 1, x]:
                steps[u[x]], colours[u[x]] = -down[y - 1, x], down_colour[y - 1, x]
                u[x] += 1
    return steps, colours


@compiled
def _sides(parts, count, top, left, right, down):
    """How many cracks around each part are full steps to what is farther, and to what is nearer."""
    h, w = parts.shape
    occluding, occluded = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for y in range(h):
        for x in range(w):
            for v, u in ((y, x + 1), (y + 1, x)):
                if v < h and u < w and parts[v, u] != parts[y, x]:
                    step = right[top + y, left + x] if v == y else down[top + y, left + x]
                    nearer, farther = (y, x), (v, u)
                    if step <= -1:
                        nearer, farther = farther, nearer
                    if abs(step) >= 1:
                        occluding[parts[nearer]] += 1
                        occluded[parts[farther]] += 1
    return occluding, occluded


def _across(lab: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each crack between columns x and x+1: the step of depth, -1 to 1, and what the colour there is worth.

    The step is how much farther the right side is than the left, relative, negative where it is nearer; both sides
    are means of two pixels. A colour edge counts in full only where the surface bends too: a shadow or a pattern
    on a plane that runs on is no border of a thing, the foot of a thing on the ground is.
    """
    left, right = _pairs(near)
    step = (left - right) / np.maximum(np.maximum(left, right), 1e-6)
    colour_left, colour_right = _pairs(cv2.GaussianBlur(lab, (0, 0), 1.0))
    colour = np.linalg.norm(colour_left - colour_right, axis=2) / COLOUR_STEP
    bent = np.clip(_bend(near)[:, :-1] / BEND, FLAT_TRUST, 1)
    return np.clip(step / STEP, -1, 1), COLOUR_TRUST * np.minimum(colour, 1.0) * bent


def _bend(near: np.ndarray) -> np.ndarray:
    """Relative second difference along rows; inverse depth is linear on planes, so theirs is zero."""
    k = max(2, round(SPAN * min(near.shape)))
    smooth = np.pad(cv2.blur(near, (5, 5)), [(0, 0), (k, k)], mode="reflect", reflect_type="odd")
    here = smooth[:, k:-k]
    return np.abs(smooth[:, 2 * k :] - 2 * here + smooth[:, : -2 * k]) / np.maximum(here, 1e-6)


def _pairs(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pad = [(0, 0), (1, 1)] + [(0, 0)] * (picture.ndim - 2)
    p = np.pad(picture, pad, mode="edge")
    return (p[:, :-3] + p[:, 1:-2]) / 2, (p[:, 2:-1] + p[:, 3:]) / 2
