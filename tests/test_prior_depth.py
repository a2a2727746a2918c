"""The guess at depth without a network: what must hold whatever it scores."""

import cv2
import numpy as np
import pytest

from gen3d.models.builtin.prior_depth import MEDIAN_M, guess_depth

H, W, HORIZON = 120, 160, 48


def landscape(seed: int = 0) -> np.ndarray:
    """A blue sky over dark, textured ground."""
    rng = np.random.default_rng(seed)
    image = np.empty((H, W, 3), np.float32)
    image[:HORIZON] = np.linspace((0.45, 0.65, 0.95), (0.75, 0.85, 0.97), HORIZON)[:, None]
    image[HORIZON:] = (0.30, 0.26, 0.15) + 0.12 * rng.standard_normal((H - HORIZON, W, 1))
    return np.clip(image, 0, 1).astype(np.float32)


def room_corner() -> np.ndarray:
    """A pale left wall and ceiling that meet in a line falling to the right, down to a corner."""
    image = np.full((240, 320, 3), (0.62, 0.60, 0.57), np.float32)
    cv2.fillPoly(image, [np.array([(0, 0), (319, 0), (319, 30), (200, 80)])], (0.85, 0.83, 0.80))
    cv2.fillPoly(image, [np.array([(200, 80), (319, 30), (319, 239), (200, 239)])], (0.5, 0.48, 0.46))
    return image


def test_blue_smooth_and_on_top_is_sky_and_the_ground_is_not():
    sky = np.isinf(guess_depth(landscape()))
    assert sky[: HORIZON - 6].mean() > 0.98
    assert sky[HORIZON + 6 :].mean() < 0.01


def test_the_ground_is_nearer_at_the_bottom():
    depth = guess_depth(landscape())
    rows = [np.median(depth[y : y + 8]) for y in (HORIZON + 8, HORIZON + 28, HORIZON + 48, H - 8)]
    assert np.all(np.diff(rows) < 0)
    assert rows[0] > 1.5 * rows[-1]


def test_depth_is_positive_in_metres_and_the_same_each_time():
    image = landscape(3)
    depth = guess_depth(image)
    assert depth.shape == (H, W) and depth.dtype == np.float32
    assert (depth > 0).all() and not np.isnan(depth).any()
    assert np.median(depth[np.isfinite(depth)]) == pytest.approx(MEDIAN_M, rel=0.2)
    np.testing.assert_array_equal(depth, guess_depth(image.copy()))


@pytest.mark.parametrize("tint", [(0.5, 0.5, 0.5), (1, 1, 1), (0, 0, 0), (0.4, 0.6, 0.95)])
@pytest.mark.parametrize("shape", [(90, 120), (33, 17)])
def test_an_empty_picture_has_finite_depth(tint, shape):
    depth = guess_depth(np.full((*shape, 3), tint, np.float32))
    assert depth.shape == shape
    assert np.isfinite(depth).all() and (depth > 0).all()


def test_a_white_ceiling_is_not_sky():
    image = np.full((H, W, 3), (0.45, 0.42, 0.40), np.float32)
    image[: H // 3] = (0.93, 0.92, 0.90)
    assert np.isfinite(guess_depth(image)).all()


def test_a_thing_with_its_own_colour_stands_upright_before_what_is_above_its_foot():
    image = landscape()
    image[60:110, 70:90] = (0.8, 0.1, 0.1)
    depth = guess_depth(image)
    thing, beside = depth[66:76, 74:86], np.r_[depth[66:76, 40:60], depth[66:76, 100:120]]
    assert np.median(thing) < 0.9 * np.median(beside)
    foot, head = np.median(depth[100:106, 74:86]), np.median(thing)
    plain = guess_depth(landscape())
    assert head / foot < 0.9 * np.median(plain[66:76, 74:86]) / np.median(plain[100:106, 74:86])


def test_a_wall_comes_nearer_where_its_ceiling_edge_climbs():
    depth = guess_depth(room_corner())
    left, middle, corner = (np.median(depth[90:130, x : x + 10]) for x in (10, 100, 190))
    assert left < middle < corner
    assert corner > 1.3 * left


def test_depth_steps_follow_the_colour_edge_to_the_pixel():
    image = landscape()
    sky = np.isinf(guess_depth(cv2.resize(image, (4 * W, 4 * H), interpolation=cv2.INTER_NEAREST)))
    rows = sky.sum(axis=0)
    assert abs(np.median(rows) - 4 * HORIZON) <= 2
