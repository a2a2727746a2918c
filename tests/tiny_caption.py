"""Tiny BLIP and CLIP folders in the format of the real ones: random weights, byte-sized tokenizers, under 200 KB."""

import json
from pathlib import Path
from typing import Any

import torch

from gen3d.models.torchvision_repair import repair_torchvision

WORDS = [
    "a",
    "the",
    "of",
    "photo",
    "room",
    "street",
    "tree",
    "sky",
    "wall",
    "house",
    "green",
    "old",
    "with",
    "near",
    "in",
]
LAYERS = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def write_blip(folder: Path, safetensors: bool = True) -> Path:
    """As Salesforce/blip-image-captioning-base, which has a WordPiece vocabulary of words and letters."""
    repair_torchvision()
    from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate(vocabulary)})
    tokenizer.save_pretrained(folder)
    beginning, ending = len(vocabulary), len(vocabulary) + 1  # as in the real one, outside the tokenizer's vocabulary
    text = {
        **LAYERS, "vocab_size": len(vocabulary) + 2, "encoder_hidden_size": 16, "max_position_embeddings": 64,
        "bos_token_id": beginning, "eos_token_id": ending, "sep_token_id": 3, "pad_token_id": 0, "projection_dim": 16,
    }  # fmt: skip
    vision = {**LAYERS, "image_size": 32, "patch_size": 8}
    config = BlipConfig(text_config=text, vision_config=vision, projection_dim=16)
    _save(_drawn(BlipForConditionalGeneration, config), folder, safetensors)
    return folder


def write_clip(folder: Path, safetensors: bool = True) -> Path:
    """As openai/clip-vit-base-patch16, whose byte-pair vocabulary is here one without any pair merged."""
    repair_torchvision()
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    vocabulary = byte_vocabulary()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    CLIPTokenizer.from_pretrained(folder, local_files_only=True).save_pretrained(folder)
    ends = {"bos_token_id": vocabulary["<|startoftext|>"], "eos_token_id": vocabulary["<|endoftext|>"]}
    text = {**LAYERS, "vocab_size": len(vocabulary), "max_position_embeddings": 77, "projection_dim": 16, **ends}
    vision = {**LAYERS, "image_size": 32, "patch_size": 8, "projection_dim": 16}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
    network = _drawn(CLIPModel, config)
    _centre(network.vision_model)
    _save(network, folder, safetensors)
    return folder


def byte_vocabulary() -> dict[str, int]:
    """Every byte as the tokenizer writes it, inside a word and at its end, then the two ends of a sentence."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    names = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {name: i for i, name in enumerate(names)}


def _drawn(kind: Any, config: Any) -> Any:
    """A network with weights large enough for its inputs to matter; the same ones each time."""
    network = kind(config)
    generator = torch.Generator().manual_seed(0)
    for name, weight in network.named_parameters():
        if weight.ndim > 1:
            weight.data = torch.randn(weight.shape, generator=generator) * weight[0].numel() ** -0.5
        elif not name.lower().endswith("norm.weight"):
            weight.data = 0.1 * torch.randn(weight.shape, generator=generator)
    return network.eval()


def _centre(vision: Any) -> None:
    """What it makes of pictures is drawn apart: of random weights they all look alike but for small differences."""
    coarse = torch.randn(16, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        seen = vision(pixel_values=torch.nn.functional.interpolate(coarse, size=(32, 32))).pooler_output
        vision.post_layernorm.bias -= seen.mean(dim=0)


def _save(network: Any, folder: Path, safetensors: bool) -> None:
    network.save_pretrained(folder)
    if not safetensors:
        torch.save(network.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
