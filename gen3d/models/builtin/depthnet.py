"""The depth network of our own: EfficientNet-Lite0 (Tan and Le 2019, without squeeze and excitation) under a decoder.

The encoder's layout is the published one, so that its ImageNet weights fit. Two blocks of self-attention over its
coarsest map see the picture as a whole; from there a light decoder climbs to half the picture's size. It puts out
inverse depth of unknown scale, a logit of sky and one of occlusion edges, and the lens. Trained by `training/`.

As it is shipped, batch normalisation is folded into the convolutions (`folded`): the same function, fewer steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

STAGES = (
    # kernel, stride, expansion, channels, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
"""The encoder's blocks. From EfficientNet-Lite0 (Tan and Le 2019), as are STEM and STEPS."""
STEM = 32
"""Channels of its first convolution. From EfficientNet-Lite0."""
STEPS = (16, 24, 40, 112, 320)
"""Channels of the last map at each of the strides 2, 4, 8, 16 and 32. From STAGES."""
MEAN, STD = (0.498, 0.498, 0.498), (0.502, 0.502, 0.502)
"""Of sRGB in [0, 1]: (x - 127) / 128 of eight bits. From the encoder's published weights, which expect it."""
EPS, MOMENTUM = 1e-3, 0.01
"""Of batch normalisation. From EfficientNet-Lite0."""
CELL_PX = 32
"""Side of a cell of the coarsest map: sides that are multiples of it need no padding. By definition."""


@dataclass(frozen=True)
class DepthNetSize:
    """How large the decoder is."""

    widths: tuple[int, ...] = (32, 48, 80, 128, 192)
    """Channels at the strides 2, 4, 8, 16 and 32."""
    attention: int = 2
    """Blocks of self-attention at stride 32."""
    heads: int = 4


@dataclass(frozen=True, eq=False)
class Seen:
    """The network's output for b pictures, at half their size."""

    inverse: Float[Tensor, "b h w"]
    """Inverse depth, positive, of unknown scale."""
    sky: Float[Tensor, "b h w"]
    """Logit."""
    edge: Float[Tensor, "b h w"]
    """Logit."""
    lens: Float[Tensor, "b"]
    """Logarithm of the tangent of half the field of view along the longer side."""
    features: Float[Tensor, "b c h w"]
    """What the heads read; training hangs further heads on it."""


class Conv(nn.Module):
    """Convolution, batch normalisation, and ReLU6 if asked for; padded as TensorFlow pads."""

    def __init__(self, into: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(into, out, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(out, eps=EPS, momentum=MOMENTUM)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        x = self.norm(self.conv(_padded(x, self.conv.kernel_size[0], self.conv.stride[0])))
        return F.relu6(x) if self.act else x

    def fold(self) -> None:
        """Puts the normalisation into the convolution, once."""
        if isinstance(self.norm, nn.Identity):
            return
        share = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        bias = self.norm.bias - self.norm.running_mean * share
        self.conv.weight = nn.Parameter(self.conv.weight * share[:, None, None, None])
        self.conv.bias = nn.Parameter(bias)
        self.norm = nn.Identity()


def _padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Zeros around, so that a map shrinks to exactly 1 / stride, rounded up; an odd one goes right and below."""
    if kernel == 1:
        return x
    rows, columns = (max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[-2:])
    return F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))


class Inverted(nn.Module):
    """The inverted residual of MobileNet-V2: widen, filter each channel, narrow."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = into * expansion
        self.expand = Conv(into, wide) if expansion > 1 else nn.Identity()
        self.filter = Conv(wide, wide, kernel, stride, groups=wide)
        self.project = Conv(wide, out, act=False)
        self.adds = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        y = self.project(self.filter(self.expand(x)))
        return x + y if self.adds else y


class Encoder(nn.Module):
    """EfficientNet-Lite0 without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, STEM, 3, 2)
        blocks, into = [], STEM
        for kernel, stride, expansion, out, count in STAGES:
            for k in range(count):
                blocks.append(Inverted(into, out, kernel, stride if k == 0 else 1, expansion))
                into = out
        self.blocks = nn.ModuleList(blocks)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(STD)[:, None, None], persistent=False)

    def forward(self, picture: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """The last maps at strides 2, 4, 8, 16 and 32; picture: sRGB in [0, 1]."""
        x, steps = self.stem((picture - self.mean) / self.std), []
        for block in self.blocks:
            y = block(x)
            if y.shape[-1] < x.shape[-1]:
                steps.append(x)
            x = y
        return [*steps, x]


class Whole(nn.Module):
    """Self-attention among all cells of a map, then two layers for each cell (Vaswani 2017, normalised first)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm_a, self.norm_b = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.answer = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, cells: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """As the class says."""
        b, n, c = cells.shape
        asked = self.ask(self.norm_a(cells)).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*asked.unbind(0))
        cells = cells + self.answer(mixed.transpose(1, 2).reshape(b, n, c))
        return cells + self.narrow(F.gelu(self.wide(self.norm_b(cells))))


class Refine(nn.Module):
    """A residual block: filters of 5 x 5 pixels a channel, channels mixed, twice."""

    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(
            Conv(width, width, 5, groups=width, act=False),
            Conv(width, width),
            Conv(width, width, 3, groups=width, act=False),
            Conv(width, width, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        return F.relu(x + self.body(x))


class DepthNet(nn.Module):
    """The network; see the module."""

    def __init__(self, size: DepthNetSize = DepthNetSize()):
        super().__init__()
        self.size, widths = size, size.widths
        self.encoder = Encoder()
        self.lateral = nn.ModuleList([Conv(c, w, act=False) for c, w in zip(STEPS, widths, strict=True)])
        self.place = nn.Sequential(nn.Linear(4, 64), nn.GELU(), nn.Linear(64, widths[-1]))
        self.whole = nn.ModuleList([Whole(widths[-1], size.heads) for _ in range(size.attention)])
        self.settle = nn.LayerNorm(widths[-1])
        self.down = nn.ModuleList([Conv(widths[k + 1], widths[k], act=False) for k in range(len(widths) - 1)])
        self.refine = nn.ModuleList([Refine(w) for w in widths[:-1]])
        self.head = nn.Conv2d(widths[0], 3, 3, padding=1)
        self.lens = nn.Linear(widths[-1], 1)

    def forward(self, picture: Float[Tensor, "b 3 h w"]) -> Seen:
        """The output for pictures, sRGB in [0, 1], of any size."""
        return self.decode(self.encoder(picture))

    def decode(self, steps: list[Tensor]) -> Seen:
        """From the encoder's maps."""
        x, lens = self._as_a_whole(self.lateral[-1](steps[-1]))
        for k in reversed(range(len(steps) - 1)):
            up = F.interpolate(self.down[k](x), size=steps[k].shape[-2:], mode="bilinear", align_corners=False)
            x = self.refine[k](F.relu(up + self.lateral[k](steps[k])))
        inverse, sky, edge = self.head(x).unbind(1)
        return Seen(F.softplus(inverse), sky, edge, lens, x)

    def _as_a_whole(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The coarsest map after attention among all its cells, and the lens from their mean."""
        b, c, h, w = x.shape
        cells = x.flatten(2).transpose(1, 2) + self.place(_places(h, w, x))
        for block in self.whole:
            cells = block(cells)
        cells = self.settle(cells)
        return cells.transpose(1, 2).reshape(b, c, h, w), self.lens(cells.mean(1))[:, 0]

    def folded(self) -> DepthNet:
        """Itself, ready for use: no normalisation is left, no gradient asked for."""
        self.eval()
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, Conv):
                    module.fold()
        return self.requires_grad_(False)


def _places(h: int, w: int, like: Tensor) -> Float[Tensor, "n 4"]:
    """Where each cell of a map is: across and down in [-1, 1], and the map's shape."""
    down = (torch.arange(h, dtype=like.dtype, device=like.device) + 0.5) / h * 2 - 1
    across = (torch.arange(w, dtype=like.dtype, device=like.device) + 0.5) / w * 2 - 1
    v, u = torch.meshgrid(down, across, indexing="ij")
    shape = torch.full_like(u, (w - h) / (w + h))
    return torch.stack([u, v, u * u + v * v, shape], -1).reshape(-1, 4)


def parameters(network: nn.Module) -> Iterator[int]:
    """How many numbers each parameter holds."""
    return (p.numel() for p in network.parameters())
