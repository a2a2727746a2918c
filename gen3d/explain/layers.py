"""Layers (paper 3.1, eq. 1 and 2): the masks proposed, their rims, and which stand in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import region_preview
from gen3d.geometry.edges import innermost
from gen3d.geometry.rim import Rim
from gen3d.models.base import Proposals
from gen3d.settings import LayerSettings
from gen3d.values import Layers


def preview_layers(layers: Layers, **_: Any) -> Preview:
    """What stands in front, tinted."""
    return Preview("layers", region_preview(layers.rgbd.image, layers.foreground))


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

    yield Exhibit("layers", "1_kept", "Candidate masks that eq. 1 keeps", lambda: _coloured(image, masks[kept], True),
                  lambda: {"candidates": len(masks), "kept": int(kept.sum()),
                           "scores": [ink.number(float(s)) for s in proposals.scores[kept]]})  # fmt: skip
    yield Exhibit("layers", "2_rejected", "Those it rejects: unsure, too small or too large",
                  lambda: _coloured(image, masks[~kept], False), why)  # fmt: skip


def _coloured(image: np.ndarray, masks: np.ndarray, numbered: bool) -> np.ndarray:
    """Masks in distinct colours, small ones over large ones; numbered from 1 in the order they came in."""
    picture = ink.paled(image)
    hues = ink.colours(len(masks))
    for i in sorted(range(len(masks)), key=lambda i: -int(masks[i].sum())):
        picture = ink.outlined(ink.tinted(picture, masks[i], hues[i]), masks[i], 0.6 * np.asarray(hues[i]))
    numbers = [(innermost(mask), str(i + 1)) for i, mask in enumerate(masks)]
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
        words = [(innermost(mask), f"{rim.balance:+.2f}") for mask, rim in zip(kept, rims, strict=True)]
        return ink.lettered(ink.as_bytes(picture), words)

    def figures() -> dict[str, Any]:
        described = [_described(mask, judge(mask), layers) for mask in kept]
        return {"in_front": sum(d["in_foreground"] > 0.5 for d in described), "masks": described}

    yield Exhibit(
        "layers", "3_rims", "Rims: red occludes, blue is occluded; the numbers are red less blue", draw, figures
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


def show_layers(
    layers: Layers, kept: Bool[np.ndarray, "k h w"], judge: Callable[[np.ndarray], Rim]
) -> Iterator[Exhibit]:
    """The rims of the kept masks; M_fg, and the ring by which Omega is larger."""
    yield from show_rims(layers, kept, judge)

    def draw() -> np.ndarray:
        picture = ink.tinted(ink.paled(layers.rgbd.image), layers.foreground, ink.ORANGE)
        return ink.as_bytes(ink.tinted(picture, layers.hidden & ~layers.foreground, ink.BLUE, 1.0))

    yield Exhibit(
        "layers", "4_foreground", "Foreground M_fg (orange); with the blue ring: Omega, to be filled", draw,
        lambda: {"foreground": ink.share(layers.foreground), "omega": ink.share(layers.hidden)},
    )  # fmt: skip
