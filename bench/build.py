"""How long a scene takes and how good it is: `python bench/build.py [PRESET ...]`.

Builds both examples from their photo and depth, as a user would (a process of its own, kernels from the cache), along
the cameras of their held-out views, renders those views, and prints seconds per stage, peak memory, and the PSNR of
the photo and of the views that no stage has seen. A first build warms the cache and is not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
DEPTHS = {"room": "depth.png", "terrace": "depth.npz"}


def gen3d(*arguments: object) -> None:
    """Runs the command line."""
    command = [sys.executable, "-m", "gen3d", *(str(a) for a in arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def build(name: str, preset: str, into: Path) -> float:
    """Seconds from the command to its end."""
    folder = EXAMPLES / name
    first = json.loads((folder / "camera.json").read_text())
    lens = first["frames"][0] if "fl_x" in first["frames"][0] else first
    intrinsics = ",".join(str(lens[k]) for k in ("fl_x", "fl_y", "cx", "cy"))
    start = time.perf_counter()
    given = ["--depth", folder / DEPTHS[name], "--intrinsics", intrinsics, "--path", folder / "camera.json"]
    gen3d("build", folder / "rgb.jpg", *given, "--preset", preset, "--engine", "builtin", "-o", into, "--force")
    return time.perf_counter() - start


def psnr(rendered: Path, truth: Path) -> float:
    """Decibels between two pictures of one size."""
    a, b = (np.asarray(Image.open(f).convert("RGB"), np.float64) / 255 for f in (rendered, truth))
    return float(-10 * np.log10(max(((a - b) ** 2).mean(), 1e-10)))


def report(name: str, preset: str, work: Path) -> None:
    """One build, judged."""
    folder, scene = EXAMPLES / name, work / f"{name}-{preset}"
    seconds = build(name, preset, scene)
    gen3d("render", scene / "scene.ply", "--cameras", folder / "camera.json", "-o", work / "views", "--force")
    views = sorted((folder / "held_out").glob("*.jpg"))
    held_out = [psnr(work / "views" / f"{i:02d}.png", view) for i, view in enumerate(views, start=1)]
    run = json.loads((scene / "run.json").read_text())
    stages = "  ".join(f"{stage} {s:.1f}" for stage, s in run["seconds"].items())
    print(f"{name:<8} {preset:<9} {seconds:6.1f} s  {run['peak_memory_mb']} MB  {run['counts']['gaussians']} gaussians")
    print(f"{'':18} {stages}")
    photo = psnr(work / "views" / "00.png", folder / "rgb.jpg")
    print(f"{'':18} photo {photo:.1f} dB  held-out views {' '.join(f'{p:.1f}' for p in held_out)} dB", flush=True)


def main() -> None:
    """Both examples, the presets named or fast and balanced."""
    presets = sys.argv[1:] or ["fast", "balanced"]
    with tempfile.TemporaryDirectory() as work:
        build("room", "fast", Path(work) / "warm")
        for preset in presets:
            for name in DEPTHS:
                report(name, preset, Path(work))


if __name__ == "__main__":
    main()
