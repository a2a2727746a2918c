"""A MoGe-2 of 22 million weights that are drawn, not learned: those for which the official code's answers are known.

ANSWERS holds them: `image_i`, `num_tokens_i`, `forward_i_*`, `infer_i_*`, `infer_fov60_i_*` and `recover_i_*`.
"""

import json
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent / "data"
CASE = json.loads((HERE / "moge2_tiny.json").read_text())
VITL = json.loads((HERE / "moge2_vitl_config.json").read_text())


@cache
def answers() -> dict[str, np.ndarray]:
    with np.load(HERE / "moge2_tiny.npz") as file:
        return dict(file)


@cache
def drawn_weights() -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(_drawn(name, shape)) for name, shape in CASE["state_dict"].items()}


def _drawn(name: str, shape: list[int]) -> np.ndarray:
    """The rule the parity case was made with; every weight depends on its name alone."""
    if name in CASE["kept_buffers"]:
        return np.asarray(CASE["kept_buffers"][name], np.float32).reshape(shape)
    weight = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
    if len(shape) >= 2:
        weight = weight / np.sqrt(np.prod(shape[1:]))
    elif name.endswith("weight"):
        weight = 1 + 0.05 * weight
    elif name.endswith("gamma"):
        weight = 0.3 + 0.05 * weight
    else:
        weight = 0.05 * weight
    weight = weight * CASE["multiplied"].get(name, 1) + np.asarray(CASE["added_bias"].get(name, 0))
    return weight.astype(np.float32)


def write_tiny_moge(path: Path, **overrides: torch.Tensor) -> Path:
    """A `model.pt` as published ones are; overrides: weights that replace the drawn ones, `__` in names for dots."""
    weights = drawn_weights() | {name.replace("__", "."): weight for name, weight in overrides.items()}
    torch.save({"model_config": CASE["model_config"], "model": weights}, path)
    return path
