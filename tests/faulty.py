"""Engines that fail: a true one (or a fake) whose answers are spoilt from its n-th call on, in every way there is.

    models = room_models(depth=faulty(FakeDepth(), FAULTS["depth"]["NaN"], at=2))

Each fault takes what the engine would have said and gives what it says instead, or raises.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gen3d.errors import ModelUnavailable
from gen3d.models.base import Proposals
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.role import Rendering

Fault = Callable[[Any], Any]
VERBS = ("estimate", "segment", "inpaint", "draw", "describe", "categorize", "render", "judge")
LATE_S = 1.0


def faulty(engine: Any, fault: Fault, at: int = 1) -> Any:
    """The engine, but from its `at`-th call on every answer is spoilt."""
    spoilt, calls = copy.copy(engine), iter(range(1, 1_000_000))

    def spoiling(ask: Callable) -> Callable:
        def asked(*arguments: Any, **named: Any) -> Any:
            said = ask(*arguments, **named)
            return fault(said) if next(calls) >= at else said

        return asked

    for verb in VERBS:
        if hasattr(engine, verb):
            setattr(spoilt, verb, spoiling(getattr(engine, verb)))
    return spoilt


class Card(CpuRasterizer):
    """A rasterizer that another can play for."""

    name = "card"


def raising(error: Exception) -> Fault:
    def fault(said: Any) -> Any:
        raise error

    return fault


def late(said: Any) -> Any:
    """Right, but a second later."""
    time.sleep(LATE_S)
    return said


RAISING: dict[str, Fault] = {
    "broken": raising(RuntimeError("the engine at /secret/place is out of order")),
    "out of memory": raising(MemoryError()),
    "not there": raising(ModelUnavailable("The weights of this one are gone.", "Fetch them again.")),
    "nothing": lambda said: None,
}


def _depth(change: Callable[[np.ndarray], np.ndarray]) -> Fault:
    return lambda said: replace(said, depth=change(said.depth.copy()))


def _put(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """One number in the middle of an array is this instead."""

    def put(numbers: np.ndarray) -> np.ndarray:
        numbers = numbers.copy()
        numbers[tuple(side // 2 for side in numbers.shape)] = value
        return numbers

    return put


def _masks(masks: Callable[[np.ndarray], np.ndarray], scores: Callable = lambda scores: scores) -> Fault:
    return lambda said: Proposals(masks(said.masks), scores(said.scores))


PICTURES: dict[str, Fault] = {
    "NaN": _put(np.nan), "inf": _put(np.inf), "negative": _put(-0.5), "bytes": lambda p: (255 * p).astype(np.uint8),
    "0 to 255": lambda p: 255 * p, "half": lambda p: p[::2, ::2].copy(), "grey": lambda p: p[..., 0],
    "flat": lambda p: p.ravel(), "channels first": lambda p: p.transpose(2, 0, 1),
}  # fmt: skip

FAULTS: dict[str, dict[str, Fault]] = {
    "depth": {
        "NaN": _depth(_put(np.nan)), "zero": _depth(_put(0)), "negative": _depth(lambda d: -d),
        "minus inf": _depth(_put(-np.inf)), "tiny": _depth(lambda d: d * 1e-30), "huge": _depth(lambda d: d * 1e30),
        "half": _depth(lambda d: d[::2, ::2].copy()), "on its side": _depth(lambda d: d.T.copy()),
        "one number": _depth(lambda d: d[:1, :1]), "lens": lambda said: replace(said, fov_deg=400.0),
        "no lens": lambda said: replace(said, fov_deg=float("nan")),
        "normals": lambda said: replace(said, normals=np.full((*said.depth.shape, 3), np.nan, np.float32)),
        "long normals": lambda said: replace(said, normals=np.full((*said.depth.shape, 3), 9, np.float32)),
    },
    "segmenter": {
        "half": _masks(lambda m: m[:, ::2, ::2]), "numbers": _masks(lambda m: m.astype(np.float32)),
        "too few": _masks(lambda m: m[:1]), "NaN": _masks(lambda m: m, _put(np.nan)),
        "sure beyond all": _masks(lambda m: m, lambda scores: scores + 7),
    },
    "background": {**PICTURES, "over all": lambda p: 1 - p},
    "outpainter": {**PICTURES, "over all": lambda p: 1 - p},
    "text_to_image": PICTURES,
    "captioner": {
        "bytes": lambda said: said.encode(), "surrogate": lambda said: "\ud800", "endless": lambda said: "x" * 5000,
    },
    "critic": {
        "NaN": _put(np.nan), "inf": _put(np.inf), "judges what is known": lambda s: s + 1,
        "half": lambda s: s[::2, ::2], "grey": lambda s: s[..., 0], "one number": lambda s: 0.5,
        "bytes": lambda s: (255 * s).astype(np.int8),
    },
    "rasterizer": {
        "NaN": lambda d: replace(d, rgb=d.rgb * float("nan")), "inf": lambda d: replace(d, rgb=d.rgb + float("inf")),
        "half": lambda d: Rendering(d.rgb[::2, ::2], d.alpha[::2, ::2], d.depth[::2, ::2]),
        "beyond all": lambda d: replace(d, alpha=d.alpha + 3), "behind": lambda d: replace(d, depth=d.depth - 1e6),
        "on its side": lambda d: Rendering(d.rgb.transpose(0, 1), d.alpha.T, d.depth.T),
    },
}  # fmt: skip
"""Role -> what its answers may become."""

ALLOWED: dict[str, dict[str, Fault]] = {
    "depth": {
        "all sky": _depth(lambda d: np.full_like(d, np.inf)), "doubles": _depth(lambda d: d.astype(np.float64)),
        "one surface": _depth(lambda d: np.full_like(d, 3.0)), "late": late,
        "noise": _depth(lambda d: np.random.default_rng(0).uniform(0.1, 90, d.shape).astype(np.float32)),
    },
    "segmenter": {
        "none": _masks(lambda m: m[:0], lambda s: s[:0]), "empty": _masks(np.zeros_like), "late": late,
        "all": _masks(np.ones_like),
    },
    "background": {"late": late, "doubles": lambda p: p.astype(np.float64)},
    "outpainter": {"late": late, "doubles": lambda p: p.astype(np.float64)},
    "text_to_image": {"black": np.zeros_like, "late": late},
    "captioner": {"no words": lambda said: "", "many lines": lambda said: "a\nb\0c", "late": late},
    "rasterizer": {"late once": late},
}  # fmt: skip
"""What a role allows, odd as it is."""


class SlopesOfNaN(torch.autograd.Function):
    """The same forward; backward nothing is a number."""

    @staticmethod
    def forward(ctx: Any, picture: torch.Tensor) -> torch.Tensor:
        return picture.clone()

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> torch.Tensor:
        return slope * float("nan")


