"""MoGe-2's network (arXiv 2507.02546), and how its published `model.pt` is read.

    picture -> DINOv2 -> neck -> points head, normal head, mask head   (convolutions over five levels)
                      -> scale head                                    (a perceptron on the class token)

Level 0 has one cell a patch; each next level has twice the rows and columns, up to 16 times on level 4. The neck turns
the encoder's patches into one feature map a level, and every head climbs the same five levels once more. No
convolution knows where in the picture it is, so the neck is given each cell's place at every level: `view_plane_uv`.

The points are affine: right up to a shift along z (see `moge_focal`) and a scale in metres, which is an output of its
own. Parameters bear the published names, and the configuration inside the file decides every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gen3d.models.networks.conv_stack import ConvStack
from gen3d.models.networks.dinov2 import PATCH_PX, DinoV2
from gen3d.models.weights.files import opening, read_pickle

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load_network(path: Path) -> MogeNetwork:
    """The network in a published `model.pt`, float32, on the CPU.

    Entries of the file that the network has no place for are named in its `unexpected`.
    Raises ModelUnavailable for a file that is missing, damaged, of something else, or lacks weights.
    """
    with opening(path, "MoGe-2"):
        checkpoint = read_pickle(path)
        if not isinstance(checkpoint, dict) or not {"model_config", "model"} <= checkpoint.keys():
            raise ValueError("it does not hold a model and its model_config")
        with torch.device("meta"):
            network = MogeNetwork(**checkpoint["model_config"])
        missing, unexpected = network.load_state_dict(checkpoint["model"], strict=False, assign=True)
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
        network.unexpected = tuple(unexpected)
    return network.float()


class MogeNetwork(nn.Module):
    """The whole network, made from a file's `model_config`; a malformed one is a TypeError, ValueError or the like.

    Top-level options it does not know are passed over: published files may hold ones that no longer mean anything.
    """

    unexpected: tuple[str, ...] = ()
    """What the file held beyond this network."""

    def __init__(
        self,
        encoder: dict[str, Any],
        neck: dict[str, Any],
        points_head: dict[str, Any],
        mask_head: dict[str, Any],
        scale_head: dict[str, Any],
        normal_head: dict[str, Any] | None = None,
        remap_output: str = "linear",
        **obsolete: object,
    ) -> None:
        super().__init__()
        if remap_output != "exp":
            raise ValueError(f"its points are of the kind {remap_output!r}, not 'exp'")
        self.encoder = Encoder(**encoder)
        self.neck = ConvStack(**neck)
        self.points_head = ConvStack(**points_head)
        self.mask_head = ConvStack(**mask_head)
        self.normal_head = ConvStack(**normal_head) if normal_head else None
        self.scale_head = perceptron(**scale_head)

    def forward(self, image: Float[Tensor, "b 3 h w"], num_tokens: int) -> dict[str, Tensor]:
        """What the network sees in pictures (RGB in [0, 1]), looking at them with about `num_tokens` patches.

        points: `b h w 3`, camera axes, without shift and scale. normal: `b h w 3`, unit vectors, if there is such a
        head. mask: `b h w` in [0, 1], the probability that a pixel has a finite depth. metric_scale: `b`, metres.
        All float32, whatever the weights are.
        """
        h, w = image.shape[-2:]
        rows, cols = (max(1, round((num_tokens * ratio) ** 0.5)) for ratio in (h / w, w / h))
        patches, summary = self.encoder(image, rows, cols)
        levels = self.neck(self._located(patches, aspect=w / h))

        def seen_by(head: ConvStack) -> Float[Tensor, "b h w c"]:
            return F.interpolate(head(levels)[-1].float(), (h, w), mode="bilinear").movedim(1, -1)

        xy, log_z = seen_by(self.points_head).split([2, 1], dim=-1)
        output = {
            "points": torch.cat([xy, torch.ones_like(log_z)], dim=-1) * log_z.exp(),
            "mask": seen_by(self.mask_head)[..., 0].sigmoid(),
            "metric_scale": self.scale_head(summary)[:, 0].float().exp(),
        }
        if self.normal_head is not None:
            output["normal"] = F.normalize(seen_by(self.normal_head), dim=-1)
        return output

    def _located(self, patches: Float[Tensor, "b c rows cols"], aspect: float) -> list[Tensor]:
        """The neck's input: each cell's place on every level, and on level 0 what the encoder saw there, before it."""
        b, _, rows, cols = patches.shape
        places = [
            view_plane_uv(rows << level, cols << level, aspect).to(patches).expand(b, -1, -1, -1)
            for level in range(len(self.neck.res_blocks))
        ]
        return [torch.cat([patches, places[0]], dim=1), *places[1:]]


def view_plane_uv(rows: int, cols: int, aspect: float) -> Float[Tensor, "2 rows cols"]:
    """Where the cells of a grid over the picture lie: its middle is 0, its corners have length 1.

    aspect: of the picture, width by height (that of the grid is rounded to whole patches).
    """
    half_height = (1 + aspect**2) ** -0.5
    u = aspect * half_height * ((2 * torch.arange(cols) + 1) / cols - 1)
    v = half_height * ((2 * torch.arange(rows) + 1) / rows - 1)
    return torch.stack(torch.meshgrid(u, v, indexing="xy"))


class Encoder(nn.Module):
    """DINOv2 on a resized picture, its intermediate layers projected and added up."""

    def __init__(self, backbone: str, intermediate_layers: int | Sequence[int], dim_out: int) -> None:
        super().__init__()
        self.backbone = DinoV2(backbone)
        blocks = range(len(self.backbone.blocks))
        if isinstance(intermediate_layers, int):
            self.layers = tuple(blocks[-intermediate_layers:])
        else:
            self.layers = tuple(blocks[layer] for layer in intermediate_layers)
        self.output_projections = nn.ModuleList(nn.Conv2d(self.backbone.dim, dim_out, 1) for _ in self.layers)
        self.register_buffer("image_mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("image_std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(
        self, image: Float[Tensor, "b 3 h w"], rows: int, cols: int
    ) -> tuple[Float[Tensor, "b c rows cols"], Float[Tensor, "b d"]]:
        """Features of rows x cols patches, and the class token, which sums up the picture."""
        size = (rows * PATCH_PX, cols * PATCH_PX)
        image = F.interpolate(image.float(), size, mode="bilinear", antialias=True)
        image = ((image - self.image_mean) / self.image_std).to(self.backbone.cls_token.dtype)
        layers = self.backbone(image, self.layers)
        grids = (tokens[:, 1:].transpose(1, 2).unflatten(2, (rows, cols)) for tokens in layers)
        projected = [project(grid) for project, grid in zip(self.output_projections, grids, strict=True)]
        return torch.stack(projected).sum(dim=0), layers[-1][:, 0]


def perceptron(dims: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers = [layer for a, b in pairwise(dims) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])
