"""The Triton rasterizer against the plain float64 reference and the CPU rasterizer: on a card where there is one,
else by Triton's interpreter (`tests/conftest.py` asks for it), one scalar of numpy at a time, hence the tiny scenes.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from gen3d.splat.role import Rasterizer, Rendering
from tests.reference_rasterizer import render_reference
from tests.test_rasterizer import (
    PARTS,
    Cloud,
    as_float32,
    gradients,
    random_scene,
    relative_l2,
    wall_of_splats,
    with_gradients,
)

triton = pytest.importorskip("triton")
from triton.runtime import interpreter  # noqa: E402

from gen3d.splat.triton import function as triton_gpu  # noqa: E402
from gen3d.splat.triton.function import TritonRasterizer  # noqa: E402

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
"""Cards divide by zero without a word; numpy, which plays one, would warn."""

CLOUDS = {
    "anisotropic": Cloud(25, 18, 18, spread=1.5, log_scale=(-6.0, -2.0), degree=1),
    "needles": Cloud(15, 16, 16, spread=1.0, log_scale=(-8.0, -0.5)),
    "partial tiles": Cloud(25, 27, 11, spread=3.0),
    "smaller than a tile": Cloud(20, 7, 5, degree=1),
    "mostly outside": Cloud(50, 16, 16, spread=8.0, log_scale=(-3.0, -1.5)),
    "reaching in from far outside": Cloud(30, 8, 8, spread=14.0, log_scale=(-0.5, 0.8)),
    "larger than the picture": Cloud(12, 8, 8, log_scale=(-1.0, 1.0), opacity=(0.05, 0.4), degree=1),
    "opacity 0 to 1": Cloud(25, 14, 14, spread=1.0, opacity=(0.0, 1.0)),
    "opaque layers": Cloud(40, 8, 8, spread=0.2, log_scale=(-2.0, 0.0), opacity=(0.6, 1.0)),
    "one": Cloud(1, 12, 12, spread=0.1, log_scale=(-2.0, -1.0), opacity=(0.5, 0.9), degree=1),
}


@pytest.fixture(autouse=True)
def quick_interpreter(monkeypatch):
    """The interpreter prepares the language anew for every function called; once a test takes a third of the time."""
    if DEVICE == "cuda" or not hasattr(interpreter, "_LangPatchScope"):
        yield
        return
    language = {"tl": triton.language, "core": triton.language.core}
    prepared = interpreter._patch_lang(SimpleNamespace(__globals__=language))
    monkeypatch.setattr(interpreter, "_patch_lang", lambda function: interpreter._LangPatchScope())
    yield
    prepared.restore()


def draw(gaussians: Gaussians, camera: Camera, tile_px: int = 8) -> Rendering:
    """Rendered on the card, if any, and brought back; gradients flow."""
    there = Gaussians(*(getattr(gaussians, part).to(DEVICE) for part in PARTS))
    drawn = TritonRasterizer(DEVICE, tile_px).render(there, camera)
    return Rendering(drawn.rgb.cpu(), drawn.alpha.cpu(), drawn.depth.cpu())


def stacked(drawn) -> Tensor:
    """All that was drawn, h w 5. Alpha weighs depth: where it is near 0 the quotient is mostly rounding."""
    weighted = drawn.depth * drawn.alpha.detach()
    return torch.cat([drawn.rgb, drawn.alpha[..., None], weighted[..., None]], dim=-1)


def push(drawn, where: Tensor) -> None:
    """A backward pass with a random gradient at the pixels `where` it counts."""
    seen = stacked(drawn)
    towards = torch.randn(seen.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (seen * (towards * where[..., None]).to(seen)).sum().backward()


def bits(gaussians: Gaussians, camera: Camera) -> bytes:
    """The picture and all gradients."""
    gaussians = with_gradients(gaussians)
    drawn = draw(gaussians, camera)
    push(drawn, torch.ones_like(drawn.alpha))
    return b"".join(t.detach().numpy().tobytes() for t in (stacked(drawn), *gradients(gaussians).values()))


# -- the same picture as others ---------------------------------------------------------------------------------------


QUICK = ("anisotropic", "opaque layers")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CLOUDS])
def test_picture_and_gradients_match_the_reference_and_the_cpu(name):
    gaussians, camera = random_scene(CLOUDS[name])
    truth, ours, cpus = (with_gradients(g) for g in (gaussians, as_float32(gaussians), as_float32(gaussians)))
    expected = render_reference(truth, camera)
    drawn, drawn_by_cpu = draw(ours, camera), CpuRasterizer().render(cpus, camera)
    certain = ~expected.doubtful
    assert certain.double().mean() > 0.75 and expected.alpha.max() > 0

    assert (drawn.rgb - expected.rgb).abs().max() <= 5e-3
    for other, limit in ((expected, 1e-4), (drawn_by_cpu, 3e-5)):
        assert (stacked(drawn) - stacked(other))[certain].abs().max() <= limit
    for rendering in (expected, drawn, drawn_by_cpu):
        push(rendering, certain)
    for part, gradient in gradients(ours).items():
        assert relative_l2(gradient, gradients(truth)[part]) <= 1e-3, part
        assert relative_l2(gradient, gradients(cpus)[part].double()) <= 1e-3, part


@pytest.mark.parametrize("output", ["rgb", "alpha", "depth"])
def test_every_output_has_a_gradient_of_its_own(output):
    gaussians, camera = random_scene(CLOUDS["larger than the picture"])
    truth, ours = with_gradients(gaussians), with_gradients(as_float32(gaussians))
    for model, render in ((truth, render_reference), (ours, draw)):
        getattr(render(model, camera), output).square().mean().backward()
    assert relative_l2(ours.means.grad, truth.means.grad) <= 1e-3
    assert relative_l2(ours.opacities.grad, truth.opacities.grad) <= 1e-3


@pytest.mark.slow
def test_gradients_are_what_a_small_step_changes():
    """Central differences of our own picture, along the gradient, where every Gaussian covers every pixel."""
    gaussians, camera = random_scene(Cloud(6, 8, 8, log_scale=(-0.5, 0.5), opacity=(0.2, 0.5), degree=1))
    ours = with_gradients(as_float32(gaussians))

    def loss(model: Gaussians) -> Tensor:
        drawn = draw(model, camera)
        return (drawn.rgb.square().sum(dim=-1) + drawn.alpha + 0.1 * drawn.depth).double().mean()

    loss(ours).backward()
    for part, gradient in gradients(ours).items():
        step = 2e-3 * gradient / gradient.norm()
        at = getattr(ours, part).detach()
        ahead, back = (float(loss(replace(ours.detached(), **{part: at + way * step}))) for way in (1, -1))
        assert (ahead - back) / 2 == pytest.approx(float((gradient * step).sum()), rel=0.02), part


@pytest.mark.slow
def test_the_size_of_a_tile_changes_nothing():
    gaussians, camera = random_scene(CLOUDS["anisotropic"])
    drawn = []
    for tile_px in (8, 16):
        model = with_gradients(as_float32(gaussians))
        drawn.append((stacked(draw(model, camera, tile_px)), model))
        drawn[-1][0].square().sum().backward()
    (small, model), (large, other) = drawn
    assert torch.allclose(small, large, atol=1e-5)
    for part, gradient in gradients(model).items():
        assert relative_l2(gradient, gradients(other)[part].double()) <= 1e-5, part


@pytest.mark.slow
def test_more_tiles_than_sixteen_bits_can_number(monkeypatch):
    gaussians, camera = random_scene(CLOUDS["partial tiles"])
    few = draw(as_float32(gaussians), camera)
    monkeypatch.setattr(triton_gpu, "SHORT_LIMIT", 1)
    assert torch.equal(draw(as_float32(gaussians), camera).rgb, few.rgb)


@pytest.mark.slow
def test_a_gaussian_of_many_tiles_beside_one_of_a_pixel():
    """More tiles than are written or summed at a time."""
    camera = Camera.from_fov(60.0, 40, 24)
    wall = wall_of_splats(2.0).keep(torch.arange(81 * 81) < 2)
    means, scales = [[0.0, 0.0, 2.0], [0.3, 0.1, 1.0]], [[3.0, 2.0, 1.0], [0.03, 0.01, 0.02]]
    model = replace(wall, means=torch.tensor(means), scales=torch.tensor(scales))
    ours, cpus = with_gradients(model), with_gradients(model)
    for model, render in ((ours, draw), (cpus, CpuRasterizer().render)):
        stacked(render(model, camera)).square().sum().backward()
    for part, gradient in gradients(ours).items():
        assert relative_l2(gradient, gradients(cpus)[part].double()) <= 1e-4, part


def test_black_gaussians_may_brighten():
    gaussians = wall_of_splats(2.0).keep(torch.arange(81 * 81) == 40 * 81 + 40)
    sh = sh_from_rgb(torch.zeros(1, 3)).requires_grad_()
    draw(replace(gaussians, sh=sh), Camera.from_fov(60.0, 8, 8)).rgb.sum().backward()
    assert (sh.grad.abs() > 0).all()


def test_equal_depths_keep_the_order_of_the_file():
    one = wall_of_splats(2.0).keep(torch.arange(81 * 81) < 1)
    colours = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    means, opacities = torch.tensor([[0.0, 0.0, 2.0]]).expand(3, 3), torch.full((3,), 0.5)
    three = Gaussians(means, one.quats.expand(3, 4), torch.full((3, 3), 1.0), opacities, sh_from_rgb(colours))
    centre = draw(three, Camera.from_fov(60.0, 9, 9)).rgb[4, 4]
    assert torch.allclose(centre, torch.tensor([0.5, 0.25, 0.125]), rtol=1e-4)


def test_the_near_plane_is_the_cpus():
    """A thousandth of the median depth of what is before the camera."""
    camera, wall = Camera.from_fov(60.0, 8, 8), wall_of_splats(2.0).keep(torch.arange(81 * 81) < 5)
    for z in (0.0024, 0.0026):
        means = torch.tensor([[0.0, 0.0, at] for at in (2.0, 3.0, 3.0, -1.0, z)])
        model = replace(wall, means=means, scales=torch.full((5, 3), 1e-3))
        drawn, expected = draw(model, camera), CpuRasterizer().render(model, camera)
        assert torch.allclose(drawn.depth, expected.depth, rtol=1e-4)
        assert (float(drawn.depth[4, 4]) < 1.9) == (z > 0.0025)


# -- nothing to draw, and input that means nothing --------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["none", "behind", "beside", "transparent"])
def test_nothing_visible_is_black_with_zero_gradients(scene):
    wall = wall_of_splats(2.0).keep(torch.arange(81 * 81) < 5)
    gaussians = {
        "none": wall.keep(torch.zeros(len(wall), dtype=torch.bool)),
        "behind": replace(wall, means=wall.means * torch.tensor([1.0, 1.0, -1.0])),
        "beside": replace(wall, means=wall.means + torch.tensor([50.0, 0.0, 0.0])),
        "transparent": replace(wall, opacities=torch.zeros(len(wall))),
    }[scene]
    gaussians = with_gradients(gaussians)
    drawn = draw(gaussians, Camera.from_fov(60.0, 33, 20))
    assert drawn.rgb.shape == (20, 33, 3)
    assert not drawn.rgb.any() and not drawn.alpha.any() and not drawn.depth.any()
    (drawn.rgb.sum() + drawn.depth.sum()).backward()
    assert not any(gradient.any() for gradient in gradients(gaussians).values())


def test_who_is_not_seen_gets_no_gradient():
    extra = [[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1e-5], [5.0, 0.0, 0.0], [0.0, 3.0, -1e-9]]
    wall = wall_of_splats(2.0).keep(torch.arange(81 * 81) < 6)
    means = torch.cat([torch.tensor(extra), torch.tensor([[0.0, 0.0, 2.0]])])
    gaussians = with_gradients(replace(wall, means=means, sh=torch.ones(6, 4, 3)))
    draw(gaussians, Camera.from_fov(60.0, 8, 8)).rgb.sum().backward()
    for part, gradient in gradients(gaussians).items():
        assert torch.isfinite(gradient).all() and gradient.any() == (part != "quats"), part
        assert not gradient[: len(extra)].any(), part


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_inf_are_named_not_drawn(part, value):
    gaussians = wall_of_splats(2.0).keep(torch.arange(81 * 81) < 9)
    broken = getattr(gaussians, part).clone()
    broken.view(-1)[5] = value
    with pytest.raises(ValueError, match=rf"{part} holds NaN or inf in 1 of 9"):
        draw(replace(gaussians, **{part: broken}), Camera.from_fov(60.0, 16, 16))


def test_what_cannot_be_drawn_is_refused():
    wall, camera = wall_of_splats(2.0).keep(torch.arange(81 * 81) < 9), Camera.from_fov(60.0, 16, 16)
    with pytest.raises(ValueError, match="opacities span"):
        draw(replace(wall, opacities=wall.opacities * 2), camera)
    with pytest.raises(ValueError, match="1 or 4 coefficients"):
        draw(replace(wall, sh=torch.zeros(len(wall), 9, 3)), camera)
    with pytest.raises(ValueError, match="K or w2c"):
        draw(wall, replace(camera, K=camera.K * float("nan")))
    with pytest.raises(ValueError, match="for cuda was given means on meta"):
        TritonRasterizer("cuda").render(replace(wall, means=wall.means.to("meta")), camera)


def test_values_too_large_for_a_picture_stay_finite():
    wall = wall_of_splats(2.0).keep(torch.arange(81 * 81) % 700 == 40)
    scales, quats, means = wall.scales.clone(), wall.quats.clone(), wall.means.clone()
    scales[0], scales[1], scales[2] = 1e18, 1e-18, torch.tensor([1e6, 1e-6, 1e6])
    quats[3] = 0
    means[4], means[5] = 1e15, torch.tensor([1e20, -1e20, 1.0])
    drawn = draw(replace(wall, scales=scales, quats=quats, means=means), Camera.from_fov(60.0, 12, 12))
    for values in (drawn.rgb, drawn.alpha, drawn.depth):
        assert torch.isfinite(values).all()
    assert drawn.alpha.max() > 0.5


# -- the role ---------------------------------------------------------------------------------------------------------


def test_the_triton_rasterizer_plays_its_role():
    assert isinstance(TritonRasterizer(), Rasterizer) and TritonRasterizer().name == "triton"
    gaussians, camera = random_scene(CLOUDS["one"])
    sh = as_float32(gaussians).sh.requires_grad_()
    model = replace(as_float32(gaussians), sh=sh)
    drawn = draw(model, camera)
    assert all(values.dtype == torch.float32 for values in (drawn.rgb, drawn.alpha, drawn.depth))
    drawn.rgb.sum().backward()
    assert sh.grad.abs().max() > 0 and model.means.grad is None
    with torch.no_grad():
        assert not draw(model, camera).rgb.requires_grad


def test_the_same_arguments_give_the_same_bits():
    gaussians, camera = random_scene(CLOUDS["smaller than a tile"])
    assert bits(as_float32(gaussians), camera) == bits(as_float32(gaussians), camera)


# -- on a card --------------------------------------------------------------------------------------------------------


def _large() -> tuple[Gaussians, Camera]:
    gaussians, camera = random_scene(Cloud(262_144, 512, 512, log_scale=(-6.5, -4.5), degree=1))
    return as_float32(gaussians), camera


@pytest.mark.gpu
@pytest.mark.skipif(DEVICE != "cuda", reason="no CUDA card")
@pytest.mark.parametrize("tile_px", [8, 16])
def test_a_large_scene_is_the_cpus(tile_px):
    """Pixels where rounding decides a cutoff may differ by 1/255; there are few."""
    gaussians, camera = _large()
    ours, cpus = with_gradients(gaussians), with_gradients(gaussians)
    drawn, expected = draw(ours, camera, tile_px), CpuRasterizer().render(cpus, camera)
    difference = (stacked(drawn) - stacked(expected)).abs()
    assert difference.max() <= 2e-2 and difference.mean() <= 1e-5
    assert np.quantile(difference.detach().numpy(), 0.999) <= 1e-4
    for rendering in (drawn, expected):
        push(rendering, torch.ones_like(expected.alpha))
    for part, gradient in gradients(ours).items():
        assert relative_l2(gradient, gradients(cpus)[part].double()) <= 1e-2, part


@pytest.mark.gpu
@pytest.mark.skipif(DEVICE != "cuda", reason="no CUDA card")
def test_a_large_scene_gives_the_same_bits_twice():
    gaussians, camera = _large()
    assert bits(gaussians, camera) == bits(gaussians, camera)
