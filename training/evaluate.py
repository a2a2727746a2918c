"""Judges a checkpoint: `python -m training.evaluate CHECKPOINT [--photos FOLDER] [--held-out] [--sheets FOLDER]`.

On photos with a given depth (NAME.jpg beside NAME_depth.png, nearer is smaller, 0 unknown), and on worlds of kinds and
seeds that were never trained on; beside a vertical ramp and the layout prior. Sheets show picture, truth, network and
prior side by side, the worst first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from gen3d.geometry.edges import inverse_depth
from gen3d.models.builtin.depthnet import CELL_PX, DepthNet
from gen3d.models.builtin.prior_depth import guess_depth
from training.export import load_average
from training.measures import Figures, figures, mean_figures, overlap

SAMPLE_PX = 256
"""Figures are taken at this longer side."""
HELD_OUT_SEED, PER_KIND = 990_000, 12
"""Of the worlds that judge: a seed that no set uses."""


@dataclass(frozen=True, eq=False)
class Case:
    """picture (h, w, 3) in [0, 1]; inverse depth (h, w), NaN unknown; sky (h, w) or None where nobody says."""

    name: str
    group: str
    picture: np.ndarray
    inverse: np.ndarray
    sky: np.ndarray | None = None


Estimate = Callable[[np.ndarray], np.ndarray]
"""A picture's inverse depth at its own size; 0 is sky."""


def photos(folder: Path) -> Iterator[Case]:
    """The photos of a folder, reduced to SAMPLE_PX."""
    for file in sorted(folder.glob("*_depth.png")):
        depth = cv2.imread(str(file), cv2.IMREAD_UNCHANGED).astype(np.float32)
        picture = cv2.imread(str(file.with_name(file.name.replace("_depth.png", ".jpg"))), cv2.IMREAD_COLOR)[..., ::-1]
        scale = SAMPLE_PX / max(depth.shape)
        size = tuple(max(1, round(n * scale)) for n in depth.shape[::-1])
        depth = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
        with np.errstate(divide="ignore"):
            yield Case(
                file.stem[:-6], "photos", picture.astype(np.float32) / 255, np.where(depth > 0, 1 / depth, np.nan)
            )


def worlds(kinds: tuple[str, ...], generation: int, count: int = PER_KIND) -> Iterator[Case]:
    """Worlds by kind, drawn here and now."""
    from training.picture import picture

    for kind in kinds:
        for k in range(count):
            seen, drawn, _ = picture((HELD_OUT_SEED, k), generation, SAMPLE_PX, 192, kind)
            inverse = np.where(np.isinf(drawn.depth), 0, 1 / np.maximum(drawn.depth, 1e-3))
            yield Case(f"{kind} {k}", kind, seen.astype(np.float32) / 255, inverse, np.isinf(drawn.depth))


def ramp(picture: np.ndarray) -> np.ndarray:
    """Near at the bottom."""
    h, w = picture.shape[:2]
    return np.repeat((np.arange(h) + 0.5)[:, None] / h, w, 1)


def prior(picture: np.ndarray) -> np.ndarray:
    """The layout prior."""
    return inverse_depth(guess_depth(picture))


def by_network(network: DepthNet, long_px: int) -> Estimate:
    """The network alone, looking at `long_px`."""

    def estimate(picture: np.ndarray) -> np.ndarray:
        h, w = picture.shape[:2]
        size = [max(CELL_PX, round(n * long_px / max(h, w) / CELL_PX) * CELL_PX) for n in (w, h)]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if long_px < max(h, w) else cv2.INTER_CUBIC)
        with torch.no_grad():
            seen = network(torch.from_numpy(np.ascontiguousarray(small, np.float32)).permute(2, 0, 1)[None].clamp(0, 1))
        inverse = (seen.inverse * (seen.sky < 0))[0].numpy()
        return cv2.resize(inverse, (w, h), interpolation=cv2.INTER_LINEAR)

    return estimate


def judge(case: Case, estimate: Estimate) -> tuple[Figures, float | None, np.ndarray]:
    """Figures, the overlap of the sky where it is known, and the answer at the truth's size."""
    h, w = case.inverse.shape
    said = cv2.resize(estimate(case.picture).astype(np.float32), (w, h), interpolation=cv2.INTER_NEAREST_EXACT)
    known = np.isfinite(case.inverse)
    sky = overlap(said <= 0, case.sky) if case.sky is not None and case.sky.any() else None
    return figures(said[known], case.inverse[known]), sky, said


def report(cases: list[Case], estimates: dict[str, Estimate], sheets: Path | None) -> None:
    """Prints a table by group and name; writes sheets."""
    judged = {name: [judge(case, estimate) for case in cases] for name, estimate in estimates.items()}
    groups = list(dict.fromkeys(case.group for case in cases))
    print(f"{'':24s}" + "".join(f"{name:>32s}" for name in estimates))
    print(f"{'':24s}" + "   error   corr  order    sky  " * len(estimates))
    one_group = len(groups) == 1
    rows = [(c.name, [k]) for k, c in enumerate(cases)] if one_group else []
    rows += [(g, [k for k, c in enumerate(cases) if c.group == g]) for g in groups if not one_group]
    for label, some in [*rows, ("mean", list(range(len(cases))))]:
        print(f"{label[:23]:24s}" + "".join(_cell([judged[name][k] for k in some]) for name in estimates))
    if sheets is not None:
        first = next(iter(estimates))
        order = sorted(range(len(cases)), key=lambda k: -judged[first][k][0].error)
        _sheets(
            [(cases[k], [judged[n][k][2] for n in estimates]) for k in order],
            sheets,
            cases[0].group if one_group else "worlds",
        )


def _cell(some: list) -> str:
    mean, skies = mean_figures([s[0] for s in some]), [s[1] for s in some if s[1] is not None]
    sky = f"{np.mean(skies):.2f}" if skies else "-"
    return f"   {mean.error:5.3f}  {mean.correlation:5.2f}  {mean.order:5.3f}  {sky:>5s}  "


def _sheets(rows: list[tuple[Case, list[np.ndarray]]], folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(0, len(rows), 12):
        strips = []
        for case, answers in rows[k : k + 12]:
            h, w = case.inverse.shape
            shown = [cv2.resize(case.picture, (w, h), interpolation=cv2.INTER_AREA) * 255]
            shown += [_coloured(a) for a in (case.inverse, *answers)]
            strips.append(
                cv2.resize(np.hstack(shown), (170 * len(shown), 128 if w >= h else 226), interpolation=cv2.INTER_AREA)
            )
        cv2.imwrite(str(folder / f"{name}_{k // 12}.png"), np.vstack(strips)[..., ::-1].astype(np.uint8))


def _coloured(inverse: np.ndarray) -> np.ndarray:
    value = np.nan_to_num(inverse)
    low, high = np.percentile(value, (1, 98))
    share = np.clip((value - low) / max(high - low, 1e-9), 0, 1) ** 0.7
    return cv2.applyColorMap((share * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1].astype(np.float32)


def main() -> None:
    """Judges a checkpoint."""
    p = argparse.ArgumentParser(
        prog="python -m training.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("checkpoint", type=Path, help="a run's folder, or its average.pt")
    p.add_argument("--photos", type=Path, help="a folder of NAME.jpg and NAME_depth.png")
    p.add_argument("--held-out", action="store_true", help="worlds of kinds that are never trained on")
    p.add_argument("--kinds", nargs="*", default=[], help="other kinds, by seeds that are never trained on")
    p.add_argument("--count", type=int, default=PER_KIND, help="worlds a kind")
    p.add_argument("--generation", type=int, default=99)
    p.add_argument("--long", type=int, default=384, help="longer side that the network looks at")
    p.add_argument("--sheets", type=Path)
    a = p.parse_args()
    estimates = {"network": by_network(load_average(a.checkpoint), a.long), "prior": prior, "ramp": ramp}
    if a.photos:
        report(list(photos(a.photos)), estimates, a.sheets)
    if a.held_out or a.kinds:
        from training.worlds import HELD_OUT

        kinds = (*(HELD_OUT if a.held_out else ()), *a.kinds)
        report(list(worlds(kinds, a.generation, a.count)), estimates, a.sheets)


if __name__ == "__main__":
    sys.exit(main())
