from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gen3d.camera import Camera
from gen3d.geometry.trajectory import (
    PATHS,
    PEEK_SHARE,
    SURROUND,
    TOURS,
    WANDER_STEP,
    along,
    between,
    expansion_path,
    moved,
    orbited,
    relative_to_first,
    tour_path,
    turned,
)
from gen3d.values import Scale

SCALE = Scale(median=3.0, nearest=1.2)
CAMERA = Camera.from_fov(55.0, 96, 64)
AHEAD = np.array([[0.0, 0.0, 3.0]])


def seen(c2w: np.ndarray, xyz: np.ndarray = AHEAD) -> np.ndarray:
    return CAMERA.posed(c2w).project(xyz)[0][0]


def yaw_deg(c2w: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(c2w[0, 2], c2w[2, 2])))


def pitch_deg(c2w: np.ndarray) -> float:
    return float(np.degrees(np.arcsin(-c2w[1, 2])))


def test_positive_yaw_turns_right_so_things_move_left():
    assert seen(turned(10.0))[0] < 48.0 - 5
    assert seen(turned(-10.0))[0] > 48.0 + 5
    assert seen(turned(10.0))[1] == pytest.approx(32.0)
    assert yaw_deg(turned(10.0)) == pytest.approx(10.0)


def test_positive_pitch_looks_up_so_things_move_down():
    assert seen(turned(0.0, 10.0))[1] > 32.0 + 5
    assert turned(0.0, 10.0)[1, 2] < 0  # up is -y
    assert pitch_deg(turned(30.0, 10.0)) == pytest.approx(10.0)


def test_stepping_right_moves_things_left():
    assert seen(moved(0.5, 0.0, 0.0))[0] < 48.0
    assert seen(moved(0.0, 0.5, 0.0))[1] < 32.0


@pytest.mark.parametrize("yaw", [-20.0, 15.0])
@pytest.mark.parametrize("pitch", [-8.0, 0.0, 5.0])
def test_orbit_keeps_its_pivot_in_the_image_centre_and_its_distance(yaw, pitch):
    c2w = orbited(yaw, pitch, 3.0)
    np.testing.assert_allclose(seen(c2w), [48.0, 32.0], atol=1e-9)
    assert np.linalg.norm(c2w[:3, 3] - AHEAD[0]) == pytest.approx(3.0)
    assert np.sign(c2w[0, 3]) == -np.sign(yaw)


@pytest.mark.parametrize(
    ("name", "count"),
    [("wander", 8), ("lookaround", 20), ("lookdown", 13), ("rotate360", 9), ("orbit", 8), ("dolly", 6), ("peek", 4)],
)
def test_presets_have_their_poses_after_a_wide_first_view(name, count):
    path = expansion_path(name, CAMERA, SCALE)
    assert len(path) == 1 + count
    margin = round(SURROUND * 96)
    whole = CAMERA.padded(margin)
    np.testing.assert_array_equal(path[0].K, whole.K)
    assert (path[0].width, path[0].height) == (96 + 2 * margin, CAMERA.height + 2 * margin)
    np.testing.assert_array_equal(path[0].w2c, CAMERA.w2c)
    for camera in path[1:]:
        np.testing.assert_array_equal(camera.K, CAMERA.K)
        R = camera.c2w[:3, :3]
        np.testing.assert_allclose(R.T @ R, np.eye(3), atol=1e-12)
        assert np.linalg.det(R) == pytest.approx(1.0)


def test_every_preset_is_counted_above_and_has_a_tour():
    assert set(PATHS) == {"wander", "lookaround", "lookdown", "rotate360", "orbit", "dolly", "peek"} == set(TOURS)


def test_lookaround_visits_the_angles_of_the_paper_to_the_left_first():
    poses = PATHS["lookaround"].poses(SCALE, 1.0)
    angles = [(round(-yaw_deg(p), 3), round(pitch_deg(p), 3)) for p in poses]
    yaws = (0, 20, 40, 60, -20, -40, -60)
    assert angles == [(y, p) for p in (0, -22.5, 22.5) for y in yaws][1:]
    assert all(np.allclose(p[:3, 3], 0) for p in poses)


def test_rotate360_goes_round_counterclockwise_in_equal_steps():
    yaws = np.array([yaw_deg(p) for p in PATHS["rotate360"].poses(SCALE, 1.0)])
    np.testing.assert_allclose((-yaws) % 360, np.arange(36, 360, 36), atol=1e-9)


def test_orbit_poses_all_face_the_median_depth():
    for camera in expansion_path("orbit", CAMERA, SCALE)[1:]:
        np.testing.assert_allclose(camera.project(AHEAD)[0][0], [48, 32], atol=1e-9)


def test_a_path_is_relative_to_the_camera_it_starts_from():
    first = CAMERA.posed(moved(1.0, 2.0, 3.0) @ turned(70.0))
    for here, there in zip(expansion_path("orbit", CAMERA, SCALE), expansion_path("orbit", first, SCALE), strict=True):
        np.testing.assert_allclose(there.c2w, first.c2w @ here.c2w, atol=1e-12)


def test_wander_never_steps_aside_more_than_near_things_allow():
    for nearest in (0.1, 0.6, 2.5):
        poses = PATHS["wander"].poses(Scale(3.0, nearest), 1.0)
        steps = [np.linalg.norm(p[:3, 3]) for p in poses]
        assert max(steps) <= 1.02 * WANDER_STEP * nearest
    free = PATHS["wander"].poses(Scale(3.0, 1e3), 1.0)
    assert max(abs(yaw_deg(p)) for p in free) == pytest.approx(12.0)


def test_peek_moves_by_a_share_of_the_nearest_depth():
    for c2w in PATHS["peek"].poses(SCALE, 1.0):
        assert np.linalg.norm(c2w[:3, 3]) == pytest.approx(PEEK_SHARE * 1.2)
        np.testing.assert_array_equal(c2w[:3, :3], np.eye(3))


@pytest.mark.parametrize("name", ["lookaround", "orbit"])
def test_a_narrow_lens_takes_smaller_steps(name):
    narrow = Camera.from_fov(27.5, 96, 64)
    wide_yaws = [yaw_deg(c.c2w) for c in expansion_path(name, CAMERA, SCALE)]
    narrow_yaws = [yaw_deg(c.c2w) for c in expansion_path(name, narrow, SCALE)]
    np.testing.assert_allclose(narrow_yaws, 0.5 * np.array(wide_yaws), atol=1e-9)


@pytest.mark.parametrize("factor", [0.1, 100.0])
@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_scene_of_another_size_has_the_same_path_at_its_size(name, factor):
    other = Scale(factor * SCALE.median, factor * SCALE.nearest)
    pairs = list(zip(expansion_path(name, CAMERA, SCALE), expansion_path(name, CAMERA, other), strict=True))
    tours = (tour_path(name, CAMERA, s, 9, 0.7) for s in (SCALE, other))
    for a, b in pairs + list(zip(*tours, strict=True)):
        np.testing.assert_allclose(b.c2w[:3, :3], a.c2w[:3, :3], atol=1e-12)
        np.testing.assert_allclose(b.center, factor * a.center, rtol=1e-9, atol=1e-12 * factor)


@pytest.mark.parametrize("amplitude", [1.0, 0.3])
@pytest.mark.parametrize("name", sorted(PATHS))
def test_tours_start_and_end_on_the_photo_and_move_between(name, amplitude):
    first = CAMERA.posed(moved(0.3, -0.2, 0.1) @ turned(10.0))
    tour = tour_path(name, first, SCALE, 25, amplitude)
    assert len(tour) == 25
    for end in (tour[0], tour[-1]):
        np.testing.assert_allclose(end.w2c, first.w2c, atol=1e-9)
    assert max(np.abs(c.w2c - first.w2c).max() for c in tour) > 0.01


@pytest.mark.parametrize("name", sorted(set(PATHS) - {"rotate360"}))
def test_a_smaller_amplitude_stays_nearer_to_the_photo(name):
    reach = [
        max(np.abs(c.w2c - np.eye(4)).max() for c in tour_path(name, CAMERA, SCALE, 25, k)) for k in (0.1, 0.5, 1.0)
    ]
    assert reach[0] < 0.4 * reach[1] < reach[1] < reach[2]


@pytest.mark.parametrize("name", sorted(PATHS))
def test_tours_are_eased(name):
    tour = tour_path(name, CAMERA, SCALE, 61, 1.0)
    steps = np.array([np.abs(b.w2c - a.w2c).max() for a, b in pairwise(tour)])
    assert steps[0] < steps.max() and steps[-1] < steps.max()
    # no jerk: a step is never twice its neighbour's plus a hair
    assert np.abs(np.diff(steps)).max() < 0.25 * steps.max()


def test_rotate360_tour_turns_all_the_way_round():
    yaws = np.unwrap(np.radians([yaw_deg(c.c2w) for c in tour_path("rotate360", CAMERA, SCALE, 90, 1.0)]))
    assert np.degrees(yaws[-1]) == pytest.approx(-360.0, abs=1e-6)


def test_between_turns_and_moves_by_the_share():
    a, b = CAMERA.posed(moved(1.0, 0.0, 0.0)), CAMERA.posed(moved(2.0, 1.0, -1.0) @ turned(40.0))
    quarter = between(a, b, 0.25)
    np.testing.assert_allclose(quarter.center, [1.25, 0.25, -0.25], atol=1e-12)
    assert yaw_deg(quarter.c2w) == pytest.approx(10.0)
    for share, end in ((0.0, a), (1.0, b)):
        np.testing.assert_allclose(between(a, b, share).w2c, end.w2c, atol=1e-12)


def test_between_turns_the_short_way():
    a, b = CAMERA.posed(turned(170.0)), CAMERA.posed(turned(-170.0))
    assert abs(yaw_deg(between(a, b, 0.5).c2w)) == pytest.approx(180.0)


def test_between_keeps_the_first_lens():
    wide = CAMERA.padded(20)
    middle = between(wide, CAMERA.posed(turned(10.0)), 0.5)
    assert (middle.width, middle.height) == (wide.width, wide.height)
    np.testing.assert_array_equal(middle.K, wide.K)


def test_along_starts_and_ends_on_the_first_and_passes_the_others():
    keys = [CAMERA.posed(turned(y) @ moved(0.01 * y, 0.0, 0.0)) for y in (0.0, 30.0, -20.0)]
    path = along(keys, 301, 1.0)
    assert len(path) == 301
    for end in (path[0], path[-1]):
        np.testing.assert_allclose(end.w2c, keys[0].w2c, atol=1e-9)
    for key in keys:
        turns = [Rotation.from_matrix(c.w2c[:3, :3] @ key.c2w[:3, :3]).magnitude() for c in path]
        assert np.degrees(min(turns)) < 0.5
    yaws = [yaw_deg(c.c2w) for c in path]
    assert min(yaws) >= -20.001 and max(yaws) <= 30.001


def test_along_with_a_smaller_amplitude_draws_all_keys_to_the_first():
    keys = [CAMERA.posed(turned(y)) for y in (5.0, 25.0)]
    half = [yaw_deg(c.c2w) for c in along(keys, 101, 0.5)]
    assert max(half) == pytest.approx(15.0, abs=0.2)
    assert min(half) == pytest.approx(5.0, abs=1e-6)
    assert np.ptp([yaw_deg(c.c2w) for c in along(keys, 11, 0.0)]) == pytest.approx(0.0, abs=1e-6)


def test_along_a_single_key_stands_still():
    for camera in along([CAMERA.posed(turned(12.0))], 5, 1.0):
        assert yaw_deg(camera.c2w) == pytest.approx(12.0)


def test_relative_to_first_puts_the_world_at_the_first_camera():
    to_world = moved(4.0, -1.0, 2.0) @ turned(130.0, 25.0)
    local = [CAMERA, CAMERA.posed(orbited(20.0, 0.0, 3.0)), CAMERA.posed(moved(0.0, 0.5, 0.0))]
    back = relative_to_first([c.posed(to_world @ c.c2w) for c in local])
    for a, b in zip(local, back, strict=True):
        np.testing.assert_allclose(b.w2c, a.w2c, atol=1e-12)
