"""Where networks live: in main memory, on a card for good, or on a card for the length of a call.

On a CPU they compute in float32, on a card in float16. A ZeroGPU Space counts as a card that holds everything: networks
are sent to it when the program starts, before there is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch

from gen3d.card import card_here
from gen3d.models.engines import Tier

Device = Literal["cpu", "cuda"]
Net = TypeVar("Net", bound="torch.nn.Module")
ROOMY_BYTES = 13.5e9
"""A card with less memory holds one network at a time: all together take 8e9, and SAM or a fit 5e9 at work beside them
(see `gen3d.run.budget`). So those of 16 GB hold all, those of 12 and 8 do not."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an adapter puts its networks."""

    device: Device = "cpu"
    offload: bool = False
    """Networks rest in main memory and visit the card for a call."""

    @property
    def dtype(self) -> torch.dtype:
        """What networks compute in."""
        return torch.float16 if self.device == "cuda" else torch.float32

    def settle(self, network: Net, dtype: torch.dtype | None = None) -> Net:
        """The network, frozen for inference, where it rests between calls. dtype: None is the placement's own."""
        return network.eval().requires_grad_(False).to("cpu" if self.offload else self.device, dtype or self.dtype)

    def in_turns(self, *networks: torch.nn.Module) -> Placement:
        """The placement under which the networks visit the device for a call only; they leave it now."""
        for network in networks:
            network.to("cpu")
        return replace(self, offload=True)

    @contextmanager
    def visiting(self, *networks: torch.nn.Module, gradients: bool = False) -> Iterator[None]:
        """The networks are on the device inside the block, without gradients but where they are asked for."""
        with torch.inference_mode(not gradients):
            try:
                for network in networks if self.offload else ():
                    network.to(self.device)
                yield
            finally:
                for network in networks if self.offload else ():
                    network.to("cpu")


def tier_here(placement: Placement) -> Tier:
    """Whose engines suit the placement."""
    return "gpu" if placement.device == "cuda" else "cpu"


def holds(size_bytes: float) -> bool:
    """Whether the card, if there is one, has so much memory; that of a ZeroGPU Space is not there to be asked."""
    if not card_here():
        return False
    return bool(os.getenv("SPACES_ZERO_GPU")) or torch.cuda.get_device_properties(0).total_memory >= size_bytes


def placement_here(device: Literal["auto", "cpu", "cuda"] = "auto") -> Placement:
    """The placement for this machine."""
    if device == "cpu" or not card_here():
        return Placement()
    return Placement("cuda", offload=not holds(ROOMY_BYTES))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that a card's memory is used up: torch's own error, or the words of a library below it."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in ("out of memory", "ALLOC_FAILED"))
    )
