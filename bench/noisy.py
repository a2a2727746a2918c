"""Depth as a network would give it, made from true depth: for measuring what alignment mends, without a network.

`NoisyDepth` spoils a depth map; `NoisyEyes` plays the role of the estimator with it. The tests use both.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from gen3d.camera import Camera
from gen3d.models.base import DepthEstimate


@dataclass(frozen=True)
class NoisyDepth:
    """Turns true depth into what a network says: another scale per view, a smooth warp, edges that are smeared."""

    seed: int = 0
    warp: float = 0.034
    """Mean of |estimate / truth - 1| that the warp makes; with the smeared edges the AbsRel is about .03 to .05."""
    scale_spread: float = 0.2
    """Standard deviation of the log of the scale per view; 0 keeps the true scale."""
    edge_px: float = 1.0
    cells: int = 4
    """Bumps of the warp across the picture."""

    def scale(self, view: int = 0) -> float:
        """The factor between estimate and truth of this view."""
        return float(np.exp(np.random.default_rng([self.seed, view, 0]).normal(0, self.scale_spread)))

    def __call__(self, depth: np.ndarray, view: int = 0) -> np.ndarray:
        """Float32 [h w]; sky stays inf. The same seed and view give the same answer."""
        finite = np.isfinite(depth)
        smeared = self._smear(np.where(finite, depth, 1.0), finite)
        wavy = smeared * np.exp(self._waves(depth.shape, view)) * self.scale(view)
        return np.where(finite, wavy, depth).astype(np.float32)

    def _smear(self, depth: np.ndarray, finite: np.ndarray) -> np.ndarray:
        """Log depth, blurred over the finite pixels only."""
        share = gaussian_filter(finite.astype(np.float64), self.edge_px)
        blurred = gaussian_filter(np.where(finite, np.log(depth), 0.0), self.edge_px)
        return np.exp(blurred / np.maximum(share, 1e-9))

    def _waves(self, shape: tuple[int, ...], view: int) -> np.ndarray:
        knots = np.random.default_rng([self.seed, view, 1]).normal(size=(self.cells + 1, self.cells + 1))
        waves = zoom(knots, [(n + 0.01) / (self.cells + 1) for n in shape], order=3, mode="nearest")
        waves = waves[: shape[0], : shape[1]]
        waves -= np.median(waves)
        return waves * self.warp / max(np.abs(waves).mean(), 1e-9)


@dataclass(frozen=True)
class NoisyEyes:
    """Plays `DepthEstimator`: sees the true depth of the place at every camera, and tells it badly.

    Each pose has a scale and a warp of its own. Asked about the photo's own camera again, it is shown the photo without
    its foreground: what is there then is made up and has no truth, so what the caller expects is told, as badly.
    """

    cast: Callable[[Camera], np.ndarray] | None
    """Camera -> true depth, metres along z, inf is sky; None where nobody knows: then what is expected is told."""
    noise: NoisyDepth
    photo: Camera
    name: str = "noisy eyes"

    def estimate(
        self, image: np.ndarray, camera: Camera | None = None, expected: np.ndarray | None = None
    ) -> DepthEstimate:
        """The same camera always gets the same answer."""
        if self.cast is None or camera is None or _same_view(camera, self.photo):
            true = expected
        else:
            true = self.cast(camera)
        if true is None:
            raise ValueError("without a camera there is no depth to be seen")
        view = 0 if camera is None else zlib.crc32((camera.c2w.round(6) + 0.0).tobytes())  # + 0.0 turns -0.0 into 0.0
        return DepthEstimate(self.noise(true.astype(np.float32), view))


def _same_view(a: Camera, b: Camera) -> bool:
    return (a.width, a.height) == (b.width, b.height) and np.allclose(a.w2c, b.w2c) and np.allclose(a.K, b.K)
