"""Things: what stands in front, taken apart into what one would take in hand, pixel by pixel.

The foreground (M_fg of the paper's eq. 2) is first cut where it lies on the ground and where depth is torn: what is
left connected is a fragment. Leaves, spindles and what something nearer cuts in two come as many fragments. Two of them
are one thing where they look alike, or are of a mask of the segmenter's; and where the gap between them is small
beside them, or hidden by what stands nearer: then nothing that the photo saw says that they are two. `python -m
bench.things` measures both steps on the ray-cast examples.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from gen3d.geometry.reach import nearest_of, with_feet
from gen3d.geometry.terrain import CORNER_STEP, Terrain
from gen3d.values import RGBD, Layers

SMALLEST = 0.0005
"""Fragments of a smaller share of the picture join what is beside them, or nothing. Chosen by eye."""
NEAR_GAP, HIDDEN_GAP = 0.12, 0.3
"""Largest gap between two fragments of one thing as a share of the larger one's size, in sight and hidden. Measured
with `python -m bench.things`: half of them leaves the plant in pieces, twice the second joins columns."""
LOOK = 0.3
"""Least common share of the colours of two fragments of one thing. Measured as those."""
CELL_LAB, CELLS = (20, 8, 8), (5, 8, 8)
"""How large a cell of CIELAB is in which colours count as one, and how many there are of grey and around it. Chosen by
eye."""
HOLDS, MADE_OF = 0.9, 0.8
"""A mask holds a fragment by so much of the fragment, and is made of those by so much of the mask. Chosen by eye."""
HIDDEN_SHARE = 0.7
"""Of a gap that counts as hidden. Chosen by eye."""
SOME, ALONG = 160, 24
"""Pixels of a fragment by which its gaps are measured, and points along one. Chosen by eye."""
ENDS = (0.95, 0.05)
"""Shares of a fragment's points, by which its size is told. By definition: nine tenths lie between."""
BESIDE_PX, SAME_PLACE = 4, 0.1
"""What is so near to a thing and differs in depth by no more than this share is of it. Chosen by eye."""


class Fragments(NamedTuple):
    """The fragments of a foreground, `f` of them."""

    of: Int[np.ndarray, "h w"]
    """Which one a pixel shows, from 1; 0 is none."""
    places: tuple[Float[np.ndarray, "s 3"], ...]
    """Some points of each."""
    sizes_m: Float[np.ndarray, "f"]
    """The diagonal of the box that holds nine tenths of each, along every axis."""
    alike: Bool[np.ndarray, "f f"]
    """Which look alike, or make up a mask."""


def find_things(layers: Layers, joins: bool = True) -> Int[np.ndarray, "h w"]:
    """Which thing each pixel shows, from 1, the largest first; 0 is none.

    joins: False leaves fragments as they are, for whoever measures what joining brings.
    """
    rgbd = layers.rgbd
    solid = layers.foreground & np.isfinite(rgbd.depth)
    terrain = Terrain.of(rgbd.depth)
    standing = solid & ~terrain.on_ground
    of = _fragments(terrain, standing)
    if not of.any():
        return _by_area(of)
    if joins:
        masks = np.zeros((0, *of.shape), bool) if layers.candidates is None else layers.candidates.masks
        of = _with_crumbs(_joined(of, rgbd, masks), rgbd, standing, terrain)
        of = np.where(solid, with_feet(of, rgbd, terrain), 0)
    return _by_area(_beside(of, rgbd.depth, solid))


def _fragments(terrain: Terrain, solid: np.ndarray) -> Int[np.ndarray, "h w"]:
    """What is connected in the picture and in depth, if it is large enough."""
    part, areas = terrain.connected(solid)
    large = areas >= SMALLEST * solid.size
    large[0] = False
    return np.where(large, np.cumsum(large), 0)[part]


def _joined(of: np.ndarray, rgbd: RGBD, masks: Bool[np.ndarray, "k h w"]) -> Int[np.ndarray, "h w"]:
    """The fragments of one thing as one."""
    fragments = _described(of, rgbd, masks)
    count = len(fragments.places)
    pairs = [(a, b) for a, b in combinations(range(count), 2) if _are_one(fragments, a, b, rgbd)]
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    _, thing = connected_components(coo_matrix((np.ones(len(a), bool), (a, b)), (count, count)), directed=False)
    return np.concatenate([[0], thing + 1])[of]


def _described(of: np.ndarray, rgbd: RGBD, masks: np.ndarray) -> Fragments:
    xyz = _places(rgbd)
    order = np.argsort(of.ravel(), kind="stable")
    own = np.split(order, np.cumsum(np.bincount(of.ravel()))[:-1])[1:]
    places = [xyz.reshape(-1, 3)[pixels[:: len(pixels) // SOME + 1]] for pixels in own]
    sizes = [_size_m(place) for place in places]
    colour = _colour_numbers(rgbd.image).ravel()
    looks = np.array([np.bincount(colour[pixels], minlength=int(np.prod(CELLS))) / len(pixels) for pixels in own])
    common = np.array([np.minimum(look, looks).sum(axis=1) for look in looks])
    return Fragments(of, tuple(places), np.array(sizes), (common >= LOOK) | _make_a_mask(of, masks))


def _make_a_mask(of: np.ndarray, masks: np.ndarray) -> Bool[np.ndarray, "f f"]:
    """Which fragments are held by a mask that is made of such."""
    areas = np.bincount(of.ravel())[1:]
    found = np.zeros((len(areas),) * 2, bool)
    for mask in masks:
        inside = np.bincount(of[mask], minlength=len(areas) + 1)[1:]
        held = inside >= HOLDS * areas
        if inside[held].sum() >= MADE_OF * mask.sum():
            found |= held[:, None] & held
    return found


def _colour_numbers(image: Float[np.ndarray, "h w 3"]) -> Int[np.ndarray, "h w"]:
    """In which cell of CIELAB each pixel's colour lies; what is more vivid than all cells is in the last."""
    lab = cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2LAB)
    _, across, along = CELLS
    cells = np.floor(lab / CELL_LAB + (0, across / 2, along / 2)).astype(np.int64)
    lightness, a, b = np.moveaxis(np.clip(cells, 0, np.array(CELLS) - 1), 2, 0)
    return (lightness * across + a) * along + b


def _are_one(fragments: Fragments, a: int, b: int, rgbd: RGBD) -> bool:
    if not fragments.alike[a, b]:
        return False
    first, second = fragments.places[a], fragments.places[b]
    apart = cdist(first, second)
    i, j = np.unravel_index(apart.argmin(), apart.shape)
    gap_m, size_m = apart[i, j], max(fragments.sizes_m[a], fragments.sizes_m[b])
    return bool(gap_m < NEAR_GAP * size_m or (gap_m < HIDDEN_GAP * size_m and _is_hidden(first[i], second[j], rgbd)))


def _is_hidden(one: np.ndarray, other: np.ndarray, rgbd: RGBD) -> bool:
    """Whether most of what lies between two points is behind what the photo saw."""
    share = ((np.arange(ALONG) + 0.5) / ALONG)[:, None]
    uv, z = rgbd.camera.project(one * (1 - share) + other * share)
    h, w = rgbd.depth.shape
    u, v = np.clip(uv.astype(np.int64), 0, (w - 1, h - 1)).T
    return bool((rgbd.depth[v, u] < (1 - CORNER_STEP) * z).mean() > HIDDEN_SHARE)


def _with_crumbs(
    of: np.ndarray, rgbd: RGBD, standing: np.ndarray, terrain: Terrain
) -> Int[np.ndarray, "h w"]:
    """With what is too small to be a thing given to the nearest one, whole, where the gap is small beside that."""
    crumbs = standing & (of == 0)
    if not crumbs.any():
        return of
    places, held = _places(rgbd), of > 0
    apart, nearest = nearest_of(places[held], places[crumbs])
    part, thing = terrain.connected(crumbs)[0][crumbs], of[held][nearest]
    order = np.lexsort((apart, part))
    _, first, own = np.unique(part[order], return_index=True, return_inverse=True)
    closest = order[first]
    sizes_m = {n: _size_m(places[of == n][:: SOME // 8]) for n in np.unique(thing[closest])}
    reach = NEAR_GAP * np.array([sizes_m[n] for n in thing[closest]])
    given = np.where(apart[closest] < reach, thing[closest], 0)
    found = np.zeros(len(order), np.int64)
    found[order] = given[own]
    of = of.copy()
    of[crumbs] = found
    return of


def _places(rgbd: RGBD) -> Float[np.ndarray, "h w 3"]:
    """What each pixel shows; of the sky, which has no place, one that nobody asks for."""
    return rgbd.camera.unproject(np.where(np.isfinite(rgbd.depth), rgbd.depth, 1.0).astype(np.float64))


def _size_m(xyz: Float[np.ndarray, "n 3"]) -> float:
    """The diagonal of the box that holds nine tenths, along every axis."""
    return float(np.linalg.norm(np.subtract(*np.quantile(xyz, ENDS, axis=0))))


def _beside(of: np.ndarray, depth: np.ndarray, solid: np.ndarray) -> Int[np.ndarray, "h w"]:
    """With what of the foreground is beside a thing and as far away: its crumbs, and where it meets the ground."""
    grown, at = near_things(of, depth, BESIDE_PX)
    alike = np.abs(depth - at) < SAME_PLACE * at
    return np.where((of == 0) & solid & alike, grown, of)


def near_things(
    of: Int[np.ndarray, "h w"], depth: Float[np.ndarray, "h w"], reach_px: int | float
) -> tuple[Int[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """The nearest thing within a reach in the picture, 0 where none is, and that pixel's depth."""
    distance, (v, u) = distance_transform_edt(of == 0, return_indices=True)
    return np.where(distance <= reach_px, of[v, u], 0), depth[v, u]


def _by_area(of: np.ndarray) -> Int[np.ndarray, "h w"]:
    """Numbered anew, the largest is 1."""
    area = np.bincount(of.ravel())
    area[0] = 0
    order = np.argsort(-area, kind="stable")[: np.count_nonzero(area)]
    number = np.zeros(len(area), np.int32)
    number[order] = np.arange(1, len(order) + 1)
    return number[of]
