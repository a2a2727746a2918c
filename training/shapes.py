"""Triangle meshes of simple bodies, in their own coordinates: y down, standing on y = 0 unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.noise import Fractal


@dataclass(frozen=True, eq=False)
class Mesh:
    """vertices (n, 3), faces (m, 3). smooth: lit as a rounded body. at: where each vertex reads its texture."""

    vertices: np.ndarray
    faces: np.ndarray
    smooth: bool = False
    at: np.ndarray | None = None

    def moved(self, by=(0.0, 0.0, 0.0), turn: np.ndarray | None = None, scale=1.0) -> Mesh:
        """Scaled, then turned, then moved; the texture keeps to the body."""
        vertices = self.vertices * scale
        if turn is not None:
            vertices = vertices @ turn.T
        return Mesh(vertices + np.asarray(by), self.faces, self.smooth, self.texture_at)

    @property
    def texture_at(self) -> np.ndarray:
        """Where the vertices read their texture."""
        return self.vertices if self.at is None else self.at


def turned(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """The rotation about y, then x, then z (radians), as a matrix for column vectors."""
    (cy, cx, cz), (sy, sx, sz) = np.cos((yaw, pitch, roll)), np.sin((yaw, pitch, roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    return about_y @ about_x @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])


def joined(meshes: list[Mesh]) -> Mesh:
    """One mesh of many."""
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + start for m, start in zip(meshes, starts, strict=True)]),
        meshes[0].smooth,
        np.concatenate([m.texture_at for m in meshes]),
    )


def grid_faces(rows: int, columns: int) -> np.ndarray:
    """Two triangles a cell of a grid of vertices (row-major)."""
    i, j = np.mgrid[: rows - 1, : columns - 1]
    a = (i * columns + j).ravel()
    return np.concatenate([np.c_[a, a + 1, a + columns], np.c_[a + 1, a + columns + 1, a + columns]])


_CORNERS = np.array([[i, j, k] for i in (-0.5, 0.5) for j in (-1.0, 0.0) for k in (-0.5, 0.5)])
_SIDES = np.array([
    [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
    [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
])  # fmt: skip


def box(width: float, height: float, depth: float) -> Mesh:
    """A box standing on the ground, its foot centred."""
    return Mesh(_CORNERS * (width, height, depth), _SIDES)


def ball(radii=(1.0, 1.0, 1.0), detail: int = 10, rough: float = 0.0, rng: np.random.Generator | None = None) -> Mesh:
    """An ellipsoid around the origin; rough: how far its surface is dented, as a share of the radius."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, detail), np.linspace(0, 2 * np.pi, 2 * detail), indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    if rough:
        dents = Fractal(rng, 0.9, 3)
        unit = (
            unit
            * (1 + rough * (dents(unit[..., 0] + 2 * unit[..., 2], unit[..., 1] + unit[..., 2]) - 0.5) * 4)[..., None]
        )
    return Mesh((unit * radii).reshape(-1, 3), grid_faces(detail, 2 * detail), smooth=True)


def lathe(radii, heights, detail: int = 14, smooth: bool = True) -> Mesh:
    """A body of revolution about y: radius by height above the ground."""
    radii, heights = np.asarray(radii, float), np.asarray(heights, float)
    phi = np.linspace(0, 2 * np.pi, detail + 1)
    level = np.broadcast_to(-heights[:, None], (len(heights), detail + 1))
    points = np.stack([radii[:, None] * np.cos(phi), level, radii[:, None] * np.sin(phi)], -1)
    return Mesh(points.reshape(-1, 3), grid_faces(len(radii), detail + 1), smooth)


def tube(path, radii, detail: int = 7) -> Mesh:
    """A round tube along points; radii: one a point."""
    path, radii = np.asarray(path, float), np.broadcast_to(np.asarray(radii, float), len(path))
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    side = np.cross(along, np.where(np.abs(along[:, 1:2]) > 0.9, (1.0, 0, 0), (0, 1.0, 0)))
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    up, phi = np.cross(along, side), np.linspace(0, 2 * np.pi, detail + 1)[None, :, None]
    ring = np.cos(phi) * side[:, None] + np.sin(phi) * up[:, None]
    points = path[:, None] + radii[:, None, None] * ring
    return Mesh(points.reshape(-1, 3), grid_faces(len(path), detail + 1), smooth=True)


def gable(width: float, height: float, depth: float) -> Mesh:
    """A saddle roof over a rectangle; its ridge runs along z."""
    w, d = width / 2, depth / 2
    points = np.array([[-w, 0, -d], [w, 0, -d], [-w, 0, d], [w, 0, d], [0, -height, -d], [0, -height, d]])
    return Mesh(points, np.array([[0, 1, 4], [2, 5, 3], [0, 4, 5], [0, 5, 2], [1, 3, 5], [1, 5, 4]]))


def frustum(width: float, height: float, depth: float, top: float = 0.0, lift: float = 0.0, detail: int = 6) -> Mesh:
    """A hip roof: a rectangle narrowing to `top` of itself; lift: how far the eaves' corners curve up (metres)."""
    s = np.linspace(0, 1, detail)
    size = 1 - (1 - top) * s[:, None]
    t = np.linspace(-1, 1, 9)
    edge = np.concatenate([np.c_[t, -np.ones(9)], np.c_[np.ones(9), t], np.c_[-t, np.ones(9)], np.c_[-np.ones(9), -t]])
    corner = (np.abs(edge).min(axis=1) ** 3)[None]
    sag = -height * (s[:, None] ** (1.6 if lift else 1.0)) - lift * corner * (1 - s[:, None]) ** 2
    x, z = edge[:, 0] * width / 2 * size, edge[:, 1] * depth / 2 * size
    points = np.stack([x, np.broadcast_to(sag, x.shape), z], -1)
    return Mesh(points.reshape(-1, 3), grid_faces(detail, len(edge)))


def panel(width: float, height: float) -> Mesh:
    """An upright rectangle standing on the ground, facing -z."""
    w = width / 2
    return Mesh(np.array([[-w, -height, 0], [w, -height, 0], [-w, 0, 0], [w, 0, 0]]), np.array([[0, 1, 2], [1, 3, 2]]))


def floor(width: float, depth: float) -> Mesh:
    """A level rectangle around the origin."""
    w, d = width / 2, depth / 2
    return Mesh(np.array([[-w, 0, -d], [w, 0, -d], [-w, 0, d], [w, 0, d]]), np.array([[0, 1, 2], [1, 3, 2]]))


def prism(outline, depth: float) -> Mesh:
    """A convex-ish outline in x, y (a fan from its centre) drawn out along z, centred."""
    outline = np.asarray(outline, float)
    n, d = len(outline), depth / 2
    rim = np.concatenate([np.c_[outline, np.full(n, -d)], np.c_[outline, np.full(n, d)]])
    centres = np.r_[np.c_[outline.mean(0)[None], -d], np.c_[outline.mean(0)[None], d]]
    a = np.arange(n)
    b = (a + 1) % n
    side = np.concatenate([np.c_[a, b, a + n], np.c_[b, b + n, a + n]])
    caps = np.concatenate([np.c_[a, b, np.full(n, 2 * n)], np.c_[b + n, a + n, np.full(n, 2 * n + 1)]])
    return Mesh(np.concatenate([rim, centres]), np.concatenate([side, caps]))


def scatter(rng: np.random.Generator, centres: np.ndarray, size, flat: float = 0.0, long: float = 1.0) -> Mesh:
    """One small kite a centre, turned at random: leaves, petals, straw. flat: 1 lies level; long: length over width."""
    n = len(centres)
    u, v = rng.standard_normal((2, n, 3))
    u[:, 1] *= 1 - flat
    v[:, 1] *= 1 - flat
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v -= (u * v).sum(1, keepdims=True) * u
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    size = np.broadcast_to(np.asarray(size, float), n)[:, None] * rng.uniform(0.6, 1.4, (n, 1))
    points = np.stack([centres - u * size * long, centres + v * size, centres + u * size * long, centres - v * size], 1)
    quads = np.arange(n)[:, None] * 4
    faces = np.concatenate([quads + (0, 1, 2), quads + (0, 2, 3)])
    tones = np.repeat(centres + rng.uniform(-1, 1, (n, 3)), 4, 0) + (points - points.mean(1, keepdims=True)).reshape(
        -1, 3
    )
    return Mesh(points.reshape(-1, 3), faces, at=tones)


def blades(rng: np.random.Generator, feet: np.ndarray, height, lean: float = 0.35) -> Mesh:
    """One slender triangle a foot: grass, reeds."""
    n = len(feet)
    height = np.broadcast_to(np.asarray(height, float), n)[:, None] * rng.uniform(0.5, 1.3, (n, 1))
    side = rng.standard_normal((n, 3)) * (1, 0, 1)
    side *= 0.06 * height / (np.linalg.norm(side, axis=1, keepdims=True) + 1e-9)
    tip = feet + np.c_[rng.normal(0, lean, n) * height[:, 0], -height[:, 0], rng.normal(0, lean, n) * height[:, 0]]
    points = np.stack([feet - side, feet + side, tip], 1)
    tones = np.repeat(feet + rng.uniform(-1, 1, (n, 3)), 3, 0)
    return Mesh(points.reshape(-1, 3), np.arange(3 * n).reshape(n, 3), at=tones)
