from dataclasses import replace

import numpy as np
import pytest

from gen3d.geometry.edges import dilate
from gen3d.models.base import DepthEstimate
from gen3d.models.builtin.mixed_depth import MixedDepth
from gen3d.models.builtin.patch_fill import PatchInpainter
from gen3d.stages.background import fill_background
from gen3d.values import RGBD, Layers
from tests.fakes import FakeInpainter
from tests.measures import drain
from tests.worlds import AnalyticWorld, NoisyDepth, box_room, ground_and_sky, pole_before_wall, sphere_over_plane

MAKERS = (sphere_over_plane, box_room, pole_before_wall, ground_and_sky)
MAGENTA = (0.95, 0.05, 0.95)


class NoisyEyes:
    """Sees the true depth behind, as a network would, and not what is expected."""

    name = "noisy eyes"

    def __init__(self, true: np.ndarray, seed: int) -> None:
        self.depth = NoisyDepth(seed=seed)(true, view=1)

    def estimate(self, image, camera=None, expected=None) -> DepthEstimate:
        return DepthEstimate(self.depth)


class NearEyes:
    """Believes that everything is at arm's length."""

    name = "near eyes"

    def estimate(self, image, camera=None, expected=None) -> DepthEstimate:
        return DepthEstimate(np.full(image.shape[:2], 0.3, np.float32))


def split(world: AnalyticWorld, margin_px: float = 3.0) -> tuple[Layers, RGBD]:
    """The world's true layers, and what is truly behind."""
    camera = world.camera(128, 96)
    front = world.foreground(camera)
    return Layers(world.view(camera), front, dilate(front, margin_px)), world.hidden(camera)


@pytest.mark.parametrize("eyes", ["expected", "noisy", "near"])
@pytest.mark.parametrize("make", MAKERS)
def test_the_background_never_stands_before_the_foreground(make, eyes):
    layers, truth = split(make())
    estimator = {"expected": MixedDepth(), "noisy": NoisyEyes(truth.depth, 1), "near": NearEyes()}[eyes]
    behind, _ = drain(fill_background(layers, FakeInpainter(), estimator, None, 0))
    front = layers.foreground
    assert (behind.depth[front] >= 1.029 * layers.rgbd.depth[front]).all()
    assert not np.isnan(behind.depth).any()


@pytest.mark.parametrize("make", MAKERS)
def test_outside_omega_the_photo_is_untouched(make):
    layers, truth = split(make())
    behind, _ = drain(fill_background(layers, PatchInpainter(), NoisyEyes(truth.depth, 2), None, 0))
    np.testing.assert_array_equal(behind.image[~layers.hidden], layers.rgbd.image[~layers.hidden])
    np.testing.assert_array_equal(behind.depth[~layers.hidden], layers.rgbd.depth[~layers.hidden])
    assert behind.camera is layers.rgbd.camera


@pytest.mark.parametrize("make", MAKERS)
def test_the_fill_takes_no_colour_of_the_foreground(make):
    world = make()
    world = replace(world, occluders=tuple(replace(o, tint=MAGENTA) for o in world.occluders))
    layers, truth = split(world)
    behind, _ = drain(fill_background(layers, PatchInpainter(), MixedDepth(), None, 0))

    def magenta(image: np.ndarray) -> np.ndarray:
        return np.minimum(image[..., 0], image[..., 2]) - image[..., 1]

    assert magenta(layers.rgbd.image)[layers.foreground].min() > 0.4
    assert magenta(behind.image)[layers.hidden].max() < magenta(truth.image).max() + 0.1 < 0.35
    # and what it does take is plausible: within the swing of the texture of what is truly there
    assert np.abs(behind.image - truth.image)[layers.hidden].mean() < 0.12


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("make", [sphere_over_plane, box_room, pole_before_wall])
def test_the_background_lies_where_it_truly_is(make, seed):
    """With a network's eyes, whose scale is off by 20 % and whose picture is warped by 3 %."""
    layers, truth = split(make())
    for estimator in (MixedDepth(), NoisyEyes(truth.depth, seed)):
        behind, _ = drain(fill_background(layers, FakeInpainter(), estimator, None, 0))
        assert np.abs(behind.depth / truth.depth - 1)[layers.foreground].mean() < 0.07


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_the_background_scales_with_the_scene(scale):
    unit, other = (
        drain(fill_background(split(box_room(s))[0], PatchInpainter(), MixedDepth(), None, 0))[0] for s in (1.0, scale)
    )
    np.testing.assert_allclose(other.depth, scale * unit.depth, rtol=5e-3)
    assert np.abs(other.image - unit.image).mean() < 0.01


def test_without_a_foreground_the_photo_comes_back_and_nobody_is_asked():
    layers, _ = split(box_room(occluders=0))
    fill = FakeInpainter()
    behind, events = drain(fill_background(layers, fill, MixedDepth(), None, 0))
    assert behind is layers.rgbd
    assert fill.calls == 0
    assert len(events) == 1


def test_prompt_reaches_the_inpainter():
    layers, _ = split(box_room())
    fill = FakeInpainter()
    drain(fill_background(layers, fill, MixedDepth(), "an empty room", 0))
    assert fill.prompts == ["an empty room"]
