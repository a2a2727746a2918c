"""The plane that a scene stands on, found among points with normals by RANSAC.

A plane is a ground if it is level enough, if what it holds faces up, if it holds a good share of the points, and if
next to nothing lies below it: so a table's top, a ceiling and a wall are none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera

TRIALS, SOME = 600, 6000
"""Planes that are tried, and points that each is counted on; all points refine the best. Chosen by eye."""
TILT_DEG = 40.0
"""How far a photo's camera may be tilted or rolled against the ground: of phones and drones, nearly all are within.
Chosen by eye."""
FACES_DEG = 25.0
"""How far a point's normal may be off the plane's, as noise in the depth has it. Chosen by eye."""
OFF = 0.02
"""How far a point may be off the plane, as a share of its distance from the camera. Chosen by eye: half of
what the depth of networks is off."""
SHARE = 0.03
"""Of all points, at least so many are on a ground. Chosen by eye."""
BELOW, BELOW_OFF = 0.04, 0.05
"""Of all points, at most so many lie below a ground by more than this share of their distance: holes, reflections.
Chosen by eye."""
STRIDE_SHARE = 1 / 64
"""Normals are taken across this share of a picture's longer side, above the grain of the depth. Chosen by eye."""
REFINED_OFF = (0.02, 0.01, 0.005)
"""The plane is fitted again to what is nearer and nearer to it: a rug and a threshold are no longer on it then.
Chosen by eye."""


class Surface(NamedTuple):
    """Points of a scene's surfaces."""

    xyz: Float[np.ndarray, "n 3"]
    normals: Float[np.ndarray, "n 3"]
    """Unit vectors, towards the camera that saw the point."""
    distance: Float[np.ndarray, "n"]
    """From that camera."""


class Ground(NamedTuple):
    """The plane n . x = d."""

    normal: Float[np.ndarray, "3"]
    """Unit vector, up."""
    offset: float
    share: float
    """Of all points that are on it."""


def surface_of(depth: Float[np.ndarray, "h w"], camera: Camera) -> Surface:
    """The points of a depth map, on a coarse grid and where it is smooth; what is not finite is left out."""
    stride = max(1, round(STRIDE_SHARE * max(depth.shape)))
    step = max(1, stride // 2)
    xyz = camera.unproject(np.where(np.isfinite(depth), depth, np.nan).astype(np.float64))
    here = xyz[stride:-stride:step, stride:-stride:step]
    right, left = xyz[stride:-stride:step, 2 * stride :: step], xyz[stride:-stride:step, : -2 * stride : step]
    down, up = xyz[2 * stride :: step, stride:-stride:step], xyz[: -2 * stride : step, stride:-stride:step]
    normals = np.cross(down - up, right - left)  # towards the camera, whatever the depths: the rays go right and down
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        normals = normals / length
    known = np.isfinite(here).all(axis=-1) & np.isfinite(normals).all(axis=-1)
    here, normals = here[known], normals[known]
    return Surface(here, normals, np.linalg.norm(camera.center - here, axis=1))


def joined(surfaces: list[Surface]) -> Surface:
    """All of them as one."""
    return Surface(*(np.concatenate(parts) for parts in zip(*surfaces, strict=True)))


def find_ground(surface: Surface, up: Float[np.ndarray, "3"], seed: int = 0) -> Ground | None:
    """The ground with the most points on it; None where nothing is one. up: about where it points, a unit vector."""
    rng = np.random.default_rng(seed)
    facing = np.flatnonzero(surface.normals @ up > np.cos(np.radians(TILT_DEG)))
    if len(facing) < max(3, SHARE * len(surface.xyz)):
        return None
    which = rng.permutation(len(surface.xyz))[:SOME]
    some = Surface(*(part[which] for part in surface))
    best: Ground | None = None
    for _ in range(TRIALS):
        trial = _through(surface.xyz[rng.choice(facing, 3, replace=False)], up)
        found = _judged(trial, some, up) if trial is not None else None
        if found is not None and (best is None or found.share > best.share):
            best = found
    for off in REFINED_OFF if best else ():
        best = _judged(_fitted(surface, best, off), surface, up) or best
    return best


def level(ground: Ground, ahead: Float[np.ndarray, "3"]) -> Float[np.ndarray, "4 4"]:
    """Rigid: the ground becomes y = 0 with up along -y, and `ahead` goes along z, as far as it is level.

    The world's origin stays above, or below, the new one.
    """
    down = -ground.normal
    right = np.cross(down, ahead)
    right /= np.linalg.norm(right)
    rigid = np.eye(4)
    rigid[:3, :3] = np.stack([right, down, np.cross(right, down)])
    rigid[1, 3] = ground.offset
    return rigid


def on(ground: Ground, surface: Surface, off: float = OFF) -> Bool[np.ndarray, "n"]:
    """Which points are on it; off: as `OFF`."""
    near = np.abs(surface.xyz @ ground.normal - ground.offset) < off * surface.distance
    return near & (surface.normals @ ground.normal > np.cos(np.radians(FACES_DEG)))


def _through(three: np.ndarray, up: np.ndarray) -> Ground | None:
    normal = np.cross(three[1] - three[0], three[2] - three[0])
    length = np.linalg.norm(normal)
    if length < 1e-12:
        return None
    normal = normal / length * (1.0 if normal @ up > 0 else -1.0)
    return Ground(normal, float(normal @ three[0]), 0.0)


def _judged(trial: Ground, surface: Surface, up: np.ndarray) -> Ground | None:
    """With its share of the points; None for what is no ground."""
    if trial.normal @ up < np.cos(np.radians(TILT_DEG)):
        return None
    share = float(on(trial, surface).mean())
    below = (surface.xyz @ trial.normal - trial.offset < -BELOW_OFF * surface.distance).mean()
    return trial._replace(share=share) if share >= SHARE and below <= BELOW else None


def _fitted(surface: Surface, ground: Ground, off: float) -> Ground:
    """The plane through what is on a ground: least squares, each point's error in shares of its distance."""
    held = on(ground, surface, off)
    if held.sum() < 3:
        return ground
    weight = 1 / surface.distance[held] ** 2
    middle = np.average(surface.xyz[held], axis=0, weights=weight)
    spread = (surface.xyz[held] - middle) * np.sqrt(weight)[:, None]
    normal = np.linalg.svd(spread, full_matrices=False)[2][2]
    normal = normal * (1.0 if normal @ ground.normal > 0 else -1.0)
    return Ground(normal, float(normal @ middle), ground.share)
