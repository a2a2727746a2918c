"""How time and memory grow: `python -m bench.laws [AXIS ...] [--json FILE]`.

Builds the example room from its photo and depth in processes of their own, one thing changed at a time, and fits
y = a x^e to what each stage took: the exponent e says how a scene's cost grows with

    pixels      the picture's, at sizes of 160 to 640 pixels
    gaussians   at one size, flat blocks merged until so many are left
    poses       of the path, expanded one after the other
    frames      of the video
    photo       megapixels of the file, which is reduced to the preset's size: 0.3, 3, 12 and 48
    threads     of kernels and torch, each pinned to as many cores: 1, 2, 4 and 16. Where there are fewer cores they
                share those: such a row tells what threads cost in CPU seconds and memory, and no law is fitted to it

Kernels come from the cache; of stages the seconds are those of the wall clock.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "examples" / "room"
AXES: dict[str, list[float]] = {
    "pixels": [160, 240, 360, 540], "gaussians": [40_000, 80_000, 160_000], "poses": [1, 3, 6], "frames": [12, 24, 48],
    "photo": [0.3, 3, 12, 48], "threads": [1, 2, 4, 16],
}  # fmt: skip
"""What is tried along each; of pixels the longer side."""
SIZE_PX = 256
"""Of the others' scenes, but for the photo's."""
TOLD_S = 0.15
"""Stages that take less everywhere are not fitted."""


def settings_at(axis: str, value: float):
    """The preset fast with one thing changed."""
    from gen3d.settings import FAST

    settings = replace(FAST, size_px=FAST.size_px if axis == "photo" else SIZE_PX)
    match axis:
        case "pixels":
            return replace(settings, size_px=int(value))
        case "gaussians":
            return replace(settings, size_px=360, fit=replace(settings.fit, max_gaussians=int(value)))
        case "poses":
            return replace(settings, expand=replace(settings.expand, poses=int(value), smallest_hole=0.0))
        case "frames":
            return replace(settings, tour=replace(settings.tour, frames=int(value)))
    return settings


def photo_of(megapixels: float, folder: Path) -> Path:
    """The room's photo, enlarged."""
    from PIL import Image

    with Image.open(ROOM / "rgb.jpg") as small:
        share = (megapixels * 1e6 / (small.width * small.height)) ** 0.5
        size = round(small.width * share), round(small.height * share)
        small.resize(size, Image.Resampling.BICUBIC).save(folder / "photo.jpg", quality=90)
    return folder / "photo.jpg"


def one(axis: str, value: float) -> dict[str, Any]:
    """What one build took, in this process: its stages' seconds, CPU seconds, peak memory and counts."""
    import resource
    import time

    from gen3d.models.builtin.bundle import builtin_models
    from gen3d.request import Request
    from gen3d.run.steps import build
    from gen3d.splat.cpu.function import CpuRasterizer

    with tempfile.TemporaryDirectory() as home:
        photo = photo_of(value, Path(home)) if axis == "photo" else ROOM / "rgb.jpg"
        request = Request(photo, depth=ROOM / "depth.png", path="orbit" if axis == "poses" else "wander")
        start, cpu = time.perf_counter(), time.process_time()
        for _ in build(request, builtin_models(), CpuRasterizer(), settings_at(axis, value), Path(home) / "scene"):
            pass
        wall_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
        run = json.loads((Path(home) / "scene" / "run.json").read_text())
    used = resource.getrusage(resource.RUSAGE_SELF)
    counts = run["counts"]
    return {
        "x": counts["width"] * counts["height"] if axis == "pixels" else value, "gaussians": counts["gaussians"],
        "views": counts["views"], "seconds": run["seconds"] | {"all": round(wall_s, 2)}, "cpu_s": round(cpu_s, 2),
        "peak_mb": round(used.ru_maxrss / 1024),
    }  # fmt: skip


def measured(axis: str) -> Iterator[dict[str, Any]]:
    """A build for each value along an axis, each in a process of its own."""
    cores = sorted(os.sched_getaffinity(0))
    for value in AXES[axis]:
        environment, most = os.environ | {"PYTHONPATH": str(ROOT)}, len(cores)
        if axis == "threads":
            most = int(value)
            environment |= dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"), str(most))
        command = [sys.executable, "-m", "bench.laws", "--one", axis, str(value)]
        pinned = lambda most=most: os.sched_setaffinity(0, cores[:most])  # noqa: E731
        found = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, preexec_fn=pinned, check=True
        )
        yield json.loads(found.stdout.splitlines()[-1]) | {"shared": most > len(cores)}


def exponent(x: list[float], y: list[float]) -> tuple[float, float]:
    """(a, e) of the y = a x^e of least squared relative errors."""
    slope, start = np.polyfit(np.log(x), np.log(np.maximum(y, 1e-3)), 1)
    return float(np.exp(start)), float(slope)


def report(axis: str, rows: list[dict[str, Any]]) -> None:
    """A table, and the laws under it."""
    for row in rows:
        parts = "  ".join(f"{stage} {s:.2f}" for stage, s in row["seconds"].items())
        told = f"{row['gaussians']:7d} gaussians  {row['views']} views  {row['cpu_s']:.1f} s CPU  {row['peak_mb']} MB"
        told += "  (more threads than cores)" if row["shared"] else ""
        print(f"{axis} {row['x']:<9g} {told}\n    {parts}", flush=True)
    rows = [row for row in rows if not row["shared"]]
    if len(rows) < 2:
        return
    x = [row["x"] for row in rows]
    y = {stage: [row["seconds"].get(stage, 0.0) for row in rows] for stage in rows[-1]["seconds"]}
    y = {stage: s for stage, s in y.items() if max(s) >= TOLD_S}
    y |= {"CPU": [row["cpu_s"] for row in rows], "memory": [row["peak_mb"] for row in rows]}
    laws = ", ".join(f"{name} {exponent(x, values)[1]:.2f}" for name, values in y.items())
    print(f"  exponents along {axis}: {laws}", flush=True)


def main() -> None:
    """The axes that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("axes", nargs="*", metavar="AXIS", help=f"of {', '.join(AXES)}; all by default")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--one", nargs=2, metavar=("AXIS", "VALUE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one[0], float(given.one[1]))))
        return
    if unknown := set(given.axes) - set(AXES):
        parser.error(f"no axis {', '.join(sorted(unknown))}: there are {', '.join(AXES)}")
    found = {}
    for axis in given.axes or AXES:
        found[axis] = list(measured(axis))
        report(axis, found[axis])
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
