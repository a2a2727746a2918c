"""Exhibits of the expansion (paper 3.2, eq. 4), pose by pose: the hole, its fill, and the alignment of its depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import picture_preview
from gen3d.explain.seam import show_seam
from gen3d.geometry.seam import Seam
from gen3d.geometry.sight import Sight


def preview_pose(pose: int, before: Sight, image: Float[np.ndarray, "h w 3"], **_: Any) -> Preview:
    """The pose's frame, complete; image: with its margin."""
    return Preview(f"expand_{pose:02d}", picture_preview(before.frame(image)))


def show_pose(
    pose: int, before: Sight, image: Float[np.ndarray, "h w 3"], seam: Seam, see_again: Callable[[], Sight]
) -> Iterator[Exhibit]:
    """A row of six: hole, fill, depth before and after alignment, the correction, and the pose seen again.

    image: as painted, margin included. see_again: renders the points with the new ones among them.
    """
    place, again = f"{pose:02d}_", cache(see_again)
    yield Exhibit(
        "expand", f"{place}1_hole", f"Pose {pose}: what the points show; striped: the hole", lambda: _with_hole(before),
        lambda: {"coverage_before": ink.number(1 - before.share)},
    )  # fmt: skip
    yield Exhibit(
        "expand", f"{place}2_painted", f"Pose {pose}: the hole painted",
        lambda: ink.as_bytes(_framed(image, before.margin_px)), lambda: {"painted_px": int(before.hole.sum())},
    )  # fmt: skip
    yield from show_seam("expand", place, 3, image, seam)
    yield Exhibit(
        "expand", f"{place}6_again", f"Pose {pose} with its new points; beyond the frame none are kept",
        lambda: _with_hole(again()), lambda: {"coverage_after": ink.number(1 - again().share)},
    )  # fmt: skip


def _with_hole(sight: Sight) -> np.ndarray:
    return ink.as_bytes(_framed(ink.holed(sight.known.image, sight.hole), sight.margin_px))


def _framed(image: np.ndarray, margin_px: int) -> np.ndarray:
    """The picture with a thin line around the pose's own frame; what lies outside is context for the inpainter."""
    inside = np.zeros(image.shape[:2], bool)
    inside[margin_px - 1 : 1 - margin_px or None, margin_px - 1 : 1 - margin_px or None] = margin_px > 0
    return ink.outlined(image, inside, (1.0, 1.0, 1.0))
