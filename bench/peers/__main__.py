"""One table: `python -m bench.peers [--places PLACE ...] [--methods NAME ...] [--noisy] [NAME=FOLDER ...]`.

Means over the path-traced places (`bench/truth/`), of PSNR (dB) and SSIM by what the photo knew of a pixel, near and
far views apart for what is behind. Warps and ours are given the photo and its true depth, or with --noisy what real
depth is like (`bench/noisy.py`: off by 3 to 5 %, edges soft); NAME=FOLDER is what anybody else made of the photos
(README.md). Rows are kept in --cache, so that a table can be made in pieces.
"""

from __future__ import annotations

import gen3d  # noqa: F401  # isort: skip  # before torch, so that its wait policy counts

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.from_truth import build_from_truth, draw, score_frames, spoilt
from bench.noisy import NoisyDepth
from bench.peers.others import Frames, NotThere, frames_of
from bench.peers.warps import mesh_warp, warp, warp_far_fill
from bench.perceptual import perceptual
from bench.scenes import Scene, SceneUnavailable, load
from bench.score import mean_of
from bench.tables import table
from bench.truth.places import PLACES
from gen3d.models.builtin.bundle import builtin_models
from gen3d.settings import PRESETS
from gen3d.splat.pick import pick_rasterizer

COLUMNS = {
    "psnr_visible": ("visible", 2), "ssim_visible": ("SSIM", 3), "psnr_behind": ("behind", 2),
    "psnr_behind_near": ("near", 2), "psnr_behind_far": ("far", 2), "ssim_behind": ("SSIM", 3),
    "psnr_outside": ("outside", 2), "sharp": ("sharp", 2), "lpips": ("LPIPS", 3), "dists": ("DISTS", 3),
    "holes": ("holes", 4), "seconds": ("s", 1),
}  # fmt: skip
"""Figure -> its column's head and decimals; a column without any figure is left out."""
WARPS = {"warp": warp, "warp + far fill": warp_far_fill, "mesh warp": mesh_warp}
Method = Callable[[Scene], Frames]


def methods(theirs: dict[str, Path], scaled: bool) -> dict[str, Method]:
    """By name, in the order of the table."""
    rasterizer = pick_rasterizer("cpu")

    def warped(how: Callable) -> Method:
        return lambda scene: [(how(scene.photo, v.camera), np.ones(v.depth.shape)) for v in scene.held_out]

    def built(preset: str) -> Method:
        def method(scene: Scene) -> Frames:
            gaussians = build_from_truth(scene, builtin_models(), rasterizer, PRESETS[preset]).gaussians
            return [draw(gaussians, view, rasterizer) for view in scene.held_out]

        return method

    ours = {f"ours, {preset}": built(preset) for preset in PRESETS}
    others = {name: lambda scene, f=folder: frames_of(f, scene, rasterizer, scaled) for name, folder in theirs.items()}
    return {name: warped(how) for name, how in WARPS.items()} | ours | others


def judged(scene: Scene, told: Scene, method: Method, distances: dict) -> dict[str, float]:
    """The figures of one method on one place, and the seconds of making and drawing it; told: what it is given."""
    start = time.perf_counter()
    frames = method(told)
    seconds = time.perf_counter() - start
    return score_frames(scene, frames, distances) | {"seconds": seconds}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theirs", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="only these, as the table calls them")
    parser.add_argument("--as-is", action="store_true", help="splats of others are not brought to the place's scale")
    parser.add_argument("--noisy", action="store_true", help="the photo's depth is wrong as real depth is")
    parser.add_argument("--each", action="store_true", help="also a table of what is behind, place by place")
    parser.add_argument("--cache", type=Path, metavar="FILE", help="JSON of figures: what is there is not made again")
    asked = parser.parse_args()
    if wrong := [pair for pair in asked.theirs if "=" not in pair]:
        parser.error(f"{wrong[0]} is no NAME=FOLDER")
    return asked


def main() -> None:
    """Scores what is asked for, and prints."""
    asked = arguments()
    theirs = {name: Path(folder) for name, folder in (pair.split("=", 1) for pair in asked.theirs)}
    able = methods(theirs, not asked.as_is)
    chosen = asked.methods or list(able)
    if unknown := set(chosen) - set(able):
        raise SystemExit(f"no method {', '.join(sorted(unknown))}: there are {', '.join(able)}")
    distances, missing = perceptual()
    print("\n".join(missing), flush=True)
    kept = _kept(asked.cache)
    for place in asked.places:
        try:
            scene = load(f"traced-{place}")
        except SceneUnavailable as why:
            raise SystemExit(str(why)) from why
        told = spoilt(scene, NoisyDepth(1)) if asked.noisy else scene
        for name in chosen:
            if place not in kept.setdefault(name, {}) or name in theirs:
                _try(kept[name], (scene, told), place, able[name], distances)
                _keep(asked.cache, kept)
    _print(kept, chosen, asked.places, asked.each)


def _try(rows: dict, scenes: tuple[Scene, Scene], place: str, method: Method, distances: dict) -> None:
    try:
        rows[place] = judged(*scenes, method, distances)
    except NotThere as why:
        print(f"{place} is left out of a row: {why}", flush=True)


def _kept(cache: Path | None) -> dict[str, dict[str, dict[str, float]]]:
    return json.loads(cache.read_text()) if cache and cache.exists() else {}


def _keep(cache: Path | None, kept: dict) -> None:
    if cache:
        cache.write_text(json.dumps(kept, indent=1) + "\n")


def _print(kept: dict, chosen: list[str], places: list[str], each: bool) -> None:
    means = {name: mean_of(kept[name][p] for p in places if p in kept[name]) for name in chosen}
    columns = [key for key in COLUMNS if any(key in figures for figures in means.values())]
    rows = [[name, *(_cell(figures, key) for key in columns)] for name, figures in means.items()]
    print(table([f"{len(places)} places", *(COLUMNS[key][0] for key in columns)], rows), flush=True)
    if each:
        behind = [[name, *(_cell(kept[name].get(p, {}), "psnr_behind") for p in places)] for name in chosen]
        print("\n" + table(["behind", *places], behind), flush=True)


def _cell(figures: dict[str, float], key: str) -> str:
    return f"{figures[key]:.{COLUMNS[key][1]}f}" if key in figures else "-"


if __name__ == "__main__":
    main()
