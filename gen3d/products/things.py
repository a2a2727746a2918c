"""The things of a scene told, for people and programs: where each is, how large, what it stands on and beside.

    box          low and high corner: 99 % of its Gaussians along every axis
    centre       of the box
    foot         where it stands: the middle of the box's lower face, along the vertical
    footprint    the outline of what is above the ground, as corners on it; on the level of the foot without a ground
    seen         the share of its Gaussians that the photo saw
    touches      numbers of the things that are within a gap of 2 % of their distance from the photo's camera
    stands_on    "ground", the number of the thing it rests on, or null; "ground" too where the photo's lower edge cuts
                 it off above one
    in_front_of  numbers of those that it hides some of in the photo's view
    floating     the photo shows that it touches nothing and stands on nothing: neither a thing nor the rest holds it,
                 no edge of the photo cuts it off, nothing stands before it, and it is no scrap of something near

Places are in the scene's world, metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from jaxtyping import Int
from scipy.spatial import cKDTree

from gen3d.camera import Camera
from gen3d.edits import UP, Plane
from gen3d.geometry.edges import inverse_depth
from gen3d.geometry.ground_view import ground_of
from gen3d.splat.edited import BOX, foot_of
from gen3d.splat.gaussians import Gaussians, things_or_none
from gen3d.values import LAST_THING, NO_THING, RGBD, Kind

SOME = 1500
"""Gaussians of a thing that its neighbours are told by."""
GAP, ON_GROUND = 0.02, 0.03
"""What touches and what stands is so near, as shares of the distance from the camera."""
RESTS = 0.25
"""A thing rests on one that it touches if the lowest part of it, this share of its height, is what touches."""
SCRAP = 0.1
"""What has a smaller share of a near thing's Gaussians is a scrap of it. Chosen by eye."""
HELD = 0.05
"""Of its Gaussians are on a wall that holds it. Chosen by eye."""
CELLS = 96
"""Of the photo's longer side, in which what hides what is counted."""
FEWEST_CELLS = 3
EDGE = 0.01
"""Of the photo's height: what reaches so near to its lower edge is cut off by it."""
ROUNDED, PLANE_DIGITS = 4, 6
"""Digits after the point, of metres and of unit vectors. The ground is rounded before it is used, so that who reads it
again comes to the same."""


def ground_in(photo: RGBD) -> Plane | None:
    """The ground that a photo shows; None where none is found.

    Its inverse depth is linear in pixels, a u + b v + c; with u = (K X) / z that is n . X = 1.
    """
    near = ground_of(inverse_depth(photo.depth))
    if near is None or min(near.shape) < 2:
        return None
    a, b = float(near[0, 1] - near[0, 0]), float(near[1, 0] - near[0, 0])
    c = float(near[0, 0]) - 0.5 * (a + b)
    normal = photo.camera.K.T @ (a, b, c)
    length = np.linalg.norm(normal)
    if not length > 0:
        return None
    return Plane((-normal / length).round(PLANE_DIGITS), round(float(-1 / length), ROUNDED))


def things_of_scene(gaussians: Gaussians, photo: RGBD, names: Mapping[int, str] | None = None) -> dict[str, Any]:
    """All that things.json says of a scene as it was built, or as edits were baked into it. names: as they are kept."""
    kept = {"names": {str(n): name for n, name in names.items()}} if names else {}
    return things_told(gaussians, photo.camera, ground_in(photo), names) | kept | {"changes": []}


def plane_of(told: Mapping[str, Any]) -> Plane | None:
    """The ground, as things.json has it."""
    found = told.get("ground")
    return None if found is None else Plane(np.array(found["normal"]), found["offset"])


def things_told(
    gaussians: Gaussians, camera: Camera, ground: Plane | None, names: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """What things.json says, without changes. names: of those that have one; the others are called by their place."""
    up = np.array(UP) if ground is None else ground.normal
    of, means = things_or_none(gaussians).numpy(), gaussians.means.detach().numpy()
    which = _by_thing(of)
    own = {n: means[index].astype(np.float64) for n, index in which.items()}
    some = {n: xyz[:: len(xyz) // SOME + 1] for n, xyz in own.items()}
    kinds = None if gaussians.kinds is None else gaussians.kinds.numpy()
    told = [_alone(n, own[n], up, ground, None if kinds is None else kinds[which[n]]) for n in which]
    touching = _touching(some, camera)
    for thing in told:
        n = thing["id"]
        thing["touches"] = sorted(touching.get(n, ()))
        thing["stands_on"] = _stands_on(n, some, thing["touches"], camera, up, ground)
    _tell_hidden(told, own, camera)
    rest = means[(of == NO_THING) & (True if kinds is None else kinds == int(Kind.PHOTO))]
    covered = {n for thing in told for n in thing["in_front_of"]}
    for thing in told:
        n = thing["id"]
        held = thing["touches"] or thing["stands_on"] is not None or n in covered or _ends_at_frame(some[n], camera)
        thing["floating"] = not (held or _is_scrap(n, own, some) or _is_on(rest, some[n], camera))
    _name(told, camera, names or {})
    plane = None if ground is None else {"normal": _told(ground.normal, PLANE_DIGITS), "offset": ground.offset}
    return {"up": _told(up, PLANE_DIGITS), "ground": plane, "things": told}


def floating_told(things: Mapping[str, Any]) -> str | None:
    """A sentence on what hangs in the air; None where nothing does."""
    names = [thing["name"] for thing in things["things"] if thing["floating"]]
    if not names:
        return None
    return f"{', '.join(names)}: floating, as it seems, since nothing is under or beside it; look at it from aside."


def _by_thing(of: Int[np.ndarray, "n"]) -> dict[int, Int[np.ndarray, "m"]]:
    """Which Gaussians each thing has, in their order."""
    index = np.flatnonzero((of > 0) & (of <= LAST_THING))
    index = index[np.argsort(of[index], kind="stable")]
    numbers, starts = np.unique(of[index], return_index=True)
    return dict(zip(numbers.tolist(), np.split(index, starts[1:]), strict=True)) if len(numbers) else {}


def _alone(
    n: int, xyz: np.ndarray, up: np.ndarray, ground: Plane | None, kinds: np.ndarray | None
) -> dict[str, Any]:
    low, high = np.quantile(xyz, BOX, axis=0)
    foot = foot_of(xyz, up)
    level = float(foot @ up) if ground is None else ground.offset
    return {
        "id": n, "name": "", "count": len(xyz), "box": {"low": _told(low), "high": _told(high)},
        "centre": _told((low + high) / 2), "foot": _told(foot), "footprint": footprint_of(xyz, up, level, (low, high)),
        "seen": None if kinds is None else round(float((kinds <= Kind.PHOTO).mean()), 3),
    }  # fmt: skip


def footprint_of(
    xyz: np.ndarray, up: np.ndarray, level: float, box: tuple[np.ndarray, np.ndarray] | None = None
) -> list[list[float]]:
    """The convex outline seen from above, put on a level; box: its corners, where they are known already."""
    low, high = np.quantile(xyz, BOX, axis=0) if box is None else box
    across = np.linalg.svd(up[None])[2][1:]
    inside = xyz[((xyz >= low) & (xyz <= high)).all(axis=1)]
    flat = (inside if len(inside) else xyz) @ across.T
    hull = cv2.convexHull(flat.astype(np.float32))[:, 0]
    span = float(np.ptp(flat, axis=0).max())
    few = cv2.approxPolyDP(hull, 0.02 * span, True)[:, 0] if len(hull) > 3 else hull
    return [_told(corner @ across + level * up) for corner in few.astype(np.float64)]


def _touching(some: Mapping[int, np.ndarray], camera: Camera) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    trees = {n: cKDTree(xyz) for n, xyz in some.items()}
    numbers = list(some)
    for i, a in enumerate(numbers):
        for b in numbers[i + 1 :]:
            gap_m = GAP * min(_distance(some[a], camera), _distance(some[b], camera))
            if (some[a].min(axis=0) > some[b].max(axis=0) + gap_m).any():
                continue
            if (some[b].min(axis=0) > some[a].max(axis=0) + gap_m).any():
                continue
            if trees[a].query(some[b], distance_upper_bound=gap_m)[0].min() < np.inf:
                found.setdefault(a, set()).add(b)
                found.setdefault(b, set()).add(a)
    return found


def _distance(xyz: np.ndarray, camera: Camera) -> float:
    return float(np.median(np.linalg.norm(xyz - camera.center, axis=1)))


def _stands_on(
    n: int, some: Mapping[int, np.ndarray], touches: list[int], camera: Camera, up: np.ndarray, ground: Plane | None
) -> int | str | None:
    """What its lowest part touches: the ground, or the thing whose place there is lowest."""
    height = some[n] @ up
    low, high = np.quantile(height, BOX)
    near_m = ON_GROUND * _distance(some[n], camera)
    if ground is not None and (low - ground.offset < near_m or _is_cut_off(some[n], camera)):
        return "ground"
    lowest = some[n][height <= low + RESTS * (high - low)]
    gap_m, rests = GAP * _distance(some[n], camera), []
    for other in touches:
        apart, _ = cKDTree(some[other]).query(lowest, distance_upper_bound=gap_m)
        below = float(np.median(some[other] @ up))
        if np.isfinite(apart).any() and below < float(np.median(height)):
            rests.append((below, other))
    return min(rests)[1] if rests else None


def _is_cut_off(xyz: np.ndarray, camera: Camera) -> bool:
    """Whether it goes on below the photo's frame, where nobody saw what it stands on."""
    uv, z = camera.project(xyz)
    return bool((uv[z > 0, 1] > (1 - EDGE) * camera.height).any())


def _ends_at_frame(xyz: np.ndarray, camera: Camera) -> bool:
    """Whether it goes on beyond an edge of the photo, where nobody saw what it is fixed to."""
    uv, z = camera.project(xyz)
    edge = EDGE * camera.height
    near = (uv < edge).any(axis=1) | (uv > np.array([camera.width, camera.height]) - edge).any(axis=1)
    return bool(near[z > 0].any())


def _is_scrap(n: int, own: Mapping[int, np.ndarray], some: Mapping[int, np.ndarray]) -> bool:
    """Whether something far larger is nearer to it than it is large."""
    size_m = float(np.linalg.norm(np.subtract(*np.quantile(some[n], BOX, axis=0))))
    larger = [some[m] for m in own if SCRAP * len(own[m]) > len(own[n])]
    return any(cKDTree(xyz).query(some[n], distance_upper_bound=size_m)[0].min() < np.inf for xyz in larger)


def _is_on(rest: np.ndarray, xyz: np.ndarray, camera: Camera) -> bool:
    """Whether a share of it is on what is no thing: a wall that it hangs on."""
    gap_m = GAP * _distance(xyz, camera)
    near = rest[((rest > xyz.min(axis=0) - gap_m) & (rest < xyz.max(axis=0) + gap_m)).all(axis=1)]
    if not len(near):
        return False
    apart, _ = cKDTree(near).query(xyz, distance_upper_bound=gap_m)
    return bool(np.isfinite(apart).mean() > HELD)


def _tell_hidden(told: list[dict[str, Any]], own: Mapping[int, np.ndarray], camera: Camera) -> None:
    """Cell by cell of the photo's view: the nearest Gaussians of one thing stand before those of another."""
    nearest: dict[int, dict[int, float]] = {n: _by_cell(xyz, camera) for n, xyz in own.items()}
    for thing in told:
        mine = nearest[thing["id"]]
        thing["in_front_of"] = [
            n for n, theirs in nearest.items()
            if n != thing["id"] and sum(z < theirs[cell] for cell, z in mine.items() if cell in theirs) >= FEWEST_CELLS
        ]  # fmt: skip


def _by_cell(xyz: np.ndarray, camera: Camera) -> dict[int, float]:
    uv, z = camera.project(xyz)
    size = max(camera.width, camera.height) / CELLS
    inside = camera.frames(uv, z)
    cell: Int[np.ndarray, "n"] = (uv[inside] / size).astype(np.int64) @ (1, CELLS + 1)
    order = np.lexsort((z[inside], cell))
    first = np.unique(cell[order], return_index=True)[1]
    return dict(zip(cell[order][first].tolist(), z[inside][order][first].tolist(), strict=True))


def _name(told: list[dict[str, Any]], camera: Camera, names: Mapping[int, str]) -> None:
    """By place where nobody gave a name: front, middle or back third of the depth, left, right or neither."""
    centres = [np.array(thing["centre"]) for thing in told]
    if not told:
        return
    uv, z = camera.project(np.array(centres))
    ends = np.quantile(z, (1 / 3, 2 / 3))
    for thing, (u, _), depth in zip(told, uv, z, strict=True):
        deep = "front" if depth <= ends[0] else "middle" if depth <= ends[1] else "back"
        side = " left" if u < camera.width / 3 else " right" if u > 2 * camera.width / 3 else ""
        thing["name"] = names.get(thing["id"]) or f"thing {thing['id']}, {deep}{side}"


def _told(values: np.ndarray, digits: int = ROUNDED) -> list[float]:
    return [round(float(value), digits) + 0.0 for value in values]
