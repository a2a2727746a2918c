"""A picture in words: BLIP's caption where there is no prompt (paper 3.2), CLIP's scene category (paper 3.1).

Both networks come in the format of transformers, each in a folder of its own. Pictures are prepared here, in float and
without an image processor, so that torchvision is not needed and nothing is rounded to bytes: BLIP sees the picture
squeezed into a square, CLIP its middle square, both resampled bicubically and normalised by the figures of CLIP.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float

from gen3d.models.engines import Engine
from gen3d.models.placement import Placement
from gen3d.models.torchvision_repair import repair_torchvision
from gen3d.models.weights.files import opening

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

CATEGORIES = (
    # inside
    "living room", "bedroom", "kitchen", "bathroom", "dining room", "hallway", "staircase", "office", "classroom",
    "library", "museum", "church interior", "restaurant", "shop", "workshop", "train station", "stage",
    # city
    "street", "alley", "square", "city skyline", "bridge", "house", "castle", "temple", "ruin", "courtyard", "harbor",
    "road",
    # nature
    "garden", "park", "forest", "meadow", "farmland", "mountain", "desert", "beach", "ocean", "lake", "river",
    "waterfall", "canyon", "cave", "snowy landscape", "night sky", "underwater scene",
    # nowhere in particular
    "fantasy landscape", "plain studio",
)  # fmt: skip
"""The kinds of place that CLIP chooses from."""
TEMPLATE = "a photo of the {}."
"""The sentence that a category stands in when CLIP compares it with a picture."""
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures CLIP was trained on (its preprocessor_config.json; BLIP's has the same)."""
BEAMS = 3
"""As BLIP's authors caption."""
LONGEST_TOKENS = 30
REPEATED = 3
"""No so many tokens come twice in the same order: a network that is stuck moves on or ends."""
CLIP_TOKENS = 77
"""That CLIP reads."""
LONGEST_CAPTION = 200
"""Characters: what a babbling network says beyond is cut off."""
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Files that may hold the weights; the first that is there is read."""


@dataclass(frozen=True, eq=False)
class BlipCaptioner:
    """The Captioner of the hub."""

    blip: Any
    """BlipForConditionalGeneration."""
    clip: Any
    """CLIPModel."""
    tokenizer: Any
    """BLIP's."""
    categories: Float[torch.Tensor, "k d"]
    """What CLIP makes of each category's sentence, unit length, float32 on the CPU."""
    placement: Placement
    name: str = "BLIP caption, CLIP category"

    def in_turns(self) -> BlipCaptioner:
        """The same engine, its networks on the device for a call only."""
        return replace(self, placement=self.placement.in_turns(self.blip, self.clip))

    def describe(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """One caption by beam search, at most LONGEST_CAPTION characters; "" when the network has nothing to say."""
        side = self.blip.config.vision_config.image_size
        picture = normalised(resized(image, side, side))
        with self.placement.visiting(self.blip):
            picture = picture.to(self.placement.device, self.blip.dtype)
            tokens = self.blip.generate(
                picture,
                num_beams=BEAMS,
                do_sample=False,
                max_new_tokens=LONGEST_TOKENS,
                no_repeat_ngram_size=REPEATED,
            )
        return tidied(self.tokenizer.decode(tokens[0], skip_special_tokens=True))

    def categorize(self, image: Float[np.ndarray, "h w 3"]) -> str:
        """The one of CATEGORIES whose sentence is nearest to the picture's middle square."""
        picture = normalised(middle_square(image, self.clip.config.vision_config.image_size))
        with self.placement.visiting(self.clip):
            seen = self.clip.vision_model(pixel_values=picture.to(self.placement.device, self.clip.dtype))
            embedding = self.clip.visual_projection(seen.pooler_output)[0].float().cpu()
        return CATEGORIES[int((self.categories @ embedding).argmax())]


def open_captioner(engine: Engine, opened: Opened) -> dict[str, BlipCaptioner]:
    """Who plays captioner. Raises ModelUnavailable."""
    blip, clip = (opened.located(weights).folder for weights in engine.weights)
    return {"captioner": load_captioner(blip, clip, opened.placement)}


def load_captioner(blip_folder: Path, clip_folder: Path, placement: Placement) -> BlipCaptioner:
    """BLIP (Salesforce/blip-image-captioning-base) and CLIP (openai/clip-vit-base-patch16) from local folders.

    Each folder holds config.json, one of WEIGHTS, and its tokenizer: tokenizer.json, or vocab.txt (BLIP), or vocab.json
    and merges.txt (CLIP). Raises ModelUnavailable naming the file that is missing or damaged.
    """
    repair_torchvision()
    from transformers import BertTokenizer, BlipForConditionalGeneration, CLIPModel, CLIPTokenizer

    blip_tokens = tokenizer_in(BertTokenizer, blip_folder, ("vocab.txt",), "BLIP")
    clip_tokens = tokenizer_in(CLIPTokenizer, clip_folder, ("vocab.json", "merges.txt"), "CLIP")
    blip = network_in(BlipForConditionalGeneration, blip_folder, placement.dtype, "BLIP")
    clip = network_in(CLIPModel, clip_folder, torch.float32, "CLIP")
    with opening(clip_folder, "CLIP"), torch.inference_mode():
        categories = read(clip.eval(), clip_tokens, [TEMPLATE.format(category) for category in CATEGORIES])
    return BlipCaptioner(placement.settle(blip), placement.settle(clip), blip_tokens, categories, placement)


def tidied(caption: str) -> str:
    """On one line, cut at a word's end where it is too long."""
    words = " ".join(caption.split())
    if len(words) <= LONGEST_CAPTION:
        return words
    return words[: LONGEST_CAPTION + 1].rpartition(" ")[0] or words[:LONGEST_CAPTION]


def tokenizer_in(kind: Any, folder: Path, parts: tuple[str, ...], what: str) -> Any:
    """The tokenizer in a folder, of tokenizer.json or else its parts; without them transformers would make one up."""
    whole = folder / "tokenizer.json"
    for part in () if whole.exists() else parts:
        with opening(folder / part, what):
            pass
    with opening(whole if whole.exists() else folder / parts[0], what):
        return kind.from_pretrained(folder, local_files_only=True)


def network_in(kind: Any, folder: Path, dtype: torch.dtype, what: str) -> Any:
    """The network in a folder, whole: transformers itself would fill what is missing with random weights."""
    with opening(folder / "config.json", what):
        config = kind.config_class.from_pretrained(folder, local_files_only=True)
    path = next((folder / name for name in WEIGHTS if (folder / name).exists()), folder / WEIGHTS[0])
    with opening(path, what):
        network, told = kind.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=path.suffix == ".safetensors",
            weights_only=True,
            output_loading_info=True,
        )
        if missing := sorted(told["missing_keys"]):
            raise ValueError(f"{len(missing)} tensors are missing, {missing[0]} among them.")
    return network


def read(clip: Any, tokenizer: Any, sentences: list[str]) -> Float[torch.Tensor, "k d"]:
    """Sentences as CLIP compares them with pictures, unit length."""
    tokens = tokenizer(sentences, padding=True, truncation=True, max_length=CLIP_TOKENS, return_tensors="pt")
    told = clip.text_model(**{name: tokens[name].to(clip.device) for name in ("input_ids", "attention_mask")})
    return torch.nn.functional.normalize(clip.text_projection(told.pooler_output), dim=-1)


def resized(image: np.ndarray | torch.Tensor, height: int, width: int) -> torch.Tensor:
    """1 x 3 x height x width, in [0, 1]: bicubic, averaged where it shrinks (as Pillow's); gradients pass."""
    pixels = torch.from_numpy(np.ascontiguousarray(image, np.float32)) if isinstance(image, np.ndarray) else image
    picture = pixels.permute(2, 0, 1)[None]
    picture = torch.nn.functional.interpolate(picture, (height, width), mode="bicubic", antialias=True)
    return picture.clamp(0, 1)


def middle_square(image: np.ndarray, side: int) -> torch.Tensor:
    """The largest square in the middle, `side` wide."""
    height, width, _ = image.shape
    across = min(height, width)
    top, left = (height - across) // 2, (width - across) // 2
    return resized(image[top : top + across, left : left + across], side, side)


def normalised(picture: torch.Tensor) -> torch.Tensor:
    """As CLIP and BLIP were trained to see it."""
    return (picture - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
