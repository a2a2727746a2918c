"""How well new views join what was there: the jump of depth at their seams, and how flat they leave flat things.

Measured on the points of a built world, as they were added: `origin` says which view a point came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from bench.scenes import Cast, Plane
from gen3d.camera import Camera
from gen3d.geometry.place import SKY_SHARE
from gen3d.geometry.sight import sight_from
from gen3d.values import Origin, PointCloud, World

SMOOTH = 0.02
"""Where the true depth of two neighbours differs by less than this share, no seam may show."""
ON_PLANE = 1e-3
"""A true point within this share of its depth of a plane lies on it."""


@dataclass(frozen=True, eq=False, slots=True)
class Addition:
    """What one new view added, h w."""

    camera: Camera
    known: Float[np.ndarray, "h w"]
    """Depth of the points before, metres; NaN in the hole."""
    hole: Bool[np.ndarray, "h w"]
    new: Float[np.ndarray, "h w"]
    """Depth of the points that were added, metres; NaN where none was, inf where sky was."""


def additions(world: World, shell_m: float) -> list[Addition]:
    """One for each view after the photo that added points."""
    points, found = world.points, []
    for origin in np.unique(points.origin[points.origin >= Origin.FIRST_VIEW]):
        added = points.keep(points.origin == origin)
        camera = next((view.camera for view in world.views[1:] if _took(view.camera, added)), None)
        if camera is None:  # slivers, closed at a camera that made no view
            continue
        sight = sight_from(points.keep(points.origin < origin), camera, 0, shell_m)
        z = camera.project(added.xyz.astype(np.float64))[1]
        new = np.full((camera.height, camera.width), np.nan)
        new[added.pixel[:, 1], added.pixel[:, 0]] = np.where(z > SKY_SHARE * shell_m, np.inf, z)
        found.append(Addition(camera, sight.known.depth, sight.hole, new))
    return found


def _took(camera: Camera, points: PointCloud) -> bool:
    """Whether the points lie on the rays of their pixels."""
    return bool(np.allclose(camera.project(points.xyz.astype(np.float64))[0], points.pixel + 0.5, atol=0.05))


def seam_error(found: Sequence[Addition], cast: Cast) -> float:
    """The mean |log depth| jump between new pixels and their known neighbours where truly there is none."""
    return _mean([jump for a in found for jump in _jumps(a, cast(a.camera))])


def _jumps(a: Addition, true: np.ndarray) -> list[np.ndarray]:
    """|log new / known| of the pairs of neighbours across the rim of the hole, to the right and down, both ways."""
    new = np.where(a.hole & np.isfinite(a.new), a.new, np.nan)
    known = np.where(~a.hole & np.isfinite(a.known), a.known, np.nan)
    true = np.where(np.isfinite(true), true, np.nan)
    jumps = []
    for n, k, t in ((new, known, true), (new.T, known.T, true.T)):
        smooth = np.abs(np.log(t[:, 1:] / t[:, :-1])) < SMOOTH
        for ratio in (n[:, 1:] / k[:, :-1], n[:, :-1] / k[:, 1:]):
            jumps.append(np.abs(np.log(ratio[smooth & np.isfinite(ratio)])))
    return jumps


def flatness(found: Sequence[Addition], cast: Cast, planes: Sequence[Plane]) -> float:
    """RMS of the distance of new points to the plane they truly lie on, as a share of their depth."""
    errors = []
    for a in found:
        truth = a.camera.unproject(np.nan_to_num(cast(a.camera).astype(np.float64), posinf=0.0))
        solid = np.isfinite(a.new)
        placed = a.camera.unproject(np.where(solid, a.new, 0.0))
        for plane in planes:
            on = solid & (plane.distance(truth) < ON_PLANE * a.new)
            errors.append((plane.distance(placed[on]) / a.new[on]) ** 2)
    return float(np.sqrt(_mean(errors)))


def _mean(parts: list[np.ndarray]) -> float:
    """Of all values of all parts; NaN of none."""
    values = np.concatenate([np.zeros(0), *(part.ravel() for part in parts)])
    return float(values.mean()) if len(values) else float("nan")
