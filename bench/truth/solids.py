"""Triangle meshes to model with: metres, y up, outsides counter-clockwise; uv in metres where a surface is flat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False, slots=True)
class Solid:
    """A mesh, and whether it is shaded as a smooth one."""

    xyz: Float[np.ndarray, "n 3"]
    uv: Float[np.ndarray, "n 2"]
    faces: Int[np.ndarray, "m 3"]
    smooth: bool = False

    def at(self, x: float = 0, y: float = 0, z: float = 0) -> Solid:
        """Moved."""
        return Solid(self.xyz + np.array([x, y, z]), self.uv, self.faces, self.smooth)

    def turned(self, yaw: float = 0, pitch: float = 0, roll: float = 0) -> Solid:
        """Turned about z by roll, then about x by pitch, then about y by yaw, degrees."""
        return Solid(
            self.xyz @ (_about(1, yaw) @ _about(0, pitch) @ _about(2, roll)).T, self.uv, self.faces, self.smooth
        )

    def sized(self, x: float, y: float | None = None, z: float | None = None) -> Solid:
        """Scaled about the origin; by x in all directions where that alone is given."""
        factor = np.array([x, x if y is None else y, x if z is None else z])
        return Solid(self.xyz * factor, self.uv, self.faces, self.smooth)


def _about(axis: int, degrees: float) -> np.ndarray:
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    turn[a, a], turn[a, b], turn[b, a], turn[b, b] = c, -s, s, c
    return turn


def together(solids: Sequence[Solid]) -> Solid:
    """One mesh of several."""
    starts = np.cumsum([0, *(len(s.xyz) for s in solids[:-1])])
    faces = np.concatenate([s.faces + start for s, start in zip(solids, starts, strict=True)])
    xyz, uv = np.concatenate([s.xyz for s in solids]), np.concatenate([s.uv for s in solids])
    return Solid(xyz, uv, faces, solids[0].smooth)


def sheet(at: Callable[[np.ndarray, np.ndarray], tuple], columns: int, rows: int, repeat: tuple = (1, 1)) -> Solid:
    """The surface (x, y, z) = at(u, v) over the unit square; its outside is where u to the right and v up are."""
    u, v = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    xyz = np.stack(np.broadcast_arrays(*at(u, v)), -1).reshape(-1, 3).astype(float)
    corner = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    right, up = corner + 1, corner + columns + 1
    faces = np.concatenate([np.stack([corner, right, up + 1], 1), np.stack([corner, up + 1, up], 1)])
    return Solid(xyz, np.stack([u.ravel() * repeat[0], v.ravel() * repeat[1]], 1), faces, smooth=True)


def floor(width: float, depth: float, y: float = 0.0) -> Solid:
    """A level rectangle around the origin, seen from above."""
    return sheet(lambda u, v: ((u - 0.5) * width, y, (0.5 - v) * depth), 1, 1, (width, depth))


def wall(width: float, height: float) -> Solid:
    """An upright rectangle on the origin that faces +z."""
    return sheet(lambda u, v: ((u - 0.5) * width, v * height, 0), 1, 1, (width, height))


def box(width: float, height: float, depth: float) -> Solid:
    """A box that stands on the origin."""
    front = wall(width, height)
    side = wall(depth, height)
    lid = floor(width, depth)
    return together([
        front.at(z=depth / 2), front.turned(180).at(z=-depth / 2), side.turned(90).at(x=width / 2),
        side.turned(-90).at(x=-width / 2), lid.at(y=height), lid.turned(roll=180),
    ])  # fmt: skip


def cushion(width: float, height: float, depth: float, radius: float, cells: int = 8) -> Solid:
    """A box with rounded edges that stands on the origin."""
    half = np.array([width, height, depth]) / 2
    inner = np.maximum(half - radius, 0)
    fine = np.sin(np.linspace(-np.pi / 2, np.pi / 2, cells + 1)) / 2 + 0.5  # denser towards the edges

    def face(u: np.ndarray, v: np.ndarray) -> tuple:
        a, b = np.interp(u, np.linspace(0, 1, cells + 1), fine), np.interp(v, np.linspace(0, 1, cells + 1), fine)
        return 2 * a - 1, 2 * b - 1, 1.0

    one = sheet(face, cells, cells)
    sides = [one.turned(yaw) for yaw in (0, 90, 180, 270)] + [one.turned(pitch=90), one.turned(pitch=-90)]
    mesh = together(sides)
    core = np.clip(mesh.xyz * half, -inner, inner)
    away = mesh.xyz * half - core
    length = np.linalg.norm(away, axis=1, keepdims=True)
    xyz = core + np.minimum(radius, half.min()) * away / np.maximum(length, 1e-9) + [0, half[1], 0]
    return Solid(xyz, mesh.uv * max(width, height), mesh.faces, smooth=True)


def lathe(profile: Sequence[tuple[float, float]], around: int = 48, smooth: bool = True) -> Solid:
    """The outline (radius, height), from bottom to top, turned about y."""
    radius, height = np.array(profile, float).T
    along = np.linspace(0, 1, len(radius))

    def at(u: np.ndarray, v: np.ndarray) -> tuple:
        r, y = np.interp(v, along, radius), np.interp(v, along, height)
        return r * np.sin(2 * np.pi * u), y, r * np.cos(2 * np.pi * u)

    mesh = sheet(at, around, len(radius) - 1)
    a, b, c = mesh.xyz[mesh.faces.T]
    whole = np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-12  # at a pole half of them are lines, without a normal
    return Solid(mesh.xyz, mesh.uv, mesh.faces[whole], smooth)


def ball(radius: float, around: int = 40) -> Solid:
    """A sphere around the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, around // 2 + 1)
    return lathe([(radius * max(np.cos(a), 0), radius * np.sin(a)) for a in angle], around)


def tube(points: Sequence[Sequence[float]], radius: float | Sequence[float], around: int = 8) -> Solid:
    """A round bar along points; radius: one for all, or one a point."""
    path = np.asarray(points, float)
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    up = np.where(np.abs(ahead[:, 1:2]) > 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    side = np.cross(up, ahead)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(ahead, side)
    radii = np.broadcast_to(np.asarray(radius, float), len(path))
    ring = 2 * np.pi * np.arange(around + 1) / around
    offset = np.cos(ring)[None, :, None] * side[:, None] + np.sin(ring)[None, :, None] * other[:, None]
    xyz = path[:, None] + radii[:, None, None] * offset
    mesh = sheet(lambda u, v: (u, v, 0), around, len(path) - 1)
    return Solid(xyz.reshape(-1, 3), mesh.uv, mesh.faces, smooth=True)


def bar(a: Sequence[float], b: Sequence[float], radius: float, around: int = 8) -> Solid:
    """A straight one."""
    return tube([a, b], radius, around)


def rough(solid: Solid, amount: float, size: float, rng: np.random.Generator) -> Solid:
    """The solid pushed about by smooth noise: `amount` metres at most, in waves about `size` long."""
    moved = np.zeros_like(solid.xyz)
    for octave in range(3):
        wave = rng.normal(size=(6, 3)) * 2 * np.pi / size * 2**octave / 2
        phase, direction = rng.uniform(0, 2 * np.pi, 6), rng.normal(size=(6, 3))
        moved += (np.sin(solid.xyz @ wave.T + phase) @ direction) * amount / 6 / 2**octave
    return Solid(solid.xyz + moved, solid.uv, solid.faces, solid.smooth)


def leaves(centres: Float[np.ndarray, "n 3"], length: float, rng: np.random.Generator, droop: float = 0.3) -> Solid:
    """A pointed leaf at each place, turned at random; each has a texel of its own."""
    n = len(centres)
    along = rng.normal(size=(n, 3)) - [0, droop, 0]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, rng.normal(size=(n, 3)))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    size = length * rng.uniform(0.6, 1.2, (n, 1))
    corners = [np.zeros((n, 3)), 0.45 * size * along + 0.28 * size * side, size * along,
               0.45 * size * along - 0.28 * size * side]  # fmt: skip
    xyz = (np.stack(corners, 1) + centres[:, None]).reshape(-1, 3)
    uv = np.repeat(rng.uniform(0, 1, (n, 2)), 4, axis=0)
    first = 4 * np.arange(n)[:, None]
    faces = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]])
    return Solid(xyz, uv, faces)


def cloud(n: int, size: Sequence[float], rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    """Places in an ellipsoid of these half axes, denser towards its outside, as leaves in a crown."""
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return direction * rng.uniform(0.45, 1, (n, 1)) ** 0.6 * np.asarray(size)
