"""The fit (paper 3.3, eq. 5): the loss, and the photo's view as it is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.chart import line_chart
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import picture_preview
from gen3d.geometry.likeness import psnr_db
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer, draw
from gen3d.values import View

GAIN = 4
"""Differences are multiplied by this."""
LATELY = 0.1
"""Losses at the end are means over this last share of the steps."""


def preview_photo(rendered: Float[torch.Tensor, "h w 3"]) -> Preview:
    """The scene from the photo's place while it is being fitted."""
    return Preview("fit", picture_preview(rendered.clamp(0, 1).cpu().numpy()))


def show_loss(losses: Sequence[tuple[int, float]], pictures: int) -> Iterator[Exhibit]:
    """The loss of every step; losses: (view, loss), view 0 is the photo, those from `pictures` on are reprojections."""

    def lines() -> dict[str, list[tuple[float, float]]]:
        kinds: dict[str, list[tuple[float, float]]] = {"photo": [], "new views": [], "reprojections": []}
        for step, (view, loss) in enumerate(losses, start=1):
            kind = "photo" if view == 0 else "new views" if view < pictures else "reprojections"
            kinds[kind].append((float(step), loss))
        return kinds

    def figures() -> dict[str, Any]:
        since = (1 - LATELY) * len(losses)
        last = {kind: [loss for step, loss in line if step > since] for kind, line in lines().items()}
        ends = {f"loss_{kind.replace(' ', '_')}": ink.number(float(np.mean(v))) for kind, v in last.items() if v}
        return {"steps": len(losses)} | ends

    yield Exhibit(
        "optimize", "1_loss", "Loss of the steps, by kind of view", lambda: line_chart(lines(), "step", "loss"), figures
    )


def show_fit(
    start: int, gaussians: Gaussians, views: Sequence[View], rasterizer: Rasterizer
) -> Iterator[Exhibit]:
    """The photo, its view of the scene, and their difference; `start`: the number of Gaussians before the fit."""
    photo = views[0]

    @cache
    def drawn(view: int) -> np.ndarray:
        rendering = draw(rasterizer, gaussians.to(rasterizer.device), views[view].camera)
        return rendering.rgb.clamp(0, 1).cpu().numpy()

    def psnr(view: int) -> float:
        return psnr_db(drawn(view), views[view].image, views[view].seen)

    def figures() -> dict[str, Any]:
        others = [psnr(i) for i in range(1, len(views))]
        mean = {"new_views_psnr_db": ink.number(float(np.mean(others)))} if others else {}
        return {"psnr_db": ink.number(psnr(0))} | mean

    yield Exhibit("optimize", "2_photo", "The photo", lambda: ink.as_bytes(photo.image))
    yield Exhibit(
        "optimize", "3_rendered", "The scene from the photo's place", lambda: ink.as_bytes(drawn(0)),
        lambda: {"gaussians_before": start, "after_pruning": len(gaussians)},
    )  # fmt: skip
    yield Exhibit(
        "optimize", "4_difference", f"What differs, {GAIN} times enlarged",
        lambda: ink.as_bytes(GAIN * np.abs(drawn(0) - photo.image)), figures,
    )  # fmt: skip
