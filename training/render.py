"""Ray-casts a world: linear light and exact labels for every pixel.

One ray a sample; for what it hits one ray to the sun or the nearest lamps, one into the open for the light from
around, and one mirrored where a surface shines. Labels come from the sample nearest to a pixel's centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from training.materials import Surface
from training.world import FIRST_THING, GROUND, Camera, World

SAMPLES = 1.5
"""Rays a pixel, along a side."""
LAMPS = 2
"""So many of the strongest lamps throw shadows; the others shine through everything."""
OFF = 2e-3
"""Rays start this far off a surface, in metres at one metre's distance."""
EDGE = 0.06
"""An occlusion edge is a step of depth beyond this share of the nearer depth that neither surface explains."""
MAX_THINGS = 255


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the camera sees, (h, w, ...), and the truth about it."""

    light: np.ndarray
    """(h, w, 3) linear."""
    flat: np.ndarray
    """(h, w, 3) linear: surface colours with little shading, as prints show them."""
    depth: np.ndarray
    """(h, w) metres along z, inf is sky."""
    normal: np.ndarray
    """(h, w, 3) camera axes, towards the camera, 0 in the sky."""
    thing: np.ndarray
    """(h, w) uint8: 0 none, else the instance."""
    ground: np.ndarray
    """(h, w) bool."""
    edge: np.ndarray
    """(h, w) bool: a surface ends before another."""
    fov_deg: float


class Geometry:
    """All bodies of a world as one soup of triangles that rays can ask."""

    def __init__(self, world: World):
        counts = [len(m.vertices) for m in world.meshes]
        starts = np.cumsum([0, *counts[:-1]])
        self.vertices = np.concatenate([m.vertices for m in world.meshes]).astype(np.float32)
        self.at = np.concatenate([m.texture_at for m in world.meshes]).astype(np.float32)
        self.faces = np.concatenate([m.faces + s for m, s in zip(world.meshes, starts, strict=True)]).astype(np.int32)
        faces = [len(m.faces) for m in world.meshes]
        unique: dict[int, int] = {}
        numbers = [unique.setdefault(id(m), len(unique)) for m in world.materials]
        self.materials = list({id(m): m for m in world.materials}.values())
        self.material = np.repeat(numbers, faces)
        self.thing = np.repeat(world.things, faces)
        self.smooth = np.repeat([m.smooth for m in world.meshes], faces)
        corners = self.vertices[self.faces]
        self.normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self._round = self._vertex_normals()
        self._scene = EmbreeScene()
        TriangleMesh(self._scene, np.ascontiguousarray(corners))

    def _vertex_normals(self) -> np.ndarray:
        total, some = np.zeros_like(self.vertices), self.faces[self.smooth]
        for k in range(3):
            for axis in range(3):
                weight = self.normals[self.smooth, axis]
                total[:, axis] += np.bincount(some[:, k], weight, len(total)).astype(np.float32)
        return total

    def cast(self, origins: np.ndarray, directions: np.ndarray) -> dict[str, np.ndarray]:
        """The nearest hit of each ray: primID (-1: none), tfar, u, v."""
        rays = [np.ascontiguousarray(r, np.float32) for r in (origins, directions)]
        return self._scene.run(*rays, output=True)

    def surface(self, hits: dict[str, np.ndarray], which: np.ndarray, directions: np.ndarray, pixel: float) -> Surface:
        """The points hit by `which` rays; pixel: the angle a sample spans."""
        face = hits["primID"][which]
        b, c = (hits[k][which][:, None].astype(np.float32) for k in "uv")
        i, j, k = self.faces[face].T

        def inside(values: np.ndarray) -> np.ndarray:
            return values[i] * (1 - b - c) + values[j] * b + values[k] * c

        at = np.abs(np.cross(self.at[j] - self.at[i], self.at[k] - self.at[i]))
        true = _unit(self.normals[face])
        normal = np.where(self.smooth[face][:, None], _unit(inside(self._round)), true)
        seen = directions[which]
        normal = normal * np.where((true * seen).sum(1, keepdims=True) > 0, -1, 1)
        facing = np.where((normal * seen).sum(1, keepdims=True) > 0.0)[0]
        normal[facing] -= 1.01 * (normal[facing] * seen[facing]).sum(1, keepdims=True) * seen[facing]
        away = hits["tfar"][which] * pixel / np.clip(-(normal * seen).sum(1), 0.2, 1)
        return Surface(inside(self.at), at.argmax(1), inside(self.vertices), _unit(normal), away)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def rays(camera: Camera, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit directions (n, 3) in the world through the pixels' centres, and z per unit of length (n,)."""
    focal = max(width, height) / 2 / np.tan(np.radians(camera.fov_deg) / 2)
    v, u = np.mgrid[:height, :width] + 0.5
    directions = np.stack([(u - width / 2) / focal, (v - height / 2) / focal, np.ones_like(u)], -1).reshape(-1, 3)
    along = 1 / np.linalg.norm(directions, axis=1)
    return ((directions * along[:, None]) @ camera.turn.T).astype(np.float32), along


def render(world: World, width: int, height: int) -> Drawn:
    """Draws a world. Raises ValueError for one without bodies."""
    w, h = round(width * SAMPLES), round(height * SAMPLES)
    geometry = Geometry(world)
    directions, along = rays(world.camera, w, h)
    origins = np.broadcast_to(np.asarray(world.camera.at, np.float32), directions.shape)
    pixel = 2 * np.tan(np.radians(world.camera.fov_deg) / 2) / max(w, h)
    hits = geometry.cast(origins, directions)
    light, flat, normal = _shade(world, geometry, hits, directions, pixel, mirrors=1)
    hit = hits["primID"] >= 0
    depth = np.where(hit, hits["tfar"] * along, np.inf).astype(np.float32)
    thing = np.where(hit, geometry.thing[hits["primID"]], GROUND + 1)
    labels = [_nearest(a.reshape(h, w, -1), width, height) for a in (depth, normal @ world.camera.turn, thing, hit)]
    depth, normal, thing, hit = labels[0][..., 0], labels[1], labels[2][..., 0], labels[3][..., 0].astype(bool)
    return Drawn(
        _mean(light.reshape(h, w, 3), width, height),
        _mean(flat.reshape(h, w, 3), width, height),
        depth,
        normal,
        _numbered(thing),
        hit & (thing == GROUND),
        occlusion_edges(depth, normal, world.camera),
        world.camera.fov_deg,
    )


def _mean(samples: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(np.clip(samples, 0, 8).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)


def _nearest(samples: np.ndarray, width: int, height: int) -> np.ndarray:
    picked = cv2.resize(samples.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return picked.reshape(height, width, -1)


def _numbered(thing: np.ndarray) -> np.ndarray:
    """Things by the room they take up in the picture, from 1; the smallest beyond MAX_THINGS are none."""
    ids, inverse, counts = np.unique(thing.astype(int), return_inverse=True, return_counts=True)
    rank = np.zeros(len(ids), int)
    order = [i for i in np.argsort(-counts, kind="stable") if ids[i] >= FIRST_THING]
    rank[order[:MAX_THINGS]] = np.arange(1, len(order[:MAX_THINGS]) + 1)
    return rank[inverse].reshape(thing.shape).astype(np.uint8)


def occlusion_edges(depth: np.ndarray, normal: np.ndarray, camera: Camera) -> np.ndarray:
    """Pixels to either side of a step in depth that the planes of neither side explain, and the rim of the sky."""
    h, w = depth.shape
    focal = max(w, h) / 2 / np.tan(np.radians(camera.fov_deg) / 2)
    v, u = np.mgrid[:h, :w] + 0.5
    ray = np.stack([(u - w / 2) / focal, (v - h / 2) / focal, np.ones_like(u)], -1)
    facing = (normal * ray).sum(-1)
    edge = np.zeros((h, w), bool)
    for a, b in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        with np.errstate(invalid="ignore"):
            expected_b = depth[a] * facing[a] / np.minimum((normal[a] * ray[b]).sum(-1), -1e-6)
            expected_a = depth[b] * facing[b] / np.minimum((normal[b] * ray[a]).sum(-1), -1e-6)
            off = np.fmin(np.abs(expected_b - depth[b]), np.abs(expected_a - depth[a]))
            nearer = np.fmin(depth[a], depth[b])
            step = (off > EDGE * nearer) & (np.abs(depth[a] - depth[b]) > EDGE * nearer)
        step |= np.isinf(depth[a]) != np.isinf(depth[b])
        edge[a] |= step
        edge[b] |= step
    return edge


def _shade(world: World, geometry: Geometry, hits, directions, pixel: float, mirrors: int):
    """Light, flat colour and normal (n, 3) of each ray."""
    hit = np.flatnonzero(hits["primID"] >= 0)
    light = _open_light(world, directions)
    flat, normal = light.copy(), np.zeros_like(light)
    if not len(hit):
        return light, flat, normal
    surface = geometry.surface(hits, hit, directions, pixel)
    colour, tipped, shine, glow = _look(geometry, geometry.material[hits["primID"][hit]], surface)
    received = _received(world, geometry, surface, tipped, hits["tfar"][hit])
    shaded = colour * (received + glow[:, None])
    even = received.mean()
    flat_colour = colour * (0.75 * even + 0.25 * received + glow[:, None])
    if mirrors and (shine > 0).any():
        shaded = _mirrored(world, geometry, surface, tipped, shine, directions[hit], pixel, shaded)
    air = np.exp(-hits["tfar"][hit] / world.fog_m)[:, None]
    haze = world.haze if world.haze is not None else (world.sky.haze if world.sky else np.zeros(3))
    light[hit] = shaded * air + haze * (1 - air)
    flat[hit] = flat_colour * air + haze * (1 - air)
    normal[hit] = surface.normal
    return light, flat, normal


def _open_light(world: World, directions: np.ndarray) -> np.ndarray:
    if world.sky is None:
        return np.zeros(directions.shape, np.float32)
    return world.sky.light(directions).astype(np.float32)


def _look(geometry: Geometry, material: np.ndarray, surface: Surface):
    """Colour, bumpy normal, shine and glow of each point, material by material."""
    n = len(material)
    colour, tipped = np.empty((2, n, 3), np.float32)
    shine, glow = np.empty((2, n), np.float32)
    order = np.argsort(material, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(material[order])) + 1):
        look, here = geometry.materials[material[some[0]]], surface[some]
        colour[some], tipped[some] = look.colour(here), look.tipped(here)
        shine[some], glow[some] = look.shine, look.glow
    return colour, tipped, shine, glow


def _received(world: World, geometry: Geometry, surface: Surface, normal: np.ndarray, away: np.ndarray) -> np.ndarray:
    """The light that falls on each point (n, 3)."""
    start = surface.point + surface.normal * (OFF * np.maximum(away, 0.3))[:, None]
    total = _from_around(world, geometry, start, normal)
    if world.sky is not None:
        facing = np.clip(normal @ world.sky.sun, 0, 1)
        lit = np.flatnonzero(facing > 0)
        free = geometry.cast(start[lit], np.broadcast_to(world.sky.sun, (len(lit), 3)))["primID"] < 0
        total[lit] += world.sky.sunlight * (facing[lit] * free)[:, None]
    lamps = sorted(world.lamps, key=lambda lamp: -float(lamp.colour.sum()))
    for k, lamp in enumerate(lamps):
        total += _from_lamp(geometry, start, normal, lamp, shadows=k < LAMPS)
    return total


def _from_around(world: World, geometry: Geometry, start: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """One ray into the half-space before each point (cosine-weighted): the sky's light, or a share if blocked."""
    out = _unit(_unit(world.rng.standard_normal(start.shape, np.float32)) + normal * np.float32(1.001))
    hits = geometry.cast(start, out)
    free = hits["primID"] < 0
    if world.sky is None:
        near = np.where(free, 1.0, np.clip(hits["tfar"] / 1.2, 0, 1))
        return world.ambient * (0.25 + 0.75 * near)[:, None]
    sky = world.sky.around(out)
    ground = out[:, 1] > 0
    bounced = 0.35 + 0.35 * np.clip(hits["tfar"] / 5, 0, 1)
    mean = sky.mean(0)
    share = np.where(free & ~ground, 1.0, np.where(free, 0.3, bounced * 0.55))[:, None]
    return np.where((free & ~ground)[:, None], sky, mean) * share


def _from_lamp(geometry: Geometry, start: np.ndarray, normal: np.ndarray, lamp, shadows: bool) -> np.ndarray:
    to = np.asarray(lamp.at) - start
    away = np.linalg.norm(to, axis=1)
    to = to / away[:, None]
    strength = np.clip((normal * to).sum(1), 0, 1) / np.maximum(away, 0.4) ** 2
    if shadows:
        lit = np.flatnonzero(strength > 1e-4)
        hits = geometry.cast(start[lit], to[lit])
        blocked = (hits["primID"] >= 0) & (hits["tfar"] < away[lit] - 0.12)
        strength[lit[blocked]] = 0
    return strength[:, None] * lamp.colour


def _mirrored(world, geometry, surface, tipped, shine, seen, pixel, shaded) -> np.ndarray:
    """What shining surfaces mirror, more at a flat angle (Schlick 1994), over their own colour."""
    some = np.flatnonzero(shine > 0)
    normal, ray = tipped[some], seen[some]
    facing = np.clip(-(normal * ray).sum(1, keepdims=True), 0, 1)
    out = ray + 2 * facing * normal
    into = np.minimum((out * surface.normal[some]).sum(1, keepdims=True), 0)
    out = _unit(out - 2 * into * surface.normal[some])
    start = surface.point[some] + surface.normal[some] * OFF * 5
    hits = geometry.cast(start, out)
    light, _, _ = _shade(world, geometry, hits, out, pixel * 2, mirrors=0)
    share = (
        shine[some][:, None] + (1 - shine[some][:, None]) * (1 - facing) ** 5 * np.minimum(1, 4 * shine[some])[:, None]
    )
    shaded = shaded.copy()
    shaded[some] = shaded[some] * (1 - share) + light * share
    return shaded
