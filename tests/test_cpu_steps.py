"""A fit by kernels alone goes the way of torch's record of operations, which is slow and plain."""

from dataclasses import replace

import numba
import numpy as np
import pytest
import torch

from gen3d.geometry.together import shared
from gen3d.run.checked import checked_rasterizer
from gen3d.settings import FitSettings
from gen3d.splat.cpu import loss as kernels
from gen3d.splat.cpu import steps as by_kernels
from gen3d.splat.cpu.function import CpuRasterizer, Memory, is_own
from gen3d.splat.cpu.move import _spoilt
from gen3d.splat.fit import loop
from gen3d.splat.fit.loop import LostNumbers, fit_gaussians
from gen3d.splat.fit.loss import Target
from gen3d.splat.gaussians import Gaussians
from tests.test_fit import FIELDS, scene


class Plain(CpuRasterizer):
    """Draws the same; not being our own, it is fitted by torch's record."""


def losses_and_result(rasterizer, iterations, start=None, behind=None):
    own, views = scene(40, 30)
    start = own if start is None else start
    steps = fit_gaussians(start, views, rasterizer, FitSettings(iterations=iterations), 3.0, 0, behind)
    losses = []
    while True:
        try:
            losses += [one.loss for one in next(steps).views]
        except StopIteration as done:
            return losses, done.value


@pytest.mark.parametrize("degree", [0, 1])
def test_a_fit_by_kernels_goes_where_torch_goes(degree):
    start, _ = scene(40, 30)
    coefficients = torch.cat([start.sh, torch.zeros(len(start), 3 if degree else 0, 3)], dim=1)
    start = replace(start, sh=coefficients)
    behind = start.keep(torch.arange(len(start)) % 5 == 0)
    ours, fitted = losses_and_result(CpuRasterizer(), 4, start, behind)
    theirs, expected = losses_and_result(Plain(), 4, start, behind)
    np.testing.assert_allclose(ours, theirs, rtol=3e-4)
    assert len(fitted) == len(expected) and ours[-1] < 0.9 * ours[0]
    for name in FIELDS:
        apart = (getattr(fitted, name) - getattr(expected, name)).abs().flatten()
        assert apart.quantile(0.99) < 1e-4, name


def test_our_own_is_known_behind_who_checks_it():
    assert is_own(checked_rasterizer(CpuRasterizer(), print)) and not is_own(checked_rasterizer(Plain(), print))


def test_what_cannot_be_drawn_is_told_with_its_view():
    start, _ = scene(40, 30)
    means = start.means.clone()
    means[3, 1] = float("nan")
    with pytest.raises(LostNumbers, match="view 0 cannot be drawn: means holds NaN or inf in 1 of"):
        losses_and_result(CpuRasterizer(), 2, replace(start, means=means))


def test_torch_is_asked_wherever_the_rasterizer_is_not_our_own():
    assert loop._fit_on(Plain()) is loop._Fit and loop._fit_on(CpuRasterizer()) is not loop._Fit


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_change_a_fit(threads, monkeypatch):
    _, expected = losses_and_result(CpuRasterizer(), 5)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
    _, fitted = losses_and_result(CpuRasterizer(), 5)
    for name in FIELDS:
        assert torch.equal(getattr(fitted, name), getattr(expected, name)), name


def of_kernels(rgb, alpha, backdrop, image, seen, masked):
    h, w = alpha.shape
    d_rgb, d_alpha, sums = np.empty((h, 3 * w), np.float32), np.empty((h, w), np.float32), np.empty((h, 2))
    shared(
        kernels.loss_of, rgb.numpy().reshape(h, -1), (1 - alpha).numpy(), backdrop.numpy(),
        image.numpy().reshape(h, -1), seen.numpy(), masked, np.float32(0.2), sums, d_rgb, d_alpha,
    )  # fmt: skip
    loss = kernels.mean_loss(sums, rgb.numel(), 0.2)
    return loss, torch.from_numpy(d_rgb.reshape(h, w, 3)), torch.from_numpy(d_alpha)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("unseen", [0.0, 0.3])
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (2 * kernels.BAND + 5, 12)])
def test_the_loss_and_its_gradient_are_those_of_torch(size, unseen, masked):
    torch.manual_seed(0)
    rgb, alpha, backdrop = torch.rand(*size, 3), torch.rand(size), torch.rand(3)
    image, seen = (rgb + 0.2 * torch.randn(*size, 3)).clamp(0, 1), torch.rand(size) >= unseen
    loss, d_rgb, d_alpha = of_kernels(rgb, alpha, backdrop, image, seen, masked)
    rgb.requires_grad_(), alpha.requires_grad_()
    expected = Target(image, seen, masked).loss(rgb + (1 - alpha[..., None]) * backdrop, 0.2)
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=2e-7)
    torch.testing.assert_close(d_rgb, rgb.grad, rtol=1e-4, atol=2e-6 * float(rgb.grad.abs().max() + 1e-9))
    torch.testing.assert_close(d_alpha, alpha.grad, rtol=1e-4, atol=2e-6 * float(alpha.grad.abs().max() + 1e-9))


def test_a_gradient_that_is_not_a_number_is_told_by_its_name(monkeypatch):
    def spoil(*given):
        given[-1][0, 2] = True

    monkeypatch.setattr(by_kernels, "move", spoil)
    with pytest.raises(LostNumbers, match=r"step 1 on view 0.*the gradient of log_scales"):
        losses_and_result(CpuRasterizer(), 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_slope_that_is_no_finite_number_is_found_among_huge_ones(bad):
    slopes = np.full((64, 3), 3e38, np.float32)
    assert not _spoilt(slopes)
    slopes[41, 1] = bad
    assert _spoilt(slopes)


def test_memory_is_lent_again_and_grows_where_more_is_asked_for():
    memory = Memory()
    first = memory("rows", (10, 16))
    assert np.shares_memory(first, memory("rows", (5, 16))) and not np.shares_memory(first, memory("others", (5, 16)))
    assert memory("rows", (1000, 16)).shape == (1000, 16) and memory("starts", (3,), np.int64).dtype == np.int64


def test_nothing_to_fit_is_no_error():
    start, _ = scene(8, 6)
    _, fitted = losses_and_result(CpuRasterizer(), 2, start.keep(torch.zeros(len(start), dtype=torch.bool)))
    assert isinstance(fitted, Gaussians) and len(fitted) == 0
