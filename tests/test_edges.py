import numpy as np
import pytest

from gen3d.geometry.edges import (
    close_gaps,
    depth_edges,
    depth_from_inverse,
    dilate,
    erode,
    far_rim,
    inverse_depth,
    near_rim,
)
from tests.worlds import AnalyticWorld, NoisyDepth, Plane, ground_and_sky, pole_before_wall, sphere_over_plane


def step(near: float = 2.0, far: float = 3.0) -> np.ndarray:
    """Near to the left of column 20, far from there on."""
    depth = np.full((30, 40), near, np.float32)
    depth[:, 20:] = far
    return depth


def columns(region: np.ndarray) -> list[int]:
    """The columns it fills; all of them from top to bottom."""
    assert (region.all(axis=0) == region.any(axis=0)).all()
    return np.nonzero(region.any(axis=0))[0].tolist()


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_a_step_has_a_near_and_a_far_rim_of_one_pixel(scale):
    depth = scale * step()
    assert columns(near_rim(depth)) == [19]
    assert columns(far_rim(depth)) == [20]
    assert columns(depth_edges(depth)) == [19, 20]


def test_rims_grow_into_both_sides():
    assert columns(near_rim(step(), 3)) == [17, 18, 19, 20, 21]
    assert {20, 21, 22} <= set(columns(far_rim(step(), 3)))


@pytest.mark.parametrize(("far", "is_edge"), [(2.02, False), (2.08, False), (2.2, True), (np.inf, True)])
def test_only_steps_that_no_surface_explains_count(far, is_edge):
    assert bool(near_rim(step(far=far)).any()) == is_edge
    assert bool(far_rim(step(far=far)).any()) == is_edge


def test_sky_is_never_near():
    depth = step(near=np.inf, far=5.0)
    assert columns(near_rim(depth)) == [20]
    assert columns(far_rim(depth)) == [19]
    assert not depth_edges(np.full((8, 8), np.inf, np.float32)).any()


@pytest.mark.parametrize("slope", [0.3, 1.0, 1.6])
def test_a_slanted_wall_has_no_edges(slope):
    world = AnalyticWorld("wall", (Plane((-slope, 0.0, 1.0), 3.0),))
    depth = world.view(world.camera(96, 72)).depth
    assert depth.max() > (1 + slope / 2) * depth.min()
    assert not depth_edges(depth).any()


@pytest.mark.parametrize("size", [(64, 48), (128, 96)])
def test_the_ground_has_no_edges_up_to_its_horizon(size):
    """Its depth doubles from row to row there, but evenly in 1 / z."""
    world = AnalyticWorld("ground", (Plane((0.0, 1.0, 0.0), 1.6),))
    depth = world.view(world.camera(*size)).depth
    ground = np.isfinite(depth)
    assert depth[ground].max() > 100
    assert not (near_rim(depth) & ground).any()
    far = np.nonzero((far_rim(depth) & ground).any(axis=1))[0]
    assert set(far) <= {size[1] // 2}  # at most the horizon itself, which the row below tops threefold


@pytest.mark.parametrize("make", [sphere_over_plane, pole_before_wall, ground_and_sky])
@pytest.mark.parametrize("noise", [False, True])
def test_the_near_rim_is_the_outline_of_what_stands_in_front(make, noise):
    world = make()
    camera = world.camera(96, 72)
    depth, front = world.view(camera).depth, world.foreground(camera)
    if noise:
        depth = NoisyDepth(seed=2, edge_px=1e-3)(depth)
    wall = world.hidden(camera).depth
    front_of_far = front & (np.where(front, depth, 1.0) < 0.8 * wall)
    outline = front_of_far & dilate(~front, 1)
    found = near_rim(depth)
    assert outline.sum() > 60
    assert (found & outline).sum() >= 0.95 * outline.sum()
    assert not (found & ~dilate(front, 1)).any()


def test_both_sides_of_a_pole_two_pixels_wide_are_near():
    world = pole_before_wall(width_px=2.0, image_width=96)
    camera = world.camera(96, 72)
    front = world.foreground(camera)
    np.testing.assert_array_equal(near_rim(world.view(camera).depth), front)
    np.testing.assert_array_equal(far_rim(world.view(camera).depth), dilate(front, 1) & ~front)


def test_inverse_depth_and_back_keeps_depth_and_sky():
    depth = np.array([[0.5, 2.0, np.inf, 80.0]], np.float32)
    inverse = inverse_depth(depth)
    np.testing.assert_allclose(inverse, [[2.0, 0.5, 0.0, 1 / 80]])
    np.testing.assert_allclose(depth_from_inverse(inverse, np.isinf(depth)), depth)
    assert np.isnan(inverse_depth(np.float32([[np.nan]]))).all()


def test_depth_from_inverse_is_positive_and_finite_off_the_sky():
    inverse = np.array([[0.5, 0.0, -0.2, 0.4]], np.float32)
    depth = depth_from_inverse(inverse, np.zeros((1, 4), bool))
    assert np.isfinite(depth).all() and (depth > 0).all()
    nothing = depth_from_inverse(np.zeros((1, 2), np.float32), np.zeros((1, 2), bool))
    assert np.isfinite(nothing).all() and (nothing > 0).all()


def test_grow_reaches_as_far_as_asked():
    dot = np.zeros((21, 21), bool)
    dot[10, 10] = True
    y, x = np.mgrid[-10:11, -10:11]
    grown = dilate(dot, 4.0)
    assert grown[10, 6:15].all() and grown[6:15, 10].all()
    assert not grown[np.hypot(y, x) > 5].any()
    np.testing.assert_array_equal(dilate(dot, 0.4), dot)


def test_shrink_undoes_grow_on_a_disc_and_spares_the_frame():
    y, x = np.mgrid[-10:11, -10:11]
    disc = np.hypot(y, x) < 5
    np.testing.assert_array_equal(erode(dilate(disc, 3.0), 3.0), disc)
    assert erode(np.ones((9, 9), bool), 3.0).all()


def test_close_gaps_removes_cracks_and_keeps_holes():
    hole = np.zeros((40, 40), bool)
    hole[:, 5:7] = True  # a crack two pixels wide
    hole[10:20, 20:30] = True
    closed = close_gaps(hole, 3)
    assert not closed[:, :15].any()
    np.testing.assert_array_equal(closed[:, 15:], hole[:, 15:])
