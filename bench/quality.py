"""How good scenes are: `python -m bench.quality [SCENE ...] [--preset fast balanced] [--depth true noisy ...]`.

Builds every scene of `bench/scenes.py` with the builtin engine from its photo and depth, renders the views that no
stage has seen, and prints the figures of `bench/score.py`: PSNR (dB) and SSIM by what the photo knew of a pixel, how
sharp filled pixels are (1: as the truth), the share of holes, the PSNR of the photo itself, and the seconds that
building took. Of path-traced places (`bench/truth/`) what is behind is told of near and of far views, too. LPIPS and
DISTS are of whole views, where their weights are at hand (`bench/perceptual.py`).

Noisy depth is what a network might say, see `bench/noisy.py`. "network" and "guess" are what the builtin network and
the layout guess say of the photo, brought to the true scale and shift of inverse depth, which no picture tells; whoever
estimates depth while the scene grows is the same for all but "noisy".
"""

from __future__ import annotations

import gen3d  # isort: skip  # before torch, so that its wait policy counts

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from bench.from_truth import build_from_truth, estimated, noisy_eyes, score_scene, spoilt
from bench.noisy import NoisyDepth
from bench.perceptual import Distance, perceptual
from bench.scenes import SCENES, Scene, SceneUnavailable, load
from bench.score import mean_of
from bench.tables import table
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.builtin.mixed_depth import MixedDepth
from gen3d.models.builtin.prior_depth import guess_depth
from gen3d.settings import PRESETS, Settings
from gen3d.splat.pick import pick_rasterizer

COLUMNS = {
    "psnr_input": ("input", 2), "psnr_visible": ("visible", 2), "ssim_visible": ("SSIM", 3),
    "psnr_behind": ("behind", 2), "psnr_behind_near": ("near", 2), "psnr_behind_far": ("far", 2),
    "ssim_behind": ("SSIM", 3), "psnr_outside": ("outside", 2), "ssim_outside": ("SSIM", 3),
    "sharp": ("sharp", 2), "lpips": ("LPIPS", 3), "dists": ("DISTS", 3), "holes": ("holes", 4),
    "seconds": ("s", 0),
}  # fmt: skip
"""Figure -> its column's head and decimals."""
DEPTHS = ("true", "noisy", "network", "guess")


def judged(
    scene: Scene, depth: str, settings: Settings, seed: int, distances: Mapping[str, Distance] | None = None
) -> dict[str, float]:
    """The figures of one build."""
    models, rasterizer, noise = builtin_models(), pick_rasterizer("cpu"), NoisyDepth(seed + 1)
    told = scene
    if depth == "noisy":
        told, models = spoilt(scene, noise), noisy_eyes(scene, models, noise, settings)
    elif depth != "true":
        told = estimated(scene, guess_depth if depth == "guess" else lambda image: MixedDepth().estimate(image).depth)
    built = build_from_truth(told, models, rasterizer, settings, seed)
    return score_scene(scene, built.gaussians, rasterizer, distances) | {"seconds": built.seconds}


def available(names: list[str], longest_px: int | None) -> list[Scene]:
    """The scenes whose data is there; for the others a sentence is printed."""
    scenes, missing = [], []
    for name in names:
        try:
            scenes.append(load(name) if longest_px is None else load(name).reduced(longest_px))
        except SceneUnavailable as why:
            missing.append(str(why))
    print("".join(f"{sentence}\n" for sentence in dict.fromkeys(missing)), end="", flush=True)
    return scenes


def row(title: str, figures: dict[str, float]) -> list[str]:
    """A line of the table; a dash where there is no figure."""
    cells = (f"{figures[key]:.{digits}f}" if key in figures else "-" for key, (_, digits) in COLUMNS.items())
    return [title, *cells]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"of {', '.join(SCENES)}; all by default")
    parser.add_argument("--preset", nargs="+", choices=PRESETS, default=["fast", "balanced"])
    parser.add_argument("--depth", nargs="+", choices=DEPTHS, default=["true"])
    parser.add_argument("--size", type=int, metavar="PX", help="reduce the pictures, those held out too, to this side")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    if unknown := set(asked.scenes) - set(SCENES):
        parser.error(f"no scene {', '.join(sorted(unknown))}: there are {', '.join(SCENES)}")
    return asked


def main() -> None:
    """A table for each preset and depth."""
    asked = arguments()
    scenes, results = available(asked.scenes or list(SCENES), asked.size), []
    distances, missing = perceptual()
    print("".join(f"{sentence}\n" for sentence in missing), flush=True)
    # kernels are compiled or read from the cache before anything is timed
    judged(load("room").reduced(96), "true", PRESETS["fast"], 0)
    for preset in asked.preset:
        for depth in asked.depth:
            rows = {scene.name: judged(scene, depth, PRESETS[preset], asked.seed, distances) for scene in scenes}
            results += [{"scene": n, "preset": preset, "depth": depth} | figures for n, figures in rows.items()]
            lines = [row(name, figures) for name, figures in (rows | {"mean": mean_of(rows.values())}).items()]
            heads = [f"{preset}, {depth} depth", *(head for head, _ in COLUMNS.values())]
            print(table(heads, lines), end="\n\n", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps({"gen3d": gen3d.__version__, "rows": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
