import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from gen3d.geometry.clean import sharpen_edges, smooth_within
from gen3d.geometry.edges import depth_from_inverse, near_rim
from gen3d.geometry.flying import flying
from tests.worlds import (
    WORLDS,
    AnalyticWorld,
    NoisyDepth,
    Plane,
    box_room,
    ground_and_sky,
    pole_before_wall,
    sphere_over_plane,
)

COLUMN = 32


def two_sides(column: int = COLUMN) -> np.ndarray:
    """A picture that is red to the left of a column and blue from there on, a little noisy."""
    image = np.empty((48, 64, 3), np.float32)
    image[:, :column], image[:, column:] = (0.7, 0.3, 0.2), (0.2, 0.3, 0.7)
    return image + np.random.default_rng(0).normal(0, 0.01, image.shape).astype(np.float32)


def step(near: float = 2.0, far: float = 4.0, column: int = COLUMN) -> np.ndarray:
    return np.where(np.arange(64) < column, near, far).astype(np.float32) * np.ones((48, 1), np.float32)


def edge_column(depth: np.ndarray) -> np.ndarray:
    """Per row the first column beyond the middle of the step in 1 / z."""
    return (1 / depth < 0.5 * (1 / depth[:, :1] + 1 / depth[:, -1:])).argmax(axis=1)


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("blur_px", [1.0, 1.5, 2.0])
def test_a_blurred_step_becomes_a_step_at_the_colour_edge(blur_px, scale):
    soft = scale / gaussian_filter1d(1 / step(), blur_px, axis=1)
    sharp = sharpen_edges(soft, two_sides(), 4)
    np.testing.assert_array_equal(edge_column(sharp), COLUMN)
    np.testing.assert_allclose(sharp[:, :COLUMN], 2 * scale, rtol=0.03)
    np.testing.assert_allclose(sharp[:, COLUMN:], 4 * scale, rtol=0.05)


@pytest.mark.parametrize("width_px", [5, 6])
def test_blurred_edges_that_lie_close_to_each_other_become_steps(width_px):
    """As leaves and bars do: nothing around them is level for long."""
    near = np.arange(64) % (2 * width_px) < width_px
    bars = np.where(near, 2.0, 4.0).astype(np.float32) * np.ones((48, 1), np.float32)
    image = np.where(bars[..., None] == 2, (0.7, 0.3, 0.2), (0.2, 0.3, 0.7)).astype(np.float32)
    soft = 1 / gaussian_filter1d(1 / bars, 1.0, axis=1)
    wrong = [(np.abs(depth / bars - 1) > 0.05)[:, 8:56].mean() for depth in (soft, sharpen_edges(soft, image, 2))]
    assert wrong[0] > 0.3 and wrong[1] == 0


def test_a_narrow_face_between_two_others_is_no_soft_edge():
    """It rises evenly, where a blur rises like a bell."""
    inverse = np.interp(np.arange(64), [28, 36], [0.25, 0.5]).astype(np.float32) * np.ones((48, 1), np.float32)
    np.testing.assert_array_equal(sharpen_edges(1 / inverse, two_sides(), 4), 1 / inverse)


def test_a_blurred_step_in_a_plain_picture_becomes_a_step_where_it_was():
    soft = 1 / gaussian_filter1d(1 / step(), 1.5, axis=1)
    sharp = sharpen_edges(soft, np.full((48, 64, 3), 0.5, np.float32), 4)
    assert np.abs(edge_column(sharp) - COLUMN).max() <= 1
    between = (sharp > 2.2) & (sharp < 3.6)
    assert not between.any()


@pytest.mark.parametrize("off_px", [-3, 3])
def test_the_step_follows_the_colour_edge_when_depth_is_off(off_px):
    soft = 1 / gaussian_filter1d(1 / step(column=COLUMN + off_px), 1.5, axis=1)
    sharp = sharpen_edges(soft, two_sides(), 6)
    assert np.abs(edge_column(soft) - COLUMN).min() >= 2
    assert np.median(np.abs(edge_column(sharp) - COLUMN)) == 0
    assert np.abs(edge_column(sharp) - COLUMN).max() <= 1


@pytest.mark.parametrize("slope", [0.3, 1.0, 1.5])
def test_a_plane_stays_as_it_is(slope):
    world = AnalyticWorld("wall", (Plane((-slope, 0.0, 1.0), 3.0),))
    rgbd = world.view(world.camera(96, 72))
    np.testing.assert_allclose(sharpen_edges(rgbd.depth, rgbd.image, 4), rgbd.depth, rtol=1e-5)


@pytest.mark.parametrize("make", [sphere_over_plane, pole_before_wall])
def test_a_sharp_step_stays_as_it_is(make):
    rgbd = make().view(make().camera(96, 72))
    np.testing.assert_array_equal(sharpen_edges(rgbd.depth, rgbd.image, 3), rgbd.depth)


@pytest.mark.parametrize("make", WORLDS)
def test_exact_depth_hardly_changes(make):
    """Where things stand on the floor a step begins from nothing, and a narrow face beside a step is much like a ramp;
    there a few pixels may be taken for soft."""
    rgbd = make().view(make().camera(128, 96))
    solid = ~rgbd.sky
    cleaned = sharpen_edges(smooth_within(rgbd.depth), rgbd.image, 2)
    np.testing.assert_array_equal(np.isinf(cleaned), rgbd.sky)
    change = np.abs(cleaned / np.where(solid, rgbd.depth, 1.0) - 1)[solid]
    assert np.quantile(change, 0.99) < 0.01
    assert (change > 0.05).mean() < (0.004 if make is box_room else 0.001)


@pytest.mark.parametrize("make", [sphere_over_plane, box_room])
def test_cleaning_noisy_depth_leaves_fewer_pixels_between_surfaces(make):
    """Edges smeared over some 4 px and 3 % of warp: of the pixels that were off by > 8 %, most are put right."""
    rgbd = make().view(make().camera(128, 96))
    noise = {"seed": 5, "scale_spread": 0.0}
    sharp_truth = NoisyDepth(**noise, edge_px=1e-3)(rgbd.depth)
    soft = NoisyDepth(**noise, edge_px=1.5)(rgbd.depth)
    cleaned = sharpen_edges(smooth_within(soft), rgbd.image, 4)
    before, after = ((np.abs(d / sharp_truth - 1) > 0.08).mean() for d in (soft, cleaned))
    assert before > 0.04
    assert after < 0.6 * before


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_smoothing_removes_quantisation_and_keeps_a_jump(scale):
    """Depth of a slanted wall in steps of 1 %, next to something twice as near."""
    true = scale * np.linspace(3.0, 3.6, 64, dtype=np.float32) * np.ones((48, 1), np.float32)
    stepped = np.exp(np.round(np.log(true) / 0.01) * 0.01).astype(np.float32)
    stepped[:, :20] = 0.5 * stepped[:, :20]
    true[:, :20] *= 0.5
    smooth = smooth_within(stepped)
    inner = np.r_[3:18, 23:61]
    jitter = [np.abs(np.diff(np.log(d[:, 23:61]), 2, axis=1)).mean() for d in (stepped, smooth)]
    assert jitter[1] < 0.2 * jitter[0]
    np.testing.assert_allclose(smooth[:, inner], true[:, inner], rtol=0.006)
    np.testing.assert_allclose(smooth[:, 19] / true[:, 19], 1.0, rtol=0.01)
    np.testing.assert_allclose(smooth[:, 20] / true[:, 20], 1.0, rtol=0.01)


def test_smoothing_leaves_sky_and_all_sky_alone():
    rgbd = ground_and_sky().view(ground_and_sky().camera(64, 48))
    np.testing.assert_array_equal(np.isinf(smooth_within(rgbd.depth)), rgbd.sky)
    sky = np.full((8, 8), np.inf, np.float32)
    np.testing.assert_array_equal(smooth_within(sky), sky)
    np.testing.assert_array_equal(sharpen_edges(sky, np.zeros((8, 8, 3), np.float32), 2), sky)


def test_a_blurred_edge_against_the_sky_becomes_sharp():
    depth = step(near=5.0, far=np.inf)
    inverse = gaussian_filter1d(1 / depth, 1.5, axis=1)
    soft = depth_from_inverse(inverse, inverse < 1e-3)
    sharp = sharpen_edges(soft, two_sides(), 4)
    np.testing.assert_allclose(sharp[:, :COLUMN], 5.0, rtol=0.03)
    assert (sharp[:, COLUMN:] > 50).all()


@pytest.mark.parametrize("width_px", [2, 4])
def test_a_thin_pole_survives_cleaning_and_lifting(width_px):
    world = pole_before_wall(width_px=width_px, image_width=128)
    rgbd, front = world.view(world.camera(128, 96)), world.foreground(world.camera(128, 96))
    cleaned = sharpen_edges(smooth_within(rgbd.depth), rgbd.image, 2)
    np.testing.assert_allclose(cleaned[front], 2.0, rtol=0.01)
    np.testing.assert_allclose(cleaned[~front], 4.0, rtol=0.01)
    assert not flying(cleaned).any()


def test_lone_pixels_between_surfaces_are_flying():
    depth = step()
    depth[:, COLUMN] = 2.8  # a column that hangs between the two
    np.testing.assert_array_equal(flying(depth), np.arange(64)[None] == np.full((48, 1), COLUMN))
    depth = step()
    depth[20, 50] = 1.0
    assert np.argwhere(flying(depth)).tolist() == [[20, 50]]


def test_smeared_edges_are_flying():
    rgbd = sphere_over_plane().view(sphere_over_plane().camera(96, 72))
    soft = NoisyDepth(seed=1, warp=1e-6, scale_spread=0.0)(rgbd.depth)
    hanging = (soft > 2.4) & (soft < 3.5)
    assert hanging.sum() > 100
    assert flying(soft)[hanging].mean() > 0.7
    assert flying(soft)[(soft < 2.1) | (soft > 3.95)].mean() < 0.02


@pytest.mark.parametrize("noise", [False, True])
def test_the_ground_flies_nowhere_up_to_its_horizon(noise):
    world = AnalyticWorld("ground", (Plane((0.0, 1.0, 0.0), 1.6),))
    depth = world.view(world.camera(128, 96)).depth
    if noise:
        depth = NoisyDepth(seed=4, edge_px=1e-3)(depth)
    rows = np.nonzero(flying(depth).any(axis=1))[0]
    assert set(rows) <= {48}  # the first row under the horizon, which has no like
    assert near_rim(depth).sum() <= 128


def test_noise_on_a_wall_neither_flies_nor_steps():
    rough = 3 * np.exp(0.02 * gaussian_filter(np.random.default_rng(1).normal(size=(48, 64)), 0.7)).astype(np.float32)
    assert not flying(rough).any()
    assert np.std(np.log(smooth_within(rough))) < 0.6 * np.std(np.log(rough))
