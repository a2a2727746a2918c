"""Opening files of weights: safely, and with a clear word where one is damaged.

Only tensors are ever read: safetensors, or pickles with `weights_only=True`, which refuse anything that could run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from gen3d.errors import Gen3DError, ModelUnavailable


@contextmanager
def opening(path: Path, what: str) -> Iterator[None]:
    """Whatever goes wrong inside the block is told as a fault of the weights at `path`.

    what: the network, as a person knows it ("MoGe-2").
    Raises ModelUnavailable.
    """
    if not path.exists():
        raise ModelUnavailable(f"The weights of {what} are not at {path}.", "Run `gen3d download` to fetch them.")
    try:
        yield
    except (Gen3DError, MemoryError):
        raise
    except Exception as error:  # a damaged file raises whatever its format's reader happens to stumble over
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelUnavailable(
            f"The weights of {what} at {path} cannot be used: {reason}",
            "Delete that file and run `gen3d download`, which fetches it again.",
        ) from error


def read_whole(path: Path, what: str) -> None:
    """Reads every tensor of a file, or whatever else it holds, and keeps nothing.

    Raises ModelUnavailable where that cannot be done.
    """
    with opening(path, what):
        match path.suffix:
            case ".safetensors":
                _read_safetensors(path)
            case ".pt" | ".pth" | ".bin":
                read_pickle(path)
            case ".onnx":
                from onnxruntime import InferenceSession

                InferenceSession(str(path), providers=["CPUExecutionProvider"])
            case ".json":
                json.loads(path.read_text(encoding="utf-8"))
            case _:
                path.read_bytes()


def _read_safetensors(path: Path) -> None:
    from safetensors import safe_open

    with safe_open(path, "pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 - not a dict
            tensors.get_tensor(name)


def read_pickle(path: Path) -> Any:
    """What a PyTorch pickle holds: tensors, numbers, strings, lists and dicts, on the CPU."""
    return torch.load(path, map_location="cpu", weights_only=True)
