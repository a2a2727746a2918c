"""Which thing each point is of, told as its kind is (`kinds.py`): from its picture and its place.

A point of the photo is of the thing that its pixel shows, one of a mixed pixel of the thing at whose outline it lies;
where those lie at another depth, what is nearest in space decides, as for what was made up: that goes on with what the
photo saw, and is of the thing whose rim is nearest to it, and only a little away. Surfaces that were continued behind
edges reach farther. The background is what things were taken from, so it is of none.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from gen3d.geometry.edges import depth_edges, dilate
from gen3d.geometry.place import SKY_SHARE, shell_m_of
from gen3d.geometry.things import SAME_PLACE, near_things
from gen3d.values import NO_THING, SKY, Layers, Origin, PointCloud

OUTLINE_PX = 2.5
"""Mixed pixels are this near to their thing. From `products/mesh.py`, whose parts they are in."""
GOES_ON = 0.05
"""What goes on with a thing's rim is no farther from it than this share of its depth. Chosen by eye."""
CONTINUED = 0.25
"""The same of surfaces that were continued behind edges, as far as `occlusion.py` does. Chosen by eye: a chair's seat
behind its back stayed behind when the chair went."""
RIM_PX = 2
"""Width of the rims that are gone on with. Chosen by eye."""


def things_of(points: PointCloud, layers: Layers) -> Int[np.ndarray, "n"]:
    """The number of each point's thing, NO_THING or SKY; `layers.things` must be known."""
    photo, of = layers.rgbd, layers.things
    found = np.full(len(points), NO_THING, np.int32)
    found[np.linalg.norm(points.xyz, axis=1) > SKY_SHARE * shell_m_of(photo.depth)] = SKY
    if of is None or not of.any() or not len(points):
        return found
    seen = (points.origin == Origin.PHOTO) | (points.origin == Origin.FRINGE)
    made = ~seen & (points.origin != Origin.BACKGROUND) & (found != SKY)
    seen &= found != SKY
    found[seen], unsure = _shown(points.xyz[seen], points.origin[seen] == Origin.FRINGE, layers)
    made[np.flatnonzero(seen)[unsure]] = True
    share = np.where(points.origin[made] == Origin.BEHIND_EDGES, CONTINUED, GOES_ON)
    found[made] = _gone_on_with(points.xyz[made], share, layers)
    return found


def _shown(
    xyz: Float[np.ndarray, "n 3"], mixed: Bool[np.ndarray, "n"], layers: Layers
) -> tuple[Int[np.ndarray, "n"], Bool[np.ndarray, "n"]]:
    """Of what the photo saw; and which are beside a thing in the picture, or on it, at another depth."""
    of, depth = layers.things, layers.rgbd.depth
    h, w = of.shape
    uv, z = layers.rgbd.camera.project(xyz.astype(np.float64))
    column, row = np.clip(uv, 0, (w - 1, h - 1)).astype(np.int64).T
    near, at = near_things(of, depth, OUTLINE_PX)
    thing = np.where(mixed, near[row, column], of[row, column])
    there = np.abs(z - at[row, column]) < SAME_PLACE * at[row, column]
    return np.where(there, thing, NO_THING), (near[row, column] > 0) & ~there


def _gone_on_with(xyz: Float[np.ndarray, "n 3"], share: Float[np.ndarray, "n"], layers: Layers) -> Int[np.ndarray, "n"]:
    """By the nearest rim, if it is no farther than that share of the distance from the photo's camera."""
    photo, reach = layers.rgbd, share * np.linalg.norm(xyz, axis=1)
    rim = _rims(photo.depth)
    ends, of = photo.camera.rays()[rim] * photo.depth[rim][:, None].astype(np.float64), layers.things[rim]
    ends = ends @ photo.camera.c2w[:3, :3].T + photo.camera.center
    close = np.flatnonzero(_beside(xyz, reach, ends[of > 0]))
    found = np.full(len(xyz), NO_THING, np.int32)
    tree, octave = cKDTree(ends) if close.size else None, np.frexp(reach[close])[1]
    for alike in (close[octave == k] for k in np.unique(octave)):  # who looks far would make all look as far
        most = float(reach[alike].max())
        apart, nearest = tree.query(xyz[alike].astype(np.float64), distance_upper_bound=most, workers=-1)
        there = apart < reach[alike]
        found[alike[there]] = of[nearest[there]]
    return found


def _beside(
    xyz: Float[np.ndarray, "n 3"], reach: Float[np.ndarray, "n"], ends: Float[np.ndarray, "e 3"]
) -> Bool[np.ndarray, "n"]:
    """Which may be within their reach of some end at all: those near the box of all of them."""
    low, high = ends.min(axis=0, initial=np.inf), ends.max(axis=0, initial=-np.inf)
    return ((xyz > low - reach[:, None]) & (xyz < high + reach[:, None])).all(axis=1)


def _rims(depth: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Where surfaces end: at edges and at the frame."""
    rim = dilate(depth_edges(depth), RIM_PX)
    rim[:RIM_PX], rim[-RIM_PX:], rim[:, :RIM_PX], rim[:, -RIM_PX:] = True, True, True, True
    return rim & np.isfinite(depth)
