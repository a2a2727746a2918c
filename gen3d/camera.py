"""Pinhole cameras, and the one page about coordinate conventions.

Frames are OpenCV's everywhere: x right, y down, z forward; lengths in metres; the world frame is the first camera.
Pixel (0, 0) covers [0, 1)^2, so its centre is (0.5, 0.5) and a centred camera has cx = width / 2. Depth is the
z coordinate, never the ray length; infinite depth is sky. `w2c` maps world to camera, `c2w` is its inverse.
Intrinsics and poses are built here and nowhere else; OpenGL axes, normalised K and pixel centres at integers are
translated at the door (`formats/` and the adapters in `models/`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

FOV_LIMIT_DEG = (1.0, 175.0)


@dataclass(frozen=True, eq=False, slots=True)
class Camera:
    """One pinhole view."""

    K: Float[np.ndarray, "3 3"]
    """[[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels."""
    w2c: Float[np.ndarray, "4 4"]
    """World to camera, rigid."""
    width: int
    height: int

    @classmethod
    def from_intrinsics(cls, fx_px: float, fy_px: float, cx_px: float, cy_px: float, width: int, height: int) -> Camera:
        """A camera at the world's origin with these intrinsics."""
        K = np.array([[fx_px, 0, cx_px], [0, fy_px, cy_px], [0, 0, 1]], np.float64)
        return cls(K, np.eye(4), width, height)

    @classmethod
    def from_fov(cls, fov_deg: float, width: int, height: int) -> Camera:
        """A centred camera whose longer side spans `fov_deg` degrees."""
        if not FOV_LIMIT_DEG[0] <= fov_deg <= FOV_LIMIT_DEG[1]:
            raise ValueError(f"fov_deg {fov_deg} is outside {FOV_LIMIT_DEG}")
        f = 0.5 * max(width, height) / np.tan(np.radians(fov_deg) / 2)
        return cls.from_intrinsics(f, f, width / 2, height / 2, width, height)

    @property
    def fov_deg(self) -> tuple[float, float]:
        """The full angles that width and height span, for this principal point."""
        (fx, _, cx), (_, fy, cy), _ = self.K
        x = np.arctan(cx / fx) + np.arctan((self.width - cx) / fx)
        y = np.arctan(cy / fy) + np.arctan((self.height - cy) / fy)
        return float(np.degrees(x)), float(np.degrees(y))

    @property
    def c2w(self) -> Float[np.ndarray, "4 4"]:
        """Camera to world."""
        R, t = self.w2c[:3, :3], self.w2c[:3, 3]
        c2w = np.eye(4)
        c2w[:3, :3], c2w[:3, 3] = R.T, -R.T @ t
        return c2w

    @property
    def center(self) -> Float[np.ndarray, "3"]:
        """The optical centre in world coordinates."""
        return self.c2w[:3, 3]

    def posed(self, c2w: Float[np.ndarray, "4 4"]) -> Camera:
        """The same lens at another pose."""
        R, t = c2w[:3, :3], c2w[:3, 3]
        w2c = np.eye(4)
        w2c[:3, :3], w2c[:3, 3] = R.T, -R.T @ t
        return replace(self, w2c=w2c)

    def look_at(self, eye: Float[np.ndarray, "3"], target: Float[np.ndarray, "3"]) -> Camera:
        """The same lens at `eye`, its axis through `target`, upright: its right stays in the world's x-z plane."""
        forward = _unit(np.asarray(target, np.float64) - eye)
        down = np.array([0.0, 1.0, 0.0])
        if abs(forward @ down) > 1 - 1e-6:
            down = np.array([0.0, 0.0, -1.0]) * np.sign(forward @ down)
        right = _unit(np.cross(down, forward))
        c2w = np.eye(4)
        c2w[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
        c2w[:3, 3] = eye
        return self.posed(c2w)

    def resized(self, width: int, height: int) -> Camera:
        """The same view on another pixel grid; the field of view stays."""
        scale = np.diag([width / self.width, height / self.height, 1.0])
        return replace(self, K=scale @ self.K, width=width, height=height)

    def with_side(self, side_px: int) -> Camera:
        """The same view on a pixel grid whose longer side is about so long."""
        share = side_px / max(self.width, self.height)
        return self.resized(max(1, round(share * self.width)), max(1, round(share * self.height)))

    def zoomed(self, factor: float) -> Camera:
        """The same pixels through a lens of so many times the focal length."""
        return replace(self, K=self.K * np.array([[factor, 1, 1], [1, factor, 1], [1, 1, 1]]))

    def cropped(self, left_px: int, top_px: int, width: int, height: int) -> Camera:
        """The window that starts at (left, top); negative offsets or a larger size widen the view."""
        K = self.K.copy()
        K[0, 2] -= left_px
        K[1, 2] -= top_px
        return replace(self, K=K, width=width, height=height)

    def shifted(self, right_px: float) -> Camera:
        """The same grid with the principal point moved so far to the right: all that is seen moves with it."""
        K = self.K.copy()
        K[0, 2] += right_px
        return replace(self, K=K)

    def padded(self, margin_px: int) -> Camera:
        """The same view with `margin_px` more on every side."""
        return self.cropped(-margin_px, -margin_px, self.width + 2 * margin_px, self.height + 2 * margin_px)

    def rays(self) -> Float[np.ndarray, "h w 3"]:
        """Directions through the pixel centres in camera axes, scaled to z = 1."""
        (fx, _, cx), (_, fy, cy), _ = self.K
        x = (np.arange(self.width) + 0.5 - cx) / fx
        y = (np.arange(self.height) + 0.5 - cy) / fy
        rays = np.ones((self.height, self.width, 3))
        rays[..., 0], rays[..., 1] = x[None, :], y[:, None]
        return rays

    def unproject(self, depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
        """World points of a depth map (metres along z) seen by this camera."""
        if depth.shape != (self.height, self.width):
            raise ValueError(f"depth is {depth.shape}, the camera {(self.height, self.width)}")
        xyz = self.rays() * depth[..., None]
        return xyz @ self.c2w[:3, :3].T + self.center

    def frames(self, uv: Float[np.ndarray, "n 2"], z: Float[np.ndarray, "n"]) -> Bool[np.ndarray, "n"]:
        """Which of what `project` gave lies before the camera and within its picture."""
        u, v = uv.T
        return (z > 0) & (u >= 0) & (v >= 0) & (u < self.width) & (v < self.height)

    def project(self, xyz: Float[np.ndarray, "*n 3"]) -> tuple[Float[np.ndarray, "*n 2"], Float[np.ndarray, "*n"]]:
        """Pixel coordinates and depth of world points; uv is meaningless where depth <= 0."""
        seen = xyz @ self.w2c[:3, :3].T + self.w2c[:3, 3]
        z = seen[..., 2]
        safe = np.where(np.abs(z) < 1e-12, 1e-12, z)
        u = seen[..., 0] / safe * self.K[0, 0] + self.K[0, 2]
        v = seen[..., 1] / safe * self.K[1, 1] + self.K[1, 2]
        return np.stack([u, v], axis=-1), z


def _unit(v: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(v)
    if length < 1e-12:
        raise ValueError("a direction of zero length")
    return v / length
