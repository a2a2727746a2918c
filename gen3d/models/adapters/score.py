"""Refining (DreamFusion): Stable Diffusion's score of a picture whose known pixels it is shown.

The inpainting network is told what is known and what may be otherwise, so that what it wants fits what the photo saw.
The low-rank weights of latent consistency are off: they were not trained to see noise at every step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import interpolate

from gen3d.models.adapters.outpaint import NEGATIVE_PROMPT, PROMPT
from gen3d.models.engines import Engine, engine_of
from gen3d.models.networks.canvas import CELL_PX, Canvas
from gen3d.models.networks.distillation import GUIDANCE, Denoise, score_gradient
from gen3d.models.networks.stable_diffusion import StableDiffusion, networks, to_tensor

if TYPE_CHECKING:
    from gen3d.models.opened import Opened


@dataclass(frozen=True, eq=False)
class ScoreCritic:
    """Plays `Critic` with the networks that new views are painted with."""

    diffusion: StableDiffusion
    shortest_px: int = 512
    longest_px: int = 768
    """Working size."""
    name: str = "Stable Diffusion's score"

    def in_turns(self) -> ScoreCritic:
        """The same engine, the networks on the device for a call only."""
        return replace(self, diffusion=self.diffusion.in_turns())

    def judge(
        self, image: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], prompt: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "h w 3"]:
        """A sample of eq. 3 of DreamFusion, through the encoder down to the pixels."""
        shared, pipeline = self.diffusion, self.diffusion.pipeline
        rows, columns = Canvas.fit(*free.shape, self.shortest_px, self.longest_px).full
        picture = to_tensor(image).requires_grad_()
        with shared.busy, shared.placement.visiting(*networks(pipeline), gradients=True):
            if shared.has_lcm:
                pipeline.unet.disable_lora()
            sized = interpolate(picture, (rows, columns), mode="bilinear", align_corners=False, antialias=True)
            sized = 2 * sized.to(pipeline.device, pipeline.vae.dtype) - 1
            unseen = interpolate(to_tensor(free), (rows // CELL_PX, columns // CELL_PX), mode="area") > 0
            latents = _encoded(pipeline, sized)
            with torch.no_grad():
                denoise = _conditioned(pipeline, sized, unseen.to(sized), prompt or PROMPT)
                alphas = _scheduler(shared).alphas_cumprod
                slope = score_gradient(latents.detach(), denoise, alphas, seed)
            latents.backward(slope)
        found = picture.grad[0].permute(1, 2, 0).numpy()
        return np.where(free[..., None], found, 0).astype(np.float32)


def open_score(engine: Engine, opened: Opened) -> dict[str, ScoreCritic]:
    """Who plays critic, over the networks of the outpainter. Raises ModelUnavailable."""
    return {"critic": ScoreCritic(opened.player(engine_of("outpainter", "stable-diffusion"), "outpainter").diffusion)}


def _scheduler(shared: StableDiffusion) -> Any:
    """How the weights' noise grows."""
    from diffusers import DDPMScheduler

    return DDPMScheduler.from_config(shared.noise)


def _encoded(pipeline: Any, sized: Tensor) -> Tensor:
    """Its latents, by the mean of the encoder's answer."""
    return pipeline.vae.encode(sized).latent_dist.mode() * pipeline.vae.config.scaling_factor


def _conditioned(pipeline: Any, sized: Tensor, unseen: Tensor, prompt: str) -> Denoise:
    """The denoiser that knows the words, and what is seen, with classifier-free guidance."""
    hidden = interpolate(unseen, sized.shape[-2:], mode="nearest") > 0
    seen = _encoded(pipeline, torch.where(hidden, 0, sized))
    words, none = pipeline.encode_prompt(prompt, pipeline.device, 1, True, NEGATIVE_PROMPT)

    def denoise(noisy: Tensor, t: int) -> Tensor:
        told = torch.cat([noisy, unseen, seen], dim=1)
        both = pipeline.unet(torch.cat([told, told]), t, torch.cat([words, none]), return_dict=False)[0]
        sees, plainly = both.chunk(2)
        return plainly + GUIDANCE * (sees - plainly)

    return denoise
