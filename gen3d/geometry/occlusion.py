"""The far surface of every depth edge, continued under the near one.

A small side step uncovers a strip along every depth edge, also where one foreground thing stands behind another. Two
layers do not hold that strip, since one background lies behind all of the foreground. So each pixel on a near surface
finds the nearest edge of its surface and takes over what lies across it: the plane of the far surface, and its texture,
mirrored at the edge.

Works on inverse depth, where planes are linear in pixel coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import TEAR, depth_from_inverse, inverse_depth, near_rim
from gen3d.geometry.together import in_bands, together

BEHIND = 1.02
"""The continued surface lies at least this factor behind what hides it. Chosen by eye."""
ACROSS_PX = 2
"""The far side begins within this distance of the near rim: rims are soft. Chosen by eye."""
SAME_SURFACE = 0.03
"""Relative step of inverse depth up to which neighbours belong to one surface. Chosen by eye."""
STEEP = 0.1
"""The same over several pixels: the ground recedes from a thing that stands on it. Chosen by eye."""
NEXT_PX, WIDE = 3, 0.25
"""What is continued over a distance d follows the far surface over a radius of NEXT_PX + WIDE d at the edge. Chosen
by eye."""
FULL_STEP = 1 / 3
"""Edges with a smaller relative step of inverse depth are continued less far in proportion: they uncover less. Chosen
by eye."""
FLAT = 0.3
"""Continued surfaces approach or recede by this much at the most, relatively: slopes at edges are uncertain. Chosen
by eye."""
DETAIL, DETAIL_PX = 0.7, 3
"""Share of the mirrored detail that is kept, since it is plausible and not true; detail is what differs from the mean
over this radius. Chosen by eye."""
BLEND, BLEND_WAYS = 1.0, 12
"""Mean colours are averaged around each pixel at its distance to the edge times the first, in so many directions.
Chosen by eye."""
AT_A_TIME = 8192
"""Pixels that a core continues at a time. Changes nothing else. Chosen by eye."""
SWEEPS = 8
"""Sweeps in which distances are handed on, two in each diagonal direction. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Continuation:
    """A surface under the picture's own; meaningful where `known`."""

    known: Bool[np.ndarray, "h w"]
    depth: Float[np.ndarray, "h w"]
    """Metres, inf = sky; the picture's own where not known."""
    image: Float[np.ndarray, "h w 3"]


def continue_behind_edges(
    image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"], reach_px: float
) -> Continuation:
    """The far side of every depth edge continued under the near side, over at most `reach_px`.

    depth: metres, inf = sky, no NaN.
    """
    inverse = inverse_depth(depth)
    rim = near_rim(depth, jump=TEAR)
    far = _far_sides(inverse, rim, TEAR)
    nearest, distance = _spread(inverse, far, float(reach_px))
    picture = np.ascontiguousarray(image, np.float32)
    known, found, mean, detail = _continued(inverse, picture, rim, far, nearest, distance)
    colour = _blended(mean, found, known, distance) + DETAIL * detail
    sky = known & (found <= 0)
    continued = np.where(known, depth_from_inverse(found, sky), depth).astype(np.float32)
    return Continuation(known, continued, np.where(known[..., None], np.clip(colour, 0, 1), image).astype(np.float32))


@compiled
def _far_sides(inverse, rim, step):
    """For every rim pixel the place (row * w + column) of the nearest pixel across the edge; -1 elsewhere."""
    h, w = inverse.shape
    far = np.full((h, w), -1, np.int64)
    for y in range(h):
        for x in range(w):
            if not rim[y, x]:
                continue
            closest = 1 << 30
            for v in range(max(0, y - ACROSS_PX), min(h, y + ACROSS_PX + 1)):
                for u in range(max(0, x - ACROSS_PX), min(w, x + ACROSS_PX + 1)):
                    steps = (v - y) * (v - y) + (u - x) * (u - x)
                    if steps < closest and not rim[v, u] and inverse[v, u] < (1 - step) * inverse[y, x]:
                        far[y, x], closest = v * w + u, steps
    return far


@compiled
def _spread(inverse, far, reach):
    """For every pixel the rim pixel of its own surface that is nearest, and how far it is; -1 where none is in reach.

    Distances are handed from neighbour to neighbour, never across a step in depth, in sweeps of alternating direction.
    """
    h, w = inverse.shape
    nearest = np.full((h, w), -1, np.int64)
    distance = np.full((h, w), np.float32(1e9), np.float32)
    for y in range(h):
        for x in range(w):
            if far[y, x] >= 0:
                nearest[y, x], distance[y, x] = y * w + x, 0
    for sweep in range(SWEEPS):
        for i in range(h):
            y = i if sweep % 4 < 2 else h - 1 - i
            for j in range(w):
                x = j if sweep % 2 == 0 else w - 1 - j
                for v in range(max(0, y - 1), min(h, y + 2)):
                    for u in range(max(0, x - 1), min(w, x + 2)):
                        place = nearest[v, u]
                        if place < 0 or place == nearest[y, x] or not _joined(inverse[v, u], inverse[y, x]):
                            continue
                        rim_y, rim_x = place // w, place % w
                        step = 1 - inverse.flat[far[rim_y, rim_x]] / inverse[rim_y, rim_x]
                        d = np.sqrt(np.float32((y - rim_y) ** 2 + (x - rim_x) ** 2))
                        if d < distance[y, x] and d <= reach * min(1.0, step / FULL_STEP):
                            nearest[y, x], distance[y, x] = place, d
    return nearest, distance


@compiled
def _joined(a, b):
    return abs(a - b) <= SAME_SURFACE * max(a, b)


@compiled
def _belongs(inverse, rim, q, p, v, u):
    """Whether (v, u) is of the surface at (q, p): no rim, hardly nearer, and farther only as steep ground may be."""
    h, w = inverse.shape
    if not (0 <= v < h and 0 <= u < w) or rim[v, u]:
        return False
    here, change = inverse[q, p], inverse[v, u] - inverse[q, p]
    farther = min(SAME_SURFACE * (1 + max(abs(v - q), abs(u - p))), STEEP)
    return -farther * here <= change <= SAME_SURFACE * here


def _continued(inverse, image, rim, far, nearest, distance):
    """Where there is something to continue, its inverse depth, its mean colour, and how it differs from that."""
    v, u = np.nonzero(nearest >= 0)
    place, radius = far.flat[nearest[v, u]], NEXT_PX + (WIDE * distance[v, u]).astype(np.int64)
    order = np.lexsort((radius, place))  # what goes on from one surface side by side, so that it is measured once
    found = _Found.of(inverse.shape)
    parts = (order[i : i + AT_A_TIME] for i in range(0, len(order), AT_A_TIME))
    together([
        partial(_continue, inverse, image, rim, place[part], radius[part], v[part], u[part], *found) for part in parts
    ])  # fmt: skip
    return found


class _Found(NamedTuple):
    """What `_continue` fills in."""

    known: np.ndarray
    inverse: np.ndarray
    mean: np.ndarray
    detail: np.ndarray

    @classmethod
    def of(cls, shape: tuple[int, int]) -> _Found:
        """Nothing yet."""
        return cls(np.zeros(shape, bool), *(np.zeros((*shape, *more), np.float32) for more in ((), (3,), (3,))))


@compiled
def _continue(inverse, image, rim, place, radius, rows, columns, known, found, means, details):
    """The pixels (rows, columns), each from the surface at its place; those of one surface follow each other."""
    w, at, reach = inverse.shape[1], -1, -1
    surface, colour = (0.0, 0.0, 0.0, 0.0, 0.0), np.zeros(3, np.float32)
    for i in range(len(rows)):
        y, x = rows[i], columns[i]
        q, p = place[i] // w, place[i] % w
        if place[i] != at or radius[i] != reach:
            at, reach = place[i], radius[i]
            surface = _surface_at(inverse, image, rim, q, p, reach, colour)
        depth = _on(surface, inverse[q, p], y, x)
        if depth * BEHIND > inverse[y, x]:
            continue
        known[y, x], found[y, x] = True, depth
        means[y, x] = colour
        details[y, x] = _detail(inverse, image, rim, q, p, 2 * q - y, 2 * p - x)


def _blended(mean: np.ndarray, found: np.ndarray, known: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The mean colour averaged over the same hidden surface, the wider the farther from the edge.

    What several edges say of a surface is more likely than what the nearest alone says; and where those that are
    nearest change, no seam is left.
    """
    angles = np.arange(BLEND_WAYS) * 2 * np.pi / BLEND_WAYS
    blended, ways = np.zeros_like(mean), (np.sin(angles), np.cos(angles))
    in_bands(len(known), _blend, mean, found, known, distance, *ways, blended)
    return blended


@compiled
def _blend(first, end, mean, found, known, distance, down, right, blended):
    """The rows from `first` to before `end`; down, right: the ways to look, of length 1."""
    h, w = known.shape
    total, alike = np.zeros(3, np.float32), np.float32(SAME_SURFACE)
    for y in range(first, end):
        for x in range(w):
            if not known[y, x]:
                continue
            total[:] = mean[y, x]
            here, radius, count = found[y, x], np.float32(BLEND) * distance[y, x], np.float32(1)
            for k in range(len(down)):
                v = min(max(int(np.rint(y + radius * down[k])), 0), h - 1)
                u = min(max(int(np.rint(x + radius * right[k])), 0), w - 1)
                if known[v, u] and abs(found[v, u] - here) <= alike * here:
                    total += mean[v, u]
                    count += np.float32(1)
            blended[y, x] = total / count


@compiled
def _surface_at(inverse, image, rim, q, p, radius, colour):
    """The plane of the surface around (q, p): inverse depth, its slopes, and the middle; `colour` becomes its mean."""
    h, w = inverse.shape
    colour[:] = 0
    depth, row, column, n = 0.0, 0.0, 0.0, 0
    right, down, across, along = 0.0, 0.0, 0, 0
    for v in range(max(0, q - radius), min(h, q + radius + 1)):
        for u in range(max(0, p - radius), min(w, p + radius + 1)):
            if not _belongs(inverse, rim, q, p, v, u):
                continue
            depth, row, column, n = depth + inverse[v, u], row + v, column + u, n + 1
            colour += image[v, u]
            if _belongs(inverse, rim, q, p, v, u + 1):
                right, across = right + inverse[v, u + 1] - inverse[v, u], across + 1
            if _belongs(inverse, rim, q, p, v + 1, u):
                down, along = down + inverse[v + 1, u] - inverse[v, u], along + 1
    colour /= np.float32(n)
    return depth / n, right / max(across, 1), down / max(along, 1), row / n, column / n


@compiled
def _on(surface, here, y, x):
    """Inverse depth of a surface, continued to (y, x); `here` it is where it is continued from."""
    depth, right, down, row, column = surface
    depth = depth + right * (x - column) + down * (y - row)
    return min(max(depth, (1 - FLAT) * here), (1 + FLAT) * here)


@compiled
def _detail(inverse, image, rim, q, p, v, u):
    """How the pixel (v, u) differs from its surroundings on the surface of (q, p); nothing if it is not part of it."""
    h, w = inverse.shape
    detail = np.zeros(3, np.float32)
    if not _belongs(inverse, rim, q, p, v, u):
        return detail
    n = 0
    for j in range(max(0, v - DETAIL_PX), min(h, v + DETAIL_PX + 1)):
        for i in range(max(0, u - DETAIL_PX), min(w, u + DETAIL_PX + 1)):
            if _belongs(inverse, rim, q, p, j, i):
                detail -= image[j, i]
                n += 1
    return image[v, u] + detail / np.float32(n)
