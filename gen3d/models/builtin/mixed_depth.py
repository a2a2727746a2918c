"""The builtin engine's depth of a photo alone: what our small network sees, steadied by the guess from the layout.

The two fail in different places, so their mean in inverse depth is nearer to the truth than either (docs/depthnet.md).
The sky is the network's. Where the network's file cannot be used the guess stands alone, and that is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.camera import Camera
from gen3d.errors import ModelUnavailable
from gen3d.geometry.align import apply_scale_shift, fit_scale_shift
from gen3d.geometry.edges import inverse_depth
from gen3d.models.base import DepthEstimate
from gen3d.models.builtin.prior_depth import MEDIAN_M, guess_depth
from gen3d.models.builtin.trained_depth import FARTHEST, TrainedDepth, load_trained_depth, metres

WEIGHTS = Path(__file__).with_name("depthnet.safetensors")
SHA256 = "b9ce7f3df566ac259e52f882218da0e18e31920743feb55c91bec8deeb135950"
NETWORK_SHARE = 0.7
"""Of the mean, the network's part; the guess has the rest. Chosen by eye: 0.5 and 0.7 measure alike."""
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
        seen = _turned_both_ways(network, image)
        return DepthEstimate(mixed(seen, guess), rough=True, told=SEEN)


@cache
def _opened(weights: Path) -> TrainedDepth:
    return load_trained_depth(weights, SHA256)


def _turned_both_ways(network: TrainedDepth, image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """The network's depth; the mean of the picture's and its mirror image's, in inverse depth."""
    here, mirrored = network.estimate(image).depth, network.estimate(image[:, ::-1]).depth[:, ::-1]
    near = (inverse_depth(here) + inverse_depth(mirrored)) / 2
    depth = 1 / np.maximum(near, 1 / (FARTHEST * MEDIAN_M))
    return np.where(hanging_sky(np.isinf(here)), np.inf, depth).astype(np.float32)


def hanging_sky(sky: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Those parts of it that hang from the top of the picture: the network sees sky among things, too."""
    _, parts = cv2.connectedComponents(sky.astype(np.uint8), connectivity=8)
    top = np.unique(parts[: max(1, round(TOP * len(sky)))])
    return sky & np.isin(parts, top[top > 0])


def mixed(seen: Float[np.ndarray, "h w"], guess: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The weighted mean in inverse depth, the guess first brought to the scale of what was seen; the sky is as seen.

    The median of what is not sky becomes MEDIAN_M; a picture that is all sky stays so.
    """
    sky = np.isinf(seen)
    fitted = inverse_depth(apply_scale_shift(guess, *fit_scale_shift(guess, seen, ~sky)))
    return metres(NETWORK_SHARE * inverse_depth(seen) + (1 - NETWORK_SHARE) * fitted, sky)
