"""Every network of the hub engine at its full size, built from its configuration, with no weights.

Parameters and memory follow from the shapes alone, so they can be told on the meta device, where a tensor takes no
memory; and speed does not depend on the values, so a network of random weights runs as fast as the real one.
Configurations are those of the published files; `published` is the size that their authors or the files themselves
give, in millions of parameters, and tests/test_full_size.py holds ours against it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gen3d.models.torchvision_repair import repair_torchvision

MOGE_CONFIG = Path(__file__).parents[1] / "tests" / "data" / "moge2_vitl_config.json"
Call = Callable[[Any, "Inputs"], Any]


@dataclass(frozen=True)
class Inputs:
    """Makes up what networks are called with."""

    device: str
    dtype: torch.dtype

    def noise(self, *shape: int) -> torch.Tensor:
        """Uniform in [0, 1]."""
        return torch.rand(shape, device=self.device).to(self.dtype)

    def tokens(self, count: int) -> torch.Tensor:
        """A sentence of so many tokens, whichever."""
        return torch.arange(1, count + 1, device=self.device)[None]


@dataclass(frozen=True)
class FullSize:
    """A network of the hub engine."""

    key: str
    role: str
    name: str
    published: float
    """Millions of parameters."""
    build: Callable[[], torch.nn.Module]
    call: Call
    """Runs it once, as the engine does at a picture of 512 px."""
    work: str
    """What that call is."""

    def on_meta(self) -> torch.nn.Module:
        """Shapes alone."""
        with torch.device("meta"):
            return self.build()

    def drawn(self, inputs: Inputs) -> torch.nn.Module:
        """With random weights, ready to be called."""
        with torch.device(inputs.device):
            return self.build().eval().requires_grad_(False).to(inputs.dtype)


def parameters(network: torch.nn.Module) -> int:
    """How many; shared ones count once."""
    return sum(weight.numel() for weight in network.parameters())


def gigabytes(count: int, dtype: torch.dtype) -> float:
    """What so many parameters take, in 1e9 bytes."""
    return count * dtype.itemsize / 1e9


def _moge() -> torch.nn.Module:
    from gen3d.models.networks.moge import MogeNetwork

    return MogeNetwork(**json.loads(MOGE_CONFIG.read_text(encoding="utf-8")))


def _sam(size: str) -> torch.nn.Module:
    repair_torchvision()
    from segment_anything import sam_model_registry

    return sam_model_registry[size]()


UNET = {"cross_attention_dim": 768, "block_out_channels": (320, 640, 1280, 1280), "attention_head_dim": 8}
"""Of Stable Diffusion 1.5; what is not named is as diffusers has it. Its ControlNets are copies of its first half."""


def _unet() -> torch.nn.Module:
    repair_torchvision()
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(sample_size=64, in_channels=9, out_channels=4, **UNET)


def _controlnet() -> torch.nn.Module:
    repair_torchvision()
    from diffusers import ControlNetModel

    return ControlNetModel(**UNET)


def _vae() -> torch.nn.Module:
    repair_torchvision()
    from diffusers import AutoencoderKL

    down, up = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4
    return AutoencoderKL(
        down_block_types=down, up_block_types=up, block_out_channels=(128, 256, 512, 512), layers_per_block=2
    )


def _layers(hidden: int, count: int, heads: int) -> dict[str, int]:
    return {
        "hidden_size": hidden,
        "intermediate_size": 4 * hidden,
        "num_hidden_layers": count,
        "num_attention_heads": heads,
    }


def _text_encoder() -> torch.nn.Module:
    repair_torchvision()
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(CLIPTextConfig(**_layers(768, 12, 12), projection_dim=768))


def _safety_checker() -> torch.nn.Module:
    repair_torchvision()
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {**_layers(1024, 24, 16), "patch_size": 14, "projection_dim": 768}
    return StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=768))


def _blip() -> torch.nn.Module:
    repair_torchvision()
    from transformers import BlipConfig, BlipForConditionalGeneration

    text = {**_layers(768, 12, 12), "encoder_hidden_size": 768}
    vision = {**_layers(768, 12, 12), "image_size": 384, "patch_size": 16}
    return BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision))


def _clip() -> torch.nn.Module:
    repair_torchvision()
    from transformers import CLIPConfig, CLIPModel

    text = {**_layers(512, 12, 8), "projection_dim": 512}
    vision = {**_layers(768, 12, 12), "patch_size": 16, "projection_dim": 512}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=512))


def _denoise(unet: Any, inputs: Inputs) -> Any:
    return unet(inputs.noise(2, 9, 64, 64), 500, encoder_hidden_states=inputs.noise(2, 77, 768)).sample


def _control(net: Any, inputs: Inputs) -> Any:
    words, picture = inputs.noise(2, 77, 768), inputs.noise(2, 3, 512, 512)
    return net(inputs.noise(2, 4, 64, 64), 500, encoder_hidden_states=words, controlnet_cond=picture)


def _caption(blip: Any, inputs: Inputs) -> Any:
    return blip.generate(inputs.noise(1, 3, 384, 384), num_beams=3, max_new_tokens=20, min_new_tokens=20)


def _compare(clip: Any, inputs: Inputs) -> Any:
    return clip.vision_model(pixel_values=inputs.noise(1, 3, 224, 224))


def _encode(sam: Any, inputs: Inputs) -> Any:
    return sam.image_encoder(inputs.noise(1, 3, 1024, 1024))


_GUIDED = "one step at 512 px, with and without words"
NETWORKS = {
    network.key: network
    for network in (
        FullSize(
            "moge", "depth", "MoGe-2 ViT-L", 330.9, _moge,
            lambda net, inputs: net(inputs.noise(1, 3, 384, 512), 2500), "512 x 384 px, 2500 tokens",
        ),
        *(
            FullSize(f"sam-{size}", "segmenter", f"SAM {size}", millions, partial(_sam, size), _encode,
                     "the encoder, 1024 px")
            for size, millions in (("vit_b", 93.7), ("vit_l", 312.3), ("vit_h", 641.1))
        ),
        FullSize("unet", "inpainters", "Stable Diffusion 1.5 inpainting UNet", 859.5, _unet, _denoise, _GUIDED),
        FullSize("controlnet", "background", "ControlNet (each of two)", 361.3, _controlnet, _control, _GUIDED),
        FullSize(
            "vae", "inpainters", "Stable Diffusion 1.5 VAE", 83.7, _vae,
            lambda net, inputs: net.decode(inputs.noise(1, 4, 64, 64)).sample, "decoding, 512 px",
        ),
        FullSize(
            "text", "inpainters", "CLIP ViT-L/14 text encoder", 123.1, _text_encoder,
            lambda net, inputs: net(inputs.tokens(77)), "a prompt",
        ),
        FullSize(
            "safety", "inpainters", "safety checker", 304.0, _safety_checker, _compare, "a picture",
        ),
        # 247.4 in its file, where the output layer's 23.4 are written again; they are the word embeddings
        FullSize("blip", "captioner", "BLIP captioning base", 224.0, _blip, _caption, "20 words, 3 beams"),
        FullSize("clip", "captioner", "CLIP ViT-B/16", 149.6, _clip, _compare, "a picture"),
    )
}  # fmt: skip
"""All but those whose shapes come with their weights (LaMa's graph, the smaller sizes of MoGe-2) and the small latent
consistency weights."""
