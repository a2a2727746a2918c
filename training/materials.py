"""What a surface looks like: its colour by place, its bumps, its shine, the light it gives off.

A material answers for many hit points at once. Textures lie on bodies box-wise: each point reads the two of its own
coordinates that the surface faces, from the level of the texture's pyramid that fits a pixel there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np

from training.noise import tile
from training.textures import Texture


@dataclass(frozen=True, eq=False)
class Surface:
    """n points that rays hit. Lengths in metres, directions of length 1."""

    at: np.ndarray
    """(n, 3) on the body, where its texture is read."""
    axis: np.ndarray
    """(n,) the coordinate that the surface faces there: 0, 1 or 2."""
    point: np.ndarray
    """(n, 3) in the world."""
    normal: np.ndarray
    """(n, 3) towards the camera."""
    footprint: np.ndarray
    """(n,) how wide a pixel is there."""

    def __getitem__(self, some: np.ndarray) -> Surface:
        return Surface(self.at[some], self.axis[some], self.point[some], self.normal[some], self.footprint[some])


class Pyramid:
    """A texture and its reductions by two, read bilinearly."""

    def __init__(self, texture: Texture | np.ndarray):
        self.levels = [np.ascontiguousarray(np.asarray(texture), np.float32)]
        while min(self.levels[-1].shape[:2]) > 4:
            h, w = self.levels[-1].shape[:2]
            self.levels.append(cv2.resize(self.levels[-1], (w // 2, h // 2), interpolation=cv2.INTER_AREA))

    def read(self, u: np.ndarray, v: np.ndarray, footprint: np.ndarray) -> np.ndarray:
        """Colours (n, 3); u, v and footprint in tiles."""
        texels = footprint * self.levels[0].shape[0]
        level = np.clip(np.log2(np.maximum(texels, 1e-6)), 0, len(self.levels) - 1).astype(int)
        out = np.empty((len(u), 3), np.float32)
        for i in np.flatnonzero(np.bincount(level, minlength=1)):
            here = level == i
            out[here] = self._bilinear(self.levels[i], u[here], v[here])
        return out

    @staticmethod
    def _bilinear(texture: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        h, w = texture.shape[:2]
        x, y = u % 1 * w, v % 1 * h
        x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
        fx, fy = (x - x0)[:, None].astype(np.float32), (y - y0)[:, None].astype(np.float32)
        x0, y0, x1, y1 = x0 % w, y0 % h, (x0 + 1) % w, (y0 + 1) % h
        top = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx
        return top * (1 - fy) + (texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx) * fy


@dataclass(frozen=True, eq=False)
class Material:
    """A textured surface."""

    texture: Texture | np.ndarray | None = None
    """sRGB (t, t, 3), or None for one colour."""
    size_m: float = 1.0
    """One tile of the texture is this long."""
    tint: np.ndarray = field(default_factory=lambda: np.ones(3, np.float32))
    """sRGB; multiplies the texture."""
    bump: float = 0.0
    """How far the bumps tip the surface (tangent of the angle)."""
    shine: float = 0.0
    """The share of light mirrored when looked at straight on."""
    glow: float = 0.0
    """The light given off, as a multiple of the colour."""
    wild: bool = False
    """True for ground: the texture is laid twice, large over small and askew, so that it does not repeat."""
    _pyramid: list = field(default_factory=list)

    def colour(self, surface: Surface) -> np.ndarray:
        """Reflectance (n, 3), linear."""
        if self.texture is None:
            return np.broadcast_to(self.tint, surface.at.shape) ** 2.2
        if not self._pyramid:
            self._pyramid.append(Pyramid(self.texture))
        u, v = box_coordinates(surface)
        texels = self._pyramid[0].read(u / self.size_m, v / self.size_m, surface.footprint / self.size_m)
        for size_m in (self.size_m * 4.7, self.size_m * 31) if self.wild else ():
            over = self._pyramid[0].read((u + 0.6 * v) / size_m, (v - 0.6 * u) / size_m, surface.footprint / size_m)
            texels = 0.5 * (texels + over) + 0.35 * (over - self._pyramid[0].levels[-1].mean((0, 1)))
        return (np.clip(texels, 0, 1) * self.tint) ** 2.2

    def tipped(self, surface: Surface) -> np.ndarray:
        """Normals (n, 3) with the bumps."""
        if not self.bump:
            return surface.normal
        u, v = box_coordinates(surface)
        lean = _bumps().read(u / self.size_m + 0.37, v / self.size_m + 0.11, surface.footprint / self.size_m) - 0.5
        if self.wild:
            size_m = self.size_m * 5.3
            lean = (
                0.7 * lean
                + _bumps().read((u + 0.7 * v) / size_m, (v - 0.7 * u) / size_m, surface.footprint / size_m)
                - 0.5
            )
        normal = surface.normal + self.bump * lean * 5
        return normal / np.linalg.norm(normal, axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Mixed:
    """One material growing over another: snow on rock, woods on a slope."""

    below: Material | Mixed
    above: Material | Mixed
    share: Callable[[Surface], np.ndarray]
    """(n,) of the material above, in [0, 1]."""

    @property
    def shine(self) -> float:
        """As below."""
        return self.below.shine

    @property
    def glow(self) -> float:
        """None of its own."""
        return 0.0

    def colour(self, surface: Surface) -> np.ndarray:
        """Reflectance (n, 3), linear."""
        share = np.clip(self.share(surface), 0, 1)[:, None]
        return self.below.colour(surface) * (1 - share) + self.above.colour(surface) * share

    def tipped(self, surface: Surface) -> np.ndarray:
        """Normals (n, 3) with the bumps."""
        share = np.clip(self.share(surface), 0, 1)[:, None]
        normal = self.below.tipped(surface) * (1 - share) + self.above.tipped(surface) * share
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)


AnyMaterial = Material | Mixed


def box_coordinates(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """The two coordinates along a surface, by the axis it faces: (z, y), (x, z) or (x, y)."""
    x, y, z = surface.at.T
    return np.where(surface.axis == 0, z, x), np.where(surface.axis == 1, z, y)


@cache
def _bumps() -> Pyramid:
    rng = np.random.default_rng(7)
    return Pyramid(np.stack([tile(rng, 0.4) for _ in range(3)], -1))


def plain(colour, **more: float) -> Material:
    """One colour (sRGB)."""
    return Material(tint=np.asarray(colour, np.float32), **more)
