"""How long our rasterizer and SSIM take on this machine: `python bench/rasterizer.py`.

The workload is what the fit sees: a textured picture lifted to one Gaussian per pixel, drawn from a little to the
side. Times are medians of wall clock and processor time; on a busy machine only the second one means much.
"""

from __future__ import annotations

import gen3d.splat.cpu  # noqa: F401  # isort: skip  # before torch, so that its wait policy counts

import time
from collections.abc import Callable

import numba
import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.splat.cpu.function import CpuRasterizer, warm_up
from gen3d.splat.cpu.ssim import SsimTarget, ssim
from gen3d.splat.gaussians import Gaussians, sh_from_rgb

REPEATS = 9


def textured_picture(side: int) -> torch.Tensor:
    """Smooth colours with fine detail, [side, side, 3]."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] / side
    waves = [np.sin(2 * np.pi * (fx * x + fy * y + phase)) for fx, fy, phase in rng.uniform(-20, 20, (9, 3))]
    smooth = np.stack([np.mean(waves[c::3], axis=0) for c in range(3)], axis=-1)
    return torch.from_numpy(np.clip(0.5 + 0.3 * smooth + rng.normal(0, 0.05, smooth.shape), 0, 1)).float()


def lifted_picture(side: int, n: int) -> tuple[Gaussians, Camera, torch.Tensor]:
    """Some of the side^2 pixels as n Gaussians, a wavy wall with three discs before it; a moved camera; the picture."""
    picture = textured_picture(side)
    lens = Camera.from_intrinsics(0.9 * side, 0.9 * side, side / 2, side / 2, side, side)
    y, x = np.mgrid[:side, :side] / side
    depth = 4 + np.sin(7 * x) * np.cos(5 * y)
    for cx, cy, radius, z in ((0.3, 0.4, 0.18, 1.8), (0.7, 0.6, 0.22, 2.3), (0.55, 0.2, 0.1, 1.5)):
        depth[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = z
    kept = np.sort(np.random.default_rng(1).choice(side * side, n, replace=False))
    means = torch.from_numpy(lens.unproject(depth).reshape(-1, 3)[kept]).float()
    scales = (0.7 * means[:, 2:] / lens.K[0, 0]).float().expand(n, 3).clone()
    quats = torch.tensor([1.0, 0, 0, 0]).expand(n, 4).clone()
    sh = sh_from_rgb(picture.reshape(-1, 3)[kept])
    moved = lens.look_at(np.array([-0.06, -0.02, -0.05]), np.array([0.0, 0.0, 4.0]))
    return Gaussians(means, quats, scales, torch.full((n,), 0.9), sh), moved, picture


def measure(run: Callable[[], object]) -> str:
    """Median milliseconds of wall clock and processor time, after a run that warms the caches."""
    run()
    times = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = 1e3 * np.median(times, axis=0)
    return f"{wall:7.1f} ms wall {cpu:7.1f} ms cpu"


def bench_rasterizer(side: int, n: int) -> None:
    """Prints forward, and forward + backward of an L1 loss."""
    gaussians, camera, picture = lifted_picture(side, n)
    parts = [gaussians.means, gaussians.quats, gaussians.scales, gaussians.opacities, gaussians.sh]
    leaves = Gaussians(*(part.clone().requires_grad_() for part in parts))
    rasterizer = CpuRasterizer()

    def step() -> None:
        (rasterizer.render(leaves, camera).rgb - picture).abs().mean().backward()

    print(f"{n:7d} gaussians {side} px  forward            {measure(lambda: rasterizer.render(gaussians, camera))}")
    print(f"{n:7d} gaussians {side} px  forward + backward {measure(step)}", flush=True)


def bench_ssim(side: int) -> None:
    """Prints forward + backward."""
    target = SsimTarget(textured_picture(side))
    image = torch.rand(side, side, 3).requires_grad_()
    print(f"ssim              {side} px  forward + backward {measure(lambda: ssim(image, target).backward())}")


def main() -> None:
    """Prints everything."""
    start = time.perf_counter()
    warm_up()
    print(f"{numba.get_num_threads()} threads, kernels ready after {time.perf_counter() - start:.1f} s", flush=True)
    bench_rasterizer(384, 100_000)
    bench_rasterizer(512, 262_144)
    bench_ssim(512)


if __name__ == "__main__":
    main()
