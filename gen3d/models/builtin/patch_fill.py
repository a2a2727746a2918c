"""The inpainter that needs no download: holes are completed with patches of the picture itself.

Patches are sharp but rarely continue the colours beside them exactly. So within a few pixels of the hole's rim the
known colours are continued (Telea, "An image inpainting technique based on the fast marching method", 2004), and
patches replace them further in. Most of what a small motion uncovers is narrower than that.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from gen3d.models.builtin.patchmatch import fill_by_patches

HAND_OVER_PX = 8.0
"""Where the continued colours have faded to 1/e; they are continued over twice as far. Chosen by eye."""


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
        patched = fill_by_patches(image, hole, borrow, depth, seed)
        lends = borrow & ~hole
        return _continue_rim(patched, hole, lends) if hole.any() and lends.any() else patched


def _continue_rim(patched: np.ndarray, hole: np.ndarray, lends: np.ndarray) -> np.ndarray:
    """The filled picture with the colours of `lends` carried a few pixels into the hole."""
    reach = 2 * HAND_OVER_PX
    distance = cv2.distanceTransform((~lends).astype(np.uint8), cv2.DIST_L2, 5)
    open_ = (distance <= reach) & ~lends
    picture = np.rint(255 * patched).astype(np.uint8)
    carried = cv2.inpaint(picture, open_.astype(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.float32) / 255
    weight = np.where(hole & open_, np.exp(-((distance / HAND_OVER_PX) ** 2)), 0)[..., None]
    return np.where(hole[..., None], weight * carried + (1 - weight) * patched, patched).astype(np.float32)
