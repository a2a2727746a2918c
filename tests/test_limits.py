import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.geometry.trajectory import orbited
from gen3d.products import limits
from gen3d.products.limits import CLOSEST, EMPTY_SHARE, FARTHEST, LARGEST_DEG, Pose, find_limits, orbit
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.pick import pick_rasterizer
from gen3d.values import Scale
from tests.small_scenes import closed_room, joined, sheet

CAMERA = Camera.from_fov(60.0, 256, 192)
DEPTH = 4.0
SCALE = Scale(median=DEPTH, nearest=DEPTH)
HALF = DEPTH * np.tan(np.radians(30))
"""Half the width that the photo sees at DEPTH."""


def card(wider: float, higher: float, step: float = 0.04) -> Gaussians:
    """A card that faces the camera, larger than the photo's frame by these factors."""
    return sheet((0, 0, DEPTH), (wider * HALF, 0, 0), (0, higher * HALF * 0.75, 0), step)


def empty_share(pose: Pose, wider: float, higher: float) -> float:
    """Of the frame that such a card does not fill, by intersecting rays with it."""
    camera = orbit(CAMERA, pose, DEPTH)
    rays = (camera.rays() @ camera.c2w[:3, :3].T).reshape(-1, 3)
    t = (DEPTH - camera.center[2]) / rays[:, 2]
    hit = camera.center + t[:, None] * rays
    on = (t > 0) & (np.abs(hit[:, 0]) <= wider * HALF) & (np.abs(hit[:, 1]) <= higher * HALF * 0.75)
    return 1 - on.mean()


def edge_poses(found, scale: float = 1.0) -> list[Pose]:
    back = 1 + scale * (found.farthest - 1)
    axes = [(-found.yaw_left_deg, 0), (found.yaw_right_deg, 0), (0, found.pitch_up_deg), (0, -found.pitch_down_deg)]
    corners = [(x[0] / 2**0.5, y[1] / 2**0.5) for x in axes[:2] for y in axes[2:]]
    return [Pose(scale * a, scale * b) for a, b in axes + corners] + [Pose(distance=back)]


def test_a_card_is_seen_up_to_its_edges_and_not_beyond():
    wider, higher = 1.3, 1.5
    found = find_limits(card(wider, higher), CAMERA, SCALE, pick_rasterizer())
    within = [empty_share(pose, wider, higher) for pose in edge_poses(found)]
    beyond = [empty_share(pose, wider, higher) for pose in edge_poses(found, 1.3)]
    assert max(within) < EMPTY_SHARE + 0.008  # a pixel's width of a small render
    assert max(beyond) > EMPTY_SHARE, "it might have gone a third further in every direction"
    assert 3 < found.yaw_left_deg < 30


def test_one_direction_alone_goes_where_geometry_says():
    """The camera swings to the left by theta about the card's middle; t is the column up to which the card must reach:
    half-width (cos theta - t sin theta) = DEPTH t."""
    wider, t = 1.3, (1 - 2 * EMPTY_SHARE) * np.tan(np.radians(30))
    thetas = np.radians(np.linspace(0, 60, 6001))
    theta = np.degrees(thetas[np.flatnonzero(wider * HALF * (np.cos(thetas) - t * np.sin(thetas)) >= DEPTH * t)[-1]])
    holds = limits._judge(card(wider, 3.0), CAMERA, SCALE, pick_rasterizer())
    reach = LARGEST_DEG * limits._reach(lambda share: holds(Pose(share * LARGEST_DEG)))
    assert reach == pytest.approx(theta, abs=1.5)


def test_going_back_ends_where_the_card_no_longer_fills_the_frame():
    """At k times the distance a card m times the frame covers (m / k)^2 of it."""
    holds = limits._judge(card(1.25, 1.25), CAMERA, SCALE, pick_rasterizer())
    reach = 1 + (FARTHEST - 1) * limits._reach(lambda share: holds(Pose(distance=1 + (FARTHEST - 1) * share)))
    assert reach == pytest.approx(1.25 / (1 - EMPTY_SHARE) ** 0.5, abs=0.03)


def test_a_mirrored_scene_has_mirrored_limits():
    one_sided = sheet((0.5, 0.1, DEPTH), (1.5 * HALF, 0, 0), (0, 1.2 * HALF, 0), 0.05)
    flip = torch.tensor([-1.0, 1.0, 1.0])
    mirrored = Gaussians(one_sided.means * flip, one_sided.quats, one_sided.scales, one_sided.opacities, one_sided.sh)
    a, b = (find_limits(scene, CAMERA, SCALE, pick_rasterizer()) for scene in (one_sided, mirrored))
    assert a.yaw_left_deg != pytest.approx(a.yaw_right_deg, rel=0.2)
    assert (a.yaw_left_deg, a.yaw_right_deg) == pytest.approx((b.yaw_right_deg, b.yaw_left_deg), rel=0.2)
    assert (a.pitch_up_deg, a.pitch_down_deg) == pytest.approx((b.pitch_up_deg, b.pitch_down_deg), rel=0.2)


def test_inside_a_large_sphere_of_things_only_the_caps_end_it():
    far = closed_room((30, 30, 30), (0, 0, 0), 0.8)
    found = find_limits(far, CAMERA, Scale(median=3.0, nearest=20.0), pick_rasterizer())
    angles = found.yaw_left_deg, found.yaw_right_deg, found.pitch_up_deg, found.pitch_down_deg
    assert angles == (LARGEST_DEG,) * 4 and (found.nearest, found.farthest) == (CLOSEST, FARTHEST)


def test_the_camera_does_not_go_through_a_wall():
    """A corridor 5 m wide: swinging about a point 4 m ahead, the camera would meet the wall at asin(2.5 / 4)."""
    room = closed_room((2.5, 2.5, 8), (0, 0, 2), 0.1)
    found = find_limits(room, CAMERA, Scale(median=4.0, nearest=2.5), pick_rasterizer())
    at_the_wall = np.degrees(np.arcsin(2.5 / 4))
    assert 0.5 * at_the_wall < found.yaw_left_deg < at_the_wall
    assert 0.5 * at_the_wall < found.pitch_down_deg < at_the_wall


def test_one_does_not_come_closer_than_what_is_near():
    """A post at 2 m before a card at 4 m: the camera stays before the post."""
    scene = joined(card(2.0, 2.0), sheet((0, 0, 2.0), (0.1, 0, 0), (0, 1, 0), 0.04))
    found = find_limits(scene, CAMERA, Scale(median=DEPTH, nearest=2.0), pick_rasterizer())
    assert DEPTH * (1 - found.nearest) < 2.0
    assert found.nearest < 0.9


def test_what_is_empty_from_the_start_is_allowed_to_stay():
    small = card(0.9, 0.9)
    found = find_limits(small, CAMERA, SCALE, pick_rasterizer())
    assert found.nearest < 0.9 and found.yaw_left_deg < 15


def test_more_gaussians_change_little():
    """Beyond DENSITY only some are looked at."""
    few, many = card(1.3, 1.5, 0.04), card(1.3, 1.5, 0.014)
    assert len(few) < limits.DENSITY < len(many)
    a, b = (find_limits(scene, CAMERA, SCALE, pick_rasterizer()) for scene in (few, many))
    assert a.yaw_left_deg == pytest.approx(b.yaw_left_deg, rel=0.2)


def test_the_pose_is_an_orbit_about_the_pivot():
    camera = orbit(CAMERA, Pose(20.0, -10.0, 0.8), DEPTH)
    pivot = np.array([0, 0, DEPTH])
    assert np.linalg.norm(camera.center - pivot) == pytest.approx(0.8 * DEPTH)
    (uv,), (z,) = camera.project(pivot[None])
    assert np.allclose(uv, (128, 96)) and z == pytest.approx(0.8 * DEPTH)
    assert np.allclose(orbit(CAMERA, Pose(20.0), DEPTH).c2w, orbited(20.0, 0.0, DEPTH))
