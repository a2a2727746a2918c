"""Diffusion networks of a few thousand random weights, written to disk in the folder formats of the real ones.

The same seed writes the same weights. Zero convolutions, which a fresh ControlNet starts from so that it changes
nothing, are drawn at random, and attention is drawn with large weights: otherwise no test could see a control image or
a word arrive.
"""

from __future__ import annotations

import string
from pathlib import Path

import torch

from gen3d.models.torchvision_repair import repair_torchvision

TEXT_DIM = 8
BLOCKS = (4, 8)
LORA_RANK = 2
SCHEDULER = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
}  # fmt: skip
"""What the published Stable Diffusion 1.5 folder says of its noise."""


def write_stable_diffusion(folder: Path, seed: int = 0, checker: bool = False, variant: str | None = None) -> Path:
    """A 9-channel inpainting pipeline; with a safety checker if `checker`."""
    repair_torchvision()
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel

    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        in_channels=9, sample_size=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **_blocks(),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(4, 8, 8, 8), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    for name, weight in unet.named_parameters():
        if "attn" in name:
            torch.nn.init.normal_(weight)
    pipeline = StableDiffusionInpaintPipeline(
        vae=vae, text_encoder=_text_encoder(), tokenizer=clip_tokenizer(), unet=unet,
        scheduler=PNDMScheduler(**SCHEDULER), safety_checker=_safety_checker() if checker else None,
        feature_extractor=_feature_extractor() if checker else None, requires_safety_checker=checker,
    )  # fmt: skip
    pipeline.save_pretrained(folder, variant=variant)
    return folder


def write_controlnet(folder: Path, seed: int = 1) -> Path:
    """A ControlNet for that pipeline's UNet (4 latent channels, as the published ones)."""
    repair_torchvision()
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    net = ControlNetModel(
        in_channels=4, conditioning_embedding_out_channels=(4, 4, 4, 8),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), **_blocks(),
    )  # fmt: skip
    for weight in [*net.controlnet_down_blocks.parameters(), *net.controlnet_mid_block.parameters()]:
        torch.nn.init.normal_(weight, std=0.5)
    for weight in net.controlnet_cond_embedding.parameters():
        if weight.ndim > 1:
            torch.nn.init.kaiming_normal_(weight)
    net.save_pretrained(folder)
    return folder


def write_lcm_lora(folder: Path, seed: int = 2) -> Path:
    """Low-rank weights for UNet layers of each kind, under the names (lora_unet_...) of the published LCM file."""
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    wide, narrow, square = BLOCKS[1], BLOCKS[0], (3, 3)
    down, up = "down_blocks_0", "up_blocks_1"
    layers = {  # name: (out, in, kernel)
        f"{down}_attentions_0_transformer_blocks_0_attn1_to_q": (narrow, narrow, ()),
        f"{down}_attentions_0_transformer_blocks_0_attn1_to_out_0": (narrow, narrow, ()),
        f"{down}_attentions_0_transformer_blocks_0_attn2_to_k": (narrow, TEXT_DIM, ()),
        f"{down}_attentions_0_transformer_blocks_0_ff_net_0_proj": (8 * narrow, narrow, ()),
        f"{up}_attentions_0_proj_in": (narrow, narrow, (1, 1)),
        f"{up}_resnets_0_conv1": (narrow, wide + narrow, square),
        f"{up}_resnets_0_time_emb_proj": (narrow, 4 * narrow, ()),
    }
    tensors = {}
    for name, (outward, inward, kernel) in layers.items():
        tensors[f"lora_unet_{name}.lora_down.weight"] = torch.randn(LORA_RANK, inward, *kernel)
        tensors[f"lora_unet_{name}.lora_up.weight"] = torch.randn(outward, LORA_RANK, *(1 for _ in kernel))
        tensors[f"lora_unet_{name}.alpha"] = torch.tensor(float(LORA_RANK))
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "pytorch_lora_weights.safetensors", metadata={"format": "pt"})
    return folder


def write_flux(folder: Path, seed: int = 3) -> Path:
    """A FLUX.2 klein pipeline; its text encoder has the 28 layers whose states 9, 18 and 27 the pipeline reads."""
    repair_torchvision()
    from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline
    from diffusers import Flux2Transformer2DModel as Transformer
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    tokenizer = _qwen_tokenizer()
    words = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=TEXT_DIM, intermediate_size=16, num_hidden_layers=28,
        num_attention_heads=2, num_key_value_heads=1, head_dim=4,
    )  # fmt: skip
    transformer = Transformer(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=3 * TEXT_DIM, timestep_guidance_channels=8, axes_dims_rope=(2, 2, 2, 2),
        guidance_embeds=False,
    )  # fmt: skip
    vae = AutoencoderKLFlux2(
        block_out_channels=(4, 8, 8, 8), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=64,
    )  # fmt: skip
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    Flux2KleinPipeline(scheduler, vae, Qwen3ForCausalLM(words), tokenizer, transformer, True).save_pretrained(folder)
    return folder


def _blocks() -> dict:
    """What the UNet and its ControlNets have in common."""
    return {
        "block_out_channels": BLOCKS, "layers_per_block": 1, "norm_num_groups": 4, "attention_head_dim": 2,
        "cross_attention_dim": TEXT_DIM,
    }  # fmt: skip


def _text_encoder():
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=514, hidden_size=TEXT_DIM, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=77, bos_token_id=512, eos_token_id=513, pad_token_id=513,
    )  # fmt: skip
    return CLIPTextModel(config)


def _bytes() -> list[str]:
    """A printable character for each of the 256 bytes, as byte-level tokenizers have it."""
    printable = [b for b in range(256) if chr(b) in string.printable[:94] or (161 <= b <= 255 and b != 173)]
    rest = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]


def clip_tokenizer():
    from transformers import CLIPTokenizer

    tokens = [*_bytes(), *(f"{b}</w>" for b in _bytes()), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={t: i for i, t in enumerate(tokens)}, merges=[], model_max_length=77)


def _qwen_tokenizer():
    from transformers import Qwen2TokenizerFast

    tokens = [*_bytes(), "<|endoftext|>"]
    tokenizer = Qwen2TokenizerFast(vocab={t: i for i, t in enumerate(tokens)}, merges=[])
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    return tokenizer


def _safety_checker():
    """A checker that flags nothing: no cosine exceeds its thresholds of 1."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": 32, "patch_size": 16}  # fmt: skip
    return StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=8))


def _feature_extractor():
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
