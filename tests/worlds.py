"""Small worlds with exact answers: every colour and every depth is computed per ray, so a test knows the truth.

A world is surfaces (what stays) plus occluders (what a background fill has to imagine away). `view` renders both,
`hidden` renders the surfaces alone, `foreground` tells where an occluder is seen. Units are metres; `scale=100` makes
the same place a hundred times larger, and a camera moved a hundred times further then sees the same picture.

    world = box_room(scale=0.1)
    camera = world.camera(128, 96)          # at the origin, looking along +z
    rgbd, truth = world.view(camera), world.hidden(camera)
    moved = world.view(world.moved(camera, right=0.3))
    noisy = NoisyDepth(seed=1)(rgbd.depth, view=0)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bench.noisy import NoisyDepth as NoisyDepth
from gen3d.camera import Camera
from gen3d.values import RGBD

NEAR = 1e-6
"""A hit nearer than this (in world units before scaling) is the surface the ray started on."""


class Surface(Protocol):
    """Anything a ray can meet."""

    tint: tuple[float, float, float]

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """The smallest t > 0 with origin + t ray on the surface, inf where there is none; rays [n 3] -> [n]."""
        ...


@dataclass(frozen=True)
class Plane:
    """All points with normal . x = offset."""

    normal: tuple[float, float, float]
    offset: float
    tint: tuple[float, float, float] = (0.6, 0.55, 0.5)

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        slope = rays @ np.asarray(self.normal)
        gap = self.offset - origin @ np.asarray(self.normal)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = gap / slope
        return np.where(t > NEAR, t, np.inf)


@dataclass(frozen=True)
class Sphere:
    """A ball seen from outside."""

    center: tuple[float, float, float]
    radius: float
    tint: tuple[float, float, float] = (0.75, 0.35, 0.3)

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        to_center = np.asarray(self.center) - origin
        a, b = np.sum(rays * rays, axis=-1), rays @ to_center
        root = b * b - a * (to_center @ to_center - self.radius**2)
        t = (b - np.sqrt(np.maximum(root, 0))) / a
        return np.where((root > 0) & (t > NEAR), t, np.inf)


@dataclass(frozen=True)
class Box:
    """An axis-aligned box; from outside its front is seen, from inside (a room) its walls."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    tint: tuple[float, float, float] = (0.35, 0.5, 0.7)

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        safe = np.where(np.abs(rays) < 1e-12, 1e-12, rays)
        t_low, t_high = (np.asarray(self.low) - origin) / safe, (np.asarray(self.high) - origin) / safe
        enter, leave = np.minimum(t_low, t_high).max(axis=-1), np.maximum(t_low, t_high).min(axis=-1)
        t = np.where(enter > NEAR, enter, leave)
        return np.where((enter < leave) & (t > NEAR), t, np.inf)


@dataclass(frozen=True)
class AnalyticWorld:
    """Surfaces and occluders around a camera at the origin that looks along +z."""

    name: str
    surfaces: tuple[Surface, ...]
    occluders: tuple[Surface, ...] = ()
    scale: float = 1.0
    fov_deg: float = 60.0

    def camera(self, width: int = 128, height: int = 96) -> Camera:
        """The first camera: the origin, along +z."""
        return Camera.from_fov(self.fov_deg, width, height)

    def moved(self, camera: Camera, right: float = 0.0, down: float = 0.0, forward: float = 0.0) -> Camera:
        """`camera` shifted along its own axes, in metres of the unscaled world."""
        c2w = camera.c2w
        c2w[:3, 3] += c2w[:3, :3] @ np.array([right, down, forward]) * self.scale
        return camera.posed(c2w)

    def view(self, camera: Camera, supersample: int = 1) -> RGBD:
        """What the camera sees; depth is exact at pixel centres, colour is the mean of supersample^2 rays."""
        return self._render(self.surfaces + self.occluders, camera, supersample)

    def hidden(self, camera: Camera, supersample: int = 1) -> RGBD:
        """What the camera would see if the occluders were gone."""
        return self._render(self.surfaces, camera, supersample)

    def foreground(self, camera: Camera) -> np.ndarray:
        """True where the ray through the pixel centre meets an occluder first."""
        _, depth, nearest = self._cast(self.surfaces + self.occluders, camera)
        return (nearest >= len(self.surfaces)) & np.isfinite(depth)

    def _render(self, surfaces: tuple[Surface, ...], camera: Camera, supersample: int) -> RGBD:
        image, depth, _ = self._cast(surfaces, camera)
        if supersample > 1:
            fine = camera.resized(camera.width * supersample, camera.height * supersample)
            rgb = self._cast(surfaces, fine)[0]
            blocks = rgb.reshape(camera.height, supersample, camera.width, supersample, 3)
            image = blocks.mean(axis=(1, 3))
        return RGBD(image.astype(np.float32), depth.astype(np.float32), camera)

    def _cast(self, surfaces: tuple[Surface, ...], camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colour [h w 3], depth [h w] and the index of the surface met; a ray of z = 1 has t = depth."""
        origin = camera.center / self.scale
        rays = (camera.rays() @ camera.c2w[:3, :3].T).reshape(-1, 3)
        hits = np.stack([surface.hit(origin, rays) for surface in surfaces])
        nearest = hits.argmin(axis=0)
        t = hits.min(axis=0)
        tint = np.array([surface.tint for surface in surfaces])[nearest]
        xyz = origin + np.where(np.isfinite(t), t, 0)[:, None] * rays
        rgb = np.where(np.isfinite(t)[:, None], paint(xyz, tint, nearest), sky(rays))
        shape = (camera.height, camera.width)
        return rgb.reshape(*shape, 3), (t * self.scale).reshape(shape), nearest.reshape(shape)


def paint(xyz: np.ndarray, tint: np.ndarray, which: np.ndarray) -> np.ndarray:
    """A smooth texture that is a function of the place alone, so that every view agrees; it calms down far away."""
    x, y, z = xyz.T
    broad = np.sin(2.1 * x + 1.3 * y + which) * np.cos(1.7 * z - 0.9 * y + 2 * which)
    fine = np.sin(9 * x + 4 * z) * np.sin(8 * y + 5 * z + which)
    calm = 1 / (1 + np.sum(xyz**2, axis=-1) / 15**2)
    swing = np.stack([0.7 * broad + 0.5 * fine, 0.9 * broad - 0.3 * fine, 0.5 * fine - 0.6 * broad], axis=-1)
    return np.clip(tint + 0.2 * calm[:, None] * swing, 0.02, 0.98)


def sky(rays: np.ndarray) -> np.ndarray:
    """A gradient from pale at the horizon to blue overhead (up is -y)."""
    up = np.clip(-rays[:, 1:2] / np.linalg.norm(rays, axis=-1, keepdims=True), 0, 1)
    return np.array([0.85, 0.9, 0.95]) * (1 - up) + np.array([0.3, 0.5, 0.85]) * up


# -- the worlds ------------------------------------------------------------------------------------------------------


def tilted_plane(scale: float = 1.0, slope: float = 0.3) -> AnalyticWorld:
    """One plane z = 3 + slope x; no occluder. Along the ray (x, y, 1) the depth is 3 / (1 - slope x)."""
    return AnalyticWorld("tilted plane", (Plane((-slope, 0.0, 1.0), 3.0),), scale=scale)


def sphere_over_plane(scale: float = 1.0) -> AnalyticWorld:
    """A ball of radius 0.5 at (0.1, 0, 2) before the wall z = 4."""
    return AnalyticWorld("sphere over plane", (Plane((0.0, 0.0, 1.0), 4.0),), (Sphere((0.1, 0.0, 2.0), 0.5),), scale)


def box_room(scale: float = 1.0, occluders: int = 2) -> AnalyticWorld:
    """The inside of a 5 x 2.8 x 6 m room with up to two boxes on its floor (y = 1.4); the camera stands in it."""
    room = Box((-2.5, -1.4, -1.0), (2.5, 1.4, 5.0), (0.65, 0.6, 0.5))
    boxes = (
        Box((-1.13, 0.11, 2.2), (-0.42, 1.4, 2.9), (0.3, 0.45, 0.7)),
        Box((0.52, -0.31, 3.0), (1.33, 1.4, 3.6), (0.7, 0.35, 0.3)),
    )
    return AnalyticWorld("box room", (room,), boxes[:occluders], scale)


def pole_before_wall(scale: float = 1.0, width_px: float = 2.0, image_width: int = 128) -> AnalyticWorld:
    """A pole from floor to ceiling at z = 2 before the wall z = 4, `width_px` wide in a picture `image_width` wide."""
    focal_px = 0.5 * image_width / np.tan(np.radians(60.0) / 2)
    half = width_px * 2.0 / focal_px / 2
    pole = Box((-half, -50.0, 2.0), (half, 50.0, 2.0 + half), (0.2, 0.25, 0.2))
    return AnalyticWorld("pole before wall", (Plane((0.0, 0.0, 1.0), 4.0),), (pole,), scale)


def ground_and_sky(scale: float = 1.0) -> AnalyticWorld:
    """The plane y = 1.6 under an open sky (depth inf), with a ball standing on it at z = 5."""
    ground = Plane((0.0, 1.0, 0.0), 1.6, (0.45, 0.55, 0.3))
    return AnalyticWorld("ground and sky", (ground,), (Sphere((-0.6, 0.6, 5.0), 1.0),), scale)


WORLDS: tuple[Callable[..., AnalyticWorld], ...] = (
    tilted_plane,
    sphere_over_plane,
    box_room,
    pole_before_wall,
    ground_and_sky,
)
