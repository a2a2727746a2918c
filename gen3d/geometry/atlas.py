"""Many small pictures as one: a texture atlas, packed on shelves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gen3d.values import Mesh

SMALLEST_WIDTH_PX, SLACK = 256, 1.1
"""The atlas is at least so wide, and this factor wider than a square without gaps would be. Chosen by eye."""


def pack(sizes: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Where pictures of these (width, height) go (left, top), and the (width, height) of the whole, about square.

    The tallest come first, row by row; the same sizes give the same places.
    """
    area = sum(w * h for w, h in sizes)
    width = max(SMALLEST_WIDTH_PX, max((w for w, _ in sizes), default=1), round(SLACK * area**0.5))
    places: list[tuple[int, int]] = [(0, 0)] * len(sizes)
    left, top, shelf = 0, 0, 0
    for i in sorted(range(len(sizes)), key=lambda i: (-sizes[i][1], -sizes[i][0], i)):
        w, h = sizes[i]
        if left + w > width:
            left, top, shelf = 0, top + shelf, 0
        places[i], left, shelf = (left, top), left + w, max(shelf, h)
    return places, (width, top + shelf)


def atlas(
    pictures: Sequence[Float[np.ndarray, "_h _w 3"]], meshes: Sequence[Sequence[Mesh]]
) -> tuple[Float[np.ndarray, "h w 3"], list[Mesh]]:
    """One picture of all, and meshes that refer to it: for each picture a row of meshes, joined column by column."""
    places, (width, height) = pack([(p.shape[1], p.shape[0]) for p in pictures])
    whole = np.zeros((max(height, 1), width, 3), np.float32)
    moved = []
    for picture, (left, top), row in zip(pictures, places, meshes, strict=True):
        h, w, _ = picture.shape
        whole[top : top + h, left : left + w] = picture
        share, offset = np.float32([w / width, h / height]), np.float32([left / width, top / height])
        moved.append([Mesh(m.xyz, m.uv * share + offset, m.triangles) for m in row])
    return whole, [joined(column) for column in zip(*moved, strict=True)]


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one, in order."""
    first = np.cumsum([0, *(len(m.xyz) for m in meshes)])
    triangles = [m.triangles + np.int32(start) for m, start in zip(meshes, first, strict=False)]
    return Mesh(
        np.concatenate([m.xyz for m in meshes]), np.concatenate([m.uv for m in meshes]), np.concatenate(triangles)
    )
