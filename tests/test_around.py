"""Where somebody else's scene is looked at from: known scenes whose upright, bulk and outside are known."""

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.products.around import bulk, guessed_up, level_axes, lies_ahead, outside, views_of, within_surroundings
from gen3d.splat.gaussians import Gaussians

LENS = Camera.from_fov(60.0, 64, 48)


def scene(means: np.ndarray) -> Gaussians:
    n = len(means)
    return Gaussians(
        torch.from_numpy(means.astype(np.float32)), torch.tensor([[1.0, 0, 0, 0]]).expand(n, 4),
        torch.full((n, 3), 0.01),
        torch.full((n,), 0.9), torch.zeros(n, 1, 3),
    )  # fmt: skip


def on_a_ground(up: tuple[int, int], n: int = 6000) -> Gaussians:
    """A thing on a wide ground, `up` an axis and its sign; 5 m, away from the origin's habits."""
    rng, (axis, sign) = np.random.default_rng(1), up
    ground = rng.uniform(-5, 5, (n, 3))
    ground[:, axis] = -sign * 1.0 + rng.normal(0, 0.02, n)
    thing = rng.normal(0, 0.6, (n // 3, 3))
    return scene(np.concatenate([ground, thing]))


@pytest.mark.parametrize(("name", "up"), [("-y", (1, -1)), ("+z", (2, 1)), ("+y", (1, 1))])
def test_a_ground_tells_which_way_is_up(name, up):
    assert guessed_up(on_a_ground(up)) == name


def test_without_a_ground_what_is_centred_and_scaled_to_one_has_z_up():
    ball = np.random.default_rng(2).normal(0, 0.4, (4000, 3))
    assert guessed_up(scene(ball)) == "+z"
    assert guessed_up(scene(ball * 30)) == "-y"


def test_what_was_made_from_one_photo_lies_ahead():
    ahead = np.random.default_rng(3).uniform((-2, -1, 1), (2, 1, 6), (500, 3))
    assert lies_ahead(scene(ahead)) and guessed_up(scene(ahead)) == "-y"
    assert not lies_ahead(scene(ahead - (0, 0, 3.5)))


def test_from_outside_the_bulk_is_in_the_frame_and_upright():
    things = on_a_ground((2, 1))
    at = bulk(things)
    camera, distance_m = outside(LENS, at, "+z", 30.0, -20.0)
    seen = (np.append(at.middle, 1) @ camera.w2c.T)[:3]
    assert np.allclose(seen, (0, 0, distance_m), atol=1e-6)
    assert camera.c2w[2, 3] > at.middle[2]  # pitched to look down, it stands higher
    assert camera.c2w[2, 1] < 0  # its down points down
    for offset in np.eye(3) * at.radius_m:
        x, y, z = camera.K @ (camera.w2c @ np.append(at.middle + offset, 1))[:3]
        assert -1e-6 <= x / z <= 64 + 1e-6 and -1e-6 <= y / z <= 48 + 1e-6


@pytest.mark.parametrize("up", ["-y", "+z", "+y", "-z", "+x", "-x"])
def test_level_axes_are_a_right_handed_frame(up):
    axes = level_axes(up)
    assert np.allclose(axes.T @ axes, np.eye(3)) and np.linalg.det(axes) == pytest.approx(1)


def test_surroundings_do_not_push_the_visitor_out_of_a_capture():
    rng = np.random.default_rng(4)
    far = rng.normal(size=(3000, 3))
    far = 40 * far / np.linalg.norm(far, axis=1, keepdims=True)
    thing = rng.normal(0, 0.5, (5000, 3))
    assert within_surroundings(scene(np.concatenate([thing, far]))).radius_m < 3
    assert within_surroundings(scene(thing)).radius_m == bulk(scene(thing)).radius_m


def test_views_see_a_scene_from_all_sides_and_from_its_middle():
    things = on_a_ground((2, 1))
    places = np.array([camera.c2w[:3, 3] for camera in views_of(things)])
    middle = bulk(things).middle
    assert len(places) == 32 and np.isclose(np.linalg.norm(places - middle, axis=1), 0, atol=1e-6).sum() == 16
    ahead = scene(np.random.default_rng(3).uniform((-2, -1, 1), (2, 1, 6), (500, 3)))
    assert all(camera.c2w[2, 2] > 0 for camera in views_of(ahead))
