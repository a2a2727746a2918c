"""Whether the batch's gate means something: `python -m bench.gate [--worlds all|fitted|unseen|places] [--json FILE]`.

Ray-cast worlds are built from one view with a depth that is made worse step by step (`bench/noisy.py`: warp and smear
grow, one seed), and views from aside that no stage saw are held against the truth. Prints each scene's held-out PSNR,
how much is wrong and how much strikes the eye, its figures, and Spearman's rank correlation with these over all, and
with the PSNR in each world. "fitted" are those worlds that the constants of `expected_psnr_db` were fitted to, "unseen"
others; "places" are many worlds of one photo each, with their true depth, as in a folder of good photos.
"""

from __future__ import annotations

import gen3d  # isort: skip  # before torch, so that its wait policy counts

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.stats import spearmanr

from bench.noisy import NoisyDepth
from bench.scenes import load, painted
from bench.score import classify, mean_of, score_view
from bench.tables import table
from gen3d.geometry.place import scale_of
from gen3d.many.gate.figures import FIGURES, measured
from gen3d.products.export import FinishedScene
from gen3d.products.written import write_scene
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import RGBD
from tests.worlds import AnalyticWorld, box_room, ground_and_sky, pole_before_wall, sphere_over_plane, tilted_plane

WARPS = (0.0, 0.03, 0.06, 0.12, 0.2, 0.32)
"""Mean |estimate / truth - 1| of each step; the smear grows by 0.4 pixels a step."""
ASIDE = ((0.3, 0, 0), (-0.3, 0, 0), (0, 0.15, 0), (0.2, -0.1, 0.2))
"""Right, down, forward, metres: the held-out views of the worlds of the tests."""
SIZE_PX = 128
FITTED = ("box room", "sphere over plane", "ground and sky", "room", "terrace")
UNSEEN = ("pole before wall", "tilted plane")
PLACES = (
    "a cosy room with a red sofa, two plants and a lamp", "a kitchen with a table, two chairs and a fridge",
    "a library with an armchair and a globe", "an empty hall with columns",
    "a still life with a bowl of apples and a bottle", "a white house by a lake in the mountains, a red boat",
    "a village street with three houses and a well", "a meadow with a big tree and two cows",
    "a forest with a tent and a campfire", "a coast with a lighthouse and a boat",
    "a desert with two cacti and a rock", "a snowy village with a snowman in the foreground",
    "a garden with a fountain", "mountains at sunset", "a street with a car and a bus",
    "a big statue in the foreground of a castle", "a bench in the foreground of a lake",
    "a windmill on a meadow in fog",
)  # fmt: skip
"""Sentences that the world painter draws, with things near and far, and with none."""
WRONG = 0.1
"""A pixel is wrong whose colour is off by more, of 1, in the mean of its channels."""
PLAIN, AROUND_PX = 0.05, 7
"""A wrong pixel strikes the eye if it is off by more than this and what the truth varies by around it (RMS of greys in
a square): detail hides errors, as a street full of cars does, and a plain sky shows them."""
TRUTHS = {"PSNR": "held_out", "wrong": "wrong_share", "striking": "striking_share"}
"""What figures are held against: of the held-out views."""


def worlds(names: Iterable[str]) -> Iterator[tuple[str, RGBD, list[RGBD]]]:
    """Name, photo with its true depth, held-out views."""
    analytic = {world.name: world for world in (make() for make in (
        box_room, sphere_over_plane, ground_and_sky, pole_before_wall, tilted_plane))}  # fmt: skip
    for name in names:
        if name in analytic:
            yield name, *_views(analytic[name])
        elif name in PLACES:
            scene = painted(name, name, SIZE_PX, SIZE_PX * 3 // 4)
            yield name, scene.photo, list(scene.held_out)
        else:
            scene = load(name).reduced(SIZE_PX)
            yield name, scene.photo, list(scene.held_out)


def _views(world: AnalyticWorld) -> tuple[RGBD, list[RGBD]]:
    camera = world.camera(SIZE_PX, SIZE_PX * 3 // 4)
    moved = [world.moved(camera, right=r, down=d, forward=f) for r, d, f in ASIDE]
    return world.view(camera, 2), [world.view(one, 2) for one in moved]


def judged(photo: RGBD, held_out: list[RGBD], step: int, models, seed: int) -> dict[str, float | None]:
    """The figures of a build with a depth that is so much worse, and `held_out`, the PSNR that nobody told it."""
    noise = NoisyDepth(seed, warp=WARPS[step], scale_spread=0.0, edge_px=0.4 * step)
    depth = noise(photo.depth) if step else photo.depth
    scene = gen3d.build(photo.image, depth=depth.astype(np.float32), intrinsics=photo.camera.K, preset="fast",
                        size_px=SIZE_PX, engine=models, device="cpu")  # fmt: skip
    rows = []
    for view in held_out:
        drawn = scene.render(view.camera)
        classes = classify(view.depth, view.camera, photo.depth, photo.camera)
        rows.append(score_view(drawn.rgb.clip(0, 1), drawn.alpha, view.image, classes))
        off = np.abs(drawn.rgb.clip(0, 1) - view.image).mean(axis=2)
        rows[-1]["wrong"] = float((off > WRONG).mean())
        rows[-1]["striking"] = float((off > PLAIN + contrast(view.image)).mean())
    with tempfile.TemporaryDirectory() as folder:
        finished = FinishedScene(scene.gaussians, Path(folder), pick_rasterizer("cpu"))
        write_scene(finished.files, scene.gaussians, scene.layered, scene.cameras, finished.rasterizer)
        lengths = scale_of(scene.layered.layers.rgbd)
        _record(finished.files.run, lengths.median, lengths.nearest)
        figures = measured(finished, models.depth)
    mean = mean_of(rows)
    return {"held_out": mean["psnr"], "wrong_share": mean["wrong"], "striking_share": mean["striking"]} | figures


def contrast(image: np.ndarray) -> np.ndarray:
    """What a picture varies by around each pixel: RMS of its greys about their mean, h w."""
    grey = image.mean(axis=2).astype(np.float64)
    mean, square = (uniform_filter(a, AROUND_PX) for a in (grey, grey**2))
    return np.sqrt(np.maximum(square - mean**2, 0))


def _record(file: Path, median_m: float, nearest_m: float) -> None:
    """What of a build's record the gate reads: where the path leads."""
    counts = {"median_depth_m": median_m, "nearest_depth_m": nearest_m}
    tour = {"frames": 48, "fps": 24}
    file.write_text(json.dumps({"counts": counts, "request": {"path": "wander"}, "settings": {"tour": tour}}))


def correlation(rows: list[dict], figure: str, truth: str = "held_out") -> float:
    """Spearman's, with one of TRUTHS; NaN where the figure never changes."""
    pairs = [(row[truth], row[figure]) for row in rows if row[figure] is not None]
    values = np.array(pairs, float).T
    return float("nan") if len(pairs) < 3 or np.ptp(values[1]) == 0 else float(spearmanr(*values)[0])


def _line(rows: list[dict], figure: str, each: Iterable[str]) -> list[str]:
    of_world = (correlation([row for row in rows if row["world"] == name], figure) for name in each)
    found = (*(correlation(rows, figure, truth) for truth in TRUTHS.values()), *of_world)
    return [figure, *(f"{value:.2f}" for value in found)]


def main() -> None:
    """Builds, judges, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", choices=("all", "fitted", "unseen", "places"), default="all")
    parser.add_argument("--seed", type=int, default=7, help="of the noise")
    parser.add_argument("--json", type=Path, help="where the rows are kept; called again with it, it goes on")
    asked = parser.parse_args()
    names = {"all": (*FITTED, *UNSEEN), "fitted": FITTED, "unseen": UNSEEN, "places": PLACES}[asked.worlds]
    steps = range(1 if asked.worlds == "places" else len(WARPS))
    rows = before(asked.json, asked.seed)
    done = {(row["world"], row["step"]) for row in rows}
    models = gen3d.load_models("builtin", "cpu")
    for name, photo, held_out in worlds(name for name in names if any((name, step) not in done for step in steps)):
        for step in (step for step in steps if (name, step) not in done):
            rows.append({"world": name, "step": step} | judged(photo, held_out, step, models, asked.seed))
            print(rows[-1], flush=True)
            keep(asked.json, asked.seed, rows)
    rows = [row for row in rows if row["world"] in names]
    each = () if asked.worlds == "places" else names
    heads = ["rank correlation", *(f"{truth}, all" for truth in TRUTHS), *each]
    print(table(heads, [_line(rows, figure.name, each) for figure in FIGURES]))


def before(file: Path | None, seed: int) -> list[dict]:
    """What an earlier call of the same version and seed has measured, so that one that was cut short goes on."""
    if file is None or not file.exists():
        return []
    told = json.loads(file.read_text())
    return told["rows"] if (told["gen3d"], told["seed"]) == (gen3d.__version__, seed) else []


def keep(file: Path | None, seed: int, rows: list[dict]) -> None:
    """All so far."""
    if file is not None:
        file.write_text(json.dumps({"gen3d": gen3d.__version__, "seed": seed, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
