"""How long our rasterizer and SSIM take on this machine: `python bench/rasterizer.py [--prototype DIR] [--quick]`.

Prints times of wall clock (best / median, milliseconds) and ratios. Everything that is compared is run in turns in one
process; on a busy machine only the ratios mean much. --prototype names a folder with another rasterizer to compare
with: a module `cpusplat` with gsplat's `rasterization`. --quick leaves out plain torch and the cold start.
"""

from __future__ import annotations

import gen3d  # isort: skip  # before torch, so that its wait policy counts

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import plain_torch
import torch
from workloads import Workload, alternate, lifted_picture, moved, textured_picture

from gen3d.settings import FitSettings
from gen3d.splat.cpu.function import CpuRasterizer, warm_up
from gen3d.splat.cpu.ssim import SsimTarget, ssim
from gen3d.splat.fit.loop import fit_gaussians
from gen3d.splat.gaussians import SH_C0
from gen3d.values import View

SIZES = ((384, 100_000), (512, 262_144))
REPEATS = 11
Draw = Callable[[bool], torch.Tensor]
"""Draws the rgb of a workload, with or without gradients to come."""


def use_threads(n: int) -> None:
    """For both our kernels and torch."""
    numba.config.NUMBA_NUM_THREADS = n
    torch.set_num_threads(n)


def ours(work: Workload) -> Draw:
    """Our rasterizer."""
    leaves = work.leaves()
    return lambda fit: CpuRasterizer().render(leaves if fit else work.gaussians, work.camera).rgb


def plain(work: Workload) -> Draw:
    """Torch operations alone."""
    leaves = work.leaves()
    return lambda fit: plain_torch.render(leaves if fit else work.gaussians, work.camera)


def prototype(work: Workload) -> Draw:
    """The module cpusplat, which takes colours where we take coefficients."""
    import cpusplat

    g = work.leaves()
    leaves = g.means, g.quats, g.scales, g.opacities, (0.5 + SH_C0 * g.sh.detach()[:, 0]).requires_grad_()
    constants = [t.detach() for t in leaves]
    camera = work.camera
    pose, K = (torch.from_numpy(np.array(m)).float()[None] for m in (camera.w2c, camera.K))
    view = pose, K, camera.width, camera.height
    return lambda fit: cpusplat.rasterization(*(leaves if fit else constants), *view)[0][0]


def both_ways(draw: Draw, picture: torch.Tensor) -> tuple[Callable[[], object], Callable[[], object]]:
    """Forward alone; forward and backward of an L1 loss."""

    def forward() -> None:
        with torch.no_grad():
            draw(False)

    return forward, lambda: (draw(True) - picture).abs().mean().backward()


def compare(title: str, runs: dict[str, Callable[[], object]], repeats: int = REPEATS) -> None:
    """Prints a line per run; ratios are to the first."""
    times = alternate(runs, repeats)
    (_, (best_first, median_first)), *_ = times.items()
    for name, (best, median) in times.items():
        ratio = f"x{best / best_first:5.2f} / {median / median_first:5.2f}"
        print(f"{title:38} {name:18} {best:8.1f} / {median:8.1f} ms   {ratio}", flush=True)


def bench_sizes(others: dict[str, Callable[[Workload], Draw]]) -> None:
    """Forward, and forward and backward, beside the others."""
    for side, n in SIZES:
        work = lifted_picture(side, side, n)
        ways = {name: both_ways(make(work), work.picture) for name, make in {"ours": ours, **others}.items()}
        for k, way in enumerate(("forward", "forward + backward")):
            fast = {name: runs[k] for name, runs in ways.items() if name != "plain torch"}
            compare(f"{n} at {side} px, {way}", fast)
            if "plain torch" in ways:
                slow = {name: ways[name][k] for name in ("ours", "plain torch")}
                compare(f"{n} at {side} px, {way}", slow, repeats=2)


def bench_threads() -> None:
    """All threads against one."""
    work, n = lifted_picture(512, 512, 262_144), numba.config.NUMBA_NUM_THREADS
    for k, way in enumerate(("forward", "forward + backward")):
        run = both_ways(ours(work), work.picture)[k]

        def with_threads(threads: int, run: Callable[[], object] = run) -> None:
            use_threads(threads)
            run()

        compare(f"threads, {way}", {f"{m} threads": lambda m=m: with_threads(m) for m in (n, 1)})
    use_threads(n)


def bench_fit() -> None:
    """A whole step (activation, raster, loss with SSIM, Adam) against the rasterizer's part in it."""
    work = lifted_picture(512, 512, 262_144)
    _, raster = both_ways(ours(work), work.picture)
    everywhere, partly = np.ones((512, 512), bool), np.ones((512, 512), bool)
    partly[100:140, 50:300] = False
    runs = {"raster alone": raster}
    for name, seen in (("fit step", everywhere), ("... with holes", partly)):
        view = View(work.picture.numpy(), seen, work.camera)
        settings = FitSettings(iterations=1000, least_gain=0.0)
        steps = fit_gaussians(work.gaussians, [view], CpuRasterizer(), settings, 4.0, 0)
        runs[name] = lambda steps=steps: next(steps)
    target, image = SsimTarget(work.picture), textured_picture(512, 512).requires_grad_()
    runs["SSIM alone"] = lambda: ssim(image, target).backward()
    compare("fit step, 262144 at 512 px", runs)


def bench_fly_through() -> None:
    """Frames a second along a path, drawn only."""
    work = lifted_picture(800, 450, 300_000)
    cameras = [moved(work.camera.resized(960, 540), right) for right in np.linspace(-0.2, 0.2, 12)]

    def fly() -> None:
        with torch.no_grad():
            for camera in cameras:
                CpuRasterizer().render(work.gaussians, camera)

    best, median = (1e3 * len(cameras) / ms for ms in alternate({"fly": fly}, 3)["fly"])
    print(f"{'fly-through, 300000 at 960x540':57} {best:8.1f} / {median:8.1f} frames a second", flush=True)


def bench_starts(quick: bool) -> None:
    """From the start of a process to its first image: with an empty cache, then with kernels in it; memory."""
    script = [sys.executable, str(Path(__file__).with_name("first_image.py"))]
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ if quick else {**os.environ, "NUMBA_CACHE_DIR": cache}
        for name in ("warm",) if quick else ("cold", "warm", "warm again"):
            done = subprocess.run(script, env=environment, check=True, capture_output=True, text=True)
            seconds, first, before, peak = (float(x) for x in done.stdout.split())
            memory = f"{first:.0f} MB then; 262144 at 512 px: {before:.0f} MB before, {peak:.0f} MB at the peak"
            print(f"{name + ' start':38} first image after {seconds:5.2f} s, {memory}", flush=True)


def main() -> None:
    """Prints everything."""
    parser = argparse.ArgumentParser(description="Times of the CPU rasterizer.")
    parser.add_argument("--prototype", type=Path, help="folder of a module `cpusplat` to compare with")
    parser.add_argument("--quick", action="store_true", help="leave out plain torch and the cold start")
    options = parser.parse_args()
    warm_up()
    others: dict[str, Callable[[Workload], Draw]] = {}
    if options.prototype and options.prototype.is_dir():
        sys.path.append(str(options.prototype.resolve()))
        others["prototype"] = prototype
    if not options.quick:
        others["plain torch"] = plain
    threads = numba.config.NUMBA_NUM_THREADS
    print(f"gen3d {gen3d.__version__}, {threads} threads; best / median, ratios to the first line")
    bench_sizes(others)
    bench_threads()
    bench_fit()
    bench_fly_through()
    bench_starts(options.quick)


if __name__ == "__main__":
    main()
