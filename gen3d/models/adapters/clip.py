"""CLIP as a name for a thing, and as a critic: how far a picture is from words (Dream Fields).

A thing is called what its picture is nearest to in a vocabulary of our own, `things.txt` beside this file. As a critic
CLIP has the loss of Dream Fields (Jain et al. 2022, arXiv 2112.01455), minus the cosine between what it makes of the
picture and of the words; it sees the whole picture squeezed into a square.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from gen3d.models.adapters.caption import middle_square, network_in, normalised, read, resized, tokenizer_in
from gen3d.models.adapters.outpaint import PROMPT
from gen3d.models.engines import Engine
from gen3d.models.placement import Placement
from gen3d.models.torchvision_repair import repair_torchvision
from gen3d.models.weights.files import opening

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

VOCABULARY = Path(__file__).with_name("things.txt")
TEMPLATE = "a photo of a {}."
"""The sentence that a word stands in."""
SURE = 0.3
"""A name is given where its share of CLIP's choice is larger. Chosen without the weights, which were not at hand."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Plays `Namer` and `Critic`."""

    network: Any
    """CLIPModel."""
    tokenizer: Any
    words: tuple[str, ...]
    embedded: Float[Tensor, "k d"]
    """What CLIP makes of each word's sentence, unit length, float32 on the CPU."""
    placement: Placement
    name: str = "CLIP"

    def in_turns(self) -> Clip:
        """The same engine, its network on the device for a call only."""
        return replace(self, placement=self.placement.in_turns(self.network))

    def call(self, image: Float[np.ndarray, "h w 3"]) -> str | None:
        """The word whose sentence is nearest to the picture's middle square, where it is clearly the nearest."""
        with self.placement.visiting(self.network):
            seen = _seen(self.network, self._to(middle_square(image, self._side)))[0].float().cpu()
            scale = float(self.network.logit_scale.float().exp())
        shares = (scale * self.embedded @ seen).softmax(dim=0)
        best = int(shares.argmax())
        return self.words[best] if float(shares[best]) > SURE else None

    def judge(
        self, image: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], prompt: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "h w 3"]:
        """The gradient of Dream Fields' loss times the number of pixels; nothing is drawn by chance."""
        picture = torch.from_numpy(np.ascontiguousarray(image, np.float32)).requires_grad_()
        with self.placement.visiting(self.network, gradients=True):
            with torch.no_grad():
                words = read(self.network, self.tokenizer, [prompt or PROMPT])
            seen = _seen(self.network, self._to(resized(picture, self._side, self._side)))
            (-(seen.float() * words.float().to(seen.device)).sum()).backward()
        found = picture.grad.numpy() * free.size
        return np.where(free[..., None], found, 0).astype(np.float32)

    @property
    def _side(self) -> int:
        return self.network.config.vision_config.image_size

    def _to(self, picture: Tensor) -> Tensor:
        return normalised(picture).to(self.placement.device, self.network.dtype)


def open_clip(engine: Engine, opened: Opened) -> dict[str, Clip]:
    """Who plays namer and critic. Raises ModelUnavailable."""
    clip = load_clip(opened.located(engine.weights[0]).folder, opened.placement)
    return {"namer": clip, "critic": clip}


def load_clip(folder: Path, placement: Placement) -> Clip:
    """From a local folder, as `caption.load_captioner` has it. Raises ModelUnavailable."""
    repair_torchvision()
    from transformers import CLIPModel, CLIPTokenizer

    tokenizer = tokenizer_in(CLIPTokenizer, folder, ("vocab.json", "merges.txt"), "CLIP")
    network = network_in(CLIPModel, folder, torch.float32, "CLIP")
    words = vocabulary()
    with opening(folder, "CLIP"), torch.inference_mode():
        embedded = read(network.eval(), tokenizer, [TEMPLATE.format(word) for word in words])
    return Clip(placement.settle(network), tokenizer, words, embedded.clone(), placement)


def vocabulary() -> tuple[str, ...]:
    """What a thing may be called: a word or two a line; "#" begins a remark."""
    lines = VOCABULARY.read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _seen(clip: Any, picture: Float[Tensor, "1 3 s s"]) -> Float[Tensor, "1 d"]:
    """A picture as CLIP compares it with sentences, unit length."""
    return normalize(clip.visual_projection(clip.vision_model(pixel_values=picture).pooler_output), dim=-1)
