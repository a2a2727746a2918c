"""The inpainter that needs no download: holes are completed with patches of the picture itself.

Patches are sharp but rarely have the colours of what is beside the hole: where little may be copied they come from far
away, or from another surface. So the hole takes its mean colours from its rim, as a membrane stretched over it has
them, and from the patches the detail alone; deep inside it is what the patches say.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.membrane import solve_membrane
from gen3d.geometry.together import together
from gen3d.models.builtin.patchmatch import fill_by_patches

DETAIL_PX, RIM_PX = 4.0, 1.0
"""What differs from the mean over this radius is detail; the mean over the second one is what the rim continues, since
its single pixels would be drawn out into streaks. Measured on ten places with truth (docs/ablation.md)."""
FADE = 0.12
"""Over this share of the diagonal into the hole the rim's say falls to 1/e. Measured on the same places."""

FADE_OPEN = 0.025
"""The same where the hole has a rim on one side only, as beside the photo: farther in, patches know better. Chosen by
eye."""


class PatchInpainter:
    """Plays `Inpainter` with `patchmatch.py`: it rearranges what is in the picture and invents nothing."""

    name = "builtin patches"

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled; `prompt` is ignored."""
        fill, lends = partial(fill_by_patches, image, hole, borrow, depth, seed), borrow & ~hole
        if not (hole.any() and lends.any()):
            return fill()
        patched, carried, share = together([fill, partial(_carried, image, lends), partial(_rims_say, lends)])
        drawn = patched + share[..., None] * (carried - _mean(patched, hole | lends, DETAIL_PX))
        return np.where(hole[..., None], np.clip(drawn, 0, 1), patched).astype(np.float32)


def _carried(image: np.ndarray, lends: np.ndarray) -> np.ndarray:
    """The mean colours of what is lent, continued by a membrane."""
    rim = _mean(image, lends, RIM_PX)
    return np.dstack(together([partial(solve_membrane, rim[..., c], ~lends) for c in range(3)]))


def _rims_say(lends: np.ndarray) -> np.ndarray:
    """How far a hole's mean colours are drawn to those that `lends` continues, 0 to 1.

    What is neither hole nor lent is bridged: it is thin, and mixed or in front.
    """
    distance = cv2.distanceTransform((~lends).astype(np.uint8), cv2.DIST_L2, 5)
    reach = np.where(_between(lends), FADE, FADE_OPEN).astype(np.float32) * np.hypot(*lends.shape)
    reach = cv2.GaussianBlur(reach, (0, 0), 2 * DETAIL_PX)
    return np.exp(-((distance / reach) ** 2))


def _between(lends: np.ndarray) -> np.ndarray:
    """Where something lends on both sides in the row, or in the column: the hole has a rim to go on to."""
    between = np.zeros_like(lends)
    for axis in (0, 1):
        before = np.logical_or.accumulate(lends, axis)
        between |= before & np.flip(np.logical_or.accumulate(np.flip(lends, axis), axis), axis)
    return between


def _mean(image: np.ndarray, counted: np.ndarray, sigma_px: float) -> np.ndarray:
    """The mean colour around each pixel of those pixels that count."""
    share = cv2.GaussianBlur(counted.astype(np.float32), (0, 0), sigma_px)
    total = cv2.GaussianBlur(np.where(counted[..., None], image, 0).astype(np.float32), (0, 0), sigma_px)
    return total / np.maximum(share, 1e-6)[..., None]
