"""What the benchmarks draw: a textured picture lifted to Gaussians, as the fit sees it; and how they take the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.splat.gaussians import Gaussians, sh_from_rgb

PARTS = ("means", "quats", "scales", "opacities", "sh")


@dataclass(frozen=True, eq=False)
class Workload:
    """A picture, the Gaussians it was lifted to, and a camera a little to the side."""

    picture: torch.Tensor
    gaussians: Gaussians
    camera: Camera

    def leaves(self) -> Gaussians:
        """Copies that gather gradients."""
        return Gaussians(*(getattr(self.gaussians, part).clone().requires_grad_() for part in PARTS))


def textured_picture(width: int, height: int) -> torch.Tensor:
    """Smooth colours with fine detail, [height, width, 3]."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width] / width
    waves = [np.sin(2 * np.pi * (fx * x + fy * y + phase)) for fx, fy, phase in rng.uniform(-20, 20, (9, 3))]
    smooth = np.stack([np.mean(waves[c::3], axis=0) for c in range(3)], axis=-1)
    return torch.from_numpy(np.clip(0.5 + 0.3 * smooth + rng.normal(0, 0.05, smooth.shape), 0, 1)).float()


def lifted_picture(width: int, height: int, n: int) -> Workload:
    """Some of the pixels as n Gaussians of 0.7 px: a wavy wall with three discs before it."""
    picture = textured_picture(width, height)
    lens = Camera.from_intrinsics(0.9 * width, 0.9 * width, width / 2, height / 2, width, height)
    y, x = np.mgrid[:height, :width] / [[[height]], [[width]]]
    depth = 4 + np.sin(7 * x) * np.cos(5 * y)
    for cx, cy, radius, z in ((0.3, 0.4, 0.18, 1.8), (0.7, 0.6, 0.22, 2.3), (0.55, 0.2, 0.1, 1.5)):
        depth[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = z
    kept = np.sort(np.random.default_rng(1).choice(width * height, n, replace=False))
    means = torch.from_numpy(lens.unproject(depth).reshape(-1, 3)[kept]).float()
    scales = (0.7 * means[:, 2:] / lens.K[0, 0]).float().expand(n, 3).clone()
    quats = torch.tensor([1.0, 0, 0, 0]).expand(n, 4).clone()
    gaussians = Gaussians(means, quats, scales, torch.full((n,), 0.9), sh_from_rgb(picture.reshape(-1, 3)[kept]))
    return Workload(picture, gaussians, moved(lens, -0.06))


def moved(camera: Camera, right: float) -> Camera:
    """The camera some metres to the right, a little up and back, looking at the same things."""
    return camera.look_at(np.array([right, right / 3, -0.05]), np.array([0.0, 0.0, 4.0]))


def alternate(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, tuple[float, float]]:
    """(best, median) milliseconds of every run, taken in turns after one round that is not counted.

    In turns, because a busy machine slows all of them alike: compare what one call returned, as ratios.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: (min(t[1:]), float(np.median(t[1:]))) for name, t in times.items()}
