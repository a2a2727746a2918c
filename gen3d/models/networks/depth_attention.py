"""Self-attention that looks less at what lies at another depth (paper 3.1: attention conditioned on depth).

The paper conditions attention on the normalised depth D~ = (D - Dmin) / (Dmax - Dmin) and says no more. A bias per
pixel on cross-attention would be the same for every word and cancel in the softmax, so the logits of *self*-attention
get -lambda |D~_q - D~_k|: surfaces take their looks from surfaces at their own depth. In the sky D~ is 1, as far as the
farthest. Cross-attention, and any call without a bias, runs as it always does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional

STRAY = 0.01
"""This share of the depths at either end may lie beyond Dmin and Dmax, so that one stray pixel flattens nothing."""
ROWS = 2048
"""Queries attended at a time: a bias for all pairs of a large picture's pixels would not fit a small card."""


def normalised_depth(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """D~ in [0, 1]; sky is 1, unknown (NaN) is where most of the picture is, flat depth is 0."""
    solid = depth[np.isfinite(depth)]
    nearest, farthest = np.quantile(solid, (STRAY, 1 - STRAY)) if solid.size else (0.0, 0.0)
    scaled = (np.where(np.isfinite(depth), depth, 0) - nearest) / max(float(farthest - nearest), 1e-6)
    scaled = np.where(np.isposinf(depth), 1, scaled.clip(0, 1))
    known = scaled[~np.isnan(depth)]
    return np.where(np.isnan(depth), np.median(known) if known.size else 0, scaled).astype(np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class DepthBias:
    """-lambda |D~_q - D~_k| for every layer of a UNet."""

    depth: Float[torch.Tensor, "h w"]
    """D~ on the latent grid."""
    strength: float
    """lambda."""

    def tokens(self, count: int) -> Float[torch.Tensor, "n"]:
        """D~ of each token of the layer that has so many: the latent grid halved, sides rounded up, until they fit."""
        h, w = self.depth.shape
        while h * w > count:
            h, w = -(-h // 2), -(-w // 2)
        if h * w != count:
            raise ValueError(f"{count} tokens are no level of a latent grid of {tuple(self.depth.shape)}")
        return functional.interpolate(self.depth[None, None], (h, w), mode="area").flatten()

    def logits(self, query: Float[torch.Tensor, "q"], key: Float[torch.Tensor, "k"]) -> Float[torch.Tensor, "q k"]:
        """What is added to the logits of queries and keys at these D~."""
        return -self.strength * (query[:, None] - key[None, :]).abs()


class DepthAttention:
    """A layer's own attention processor, with the bias where one is passed by `cross_attention_kwargs`."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def __call__(
        self,
        attn: torch.nn.Module,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        depth_bias: DepthBias | None = None,
    ) -> torch.Tensor:
        """Names and order are diffusers': it passes on only what a processor declares."""
        if depth_bias is None or encoder_hidden_states is not None:
            return self.plain(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        return _attend(attn, hidden_states, depth_bias)


def attend_by_depth(unet: torch.nn.Module) -> None:
    """Lets every attention layer of a UNet understand `cross_attention_kwargs={"depth_bias": DepthBias}`."""
    unet.set_attn_processor({name: DepthAttention(plain) for name, plain in unet.attn_processors.items()})


def _attend(attn: torch.nn.Module, states: torch.Tensor, bias: DepthBias) -> torch.Tensor:
    """Softmax(q k / sqrt(d) + bias) v, a block of queries at a time."""
    query, key, value = (_by_head(layer(states), attn.heads) for layer in (attn.to_q, attn.to_k, attn.to_v))
    depth = bias.tokens(states.shape[1]).to(query.dtype)
    blocks = [
        functional.scaled_dot_product_attention(rows, key, value, attn_mask=bias.logits(own, depth), scale=attn.scale)
        for rows, own in zip(query.split(ROWS, dim=2), depth.split(ROWS), strict=True)
    ]
    joined = torch.cat(blocks, dim=2).transpose(1, 2).flatten(2)
    return attn.to_out[1](attn.to_out[0](joined))


def _by_head(tokens: torch.Tensor, heads: int) -> torch.Tensor:
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)
