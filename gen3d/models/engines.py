"""Every engine, a row each: who can play a role, with which weights, at what cost, and what opens it.

The only list of engines. What is downloaded, who plays where, what `--use` takes, what a card has to hold, what takes
less where memory is short, and the README's table are read off these rows. Of a role's engines the better comes first.

To add one: write a file in `adapters/` with a function `(engine, opened) -> {role: player}`, and a row here that names
it. Nothing else needs to know; the tests of `tests/test_engines.py` and `tests/test_roles.py` hold for every row.

None of the weights was opened by this project yet (`verified`): the hub could not be reached where this was written;
`facts` says where names, sizes and licences were read instead. Parameters are as in `bench/full_size.py`, which counts
them from the published configurations; where that has none they follow from the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gen3d.errors import InputError
from gen3d.models.weights.wanted import Source, Weights, alone, network, single, tokenizer

Tier = Literal["cpu", "gpu"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""Whose engines: "gpu" has the paper's networks, "cpu" what an ordinary laptop runs; either run on either device."""
BUILTIN = "builtin"
"""The engine that plays every role it can without weights."""
HALF, SINGLE, OFF_CARD = 2, 4, 0
"""Bytes of a parameter on a card; none of a network that stays on the processor."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network on a card."""

    name: str
    millions: float
    """Parameters."""
    parameter_bytes: int = HALF


@dataclass(frozen=True, slots=True)
class Knob:
    """How an engine is told to take more or less care."""

    setting: str
    """The field of `EngineSettings` that it heeds."""
    least: int | None = None
    """What it is set to where memory is short; None: it makes no difference to memory."""
    unit_bytes: float = 0.0
    """Of a card's memory, at work, for each unit of the setting."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine, whether it is here or not."""

    key: str
    """What `--use ROLE=KEY` calls it."""
    name: str
    """As a person reads it."""
    roles: tuple[str, ...]
    """Fields of `Models` that it can play."""
    open: str | Callable[[Engine, Any], Mapping[str, Any]]
    """Takes the row and an `opened.Opened`, and returns who plays, by role: a function, or the name of one below
    gen3d.models as "module:function", which is imported when it is needed. Raises ModelUnavailable."""
    tiers: tuple[Tier, ...]
    """Where it is a candidate; the first candidate of a role is what the tier downloads."""
    weights: tuple[Weights, ...] = ()
    """All that it is opened from."""
    networks: tuple[Network, ...] = ()
    packages: tuple[str, ...] = ()
    """What it needs beside torch and numpy."""
    work_bytes: float = 0.0
    """Of a card's memory, at work, beside the weights."""
    pixel_bytes: float = 0.0
    """The same for each pixel of the picture it works on."""
    knob: Knob | None = None
    only_if_here: bool = False
    """Too large to be fetched unasked: without `--use` it plays only where its weights are here already."""
    checks_pictures: bool = True
    """False for one that makes pictures up and has no safety checker: it does not play where they must be checked."""


def _moge(size: str, millions: float, size_bytes: int, *tiers: Tier) -> Engine:
    """A size of MoGe-2. At work on a card: twelve maps of 32 channels at 16 x 16 places for each token."""
    name, source = f"MoGe-2 {size}", single(f"Ruicheng/moge-2-{size}-normal", "model.pt")
    facts = "exact size and SHA-256 in several projects that pin it; licence of the model card"
    weights = Weights(f"moge-2-{size}", name, (source,), size_bytes, "MIT (DINOv2 part Apache-2.0)", facts)
    return Engine(
        weights.key, name, ("depth",), "adapters.moge:open_moge", tiers, (weights,), (Network(name, millions),),
        knob=Knob("depth_tokens", least=1200, unit_bytes=2e5),
    )  # fmt: skip


def _sam(size: str, file: str, millions: float, size_bytes: int, *tiers: Tier) -> Engine:
    """A size of SAM.

    At work on a card: global attention over 4096 places by 16 heads, some of it in single precision; and, per pixel,
    three copies of the masks of 64 points.
    """
    sources = (
        single("ybelkada/segment-anything", f"checkpoints/{file}", file),
        single("andzhang01/segment_anything", file),
        single("netradrishti/sam", file),
    )
    name, facts = f"SAM {size}", "listings of the repositories; the copies have Meta's SHA-256"
    weights = Weights(f"sam-{size.replace('_', '-')}", name, sources, size_bytes, "Apache-2.0", facts)
    return Engine(
        weights.key, name, ("segmenter",), "adapters.sam:open_sam", tiers, (weights,),
        (Network(name, millions, SINGLE),), ("segment-anything", "torchvision"),
        work_bytes=3.2e9, pixel_bytes=64.0 * 3 * 3 * 4, knob=Knob("mask_grid", least=16),
    )  # fmt: skip


def _controlnet(key: str, name: str, repo: str) -> Weights:
    files = network("", "diffusion_pytorch_model")
    return Weights(key, name, (Source(repo, files),), 722_600_000, "OpenRAIL", "listing of the repository")


_WHOLE = "tokenizer.json"
_BYTE_PAIRS = ((_WHOLE, "vocab.json"), (_WHOLE, "merges.txt"))
_SEEING = (("preprocessor_config.json", "config.json"), ("config.json",))
"""How a picture is to be prepared need not be said: it is known."""
_TRANSFORMER = ("model.safetensors", "pytorch_model.bin")
"""BLIP's and CLIP's repositories offer safetensors only as proposals; transformers reads the pickles tensors-only."""

_LAMA = Weights(
    "lama",
    "LaMa",
    (
        single("opencv/inpainting_lama", "inpainting_lama_2025jan.onnx"),
        single("Carve/LaMa-ONNX", "lama_fp32.onnx"),
    ),
    92_591_623,
    "Apache-2.0",
    "exact sizes and SHA-256 of both in several projects that pin them; the second has 208 MB",
)
_STABLE_DIFFUSION = Weights(
    "sd15-inpainting",
    "Stable Diffusion 1.5 inpainting",
    (
        Source(
            "stable-diffusion-v1-5/stable-diffusion-inpainting",
            (
                *alone("", "model_index.json"),
                *alone("scheduler", "scheduler_config.json"),
                *alone("feature_extractor", "preprocessor_config.json"),
                *tokenizer("tokenizer", ("vocab.json", _WHOLE), ("merges.txt", _WHOLE)),
                *network("text_encoder", "model"),
                *network("unet", "diffusion_pytorch_model"),
                *network("vae", "diffusion_pytorch_model"),
                *network("safety_checker", "model"),
            ),
        ),
    ),
    2_743_000_000,
    "CreativeML OpenRAIL-M",
    "listings of unet, vae, safety_checker, tokenizer; text_encoder and scheduler as in copies of it",
)
_LCM = Weights(
    "lcm-lora",
    "LCM-LoRA",
    (single("latent-consistency/lcm-lora-sdv1-5", "pytorch_lora_weights.safetensors"),),
    134_621_556,
    "OpenRAIL++",
    "exact size and SHA-256 in several projects that pin it",
)
_KLEIN = Weights(
    "flux-2-klein",
    "FLUX.2 klein 4B",
    (
        Source(
            "black-forest-labs/FLUX.2-klein-4B",
            (
                *alone("", "model_index.json"),
                *alone("scheduler", "scheduler_config.json"),
                *tokenizer("tokenizer", *_BYTE_PAIRS, more=("added_tokens.json", "chat_template.jinja")),
                *alone("text_encoder", "config.json", "generation_config.json"),
                ("text_encoder/model.safetensors.index.json", "text_encoder/model.safetensors"),
                ("text_encoder/model-00001-of-00002.safetensors", "text_encoder/model.safetensors"),
                ("text_encoder/model-00002-of-00002.safetensors", "text_encoder/model.safetensors"),
                *alone("transformer", "config.json", "diffusion_pytorch_model.safetensors"),
                *alone("vae", "config.json", "diffusion_pytorch_model.safetensors"),
            ),
        ),
    ),
    15_990_000_000,
    "Apache-2.0",
    "listing of text_encoder, model_index.json, and a script that fetches the rest",
)
_BLIP = Weights(
    "blip",
    "BLIP captioning base",
    (
        Source(
            "Salesforce/blip-image-captioning-base", (*_SEEING, *tokenizer("", (_WHOLE, "vocab.txt")), _TRANSFORMER)
        ),
    ),
    990_800_000,
    "BSD-3-Clause",
    "listing of the repository: only pytorch_model.bin on its main branch",
)
_CLIP = Weights(
    "clip",
    "CLIP ViT-B/16",
    (Source("openai/clip-vit-base-patch16", (*_SEEING, *tokenizer("", *_BYTE_PAIRS), _TRANSFORMER)),),
    603_000_000,
    "MIT",
    "file names in scripts that fetch it; licence of OpenAI's repository, the model card names none",
)
_RENDERER = (("shap_e_renderer/config.json",), ("shap_e_renderer/diffusion_pytorch_model.bin",))
"""Its repositories have it as a pickle alone, which torch reads tensors-only."""
_SHAP_E = Weights(
    "shap-e",
    "Shap-E",
    (
        Source(
            "openai/shap-e",
            (
                *alone("", "model_index.json"),
                *alone("scheduler", "scheduler_config.json"),
                *tokenizer("tokenizer", ("vocab.json", _WHOLE), ("merges.txt", _WHOLE)),
                *network("text_encoder", "model"),
                *network("prior", "diffusion_pytorch_model"),
                *_RENDERER,
            ),
        ),
    ),
    1_784_000_000,
    "MIT",
    "listing of a copy of the repository with sizes of prior and renderer; licence of the model card",
)
_SHAP_E_PICTURE = Weights(
    "shap-e-img2img",
    "Shap-E from a picture",
    (
        Source(
            "openai/shap-e-img2img",
            (
                *alone("", "model_index.json"),
                *alone("scheduler", "scheduler_config.json"),
                *alone("image_processor", "preprocessor_config.json"),
                *network("image_encoder", "model"),
                *network("prior", "diffusion_pytorch_model"),
                *_RENDERER,
            ),
        ),
    ),
    2_143_000_000,
    "MIT",
    "as Shap-E's, whose layout it shares, with CLIP ViT-L/14's image encoder; its own listing was not at hand",
)
_DIFFUSERS = ("diffusers", "transformers", "accelerate", "peft")
_PAINTING = (Network("UNet", 859.5), Network("LCM", 67.0), Network("VAE", 83.7), Network("text", 123.1))
_DENOISER_BYTES, _DECODER_BYTES = 300e6, 3200.0
"""What the UNet holds at work; and, per pixel of the picture, six maps of 256 channels in the decoder."""

ENGINES: tuple[Engine, ...] = (
    _moge("vitl", 330.9, 1_323_815_904, "gpu"),
    _moge("vitb", 104.8, 419_110_160, "gpu", "cpu"),
    _moge("vits", 35.1, 140_550_416, "cpu"),
    _sam("vit_h", "sam_vit_h_4b8939.pth", 641.1, 2_564_550_879, "gpu"),
    _sam("vit_b", "sam_vit_b_01ec64.pth", 93.7, 375_042_383, "gpu", "cpu"),
    Engine(
        "lama-controlnet", "Lama-ControlNet", ("background",), "adapters.diffusion:open_lama_controlnet", ("gpu",),
        (
            _LAMA, _STABLE_DIFFUSION, _LCM,
            _controlnet("controlnet-inpaint", "ControlNet inpaint", "lllyasviel/control_v11p_sd15_inpaint"),
            _controlnet("controlnet-depth", "ControlNet depth", "lllyasviel/control_v11f1p_sd15_depth"),
        ),
        (*_PAINTING, Network("ControlNets", 2 * 361.3)), ("onnxruntime", *_DIFFUSERS),
        _DENOISER_BYTES, _DECODER_BYTES, Knob("diffusion_steps"),
    ),
    Engine(
        "flux-2-klein", "FLUX.2 klein", ("text_to_image",), "adapters.draw:open_flux", ("gpu",), (_KLEIN,),
        (Network("FLUX.2 klein", 7995.0),), ("diffusers", "transformers", "accelerate"),
        only_if_here=True, checks_pictures=False,
    ),
    Engine(
        "stable-diffusion", "Stable Diffusion 1.5 inpainting", ("outpainter", "text_to_image"),
        "adapters.diffusion:open_stable_diffusion", ("gpu",), (_STABLE_DIFFUSION, _LCM), _PAINTING, _DIFFUSERS,
        _DENOISER_BYTES, _DECODER_BYTES, Knob("diffusion_steps"),
    ),
    Engine(
        "lama", "LaMa", ("background", "outpainter"), "adapters.lama:open_lama", ("gpu", "cpu"), (_LAMA,),
        (Network("LaMa", 52.0, OFF_CARD),), ("onnxruntime",),
    ),
    Engine(
        "blip-clip", "BLIP and CLIP", ("captioner",), "adapters.caption:open_captioner", ("gpu",), (_BLIP, _CLIP),
        (Network("BLIP", 224.0), Network("CLIP", 149.6)), ("transformers",), work_bytes=3e8,
    ),
    Engine(
        "sd-score", "Stable Diffusion's score", ("critic",), "adapters.score:open_score", ("gpu",),
        (_STABLE_DIFFUSION, _LCM), _PAINTING, _DIFFUSERS, _DENOISER_BYTES, 2 * _DECODER_BYTES, only_if_here=True,
    ),
    Engine(
        "clip", "CLIP", ("namer", "critic"), "adapters.clip:open_clip", ("gpu", "cpu"), (_CLIP,),
        (Network("CLIP", 149.6),), ("transformers",), work_bytes=3e8, only_if_here=True,
    ),
    Engine(
        "shap-e", "Shap-E", ("object_maker",), "adapters.shap_e:open_shap_e", ("gpu",), (_SHAP_E,),
        (
            Network("Shap-E prior", 315.6, SINGLE), Network("Shap-E text", 123.7, SINGLE),
            Network("Shap-E renderer", 226.3, SINGLE),
        ),
        _DIFFUSERS[:3], work_bytes=1e9, only_if_here=True, checks_pictures=False,
    ),
    Engine(
        "shap-e-img2img", "Shap-E from a picture", ("object_maker",), "adapters.shap_e:open_shap_e_img2img", ("gpu",),
        (_SHAP_E_PICTURE,),
        (
            Network("Shap-E prior", 315.6, SINGLE), Network("Shap-E image", 303.2, SINGLE),
            Network("Shap-E renderer", 226.3, SINGLE),
        ),
        _DIFFUSERS[:3], work_bytes=1e9, only_if_here=True, checks_pictures=False,
    ),
    Engine(
        BUILTIN, "builtin", ("depth", "segmenter", "background", "outpainter", "text_to_image", "object_maker"),
        "builtin.bundle:open_builtin",
        ("gpu", "cpu"),
    ),
)  # fmt: skip
"""All of them."""


def roles() -> tuple[str, ...]:
    """Every role that somebody can play."""
    return tuple(dict.fromkeys(role for engine in ENGINES for role in engine.roles))


def choices(role: str) -> tuple[Engine, ...]:
    """Who can play a role, the better first."""
    return tuple(engine for engine in ENGINES if role in engine.roles)


def candidates(role: str, tier: Tier) -> tuple[Engine, ...]:
    """Who may play a role in a tier, the better first; nobody plays the roles that a tier does without."""
    return tuple(engine for engine in choices(role) if tier in engine.tiers)


def preferred(role: str, tier: Tier) -> Engine | None:
    """Who plays a role in a tier where everything that it downloads is here; None: nobody does."""
    return next((engine for engine in candidates(role, tier) if not engine.only_if_here), None)


def engine_of(role: str, key: str) -> Engine:
    """The engine that a person asks for. Raises InputError, which lists the choices."""
    if role not in roles():
        raise InputError(f"There is no role {role!r}.", f"Choose among {choices_in_words()}.")
    found = next((engine for engine in choices(role) if engine.key == key), None)
    if found is None:
        keys = ", ".join(engine.key for engine in choices(role))
        raise InputError(f"There is no engine {key!r} for {role}.", f"Choose one of {keys}.")
    return found


def parse_use(text: str) -> tuple[str, str]:
    """Role and key of "ROLE=ENGINE". Raises InputError, which lists the choices."""
    role, given, key = (part.strip() for part in text.partition("="))
    if not given:
        raise InputError(f"{text!r} is not ROLE=ENGINE.", f"Choose among {choices_in_words()}.")
    role = role.replace("-", "_")
    return role, engine_of(role, key).key


def choices_in_words() -> str:
    """Every ROLE=ENGINE there is: "depth=a|b, segmenter=c|d"."""
    return ", ".join(f"{role}={'|'.join(engine.key for engine in choices(role))}" for role in roles())


def knobs() -> tuple[Knob, ...]:
    """Every way to take more or less care, once."""
    return tuple(dict.fromkeys(engine.knob for engine in ENGINES if engine.knob))


def packages() -> tuple[str, ...]:
    """What engines need, beside torch and numpy."""
    return tuple(dict.fromkeys(package for engine in ENGINES for package in engine.packages))
