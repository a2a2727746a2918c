"""Where a thing that is brought into a scene goes, how large it is there, and in what light: what an edit leaves open.

    size     its own, where its file knows metres and the photo's camera would see it no larger than its frame is high
             and no smaller than SMALLEST of that; else a third of what the camera sees there
    place    on the ground (the plane of things.json, else the level of the scene's lowest Gaussians), where nothing
             stands, nothing hides it and the photo shows ground: of such places the one nearest to the middle of the
             frame's lower half. With depth_m on the ground so far ahead of the camera
    light    how bright and of what colour the scene is: the sixth norm of its colours, channel by channel (shades of
             grey: Finlayson and Trezzi, 2004), as a share of what values spread evenly from 0 to 1 have

What an edit says itself is heeded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.edits import Edit, Plane
from gen3d.products.brought import Alone
from gen3d.splat.gaussians import Gaussians, things_or_none
from gen3d.values import SKY, Kind

SHARE_OF_VIEW, SMALLEST = 1 / 3, 1 / 25
"""Of the height that the camera sees at the thing's place. Chosen by eye."""
NORM = 6
EVEN = (1 / (NORM + 1)) ** (1 / NORM)
"""The sixth norm of values spread evenly from 0 to 1: the sixth root of the integral of x^6, 0.723."""
DARKEST, BRIGHTEST = 0.25, 1.2
"""Light makes a thing no darker and no brighter than this. Chosen by eye."""
COLUMNS, ROWS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.25, 0.75, 0.15, 0.85), (0.72, 0.8, 0.65, 0.88, 0.58, 0.95, 0.52)
"""Of the frame: where a place is looked for."""
SOME = 60_000
"""Gaussians by which it is judged."""
FAR = 1.5
"""Of the scene's median depth: beyond it nothing is put unasked."""
LEVEL, HEADROOM = 0.08, 2.5
"""In sizes of the thing: within how much the ground may rise, and up to where nothing may be above. Chosen by eye."""
HARDLY = 0.03
"""Of what is seen where the thing would be: less of it before the thing hides hardly anything. Chosen by eye."""
FEW = 4
"""So many Gaussians are a ground, or something that stands there."""


@dataclass(frozen=True, eq=False, slots=True)
class Surroundings:
    """What there is in a scene, as far as it matters to what is brought in."""

    means: Float[np.ndarray, "n 3"]
    rgb: Float[np.ndarray, "m 3"]
    """Of what the photo saw."""
    camera: Camera
    """The photo's."""
    ground: Plane

    @property
    def depth_m(self) -> float:
        """The median of what the camera sees."""
        uv, z = self.camera.project(self.means)
        inside = self.camera.frames(uv, z)
        return float(np.median(z[inside])) if inside.any() else 2.0


def surroundings(
    gaussians: Gaussians, camera: Camera, ground: Plane | None, up: Float[np.ndarray, "3"]
) -> Surroundings:
    """Of a scene; its sky does not count."""
    of, every = things_or_none(gaussians).cpu().numpy(), len(gaussians) // SOME + 1
    means = gaussians.means.detach().double().cpu().numpy()[::every]
    rgb, kinds = gaussians.rgb.detach().double().cpu().numpy()[::every], gaussians.kinds
    own = of[::every] != SKY
    saw = own if kinds is None else own & (kinds.cpu().numpy()[::every] <= Kind.PHOTO)
    saw = saw if saw.any() else own
    if ground is None:
        upward = up / np.linalg.norm(up)
        ground = Plane(upward, float(np.quantile(means[own] @ upward, 0.02)) if own.any() else -1.0)
    return Surroundings(means[own], np.clip(rgb[saw], 0, 1), camera, ground)


def fitted(edit: Edit, thing: Alone, scene: Surroundings) -> tuple[Edit, str | None]:
    """The edit with size, place and light, and what is to be told of it."""
    told = None
    at = np.array(edit.at) if edit.at else _place(edit, thing, scene)
    size_m = edit.size_m
    if size_m is None:
        size_m, told = _size(at, thing, scene)
    light = edit.light or light_of(scene.rgb)
    x, y, z = (round(float(value), 4) + 0.0 for value in at)
    return replace(edit, at=(x, y, z), size_m=float(f"{size_m:.6g}"), light=light), told


def light_of(rgb: Float[np.ndarray, "m 3"]) -> tuple[float, float, float]:
    """By how much red, green and blue of a thing are taken."""
    if not len(rgb):
        return 1.0, 1.0, 1.0
    r, g, b = np.clip((rgb**NORM).mean(axis=0) ** (1 / NORM) / EVEN, DARKEST, BRIGHTEST).round(4).tolist()
    return r, g, b


def _view_m(at: Float[np.ndarray, "3"], scene: Surroundings) -> float:
    """How high the frame is at a place; of one behind the camera, at the median depth."""
    _, (z,) = scene.camera.project(np.asarray(at, np.float64)[None])
    return (float(z) if z > 0 else scene.depth_m) * scene.camera.height / float(scene.camera.K[1, 1])


def _size(at: Float[np.ndarray, "3"], thing: Alone, scene: Surroundings) -> tuple[float, str | None]:
    view_m = _view_m(at, scene)
    fit = SHARE_OF_VIEW * view_m
    if thing.size_m is None:
        return fit, None
    if SMALLEST * view_m <= thing.size_m <= view_m:
        return thing.size_m, None
    return fit, (
        f"What is brought in is {thing.size_m:.3g} m large by its file, which does not fit a view of {view_m:.3g} m: "
        f"{fit:.3g} m are taken; say otherwise with size_m."
    )


def _place(edit: Edit, thing: Alone, scene: Surroundings) -> Float[np.ndarray, "3"]:
    camera, (normal, offset) = scene.camera, scene.ground
    if edit.depth_m is not None:
        ahead = camera.center + edit.depth_m * camera.c2w[:3, 2]
        return ahead + (offset - ahead @ normal) * normal
    spots = sorted(
        ((u, v) for u in COLUMNS for v in ROWS), key=lambda spot: abs(spot[0] - COLUMNS[0]) + abs(spot[1] - ROWS[0])
    )
    found = [at for at in (_on_ground(spot, scene) for spot in spots) if at is not None]
    if not found:
        ahead = camera.center + scene.depth_m * camera.c2w[:3, 2]
        return ahead + (offset - ahead @ normal) * normal
    return max(found, key=lambda at: _suits(at, edit, thing, scene))


def _on_ground(spot: tuple[float, float], scene: Surroundings) -> Float[np.ndarray, "3"] | None:
    """Where the ray through a share of the frame meets the ground, not too far away."""
    camera, (normal, offset) = scene.camera, scene.ground
    u, v = spot[0] * camera.width, spot[1] * camera.height
    way = camera.c2w[:3, :3] @ np.linalg.solve(camera.K, (u, v, 1.0))
    falls = float(way @ normal)
    depth = (offset - float(camera.center @ normal)) / falls if abs(falls) > 1e-9 else -1.0
    return camera.center + depth * way if 0 < depth <= FAR * scene.depth_m else None


def _suits(at: Float[np.ndarray, "3"], edit: Edit, thing: Alone, scene: Surroundings) -> tuple[bool, bool, bool, float]:
    """How well, what counts most first: nothing stands there or above, hardly anything before it, there is ground."""
    size_m = edit.size_m or _size(at, thing, scene)[0]
    normal, offset = scene.ground
    radius_m = size_m * float(np.linalg.norm(thing.footprint, axis=1).max(initial=0.1))
    height = scene.means @ normal - offset
    across = np.linalg.norm((scene.means - at) - np.outer((scene.means - at) @ normal, normal), axis=1)
    near = across < radius_m
    has_ground = int((near & (np.abs(height) < LEVEL * size_m)).sum()) >= FEW
    is_empty = int((near & (height > 2 * LEVEL * size_m) & (height < HEADROOM * size_m)).sum()) < FEW
    hidden = _hidden(at, size_m, radius_m, scene)
    return is_empty, hidden < HARDLY, has_ground, -round(hidden, 2)


def _hidden(at: Float[np.ndarray, "3"], size_m: float, radius_m: float, scene: Surroundings) -> float:
    """Which share of what the camera sees where the thing would be is before it, or else not wholly in the frame: 1."""
    camera, size = scene.camera, size_m * scene.ground.normal
    ends, depths = camera.project(np.stack([at, at + size]))
    if depths.min() <= 0 or not camera.frames(ends, depths).all():
        return 1.0
    reach_px = radius_m * float(camera.K[0, 0]) / float(depths[0])
    uv, z = camera.project(scene.means)
    reach = np.array([reach_px, 0.0])
    low, high = ends.min(axis=0) - reach, ends.max(axis=0) + reach
    there = (z > 0) & ((uv > low) & (uv < high)).all(axis=1)
    return float((there & (z < depths.min() - radius_m)).sum() / max(int(there.sum()), 1))
