"""Depth (paper 3.1) as it came and as it is used, and the photo it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import depth_preview, depth_span, picture_preview

MOVED = 0.02
"""Depth that cleaning changed by more than this, relatively, is counted as moved."""


def show_depth(
    image: Float[np.ndarray, "h w 3"], said: Float[np.ndarray, "h w"], depth: Float[np.ndarray, "h w"]
) -> Iterator[Exhibit]:
    """The photo; depth as it came (NaN unknown, inf sky) and as it is used; where the two differ."""

    def change() -> np.ndarray:
        comparable = np.isfinite(said) & (said > 0) & np.isfinite(depth)
        return np.log(np.where(comparable, depth, np.nan) / np.where(comparable, said, 1))

    def figures() -> dict[str, Any]:
        solid = depth[np.isfinite(depth)]
        near, median, far = (ink.number(float(p)) for p in np.percentile(solid, (2, 50, 98)))
        return {"nearest_m": near, "median_m": median, "farthest_m": far, "sky": ink.share(np.isposinf(depth))}

    yield Exhibit("depth", "1_photo", "The photo at working size", lambda: ink.as_bytes(image),
                  lambda: {"width_px": image.shape[1], "height_px": image.shape[0]})  # fmt: skip
    yield Exhibit(
        "depth", "2_given", "Depth as it came; grey is unknown",
        lambda: ink.depth_drawn(said, depth_span(depth)), lambda: {"unknown": ink.share(np.isnan(said))},
    )  # fmt: skip
    yield Exhibit(
        "depth", "3_used", "Depth as used: completed, soft edges made steps", lambda: ink.depth_drawn(depth), figures
    )
    yield Exhibit(
        "depth", "4_change", f"What cleaning moved by more than {MOVED:.0%}: log(used / given)",
        lambda: ink.signed_drawn(np.where(np.abs(change()) > MOVED, change(), np.nan), image, 0.5),
        lambda: {"moved": ink.share(np.abs(change()) > MOVED)},
    )  # fmt: skip


def preview_photo(image: Float[np.ndarray, "h w 3"], **_: Any) -> Preview:
    """The photo at working size."""
    return Preview("photo", picture_preview(image))


def preview_depth(depth: Float[np.ndarray, "h w"], **_: Any) -> Preview:
    """Depth as it is used."""
    return Preview("depth", depth_preview(depth))
