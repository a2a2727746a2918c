"""A tiny SAM with drawn weights, saved as the official files are: a plain state dict in a `.pth`."""

from functools import partial
from pathlib import Path

import torch

from gen3d.models.torchvision_repair import repair_torchvision

DIM, WIDTH, IMAGE_PX = 32, 32, 128
"""Of the encoder's tokens, of the prompts and the decoder, of the square picture the encoder sees."""
PREDICTED_IOU = (0.5, 0.93, 1.2, 0.5)
"""About what the four masks of a point are said to be worth: of the three that are asked for one is above 1, one is
not good enough."""


def save_tiny_sam(path: Path, seed: int = 8, **encoder: object) -> Path:
    """Writes the file and returns its path; `encoder` are options of `ImageEncoderViT`."""
    torch.save(tiny_sam(seed, **encoder).state_dict(), path)
    return path


def tiny_sam(seed: int = 8, **encoder: object) -> torch.nn.Module:
    """Masks cover patches of the picture and change with the point; predicted IoUs are about PREDICTED_IOU."""
    repair_torchvision()
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    options = {"depth": 2, "num_heads": 2, "mlp_ratio": 2, "window_size": 4, "global_attn_indexes": (1,)} | encoder
    grid = (IMAGE_PX // 16, IMAGE_PX // 16)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Sam(
            ImageEncoderViT(
                img_size=IMAGE_PX, patch_size=16, embed_dim=DIM, out_chans=WIDTH, qkv_bias=True, use_rel_pos=True,
                norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), **options,
            ),
            PromptEncoder(WIDTH, grid, (IMAGE_PX, IMAGE_PX), mask_in_chans=8),
            MaskDecoder(
                transformer_dim=WIDTH, iou_head_hidden_dim=24,
                transformer=TwoWayTransformer(depth=2, embedding_dim=WIDTH, num_heads=8, mlp_dim=32),
            ),
        )  # fmt: skip
        _wake(network)
    return network.eval()


@torch.no_grad()
def _wake(network: torch.nn.Module) -> None:
    """Fresh weights answer every point and picture nearly alike; these differ, and their masks are clear-cut."""
    network.image_encoder.patch_embed.proj.weight *= 4
    for block in network.image_encoder.blocks:
        block.attn.rel_pos_h.normal_(std=0.1)
        block.attn.rel_pos_w.normal_(std=0.1)
    prompts, decoder = network.prompt_encoder, network.mask_decoder
    prompts.pe_layer.positional_encoding_gaussian_matrix *= 0.4
    prompts.point_embeddings[1].weight *= 4
    for layer in decoder.transformer.layers:
        looks = layer.cross_attn_image_to_token
        looks.k_proj.load_state_dict(looks.q_proj.state_dict())
        looks.q_proj.weight *= 6
        looks.out_proj.weight *= 4
    for mlp in decoder.output_hypernetworks_mlps:
        mlp.layers[-1].weight *= 200
        mlp.layers[-1].bias.normal_(std=40)
    decoder.output_upscaling[0].weight *= 3
    decoder.output_upscaling[3].weight *= 20
    decoder.output_upscaling[3].bias.zero_()
    decoder.iou_prediction_head.layers[-1].weight *= 0.3
    decoder.iou_prediction_head.layers[-1].bias[:] = torch.tensor(PREDICTED_IOU)
