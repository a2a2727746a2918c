"""DINOv2 (arXiv 2304.07193), the vision transformer that MoGe-2 looks with: patches of 14 px, no registers.

Names of parameters are those of the published weights. Rows and columns count patches.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

PATCH_PX = 14
TRAINED_GRID = 37
"""Rows and columns the position embedding was trained for: 518 px."""
GRID_OFFSET = 0.1
"""Added to rows and columns before the embedding's scale is taken: the published way, part of what the weights know."""
SIZES = {"dinov2_vits14": (384, 12, 6), "dinov2_vitb14": (768, 12, 12), "dinov2_vitl14": (1024, 24, 16)}
"""Dimension, blocks and attention heads."""


class DinoV2(nn.Module):
    """The transformer; `name` is a key of SIZES, anything else a ValueError."""

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in SIZES:
            raise ValueError(f"its backbone {name!r} is not one of {', '.join(SIZES)}")
        self.dim, depth, heads = SIZES[name]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, self.dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + TRAINED_GRID**2, self.dim))
        self.mask_token = nn.Parameter(torch.zeros(1, self.dim))  # only training uses it, but files hold it
        self.patch_embed = PatchEmbedding(self.dim)
        self.blocks = nn.ModuleList(Block(self.dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(self.dim, eps=1e-6)

    def forward(self, image: Float[Tensor, "b 3 h w"], layers: Sequence[int]) -> list[Float[Tensor, "b n c"]]:
        """The tokens after each of these blocks, normalised: first the class token, then the patches by rows.

        image: normalised; height and width multiples of 14.
        """
        x = self.patch_embed(image)
        rows, cols = x.shape[-2:]
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], dim=1)
        x = x + self._positions(rows, cols)
        kept = {}
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in layers:
                kept[index] = self.norm(x)
        return [kept[index] for index in layers]

    def _positions(self, rows: int, cols: int) -> Float[Tensor, "1 n c"]:
        if rows == cols == TRAINED_GRID:
            return self.pos_embed
        summary, grid = self.pos_embed.float().split([1, TRAINED_GRID**2], dim=1)
        grid = grid.transpose(1, 2).unflatten(2, (TRAINED_GRID, TRAINED_GRID))
        scale = [(count + GRID_OFFSET) / TRAINED_GRID for count in (rows, cols)]
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")
        return torch.cat([summary, grid.flatten(2).transpose(1, 2)], dim=1).to(self.pos_embed.dtype)


class PatchEmbedding(nn.Module):
    """One vector a patch."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH_PX, stride=PATCH_PX)

    def forward(self, image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c rows cols"]:
        """The patches' vectors."""
        return self.proj(image)


class Block(nn.Module):
    """Attention, then a perceptron for each token; both normalised before, scaled after, added to what came in."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.ls1 = LayerScale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Perceptron(dim)
        self.ls2 = LayerScale(dim)

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """The tokens, one block further."""
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class Attention(nn.Module):
    """Every token looks at every other."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """What each token gathered."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Perceptron(nn.Module):
    """Two layers, the hidden one four times as wide."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """Each token, by itself."""
        return self.fc2(F.gelu(self.fc1(x)))


class LayerScale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """The tokens, scaled."""
        return x * self.gamma
