"""A process of its own for `rasterizer.py`: prints the seconds to its first image, then MB at the peak of the work.

The clock starts with the first line of this file: what the interpreter itself takes (0.02 s) is not in it.
"""

import time

START = time.perf_counter()

import gen3d  # noqa: E402, F401, I001  # before torch, so that its wait policy counts
import resource  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import torch  # noqa: E402
from workloads import lifted_picture  # noqa: E402

from gen3d.splat.pick import pick_rasterizer  # noqa: E402


def peak_mb() -> float:
    """Of this process: Linux tells in /proc, and counts the parent in ru_maxrss, which elsewhere has to do."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Four numbers: seconds to the first image; MB then; MB with 262 k Gaussians; MB after forward and backward."""
    small = lifted_picture(64, 64, 4096)
    with torch.no_grad():
        pick_rasterizer("cpu").render(small.gaussians, small.camera)
    numbers = [time.perf_counter() - START, peak_mb()]
    work = lifted_picture(512, 512, 262_144)
    leaves = work.leaves()
    numbers.append(peak_mb())
    for _ in range(3):
        (pick_rasterizer("cpu").render(leaves, work.camera).rgb - work.picture).abs().mean().backward()
    print(*numbers, peak_mb())


if __name__ == "__main__":
    main()
