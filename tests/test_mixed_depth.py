"""The builtin engine's depth as it is shipped: its file, a picture with a known answer, its mean, its fallback."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from gen3d.formats.depth_file import read_depth
from gen3d.formats.picture import read_photo
from gen3d.models.base import DepthEstimator
from gen3d.models.builtin.bundle import builtin_models
from gen3d.models.builtin.mixed_depth import GUESSED, SHA256, WEIGHTS, MixedDepth, hanging_sky, mixed
from gen3d.models.builtin.prior_depth import MEDIAN_M, guess_depth
from gen3d.models.builtin.sky_tips import tips_in_sky, with_nearest
from training.export import LARGEST
from training.measures import figures, overlap

EXAMPLES = Path(__file__).parents[1] / "examples"


def street() -> np.ndarray:
    """Something to look at: a grey road, a blue sky, a red post."""
    v, u = np.mgrid[:192, :256] / np.array([192, 256])[:, None, None]
    grain = np.random.default_rng(0).normal(0, 0.02, (192, 256, 1))
    picture = np.where(v[..., None] < 0.5, (0.5, 0.7, 0.95), (0.45, 0.44, 0.42)) + grain
    picture[(abs(u - 0.5) < 0.06) & (v > 0.15) & (v < 0.85)] = (0.75, 0.15, 0.1)
    return np.clip(picture, 0, 1).astype(np.float32)


def test_the_file_is_the_one_that_is_meant_and_no_larger_than_promised():
    held = WEIGHTS.read_bytes()
    assert hashlib.sha256(held).hexdigest() == SHA256 and len(held) <= LARGEST


@pytest.mark.parametrize(
    ("name", "file", "error", "order"), [("room", "depth.png", 0.13, 0.115), ("terrace", "depth.npz", 0.29, 0.095)]
)
def test_the_examples_are_seen_as_they_are_and_better_than_they_are_guessed(name, file, error, order):
    picture = read_photo(EXAMPLES / name / "rgb.jpg", 384).image
    size = picture.shape[1::-1]
    truth = cv2.resize(read_depth(EXAMPLES / name / file), size, interpolation=cv2.INTER_NEAREST)
    estimate = builtin_models().depth.estimate(picture)
    found, guessed = (figures(1 / depth.ravel(), 1 / truth.ravel()) for depth in (estimate.depth, guess_depth(picture)))
    assert found.error < min(error, guessed.error) and found.order < min(order, guessed.order)
    sky = np.isinf(estimate.depth), np.isinf(truth)
    assert overlap(*sky) > 0.95
    assert np.median(estimate.depth[~sky[0]]) == pytest.approx(MEDIAN_M, rel=0.02)
    assert estimate.rough and "network of our own" in estimate.told


def test_it_plays_its_role_and_the_same_picture_gives_the_same_bytes():
    engine, picture = MixedDepth(), street()[::2, ::2]
    assert isinstance(engine, DepthEstimator)
    assert engine.estimate(picture).depth.tobytes() == engine.estimate(picture.copy()).depth.tobytes()


def test_depth_that_is_expected_is_returned_as_it_is():
    expected = np.full((96, 128), 2.5, np.float32)
    assert MixedDepth().estimate(street()[::2, ::2], None, expected).depth is expected


def test_a_damaged_file_leaves_the_guess_alone_and_is_told(tmp_path):
    file = tmp_path / "depthnet.safetensors"
    file.write_bytes(WEIGHTS.read_bytes()[:-1])
    estimate = MixedDepth(file).estimate(street())
    assert np.array_equal(estimate.depth, guess_depth(street()))
    assert "damaged" in estimate.told and GUESSED in estimate.told and estimate.rough


def test_the_mean_is_of_inverse_depths_on_one_scale():
    v = np.linspace(0.1, 1, 64, dtype=np.float32)[:, None].repeat(48, 1)
    sky = np.zeros(v.shape, bool)
    sky[:10] = True
    same = mixed(v, sky, 7 / v)  # the same surface, in other units
    assert np.isinf(same[:10]).all()
    ratio = same[10:] * v[10:]
    assert np.allclose(ratio, ratio[0, 0], rtol=1e-4)
    assert np.isinf(mixed(v, np.ones(v.shape, bool), 1 / v)).all()


def test_steps_that_the_network_sees_stay_where_the_guess_sees_none():
    """A thing halfway before its surroundings; the mean of both pixel by pixel had half of the step."""
    v = np.linspace(0.5, 1, 120, dtype=np.float32)[:, None].repeat(160, 1)
    seen = v.copy()
    seen[40:90, 70:80] *= 1.5
    depth = mixed(seen, np.zeros(v.shape, bool), 1 / v)
    assert depth[60, 65] / depth[60, 75] == pytest.approx(1.5, rel=0.05)


def test_a_spire_too_thin_for_the_grid_is_no_sky_and_a_cloud_is():
    v, u = np.mgrid[:120, :160].astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 0.02, (120, 160, 1))
    image = np.dstack([0.5 + v / 600, 0.65 + v / 600, 0.9 + 0 * v]) + grain
    spire, house = (abs(u - 80) < 2) & (v > 50) & (v < 80), v >= 80
    cloud = ((u - 30) / 22) ** 2 + ((v - 70) / 16) ** 2 < 1
    image[spire | house], image[cloud & ~house] = (0.5, 0.25, 0.1), (0.97, 0.97, 0.97)
    tips = tips_in_sky(~house, image.astype(np.float32))
    assert (tips & spire).sum() > 0.95 * spire.sum() and (tips & ~spire).sum() < 0.1 * spire.sum()
    near = with_nearest(np.where(house, v, 0), tips, house)
    assert (near[tips] == 80).all() and (near[~tips & ~house] == 0).all()
    assert not tips_in_sky(np.ones((120, 160), bool), image.astype(np.float32)).any()


def test_sky_hangs_from_the_top():
    sky = np.zeros((100, 80), bool)
    sky[:30], sky[50:60, 20:30], sky[2:40, 70:75] = True, True, True
    assert hanging_sky(sky)[:30].all() and not hanging_sky(sky)[45:].any()
    assert not hanging_sky(np.pad(np.ones((10, 10), bool), 20)).any()


def test_a_small_patch_at_the_top_is_no_sky():
    """On a pale ceiling: it was a hole in the ceiling, as far as the horizon."""
    sky = np.zeros((100, 100), bool)
    sky[:10, :20] = True
    assert not hanging_sky(sky).any()
