"""Which networks play which role, and where their weights lie on the model hub.

Every wanted file is named, so that whether a cache is complete can be told without asking the hub. A file is a tuple of
names, tried in order: half precision first where it exists, since it is half the download and loads as float32 too.
Pickles are named only where no safetensors are known. Nothing here was opened by this project yet (`verified`): the
hub could not be reached where it was written; `facts` says where names, sizes and licences were read instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gen3d.errors import InputError

Tier = Literal["cpu", "gpu"]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A repository of the hub."""

    repo: str
    files: tuple[Names, ...]
    """What is wanted of it: one tuple of alternative names per file."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What is fetched as one: everything a network, or a pipeline of networks, is loaded from."""

    key: str
    name: str
    """As a person reads it."""
    sources: tuple[Source, ...]
    """Tried in order; each holds everything."""
    size_bytes: int
    """Of the download from the first source."""
    licence: str
    facts: str
    """Where file names, size and licence were read."""
    verified: bool = False
    """True when this project has opened the real files."""


def _single(repo: str, *names: str) -> Source:
    """One file, under any of the names."""
    return Source(repo, (names,))


def _alone(folder: str, *names: str) -> tuple[Names, ...]:
    """Files of a folder that have one name each; "" is the repository's root."""
    return tuple((f"{folder}/{name}".lstrip("/"),) for name in names)


def _net(folder: str, stem: str) -> tuple[Names, ...]:
    """A network of a diffusers folder: its configuration and its weights, in half precision where they exist."""
    weights = f"{folder}/{stem}".lstrip("/")
    return (*_alone(folder, "config.json"), (f"{weights}.fp16.safetensors", f"{weights}.safetensors"))


def _tokenizer(folder: str, *names: Names, more: Names = ()) -> tuple[Names, ...]:
    """A tokenizer: one file, or parts, and its configuration. more: files that not every release writes.

    What may be missing has the configuration for another name, and comes before it.
    """
    config = "tokenizer_config.json"
    wanted = (*((name, config) for name in ("special_tokens_map.json", *more)), *names, (config,))
    return tuple(tuple(f"{folder}/{name}".lstrip("/") for name in names) for names in wanted)


def _moge(size: str, size_bytes: int) -> Weights:
    source = _single(f"Ruicheng/moge-2-{size}-normal", "model.pt")
    facts = "exact size and SHA-256 in several projects that pin it; licence of the model card"
    return Weights(f"moge-2-{size}", f"MoGe-2 {size}", (source,), size_bytes, "MIT (DINOv2 part Apache-2.0)", facts)


def _sam(size: str, file: str, size_bytes: int) -> Weights:
    sources = (
        _single("ybelkada/segment-anything", f"checkpoints/{file}", file),
        _single("andzhang01/segment_anything", file),
        _single("netradrishti/sam", file),
    )
    facts = "listings of the repositories; the copies have Meta's SHA-256"
    return Weights(f"sam-{size.replace('_', '-')}", f"SAM {size}", sources, size_bytes, "Apache-2.0", facts)


def _controlnet(key: str, name: str, repo: str) -> Weights:
    files = _net("", "diffusion_pytorch_model")
    return Weights(key, name, (Source(repo, files),), 722_600_000, "OpenRAIL", "listing of the repository")


_WHOLE = "tokenizer.json"
_BYTE_PAIRS = ((_WHOLE, "vocab.json"), (_WHOLE, "merges.txt"))
_STABLE_DIFFUSION = Source(
    "stable-diffusion-v1-5/stable-diffusion-inpainting",
    (
        *_alone("", "model_index.json"),
        *_alone("scheduler", "scheduler_config.json"),
        *_alone("feature_extractor", "preprocessor_config.json"),
        *_tokenizer("tokenizer", ("vocab.json", _WHOLE), ("merges.txt", _WHOLE)),
        *_net("text_encoder", "model"),
        *_net("unet", "diffusion_pytorch_model"),
        *_net("vae", "diffusion_pytorch_model"),
        *_net("safety_checker", "model"),
    ),
)
_KLEIN = Source(
    "black-forest-labs/FLUX.2-klein-4B",
    (
        *_alone("", "model_index.json"),
        *_alone("scheduler", "scheduler_config.json"),
        *_tokenizer("tokenizer", *_BYTE_PAIRS, more=("added_tokens.json", "chat_template.jinja")),
        *_alone("text_encoder", "config.json", "generation_config.json"),
        ("text_encoder/model.safetensors.index.json", "text_encoder/model.safetensors"),
        ("text_encoder/model-00001-of-00002.safetensors", "text_encoder/model.safetensors"),
        ("text_encoder/model-00002-of-00002.safetensors", "text_encoder/model.safetensors"),
        *_alone("transformer", "config.json", "diffusion_pytorch_model.safetensors"),
        *_alone("vae", "config.json", "diffusion_pytorch_model.safetensors"),
    ),
)
_SEEING = (("preprocessor_config.json", "config.json"), ("config.json",))
"""How a picture is to be prepared need not be said: it is known."""
_TRANSFORMER = ("model.safetensors", "pytorch_model.bin")
"""BLIP's and CLIP's repositories offer safetensors only as proposals; transformers reads the pickles tensors-only."""

CATALOG: dict[str, Weights] = {
    weights.key: weights
    for weights in (
        _moge("vits", 140_550_416),
        _moge("vitb", 419_110_160),
        _moge("vitl", 1_323_815_904),
        _sam("vit_b", "sam_vit_b_01ec64.pth", 375_042_383),
        _sam("vit_h", "sam_vit_h_4b8939.pth", 2_564_550_879),
        Weights(
            "lama",
            "LaMa",
            (
                _single("opencv/inpainting_lama", "inpainting_lama_2025jan.onnx"),
                _single("Carve/LaMa-ONNX", "lama_fp32.onnx"),
            ),
            92_591_623,
            "Apache-2.0",
            "exact sizes and SHA-256 of both in several projects that pin them; the second has 208 MB",
        ),
        Weights(
            "sd15-inpainting",
            "Stable Diffusion 1.5 inpainting",
            (_STABLE_DIFFUSION,),
            2_743_000_000,
            "CreativeML OpenRAIL-M",
            "listings of unet, vae, safety_checker, tokenizer; text_encoder and scheduler as in copies of it",
        ),
        _controlnet("controlnet-inpaint", "ControlNet inpaint", "lllyasviel/control_v11p_sd15_inpaint"),
        _controlnet("controlnet-depth", "ControlNet depth", "lllyasviel/control_v11f1p_sd15_depth"),
        Weights(
            "lcm-lora",
            "LCM-LoRA",
            (_single("latent-consistency/lcm-lora-sdv1-5", "pytorch_lora_weights.safetensors"),),
            134_621_556,
            "OpenRAIL++",
            "exact size and SHA-256 in several projects that pin it",
        ),
        Weights(
            "blip",
            "BLIP captioning base",
            (
                Source(
                    "Salesforce/blip-image-captioning-base",
                    (*_SEEING, *_tokenizer("", (_WHOLE, "vocab.txt")), _TRANSFORMER),
                ),
            ),
            990_800_000,
            "BSD-3-Clause",
            "listing of the repository: only pytorch_model.bin on its main branch",
        ),
        Weights(
            "clip",
            "CLIP ViT-B/16",
            (
                Source(
                    "openai/clip-vit-base-patch16",
                    (*_SEEING, *_tokenizer("", *_BYTE_PAIRS), _TRANSFORMER),
                ),
            ),
            603_000_000,
            "MIT",
            "file names in scripts that fetch it; licence of OpenAI's repository, the model card names none",
        ),
        Weights(
            "flux-2-klein",
            "FLUX.2 klein 4B",
            (_KLEIN,),
            15_990_000_000,
            "Apache-2.0",
            "listing of text_encoder, model_index.json, and a script that fetches the rest",
        ),
    )
}

_DIFFUSION = ("sd15-inpainting", "lcm-lora")
ENGINES: dict[str, dict[Tier, tuple[str, ...]]] = {
    "depth": {"cpu": ("moge-2-vitb",), "gpu": ("moge-2-vitl",)},
    "segmenter": {"cpu": ("sam-vit-b",), "gpu": ("sam-vit-h",)},
    "background": {"cpu": ("lama",), "gpu": ("lama", *_DIFFUSION, "controlnet-inpaint", "controlnet-depth")},
    "outpainter": {"cpu": ("lama",), "gpu": _DIFFUSION},
    "text_to_image": {"cpu": (), "gpu": _DIFFUSION},
    "captioner": {"cpu": (), "gpu": ("blip", "clip")},
}
"""What a role needs in a tier, all of it; nothing where nobody plays it."""
OPTIONAL = ("moge-2-vits", "flux-2-klein")
"""In no tier: a quicker depth for slow processors, and a better but large painter."""


def tier_weights(tier: Tier, also: Sequence[str] = ()) -> tuple[Weights, ...]:
    """What a tier fetches, each once, in the order of the pipeline's steps; then what else is asked for by key.

    Raises InputError for a key that is not in the catalogue.
    """
    if unknown := [key for key in also if key not in CATALOG]:
        raise InputError(f"There are no weights called {', '.join(unknown)}.", f"Known are: {', '.join(CATALOG)}.")
    keys = [key for tiers in ENGINES.values() for key in tiers[tier]]
    return tuple(CATALOG[key] for key in dict.fromkeys((*keys, *also)))


def optional_weights() -> tuple[Weights, ...]:
    """What is fetched only when asked for by name."""
    return tuple(CATALOG[key] for key in OPTIONAL)
