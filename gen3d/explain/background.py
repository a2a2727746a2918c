"""The background (paper 3.1): what it is filled from, its picture and its depth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import depth_span, picture_preview
from gen3d.explain.seam import show_seam
from gen3d.geometry.seam import Seam
from gen3d.values import Layers


def preview_background(image: Float[np.ndarray, "h w 3"]) -> Preview:
    """The picture without its foreground."""
    return Preview("background", picture_preview(image))


def show_borrow(layers: Layers, borrow: Bool[np.ndarray, "h w"]) -> Iterator[Exhibit]:
    """Omega, and the pixels that it may be filled from."""

    def draw() -> np.ndarray:
        image = layers.rgbd.image
        lent = np.where(borrow[..., None], image, ink.darkened(image))
        return ink.as_bytes(ink.striped(lent, layers.hidden, ink.MAGENTA))

    yield Exhibit(
        "background", "1_borrow", "Striped: Omega, to be filled; in colour: what it may borrow from", draw,
        lambda: {"hidden": ink.share(layers.hidden), "lending": ink.share(borrow)},
    )  # fmt: skip


def show_background(
    image: Float[np.ndarray, "h w 3"], expected: Float[np.ndarray, "h w"], seam: Seam
) -> Iterator[Exhibit]:
    """The filled picture; its depth as expected, as estimated and as aligned, all in the same colours."""
    yield Exhibit("background", "2_filled", "The background's picture, Omega filled", lambda: ink.as_bytes(image))
    yield Exhibit(
        "background", "3_expected", "Depth expected there: far surfaces continued",
        lambda: ink.depth_drawn(expected, depth_span(seam.after)),
        lambda: {"seam_error": ink.number(seam.jump(expected))},
    )  # fmt: skip
    yield from show_seam("background", "", 4, image, seam)
