"""Drawing antialiased against the dense reference, through a rasterizer that only knows the classic mode."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.splat.antialiased import compensation, dimmed, suited
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians
from tests.reference_rasterizer import render_reference

TURNED = np.array([[0.96, 0, 0.28, 0.1], [0, 1, 0, -0.05], [-0.28, 0, 0.96, 0.2], [0, 0, 0, 1]])


def gaussians(seed: int, scale_m: tuple[float, float], n: int = 60) -> Gaussians:
    rng = torch.Generator().manual_seed(seed)
    means = torch.rand(n, 3, generator=rng) * torch.tensor([2.4, 1.8, 3.0]) + torch.tensor([-1.2, -0.9, 1.5])
    scales = scale_m[0] * (scale_m[1] / scale_m[0]) ** torch.rand(n, 3, generator=rng)
    opacities = 0.2 + 0.7 * torch.rand(n, generator=rng)
    return Gaussians(means, torch.randn(n, 4, generator=rng), scales, opacities, torch.randn(n, 1, 3, generator=rng))


@pytest.mark.parametrize("scale_m", [(0.002, 0.01), (0.02, 0.3), (0.001, 0.5)], ids=["dots", "blobs", "needles"])
@pytest.mark.parametrize("camera", [Camera.from_fov(60.0, 48, 36), Camera.from_fov(75.0, 40, 52).posed(TURNED)])
def test_what_is_drawn_is_what_the_equation_says(scale_m, camera):
    scene = gaussians(3, scale_m)
    drawn = suited(CpuRasterizer(), True).render(scene, camera)
    double = Gaussians(*(getattr(scene, f).double() for f in ("means", "quats", "scales", "opacities", "sh")))
    expected = render_reference(double, camera, antialiased=True)
    sure = ~expected.doubtful
    for got, right in ((drawn.rgb, expected.rgb), (drawn.alpha, expected.alpha), (drawn.depth, expected.depth)):
        assert torch.allclose(got[sure].double(), right[sure], atol=2e-3)


def test_a_dot_far_below_a_pixel_gives_as_much_light_as_it_covers():
    camera = Camera.from_fov(60.0, 33, 33)
    dot = Gaussians(
        torch.tensor([[0.0, 0.0, 2.0]]), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), 0.2 * 2 / camera.K[0, 0]),
        torch.tensor([0.9]), torch.zeros(1, 1, 3),
    )  # fmt: skip
    assert float(compensation(dot.means, dot.quats, dot.scales, camera)) == pytest.approx(0.04 / 0.34, rel=1e-3)


def test_large_ones_and_those_behind_the_camera_keep_their_opacity():
    camera, scene = Camera.from_fov(60.0, 48, 36), gaussians(5, (0.5, 0.9))
    behind = replace(scene, means=scene.means * torch.tensor([1.0, 1.0, -1.0]))
    assert torch.allclose(dimmed(scene, camera).opacities, scene.opacities, rtol=0.02)
    assert torch.equal(dimmed(behind, camera).opacities, behind.opacities)


def test_a_scene_fitted_the_classic_way_is_drawn_as_it_was():
    rasterizer = CpuRasterizer()
    assert suited(rasterizer, False) is rasterizer


def test_gradients_pass_and_notices_stay():
    scene, camera = gaussians(7, (0.01, 0.05)), Camera.from_fov(60.0, 32, 24)
    learned = replace(scene, scales=scene.scales.clone().requires_grad_(), opacities=scene.opacities.requires_grad_())
    antialiased = suited(CpuRasterizer(("told",)), True)
    antialiased.render(learned, camera).rgb.sum().backward()
    assert all(part.grad.isfinite().all() and part.grad.abs().sum() > 0 for part in (learned.scales, learned.opacities))
    assert antialiased.notices == ("told",) and antialiased.name == CpuRasterizer().name
