"""How far what stands in front reaches: its thin parts and its feet, which masks leave out.

A mask follows superpixels or a network's coarse grid, so rails and stems are lost; and a foot is as far away as the
ground it stands on, so whoever takes away the ground takes it along. What is left out stays behind when a thing is
taken away, and its colours run into what is filled in. Both are told by depth, to the pixel: a thin part stands out
from both sides of it, and a foot goes on straight down from a thing, stands out from the ground beside it, and has the
thing's colour rather than the ground's.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from gen3d.geometry.compiled import compiled
from gen3d.geometry.edges import JUMP, disc
from gen3d.geometry.ground_view import OFF
from gen3d.geometry.terrain import Terrain
from gen3d.values import RGBD

THIN = 0.008
"""A part is thin that is less than twice this share of the picture's diagonal wide. Chosen by eye."""
SPECK = 0.0005
"""Of the picture: what is smaller between things, as a seat seen between the slats of a back. Chosen by eye."""
SCRAP_GAP = 0.03
"""A speck is of the foreground that is no farther from it than this share of its depth. Measured in the room: specks of
things are within 0.003 to 0.03 of the rest of them, those of its walls beyond 0.2."""
STANDS_OUT = 0.004
"""A foot's inverse depth exceeds that of the ground beside it by this share. Chosen by eye."""
BESIDE_PX, SIDE_PX, TRUNK_PX = 3, 5, 5
"""The ground beside a foot begins so far from it and is so wide, and the foot's colour is that of so many rows above.
Chosen by eye."""
DISTINCT = 0.1
"""Where foot and ground differ by less (sRGB, root of summed squares), nothing is told apart. Chosen by eye."""


def in_full(foreground: Bool[np.ndarray, "h w"], rgbd: RGBD, terrain: Terrain | None = None) -> Bool[np.ndarray, "h w"]:
    """The foreground with its thin parts and its feet; specks of it have none. terrain: the picture's, if known."""
    terrain = terrain or Terrain.of(rgbd.depth)
    large = foreground & ~_specks(foreground & terrain.solid, terrain)
    if not large.any():
        return foreground
    whole = with_scraps(with_thin_parts(large, terrain), rgbd, terrain)
    return foreground | (with_feet(whole.astype(np.int32), rgbd, terrain) > 0)


def with_scraps(
    foreground: Bool[np.ndarray, "h w"], rgbd: RGBD, terrain: Terrain
) -> Bool[np.ndarray, "h w"]:
    """The foreground with specks that are near to it in space: of a seat between the slats of its back, of leaves.

    What lies nearer cuts them off in the picture. What is farther back, as a wall there, is no scrap of it.
    """
    specks = _specks(terrain.solid & ~foreground & ~terrain.on_ground, terrain)
    if not specks.any() or not foreground.any():
        return foreground
    places = rgbd.camera.rays() * np.where(np.isfinite(rgbd.depth), rgbd.depth, 1.0)[..., None]
    apart, _ = nearest_of(places[foreground], places[specks])
    part, areas = terrain.connected(specks)
    near = np.zeros(len(areas), bool)
    near[part[specks][apart < SCRAP_GAP * rgbd.depth[specks]]] = True
    return foreground | near[part]


def nearest_of(
    places: Float[np.ndarray, "n 3"], to: Float[np.ndarray, "m 3"]
) -> tuple[Float[np.ndarray, "m"], Int[np.ndarray, "m"]]:
    """How far the nearest of the places is from each, and which one it is."""
    tree = cKDTree(places, balanced_tree=False, compact_nodes=False)  # to balance it takes longer than to ask it
    return tree.query(to)


def _specks(region: Bool[np.ndarray, "h w"], terrain: Terrain) -> Bool[np.ndarray, "h w"]:
    part, areas = terrain.connected(region)
    return region & (areas < SPECK * region.size)[part]


def with_thin_parts(foreground: Bool[np.ndarray, "h w"], terrain: Terrain) -> Bool[np.ndarray, "h w"]:
    """The foreground with what is connected to it in depth and is thin, standing out from both sides, or a speck."""
    inverse = terrain.inverse
    around = disc(max(1, round(THIN * float(np.hypot(*inverse.shape)))))
    thin = cv2.morphologyEx(inverse, cv2.MORPH_TOPHAT, around) > JUMP * inverse
    more = (thin | _specks(terrain.solid & ~foreground & ~terrain.on_ground, terrain)) & terrain.solid
    part, areas = terrain.connected((more | foreground) & terrain.solid)
    held = np.zeros(len(areas), bool)
    held[part[foreground]] = True
    return foreground | (more & held[part])


def with_feet(of: Int[np.ndarray, "h w"], rgbd: RGBD, terrain: Terrain) -> Int[np.ndarray, "h w"]:
    """Things, 0 is none, each with its feet: as far down as `on_ground` takes them for ground.

    Without a ground they come back as they are.
    """
    inverse, ground = terrain.inverse, terrain.ground
    if ground is None or len(ground) < 2:
        return of
    fall = float(ground[1, 0] - ground[0, 0])
    found = of.astype(np.int32)
    _grow_down(found, np.ascontiguousarray(rgbd.image, np.float32), inverse, ground.astype(np.float32), fall)
    return found


@compiled
def _grow_down(of, image, inverse, ground, fall):
    """Row by row: what hangs below a run of a thing's pixels and stands out from the ground joins the thing."""
    h, w = of.shape
    rows = np.zeros((h, w), np.int32)
    for y in range(1, h):
        x = 0
        while x < w:
            thing = of[y - 1, x]
            if thing == 0 or of[y, x] != 0 or rows[y - 1, x] > OFF * ground[y, x] / fall:
                x += 1
                continue
            left = x
            while x < w and of[y - 1, x] == thing and of[y, x] == 0:
                x += 1
            _grow_run(of, rows, image, inverse, ground, y, left, x, thing)


@compiled
def _grow_run(of, rows, image, inverse, ground, y, left, right, thing):
    w = of.shape[1]
    trunk, n = np.zeros(3, np.float32), 0
    for v in range(max(0, y - TRUNK_PX), y):
        for u in range(left, right):
            if of[v, u] == thing:
                trunk += image[v, u]
                n += 1
    trunk /= np.float32(n)
    sides, above, count = np.zeros((2, 3), np.float32), 0.0, np.zeros(2)
    for side in range(2):
        start = left - BESIDE_PX - SIDE_PX if side == 0 else right + BESIDE_PX
        for u in range(max(0, start), min(w, start + SIDE_PX)):
            if of[y, u] == 0 and abs(inverse[y, u] - ground[y, u]) < OFF * inverse[y, u]:
                sides[side] += image[y, u]
                above += inverse[y, u] - ground[y, u]
                count[side] += 1
        if count[side] > 0:
            sides[side] /= np.float32(count[side])
    if count.sum() == 0:
        return
    above /= count.sum()
    for u in range(max(0, left - 1), min(w, right + 1)):
        if of[y, u] != 0 or inverse[y, u] - ground[y, u] - above < STANDS_OUT * inverse[y, u]:
            continue
        own = ((image[y, u] - trunk) ** 2).sum()
        others = np.inf
        for side in range(2):
            if count[side] > 0 and ((sides[side] - trunk) ** 2).sum() > DISTINCT**2:
                others = min(others, ((image[y, u] - sides[side]) ** 2).sum())
        if own < others < np.inf:
            of[y, u] = thing
            rows[y, u] = rows[y - 1, min(max(u, left), right - 1)] + 1
