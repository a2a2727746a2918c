"""Reading networks from folders as diffusers and transformers lay them out; nothing here touches the network.

A pipeline's folder has one folder per network, each with a config.json and one safetensors file (or several, listed in
an index), plain or as the half-precision variant "fp16". Headers are read first, which is enough to see a file that is
missing or was cut short, and to name it: the libraries would name the folder at best.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from gen3d.models.torchvision_repair import repair_torchvision
from gen3d.models.weights.files import opening

OF_TRANSFORMERS = ("text_encoder", "image_encoder", "safety_checker")
"""Networks whose files are called model.*; all others are called diffusion_pytorch_model.*."""
HALF = "fp16"
"""The variant in half precision; networks that lack it are read from their plain files, and the other way round."""


def read_diffusers(
    kind: str, folder: Path, what: str, networks: Sequence[str], dtype: torch.dtype, **options: Any
) -> Any:
    """An object of diffusers' class `kind` from its folder.

    what: its name for people. networks: the folders of its networks; "" is the folder itself. dtype: what they compute
    in. options: for `from_pretrained`.
    Raises ModelUnavailable naming the file that is missing or damaged.
    """
    repair_torchvision()
    import diffusers
    import transformers

    for logging in (diffusers.utils.logging, transformers.utils.logging):
        logging.disable_progress_bar()
        logging.set_verbosity_error()  # what matters of their warnings is told in our own words
    variant = whole_variant(folder, what, networks, dtype)
    with opening(folder, what):
        return getattr(diffusers, kind).from_pretrained(
            folder, dtype=dtype, variant=variant, use_safetensors=True, local_files_only=True, **options
        )


def whole_variant(folder: Path, what: str, networks: Sequence[str], dtype: torch.dtype) -> str | None:
    """The variant to load, "fp16" or None for plain, once every file of it has been seen to be whole.

    Raises ModelUnavailable.
    """
    for network in networks:
        _read_json(folder / network / "config.json", what)
    plain = all(_weight_files(folder / network, None, what) for network in networks)
    half = any(_weight_files(folder / network, HALF, what) for network in networks)
    variant = HALF if half and (dtype != torch.float32 or not plain) else None
    for network in networks:
        part = folder / network
        files = _weight_files(part, variant, what) or _weight_files(part, None, what)
        for file in files or [part / f"{_stem(part)}.safetensors"]:
            check_tensors(file, what)
    return variant


def check_tensors(file: Path, what: str) -> None:
    """Raises ModelUnavailable unless the file is there and holds all the bytes that its header promises."""
    from safetensors import safe_open

    with opening(file, what), safe_open(file, "pt"):
        pass  # this alone reads the header and holds the file's length against it


def _weight_files(folder: Path, variant: str | None, what: str) -> list[Path]:
    """The files of one network in one variant; none if it is not there in that variant."""
    suffix = f".{variant}" if variant else ""
    whole = folder / f"{_stem(folder)}{suffix}.safetensors"
    if whole.exists():
        return [whole]
    index = folder / f"{_stem(folder)}.safetensors.index{suffix}.json"
    names = set(_read_json(index, what)["weight_map"].values()) if index.exists() else set()
    return [folder / name for name in sorted(names)]


def _stem(folder: Path) -> str:
    return "model" if folder.name in OF_TRANSFORMERS else "diffusion_pytorch_model"


def _read_json(file: Path, what: str) -> dict:
    with opening(file, what):
        return json.loads(file.read_text(encoding="utf-8"))
