"""The CPU rasterizer and SSIM against their plain float64 references, and what the kernels promise besides."""

from __future__ import annotations

import multiprocessing
import platform
import re
from dataclasses import dataclass, replace

import numba
import numpy as np
import pytest
import torch
from torch import Tensor

from gen3d.camera import Camera
from gen3d.geometry.together import shared
from gen3d.splat.cpu import kernels, project, raster, raster_backward
from gen3d.splat.cpu.binning import PAIR
from gen3d.splat.cpu.function import CpuRasterizer, kernel_camera
from gen3d.splat.cpu.sort import sort_list
from gen3d.splat.cpu.ssim import SsimTarget, ssim
from gen3d.splat.gaussians import Gaussians, sh_from_rgb
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer, Rendering
from tests.patience import PATIENCE_S
from tests.reference_rasterizer import render_reference, ssim_reference

PARTS = ("means", "quats", "scales", "opacities", "sh")


@dataclass(frozen=True)
class Cloud:
    """What a random scene is like."""

    n: int
    width: int
    height: int
    spread: float = 2.0
    """Metres across, at depths 1.5 to 4.5."""
    log_scale: tuple[float, float] = (-4.0, -2.0)
    opacity: tuple[float, float] = (0.05, 0.99)
    degree: int = 0


CLOUDS = {
    "anisotropic": Cloud(150, 64, 64, log_scale=(-6.0, -1.0), degree=1),
    "partial tiles": Cloud(120, 70, 41, spread=3.0),
    "smaller than a tile": Cloud(60, 9, 5, degree=1),
    "mostly outside": Cloud(200, 33, 65, spread=12.0, log_scale=(-3.0, -1.0)),
    "larger than the picture": Cloud(40, 40, 40, log_scale=(-1.0, 1.0), opacity=(0.05, 0.4), degree=1),
    "opacity near 0": Cloud(200, 32, 32, opacity=(0.0, 0.02)),
    "opacity near 1": Cloud(60, 40, 40, spread=1.0, opacity=(0.97, 1.0)),
    "hundreds of layers": Cloud(400, 12, 12, spread=0.2, log_scale=(-2.0, 0.0), opacity=(0.005, 0.03), degree=1),
    "hundreds of layers, opaque": Cloud(400, 12, 12, spread=0.2, log_scale=(-2.0, 0.0), degree=1),
    "thousands of layers": Cloud(3000, 4, 4, spread=0.2, log_scale=(1.5, 2.0), opacity=(0.0048, 0.006)),
    "one": Cloud(1, 24, 24, spread=0.1, log_scale=(-2.0, -1.0), opacity=(0.5, 0.9), degree=1),
}


def random_scene(cloud: Cloud, seed: int = 0) -> tuple[Gaussians, Camera]:
    """float64 values that float32 can hold, seen by a turned camera with its principal point off the centre."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator, dtype=torch.float64)

    n, half = cloud.n, cloud.spread / 2
    means = torch.cat([uniform(-half, half, n, 2), uniform(1.5, 4.5, n, 1)], dim=1)
    scales = uniform(*cloud.log_scale, n, 3).exp()
    sh = 0.7 * torch.randn(n, (cloud.degree + 1) ** 2, 3, generator=generator, dtype=torch.float64)
    parts = means, uniform(-0.5, 0.5, n, 4), scales, uniform(*cloud.opacity, n), sh
    w, h = cloud.width, cloud.height
    camera = Camera.from_intrinsics(1.1 * w, 1.2 * w, 0.62 * w, 0.41 * h, w, h)
    eye, target = np.array([0.1, -0.05, -0.2]), np.array([0.15, 0.1, 3.0])
    return Gaussians(*(part.float().double() for part in parts)), camera.look_at(eye, target)


def as_float32(gaussians: Gaussians) -> Gaussians:
    return Gaussians(*(getattr(gaussians, part).detach().float() for part in PARTS))


def with_gradients(gaussians: Gaussians) -> Gaussians:
    return Gaussians(*(getattr(gaussians, part).detach().clone().requires_grad_() for part in PARTS))


def gradients(gaussians: Gaussians) -> dict[str, Tensor]:
    return {part: getattr(gaussians, part).grad for part in PARTS}


def relative_l2(value: Tensor, truth: Tensor) -> float:
    return float((value.double() - truth).norm() / truth.norm().clamp_min(1e-30))


def tiled_picture() -> tuple[Gaussians, Camera]:
    gaussians, camera = random_scene(Cloud(3000, 150, 110, log_scale=(-5.0, -2.0), degree=1))
    return as_float32(gaussians), camera


def wall_of_splats(depth: float, slope: float = 0.0) -> Gaussians:
    """An opaque plane through (0, 0, depth), larger than the view of `from_fov(60)`."""
    x, y = torch.meshgrid(torch.linspace(-2, 2, 81), torch.linspace(-2, 2, 81), indexing="xy")
    means = torch.stack([x, y, depth + slope * x], dim=-1).reshape(-1, 3)
    n = len(means)
    quats = torch.tensor([1.0, 0, 0, 0]).expand(n, 4)
    return Gaussians(means, quats, torch.full((n, 3), 0.05), torch.full((n,), 0.9), torch.zeros(n, 1, 3))


# -- against the reference --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLOUDS)
def test_picture_and_gradients_match_the_reference(name):
    gaussians, camera = random_scene(CLOUDS[name])
    truth, ours = with_gradients(gaussians), with_gradients(as_float32(gaussians))
    expected, drawn = render_reference(truth, camera), CpuRasterizer().render(ours, camera)
    certain = ~expected.doubtful
    assert certain.double().mean() > 0.75 and expected.alpha.max() > 0

    assert (drawn.rgb - expected.rgb).abs().max() <= 5e-3
    assert (drawn.rgb - expected.rgb)[certain].abs().max() <= 1e-5
    assert (drawn.alpha - expected.alpha)[certain].abs().max() <= 1e-5
    assert ((drawn.depth - expected.depth) * expected.alpha)[certain].abs().max() <= 2e-5  # metres

    # Expected depth is a quotient: where alpha is near 0 its value is mostly rounding, so alpha weighs it here.
    generator = torch.Generator().manual_seed(1)
    towards = torch.randn(camera.height, camera.width, 5, generator=generator, dtype=torch.float64) * certain[..., None]
    towards[..., 4] *= expected.alpha.detach()
    for rendering in (expected, drawn):
        seen = torch.cat([rendering.rgb, rendering.alpha[..., None], rendering.depth[..., None]], dim=-1)
        (seen * towards.to(seen)).sum().backward()
    for part, gradient in gradients(ours).items():
        assert relative_l2(gradient, gradients(truth)[part]) <= 1e-4, part


@pytest.mark.parametrize("output", ["rgb", "alpha", "depth"])
def test_every_output_has_a_gradient_of_its_own(output):
    gaussians, camera = random_scene(CLOUDS["larger than the picture"])
    truth, ours = with_gradients(gaussians), with_gradients(as_float32(gaussians))
    for model, draw in ((truth, render_reference), (ours, CpuRasterizer().render)):
        getattr(draw(model, camera), output).square().mean().backward()
    assert relative_l2(ours.means.grad, truth.means.grad) <= 1e-4
    assert relative_l2(ours.opacities.grad, truth.opacities.grad) <= 1e-4


def test_black_gaussians_may_brighten():
    gaussians = wall_of_splats(2.0)
    sh = sh_from_rgb(torch.zeros(len(gaussians), 3)).requires_grad_()
    CpuRasterizer().render(replace(gaussians, sh=sh), Camera.from_fov(60.0, 16, 16)).rgb.sum().backward()
    assert sh.grad.abs().max() > 0


# -- geometry ---------------------------------------------------------------------------------------------------------


def test_depth_of_a_fronto_parallel_plane_is_its_depth():
    drawn = CpuRasterizer().render(wall_of_splats(2.5), Camera.from_fov(60.0, 48, 40))
    assert drawn.alpha.min() > 0.99
    assert torch.allclose(drawn.depth, torch.tensor(2.5), rtol=1e-5)


def test_depth_of_a_tilted_plane_follows_the_rays():
    camera = Camera.from_fov(40.0, 48, 40)
    drawn = CpuRasterizer().render(wall_of_splats(2.5, slope=0.3), camera)
    expected = 2.5 / (1 - 0.3 * camera.rays()[..., 0])
    assert np.abs(drawn.depth.numpy() / expected - 1)[8:-8, 8:-8].max() < 0.02


def test_a_splat_lands_on_the_pixel_that_the_camera_projects_it_to():
    point = np.array([[0.3, -0.2, 2.0]])
    camera = Camera.from_intrinsics(50.0, 60.0, 11.0, 33.0, 40, 50).look_at(
        np.array([0.1, 0.0, 0.1]), np.array([0, 0, 2.0])
    )
    gaussian = replace(wall_of_splats(2.0).keep(torch.arange(81 * 81) == 0), means=torch.tensor(point).float())
    alpha = CpuRasterizer().render(replace(gaussian, scales=torch.full((1, 3), 0.02)), camera).alpha.double()
    y, x = torch.meshgrid(torch.arange(50) + 0.5, torch.arange(40) + 0.5, indexing="ij")
    uv, _ = camera.project(point)
    assert float((x * alpha).sum() / alpha.sum()) == pytest.approx(uv[0, 0], abs=0.03)
    assert float((y * alpha).sum() / alpha.sum()) == pytest.approx(uv[0, 1], abs=0.03)


def test_a_crop_is_the_same_picture():
    gaussians, camera = tiled_picture()
    whole = CpuRasterizer().render(gaussians, camera).rgb
    crop = CpuRasterizer().render(gaussians, camera.cropped(13, 7, 70, 60)).rgb
    # Not to the bit: a crop holds J at its own border, for Gaussians beyond it.
    assert (whole[7:67, 13:83] - crop).abs().mean() < 1e-3


@pytest.mark.parametrize("factor", [0.125, 128.0])
def test_nothing_depends_on_the_size_of_the_world(factor):
    gaussians, camera = tiled_picture()
    larger = replace(gaussians, means=gaussians.means * factor, scales=gaussians.scales * factor)
    moved = np.array(camera.w2c)
    moved[:3, 3] *= factor
    drawn, drawn_larger = (
        CpuRasterizer().render(g, c) for g, c in ((gaussians, camera), (larger, replace(camera, w2c=moved)))
    )
    assert torch.equal(drawn.rgb, drawn_larger.rgb)
    assert torch.equal(drawn.depth * factor, drawn_larger.depth)


def test_gaussians_behind_and_beside_the_camera_are_not_drawn():
    camera = Camera.from_fov(60.0, 32, 32)
    wall = wall_of_splats(2.0)
    extra = [[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1e-5], [1e-4, 0.0, 1e-3], [5.0, 0.0, 0.0], [0.0, 3.0, -1e-9]]
    k = len(extra)
    more = Gaussians(torch.tensor(extra), *(getattr(wall, part)[:k] for part in PARTS[1:]))
    both = Gaussians(*(torch.cat([getattr(g, part) for g in (more, wall)]) for part in PARTS))
    both = with_gradients(both)
    drawn = CpuRasterizer().render(both, camera)
    assert torch.equal(drawn.rgb, CpuRasterizer().render(wall, camera).rgb)
    drawn.rgb.sum().backward()
    for part, gradient in gradients(both).items():
        assert torch.isfinite(gradient).all(), part
        assert not gradient[:k].any(), part


# -- nothing to draw, and input that means nothing --------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["none", "behind", "transparent"])
def test_nothing_visible_is_black_with_zero_gradients(scene):
    wall = wall_of_splats(2.0)
    gaussians = {
        "none": wall.keep(torch.zeros(len(wall), dtype=torch.bool)),
        "behind": replace(wall, means=wall.means * torch.tensor([1.0, 1.0, -1.0])),
        "transparent": replace(wall, opacities=torch.zeros(len(wall))),
    }[scene]
    gaussians = with_gradients(gaussians)
    drawn = CpuRasterizer().render(gaussians, Camera.from_fov(60.0, 33, 20))
    assert drawn.rgb.shape == (20, 33, 3)
    assert not drawn.rgb.any() and not drawn.alpha.any() and not drawn.depth.any()
    (drawn.rgb.sum() + drawn.depth.sum()).backward()
    assert not any(gradient.any() for gradient in gradients(gaussians).values())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_inf_are_named_not_drawn(part, value):
    gaussians = wall_of_splats(2.0)
    broken = getattr(gaussians, part).clone()
    broken.view(-1)[5] = value
    with pytest.raises(ValueError, match=rf"{part} holds NaN or inf in 1 of 6561"):
        CpuRasterizer().render(replace(gaussians, **{part: broken}), Camera.from_fov(60.0, 16, 16))


def test_what_cannot_be_drawn_is_refused():
    wall, camera = wall_of_splats(2.0), Camera.from_fov(60.0, 16, 16)
    with pytest.raises(ValueError, match="opacities span"):
        CpuRasterizer().render(replace(wall, opacities=wall.opacities * 2), camera)
    with pytest.raises(ValueError, match="1 or 4 coefficients"):
        CpuRasterizer().render(replace(wall, sh=torch.zeros(len(wall), 9, 3)), camera)


def test_values_too_large_for_a_picture_stay_finite():
    wall = wall_of_splats(2.0)
    scales, quats, means = wall.scales.clone(), wall.quats.clone(), wall.means.clone()
    scales[0], scales[1], scales[2] = 1e18, 1e-18, torch.tensor([1e6, 1e-6, 1e6])
    quats[3] = 0
    means[4], means[5] = 1e15, torch.tensor([1e20, -1e20, 1.0])
    gaussians = with_gradients(replace(wall, scales=scales, quats=quats, means=means))
    drawn = CpuRasterizer().render(gaussians, Camera.from_fov(60.0, 40, 40))
    (drawn.rgb.sum() + drawn.alpha.sum()).backward()
    for values in (drawn.rgb, drawn.alpha, drawn.depth):
        assert torch.isfinite(values).all()


# -- bits -------------------------------------------------------------------------------------------------------------


def render_bytes(gaussians: Gaussians, camera: Camera) -> bytes:
    """The picture and all gradients, bit by bit."""
    gaussians = with_gradients(gaussians)
    drawn = CpuRasterizer().render(gaussians, camera)
    (drawn.rgb.square().sum() + drawn.depth.sum()).backward()
    return b"".join(t.detach().numpy().tobytes() for t in (drawn.rgb, drawn.depth, *gradients(gaussians).values()))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_the_kernels_survive_a_fork():
    scene = random_scene(CLOUDS["partial tiles"])
    scene = as_float32(scene[0]), scene[1]
    fork, expected = multiprocessing.get_context("fork"), render_bytes(*scene)
    answers = fork.SimpleQueue()
    child = fork.Process(target=lambda: answers.put(render_bytes(*scene) == expected))
    child.start()
    child.join(timeout=PATIENCE_S)
    try:
        assert child.exitcode == 0 and answers.get()
    finally:
        child.kill()


# -- the role ---------------------------------------------------------------------------------------------------------


def test_the_cpu_rasterizer_plays_its_role():
    rasterizer = pick_rasterizer("cpu")
    assert isinstance(rasterizer, Rasterizer) and rasterizer.name == "cpu"
    gaussians, camera = tiled_picture()
    before = [getattr(gaussians, part).clone() for part in PARTS]
    drawn = rasterizer.render(gaussians, camera)
    assert isinstance(drawn, Rendering)
    assert drawn.rgb.shape == (110, 150, 3) and drawn.alpha.shape == drawn.depth.shape == (110, 150)
    assert all(values.dtype == torch.float32 and not values.requires_grad for values in (drawn.rgb, drawn.depth))
    assert drawn.alpha.min() >= 0 and drawn.alpha.max() <= 1
    assert all(torch.equal(getattr(gaussians, part), old) for part, old in zip(PARTS, before, strict=True))


def test_a_gradient_reaches_only_what_asked_for_one():
    gaussians, camera = tiled_picture()
    sh = gaussians.sh.clone().requires_grad_()
    CpuRasterizer().render(replace(gaussians, sh=sh), camera).rgb.sum().backward()
    assert sh.grad.abs().max() > 0 and gaussians.means.grad is None


# -- SSIM -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(40, 52, 3), (7, 90, 3), (64, 3, 3)])
def test_ssim_and_its_gradient_match_convolutions(shape):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(*shape, generator=generator)
    target = 0.7 * image + 0.3 * torch.rand(*shape, generator=generator)
    truth, ours = image.double().requires_grad_(), image.clone().requires_grad_()
    expected, value = ssim_reference(truth, target.double()), ssim(ours, SsimTarget(target))
    expected.backward()
    (2 * value).backward()
    assert value.item() == pytest.approx(expected.item(), abs=1e-5)
    assert relative_l2(ours.grad, 2 * truth.grad) <= 1e-4


def test_ssim_of_a_picture_with_itself_is_one_and_its_best():
    image = torch.rand(30, 30, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    value = ssim(image, SsimTarget(image.detach()))
    value.backward()
    assert value.item() == pytest.approx(1, abs=1e-6)
    assert image.grad.abs().max() < 1e-5


def test_ssim_refuses_another_shape():
    with pytest.raises(ValueError, match=r"\(8, 9, 3\).*\(9, 8, 3\)"):
        ssim(torch.zeros(8, 9, 3), SsimTarget(torch.zeros(9, 8, 3)))


# -- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_a_list_is_sorted_by_depth_and_ties_keep_their_order(n):
    rng = np.random.default_rng(n)
    depths = rng.choice(np.float32([1e-30, 1e-3, 0.5, 1.0, np.nextafter(np.float32(1), np.float32(2)), 7, 3e38]), n)
    numbers = np.arange(n, dtype=np.uint64)
    keys = (depths.view(np.uint32).astype(np.uint64) << np.uint64(32)) | numbers
    sort_list(keys)
    assert ((keys & PAIR) == numbers[np.argsort(depths, kind="stable")]).all()


# -- machine code -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="reads x86 machine code")
@pytest.mark.parametrize(
    "kernel", [raster.blend_tile, raster_backward.blend_tile_backward], ids=lambda k: k.py_func.__name__
)
def test_the_hot_loops_are_vectorised(kernel):
    """Eight pixels at a time: their arithmetic is packed (ps), what happens once per Gaussian or row is scalar (ss)."""
    floats, ids, places = numba.float32[:, ::1], numba.int32[::1], (numba.int64,) * 6
    arguments = (floats, ids, *places, numba.float32[::1])
    if kernel is raster_backward.blend_tile_backward:
        arguments = (floats, ids, ids, *places, numba.float32[::1], floats)
    fresh = kernels.kernel(kernel.py_func, cache=False)
    fresh.compile(arguments)
    code = fresh.inspect_asm(fresh.signatures[0])
    packed, scalar = (len(re.findall(rf"\bv?(?:mul|fn?m(?:add|sub)\d*){kind}\b", code)) for kind in ("ps", "ss"))
    assert packed > scalar, f"{packed} packed, {scalar} scalar multiplications: the loop has left the vector registers"
    assert not re.findall(r"\b(?:floorf?|ceilf?|expf?)\b", code), "a call empties the vector registers"


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="reads x86 machine code")
def test_the_projection_is_vectorised():
    fresh = kernels.kernel(project._see.py_func, cache=False)
    one, zero = np.float32(1), np.float32(0)
    upright = (one, zero, zero), (zero, one, zero), (zero, zero, one)
    lens = kernels.make_lens(np.eye(3), 8, 8, 0.0)
    fresh(np.zeros(project.PLANES * project.BLOCK, np.float32), upright, (zero, zero, zero), lens)
    code = fresh.inspect_asm(fresh.signatures[0])
    packed, scalar = (len(re.findall(rf"\bv?(?:mul|fn?m(?:add|sub)\d*){kind}\b", code)) for kind in ("ps", "ss"))
    assert packed > scalar, f"{packed} packed, {scalar} scalar multiplications: the loop has left the vector registers"


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 150])
def test_gaussians_are_projected_one_like_the_other_whatever_stands_in_their_block(count):
    gaussians, camera = random_scene(CLOUDS["anisotropic"])
    arrays = [part.numpy() for part in (getattr(as_float32(gaussians), name) for name in PARTS)]
    view = kernel_camera(gaussians.means, camera)

    def projected(which):
        rows, tiles = np.zeros((len(which), kernels.ROW), np.float32), np.zeros((len(which), 4), np.uint16)
        some = [np.ascontiguousarray(array[which]) for array in arrays]
        unsound = np.zeros(-(-len(rows) // project.CHUNK), np.int64)
        shared(project.project, *some, view.w2c, view.center, view.lens, rows, tiles, unsound)
        assert not unsound.any()
        return rows, tiles

    rows, tiles = projected(np.arange(150))
    first, first_tiles = projected(np.arange(count))
    assert np.array_equal(first, rows[:count]) and np.array_equal(first_tiles, tiles[:count])
