"""Shap-E of a few thousand random weights, of words and after a picture, in the folder formats of the real ones.

The renderer's table of marching cubes is a weight too. Here every cube that the surface passes through has one
triangle, between three of its edges: enough for a mesh to come out, of no shape that anybody would know.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from gen3d.models.torchvision_repair import repair_torchvision
from tests.tiny_diffusion import clip_tokenizer

DIM, LATENT, HIDDEN = 16, 16, 8


def write_shap_e(folder: Path, seed: int = 5) -> Path:
    """ShapEPipeline."""
    repair_torchvision()
    from diffusers import ShapEPipeline
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    tokenizer = clip_tokenizer()
    words = CLIPTextModelWithProjection(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        projection_dim=DIM, max_position_embeddings=77,
    ))  # fmt: skip
    return _saved(ShapEPipeline(_prior(), words, tokenizer, _scheduler(), _renderer()), folder)


def write_shap_e_picture(folder: Path, seed: int = 6) -> Path:
    """ShapEImg2ImgPipeline."""
    repair_torchvision()
    from diffusers import ShapEImg2ImgPipeline
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(seed)
    eye = CLIPVisionModel(CLIPVisionConfig(
        hidden_size=DIM, image_size=32, projection_dim=DIM, intermediate_size=16, num_attention_heads=2,
        num_hidden_layers=1, patch_size=8,
    ))  # fmt: skip
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    prior = _prior(embedding_proj_norm_type="layer")
    return _saved(ShapEImg2ImgPipeline(prior, eye, processor, _scheduler(), _renderer()), folder)


def _prior(**more: Any) -> Any:
    from diffusers import PriorTransformer

    return PriorTransformer(
        num_attention_heads=2, attention_head_dim=8, embedding_dim=LATENT, num_embeddings=4 * HIDDEN,
        embedding_proj_dim=DIM, time_embed_dim=16, num_layers=1, clip_embed_dim=2 * LATENT, additional_embeddings=0,
        time_embed_act_fn="gelu", norm_in_type="layer", encoder_hid_proj_type=None, added_emb_type=None, **more,
    )  # fmt: skip


def _scheduler() -> Any:
    """As the published folder says."""
    from diffusers import HeunDiscreteScheduler

    return HeunDiscreteScheduler(
        beta_schedule="exp", num_train_timesteps=1024, prediction_type="sample", use_karras_sigmas=True,
        clip_sample=True, clip_sample_range=1.0,
    )  # fmt: skip


def _renderer() -> Any:
    from diffusers.pipelines.shap_e import ShapERenderer

    renderer = ShapERenderer(
        param_shapes=((HIDDEN, 93), (HIDDEN, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, HIDDEN)), d_latent=LATENT,
        d_hidden=HIDDEN, n_output=12, background=(255.0, 255.0, 255.0),
    )  # fmt: skip
    renderer.mesh_decoder.cases[1:255, 0] = torch.tensor((0, 4, 8))
    renderer.mesh_decoder.masks[1:255, 0] = True
    torch.nn.init.constant_(renderer.mlp.mlp[-1].bias, 0.2)
    return renderer


def _saved(pipeline: Any, folder: Path) -> Path:
    """The renderer as a pickle, which is all that its repositories have."""
    pipeline.save_pretrained(folder)
    shutil.rmtree(folder / "shap_e_renderer")
    pipeline.shap_e_renderer.save_pretrained(folder / "shap_e_renderer", safe_serialization=False)
    return folder
