"""Fewer Gaussians: the weights are exact, what nobody sees goes first, and the cost that is told is the cost."""

import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.products.prune import prune_gaussians, views_around
from gen3d.splat.contribution import contribution, most_seen
from gen3d.splat.gaussians import Gaussians, joined
from gen3d.splat.pick import pick_rasterizer
from tests.measures import drain
from tests.small_scenes import LENS, photo_scene, sheet, shown, tinted
from tests.worlds import box_room

RASTERIZER = pick_rasterizer("cpu")


def test_contributions_are_the_blending_weights():
    """Two translucent discs, one behind the other: o and (1 - o) o, and together the picture's alpha."""
    camera = Camera.from_fov(40.0, 32, 32)
    discs = Gaussians(
        torch.tensor([[0.0, 0, 2], [0, 0, 3]]), torch.tensor([[1.0, 0, 0, 0]] * 2),
        torch.tensor([[50.0, 50, 0.01]] * 2), torch.tensor([0.6, 0.5]), torch.zeros(2, 1, 3),
    )  # fmt: skip
    weights = contribution(discs, camera, RASTERIZER)
    np.testing.assert_allclose(weights / 32**2, [0.6, 0.4 * 0.5], rtol=1e-3)


@pytest.mark.parametrize("scene", [photo_scene(), tinted(photo_scene())], ids=["plain", "tinted"])
def test_contributions_add_up_to_what_is_covered(scene):
    weights = contribution(scene, LENS, RASTERIZER)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(RASTERIZER.render(scene, LENS).alpha.sum().item(), rel=1e-4)


def test_what_nobody_sees_goes_first_and_nothing_changes():
    scene = photo_scene()
    hidden = sheet((0, 0, 20), (1, 0, 0), (0, 1, 0), 0.05)  # behind the room's far wall
    both = joined(hidden, scene)
    few = most_seen(both, contribution(both, LENS, RASTERIZER), len(scene))
    before, after = (shown(RASTERIZER.render(g, LENS)) for g in (both, few))
    np.testing.assert_allclose(after, before, atol=0.02)
    assert not (few.means[:, 2] > 19).any()


def test_the_least_contribution_is_what_goes_and_what_is_left_grows():
    scene = photo_scene()
    weights = contribution(scene, LENS, RASTERIZER)
    kept = weights > weights.median()
    few = most_seen(scene, weights, int(kept.sum()))
    assert torch.equal(few.means, scene.means[kept])
    growth = few.scales[:, 0] / scene.scales[kept][:, 0]
    assert growth.min() >= 1 and growth.max() <= 2 and growth.mean() > 1.03


def test_the_cost_that_is_told_is_the_cost():
    scene, photo = photo_scene(), box_room().view(LENS)
    cameras = views_around([LENS], 3.0)
    assert len(cameras) == 5
    pruned, events = drain(prune_gaussians(scene, len(scene) // 2, cameras, RASTERIZER, photo))
    assert len(pruned.gaussians) == len(scene) // 2 and pruned.before == len(scene)
    pictures = [[shown(RASTERIZER.render(g, c)) for c in cameras] for g in (scene, pruned.gaussians)]
    squares = np.mean([(a - b) ** 2 for a, b in zip(*pictures, strict=True)])
    assert pruned.psnr_db == pytest.approx(-10 * np.log10(squares), abs=0.01)
    photo_db = [-10 * np.log10(np.mean((p[0] - photo.image) ** 2)) for p in pictures]
    np.testing.assert_allclose(pruned.photo_db, photo_db, atol=0.01)
    assert photo_db[1] < photo_db[0]
    assert any(f"{pruned.psnr_db:.1f} dB" in getattr(event, "text", "") for event in events)


def test_views_around_a_camera_look_at_the_same_point():
    for camera in views_around([LENS], 3.0):
        np.testing.assert_allclose(camera.project(np.array([[0.0, 0.0, 3.0]]))[0], [[55.0, 33.0]], atol=1e-9)
