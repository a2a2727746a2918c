"""Fewer Gaussians: those that bring least to the views go, or neighbours are merged; what that costs is measured.

The views are the scene's own cameras and places around them (`views_around`). What nobody sees from there goes first:
so does the backing, which is there for who comes nearer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from gen3d.camera import Camera
from gen3d.events import Notice, Progress, Stage, Started
from gen3d.geometry.trajectory import orbited
from gen3d.splat.contribution import contribution, most_seen
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.merged import merged
from gen3d.splat.role import Rasterizer, draw
from gen3d.values import RGBD

AROUND_DEG = 5.0
"""The views around a camera are turned by so much about the point in its middle."""


class Pruned(NamedTuple):
    """What is left, and what was lost."""

    gaussians: Gaussians
    before: int
    psnr_db: float
    """Of all views against the same with all Gaussians."""
    photo_db: tuple[float, float] | None
    """Of the photo's view against the photo, before and after."""

    def words(self) -> str:
        """In one sentence."""
        kept = f"{len(self.gaussians)} of {self.before} Gaussians are kept"
        views = f"the views match those with all of them at {self.psnr_db:.1f} dB"
        if self.photo_db is None:
            return f"{kept}; {views}."
        before, after = self.photo_db
        return f"{kept}; {views}, the photo's own matches the photo at {after:.2f} dB instead of {before:.2f}."


def prune_gaussians(
    gaussians: Gaussians, most: int, cameras: Sequence[Camera], rasterizer: Rasterizer, photo: RGBD | None = None
) -> Stage[Pruned]:
    """At most `most` Gaussians for the views through `cameras`; photo: what the first of them showed."""
    total = yield from contributions(gaussians, cameras, rasterizer)
    return (yield from thinned(gaussians, total, most, cameras, rasterizer, photo))


def contributions(gaussians: Gaussians, cameras: Sequence[Camera], rasterizer: Rasterizer) -> Stage[torch.Tensor]:
    """What each Gaussian brings to all of the views, `n`."""
    yield Started("prune")
    whole = gaussians.to(rasterizer.device)
    total = torch.zeros(len(whole), device=whole.means.device)
    for i, camera in enumerate(cameras):
        total += contribution(whole, camera, rasterizer)
        yield Progress("prune", i + 1, 2 * len(cameras))
    return total


def thinned(
    gaussians: Gaussians, total: torch.Tensor, most: int, cameras: Sequence[Camera], rasterizer: Rasterizer,
    photo: RGBD | None = None,
) -> Stage[Pruned]:  # fmt: skip
    """At most `most` Gaussians that stand for all, by what each brings to the views (`total`); and what that costs.

    Those that bring most, or neighbours merged, whichever of the two matches the views better.
    """
    whole = gaussians.to(rasterizer.device)
    few = [most_seen(whole, total, most), merged(whole, total, most).to(rasterizer.device)]
    squares, pixels, photo_squares = torch.zeros(len(few)), 0, None
    for i, camera in enumerate(cameras):
        before, *after = (_drawn(part, camera, rasterizer) for part in (whole, *few))
        squares, pixels = squares + _squares(after, before), pixels + before.numel()
        if photo is not None and i == 0:
            photo_squares = _squares([before, *after], torch.from_numpy(photo.image)) / before.numel()
        yield Progress("prune", len(cameras) + i + 1, 2 * len(cameras))
    best = int(squares.argmin())
    photo_db = None if photo_squares is None else tuple(_psnr(float(photo_squares[i])) for i in (0, 1 + best))
    pruned = Pruned(few[best].to("cpu"), len(gaussians), _psnr(float(squares[best]) / pixels), photo_db)
    yield Notice(pruned.words())
    return pruned


def _squares(pictures: Sequence[torch.Tensor], target: torch.Tensor) -> torch.Tensor:
    """The summed squared errors of each."""
    return torch.tensor([float((picture - target).square().sum()) for picture in pictures])


def views_around(cameras: Sequence[Camera], distance_m: float) -> list[Camera]:
    """Each camera, then each turned to four sides about the point `distance_m` ahead of it."""
    sides = [(AROUND_DEG, 0.0), (-AROUND_DEG, 0.0), (0.0, AROUND_DEG), (0.0, -AROUND_DEG)]
    turned = [c.posed(c.c2w @ orbited(yaw, pitch, distance_m)) for c in cameras for yaw, pitch in sides]
    return [*cameras, *turned]


def _drawn(gaussians: Gaussians, camera: Camera, rasterizer: Rasterizer) -> torch.Tensor:
    return draw(rasterizer, drawable_from(gaussians, camera), camera).rgb.clamp(0, 1).cpu()


def _psnr(squares: float) -> float:
    """dB; at most 100, since one that is infinite is no JSON."""
    return min(100.0, float(-10 * torch.log10(torch.tensor(max(squares, 1e-12)))))
