"""Stable Diffusion's networks, shared by the engines that play roles with them, and how they are sampled.

Up to 8 steps are taken with the low-rank weights of latent consistency (LCM) at a guidance near 1, where these are at
hand; otherwise at least 20 deterministic steps (DDIM). Which it was stands in an engine's name. Sampling starts at the
noisiest timestep, 999, either way. The low-rank weights are switched on and off for each call, under a lock, since
engines with few and with many steps share one UNet.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Shaped

from gen3d.errors import InputError
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings

FEW_STEPS = 8
"""The most that latent consistency weights have a use for."""
LEAST_STEPS = 20
"""The fewest that give a clean picture without them."""
FEW_GUIDANCE, GUIDANCE = 1.5, 7.0
"""Weight of the prompt against the negative one: with latent consistency 1 to 2, else Stable Diffusion's usual."""
LCM = "lcm"
"""What the low-rank weights are called in the UNet."""
ANOTHER_SEED = 0x9E3779B9
"""Added to the seed after the safety checker has held a picture back."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many steps, and of which kind."""

    steps: int
    few: bool
    """With the latent consistency weights."""

    @property
    def guidance(self) -> float:
        """The guidance scale."""
        return FEW_GUIDANCE if self.few else GUIDANCE

    def __str__(self) -> str:
        return f"{self.steps} {'LCM' if self.few else 'DDIM'} steps"


@dataclass(frozen=True, eq=False)
class StableDiffusion:
    """A pipeline's networks; engines hand in their own pipeline over the same ones."""

    pipeline: Any
    """diffusers' StableDiffusionInpaintPipeline, which holds the networks."""
    noise: dict
    """The configuration of the scheduler that came with the weights: how they were trained."""
    placement: Placement
    has_lcm: bool
    busy: threading.Lock = field(default_factory=threading.Lock)

    def sampling(self, steps: int) -> Sampling:
        """The nearest to so many steps that gives a clean picture with the weights at hand."""
        if self.has_lcm and steps <= FEW_STEPS:
            return Sampling(max(1, steps), few=True)
        return Sampling(max(LEAST_STEPS, steps), few=False)

    def in_turns(self, *others: torch.nn.Module) -> StableDiffusion:
        """The same networks under the same lock, on the device for a call only; others leave it with them."""
        return replace(self, placement=self.placement.in_turns(*networks(self.pipeline), *others))

    def draw(
        self,
        pipeline: Any,
        sampling: Sampling,
        seed: int,
        start: Float[np.ndarray, "h w 3"] | None = None,
        **inputs: Any,
    ) -> Float[np.ndarray, "h w 3"]:
        """What the pipeline makes of its inputs, its sides multiples of 8.

        start: a picture to start from, deep under noise. inputs: what the pipeline calls them.
        Raises InputError when the safety checker holds back the pictures of two seeds.
        """
        with self.busy, self.placement.visiting(*networks(pipeline)):
            for one in (seed, seed + ANOTHER_SEED):
                picture = self._sample(pipeline, sampling, one, start, inputs)
                if picture is not None:
                    return picture
        raise InputError(
            "The safety checker held back both pictures that were drawn.",
            "Try another prompt, another seed or another photo.",
        )

    def _sample(
        self, pipeline: Any, sampling: Sampling, seed: int, start: np.ndarray | None, inputs: dict
    ) -> np.ndarray | None:
        """A picture, or None where the safety checker held it back."""
        pipeline.scheduler = scheduler(self.noise, sampling)
        if self.has_lcm:
            (pipeline.unet.enable_lora if sampling.few else pipeline.unet.disable_lora)()
        generator = torch.Generator("cpu").manual_seed(seed % 2**63)
        latents = None if start is None else noisy_latents(pipeline, start, sampling, generator)
        made = pipeline(
            **inputs, latents=latents, strength=1.0, num_inference_steps=sampling.steps,
            guidance_scale=sampling.guidance, generator=generator, output_type="np",
        )  # fmt: skip
        flagged = made.nsfw_content_detected
        return None if flagged and flagged[0] else made.images[0]


class Sampled:
    """An engine over the shared networks, which takes as many steps as a preset wants; a base of dataclasses."""

    diffusion: StableDiffusion
    sampling: Sampling

    def in_turns(self) -> Sampled:
        """The same engine, the networks on the device for a call only."""
        return replace(self, diffusion=self.diffusion.in_turns())

    def at(self, settings: EngineSettings) -> Sampled:
        """The same networks, other steps."""
        return replace(self, sampling=self.diffusion.sampling(settings.diffusion_steps))


def networks(pipeline: Any) -> list[torch.nn.Module]:
    """The networks among a pipeline's components."""
    return [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]


def scheduler(noise: dict, sampling: Sampling) -> Any:
    """A fresh scheduler for weights trained with this noise; its first timestep is the noisiest."""
    from diffusers import DDIMScheduler, LCMScheduler

    kind = LCMScheduler if sampling.few else DDIMScheduler
    return kind.from_config(noise, timestep_spacing="trailing", clip_sample=False)


def noisy_latents(
    pipeline: Any, start: Float[np.ndarray, "h w 3"], sampling: Sampling, generator: torch.Generator
) -> torch.Tensor:
    """The picture's latents with the noise of the first timestep: sqrt(a) z + sqrt(1 - a) n.

    Pipelines take `latents` as they are, but for a factor init_noise_sigma, which is 1 for both schedulers.
    """
    vae = pipeline.vae
    pixels = torch.from_numpy(start).permute(2, 0, 1)[None].to(pipeline.device, vae.dtype)
    clean = vae.encode(2 * pixels - 1).latent_dist.mode() * vae.config.scaling_factor
    noise = torch.randn(clean.shape, generator=generator).to(clean)
    pipeline.scheduler.set_timesteps(sampling.steps, device=clean.device)
    return pipeline.scheduler.add_noise(clean, noise, pipeline.scheduler.timesteps[:1])


def to_tensor(array: Shaped[np.ndarray, "h w *c"]) -> torch.Tensor:
    """An array as pipelines want it: 1 c h w, float32; they move it themselves."""
    planes = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(np.ascontiguousarray(planes, np.float32)).permute(2, 0, 1)[None]
