import cv2
import numpy as np
import pytest

from gen3d.models.networks.paste import BLEND_PX, paste

H, W = 72, 96
Y, X = np.mgrid[:H, :W].astype(np.float32)
SCENE = np.stack([0.3 + 0.3 * X / W, 0.5 + 0.1 * np.sin(X / 9), 0.4 + 0.2 * Y / H], axis=-1).astype(np.float32)
HOLE = (Y - 36) ** 2 + (X - 50) ** 2 < 24**2
INSIDE = cv2.distanceTransform(HOLE.astype(np.uint8), cv2.DIST_L2, 5)


def test_known_pixels_are_returned_bit_for_bit() -> None:
    noise = np.random.default_rng(1).random((H, W, 3), dtype=np.float32)
    filled = paste(SCENE, noise, HOLE, ~HOLE, ~HOLE, at_rim=noise[::-1].copy())
    np.testing.assert_array_equal(filled[~HOLE], SCENE[~HOLE])
    assert (filled[HOLE] != SCENE[HOLE]).mean() > 0.9


def test_a_known_shift_of_colour_is_taken_off() -> None:
    shifted = SCENE + np.float32([0.08, -0.05, 0.03])
    filled = paste(SCENE, shifted, HOLE, ~HOLE, ~HOLE)
    np.testing.assert_allclose(filled, SCENE, atol=2e-3)


def test_a_shift_that_varies_over_the_picture_is_followed() -> None:
    shifted = SCENE + (0.1 * X / W)[..., None]
    assert np.abs(paste(SCENE, shifted, HOLE, ~HOLE, ~HOLE) - SCENE).max() < 0.02 < np.abs(shifted - SCENE)[HOLE].max()


def test_no_seam_shows_where_detail_does_not_meet() -> None:
    other = (SCENE + 0.2 * np.sign(np.sin(X / 3))[..., None]).astype(np.float32)  # stripes that end at the rim
    filled = paste(SCENE, other, HOLE, ~HOLE, ~HOLE)
    rim = (INSIDE > 0) & (INSIDE < 1.2)
    deep = INSIDE > BLEND_PX + 1
    seam, before = (np.quantile(np.abs(p - SCENE)[rim], 0.9) for p in (filled, other))  # stripes start anywhere
    assert seam < 0.03 < 0.19 < before
    np.testing.assert_allclose(filled[deep].std(axis=0), other[deep].std(axis=0), rtol=0.02)


def test_the_picture_that_meets_the_rim_hands_over_to_the_drawn_one() -> None:
    red, blue = np.zeros_like(SCENE), np.zeros_like(SCENE)
    red[..., 0], blue[..., 2] = 1, 1
    at_rim = red.copy()
    at_rim[INSIDE > 1.5, 1] = 0.8  # green, so that it is told from what the rim itself spreads
    filled = paste(red, blue, HOLE, ~HOLE, np.zeros_like(HOLE), at_rim)
    assert filled[(INSIDE > 0) & (INSIDE < 1.2), 0].min() > 0.95
    assert filled[(INSIDE > 1.5) & (INSIDE < 3), 1].min() > 0.5
    assert (filled[INSIDE > BLEND_PX + 1.5] == [0, 0, 1]).all()


def test_pixels_that_may_not_lend_give_no_colour() -> None:
    image = SCENE.copy()
    alien = (X > 76) & ~HOLE
    image[alien] = 1.0
    filled = paste(image, SCENE, HOLE, ~HOLE & ~alien, ~HOLE & ~alien)
    np.testing.assert_allclose(filled[HOLE], SCENE[HOLE], atol=1e-3)
    np.testing.assert_array_equal(filled[alien], 1.0)


@pytest.mark.parametrize("hole", [np.ones((H, W), bool), np.zeros((H, W), bool)], ids=["all", "nothing"])
def test_a_hole_that_is_all_or_nothing(hole: np.ndarray) -> None:
    drawn = SCENE[::-1].copy()
    np.testing.assert_array_equal(paste(SCENE, drawn, hole, ~hole, ~hole), drawn if hole.all() else SCENE)
