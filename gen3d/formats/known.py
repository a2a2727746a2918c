"""What is known of a scene beside its Gaussians, where a file or the folder of a build tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from gen3d.camera import Camera


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the viewer may go about the pivot, from the photo's camera; angles are at least 0."""

    yaw_left_deg: float
    """The view turns left, so the camera moves right."""
    yaw_right_deg: float
    pitch_up_deg: float
    """The view turns up, so the camera moves down."""
    pitch_down_deg: float
    nearest: float
    """The smallest distance from the pivot, as a share of the photo's: at most 1."""
    farthest: float
    """The largest: at least 1."""


@dataclass(frozen=True, eq=False, slots=True)
class Viewpoint:
    """Where a scene is made to be looked at from, in the world of its file."""

    camera: Camera
    """The photo's."""
    path: tuple[Camera, ...] = ()
    """Of the video, frame by frame."""
    fps: float = 24.0
    pivot_m: float | None = None
    """One turns about the point so far ahead on the camera's axis."""
    limits: Limits | None = None
    """How far one may go from there."""

    def placed(self, matrix: Float[np.ndarray, "4 4"]) -> Viewpoint:
        """After x -> A x, where A moves, turns and scales; ValueError where it mirrors, as no camera does."""
        scale = float(np.cbrt(np.linalg.det(matrix[:3, :3])))
        if scale <= 0:
            raise ValueError("a mirrored camera is none")

        def put(camera: Camera) -> Camera:
            c2w = matrix @ camera.c2w
            c2w[:3, :3] /= scale
            return camera.posed(c2w)

        pivot_m = None if self.pivot_m is None else scale * self.pivot_m
        return replace(self, camera=put(self.camera), path=tuple(map(put, self.path)), pivot_m=pivot_m)


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """Which part of the scene each Gaussian is of."""

    names: tuple[str, ...]
    """Of the parts: places in a tree, as "foreground" or "foreground/thing 1"."""
    of: Int[np.ndarray, "n"]
    """An index into `names` for each Gaussian."""

    def parts(self) -> Iterator[tuple[str, Bool[np.ndarray, "n"]]]:
        """Each part that has a Gaussian, and which are its."""
        for i, name in enumerate(self.names):
            if (own := self.of == i).any():
                yield name, own

    def keep(self, which: np.ndarray) -> Labels:
        """Of the Gaussians picked by a bool array or by indices, in that order."""
        return Labels(self.names, self.of[which])
