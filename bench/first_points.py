"""How soon there is something to look around in: `python -m bench.first_points [PRESET ...]`.

Builds both examples twice in one process, as a page does that has had a visitor before, and prints when the lifted
points could be shown and when the scene was done, of the second time.
"""

from __future__ import annotations

import gen3d  # noqa: F401  isort: skip  # before torch, so that its wait policy counts

import sys
import tempfile
import time
from pathlib import Path

from gen3d.events import Viewable
from gen3d.models.builtin.bundle import builtin_models
from gen3d.request import Request
from gen3d.run.steps import build
from gen3d.settings import PRESETS
from gen3d.splat.cpu.function import CpuRasterizer

EXAMPLES = Path(__file__).parents[1] / "examples"
DEPTHS = {"room": "depth.png", "terrace": "depth.npz"}


def shown_after(name: str, preset: str, folder: Path) -> tuple[float, float]:
    """Seconds until the points and until the end."""
    request = Request(EXAMPLES / name / "rgb.jpg", depth=EXAMPLES / name / DEPTHS[name])
    start, points = time.perf_counter(), float("nan")
    for event in build(request, builtin_models(), CpuRasterizer(), PRESETS[preset], folder):
        if isinstance(event, Viewable) and event.name == "points":
            points = time.perf_counter() - start
    return points, time.perf_counter() - start


def main() -> None:
    """The presets named, or fast and balanced."""
    with tempfile.TemporaryDirectory() as home:
        for preset in sys.argv[1:] or ["fast", "balanced"]:
            for name in DEPTHS:
                for turn in ("first", "again"):
                    points, end = shown_after(name, preset, Path(home) / f"{name}{preset}{turn}")
                    if turn == "again":
                        print(f"{name:<8} {preset:<9} points after {points:.1f} s, done after {end:.1f} s", flush=True)


if __name__ == "__main__":
    main()
