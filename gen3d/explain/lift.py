"""The layers as points (paper 3.2, eq. 3): what is not lifted, what is continued behind edges, and all of P_0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import depth_span, picture_preview
from gen3d.geometry.occlusion import Continuation
from gen3d.values import RGBD, Origin, PointCloud


def preview_points(aside: Float[np.ndarray, "h w 3"], **_: Any) -> Preview:
    """All points from a little to the left."""
    return Preview("lift", picture_preview(aside))


def show_flying(image: Float[np.ndarray, "h w 3"], flying: Bool[np.ndarray, "h w"]) -> Iterator[Exhibit]:
    """The pixels that hang between two surfaces and give no point."""
    yield Exhibit(
        "lift", "1_flying", "Flying points (red), not lifted",
        lambda: ink.as_bytes(ink.dotted(ink.paled(image), flying, ink.RED)),
        lambda: {"flying": int(flying.sum()), "share": ink.share(flying)},
    )  # fmt: skip


def show_behind_edges(rgbd: RGBD, found: Continuation) -> Iterator[Exhibit]:
    """The strips of far surface that are continued under the near side of edges: their picture and their depth."""
    pale = 0.4 + 0.6 * ink.paled(rgbd.image)

    def behind() -> float:
        solid = found.known & np.isfinite(found.depth) & np.isfinite(rgbd.depth)
        return float(np.median(found.depth[solid] / rgbd.depth[solid])) if solid.any() else float("nan")

    yield Exhibit(
        "lift", "2_behind_picture", "Far surfaces continued behind edges: their picture",
        lambda: ink.as_bytes(np.where(found.known[..., None], found.image, pale)),
        lambda: {"share": ink.share(found.known)},
    )  # fmt: skip
    yield Exhibit(
        "lift", "3_behind_depth", "Far surfaces continued behind edges: their depth",
        lambda: ink.depth_drawn(np.where(found.known, found.depth, np.nan), depth_span(rgbd.depth)),
        lambda: {"times_as_far_median": ink.number(behind())},
    )  # fmt: skip


def show_points(aside: Float[np.ndarray, "h w 3"], points: PointCloud) -> Iterator[Exhibit]:
    """P_0 from a little to the left, and where its points come from."""
    yield Exhibit(
        "lift", "4_points", "All points from a little to the left; black is not covered yet",
        lambda: ink.as_bytes(aside),
        lambda: {o.name.lower(): int((points.origin == o).sum()) for o in Origin if o < Origin.FIRST_VIEW},
    )  # fmt: skip
