"""Lama-ControlNet (paper 3.1): LaMa fills what the foreground hides, Stable Diffusion repaints it under control.

LaMa's picture enters as the start of sampling, deep under noise. One ControlNet holds the known pixels, in whose
picture the hole is -1; the other holds the depth that the background shall have, near white and sky black. The UNet's
self-attention is conditioned on that depth too (depth_attention.py); what this is worth could not be seen without the
weights, so it is a switch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float

from gen3d.geometry.edges import inverse_depth
from gen3d.models.networks.canvas import CELL_PX, Canvas
from gen3d.models.networks.depth_attention import DepthBias, normalised_depth
from gen3d.models.networks.paste import paste
from gen3d.models.networks.stable_diffusion import Sampled, Sampling, StableDiffusion, networks, to_tensor

INPAINT_SCALE, DEPTH_SCALE = 1.0, 0.8
"""How strongly the two ControlNets steer."""
DEPTH_LAMBDA = 2.0
"""The bias on self-attention between the nearest and the farthest."""
PROMPT = "an empty background scene, natural, photorealistic, 8K"
"""Where there is no prompt."""
NEGATIVE_PROMPT = (
    "person, people, animal, object in the foreground, text, watermark, frame, blurry, low quality, deformed"
)
"""What a background shall not hold: the layer in front of it is there already."""
IN_HOLE = -1.0
"""What the inpainting ControlNet was trained to see in a hole; known pixels are 0 to 1."""


@runtime_checkable
class Prefiller(Protocol):
    """Fills a hole plausibly, without words: LaMa."""

    def prefill(
        self, image: Float[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"], borrow: Bool[np.ndarray, "h w"]
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled from the pixels of `borrow`."""
        ...


@dataclass(frozen=True, eq=False)
class LamaControlNet(Sampled):
    """Plays `Inpainter` for the background."""

    diffusion: StableDiffusion
    pipeline: Any
    """diffusers' StableDiffusionControlNetInpaintPipeline with the ControlNets [inpaint, depth]."""
    prefiller: Prefiller
    sampling: Sampling
    depth_lambda: float = DEPTH_LAMBDA
    """0: self-attention is not conditioned on depth."""
    shortest_px: int = 512
    longest_px: int = 1024
    """Working size."""

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"Lama-ControlNet, {self.sampling}"

    def in_turns(self) -> LamaControlNet:
        """The same engine, the ControlNets too on the device for a call only."""
        return replace(self, diffusion=self.diffusion.in_turns(*networks(self.pipeline)))

    def inpaint(
        self,
        image: Float[np.ndarray, "h w 3"],
        hole: Bool[np.ndarray, "h w"],
        borrow: Bool[np.ndarray, "h w"],
        depth: Float[np.ndarray, "h w"],
        prompt: str | None = None,
        seed: int = 0,
    ) -> Float[np.ndarray, "h w 3"]:
        """The picture with the hole filled; known pixels that may not lend their looks are hidden from all networks."""
        if not hole.any():
            return image
        lends = borrow & ~hole
        prefilled = self.prefiller.prefill(image, ~lends, lends)
        canvas = Canvas.fit(*hole.shape, self.shortest_px, self.longest_px)
        unseen = canvas.cells(~lends)
        start = canvas.field(prefilled).clip(0, 1)  # pipelines take a picture with a negative value for one in [-1, 1]
        drawn = self.diffusion.draw(
            self.pipeline, self.sampling, seed, start,
            prompt=prompt or PROMPT, negative_prompt=NEGATIVE_PROMPT,
            image=to_tensor(start), mask_image=to_tensor(unseen), height=canvas.full[0], width=canvas.full[1],
            control_image=[to_tensor(inpaint_control(start, unseen)), to_tensor(canvas.field(depth_control(depth)))],
            controlnet_conditioning_scale=[INPAINT_SCALE, DEPTH_SCALE],
            cross_attention_kwargs=self._attention(canvas, depth),
        )  # fmt: skip
        return paste(image, canvas.back(drawn), hole, lends, ~canvas.back_region(unseen), at_rim=prefilled)

    def _attention(self, canvas: Canvas, depth: np.ndarray) -> dict | None:
        """The bias for the UNet's self-attention, on the latent grid."""
        if not self.depth_lambda:
            return None
        field = torch.from_numpy(canvas.field(normalised_depth(depth)))[None, None]
        latent = torch.nn.functional.avg_pool2d(field, CELL_PX)[0, 0]
        return {"depth_bias": DepthBias(latent.to(self.diffusion.placement.device), self.depth_lambda)}


def inpaint_control(picture: Float[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
    """The picture for the inpainting ControlNet."""
    return np.where(hole[..., None], np.float32(IN_HOLE), picture)


def depth_control(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
    """The picture for the depth ControlNet: inverse depth, the nearest white, the farthest (sky always) black.

    Unknown depth (NaN) is black too; a nearest percent may be brighter than white, and is cut off.
    """
    inverse = np.nan_to_num(inverse_depth(depth), nan=0.0, posinf=0.0)
    known = inverse[np.isfinite(depth)]
    if not known.size:
        return np.zeros((*depth.shape, 3), np.float32)
    farthest = 0.0 if np.isposinf(depth).any() else float(known.min())
    nearest = max(float(np.quantile(known, 0.99)), farthest + 1e-9)
    grey = ((inverse - farthest) / (nearest - farthest)).clip(0, 1)
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.float32)
