import math
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.models.networks import depth_attention
from gen3d.models.networks.depth_attention import DepthAttention, DepthBias, attend_by_depth, normalised_depth
from gen3d.models.torchvision_repair import repair_torchvision
from tests.tiny_diffusion import TEXT_DIM, write_stable_diffusion

HEADS, HEAD_DIM = 2, 4


def layer(seed: int = 0):
    """One attention layer as UNets have them."""
    repair_torchvision()
    from diffusers.models.attention_processor import Attention

    torch.manual_seed(seed)
    return Attention(query_dim=HEADS * HEAD_DIM, heads=HEADS, dim_head=HEAD_DIM).eval()


def attended_slowly(attn, states: torch.Tensor, depth: np.ndarray, strength: float) -> torch.Tensor:
    """Softmax over keys of q k / sqrt(d) - strength |D_q - D_k|, one query and head at a time."""
    q, k, v = (linear(states)[0].double().detach().numpy() for linear in (attn.to_q, attn.to_k, attn.to_v))
    out = np.zeros_like(q)
    for head in range(HEADS):
        part = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
        for i in range(len(q)):
            logits = [
                q[i, part] @ k[j, part] / math.sqrt(HEAD_DIM) - strength * abs(depth[i] - depth[j])
                for j in range(len(q))
            ]
            weights = np.exp(logits) / np.exp(logits).sum()
            out[i, part] = weights @ v[:, part]
    return attn.to_out[0](torch.from_numpy(out).float())


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = write_stable_diffusion(tmp_path_factory.mktemp("sd"))
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(folder / "unet", local_files_only=True).eval()


def test_normalised_depth_goes_from_0_at_the_nearest_to_1_at_the_farthest_and_the_sky() -> None:
    depth = np.repeat(np.float32([2, 3, 4, 6]), 10).reshape(4, 10)
    depth[3, 9] = np.inf
    expected = np.repeat(np.float32([0, 0.25, 0.5, 1]), 10).reshape(4, 10)
    np.testing.assert_allclose(normalised_depth(depth), expected, atol=1e-6)
    np.testing.assert_allclose(normalised_depth(100 * depth), expected, atol=1e-5)


def test_one_stray_depth_does_not_flatten_the_rest() -> None:
    depth = np.tile(np.linspace(1, 2, 200, dtype=np.float32), (20, 1))
    depth[3, 100] = 1e4
    assert normalised_depth(depth)[0].std() > 0.25


def test_unknown_flat_and_endless_depth_are_numbers() -> None:
    depth = np.float32([[1, 1, 1, 3, 3, 3, 3, np.nan]])
    assert normalised_depth(depth)[0, -1] == 1.0  # where most of the picture is
    assert (normalised_depth(np.full((3, 4), 2.5, np.float32)) == 0).all()
    assert (normalised_depth(np.full((3, 4), np.inf, np.float32)) == 1).all()
    assert (normalised_depth(np.full((3, 4), np.nan, np.float32)) == 0).all()


def test_a_bias_that_is_constant_over_the_keys_cancels() -> None:
    """Why cross-attention is left alone: exp(l_j + c) / sum exp(l_j + c) = exp(l_j) / sum exp(l_j)."""
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, HEADS, 12, HEAD_DIM).double()
    per_query = torch.randn(12, 1).double()
    attend = torch.nn.functional.scaled_dot_product_attention
    plain = attend(query, key, value)
    torch.testing.assert_close(attend(query, key, value, attn_mask=per_query.expand(12, 12)), plain)
    ours = DepthBias(torch.rand(3, 4), 2.0)
    depth = ours.tokens(12)
    assert (attend(query, key, value, attn_mask=ours.logits(depth, depth).double()) - plain).abs().max() > 0.01


@pytest.mark.parametrize("rows", [2048, 5], ids=["at once", "in blocks"])
@pytest.mark.parametrize("grid", [(4, 4), (3, 7)])
def test_attention_follows_the_dense_formula(grid: tuple[int, int], rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_attention, "ROWS", rows)
    attn, depth = layer(), torch.rand(grid, generator=torch.Generator().manual_seed(1))
    states = torch.randn(1, depth.numel(), HEADS * HEAD_DIM, generator=torch.Generator().manual_seed(2))
    processor = DepthAttention(attn.processor)
    with torch.inference_mode():
        biased = processor(attn, states, depth_bias=DepthBias(depth, 2.0))
        slow = attended_slowly(attn, states, depth.flatten().numpy(), 2.0)
        plain = attended_slowly(attn, states, depth.flatten().numpy(), 0.0)
    torch.testing.assert_close(biased[0], slow, atol=1e-5, rtol=1e-4)
    assert (biased[0] - plain).abs().max() > 1e-3


def test_flat_depth_changes_nothing() -> None:
    attn = layer()
    states = torch.randn(2, 20, HEADS * HEAD_DIM)
    with torch.inference_mode():
        biased = DepthAttention(attn.processor)(attn, states, depth_bias=DepthBias(torch.full((4, 5), 0.3), 2.0))
        torch.testing.assert_close(biased, attn(states))


def test_cross_attention_and_calls_without_a_bias_run_as_always() -> None:
    attn = layer()
    processor = DepthAttention(attn.processor)
    states, words = torch.randn(1, 20, HEADS * HEAD_DIM), torch.randn(1, 7, HEADS * HEAD_DIM)
    with torch.inference_mode():
        assert torch.equal(processor(attn, states), attn(states))
        biased = processor(attn, states, words, depth_bias=DepthBias(torch.rand(4, 5), 2.0))
        assert torch.equal(biased, attn(states, words))


def test_each_layer_takes_the_depth_on_its_own_grid() -> None:
    bias = DepthBias(torch.arange(35.0).reshape(5, 7), 2.0)
    assert torch.equal(bias.tokens(35), torch.arange(35.0))
    assert bias.tokens(12).shape == (12,) and bias.tokens(4).shape == (4,) and bias.tokens(1) == 17.0
    assert bias.tokens(12)[0] == torch.tensor([0.0, 1, 2, 7, 8, 9]).reshape(2, 3)[:, :2].mean()
    with pytest.raises(ValueError, match=r"16 tokens are no level of a latent grid of \(5, 7\)"):
        bias.tokens(16)


@pytest.mark.parametrize("grid", [(8, 8), (7, 13), (3, 24)])
def test_the_bias_reaches_a_unet_whose_grids_are_rounded(unet, grid: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(2, 9, *grid, generator=generator)
    words = torch.randn(2, 5, TEXT_DIM, generator=generator)
    depth = torch.rand(grid, generator=generator)

    def run(**options) -> torch.Tensor:
        with torch.inference_mode():
            return unet(latents, 500, words, **options).sample

    plain = run()
    own = dict(unet.attn_processors)
    attend_by_depth(unet)
    try:
        assert torch.equal(run(), plain)
        biased = run(cross_attention_kwargs={"depth_bias": DepthBias(depth, 2.0)})
        assert (biased - plain).abs().max() > 1e-4 and biased.shape == plain.shape
        stronger = run(cross_attention_kwargs={"depth_bias": DepthBias(depth, 4.0)})
        assert (stronger - biased).abs().max() > 1e-4
    finally:
        unet.set_attn_processor(own)
