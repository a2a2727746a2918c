"""SAM, Kirillov et al., "Segment Anything" (2023): the N candidate masks and scores s_i of the paper (3.1, eq. 1).

The official networks in their official files: a plain state dict, from whose shapes the architecture is read. On a
card SAM is asked at a grid of points; a CPU takes a few points that depth suggests, since each costs there. Either
way `SamAutomaticMaskGenerator` asks for three masks a point, and drops what is unsure, unstable or double.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import torch
from jaxtyping import Float

from gen3d.errors import ModelUnavailable
from gen3d.geometry.edges import far_rim, inverse_depth, near_rim
from gen3d.models.base import Proposals
from gen3d.models.engines import Engine
from gen3d.models.placement import Placement
from gen3d.models.torchvision_repair import repair_torchvision
from gen3d.models.weights.files import opening, read_pickle
from gen3d.settings import EngineSettings

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

LONGEST_PX = 1024
"""Larger pictures are reduced to this longer side, which is what SAM looks at anyway."""
LEAST_SCORE = 0.85
"""Masks whose predicted IoU is not above are dropped (eq. 1 would not take them)."""
LEAST_STABILITY = 0.92
"""Masks of which less stays when the threshold on the logits moves by one are dropped."""
SAME_BOX = 0.7
"""Of masks whose boxes have a larger IoU the surest is kept."""
SPECK_PX, SPECK = 100, 0.001
"""Islands and holes smaller than so many pixels, or this share of the picture if that is less, are none."""
MOST_SEEDS = 24
"""At so many points a CPU asks at most."""
REACH = 0.4
"""How far from its edge a thing is looked for, share of the shorter side."""
BULGE = (0.85, 1.5)
"""And within which multiples of the inverse depth at that edge: things bulge, the ground before them goes on."""
LEAST_ROOM = 0.005
"""Least distance of a seed from the end of its thing, share of the shorter side."""
SPACING = 0.08
"""Least distance between seeds, share of the shorter side; twice a seed's room if that is more."""
DECODER_HEADS = 8
"""Of the mask decoder's attention; the one number that the shapes of the weights do not tell."""
VARIANTS = {12: "vit_b", 24: "vit_l", 32: "vit_h"}
"""The official networks by the number of their encoder's blocks."""


@dataclass(frozen=True, eq=False)
class SamSegmenter:
    """Plays `Segmenter`."""

    network: torch.nn.Module
    placement: Placement
    name: str
    prompts: Literal["grid", "depth"] = "grid"
    """Where SAM is asked: at points all over the picture, or where depth has something standing in front."""
    grid: int = EngineSettings().mask_grid
    """Points along each side."""

    def in_turns(self) -> SamSegmenter:
        """The same engine, its network on the device for a call only."""
        return replace(self, placement=self.placement.in_turns(self.network))

    def at(self, settings: EngineSettings) -> SamSegmenter:
        """The same network, asked at another grid."""
        return replace(self, grid=settings.mask_grid)

    def segment(self, image: Float[np.ndarray, "h w 3"], depth: Float[np.ndarray, "h w"]) -> Proposals:
        """Candidate masks with SAM's predicted IoU for a score; none where depth seeds are asked for and has none."""
        if image.shape[:2] != depth.shape:
            raise ValueError(f"image is {image.shape}, depth {depth.shape}")
        points = depth_seeds(depth) if self.prompts == "depth" else _grid_points(self.grid)
        found = self._found(_as_bytes(image), points) if len(points) else []
        found = sorted(found, key=lambda f: -f["predicted_iou"])
        masks = [_resized(f["segmentation"], depth.shape) for f in found]
        scores = np.clip([f["predicted_iou"] for f in found], 0, 1).astype(np.float32)
        return Proposals(np.array(masks, bool).reshape(-1, *depth.shape), scores)

    def _found(self, picture: np.ndarray, points: np.ndarray) -> list[dict]:
        from segment_anything import SamAutomaticMaskGenerator

        speck = min(SPECK_PX, round(SPECK * picture[..., 0].size))
        generator = SamAutomaticMaskGenerator(
            self.network,
            points_per_side=None,
            point_grids=[points],
            points_per_batch=8 if self.placement.device == "cpu" else 64,
            pred_iou_thresh=LEAST_SCORE,
            stability_score_thresh=LEAST_STABILITY,
            box_nms_thresh=SAME_BOX,
            min_mask_region_area=speck,
        )
        with self.placement.visiting(self.network):
            return [f for f in generator.generate(picture) if f["area"] > speck]


def _as_bytes(image: np.ndarray) -> np.ndarray:
    """uint8, the longer side at most LONGEST_PX."""
    h, w = image.shape[:2]
    scale = min(1.0, LONGEST_PX / max(h, w))
    size = (max(1, round(scale * w)), max(1, round(scale * h)))
    reduced = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return np.rint(255 * np.clip(reduced, 0, 1)).astype(np.uint8)


def _resized(region: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(region.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)


def _grid_points(n: int) -> np.ndarray:
    centres = (np.arange(n) + 0.5) / n
    return np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)


def depth_seeds(depth: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "n 2"]:
    """Points well inside what stands in front of something, the roomiest first; (x, y), shares of the picture.

    Never in the sky; none where depth has no edges. depth: metres, +inf is sky; NaN counts as sky.
    """
    room = _room(np.where(np.isnan(depth), np.inf, depth).astype(np.float32))
    h, w = depth.shape
    least, spacing = max(1.5, LEAST_ROOM * min(h, w)), SPACING * min(h, w)
    seeds: list[tuple[float, float]] = []
    while len(seeds) < MOST_SEEDS and room.max() >= least:
        y, x = (int(i) for i in np.unravel_index(room.argmax(), room.shape))
        seeds.append(((x + 0.5) / w, (y + 0.5) / h))
        cv2.circle(room, (x, y), round(max(2 * room[y, x], spacing)), 0.0, cv2.FILLED)
    return np.array(seeds, np.float64).reshape(-1, 2)


def _room(depth: np.ndarray) -> np.ndarray:
    """For each pixel that stands in front of something how far it is to where that ends, in pixels; else 0.

    A pixel stands in front when the nearest side of an edge is a near one and is about as far away as the pixel.
    """
    near, inverse = near_rim(depth), inverse_depth(depth)
    if not near.any():
        return np.zeros(depth.shape, np.float32)
    to_far = cv2.distanceTransform((~far_rim(depth)).astype(np.uint8), cv2.DIST_L2, 5)
    to_near, nearest = cv2.distanceTransformWithLabels(
        (~near).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros(nearest.max() + 1, np.float32)
    of_label[nearest[near]] = inverse[near]
    low, high = (factor * of_label[nearest] for factor in BULGE)
    front = (to_near < to_far) & (to_near <= REACH * min(depth.shape)) & (low <= inverse) & (inverse <= high)
    framed = np.pad(front, 1).astype(np.uint8)  # the frame ends a thing too
    return np.ascontiguousarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1])


def open_sam(engine: Engine, opened: Opened) -> dict[str, SamSegmenter]:
    """Who plays segmenter. Raises ModelUnavailable."""
    (weights,) = engine.weights
    return {"segmenter": load_sam(opened.located(weights).path, opened.placement, engine.name)}


def load_sam(path: Path, placement: Placement, name: str | None = None) -> SamSegmenter:
    """The network of an official `.pth` file, which of them is told by its tensors.

    name: None says which it is. On a card SAM is asked at a grid, on a CPU at depth's seeds.
    Raises ModelUnavailable when the file is missing, damaged or no SAM, and when the package is not there.
    """
    repair_torchvision()
    try:
        import segment_anything  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(
            f"SAM needs the packages segment-anything and torchvision ({error}).",
            "Run `pip install segment-anything torchvision`, or use --engine builtin.",
        ) from error
    with opening(path, "SAM"):
        network = _network(read_pickle(path))
    variant = VARIANTS.get(len(network.image_encoder.blocks), "of another size")
    if placement.device == "cuda":
        network.image_encoder = HalfEncoder(network.image_encoder)
    prompts = "grid" if placement.device == "cuda" else "depth"
    return SamSegmenter(placement.settle(network, torch.float32), placement, name or f"SAM {variant}", prompts)


class HalfEncoder(torch.nn.Module):
    """SAM's image encoder, the bulk of its work, in float16; prompts and masks need float32's finer steps."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.img_size = encoder.img_size

    def forward(self, pictures: Float[torch.Tensor, "b 3 h w"]) -> Float[torch.Tensor, "b c h2 w2"]:
        """The pictures' embedding, float32."""
        with torch.autocast(pictures.device.type, torch.float16):
            return self.encoder(pictures).float()


def _network(state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The network that the tensors belong to, with them; an error where they belong to no SAM."""
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    if "image_encoder.pos_embed" not in state:
        raise ValueError("it holds no SAM in the official layout")
    width = state["prompt_encoder.no_mask_embed.weight"].shape[1]
    encoder = _encoder(state, width)
    grid = encoder.img_size // encoder.patch_embed.proj.kernel_size[0]
    prompts = PromptEncoder(
        embed_dim=width,
        image_embedding_size=(grid, grid),
        input_image_size=(encoder.img_size, encoder.img_size),
        mask_in_chans=len(state["prompt_encoder.mask_downscaling.3.weight"]),
    )
    transformer = TwoWayTransformer(
        depth=_count(state, "mask_decoder.transformer.layers."),
        embedding_dim=width,
        num_heads=DECODER_HEADS,
        mlp_dim=len(state["mask_decoder.transformer.layers.0.mlp.lin1.weight"]),
    )
    decoder = MaskDecoder(
        transformer_dim=width,
        transformer=transformer,
        num_multimask_outputs=len(state["mask_decoder.mask_tokens.weight"]) - 1,
        iou_head_depth=_count(state, "mask_decoder.iou_prediction_head.layers."),
        iou_head_hidden_dim=len(state["mask_decoder.iou_prediction_head.layers.0.weight"]),
    )
    network = Sam(encoder, prompts, decoder)
    network.load_state_dict(state, assign=True)
    return network


def _encoder(state: dict[str, torch.Tensor], width: int) -> torch.nn.Module:
    """The image encoder's shape, without weights: at 640 M parameters drawing some to throw away takes a while."""
    from segment_anything.modeling import ImageEncoderViT

    own = {key.removeprefix("image_encoder."): t for key, t in state.items() if key.startswith("image_encoder.")}
    dim, _, _, patch = own["patch_embed.proj.weight"].shape
    grid, depth = own["pos_embed"].shape[1], _count(own, "blocks.")
    reach = [(len(own[f"blocks.{i}.attn.rel_pos_h"]) + 1) // 2 for i in range(depth)]
    windows = {r for r in reach if r != grid}
    with torch.device("meta"):
        return ImageEncoderViT(
            img_size=grid * patch,
            patch_size=patch,
            embed_dim=dim,
            depth=depth,
            num_heads=dim // own["blocks.0.attn.rel_pos_h"].shape[1],
            mlp_ratio=len(own["blocks.0.mlp.lin1.weight"]) / dim,
            out_chans=width,
            qkv_bias="blocks.0.attn.qkv.bias" in own,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=max(windows, default=0),
            global_attn_indexes=tuple(i for i, r in enumerate(reach) if r == grid),
        )


def _count(state: dict[str, torch.Tensor], prefix: str) -> int:
    return len({key.removeprefix(prefix).partition(".")[0] for key in state if key.startswith(prefix)})
