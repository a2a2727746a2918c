"""Expansion (paper 3.2): Stable Diffusion fills what a new view shows for the first time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gen3d.models.networks.canvas import Canvas
from gen3d.models.networks.paste import paste
from gen3d.models.networks.stable_diffusion import Sampled, Sampling, StableDiffusion, to_tensor

PROMPT = "a photo of a scene, natural, highly detailed, photorealistic"
"""Where there is no prompt."""
NEGATIVE_PROMPT = "text, watermark, signature, picture frame, border, collage, blurry, low quality, deformed"
"""What a continued picture shall not hold."""


@dataclass(frozen=True, eq=False)
class Outpainter(Sampled):
    """Plays `Inpainter` for new views, with the networks that the background is painted with."""

    diffusion: StableDiffusion
    sampling: Sampling
    shortest_px: int = 512
    longest_px: int = 1024
    """Working size."""

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"Stable Diffusion inpainting, {self.sampling}"

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled; depth is not asked for, known pixels that may not lend are not shown."""
        if not hole.any():
            return image
        lends = borrow & ~hole
        canvas = Canvas.fit(*hole.shape, self.shortest_px, self.longest_px)
        unseen = canvas.cells(~lends)
        drawn = self.diffusion.draw(
            self.diffusion.pipeline, self.sampling, seed, prompt=prompt or PROMPT, negative_prompt=NEGATIVE_PROMPT,
            image=to_tensor(canvas.field(image).clip(0, 1)), mask_image=to_tensor(unseen),
            height=canvas.full[0], width=canvas.full[1],
        )  # fmt: skip
        return paste(image, canvas.back(drawn), hole, lends, ~canvas.back_region(unseen))
