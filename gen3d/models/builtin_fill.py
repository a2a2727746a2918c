"""The inpainter that needs no download: holes are completed with patches of the picture itself."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from gen3d.geometry.patchmatch import fill_by_patches


class PatchInpainter:
    """Plays `Inpainter` with `geometry.patchmatch`: it continues what is there and invents nothing new."""

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
        """The picture with the hole filled; words are not understood, so `prompt` changes nothing."""
        return fill_by_patches(image, hole, borrow, depth, seed)
