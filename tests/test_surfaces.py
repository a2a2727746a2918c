import numpy as np
import pytest

from gen3d.geometry.edges import close_gaps, dilate
from gen3d.geometry.place import shell_m_of
from gen3d.geometry.point_picture import render_points
from gen3d.geometry.points import lift
from gen3d.geometry.surfaces import complete_depth, continue_surfaces, hiding_rim
from tests.worlds import (
    AnalyticWorld,
    NoisyDepth,
    Plane,
    box_room,
    ground_and_sky,
    pole_before_wall,
    sphere_over_plane,
    tilted_plane,
)

REACH_PX = 24.0


def rectangle(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    hole = np.zeros((96, 128), bool)
    hole[top:bottom, left:right] = True
    return hole


def noisy(depth: np.ndarray, seed: int = 1) -> np.ndarray:
    """Warped by 3.4 %, at the true scale, its edges sharp."""
    return NoisyDepth(seed=seed, scale_spread=0.0, edge_px=1e-3)(depth)


def warped(depth: np.ndarray, seed: int = 1) -> np.ndarray:
    """What stood behind, under the same warp."""
    return depth * noisy(np.ones_like(depth), seed)


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_a_hole_in_a_tilted_plane_is_the_plane(slope, scale):
    world = tilted_plane(scale, slope)
    true = world.view(world.camera(128, 96)).depth
    hole = rectangle(30, 66, 40, 88)
    done = complete_depth(np.where(hole, np.float32(np.nan), true))
    np.testing.assert_allclose(done[hole], true[hole], rtol=0.01)
    np.testing.assert_array_equal(done[~hole], true[~hole])


def test_a_hole_in_a_noisy_plane_is_near_the_plane():
    true = noisy(tilted_plane().view(tilted_plane().camera(128, 96)).depth)
    hole = rectangle(30, 66, 40, 88)
    done = complete_depth(np.where(hole, np.float32(np.nan), true))
    assert np.abs(done / true - 1)[hole].max() < 0.03


@pytest.mark.parametrize(("slope", "rtol"), [(0.0, 0.002), (0.3, 0.04), (1.0, 0.2)])
def test_a_plane_goes_on_beyond_what_was_seen(slope, rtol):
    """28 px outwards; the slope is believed less and less, so a steep plane bends."""
    true = tilted_plane(slope=slope).view(tilted_plane().camera(128, 96)).depth
    hole = rectangle(0, 96, 100, 128)
    done = complete_depth(np.where(hole, np.float32(np.nan), true))
    np.testing.assert_allclose(done[hole], true[hole], rtol=rtol)
    # and holding the last depth instead would be clearly worse
    held = np.abs(true[:, 99:100] / true - 1)[hole].mean()
    assert np.abs(done / true - 1)[hole].mean() <= 0.5 * held + 1e-6  # rounding


@pytest.mark.parametrize("nearer", [True, False])
def test_a_surface_goes_on_to_little_beyond_the_depths_that_were_seen(nearer):
    """A steep ramp in inverse depth, seen in a strip: unlimited it would come to the camera, or be lost to the sky."""
    inverse = np.linspace(0.05, 0.45, 21)[:: 1 if nearer else -1]
    depth = np.full((96, 128), np.nan, np.float32)
    depth[:21] = (1 / inverse)[:, None]
    done = complete_depth(depth)[21:]
    assert done.min() > 1 / 0.45 / 1.6 and done.max() < 1.6 / 0.05
    assert done.min() < 0.95 / 0.45 if nearer else done.max() > 1.05 / 0.05  # though it does go on


@pytest.mark.parametrize("noise", [False, True])
def test_scattered_unknown_pixels_are_completed(noise):
    true = box_room().view(box_room().camera(128, 96)).depth
    true = noisy(true) if noise else true
    unknown = np.random.default_rng(0).random(true.shape) < 0.4
    done = complete_depth(np.where(unknown, np.float32(np.nan), true))
    error = np.abs(done / true - 1)[unknown]
    assert np.median(error) < 0.003 and np.quantile(error, 0.9) < 0.03


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("occluders", [1, 2])
def test_the_floor_goes_on_under_a_box_that_is_taken_away(occluders, seed):
    world = box_room(occluders=occluders)
    camera = world.camera(128, 96)
    seen, behind, front = world.view(camera).depth, world.hidden(camera).depth, world.foreground(camera)
    floor = front & (camera.unproject(behind)[..., 1] > 1.39)
    assert floor.sum() > 300
    if seed is not None:
        seen, behind = noisy(seen, seed), warped(behind, seed)
    hole = dilate(front, 2)
    done = continue_surfaces(seen, hole, hiding_rim(seen, hole, REACH_PX))
    error = np.abs(done / behind - 1)
    assert error[front].mean() < 0.05
    assert error[floor].max() < 0.25
    assert (done[front] > seen[front]).mean() > 0.99
    np.testing.assert_array_equal(done[~hole], seen[~hole])


@pytest.mark.parametrize("make", [sphere_over_plane, pole_before_wall])
def test_the_wall_goes_on_behind_what_stands_before_it(make):
    world = make()
    camera = world.camera(128, 96)
    hole = dilate(world.foreground(camera), 2)
    depth = world.view(camera).depth
    np.testing.assert_allclose(continue_surfaces(depth, hole, hiding_rim(depth, hole, REACH_PX)), 4.0, rtol=1e-3)


def test_sky_goes_on_as_sky_and_ground_as_ground():
    world = ground_and_sky()
    camera = world.camera(128, 96)
    depth, truth, front = world.view(camera).depth, world.hidden(camera).depth, world.foreground(camera)
    hole = dilate(front, 2)
    done = continue_surfaces(depth, hole, hiding_rim(depth, hole, REACH_PX))
    assert not np.isnan(done).any() and (done > 0).all()
    assert (np.isinf(done) == np.isinf(truth))[front].mean() > 0.85
    clear = front & (np.abs(np.arange(96)[:, None] - 48) > 8)
    np.testing.assert_array_equal(np.isinf(done)[clear], np.isinf(truth)[clear])
    solid = front & np.isfinite(done) & np.isfinite(truth)
    assert np.median(np.abs(done[solid] / truth[solid] - 1)) < 0.1


def test_a_hole_in_the_sky_is_sky_and_one_in_the_ground_is_finite():
    depth = AnalyticWorld("ground", (Plane((0.0, 1.0, 0.0), 1.6),)).view(ground_and_sky().camera(128, 96)).depth
    done = complete_depth(np.where(rectangle(10, 30, 40, 80), np.float32(np.nan), depth))
    np.testing.assert_array_equal(done, depth)
    hole = rectangle(66, 90, 40, 80)
    done = complete_depth(np.where(hole, np.float32(np.nan), depth))
    np.testing.assert_allclose(done[hole], depth[hole], rtol=0.03)


@pytest.mark.parametrize("right", [0.3, -0.3])
@pytest.mark.parametrize("make", [sphere_over_plane, box_room])
@pytest.mark.parametrize("noise", [False, True])
def test_what_a_side_view_reveals_continues_the_far_side_alone(make, right, noise):
    """The hole beside an occluder: known depth as rendered, the truth by ray casting."""
    world = make()
    first = world.camera(128, 96)
    seen = world.view(first)
    points = lift(seen, np.ones((96, 128), bool), 0, shell_m_of(seen.depth))
    camera = world.moved(first, right=right)
    drawn, front = render_points(points, camera), world.foreground(camera)
    hole = close_gaps(drawn.hole, 3)
    depth = noisy(np.where(drawn.hole, np.float32(np.nan), drawn.depth)) if noise else drawn.depth
    hiding = hiding_rim(depth, hole, REACH_PX)
    assert (hiding & ~dilate(front, 1)).sum() <= 0.1 * hiding.sum()
    rim = ~hole & dilate(hole, 1) & front & (depth < 0.8 * world.hidden(camera).depth)
    assert (hiding & rim).sum() > 0.7 * rim.sum() > 10
    truth = warped(world.view(camera).depth) if noise else world.view(camera).depth
    done = continue_surfaces(depth, hole, hiding)
    beside = hole & ~front & dilate(front, 8)
    assert np.median(np.abs(done / truth - 1)[beside]) < 0.05
    naive = continue_surfaces(depth, hole)
    assert np.abs(np.log(done / truth))[beside].mean() < 0.8 * np.abs(np.log(naive / truth))[beside].mean()


def test_hiding_rim_flags_the_near_side_of_a_gap_and_not_the_far_side():
    depth = np.full((40, 60), 2.0, np.float32)
    depth[:, 25:] = 4.0
    hole = np.zeros((40, 60), bool)
    hole[:, 25:32] = True
    hiding = hiding_rim(depth, hole, 20.0)
    assert hiding[:, 24].all()
    assert not hiding[:, 25:].any() and not hiding[:, :20].any()


@pytest.mark.parametrize("far", [np.inf, 70.0])
def test_a_hill_on_both_sides_of_a_tree_goes_on_behind_it_though_the_sky_is_farther(far):
    """The tree is wider than what is looked across for something farther."""
    depth = np.full((60, 90), far, np.float32)
    depth[25:40] = 42.0
    depth[40:] = 40.0 / (1 + 0.1 * np.arange(20))[:, None]
    hole = np.zeros((60, 90), bool)
    hole[8:46, 32:58] = True
    hiding = hiding_rim(depth, hole, REACH_PX)
    assert not hiding[28:].any()
    done = continue_surfaces(depth, hole, hiding)
    assert np.median(np.abs(done[30:38, 32:58] / 42.0 - 1)) < 0.1


@pytest.mark.parametrize("noise", [False, True])
def test_a_floor_that_runs_away_hides_nothing(noise):
    depth = AnalyticWorld("floor", (Plane((0.0, 1.0, 0.0), 1.6), Plane((0.0, 0.0, 1.0), 9.0)))
    depth = depth.view(box_room().camera(128, 96)).depth
    depth = noisy(depth) if noise else depth
    for hole in (rectangle(60, 84, 30, 90), rectangle(0, 96, 100, 128), rectangle(50, 96, 40, 60)):
        assert hiding_rim(depth, hole, REACH_PX).sum() <= 0.02 * hole.sum()


def test_without_a_hole_nothing_changes():
    depth = box_room().view(box_room().camera(128, 96)).depth
    none = np.zeros(depth.shape, bool)
    np.testing.assert_array_equal(continue_surfaces(depth, none), depth)
    assert not hiding_rim(depth, none, REACH_PX).any()


def test_where_nothing_is_known_depth_is_one():
    unknown = np.full((20, 30), np.nan, np.float32)
    np.testing.assert_array_equal(complete_depth(unknown), 1.0)
    everything = np.ones((20, 30), bool)
    np.testing.assert_array_equal(continue_surfaces(np.full((20, 30), 5.0, np.float32), everything), 1.0)


def test_only_sky_around_makes_sky():
    depth = np.full((20, 30), np.inf, np.float32)
    depth[5:10, 5:10] = np.nan
    assert np.isinf(complete_depth(depth)).all()
