"""What each part of the method brings: `python -m bench.ablation [VARIANT ...] [--depth true noisy] [--json FILE]`.

Builds the ray-cast examples with one part switched off at a time and prints how the figures change against the full
method, mean over scenes and seeds. With true depth the photo's depth is exact and new views have the builtin engine's;
with noisy depth the photo's is warped and smeared, and new views are seen by eyes whose every look has a scale and a
warp of its own, so that alignment has something to mend (`bench/noisy.py`).

visible, behind, outside, all, input: dB. sharp: gradient energy of filled pixels over the truth's. holes: per cent of
pixels. seam: mean |log depth| jump over the rims of filled holes where truly there is none, per cent. flat: RMS
distance of new points from the floor or wall they truly lie on, per cent of their depth. s: seconds of one build.
"""

from __future__ import annotations

import gen3d  # isort: skip  # before torch, so that its wait policy counts

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.from_truth import HELD_OUT, build_from_truth, noisy_eyes, score_scene, spoilt
from bench.noisy import NoisyDepth
from bench.scenes import Scene, load
from bench.score import mean_of
from bench.seams import additions, flatness, seam_error
from bench.tables import table
from gen3d.camera import Camera
from gen3d.geometry.trajectory import PATHS
from gen3d.models.base import DepthEstimate, DepthEstimator, Inpainter, Models, Proposals
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.builtin.mixed_depth import MixedDepth
from gen3d.settings import PRESETS, Settings
from gen3d.splat.pick import pick_rasterizer

RAY_CAST = ("room", "terrace")
"""The scenes whose true depth is known everywhere."""
COLUMNS = {
    "psnr_visible": ("visible", 2), "psnr_behind": ("behind", 2), "psnr_outside": ("outside", 2), "psnr": ("all", 2),
    "sharp": ("sharp", 2), "seam": ("seam", 1), "flat": ("flat", 1), "holes": ("holes", 2), "psnr_input": ("input", 2),
    "seconds": ("s", 0),
}  # fmt: skip
"""Figure -> its column's head and decimals."""
PERCENT = ("seam", "flat", "holes")

Plan = tuple[Models, Settings]
Variant = Callable[[Models, Settings], Plan]


class NobodyInFront:
    """Plays `Segmenter`: proposes nothing, so there is no foreground layer."""

    name = "none"

    def segment(self, image: np.ndarray, depth: np.ndarray) -> Proposals:
        """No masks."""
        return Proposals(np.zeros((0, *depth.shape), bool), np.zeros(0, np.float32))


@dataclass(frozen=True)
class BorrowsAnywhere:
    """Plays `Inpainter`: lets another one borrow from everything that is known, the foreground too."""

    inner: Inpainter
    name: str = "borrows anywhere"

    def inpaint(
        self,
        image: np.ndarray,
        hole: np.ndarray,
        borrow: np.ndarray,
        depth: np.ndarray,
        prompt: str | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """What the other one makes of it."""
        return self.inner.inpaint(image, hole, ~hole, depth, prompt, seed)


@dataclass(frozen=True)
class LooksAnew:
    """Plays `DepthEstimator`: another one who is not told what known surfaces suggest."""

    inner: DepthEstimator
    name: str = "looks anew"

    def estimate(
        self, image: np.ndarray, camera: Camera | None = None, expected: np.ndarray | None = None
    ) -> DepthEstimate:
        """What the other one sees."""
        return self.inner.estimate(image, camera)


def within(stage: str, **changes: Any) -> Variant:
    """The settings of one stage changed."""
    return lambda models, s: (models, replace(s, **{stage: replace(getattr(s, stage), **changes)}))


def one_layer(models: Models, settings: Settings) -> Plan:
    """Neither the foreground layer nor the one behind edges."""
    return within("layers", behind_edges=0.0)(replace(models, segmenter=NobodyInFront()), settings)


def fill_from_anywhere(models: Models, settings: Settings) -> Plan:
    """Both inpainters borrow from whatever is known."""
    wide = {"background": BorrowsAnywhere(models.background), "outpainter": BorrowsAnywhere(models.outpainter)}
    return replace(models, **wide), settings


def network_for_new_views(models: Models, settings: Settings) -> Plan:
    """The builtin network estimates the depth of what was filled in, where else known surfaces are continued."""
    return replace(models, depth=LooksAnew(MixedDepth())), settings


VARIANTS: dict[str, Variant] = {
    "full": lambda models, settings: (models, settings),
    "no foreground layer": lambda models, s: (replace(models, segmenter=NobodyInFront()), s),
    "nothing behind edges": within("layers", behind_edges=0.0),
    "neither of the two": one_layer,
    "foreground by the paper's rule": within("layers", rule="paper"),
    "no matting": within("layers", matting=False),
    "fill borrows from anywhere": fill_from_anywhere,
    "network sees new views": network_for_new_views,
    "no alignment": within("expand", align=()),
    "no scale and shift": within("expand", align=("seam", "hinge")),
    "no seam": within("expand", align=("scale", "hinge")),
    "no hinge": within("expand", align=("scale", "seam")),
    "photo may be covered": within("expand", protect_photo=False),
    "SSIM unmasked": within("fit", masked_ssim=False),
    "no reprojections": within("fit", reprojections=0),
    "no fit": within("fit", iterations=0, reprojections=0),
}


def judged(scene: Scene, variant: Variant, settings: Settings, seed: int, noisy: bool, path: str) -> dict[str, float]:
    """The figures of one build."""
    models, rasterizer, told = builtin_models(), pick_rasterizer("cpu"), scene
    if noisy:
        noise = NoisyDepth(seed + 1)
        told, models = spoilt(scene, noise), noisy_eyes(scene, models, noise, settings)
    models, settings = variant(models, settings)
    built = build_from_truth(told, models, rasterizer, settings, seed, path)
    found = additions(built.world, built.shell_m)
    figures = score_scene(scene, built.gaussians, rasterizer) | {"seconds": built.seconds}
    figures |= {"seam": seam_error(found, scene.cast), "flat": flatness(found, scene.cast, scene.planes)}
    return {n: 100 * v if n in PERCENT else v for n, v in figures.items() if not np.isnan(v)}


def compare(scenes: list[Scene], asked: argparse.Namespace, noisy: bool) -> dict[str, dict[str, float]]:
    """Variant -> mean figures."""
    found = {}
    for name in dict.fromkeys(["full", *asked.variants]):
        runs = [(scene, seed) for scene in scenes for seed in range(asked.seeds)]
        found[name] = mean_of(
            judged(scene, VARIANTS[name], PRESETS[asked.preset], seed, noisy, asked.path) for scene, seed in runs
        )
    return found


def lines(found: dict[str, dict[str, float]]) -> list[list[str]]:
    """The full method's figures, then how each variant's differ from them."""
    full, rows = found["full"], []
    for name, figures in found.items():
        cells = [name]
        for key, (_, digits) in COLUMNS.items():
            change = figures.get(key, np.nan) - (0 if name == "full" else full.get(key, np.nan))
            cells.append("-" if np.isnan(change) else f"{change:{'' if name == 'full' else '+'}.{digits}f}")
        rows.append(cells)
    return rows


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"all by default: {'; '.join(VARIANTS)}")
    parser.add_argument("--depth", nargs="+", choices=("true", "noisy"), default=["true", "noisy"])
    parser.add_argument("--scenes", nargs="+", choices=RAY_CAST, default=list(RAY_CAST))
    parser.add_argument("--path", choices=(HELD_OUT, *PATHS), default="wander", help="to expand along")
    parser.add_argument("--preset", choices=PRESETS, default="fast")
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="longer side of the pictures")
    parser.add_argument("--seeds", type=int, default=1, help="builds of each; more for less chance")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    asked.variants = asked.variants or list(VARIANTS)
    if unknown := set(asked.variants) - set(VARIANTS):
        parser.error(f"no variant {', '.join(sorted(unknown))}: there are {'; '.join(VARIANTS)}")
    return asked


def main() -> None:
    """A table for each depth."""
    asked, start, results = arguments(), time.perf_counter(), {}
    scenes = [load(name).reduced(asked.size) for name in asked.scenes]
    judged(scenes[0].reduced(96), VARIANTS["full"], PRESETS["fast"], 0, True, HELD_OUT)  # compiles kernels
    for depth in asked.depth:
        results[depth] = compare(scenes, asked, depth == "noisy")
        heads = [f"{depth} depth", *(head for head, _ in COLUMNS.values())]
        print(table(heads, lines(results[depth])), end="\n\n", flush=True)
    print(f"{(time.perf_counter() - start) / 60:.0f} minutes")
    if asked.json:
        about = {"gen3d": gen3d.__version__, "preset": asked.preset, "size_px": asked.size, "path": asked.path}
        asked.json.write_text(json.dumps(about | {"seeds": asked.seeds, "figures": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
