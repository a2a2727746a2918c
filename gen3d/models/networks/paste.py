"""What a network drew, set into a hole so that no seam shows; known pixels are never touched.

An autoencoder brings a picture back a little off in colour. What it did to the pixels it was shown is known, so that
shift is carried into the hole as a membrane and taken off. Where another picture is known to meet the rim (LaMa's), it
is crossed over to from there; what still does not meet fades over a few pixels.

GEN3D's decision was to blend across the rim with the hole dilated by 7 px and blurred by 7; that would alter known
pixels, which the role forbids, so the blend lies inside the hole.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.membrane import solve_membrane

BLEND_PX = 7.0
"""How far into the hole the rim is felt."""
TONE_PX = 8
"""The shift is one of tone, not of detail: it is measured and continued on a grid so many times coarser."""


def paste(
    image: Float[np.ndarray, "h w 3"],
    drawn: Float[np.ndarray, "h w 3"],
    hole: Bool[np.ndarray, "h w"],
    lends: Bool[np.ndarray, "h w"],
    shown: Bool[np.ndarray, "h w"],
    at_rim: Float[np.ndarray, "h w 3"] | None = None,
) -> Float[np.ndarray, "h w 3"]:
    """The image, bit for bit outside the hole, with what was drawn inside it.

    lends: known pixels that the fill shall meet. shown: those that the network saw. at_rim: a picture that meets the
    rim and hands over to the drawn one.
    """
    known, settled = lends & ~hole, drawn
    if (shown & known).any():
        settled = settled + _shift(image - drawn, shown & known)
    if known.any():
        distance, nearest = _to_nearest(known)
        inside = np.clip((distance - 1) / BLEND_PX, 0, 1)[..., None]
        if at_rim is not None:
            settled = at_rim + inside * (settled - at_rim)
        settled = settled + _fading((image - settled)[known][nearest], inside)
    return np.where(hole[..., None], settled.clip(0, 1), image).astype(np.float32)


def _shift(off: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """How far the network's colours are off: measured where `shown`, continued elsewhere."""
    height, width = shown.shape
    coarse = (-(-width // TONE_PX), -(-height // TONE_PX))
    weight = cv2.resize(shown.astype(np.float32), coarse, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(shown[..., None], off, 0).astype(np.float32), coarse, interpolation=cv2.INTER_AREA)
    held = weight > 0
    mean = _blurred(total) / np.maximum(_blurred(weight), 1e-6)[..., None]
    whole = [solve_membrane(np.where(held, mean[..., c], 0), ~held) for c in range(3)]
    return cv2.resize(np.stack(whole, axis=-1), (width, height), interpolation=cv2.INTER_LINEAR)


def _blurred(coarse: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(coarse, (0, 0), 1.5)


def _to_nearest(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far the nearest known pixel is, and which of `array[known]` it is."""
    source = (~known).astype(np.uint8)
    distance, label = cv2.distanceTransformWithLabels(source, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    order = np.zeros(label.max() + 1, np.intp)
    order[label[known]] = np.arange(np.count_nonzero(known))
    return distance, order[label]


def _fading(off: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """What does not meet at the nearest rim pixel, fading into the hole and smoother the deeper."""
    smooth = cv2.GaussianBlur(off, (0, 0), BLEND_PX / 2)
    return (1 - inside) * (off + inside * (smooth - off))
