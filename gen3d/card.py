"""Whether there is a CUDA card, and whether it is in use: what torch knows, without loading it where none can be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from gen3d.late import is_loaded

DRIVERS = ("nvidia*", "nvhost*", "dxg", "kfd")
"""What a driver of NVIDIA's, of an NVIDIA board's, of Windows below Linux, or of AMD's puts into /dev."""


def card_here() -> bool:
    """Whether torch sees a card; a ZeroGPU Space counts as having one."""
    return (is_loaded("torch") or not _surely_none()) and torch.cuda.is_available()


def card_in_use() -> bool:
    """Whether something was done on it; asking wakes none, since before a call on ZeroGPU there is none."""
    return is_loaded("torch") and torch.cuda.is_initialized()


def _surely_none() -> bool:
    """Whether it needs no torch to tell that there is none."""
    if sys.platform != "linux" or os.getenv("SPACES_ZERO_GPU"):
        return False
    return not any(next(Path("/dev").glob(name), None) for name in DRIVERS)
