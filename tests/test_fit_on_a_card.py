"""The fit as a card is given it: several views a step, SSIM by torch, and nobody asked between reports.

Without a card the processor draws, and is treated as one (tests/rasterizers.py).
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gen3d.events import product
from gen3d.settings import FitSettings
from gen3d.splat.cpu import ssim as numba_ssim
from gen3d.splat.cpu.function import CpuRasterizer
from gen3d.splat.fit import ssim as torch_ssim
from gen3d.splat.fit.loop import CARD_STEPS, FitStep, fit_gaussians
from gen3d.splat.fit.loss import Target
from gen3d.splat.fit.rounds import LEAST_ROUND
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer
from gen3d.stages.optimize import optimize_gaussians
from gen3d.values import View
from tests.measures import drain, psnr
from tests.rasterizers import AsIfOnACard
from tests.test_fit import FIELDS, picture, scene
from tests.worlds import box_room

STEADY = FitSettings(iterations=40, least_gain=0.0)


def fitted(
    rasterizer: Rasterizer, settings: FitSettings = STEADY, views: list[View] | None = None, seed: int = 0
) -> tuple[Gaussians, list[FitStep]]:
    start, own = scene()
    told = []
    return product(fit_gaussians(start, views or own, rasterizer, settings, 3.0, seed), told.append), told


def test_a_card_fits_the_scene_as_well_as_the_processor():
    _, views = scene()
    aside = box_room().view(box_room().moved(views[0].camera, right=0.05))  # a view that neither has seen
    unseen = View(aside.image, np.ones(aside.depth.shape, bool), aside.camera)
    on_card, on_processor = (fitted(rasterizer)[0] for rasterizer in (AsIfOnACard(), CpuRasterizer()))
    for view in (*views, unseen):
        quality = [psnr(picture(fit, view), view.image, view.seen) for fit in (on_card, on_processor)]
        assert quality[0] > quality[1] - 0.3 and quality[0] > 20


@pytest.mark.parametrize("views_a_step", [1, 2, 3])
def test_a_step_looks_at_several_views_and_each_is_reported(views_a_step):
    _, told = fitted(AsIfOnACard(), replace(STEADY, iterations=10, views_a_step=views_a_step))
    assert [step.done for step in told] == list(range(1, 11)) and {step.total for step in told} == {10}
    assert all(len(step.views) == views_a_step for step in told)
    assert all(np.isfinite(one.loss) and one.rendered.shape == (48, 64, 3) for s in told for one in s.views)
    assert {one.view for step in told for one in step.views} == {0, 1}


def test_a_step_of_one_view_is_the_processors_but_for_who_computes_ssim():
    one = replace(STEADY, iterations=6, views_a_step=1)
    a, b = (fitted(rasterizer, one) for rasterizer in (AsIfOnACard(), CpuRasterizer()))
    for ours, theirs in zip(a[1], b[1], strict=True):
        assert ours.views[0].view == theirs.views[0].view
        assert ours.views[0].loss == pytest.approx(theirs.views[0].loss, abs=1e-5)
    assert (a[0].means - b[0].means).abs().max() < 1e-3


def test_the_same_seed_gives_the_same_scene_and_another_does_not():
    few = replace(STEADY, iterations=9)
    first, again, other = (fitted(AsIfOnACard(), few, seed=seed)[0] for seed in (5, 5, 6))
    for name in FIELDS:
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.sh, other.sh)


def test_what_is_not_seen_has_no_influence():
    _, views = scene()
    seen = np.ones((48, 64), bool)
    seen[:, 30:] = False
    results = []
    for garbage in (0.0, 1.0, 1e3):
        image = np.where(seen[..., None], views[0].image, np.float32(garbage))
        results.append(fitted(AsIfOnACard(), replace(STEADY, iterations=9), [View(image, seen, views[0].camera)])[0])
    for other in results[1:]:
        assert all(torch.equal(getattr(results[0], name), getattr(other, name)) for name in FIELDS)


WAITING = {
    torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default, torch.ops.aten.is_nonzero.default,
    torch.ops.aten.masked_select.default, torch.ops.aten.equal.default, torch.ops.aten.unique_dim.default,
}  # fmt: skip


class Questions(TorchDispatchMode):
    """Counts what would make the processor wait for a card: numbers and shapes that come out of tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        masked = func is torch.ops.aten.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1])
        self.asked += func in WAITING or masked
        return func(*args, **(kwargs or {}))


def test_a_card_is_asked_for_nothing_but_its_reports():
    """A report is one tolist(), a single wait for many numbers, which is not counted."""
    start, views = scene(32, 24)
    steps = fit_gaussians(start, views, AsIfOnACard(), replace(STEADY, iterations=4 * CARD_STEPS), 3.0, 0)
    next(steps)
    with Questions() as questions:
        for _ in range(2 * CARD_STEPS):
            next(steps)
    assert questions.asked == 0


def test_a_number_that_is_asked_for_is_seen():
    with Questions() as questions:
        values = torch.arange(4.0)
        float(values.sum())
        values[values > 1]
    assert questions.asked == 2


def test_a_fit_that_is_told_enough_ends_with_the_steps_it_was_handed():
    start, views = scene(32, 24)
    steps = fit_gaussians(start, views, AsIfOnACard(), FitSettings(iterations=50), 3.0, 0)
    assert next(steps).done == 1
    told = [steps.send(True).done for _ in range(CARD_STEPS - 1)]
    assert told == list(range(2, CARD_STEPS + 1))
    with pytest.raises(StopIteration) as finished:
        steps.send(None)
    assert not torch.equal(finished.value.value.sh, start.sh)


def test_the_fit_ends_when_a_round_no_longer_pays():
    often = FitSettings(iterations=400, least_gain=0.3)
    _, told = fitted(AsIfOnACard(), often)
    assert 2 * LEAST_ROUND <= len(told) < 200 and len(told) % CARD_STEPS == 0
    assert told[-1].done == told[-1].total == len(told)


@pytest.mark.parametrize("spoilt", [0, 1])
def test_a_fit_that_stops_being_numbers_names_the_step_the_view_and_the_culprit(spoilt):
    start, views = scene(32, 24)
    image = views[spoilt].image.copy()
    image[3, 3, 1] = np.nan
    views[spoilt] = replace(views[spoilt], image=image, seen=np.ones((24, 32), bool))

    class Heedless(AsIfOnACard):
        """As gsplat, it does not look whether what it draws are numbers."""

        def render(self, gaussians, camera):
            parts = (torch.nan_to_num(getattr(gaussians, name)) for name in FIELDS)
            return super().render(Gaussians(*parts), camera)

    with pytest.raises(ValueError, match=rf"^step 1 on view {spoilt}: .* in .*the view's picture$"):
        next(fit_gaussians(start, views, Heedless(), STEADY, 3.0, 0))


@pytest.mark.parametrize("shape", [(40, 52, 3), (7, 90, 3), (64, 3, 3)])
def test_ssim_and_its_gradient_are_those_of_the_processor(shape):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(*shape, generator=generator)
    target = 0.7 * image + 0.3 * torch.rand(*shape, generator=generator)
    found = []
    for kind in (torch_ssim, numba_ssim):
        own = image.clone().requires_grad_()
        value = kind.ssim(own, kind.SsimTarget(target))
        (2 * value).backward()
        found.append((value.detach(), own.grad))
    assert found[0][0].item() == pytest.approx(found[1][0].item(), abs=1e-6)
    assert (found[0][1] - found[1][1]).norm() < 1e-5 * found[1][1].norm()


def test_ssim_refuses_another_shape():
    with pytest.raises(ValueError, match=r"\(8, 9, 3\).*\(3, 9, 8\)"):
        torch_ssim.ssim(torch.zeros(8, 9, 3), torch_ssim.SsimTarget(torch.zeros(9, 8, 3)))


@pytest.mark.parametrize("masked", [True, False])
def test_the_loss_is_the_processors_where_all_is_seen_and_where_it_is_not(masked):
    generator = torch.Generator().manual_seed(2)
    image, rendered = (torch.rand(32, 40, 3, generator=generator) for _ in range(2))
    seen = torch.rand(32, 40, generator=generator) > 0.3
    for part in (None, seen):
        a, b = (Target(image, part, masked, kind).loss(rendered, 0.2) for kind in (torch_ssim, numba_ssim))
        assert a.item() == pytest.approx(b.item(), abs=1e-6)


def test_the_stage_leaves_its_scene_in_main_memory_and_shows_the_photo(built_world):
    world, settings = built_world
    gaussians, events = drain(optimize_gaussians(world, AsIfOnACard(), settings, 3.0))
    assert gaussians.means.device.type == "cpu" and not gaussians.means.requires_grad
    assert any(type(event).__name__ == "Preview" for event in events)


@pytest.fixture
def built_world():
    from gen3d.geometry.place import shell_m_of
    from gen3d.geometry.points import lift
    from gen3d.values import World

    rgbd = box_room().view(box_room().camera(48, 36))
    everywhere = np.ones(rgbd.depth.shape, bool)
    points = lift(rgbd, everywhere, 0, shell_m_of(rgbd.depth))
    world = World(points, (View(rgbd.image, everywhere, rgbd.camera),), ())
    return world, FitSettings(iterations=10, reprojections=2, max_gaussians=5000)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_a_real_card_fits_the_scene_as_well_as_the_processor():
    rasterizer = pick_rasterizer("cuda")
    assert rasterizer.device != "cpu", rasterizer.notices
    _, views = scene()
    on_card, on_processor = (fitted(r)[0] for r in (rasterizer, CpuRasterizer()))
    assert on_card.means.device.type == "cpu"
    for view in views:
        quality = [psnr(picture(fit, view), view.image, view.seen) for fit in (on_card, on_processor)]
        assert quality[0] > quality[1] - 0.3
