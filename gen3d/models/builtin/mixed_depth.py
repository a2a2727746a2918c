"""The builtin engine's depth of a photo alone: what our small network sees, steadied by the guess from the layout.

The two fail in different places, so their mean in inverse depth is nearer to the truth than either (docs/depthnet.md).
What is mixed are broad means: steps between things are the network's alone, of which the guess knows nothing. The sky
is the network's, without what is too thin for its grid. Where the network's file cannot be used the guess stands alone,
and that is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.errors import ModelUnavailable
from gen3d.geometry.align import apply_scale_shift, fit_scale_shift
from gen3d.geometry.edges import inverse_depth
from gen3d.models.base import DepthEstimate
from gen3d.models.builtin.prior_depth import FARTHEST, MEDIAN_M, guess_depth, metres
from gen3d.models.builtin.sky_tips import tips_in_sky, with_nearest

if TYPE_CHECKING:
    from gen3d.models.builtin.trained_depth import TrainedDepth

WEIGHTS = Path(__file__).with_name("depthnet.safetensors")
SHA256 = "4de905879e5b0e2efbd9795f5b245299dae49bfa5ac9ec539128b0f76eef35cc"
NETWORK_SHARE = 0.5
"""Of the mean, the network's part; the guess has the rest. From measuring both groups of docs/depthnet.md: photos are
best at 0.85, by 3 %; rooms without much in them at 0.3."""
BROAD = 0.06
"""Standard deviation, as a share of the longer side, of the means that are mixed. From measuring worlds of `training/`:
0.06 keeps .57 of the steps at things' rims, mixing pixel by pixel .30. Then by eye: less bends the rims of things
towards the eye, more is worse in bare rooms, which was seen on real photos too."""
LEAST_SKY = 0.03
"""Of the picture; less is none, and lies as far as its surfaces seem to. Chosen by eye."""
TOP = 0.03
"""The sky reaches into this share of the picture's height, from above. Chosen by eye."""
SEEN = (
    "The depth was estimated by a small network of our own, which is wrong by a fifth on the average photo, "
    "and more in scenes of a kind that it never saw."
)
GUESSED = "The depth is a rough guess from the picture's layout"


@dataclass(frozen=True, eq=False, slots=True)
class MixedDepth:
    """Plays `DepthEstimator`; depth that the caller expects, from geometry it knows, is returned as it is."""

    weights: Path = WEIGHTS
    name: str = "builtin network"

    def estimate(
        self,
        image: Float[np.ndarray, "h w 3"],
        camera: Camera | None = None,
        expected: Float[np.ndarray, "h w"] | None = None,
    ) -> DepthEstimate:
        """Depth of made-up scale, and the sky; the lens stays open: the network tells it no better than a guess."""
        if expected is not None:
            return DepthEstimate(expected)
        guess = guess_depth(image)
        try:
            network = _opened(self.weights)
        except ModelUnavailable as error:
            return DepthEstimate(guess, rough=True, told=f"{error.what} {GUESSED} alone.")
        seen, sky = _turned_both_ways(network, image)
        tips = tips_in_sky(sky, image)
        seen = with_nearest(seen, tips, ~sky) if tips.any() else seen
        return DepthEstimate(mixed(seen, sky & ~tips, guess), rough=True, told=SEEN)


@cache
def _opened(weights: Path) -> TrainedDepth:
    from gen3d.models.builtin.trained_depth import load_trained_depth  # not before: it loads torch

    return load_trained_depth(weights, SHA256)


def _turned_both_ways(
    network: TrainedDepth, image: Float[np.ndarray, "h w 3"]
) -> tuple[Float[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """The surfaces' inverse depth, the mean of the picture's and its mirror image's; where the sky is."""
    here, sky, _ = network.surfaces(image)
    mirrored, _, _ = network.surfaces(image[:, ::-1])
    return (here + mirrored[:, ::-1]) / 2, hanging_sky(sky)


def hanging_sky(sky: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Those parts of it that hang from the top of the picture, if they are of a size.

    The network sees sky among things, too, and a patch of it on a pale ceiling.
    """
    _, parts = cv2.connectedComponents(sky.astype(np.uint8), connectivity=8)
    top = np.unique(parts[: max(1, round(TOP * len(sky)))])
    hanging = sky & np.isin(parts, top[top > 0])
    return hanging if hanging.mean() >= LEAST_SKY else np.zeros_like(sky)


def mixed(
    seen: Float[np.ndarray, "h w"], sky: Bool[np.ndarray, "h w"], guess: Float[np.ndarray, "h w"]
) -> Float[np.ndarray, "h w"]:
    """Depth as seen, its broad means those of seen and guessed, which is brought to the same scale; inf is sky.

    seen: inverse depth. guess: depth. The median of what is not sky becomes MEDIAN_M; what is all sky stays so.
    """
    said = 1 / np.maximum(seen, 1 / (FARTHEST * MEDIAN_M))
    fitted = inverse_depth(apply_scale_shift(guess, *fit_scale_shift(guess, said, ~sky)))
    guessed = (1 - NETWORK_SHARE) * _broad(fitted - seen, ~sky)
    return metres(np.maximum(seen + guessed, NETWORK_SHARE * seen), sky)


def _broad(values: Float[np.ndarray, "h w"], solid: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The mean of what is solid around every pixel."""
    sigma, held = BROAD * max(solid.shape), solid.astype(np.float32)
    total = cv2.GaussianBlur(np.where(solid, values, 0).astype(np.float32), (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(held, (0, 0), sigma), 1e-6)
