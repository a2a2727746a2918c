"""A scene as the records of a .view file, in an order made for streaming: its first part is already a picture."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int

from gen3d.camera import Camera
from gen3d.errors import EmptyWorld
from gen3d.formats.stored import drawable
from gen3d.formats.view_codes import packed
from gen3d.geometry.together import together
from gen3d.splat.gaussians import Gaussians

FIRST_SHARE = 0.2
"""The part of the scene that is shown while the rest is under way."""
PARTS = 5
"""The file is this many equal parts; within each the order is that of the photo's rows, which packs better."""
PER_CELL = 3
"""So many Gaussians of the first part share a cell of the photo. Measured on the room: 23.6 dB of the full picture with
cells, 21.0 for a random choice weighted by visible area, 13.8 for the largest first."""
COVERAGE = 3.0
"""The first part alone is drawn so much larger that its Gaussians cover the frame so many times: closes gaps, blurs
little. Its best factor was 1.2 on the room and 2.5 on lifted pixels."""
LARGER = (1.2, 3.0)
"""The least and the greatest such factor."""
FRONT = 1.05
"""In its cell, what is up to this factor farther than the nearest counts as seen."""
HIDDEN_WEIGHT = 0.05
"""How much the size of what is hidden counts against the size of what is seen."""


class PackedView(NamedTuple):
    """A scene as a file holds it, without what is told beside it."""

    rows: np.ndarray
    """A record of `view_codes.py` each, in the order of the file."""
    ranges: dict[str, list]
    """What the integers of the records stand for."""
    sh_degree: int
    first_larger: float
    """How much larger to draw the first part while it is alone."""

    def holds(self, field: str) -> bool:
        """Whether its records have such a field."""
        return field in (self.rows.dtype.names or ())


def packed_view(gaussians: Gaussians, camera: Camera) -> PackedView:
    """The scene for a viewer that starts at the camera; SH of degree 0 or 1.

    What lies exactly in the camera's centre, or has no finite values, is left out. Raises EmptyWorld when nothing is
    left.
    """
    g = _packable(gaussians, camera)
    if len(g) == 0:
        raise EmptyWorld("The scene holds no Gaussians, so there is nothing to write.", "Try another photo.")
    (rows, ranges), order = together([partial(packed, g, camera), partial(streaming_order, g, camera)])
    return PackedView(rows.take(order), ranges, g.sh_degree, first_larger(g, camera, order))


def streaming_order(gaussians: Gaussians, camera: Camera) -> Int[np.ndarray, "n"]:
    """The order in which a growing part of the Gaussians shows the whole photo.

    The photo is cut into cells so small that the first part has PER_CELL Gaussians in each; every cell gives what is
    largest in front first. What the photo does not see comes last.
    """
    uv, z, seen = _projected(gaussians, camera)
    cell_px = math.sqrt(PER_CELL * camera.width * camera.height / _first(gaussians))
    across = int(camera.width / cell_px) + 1
    cell = np.where(seen[:, None], uv / cell_px, 0).astype(np.int64)
    key = np.where(seen, cell[:, 1] * across + cell[:, 0] + 1, 0)
    nearest = np.full(key.max() + 1, np.inf)
    np.minimum.at(nearest, key[seen], z[seen])
    area = _area_px(gaussians, camera, z)
    weight = np.where(z <= FRONT * nearest[key], area, HIDDEN_WEIGHT * area)
    largest_first = np.argsort(-weight, kind="stable")
    shown = largest_first[seen[largest_first]]
    shown = _by_number(shown, _places(_by_number(shown, key), key))
    order = np.concatenate([shown, largest_first[~seen[largest_first]]])
    parts = (part[np.argsort(uv[part, 0], kind="stable")] for part in np.array_split(order, PARTS))
    return np.concatenate([_by_number(part, key // across) for part in parts])


def _by_number(which: Int[np.ndarray, "m"], number: Int[np.ndarray, "n"]) -> Int[np.ndarray, "m"]:
    """The same, by the number of each; of equal ones as they came. Numbers of 16 bits are sorted in no time."""
    given = number[which]
    few = given.astype(np.uint16) if given.size and given.max() <= np.iinfo(np.uint16).max else given
    return which[np.argsort(few, kind="stable")]


def _places(grouped: Int[np.ndarray, "m"], key: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Of some, that come key by key: 0 for the first of its key, 1 for the next, ...; of the others 0."""
    starts = np.flatnonzero(np.diff(key[grouped], prepend=-1))
    places = np.zeros(len(key), np.int64)
    places[grouped] = np.arange(len(grouped)) - np.repeat(starts, np.diff(starts, append=len(grouped)))
    return places


def first_larger(gaussians: Gaussians, camera: Camera, order: Int[np.ndarray, "n"]) -> float:
    """How much larger to draw the first part while it is alone, by what it covers of the photo's frame."""
    few = gaussians.picked(torch.from_numpy(order[: _first(gaussians)]))
    _, z, seen = _projected(few, camera)
    if not seen.any():
        return LARGER[0]
    usual_px = float(np.median(_area_px(few, camera, z)[seen]))
    covered = usual_px * int(seen.sum()) / (camera.width * camera.height)
    return float(np.clip(math.sqrt(COVERAGE / max(covered, 1e-12)), *LARGER))  # what is transparent covers nothing


def _first(gaussians: Gaussians) -> int:
    return math.ceil(FIRST_SHARE * len(gaussians))


def _projected(gaussians: Gaussians, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixel, depth, and whether the photo's frame holds it."""
    uv, z = camera.project(gaussians.means.double().numpy())
    return uv, z, camera.frames(uv, z)


def _area_px(gaussians: Gaussians, camera: Camera, z: np.ndarray) -> np.ndarray:
    """The integral of alpha over the picture, as if all faced the camera: 2 pi o s_1 s_2 of the larger scales."""
    a, b, c = gaussians.scales.double().numpy().T
    longer, largest = np.maximum(np.minimum(np.maximum(a, b), c), np.minimum(a, b)), np.maximum(np.maximum(a, b), c)
    per_m2 = camera.K[0, 0] * camera.K[1, 1] / np.maximum(z, 1e-12) ** 2
    return 2 * np.pi * gaussians.opacities.double().numpy() * longer * largest * per_m2


def _packable(gaussians: Gaussians, camera: Camera) -> Gaussians:
    """On the CPU, degree 0 or 1, and only what has a direction and a size."""
    g = drawable(gaussians.detached())
    g = g.to("cpu")
    g = replace(g, sh=g.sh[:, : 4 if g.sh_degree else 1])
    away, sizes = (g.means - torch.from_numpy(camera.center).float()).T, g.scales.T
    good = (away != 0).any(dim=0) & (sizes > 0).any(dim=0)
    return g if bool(good.all()) else g.keep(good)
