"""Connected parts of a region of a picture, numbered from 1 in the order of their first pixels, row by row."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from gen3d.geometry.compiled import compiled

NOWHERE = np.zeros((0, 0), bool)
"""Of joints over corners: there are none."""


def components(region: Bool[np.ndarray, "h w"]) -> tuple[Int[np.ndarray, "h w"], Int[np.ndarray, "p"]]:
    """Which part each pixel is of, 0 outside of the region, and how many pixels each has; over edges, not corners."""
    return numbered(region, region, region, NOWHERE, NOWHERE)


@compiled
def numbered(region, right, down, falling, rising):
    """The same where not all neighbours in the region are joined.

    right, down: whether a pixel is joined to the one to its right, and below. falling, rising: over the corner in the
    middle of each four, from its upper left to its lower right, and from its lower left to its upper right.
    """
    h, w = region.shape
    corners = falling.size > 0
    label, parent, last = np.zeros((h, w), np.int32), np.zeros(region.size + 1, np.int32), 0
    for y in range(h):
        for x in range(w):
            if not region[y, x]:
                continue
            here = 0
            if x > 0 and region[y, x - 1] and right[y, x - 1]:
                here = label[y, x - 1]
            if y > 0 and region[y - 1, x] and down[y - 1, x]:
                here = _united(parent, here, label[y - 1, x])
            if corners and y > 0 and x > 0 and region[y - 1, x - 1] and falling[y - 1, x - 1]:
                here = _united(parent, here, label[y - 1, x - 1])
            if corners and y > 0 and x + 1 < w and region[y - 1, x + 1] and rising[y - 1, x]:
                here = _united(parent, here, label[y - 1, x + 1])
            if here == 0:
                last += 1
                parent[last] = here = last
            label[y, x] = here
    return label, _renumbered(label, parent, last)


@compiled
def _united(parent, a, b):
    """The number that two parts have as one; a is 0 where there is none yet."""
    if a == b or a == 0:
        return b
    a, b = _root(parent, a), _root(parent, b)
    low = min(a, b)
    parent[max(a, b)] = low
    return low


@compiled
def _root(parent, a):
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return a


@compiled
def _renumbered(label, parent, last):
    """Numbers the parts without gaps, and counts the pixels of each."""
    count = 0
    for a in range(1, last + 1):  # a parent comes before its children, so it has its new number already
        if parent[a] == a:
            count += 1
            parent[a] = count
        else:
            parent[a] = parent[parent[a]]
    areas = np.zeros(count + 1, np.int64)
    for y in range(label.shape[0]):
        for x in range(label.shape[1]):
            label[y, x] = parent[label[y, x]]
            areas[label[y, x]] += 1
    return areas
