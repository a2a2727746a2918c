"""Exhibits of the first step (paper 3.1): depth as it came and is, the masks proposed, and which stand in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gen3d.events import Exhibit
from gen3d.geometry.contrast import Rim
from gen3d.models.base import Proposals
from gen3d.scene import Layers
from gen3d.settings import LayerSettings
from gen3d.stages.exhibits import ink
from gen3d.stages.preview import depth_span

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

    yield Exhibit("01_depth_1_photo", "The photo at working size", lambda: ink.as_bytes(image),
                  lambda: {"width_px": image.shape[1], "height_px": image.shape[0]})  # fmt: skip
    yield Exhibit(
        "01_depth_2_given", "Depth as it came; grey is unknown",
        lambda: ink.depth_drawn(said, depth_span(depth)), lambda: {"unknown": ink.share(np.isnan(said))},
    )  # fmt: skip
    yield Exhibit(
        "01_depth_3_used", "Depth as used: completed, soft edges made steps", lambda: ink.depth_drawn(depth), figures
    )
    yield Exhibit(
        "01_depth_4_change", f"What cleaning moved by more than {MOVED:.0%}: log(used / given)",
        lambda: ink.signed_drawn(np.where(np.abs(change()) > MOVED, change(), np.nan), image, 0.5),
        lambda: {"moved": ink.share(np.abs(change()) > MOVED)},
    )  # fmt: skip


def show_proposals(
    image: Float[np.ndarray, "h w 3"], proposals: Proposals, kept: Bool[np.ndarray, "k"], settings: LayerSettings
) -> Iterator[Exhibit]:
    """The candidate masks that eq. 1 keeps, numbered, and those that it rejects."""
    masks = proposals.masks

    def why() -> dict[str, Any]:
        area = masks.mean(axis=(1, 2)) if len(masks) else np.zeros(0)
        reasons = {
            "unsure": proposals.scores <= settings.min_score,
            "too_small": area < settings.min_area,
            "too_large": area > settings.max_area,
        }
        return {"rejected": int((~kept).sum())} | {name: int(which.sum()) for name, which in reasons.items()}

    yield Exhibit("02_layers_1_kept", "Candidate masks that eq. 1 keeps", lambda: _coloured(image, masks[kept], True),
                  lambda: {"candidates": len(masks), "kept": int(kept.sum()),
                           "scores": [ink.number(float(s)) for s in proposals.scores[kept]]})  # fmt: skip
    yield Exhibit("02_layers_2_rejected", "Those it rejects: unsure, too small or too large",
                  lambda: _coloured(image, masks[~kept], False), why)  # fmt: skip


def _coloured(image: np.ndarray, masks: np.ndarray, numbered: bool) -> np.ndarray:
    """Masks in distinct colours, small ones over large ones; numbered from 1 in the order they came in."""
    picture = ink.paled(image)
    hues = ink.colours(len(masks))
    for i in sorted(range(len(masks)), key=lambda i: -int(masks[i].sum())):
        picture = ink.outlined(ink.tinted(picture, masks[i], hues[i]), masks[i], 0.6 * np.asarray(hues[i]))
    numbers = [(ink.middle_of(mask), str(i + 1)) for i, mask in enumerate(masks)]
    return ink.lettered(ink.as_bytes(picture), numbers if numbered else [])


def show_rims(layers: Layers, kept: Bool[np.ndarray, "k h w"], judge: Callable[[np.ndarray], Rim]) -> Iterator[Exhibit]:
    """Every kept mask's rim with its balance, and how each was decided."""
    rgbd = layers.rgbd

    def draw() -> np.ndarray:
        picture = ink.tinted(ink.darkened(rgbd.image), layers.foreground, ink.ORANGE, 0.2)
        rims = [judge(mask) for mask in kept]
        for pixels, rgb in (("counted", (0.75, 0.75, 0.75)), ("occluded", ink.BLUE), ("occludes", ink.RED)):
            for rim in rims:
                picture = ink.dotted(picture, getattr(rim, pixels), rgb)
        words = [(ink.middle_of(mask), f"{rim.balance:+.2f}") for mask, rim in zip(kept, rims, strict=True)]
        return ink.lettered(ink.as_bytes(picture), words)

    def figures() -> dict[str, Any]:
        described = [_described(mask, judge(mask), layers) for mask in kept]
        return {"in_front": sum(d["in_foreground"] > 0.5 for d in described), "masks": described}

    yield Exhibit(
        "02_layers_3_rims", "Rims: red occludes, blue is occluded; the numbers are red less blue", draw, figures
    )


def _described(mask: np.ndarray, rim: Rim, layers: Layers) -> dict[str, Any]:
    return {
        "area": ink.share(mask),
        "median_depth_m": ink.number(float(np.median(layers.rgbd.depth[mask]))) if mask.any() else None,
        "occluding": round(rim.part(rim.occludes), 3),
        "occluded": round(rim.part(rim.occluded), 3),
        "balance": round(rim.balance, 3),
        "in_foreground": round(float(layers.foreground[mask].mean()), 3) if mask.any() else 0.0,
    }


def show_layers(layers: Layers) -> Iterator[Exhibit]:
    """M_fg, and the ring by which Omega is larger."""

    def draw() -> np.ndarray:
        picture = ink.tinted(ink.paled(layers.rgbd.image), layers.foreground, ink.ORANGE)
        return ink.as_bytes(ink.tinted(picture, layers.hidden & ~layers.foreground, ink.BLUE, 1.0))

    yield Exhibit(
        "02_layers_4_foreground", "Foreground M_fg (orange); with the blue ring: Omega, to be filled", draw,
        lambda: {"foreground": ink.share(layers.foreground), "omega": ink.share(layers.hidden)},
    )  # fmt: skip
