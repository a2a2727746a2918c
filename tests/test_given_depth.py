"""What the numbers of a depth map mean: ordinary metric maps pass without a word, whatever file they are in."""

import cv2
import numpy as np
import pytest

from gen3d.formats.depth_file import StoredDepth, read_stored, write_depth, write_depth_exr, write_depth_png
from gen3d.source.given_depth import meant, settle_far
from tests.test_cases import CASES
from tests.worlds import WORLDS, AnalyticWorld, Box, Plane, Sphere, box_room, ground_and_sky, pole_before_wall

ROOT = CASES.parents[2]


def street() -> AnalyticWorld:
    """A road between two rows of houses, cars on it, sky above; the last house 150 m away."""
    houses = tuple(
        Box((x - 1, -8.0 - i % 3, 4 + 12 * i), (x + 1, 1.6, 14 + 12 * i)) for i in range(12) for x in (-6.0, 6.0)
    )
    cars = (Box((-2.5, 0.2, 6.0), (-0.8, 1.6, 10.0)), Box((1.0, 0.1, 20.0), (2.8, 1.6, 24.0)))
    return AnalyticWorld("street", (Plane((0.0, 1.0, 0.0), 1.6), *houses), cars)


def before_a_far_wall(metres: float) -> AnalyticWorld:
    """A ball near by before a plane wall, all of which has the very same depth."""
    return AnalyticWorld("far wall", (Plane((0.0, 0.0, 1.0), metres),), (Sphere((0.1, 0.0, 1.0), 0.3),))


def hall() -> AnalyticWorld:
    """A long hall whose far wall is a constant, its ceiling and floor lead up to it."""
    return AnalyticWorld("hall", (Box((-4.0, -3.0, -1.0), (4.0, 1.6, 60.0)),))


def drone() -> AnalyticWorld:
    """Straight down from 60 m."""
    return AnalyticWorld("drone", (Plane((0.0, 0.0, 1.0), 60.0),), (Box((-9.0, -9.0, 48.0), (4.0, 4.0, 60.0)),))


ORDINARY = {
    "tilted plane": WORLDS[0](), "sphere over plane": WORLDS[1](), "room": box_room(), "small room": box_room(0.1),
    "pole": pole_before_wall(), "plain": ground_and_sky(), "street": street(), "hall": hall(), "drone": drone(),
    "table": box_room(0.3), "wall at 4 m": before_a_far_wall(4.0), "wall at 12 m": before_a_far_wall(12.0),
    "wall at 40 m": before_a_far_wall(40.0), "large room": box_room(8.0),
}  # fmt: skip


def told(path, scale=None) -> tuple[str, ...]:
    given = meant(read_stored(path), scale, "auto")
    return (*given.told, *filter(None, [settle_far(given, given.depth)[1]]))


@pytest.fixture(params=ORDINARY)
def metres(request) -> np.ndarray:
    world = ORDINARY[request.param]
    return world.view(world.camera(160, 120)).depth


def test_an_ordinary_map_passes_without_a_word(tmp_path, metres):
    write_depth(tmp_path / "a.npy", metres)
    write_depth_exr(tmp_path / "a.exr", metres)
    np.save(tmp_path / "half.npy", metres.astype(np.float16))
    assert [told(path) for path in sorted(tmp_path.iterdir())] == [(), (), ()]
    if np.isfinite(metres).all() and metres.max() < 65:
        write_depth_png(tmp_path / "a.png", metres)
        assert told(tmp_path / "a.png") == ()


def test_a_map_of_a_laser_that_knows_one_pixel_in_twenty_passes_without_a_word(tmp_path):
    """As of KITTI: 256 units per metre, 0 unknown, to 80 m."""
    world = street()
    depth = world.view(world.camera(320, 120)).depth
    seen = (np.random.default_rng(0).random(depth.shape) < 0.05) & (depth < 80)
    cv2.imwrite(str(tmp_path / "a.png"), np.where(seen, depth * 256, 0).astype(np.uint16))
    assert told(tmp_path / "a.png", 256.0) == ()


def test_noise_holes_and_clipping_are_ordinary(tmp_path):
    depth = box_room().view(box_room().camera(160, 120)).depth
    chance = np.random.default_rng(0)
    depth = depth * (1 + 0.01 * chance.standard_normal(depth.shape))
    depth[chance.random(depth.shape) < 0.2] = 0
    write_depth_png(tmp_path / "a.png", depth.astype(np.float32))
    write_depth_png(tmp_path / "clipped.png", np.minimum(depth, 4.5).astype(np.float32))
    assert told(tmp_path / "a.png") == told(tmp_path / "clipped.png") == ()


@pytest.mark.parametrize("example", ["room/depth.png", "terrace/depth.npz"])
def test_the_examples_pass_without_a_word(example):
    assert told(ROOT / "examples" / example) == ()


def test_a_map_with_unknown_pixels_and_a_mark_is_not_taken_for_a_relative_one(tmp_path):
    """0 is unknown and 65535 sky, so that it goes from end to end of its type."""
    depth = np.rint(street().view(street().camera(160, 120)).depth.clip(0, 60) * 1000)
    depth[:30] = 65535
    depth[-10:, :20] = 0
    cv2.imwrite(str(tmp_path / "a.png"), depth.astype(np.uint16))
    given = meant(read_stored(tmp_path / "a.png"), None, "auto")
    assert given.told == () and given.far_m == pytest.approx(65.535)
    assert given.depth[60, 80] == pytest.approx(depth[60, 80] / 1000)


def test_a_scale_of_an_inverse_map_gives_metres():
    inverse = StoredDepth((1000 / np.linspace(2, 8, 600).reshape(20, 30)).astype(np.uint16), "a")
    given = meant(inverse, 1000.0, "inverse")
    np.testing.assert_allclose(given.depth.ravel(), np.linspace(2, 8, 600), rtol=0.02)
    assert given.told == ()


def test_the_farthest_of_a_relative_map_is_ten_times_as_far_as_the_nearest():
    given = meant(StoredDepth(np.linspace(0, 65535, 5000).astype(np.uint16).reshape(50, 100), "a"), None, "auto")
    assert given.depth.max() / given.depth.min() == pytest.approx(10, rel=1e-3)
    assert np.median(given.depth) == pytest.approx(3, rel=1e-3)


@pytest.mark.parametrize("far", [10000.0, 500000.0])
def test_a_mark_on_most_of_the_pixels_does_not_count_for_the_median(far):
    depth = box_room().view(box_room().camera(160, 120)).depth
    depth[:80] = far
    given = meant(StoredDepth(depth, "a"), None, "auto")
    assert given.told == () and given.far_m == far
    assert np.isnan(settle_far(given, given.depth)[0][:80]).all()
