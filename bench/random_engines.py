"""The hub engine at its full size with random weights: its own adapters, whose networks are drawn instead of loaded.

They take the time and the memory of the real ones, since neither depends on the values, but know nothing. So that a
scene comes of it, each does its work and then gives an answer that costs next to nothing: the photo's true depth, what
is near for things, the nearest known colour for a hole. A role whose packages are missing is played by such an answer
alone, and is named in `missing`. LaMa, which has no configuration to draw it from, is not at work.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from bench.full_size import NETWORKS
from gen3d.camera import Camera
from gen3d.geometry.resample import resample_depth
from gen3d.models.base import Adjustable, DepthEstimate, Models, Movable, Proposals
from gen3d.models.placement import Placement
from gen3d.settings import EngineSettings

SCHEDULER = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "set_alpha_to_one": False, "steps_offset": 1,
}  # fmt: skip
"""What the published Stable Diffusion 1.5 folder says of its noise."""
LORA_RANK = 64
LORA_LAYERS = (
    "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2",
    "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv", "time_emb_proj",
)  # fmt: skip
"""Those that the latent consistency weights have."""


@dataclass(frozen=True, eq=False)
class Worked:
    """An engine that does its work, whose answer is then another; None works for nobody."""

    engine: Any

    @property
    def name(self) -> str:
        """Of who works."""
        return f"{self.engine.name}, random weights" if self.engine else "nobody"

    def in_turns(self) -> Worked:
        """With its networks on the card for a call only."""
        return replace(self, engine=self.engine.in_turns()) if isinstance(self.engine, Movable) else self

    def at(self, settings: EngineSettings) -> Worked:
        """With the care of a preset."""
        return replace(self, engine=self.engine.at(settings)) if isinstance(self.engine, Adjustable) else self


@dataclass(frozen=True, eq=False)
class Seeing(Worked):
    """Plays `DepthEstimator`."""

    depth: np.ndarray
    """The photo's."""

    def estimate(
        self, image: np.ndarray, camera: Camera | None = None, expected: np.ndarray | None = None
    ) -> DepthEstimate:
        """What is expected, where something is; else the photo's depth."""
        if self.engine:
            self.engine.estimate(image, camera, expected)
        h, w, _ = image.shape
        depth = resample_depth(self.depth, w, h)
        if expected is not None:
            depth = np.where(np.isnan(expected), np.nanmedian(expected), expected).astype(np.float32)
        return DepthEstimate(depth, 60.0)


class Finding(Worked):
    """Plays `Segmenter`."""

    def segment(self, image: np.ndarray, depth: np.ndarray) -> Proposals:
        """The nearest tenth of the picture, and a box in the middle."""
        if self.engine:
            self.engine.segment(image, depth)
        h, w = depth.shape
        box = np.zeros((h, w), bool)
        box[h // 3 : 2 * h // 3, w // 3 : 2 * w // 3] = True
        return Proposals(np.stack([depth < np.quantile(depth, 0.1), box]), np.array([0.95, 0.9], np.float32))


class Painting(Worked):
    """Plays `Inpainter`."""

    def inpaint(self, image, hole, borrow, depth, prompt=None, seed=0):
        """The nearest colour that may be borrowed."""
        if self.engine:
            self.engine.inpaint(image, hole, borrow, depth, prompt, seed)
        lends = borrow & ~hole if (borrow & ~hole).any() else ~hole
        nearest = distance_transform_edt(~lends, return_distances=False, return_indices=True)
        return np.where(hole[..., None], image[tuple(nearest)], image).astype(np.float32)


class Prefill(Painting):
    """Plays LaMa, at no cost."""

    def prefill(self, image, hole, borrow):
        """As above."""
        return self.inpaint(image, hole, borrow, None)


def random_models(placement: Placement, depth: np.ndarray) -> tuple[Models, dict[str, str]]:
    """The bundle for a photo of this depth; and role -> why nobody works for it."""
    missing: dict[str, str] = {}

    def drawn(role: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except (ImportError, AttributeError, OSError) as error:
            missing[role] = f"{type(error).__name__}: {error}"[:200]
            return None

    diffusion = drawn("diffusion", lambda: _diffusion(placement)) or (None, None)
    models = Models(
        depth=Seeing(drawn("depth", lambda: _moge(placement)), depth),
        segmenter=Finding(drawn("segmenter", lambda: _sam(placement))),
        background=Painting(diffusion[0]), outpainter=Painting(diffusion[1]), device=placement.device,
    )  # fmt: skip
    return models, missing


def _built(key: str, device: str) -> torch.nn.Module:
    with torch.device(device):
        return NETWORKS[key].build()


def _moge(placement: Placement) -> Any:
    from gen3d.models.adapters.moge import MogeDepth

    return MogeDepth(placement.settle(_built("moge", placement.device)), placement, "MoGe-2 vitl")


def _sam(placement: Placement) -> Any:
    network = _built("sam-vit_h", placement.device)
    from gen3d.models.adapters.sam import HalfEncoder, SamSegmenter

    if placement.device == "cuda":
        network.image_encoder = HalfEncoder(network.image_encoder)
    return SamSegmenter(placement.settle(network, torch.float32), placement, "SAM vit_h", "grid")


def _diffusion(placement: Placement) -> tuple[Any, Any]:
    """Lama-ControlNet and the outpainter, over the same networks."""
    from gen3d.models.torchvision_repair import repair_torchvision

    repair_torchvision()
    from diffusers import (
        DDIMScheduler,
        MultiControlNetModel,
        StableDiffusionControlNetInpaintPipeline,
        StableDiffusionInpaintPipeline,
    )

    from gen3d.models.adapters.lama_controlnet import LamaControlNet
    from gen3d.models.adapters.outpaint import Outpainter
    from gen3d.models.networks.depth_attention import attend_by_depth
    from gen3d.models.networks.stable_diffusion import StableDiffusion

    device = placement.device
    parts = {"unet": _built("unet", device), "vae": _built("vae", device), "text_encoder": _built("text", device)}
    has_lcm = _with_lcm(parts["unet"])
    attend_by_depth(parts["unet"])
    parts = {name: placement.settle(part) for name, part in parts.items()}
    rest = {"tokenizer": _tokenizer(), "scheduler": DDIMScheduler(**SCHEDULER), "safety_checker": None}
    rest["feature_extractor"] = None
    plain = StableDiffusionInpaintPipeline(**parts, **rest, requires_safety_checker=False)
    controls = placement.settle(MultiControlNetModel([_built("controlnet", device) for _ in range(2)]))
    steered = StableDiffusionControlNetInpaintPipeline(
        **parts, **rest, controlnet=controls, requires_safety_checker=False
    )
    for pipeline in (plain, steered):
        pipeline.set_progress_bar_config(disable=True)
    diffusion = StableDiffusion(plain, dict(plain.scheduler.config), placement, has_lcm)
    few = diffusion.sampling(EngineSettings().diffusion_steps)
    return LamaControlNet(diffusion, steered, Prefill(None), few), Outpainter(diffusion, few)


def _with_lcm(unet: Any) -> bool:
    """Puts random low-rank weights beside the UNet's own; False where the package for them is missing."""
    try:
        from peft import LoraConfig
    except ImportError:
        return False
    unet.add_adapter(LoraConfig(r=LORA_RANK, target_modules=list(LORA_LAYERS)), adapter_name="lcm")
    return True


def _tokenizer() -> Any:
    """One token a letter."""
    from transformers import CLIPTokenizer

    letters = [*string.printable[:94], *(f"{c}</w>" for c in string.printable[:94]), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: i for i, token in enumerate(letters)}, merges=[], model_max_length=77)
