"""Stacks of convolutions that climb from a coarse grid to a fine one: MoGe-2's neck and heads.

Every level has twice the rows and columns of the one before. On each, the level's input is added to what came up from
below, refined by residual blocks, passed on upwards and, where asked for, given out. Parameters bear MoGe's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class ConvStack(nn.Module):
    """Convolutions from the coarsest level up: at each level the input is added, refined, and given out.

    Options are one value for all levels or a list with one for each; `resamplers` lie between levels. A dimension of
    None passes features on as they are. What a configuration leaves out has the published code's default.
    """

    def __init__(
        self,
        dim_in: Sequence[int | None],
        dim_res_blocks: Sequence[int],
        dim_out: Sequence[int | None] | int | None,
        resamplers: Sequence[str] | str,
        num_res_blocks: Sequence[int] | int = 1,
        dim_times_res_block_hidden: int = 1,
        res_block_in_norm: str = "layer_norm",
        res_block_hidden_norm: str = "group_norm",
        activation: str = "relu",
    ) -> None:
        super().__init__()
        if activation != "relu":
            raise ValueError(f"its activation {activation!r} is not 'relu'")
        dims = list(dim_res_blocks)
        ins, outs, counts = (_for_each(v, len(dims)) for v in (dim_in, dim_out, num_res_blocks))
        kinds = _for_each(resamplers, len(dims) - 1)
        norms = res_block_in_norm, res_block_hidden_norm
        times = dim_times_res_block_hidden
        self.input_blocks = nn.ModuleList(
            nn.Identity() if d is None else nn.Conv2d(d, dim, 1) for d, dim in zip(ins, dims, strict=True)
        )
        self.res_blocks = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(dim, times * dim, *norms) for _ in range(count)))
            for count, dim in zip(counts, dims, strict=True)
        )
        self.resamplers = nn.ModuleList(doubling(kind, *pair) for kind, pair in zip(kinds, pairwise(dims), strict=True))
        self.output_blocks = nn.ModuleList(
            nn.Identity() if d is None else Readout(dim, d, 1) for d, dim in zip(outs, dims, strict=True)
        )

    def forward(self, levels: Sequence[Float[Tensor, "b _ _ _"]]) -> list[Float[Tensor, "b _ _ _"]]:
        """One feature map a level, from one a level."""
        outputs, coarser = [], 0
        for level, features in enumerate(levels):
            x = self.res_blocks[level](self.input_blocks[level](features) + coarser)
            outputs.append(self.output_blocks[level](x))
            if level < len(self.resamplers):
                coarser = self.resamplers[level](x)
        return outputs


class ResidualBlock(nn.Module):
    """Two convolutions whose result is added to what came in."""

    def __init__(self, dim: int, hidden: int, in_norm: str, hidden_norm: str) -> None:
        super().__init__()
        first = norm(in_norm, dim), nn.ReLU(), conv3x3(dim, hidden)
        second = norm(hidden_norm, hidden), nn.ReLU(), conv3x3(hidden, dim)
        self.layers = nn.Sequential(*first, *second)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The features, refined."""
        return x + self.layers(x)


class Readout(nn.Conv2d):
    """A last convolution, in float32: depth comes out as its logarithm, which float16 has in steps of up to 0.4 %."""

    def forward(self, x: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b _ h w"]:
        """What is read from the features."""
        return F.conv2d(x.float(), self.weight.float(), self.bias.float())


def doubling(kind: str, dim_in: int, dim_out: int) -> nn.Sequential:
    """Twice the rows and columns: a first step that doubles them, and a convolution that evens out its blocks."""
    match kind:
        case "conv_transpose":
            return nn.Sequential(nn.ConvTranspose2d(dim_in, dim_out, 2, stride=2), conv3x3(dim_out, dim_out))
        case "bilinear":
            return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), conv3x3(dim_in, dim_out))
    raise ValueError(f"its resampler {kind!r} is unknown")


def norm(kind: str, dim: int) -> nn.Module:
    """A normalisation by the name a configuration gives it."""
    match kind:
        case "none":
            return nn.Identity()
        case "layer_norm":
            return nn.GroupNorm(1, dim)
        case "group_norm":
            return nn.GroupNorm(dim // 32, dim)
    raise ValueError(f"its norm {kind!r} is unknown")


def conv3x3(dim_in: int, dim_out: int) -> nn.Conv2d:
    """A convolution that goes on beyond the border with the border's own values."""
    return nn.Conv2d(dim_in, dim_out, 3, padding=1, padding_mode="replicate")


def _for_each(option: Any, levels: int) -> list[Any]:
    """An option as a list with one value a level."""
    return list(option) if isinstance(option, list | tuple) else [option] * levels
