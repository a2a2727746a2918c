"""What every rasterizer promises, held by each: the processor's, Triton's (by its interpreter where there is no card),
gsplat's adapter over a stand-in for the package, and the real gsplat where there is a card.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.settings import FitSettings
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.fit.loop import fit_gaussians
from gen3d.splat.gsplat import GsplatRasterizer, load_gsplat
from gen3d.splat.pick import try_out
from gen3d.splat.role import Rasterizer, Rendering
from gen3d.values import View
from tests.rasterizers import FakeGsplat, far_wall
from tests.reference_rasterizer import render_reference
from tests.test_rasterizer import PARTS, Cloud, as_float32, gradients, random_scene, relative_l2, with_gradients

CARD = "cuda" if torch.cuda.is_available() else "cpu"
needs_card = [pytest.mark.gpu, pytest.mark.skipif(CARD == "cpu", reason="needs a CUDA card")]


def _triton() -> Rasterizer:
    pytest.importorskip("triton")
    from gen3d.splat.triton.function import TritonRasterizer

    return TritonRasterizer(CARD)


def _gsplat() -> Rasterizer:
    pytest.importorskip("gsplat")
    return load_gsplat()


PLAYERS = {
    "cpu": CpuRasterizer,
    "gsplat over a stand-in": lambda: GsplatRasterizer(FakeGsplat(), "cpu"),
    "triton": _triton,
    "gsplat": _gsplat,
}


@pytest.fixture(params=[pytest.param(n, marks=needs_card if n == "gsplat" else ()) for n in PLAYERS])
def rasterizer(request):
    return PLAYERS[request.param]()


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
"""Cards divide by zero without a word; numpy, which plays one for Triton, would warn."""


def small():
    gaussians, camera = random_scene(Cloud(20, 14, 11, spread=1.5, log_scale=(-3.0, -1.5), degree=1))
    return as_float32(gaussians), camera


def test_it_plays_its_role(rasterizer):
    assert isinstance(rasterizer, Rasterizer) and rasterizer.name in ("cpu", "gsplat", "triton")
    assert torch.device(rasterizer.device) and rasterizer.notices == ()


def test_it_passes_the_trial_before_it_is_picked(rasterizer):
    try_out(rasterizer)


def test_a_rendering_is_where_it_was_drawn_whole_and_in_range(rasterizer):
    gaussians, camera = small()
    given = gaussians.to(rasterizer.device)
    with torch.no_grad():
        drawn = rasterizer.render(given, camera)
    assert isinstance(drawn, Rendering)
    assert drawn.rgb.shape == (11, 14, 3) and drawn.alpha.shape == drawn.depth.shape == (11, 14)
    for values in (drawn.rgb, drawn.alpha, drawn.depth):
        assert values.dtype == torch.float32 and values.device.type == torch.device(rasterizer.device).type
        assert torch.isfinite(values).all() and not values.requires_grad and values.min() >= 0
    assert 0.1 < drawn.alpha.max() <= 1 and not drawn.depth[drawn.alpha == 0].any()
    assert not drawn.rgb[drawn.alpha == 0].any(), "the scene is on black"
    assert all(torch.equal(getattr(given.to("cpu"), part), getattr(gaussians, part)) for part in PARTS)
    assert drawn.cpu().rgb.device.type == "cpu"


def test_it_draws_and_differentiates_as_the_reference_does(rasterizer):
    gaussians, camera = random_scene(Cloud(20, 14, 11, spread=1.5, log_scale=(-3.0, -1.5), degree=1))
    truth, ours = with_gradients(gaussians), with_gradients(as_float32(gaussians).to(rasterizer.device))
    expected, drawn = render_reference(truth, camera), rasterizer.render(ours, camera)
    certain = ~expected.doubtful
    assert certain.double().mean() > 0.9
    here = drawn.cpu()
    assert (here.rgb - expected.rgb)[certain].abs().max() <= 1e-4
    assert (here.alpha - expected.alpha)[certain].abs().max() <= 1e-4
    assert ((here.depth - expected.depth) * expected.alpha)[certain].abs().max() <= 1e-3
    for rendering in (expected, drawn):
        seen = certain.to(rendering.rgb.device)
        (rendering.rgb.square().sum(-1) + rendering.alpha)[seen].sum().backward()
    for part in PARTS:
        assert relative_l2(gradients(ours)[part].cpu(), gradients(truth)[part]) <= 2e-3, part


def test_the_same_scene_twice_is_the_same_picture(rasterizer):
    gaussians, camera = small()
    given = gaussians.to(rasterizer.device)
    a, b = (rasterizer.render(given, camera) for _ in range(2))
    assert torch.equal(a.rgb, b.rgb) and torch.equal(a.depth, b.depth)


def test_what_is_not_there_or_behind_is_black(rasterizer):
    device = rasterizer.device
    wall = far_wall(30)
    behind = replace(wall, means=wall.means * torch.tensor([1.0, 1.0, -1.0]))
    for scene in (wall.keep(torch.zeros(30, dtype=torch.bool)), behind):
        scene = with_gradients(scene.to(device))
        drawn = rasterizer.render(scene, Camera.from_fov(60.0, 9, 7))
        assert drawn.rgb.shape == (7, 9, 3) and not drawn.rgb.any() and not drawn.alpha.any()
        (drawn.rgb.sum() + drawn.depth.sum()).backward()
        assert not scene.means.grad.any()


def test_a_fit_with_it_goes_the_way_it_goes_on_the_processor(rasterizer):
    wall, camera = far_wall(20), Camera.from_fov(60.0, 10, 8)
    with torch.no_grad():
        image = CpuRasterizer().render(wall, camera).rgb.numpy()
    view = View(image, np.ones((8, 10), bool), camera)
    start = replace(wall, sh=torch.zeros_like(wall.sh))
    found = []
    for drawing in (rasterizer, CpuRasterizer()):
        steps = fit_gaussians(start, [view], drawing, FitSettings(iterations=3, views_a_step=1), 3.0, 0)
        found.append([one.loss for step in steps for one in step.views])
    assert found[0] == pytest.approx(found[1], abs=1e-4) and len(found[0]) == 3
