"""How long a scene takes and how good it is: `python bench/build.py [PRESET ...] [--against CHECKOUT] [--rounds 3]`.

With --at-once as many builds of the room run side by side, against one alone.

Builds both examples from their photo and depth, as a user would (a process of its own, kernels from the cache), along
the cameras of their held-out views, renders those views, and prints seconds per stage, peak memory, and the PSNR of
the photo and of the views that no stage has seen. A first build warms the cache and is not counted.

With --against another checkout of this repository builds the same in turns with this one, so that both meet the same
machine, and the ratios of their medians are printed: seconds, CPU seconds, CPU seconds per second, peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
DEPTHS = {"room": "depth.png", "terrace": "depth.npz"}


@dataclass(frozen=True)
class Cost:
    """What a process took, from the command to its end; CPU and memory without its children's."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def gen3d(*arguments: object, checkout: Path = ROOT) -> Cost:
    """Runs the command line of a checkout."""
    command = [sys.executable, "-m", "gen3d", *(str(a) for a in arguments)]
    env = os.environ | {"PYTHONPATH": str(checkout)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # who has it installed has it translated, too
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=checkout, env=env)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def build(name: str, preset: str, into: Path, checkout: Path = ROOT) -> Cost:
    """What it took."""
    folder = EXAMPLES / name
    first = json.loads((folder / "camera.json").read_text())
    lens = first["frames"][0] if "fl_x" in first["frames"][0] else first
    intrinsics = ",".join(str(lens[k]) for k in ("fl_x", "fl_y", "cx", "cy"))
    given = ["--depth", folder / DEPTHS[name], "--intrinsics", intrinsics, "--path", folder / "camera.json"]
    options = [*given, "--preset", preset, "--engine", "builtin", "-o", into, "--force"]
    return gen3d("build", folder / "rgb.jpg", *options, checkout=checkout)


def psnr(rendered: Path, truth: Path) -> float:
    """Decibels between two pictures of one size."""
    a, b = (np.asarray(Image.open(f).convert("RGB"), np.float64) / 255 for f in (rendered, truth))
    return float(-10 * np.log10(max(((a - b) ** 2).mean(), 1e-10)))


def report(name: str, preset: str, work: Path) -> None:
    """One build, judged."""
    folder, scene = EXAMPLES / name, work / f"{name}-{preset}"
    cost = build(name, preset, scene)
    gen3d("render", scene / "scene.ply", "--cameras", folder / "camera.json", "-o", work / "views", "--force")
    views = sorted((folder / "held_out").glob("*.jpg"))
    held_out = [psnr(work / "views" / f"{i:02d}.png", view) for i, view in enumerate(views, start=1)]
    run = json.loads((scene / "run.json").read_text())
    stages = "  ".join(f"{stage} {s:.1f}" for stage, s in run["seconds"].items())
    print(f"{name:<8} {preset:<9} {cost.wall_s:6.1f} s  {cost.cpu_s:.1f} s CPU  {cost.peak_mb:.0f} MB  "
          f"{run['counts']['gaussians']} gaussians")
    print(f"{'':18} {stages}")
    photo = psnr(work / "views" / "00.png", folder / "rgb.jpg")
    print(f"{'':18} photo {photo:.1f} dB  held-out views {' '.join(f'{p:.1f}' for p in held_out)} dB", flush=True)


def compare(presets: list[str], against: Path, rounds: int, work: Path) -> None:
    """Builds here and there in turns."""
    for preset in presets:
        for name in DEPTHS:
            ours, theirs = [], []
            for turn in range(rounds):
                for checkout, costs in ((ROOT, ours), (against, theirs))[:: 1 if turn % 2 == 0 else -1]:
                    costs.append(build(name, preset, work / "scene", checkout))
            print(f"{name:<8} {preset:<9} here  {_middle(ours)}", flush=True)
            print(f"{'':18} there {_middle(theirs)}   {_ratios(ours, theirs)}", flush=True)


def at_once(preset: str, many: int, rounds: int, work: Path) -> None:
    """Builds of the room one alone and many side by side, in turns."""
    alone, beside, crowd = [], [], []
    for _ in range(rounds):
        alone.append(build("room", preset, work / "scene"))
        start = time.perf_counter()
        with ThreadPoolExecutor(many) as pool:
            beside += pool.map(lambda i: build("room", preset, work / f"scene{i}"), range(many))
        crowd.append(time.perf_counter() - start)
    one, all_s = _median(alone, "wall_s"), statistics.median(crowd)
    cpu = f"{_median(alone, 'cpu_s'):.1f} s CPU alone, {_median(beside, 'cpu_s'):.1f} each beside"
    told = f"alone {one:.1f} s, {many} at once {all_s:.1f} s: {all_s / one:.2f} of one; {cpu}"
    print(f"room     {preset:<9} {told}", flush=True)


def _median(costs: list[Cost], of: str) -> float:
    return statistics.median(getattr(cost, of) for cost in costs)


def _middle(costs: list[Cost]) -> str:
    wall, cpu, peak = (_median(costs, of) for of in ("wall_s", "cpu_s", "peak_mb"))
    return f"{wall:.1f} s, {cpu:.1f} s CPU ({cpu / wall:.2f} a second), {peak:.0f} MB"


def _ratios(ours: list[Cost], theirs: list[Cost]) -> str:
    parts = (f"{_median(ours, of) / _median(theirs, of):.2f}" for of in ("wall_s", "cpu_s", "peak_mb"))
    return "ratios {} s, {} CPU, {} MB".format(*parts)


def main() -> None:
    """Both examples, the presets named or fast and balanced."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["fast", "balanced"])
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout, to build in turns with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, metavar="N")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        work = Path(home)
        for checkout in filter(None, (ROOT, given.against)):
            build("room", "fast", work / "warm", checkout)
        if given.at_once:
            for preset in given.presets:
                at_once(preset, given.at_once, given.rounds, work)
            return
        if given.against:
            compare(given.presets, given.against.resolve(), given.rounds, work)
            return
        for preset in given.presets:
            for name in DEPTHS:
                report(name, preset, work)


if __name__ == "__main__":
    main()
