"""What gsplat is handed and what is made of its answer, with the dense reference in its place; and the real one."""

import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.splat import gsplat as gsplat_cuda
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.gaussians import Gaussians, joined
from gen3d.splat.gsplat import GsplatRasterizer, before_near_plane, load_gsplat
from gen3d.splat.pick import try_out
from gen3d.splat.role import Rasterizer
from tests.rasterizers import FakeGsplat, far_wall, seen_from_the_origin
from tests.test_rasterizer import (
    CLOUDS,
    PARTS,
    as_float32,
    gradients,
    random_scene,
    relative_l2,
    wall_of_splats,
    with_gradients,
)  # fmt: skip


def ours() -> GsplatRasterizer:
    return GsplatRasterizer(FakeGsplat(), "cpu")


@pytest.mark.parametrize("name", ["anisotropic", "partial tiles", "opacity near 0"])
def test_pictures_depth_and_gradients_are_those_of_the_processor(name):
    """Degrees 0 and 1, a turned camera, its principal point off the centre, unnormalised quaternions."""
    scene, camera = random_scene(CLOUDS[name])
    a, b = with_gradients(as_float32(scene)), with_gradients(as_float32(scene))
    expected, drawn = CpuRasterizer().render(a, camera), ours().render(b, camera)
    far_off = (drawn.rgb - expected.rgb).abs() > 2e-5  # a cutoff may fall either way
    assert far_off.float().mean() < 0.01 and drawn.rgb.shape == expected.rgb.shape
    assert (drawn.alpha - expected.alpha).abs().median() < 1e-6
    assert ((drawn.depth - expected.depth) * expected.alpha).abs().median() < 1e-5
    for rendering in (expected, drawn):
        depth = rendering.depth * expected.alpha.detach()
        (rendering.rgb.square().sum() + rendering.alpha.sum() + depth.sum()).backward()
    for part in PARTS:
        assert relative_l2(gradients(b)[part], gradients(a)[part].double()) < 2e-2, part


def test_it_is_asked_for_its_classic_mode_and_for_our_low_pass():
    rasterizer, camera = ours(), Camera.from_intrinsics(50.0, 60.0, 11.0, 33.0, 40, 50)
    rasterizer.render(far_wall(), camera)
    [call] = rasterizer.gsplat.calls
    asked = {name: call[name] for name in ("rasterize_mode", "eps2d", "sh_degree", "packed", "radius_clip", "absgrad")}
    assert asked == {
        "rasterize_mode": "classic", "eps2d": 0.3, "sh_degree": 0, "packed": False, "radius_clip": 0.0, "absgrad": False
    }  # fmt: skip
    assert (call["width"], call["height"]) == (40, 50)
    np.testing.assert_allclose(call["Ks"][0], camera.K)
    np.testing.assert_allclose(call["viewmats"][0], camera.w2c)
    assert call["near_plane"] < 1e-5 and call["far_plane"] > 1e20


@pytest.mark.parametrize("size", [0.01, 1.0, 1000.0])
def test_the_near_plane_is_a_thousandth_of_the_median_depth_whatever_the_scenes_size(size):
    wall = far_wall(depth_m=3.0 * size)
    depths = size * torch.tensor([-3.0, 0.0, 0.0029, 0.0031, 1.0])
    before = replace(wall.keep(torch.arange(len(wall)) < 5), means=torch.stack([0 * depths, 0 * depths, depths], dim=1))
    both = joined(before, wall)
    missing = before_near_plane(both.means, torch.eye(4))
    assert missing[:5].tolist() == [True, True, True, False, False] and not missing[5:].any()


def test_what_lies_before_the_near_plane_is_not_drawn_and_has_no_gradient():
    wall = wall_of_splats(2.0).keep(torch.arange(81 * 81) % 7 == 0)
    extra = torch.tensor([[0.0, 0.0, 1e-4], [0.0, 0.0, -2.0], [1e-5, 0.0, 1e-3]])
    both = with_gradients(joined(replace(wall.keep(torch.arange(len(wall)) < 3), means=extra), wall))
    camera = seen_from_the_origin(24)
    drawn = ours().render(both, camera)
    assert torch.equal(drawn.rgb, ours().render(wall, camera).rgb)
    drawn.rgb.sum().backward()
    assert not any(gradient[:3].any() for part, gradient in gradients(both).items() if part != "quats")


def test_where_everything_is_behind_the_camera_nothing_is_drawn():
    wall = far_wall()
    drawn = ours().render(replace(wall, means=wall.means * torch.tensor([1.0, 1.0, -1.0])), seen_from_the_origin())
    assert not drawn.rgb.any() and not drawn.alpha.any() and not drawn.depth.any()


def test_no_gaussians_are_a_black_picture_with_gradients():
    """gsplat itself is not asked: its kernels are not made for none."""
    rasterizer = ours()
    none = with_gradients(far_wall().keep(torch.zeros(400, dtype=torch.bool)))
    drawn = rasterizer.render(none, Camera.from_fov(60.0, 33, 20))
    assert drawn.rgb.shape == (20, 33, 3) and drawn.depth.shape == (20, 33) and not drawn.rgb.any()
    (drawn.rgb.sum() + drawn.depth.sum()).backward()
    assert none.means.grad.shape == (0, 3) and rasterizer.gsplat.calls == []


def test_it_plays_the_role_and_passes_the_trial():
    rasterizer = ours()
    assert isinstance(rasterizer, Rasterizer) and rasterizer.name == "gsplat"
    try_out(rasterizer)


class Stubborn:
    """A package whose compiled half cannot be had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ("gsplat", "gsplat.cuda", "gsplat.cuda._backend")
        self.package, self.cuda, self.backend = (ModuleType(name) for name in names)
        self.backend._C, self.cuda._backend, self.package.cuda = None, self.backend, self.cuda
        for module in (self.package, self.cuda, self.backend):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(gsplat_cuda, "find_toolkit", lambda: None)


def test_gsplat_without_a_toolkit_says_so(monkeypatch):
    Stubborn(monkeypatch)
    with pytest.raises(ImportError, match="no CUDA toolkit"):
        load_gsplat()


def test_gsplat_is_told_the_toolkit_and_the_card_before_it_compiles(monkeypatch, tmp_path):
    stub, told = Stubborn(monkeypatch), []
    stub.backend._C = object()
    monkeypatch.setattr(gsplat_cuda, "find_toolkit", lambda: tmp_path)
    monkeypatch.setattr(gsplat_cuda, "prepare", lambda *given: told.append(given))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    rasterizer = load_gsplat()
    assert told == [(tmp_path, (9, 0))] and rasterizer.gsplat is stub.package and rasterizer.device == "cuda"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
@pytest.mark.parametrize("name", ["anisotropic", "partial tiles", "opacity near 1"])
def test_the_real_gsplat_draws_as_the_processor_does(name):
    pytest.importorskip("gsplat")
    scene, camera = random_scene(CLOUDS[name])
    a, b = with_gradients(as_float32(scene)), with_gradients(as_float32(scene).to("cuda"))
    expected, drawn = CpuRasterizer().render(a, camera), load_gsplat().render(b, camera)
    assert (drawn.rgb.cpu() - expected.rgb).abs().median() < 1e-4
    expected.rgb.square().sum().backward()
    drawn.rgb.square().sum().backward()
    for part in PARTS:
        assert relative_l2(gradients(b)[part].cpu(), gradients(a)[part].double()) < 2e-2, part


def test_every_part_is_moved_to_the_device():
    moved = Gaussians(*(getattr(far_wall(), part) for part in PARTS)).to("meta")
    assert all(getattr(moved, part).is_meta for part in PARTS)
