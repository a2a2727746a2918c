"""From a sentence to a picture: by Stable Diffusion's inpainting network, or by FLUX.2 klein where it fits.

An inpainting network whose picture is all hole draws from words alone: it costs no further download.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float

from gen3d.models.adapters.outpaint import NEGATIVE_PROMPT
from gen3d.models.engines import Engine
from gen3d.models.networks.canvas import Canvas
from gen3d.models.networks.diffusers_folder import read_diffusers
from gen3d.models.networks.stable_diffusion import Sampled, Sampling, StableDiffusion, to_tensor
from gen3d.models.placement import Placement, holds

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

FLUX_NETWORKS = ("text_encoder", "transformer", "vae")
FLUX_STEPS, FLUX_GUIDANCE = 4, 1.0
"""What FLUX.2 klein was distilled to."""
FLUX_CELL_PX = 16
"""FLUX packs latent pixels two by two."""
FLUX_CARD_BYTES = 24e9
"""A card that holds its 16 GB beside everything else."""


@dataclass(frozen=True, eq=False)
class Artist(Sampled):
    """Plays `TextToImage` with the inpainting network."""

    diffusion: StableDiffusion
    sampling: Sampling
    shortest_px: int = 512
    longest_px: int = 768
    """Working size: without a picture to hold on to, the network repeats itself beyond this."""

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"Stable Diffusion, {self.sampling}"

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        """A picture of the sentence."""
        canvas = Canvas.fit(height, width, self.shortest_px, self.longest_px)
        rows, columns = canvas.full
        drawn = self.diffusion.draw(
            self.diffusion.pipeline, self.sampling, seed, prompt=prompt, negative_prompt=NEGATIVE_PROMPT,
            image=to_tensor(np.full((rows, columns, 3), 0.5, np.float32)),
            mask_image=to_tensor(np.ones((rows, columns), np.float32)), height=rows, width=columns,
        )  # fmt: skip
        return canvas.back(drawn)


@dataclass(frozen=True, eq=False)
class FluxArtist:
    """Plays `TextToImage` with FLUX.2 klein, which takes no negative prompt and has no safety checker."""

    pipeline: Any
    """diffusers' Flux2KleinPipeline."""
    placement: Placement
    shortest_px: int = 512
    longest_px: int = 1024
    """Working size."""
    name: str = "FLUX.2 klein, 4 steps"

    def in_turns(self) -> FluxArtist:
        """The same engine, its networks on the card for a call only, one after the other."""
        if self.placement.device == "cuda" and not self.placement.offload:
            self.pipeline.enable_model_cpu_offload(device=self.placement.device)
        return replace(self, placement=self.placement.in_turns())

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        """A picture of the sentence."""
        canvas = Canvas.fit(height, width, self.shortest_px, self.longest_px, FLUX_CELL_PX)
        with torch.inference_mode():
            made = self.pipeline(
                prompt=prompt, height=canvas.full[0], width=canvas.full[1], num_inference_steps=FLUX_STEPS,
                guidance_scale=FLUX_GUIDANCE, generator=torch.Generator("cpu").manual_seed(seed % 2**63),
                output_type="np",
            )  # fmt: skip
        return canvas.back(made.images[0])


def open_flux(engine: Engine, opened: Opened) -> dict[str, FluxArtist]:
    """Who plays text_to_image; network by network on cards that do not hold it. Raises ModelUnavailable."""
    (weights,), on_card = engine.weights, opened.placement.device == "cuda"
    placement = replace(opened.placement, offload=on_card and not holds(FLUX_CARD_BYTES))
    return {"text_to_image": load_flux(opened.located(weights).folder, placement)}


def load_flux(folder: Path, placement: Placement) -> FluxArtist:
    """FLUX.2 klein from its folder; on a card in bfloat16, which it was trained in and whose range it needs.

    Raises ModelUnavailable naming the file that is missing or damaged.
    """
    dtype = torch.bfloat16 if placement.device == "cuda" else torch.float32
    pipeline = read_diffusers("Flux2KleinPipeline", folder, "FLUX.2 klein", FLUX_NETWORKS, dtype)
    pipeline.set_progress_bar_config(disable=True)
    if placement.offload:
        pipeline.enable_model_cpu_offload(device=placement.device)  # its two largest parts do not fit at once
    else:
        pipeline.to(placement.device)
    return FluxArtist(pipeline, placement)
