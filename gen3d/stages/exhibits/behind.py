"""Exhibits of what lies behind (paper 3.1 and 3.2): the filled background, and the points that the layers become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gen3d.events import Exhibit
from gen3d.geometry.occlusion import Continuation
from gen3d.geometry.seam import Seam
from gen3d.scene import RGBD, Layers
from gen3d.stages.exhibits import ink
from gen3d.stages.preview import depth_span


def show_borrow(layers: Layers, borrow: Bool[np.ndarray, "h w"]) -> Iterator[Exhibit]:
    """Omega, and the pixels that may lend it their looks."""

    def draw() -> np.ndarray:
        image = layers.rgbd.image
        lent = np.where(borrow[..., None], image, ink.darkened(image))
        return ink.as_bytes(ink.striped(lent, layers.hidden, ink.MAGENTA))

    yield Exhibit(
        "03_background_1_borrow", "Striped: Omega, to be filled; in colour: what it may borrow from", draw,
        lambda: {"hidden": ink.share(layers.hidden), "lending": ink.share(borrow)},
    )  # fmt: skip


def show_background(
    image: Float[np.ndarray, "h w 3"], expected: Float[np.ndarray, "h w"], seam: Seam
) -> Iterator[Exhibit]:
    """The filled picture; its depth as expected, as estimated and as aligned, all in the same colours."""
    yield Exhibit("03_background_2_filled", "The background's picture, Omega filled", lambda: ink.as_bytes(image))
    yield Exhibit(
        "03_background_3_expected", "Depth expected there: far surfaces continued",
        lambda: ink.depth_drawn(expected, depth_span(seam.after)),
        lambda: {"seam_error": ink.number(seam.jump(expected))},
    )  # fmt: skip
    yield from show_seam("03_background_", 4, image, seam)


def show_seam(name: str, first: int, image: Float[np.ndarray, "h w 3"], seam: Seam) -> Iterator[Exhibit]:
    """New depth in a hole as estimated and as aligned, and the correction W between the two (eq. 4)."""
    yield Exhibit(
        f"{name}{first}_estimated", "Depth as estimated (seam error: mean |log| step across the rim)",
        lambda: ink.depth_drawn(seam.before, depth_span(seam.after)),
        lambda: {"seam_error": ink.number(seam.jump(seam.before))},
    )  # fmt: skip
    yield Exhibit(
        f"{name}{first + 1}_aligned", "Depth aligned to what is known",
        lambda: ink.depth_drawn(seam.after, depth_span(seam.after)),
        lambda: {"seam_error": ink.number(seam.jump(seam.after))},
    )  # fmt: skip
    yield Exhibit(
        f"{name}{first + 2}_correction", "The correction W: log(aligned / estimated)",
        lambda: ink.signed_drawn(seam.correction, image, ink.limit_of(seam.correction)),
        lambda: _size_of(seam.correction),
    )  # fmt: skip


def _size_of(correction: np.ndarray) -> dict[str, Any]:
    known = np.abs(correction[np.isfinite(correction)])
    mean, most = (float(known.mean()), float(known.max())) if known.size else (0.0, 0.0)
    return {"mean": ink.number(mean), "largest": ink.number(most), "drawn_to": ink.limit_of(correction)}


def show_flying(image: Float[np.ndarray, "h w 3"], flying: Bool[np.ndarray, "h w"]) -> Iterator[Exhibit]:
    """The pixels that hang between two surfaces and give no point."""
    yield Exhibit(
        "04_lift_1_flying", "Flying points (red), not lifted",
        lambda: ink.as_bytes(ink.dotted(ink.paled(image), flying, ink.RED)),
        lambda: {"flying": int(flying.sum()), "share": ink.share(flying)},
    )  # fmt: skip


def show_behind_edges(rgbd: RGBD, found: Continuation) -> Iterator[Exhibit]:
    """The strips of far surface that go on under the near side of edges: their looks and their depth."""
    pale = 0.4 + 0.6 * ink.paled(rgbd.image)

    def behind() -> float:
        solid = found.known & np.isfinite(found.depth) & np.isfinite(rgbd.depth)
        return float(np.median(found.depth[solid] / rgbd.depth[solid])) if solid.any() else float("nan")

    yield Exhibit(
        "04_lift_2_behind_picture", "What goes on behind edges: its looks",
        lambda: ink.as_bytes(np.where(found.known[..., None], found.image, pale)),
        lambda: {"share": ink.share(found.known)},
    )  # fmt: skip
    yield Exhibit(
        "04_lift_3_behind_depth", "What goes on behind edges: its depth",
        lambda: ink.depth_drawn(np.where(found.known, found.depth, np.nan), depth_span(rgbd.depth)),
        lambda: {"times_as_far_median": ink.number(behind())},
    )  # fmt: skip


def show_points(aside: Float[np.ndarray, "h w 3"], origin: np.ndarray) -> Iterator[Exhibit]:
    """P_0 from a little aside, and where its points come from; origin: of each point (`PointCloud.origin`)."""
    names = ("photo", "background", "behind_edges", "fringe")
    yield Exhibit(
        "04_lift_4_points", "All points from a little to the left; black is not covered yet",
        lambda: ink.as_bytes(aside),
        lambda: {name: int((origin == i).sum()) for i, name in enumerate(names)},
    )  # fmt: skip
