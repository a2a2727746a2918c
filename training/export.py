"""From a checkpoint to the file that the package ships: folded, float16, safetensors; the same bytes every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file

from gen3d.models.builtin.depthnet import DepthNet, DepthNetSize

LARGEST = 12_000_000
"""Bytes the package may carry."""


def export(checkpoint: Path, output: Path) -> str:
    """Writes a run's averaged network; the file's SHA-256. Raises ValueError if it is too large."""
    return write_weights(load_average(checkpoint), output)


def write_weights(network: DepthNet, output: Path) -> str:
    """Writes a folded network; the file's SHA-256. Raises ValueError if it is too large."""
    return save_tensors(network.state_dict(), output, {"widths": ",".join(map(str, network.size.widths))})


def save_tensors(state: dict[str, torch.Tensor], output: Path, metadata: dict[str, str] | None = None) -> str:
    """Writes tensors in half precision; the file's SHA-256. Raises ValueError if it is too large."""
    tensors = {name: value.to(torch.float16).contiguous() for name, value in state.items()}
    if sum(t.numel() * 2 for t in tensors.values()) > LARGEST:
        raise ValueError(f"{output.name} would have more than {LARGEST} bytes")
    output.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, output, metadata=metadata)
    return hashlib.sha256(output.read_bytes()).hexdigest()


def load_average(checkpoint: Path) -> DepthNet:
    """The averaged network of a run's folder, or of its average.pt, ready for use."""
    file = checkpoint / "average.pt" if checkpoint.is_dir() else checkpoint
    held = torch.load(file, map_location="cpu", weights_only=True)
    network = DepthNet(DepthNetSize(tuple(held["widths"])))
    network.load_state_dict(held["network"])
    return network.folded()
