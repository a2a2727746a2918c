"""The function with gsplat's call: what it adds to the rasterizer's role, against the same reference, and gsplat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gen3d.camera import Camera
from gen3d.splat.cpu.rasterization import rasterization
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from tests.reference_rasterizer import Reference, render_reference
from tests.test_rasterizer import CLOUDS, as_float32, gradients, random_scene, relative_l2, with_gradients

NAMES = ("means", "quats", "scales", "opacities")


def call(gaussians: Gaussians, *cameras: Camera, sh: bool = True, **options) -> tuple[Tensor, Tensor, dict]:
    parts = [getattr(gaussians, name) for name in NAMES]
    colors = gaussians.sh if sh else gaussians.rgb
    poses, Ks = (torch.stack([torch.tensor(getattr(c, name)) for c in cameras]) for name in ("w2c", "K"))
    if sh:
        options["sh_degree"] = gaussians.sh_degree
    return rasterization(*parts, colors, poses, Ks, cameras[0].width, cameras[0].height, **options)


def compare(cloud: str, draw_options: dict, reference_options: dict) -> Reference:
    """Picture, depth, alpha and every gradient; returns what was expected."""
    gaussians, camera = random_scene(CLOUDS[cloud])
    truth, ours = with_gradients(gaussians), with_gradients(as_float32(gaussians))
    expected = render_reference(truth, camera, **reference_options)
    renders, alphas, _ = call(ours, camera, render_mode="RGB+D", **draw_options)
    wanted = torch.cat([expected.rgb, (expected.depth * expected.alpha)[..., None], expected.alpha[..., None]], dim=-1)
    drawn = torch.cat([renders[0], alphas[0]], dim=-1)
    certain = ~expected.doubtful
    assert certain.double().mean() > 0.9 and expected.alpha.max() > 0.01
    assert (drawn - wanted)[certain].abs().max() <= 2e-5
    towards = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(1)).double() * certain[..., None]
    (drawn * towards.float()).sum().backward()
    (wanted * towards).sum().backward()
    for part, gradient in gradients(ours).items():
        assert relative_l2(gradient, gradients(truth)[part]) <= 1e-4, part
    return expected


@pytest.mark.parametrize("cloud", ["anisotropic", "partial tiles", "mostly outside", "opacity near 1", "one"])
def test_antialiased_matches_the_reference(cloud):
    compare(cloud, {"rasterize_mode": "antialiased"}, {"antialiased": True})


@pytest.mark.parametrize("eps2d", [0.1, 1.0])
@pytest.mark.parametrize("mode", ["classic", "antialiased"])
def test_the_low_pass_may_be_chosen(eps2d, mode):
    options = {"eps2d": eps2d}
    compare("anisotropic", {**options, "rasterize_mode": mode}, {**options, "antialiased": mode == "antialiased"})


def test_antialiasing_keeps_the_light_of_what_is_smaller_than_a_pixel():
    """The low-pass makes a dot larger; antialiased, its opacity falls by as much."""
    camera = Camera.from_fov(60.0, 33, 33)
    dot = Gaussians(
        torch.tensor([[0.0, 0.0, 2.0]]), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), 2 * 0.2 / camera.K[0, 0]),
        torch.tensor([0.9]), torch.zeros(1, 1, 3),
    )  # fmt: skip
    light = {mode: float(call(dot, camera, rasterize_mode=mode)[1].sum()) for mode in ("classic", "antialiased")}
    assert light["antialiased"] / light["classic"] == pytest.approx(0.2**2 / (0.2**2 + 0.3), rel=0.02)


def test_near_and_far_planes_are_where_they_were_put():
    expected = compare("partial tiles", {"near_plane": 2.5, "far_plane": 3.5}, {"near": 2.5, "far": 3.5})
    seen = expected.depth[expected.alpha > 0.01]
    assert seen.min() > 2.5 and seen.max() < 3.5


def test_what_lies_on_a_plane_is_drawn_and_what_lies_a_hair_beyond_is_not():
    camera = Camera.from_fov(60.0, 16, 16)
    on = torch.tensor(2.0)
    for z, seen in ((on, 1), (torch.nextafter(on, on - 1), 0), (torch.nextafter(on, on + 1), 0)):
        gaussian = Gaussians(
            torch.tensor([[0.0, 0.0, float(z)]]), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), 0.1),
            torch.tensor([0.9]), torch.zeros(1, 1, 3),
        )  # fmt: skip
        _, _, meta = call(gaussian, camera, near_plane=2.0, far_plane=2.0)
        assert meta["visible"].tolist() == [seen]


def test_plain_colours_are_taken_as_they_stand():
    """Linear in the colours, negative ones too, where harmonics end at black."""
    gaussians, camera = random_scene(CLOUDS["partial tiles"])
    gaussians = as_float32(gaussians)
    plain, _, _ = call(gaussians, camera, sh=False)
    negative = replace(gaussians, sh=sh_from_rgb(-gaussians.rgb))
    assert gaussians.rgb.min() < 0
    assert torch.allclose(call(negative, camera, sh=False)[0], -plain, atol=1e-5)
    clamped = replace(gaussians, sh=sh_from_rgb(gaussians.rgb.clamp(min=0)))
    assert torch.allclose(call(gaussians, camera)[0], call(clamped, camera, sh=False)[0], atol=1e-5)


def test_the_gradient_of_a_plain_colour_is_its_weight():
    gaussians, camera = random_scene(CLOUDS["one"])
    colors = torch.full((1, 3), 0.5, requires_grad=True)
    parts = [getattr(as_float32(gaussians), name) for name in NAMES]
    renders, alphas, _ = rasterization(
        *parts, colors, torch.tensor(camera.w2c)[None], torch.tensor(camera.K)[None], camera.width, camera.height
    )
    renders.sum().backward()
    assert torch.allclose(colors.grad, alphas.sum().expand(1, 3), rtol=1e-5)


def test_coefficients_beyond_the_degree_are_not_looked_at():
    gaussians, camera = random_scene(CLOUDS["anisotropic"])
    gaussians = as_float32(gaussians)
    constant = replace(gaussians, sh=gaussians.sh[:, :1])
    parts = [getattr(gaussians, name) for name in NAMES]
    view = torch.tensor(camera.w2c)[None], torch.tensor(camera.K)[None], camera.width, camera.height
    assert torch.equal(rasterization(*parts, gaussians.sh, *view, sh_degree=0)[0], call(constant, camera)[0])


def test_modes_and_backgrounds():
    gaussians, camera = random_scene(CLOUDS["partial tiles"])
    gaussians = as_float32(gaussians)
    on_black, alphas, _ = call(gaussians, camera)
    backgrounds = torch.tensor([[0.2, 0.4, 0.9]], requires_grad=True)
    over, _, _ = call(gaussians, camera, backgrounds=backgrounds, render_mode="RGB+ED")
    weighted, _, _ = call(gaussians, camera, render_mode="RGB+D")
    assert on_black.shape == (1, 41, 70, 3) and alphas.shape == (1, 41, 70, 1)
    assert over.shape == weighted.shape == (1, 41, 70, 4)
    assert torch.allclose(over[..., :3], on_black + (1 - alphas) * backgrounds)
    assert torch.allclose(over[..., 3:] * alphas, weighted[..., 3:], atol=1e-5)
    over[..., :3].sum().backward()
    assert torch.allclose(backgrounds.grad, (1 - alphas).sum().expand(1, 3))


def test_several_cameras_are_several_pictures():
    gaussians, camera = random_scene(CLOUDS["partial tiles"])
    gaussians = as_float32(gaussians)
    place = camera.center + np.array([0.3, 0.0, 0.0])
    aside = camera.look_at(place, place + np.array([0.0, 0.0, 3.0]))
    both, _, meta = call(gaussians, camera, aside)
    for k, one in enumerate((camera, aside)):
        alone, _, meta_alone = call(gaussians, one)
        assert torch.equal(both[k], alone[0])
        assert all(torch.equal(meta[name][k], meta_alone[name][0]) for name in ("radii", "means2d", "visible"))


def test_meta_says_what_is_where():
    gaussians, camera = random_scene(CLOUDS["mostly outside"])
    _, _, meta = call(as_float32(gaussians), camera)
    drawn = (meta["radii"][0] > 0).all(dim=1)
    assert 0 < int(meta["visible"][0]) == int(drawn.sum()) < len(gaussians)
    uv, _ = camera.project(gaussians.means.numpy())
    assert torch.allclose(meta["means2d"][0][drawn].double(), torch.from_numpy(uv)[drawn].double(), atol=1e-3)
    assert not meta["means2d"][0][~drawn].any()
    # alone in the picture, a Gaussian colours no pixel centre outside of its radii
    k = int(drawn.nonzero()[0])
    alpha = call(as_float32(gaussians).keep(torch.arange(len(gaussians)) == k), camera)[1][0, ..., 0]
    y, x = alpha.nonzero().T + 0.5
    (rx, ry), (mx, my) = meta["radii"][0, k], meta["means2d"][0, k]
    assert len(x) and (x - mx).abs().max() <= rx and (y - my).abs().max() <= ry


def test_what_does_not_fit_together_is_refused():
    gaussians, camera = random_scene(CLOUDS["one"])
    gaussians = as_float32(gaussians)
    view = torch.tensor(camera.w2c)[None], torch.tensor(camera.K)[None], camera.width, camera.height
    parts = [getattr(gaussians, name) for name in NAMES]
    with pytest.raises(ValueError, match="say the sh_degree"):
        rasterization(*parts, gaussians.sh, *view)
    with pytest.raises(ValueError, match="sh_degree is 2"):
        rasterization(*parts, gaussians.sh, *view, sh_degree=2)
    with pytest.raises(ValueError, match="opacities holds NaN"):
        rasterization(*parts[:3], parts[3] * float("nan"), gaussians.rgb, *view)
    with pytest.raises(ValueError, match="one of each per camera"):
        rasterization(*parts, gaussians.rgb, view[0][:0], view[1][:0], *view[2:])
    with pytest.raises(ValueError, match="viewmats or Ks"):
        rasterization(*parts, gaussians.rgb, view[0] * float("nan"), *view[1:])


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["classic", "antialiased"])
@pytest.mark.parametrize("cloud", ["anisotropic", "partial tiles", "larger than the picture"])
def test_gsplat_draws_the_same(cloud, mode):
    """Its exp is coarser and its sums come in another order: pixels to 1e-2, to 1e-5 on average, gradients to 1 %."""
    gsplat = pytest.importorskip("gsplat")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA card")
    gaussians, camera = random_scene(CLOUDS[cloud])
    ours = with_gradients(as_float32(gaussians))
    theirs = Gaussians(*(getattr(ours, part).detach().cuda().requires_grad_() for part in (*NAMES, "sh")))
    view = torch.tensor(camera.w2c)[None].float(), torch.tensor(camera.K)[None].float()
    options = {"sh_degree": ours.sh_degree, "render_mode": "RGB+D", "rasterize_mode": mode, "near_plane": 0.01}
    pictures = []
    for draw, g in ((rasterization, ours), (gsplat.rasterization, theirs)):
        where = [v.to(g.means) for v in view]
        parts = [getattr(g, name) for name in (*NAMES, "sh")]
        renders, alphas, _ = draw(*parts, *where, camera.width, camera.height, **options)
        picture = torch.cat([renders, alphas], dim=-1)
        picture.square().mean().backward()
        pictures.append(picture.detach().cpu())
    difference = (pictures[0] - pictures[1]).abs()
    assert difference.mean() <= 1e-5 and difference.max() <= 1e-2
    for part, gradient in gradients(theirs).items():
        assert relative_l2(gradients(ours)[part], gradient.cpu().double()) <= 1e-2, part
