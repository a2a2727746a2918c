"""The click network of our own: a picture and a place in it go in, the thing that is there comes out.

It reads what the depth network has made of the picture (its encoder's maps at strides 8 and 16, its decoder's features
at half size, inverse depth, sky and edges) beside how like each place is to the one clicked on: by colour, by features,
by depth. From half size it goes down to stride 16 and climbs again (a U-net, Ronneberger 2015). It is small, since it
need not learn to see. Trained by `training/clicks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gen3d.models.builtin.depthnet import STEPS, DepthNet

PLANES = 3
"""Inverse depth, sky, edges. By definition."""
SPREADS = (0.015, 0.06, 0.25)
"""Standard deviations of the bells around a click, as shares of the longer side. Chosen by eye."""
NEAR = 0.98
"""The quantile of inverse depth that becomes 1: a picture's depth has no scale of its own. Chosen by eye."""
LEAST = 1e-3
"""Inverse depths below it count as equally far. Chosen by eye."""
MOST_RATIO = 2.0
"""Of the logarithm of two inverse depths' ratio; more tells no more. Chosen by eye."""
WIDTHS = (48, 64, 96)
"""Channels at the strides 4, 8 and 16. Chosen by eye."""
ALIKE = 6
"""Planes that tell how a place is to the click: bells, depth's ratio, features, colour. By definition."""


@dataclass(frozen=True, eq=False)
class Maps:
    """What the depth network makes of b pictures, as far as clicks need it; h and w are half a picture's sides."""

    fine: Float[Tensor, "b c h w"]
    """The decoder's features."""
    planes: Float[Tensor, "b 3 h w"]
    """Inverse depth, in shares of its quantile NEAR; the probabilities of sky and of an edge."""
    middle: Float[Tensor, "b m i j"]
    coarse: Float[Tensor, "b n k l"]
    """The encoder's maps at strides 8 and 16."""
    colour: Float[Tensor, "b 3 h w"]

    def of(self, which: Tensor) -> Maps:
        """Those of some of the pictures, in single precision."""
        return Maps(*(getattr(self, name)[which].float() for name in Maps.__dataclass_fields__))


def maps_of(
    network: DepthNet, picture: Float[Tensor, "b 3 h w"], inverse: Float[Tensor, "b i j"] | None = None
) -> Maps:
    """Of pictures, sRGB in [0, 1], whose sides are whole cells of the depth network.

    inverse: inverse depth at half their size where it is known better than by the network, 0 in the sky.
    """
    steps = network.encoder(picture)
    seen = network.decode(steps)
    near = shares_of_near(seen.inverse if inverse is None else inverse)
    planes = torch.stack([near, seen.sky.sigmoid(), seen.edge.sigmoid()], 1)
    return Maps(seen.features, planes, steps[2], steps[3], F.avg_pool2d(picture, 2))


def shares_of_near(inverse: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
    """Inverse depth without its scale: NEAR becomes 1."""
    near = inverse.flatten(1).quantile(NEAR, dim=1)
    return inverse / near.clamp_min(1e-9)[:, None, None]


class ClickNet(nn.Module):
    """The network; see the module."""

    def __init__(self, fine: int = 32):
        super().__init__()
        self.fine, (one, two, three) = fine, WIDTHS
        self.down_4 = nn.Sequential(_conv(fine + PLANES + ALIKE, one), _conv(one, one))
        self.down_8 = nn.Sequential(_conv(one + STEPS[2] + 1, two), _conv(two, two))
        self.down_16 = nn.Sequential(
            _conv(two + STEPS[3] + 1, three), _conv(three, three), _conv(three, three, 2), _conv(three, three, 4)
        )
        self.up_8, self.up_4 = _conv(three + two, two), _conv(two + one, one)
        self.narrow = nn.Conv2d(fine, 16, 1)
        self.up_2 = nn.Sequential(_conv(one + 16 + 5, 24), nn.Conv2d(24, 1, 3, padding=1))

    def forward(self, maps: Maps, at: Float[Tensor, "b 2"]) -> Float[Tensor, "b h w"]:
        """Logits of being the thing that is clicked on, at half the picture's size.

        at: column and row of the click's pixel there, one click a picture.
        """
        half = maps.fine.shape[-2:]
        bells, ratio, unlike, tint = _bells(maps.fine, at), *_unlikeness(maps, at)
        like = torch.cat([bells, ratio, unlike, tint], 1)
        quarter = self.down_4(F.avg_pool2d(torch.cat([maps.fine, maps.planes, like], 1), 2))
        eighth = self.down_8(torch.cat([F.avg_pool2d(quarter, 2), maps.middle, _likeness(maps.middle, at, half)], 1))
        lowest = self.down_16(torch.cat([F.avg_pool2d(eighth, 2), maps.coarse, _likeness(maps.coarse, at, half)], 1))
        eighth = self.up_8(torch.cat([_grown(lowest, eighth), eighth], 1))
        quarter = self.up_4(torch.cat([_grown(eighth, quarter), quarter], 1))
        beside = [self.narrow(maps.fine), bells[:, :1], ratio, unlike, tint, maps.planes[:, 2:]]
        return self.up_2(torch.cat([_grown(quarter, maps.fine), *beside], 1))[:, 0]


def _conv(into: int, out: int, spread: int = 1) -> nn.Sequential:
    """A convolution of 3 x 3, normalised in groups (Wu and He 2018), and ReLU."""
    return nn.Sequential(
        nn.Conv2d(into, out, 3, padding=spread, dilation=spread), nn.GroupNorm(8, out), nn.ReLU(inplace=True)
    )


def _grown(coarse: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(coarse, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _clicked(of: Tensor, at: Tensor, half: tuple[int, int]) -> Tensor:
    """A map's values where the clicks are, (b, c, 1, 1); half: height and width of the map that clicks are told in."""
    place = (at + 0.5) / at.new_tensor([half[1], half[0]]) * 2 - 1
    return F.grid_sample(of, place[:, None, None], align_corners=False)


def _bells(fine: Tensor, at: Tensor) -> Float[Tensor, "b 3 h w"]:
    """Gaussian bells around the clicks."""
    h, w = fine.shape[-2:]
    v, u = torch.meshgrid(torch.arange(h, device=at.device), torch.arange(w, device=at.device), indexing="ij")
    squared = (u - at[:, 0, None, None]) ** 2 + (v - at[:, 1, None, None]) ** 2
    return torch.stack([torch.exp(-squared / (2 * (share * max(h, w)) ** 2)) for share in SPREADS], 1)


def _unlikeness(maps: Maps, at: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How much nearer every place is than the click, how far its features are from the click's, and its colour."""
    half, inverse = maps.fine.shape[-2:], maps.planes[:, :1]
    ratio = torch.log((inverse + LEAST) / (_clicked(inverse, at, half) + LEAST)).clamp(-MOST_RATIO, MOST_RATIO)
    unlike = (maps.fine - _clicked(maps.fine, at, half)).pow(2).mean(1, keepdim=True).sqrt()
    tint = (maps.colour - _clicked(maps.colour, at, half)).abs().mean(1, keepdim=True)
    return ratio, unlike, tint


def _likeness(coarse: Tensor, at: Tensor, half: tuple[int, int]) -> Float[Tensor, "b 1 i j"]:
    """The cosine of a map's values with those where the clicks are."""
    return F.cosine_similarity(coarse, _clicked(coarse, at, half).expand_as(coarse), dim=1)[:, None]
