import numpy as np
import pytest
from scipy.sparse import lil_array
from scipy.sparse.linalg import spsolve

from gen3d.geometry.membrane import solve_membrane


def dense(value, free, wall=None, slope=None, pull=0.0):
    """The same minimisation, written down as normal equations and solved by scipy.

    Where both are walked over, a neighbour in a wall does not count; each pair of neighbours differs by the mean of
    their slopes.
    """
    h, w = value.shape
    wall = np.zeros((h, w), bool) if wall is None else wall & ~free
    gx, gy = slope if slope is not None else (np.zeros((h, w)), np.zeros((h, w)))
    number = {(int(y), int(x)): i for i, (y, x) in enumerate(np.argwhere(free))}
    A, b = lil_array((len(number), len(number))), np.zeros(len(number))
    for (y, x), i in number.items():
        A[i, i] += pull
        for dy, dx, g in ((0, 1, gx), (0, -1, gx), (1, 0, gy), (-1, 0, gy)):
            v, u = y + dy, x + dx
            if not (0 <= v < h and 0 <= u < w) or wall[v, u]:
                continue
            A[i, i] += 1
            b[i] -= (dy + dx) * 0.5 * (g[y, x] + g[v, u])
            if free[v, u]:
                A[i, number[v, u]] -= 1
            else:
                b[i] += value[v, u]
    solved = value.astype(np.float64).copy()
    solved[free] = spsolve(A.tocsc(), b)
    return solved


def random_case(seed, h=18, w=23):
    rng = np.random.default_rng(seed)
    value = rng.uniform(-1, 1, (h, w))
    free = rng.random((h, w)) < 0.8
    free[4:12, 5:18] = True
    return value, free, rng


@pytest.mark.parametrize("size", [(9, 7), (18, 23), (31, 26)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_hole_is_filled_with_the_harmonic_solution(size, seed):
    value, free, _ = random_case(seed, *size)
    free[0] = free[:, 0] = False
    np.testing.assert_allclose(solve_membrane(value, free), dense(value, free), atol=0.01)


def test_a_large_hole_is_filled_as_well_as_a_small_one():
    """One held frame around a hole wide enough for several levels of the pyramid."""
    y, x = np.mgrid[:48, :40] / 40.0
    value = np.sin(3 * x) * np.cosh(3 * y) + x  # harmonic in the plane
    free = np.zeros((48, 40), bool)
    free[1:-1, 1:-1] = True
    solved = solve_membrane(np.where(free, 99.0, value), free)
    np.testing.assert_allclose(solved, dense(value, free), atol=2e-3 * np.ptp(value))
    np.testing.assert_allclose(solved, value, atol=5e-3 * np.ptp(value))


def test_held_pixels_come_back_untouched_and_free_ones_do_not_matter():
    value, free, _ = random_case(3)
    solved = solve_membrane(value, free)
    np.testing.assert_array_equal(solved[~free], value[~free])
    np.testing.assert_array_equal(solve_membrane(np.where(free, 1e6, value), free), solved)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_linear_data_is_continued_linearly_between_two_sides(dtype):
    value = np.linspace(2, 5, 60, dtype=dtype) * np.ones((40, 1), dtype)
    free = np.zeros((40, 60), bool)
    free[:, 8:50] = True
    solved = solve_membrane(np.where(free, 0, value).astype(dtype), free)
    assert solved.dtype == dtype
    np.testing.assert_allclose(solved, value, atol=0.01)


def test_slopes_are_integrated():
    """Held on the left only: the rest follows from the slopes alone."""
    y, x = np.mgrid[:40, :56].astype(np.float64)
    truth = 0.3 * x - 0.1 * y + 0.002 * x * x
    free = np.zeros((40, 56), bool)
    free[:, 10:] = True
    slope = (0.3 + 0.004 * x, np.full_like(x, -0.1))
    solved = solve_membrane(np.where(free, 0, truth), free, slope=slope)
    np.testing.assert_allclose(solved, truth, atol=0.02 * np.ptp(truth))


@pytest.mark.parametrize("seed", [0, 1])
def test_slopes_walls_and_pull_agree_with_the_dense_solution(seed):
    value, free, rng = random_case(seed)
    wall = rng.random(value.shape) < 0.1
    slope = tuple(rng.normal(0, 0.1, (2, *value.shape)))
    for pull in (0.0, 0.02):
        solved = solve_membrane(value, free, wall, slope, pull)
        truth = dense(value, free, wall, slope, pull)
        np.testing.assert_allclose(solved[free], truth[free], atol=0.01)


@pytest.mark.parametrize("pull", [0.0, 1e-3])
def test_a_large_hole_with_thin_walls_is_solved_as_well(pull):
    """Walls of one pixel, with gaps: grids of half the size see through neither."""
    rng = np.random.default_rng(5)
    free = np.ones((90, 130), bool)
    free[0] = free[20:30, 40:43] = False
    wall = np.zeros_like(free)
    wall[::17], wall[:, ::29], wall[rng.random(wall.shape) < 0.2] = True, True, False
    free &= ~wall
    value = np.where(free, 99.0, np.linspace(-1, 1, 130))
    slope = tuple(rng.normal(0, 0.02, (2, *value.shape)))
    truth = dense(value, free, wall, slope, pull)
    np.testing.assert_allclose(
        solve_membrane(value, free, wall, slope, pull)[free], truth[free], atol=0.03 * np.ptp(truth[free])
    )


def test_nothing_flows_through_a_wall():
    """A wall from top to bottom parts a hole: each half takes the value of its own side."""
    value = np.zeros((32, 50))
    value[:, 0], value[:, -1] = 1.0, 5.0
    wall = np.zeros((32, 50), bool)
    wall[:, 24] = True
    value[wall] = 1e3
    free = np.zeros((32, 50), bool)
    free[:, 1:-1] = True
    free &= ~wall
    solved = solve_membrane(value, free, wall)
    np.testing.assert_allclose(solved[:, 1:24], 1.0, atol=0.02)
    np.testing.assert_allclose(solved[:, 25:-1], 5.0, atol=0.02)


def test_free_pixels_that_nothing_reaches_are_finite_and_zero_where_nothing_is_held():
    wall = np.zeros((20, 20), bool)
    wall[:, 10] = True
    free = ~wall
    free[:, 0] = False
    solved = solve_membrane(np.where(free, 0.0, 3.0), free, wall)
    np.testing.assert_allclose(solved[:, 1:10], 3.0, atol=0.02)
    assert (np.abs(solved[:, 11:]) <= 3.02).all()
    np.testing.assert_array_equal(solve_membrane(np.ones((5, 5)), np.ones((5, 5), bool)), 0.0)


@pytest.mark.parametrize("reach_px", [4.0, 8.0])
def test_pull_lets_a_value_decay_over_its_reach(reach_px):
    value = np.zeros((24, 64))
    value[:, 0] = 1.0
    free = np.ones((24, 64), bool)
    free[:, 0] = False
    solved = solve_membrane(value, free, pull=1 / reach_px**2)
    x = np.arange(64)
    np.testing.assert_allclose(solved[12, :40], np.exp(-x / reach_px)[:40], atol=0.03)


def test_shapes_that_differ_are_refused():
    with pytest.raises((ValueError, TypeError)):
        solve_membrane(np.zeros((4, 5)), np.zeros((5, 4), bool))
