import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.geometry import together
from gen3d.geometry.fringe import Fringe, snap_rims_to_colour, unmix_fringe
from gen3d.geometry.place import shell_m_of
from gen3d.geometry.point_picture import render_points
from gen3d.geometry.points import concatenate, lift
from gen3d.values import RGBD
from tests.worlds import tilted_plane

EDGE = 20
"""Columns before it are near (2 m, red), from it on far (5 m, blue)."""
NEAR, FAR, SIMILAR = (np.array(c, np.float32) for c in ((0.8, 0.2, 0.1), (0.1, 0.3, 0.9), (0.82, 0.2, 0.1)))


def step(mixed: float, similar: bool = False, column: int = EDGE) -> RGBD:
    """A near and a far half; one column beside the edge holds `mixed` of the near side's colour."""
    far = SIMILAR if similar else FAR
    image = np.empty((24, 40, 3), np.float32)
    image[:, :EDGE], image[:, EDGE:] = NEAR, far
    image[:, column] = mixed * NEAR + (1 - mixed) * far
    depth = np.full((24, 40), 5.0, np.float32)
    depth[:, :EDGE] = 2.0
    return RGBD(image, depth, Camera.from_fov(55.0, 40, 24))


def settled(rgbd: RGBD) -> np.ndarray:
    return snap_rims_to_colour(rgbd.image, rgbd.depth)


@pytest.mark.parametrize("column", [EDGE - 1, EDGE])
@pytest.mark.parametrize("mixed", [0.3, 0.5, 0.7])
def test_a_mixed_pixel_is_taken_apart_on_either_side_of_the_edge(mixed, column):
    fringe = unmix_fringe(step(mixed, column=column))
    assert fringe.mixed[:, column].all() and not np.delete(fringe.mixed, column, axis=1).any()
    np.testing.assert_allclose(fringe.share[:, column], mixed, atol=1e-5)
    np.testing.assert_allclose(fringe.front.image[:, column], np.tile(NEAR, (24, 1)), atol=1e-5)
    np.testing.assert_allclose(fringe.back.image[:, column], np.tile(FAR, (24, 1)), atol=1e-5)
    np.testing.assert_allclose(fringe.front.depth[:, column], 2.0, rtol=1e-5)
    np.testing.assert_allclose(fringe.back.depth[:, column], 5.0, rtol=1e-5)


def over(fringe: Fringe) -> np.ndarray:
    share = fringe.share[..., None]
    return share * fringe.front.image + (1 - share) * fringe.back.image


def test_front_over_back_is_the_picture_whatever_its_texture():
    rgbd = step(0.4)
    noise = np.random.default_rng(0).uniform(-0.05, 0.05, rgbd.image.shape)
    rgbd = RGBD((rgbd.image + noise).astype(np.float32), rgbd.depth, rgbd.camera)
    fringe = unmix_fringe(rgbd)
    assert fringe.mixed[:, EDGE].mean() > 0.9
    np.testing.assert_allclose(over(fringe), rgbd.image, atol=1e-5)


@pytest.mark.parametrize(("mixed", "similar"), [(0.02, False), (0.98, False), (0.5, True)])
def test_what_is_of_one_side_or_undecidable_stays_whole(mixed, similar):
    rgbd = step(mixed, similar)
    fringe = unmix_fringe(rgbd)
    assert not fringe.mixed.any()
    np.testing.assert_array_equal(fringe.back.image, rgbd.image)
    np.testing.assert_array_equal(fringe.back.depth, rgbd.depth)


def test_a_colour_of_its_own_is_no_mixture():
    rgbd = step(0.5)
    rgbd.image[:, EDGE] = (0.1, 0.9, 0.1)
    assert not unmix_fringe(rgbd).mixed.any()


def test_aside_neither_surface_carries_the_colour_of_the_other():
    rgbd = step(0.5)
    fringe, shell_m = unmix_fringe(rgbd), shell_m_of(rgbd.depth)
    every = np.ones(rgbd.depth.shape, bool)
    whole = lift(rgbd, every, 0, shell_m)
    apart = concatenate(
        lift(fringe.back, every, 0, shell_m), lift(fringe.front, fringe.mixed, 3, shell_m, fringe.share)
    )
    aside = rgbd.camera.posed(np.array([[1, 0, 0, 0.3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]))

    def tint(points):  # how far the far half's seen colours are from its own, at the most
        drawn = render_points(points, aside)
        return np.abs(drawn.image - FAR)[drawn.depth > 4].max()

    assert tint(whole) > 0.2 and tint(apart) < 0.01
    from_photo = render_points(apart, rgbd.camera)
    np.testing.assert_allclose(from_photo.image, rgbd.image, atol=0.02)


def test_a_rim_pixel_of_the_near_colour_joins_the_near_side():
    rgbd = step(0.9)
    depth = settled(rgbd)
    np.testing.assert_allclose(depth[:, EDGE], 2.0, rtol=1e-6)
    np.testing.assert_array_equal(np.delete(depth, EDGE, axis=1), np.delete(rgbd.depth, EDGE, axis=1))


def test_a_rim_pixel_of_the_far_colour_joins_the_far_side():
    rgbd = step(0.0, column=EDGE - 1)
    depth = settled(rgbd)
    np.testing.assert_allclose(depth[:, EDGE - 1], 5.0, rtol=1e-6)
    np.testing.assert_array_equal(np.delete(depth, EDGE - 1, axis=1), np.delete(rgbd.depth, EDGE - 1, axis=1))


@pytest.mark.parametrize(("mixed", "similar"), [(0.1, False), (0.4, False), (1.0, True)])
def test_other_rims_stay_where_they_are(mixed, similar):
    rgbd = step(mixed, similar)
    np.testing.assert_array_equal(settled(rgbd), rgbd.depth)


def test_small_steps_are_settled_too():
    rgbd = step(1.0)
    rgbd.depth[:, EDGE:] = 2.08
    np.testing.assert_allclose(settled(rgbd)[:, EDGE], 2.0, rtol=1e-6)


def test_the_sky_beside_a_thing_is_settled_and_taken_apart_too():
    rgbd = step(1.0)
    rgbd.depth[:, EDGE:] = np.inf
    depth = settled(rgbd)
    np.testing.assert_allclose(depth[:, EDGE], 2.0, rtol=1e-6)
    assert np.isinf(depth[:, EDGE + 1 :]).all()
    mixed = step(0.4)
    mixed.depth[:, EDGE:] = np.inf
    fringe = unmix_fringe(mixed)
    assert np.isinf(fringe.back.depth[:, EDGE]).all()
    np.testing.assert_allclose(fringe.front.depth[:, EDGE], 2.0, rtol=1e-5)


def test_a_plane_has_no_rims():
    view = tilted_plane().view(tilted_plane().camera(64, 48))
    np.testing.assert_array_equal(settled(view), view.depth)
    assert not unmix_fringe(view).mixed.any()


def test_bands_of_rows_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    rgbd = step(0.4)
    rgbd = RGBD((rgbd.image + rng.uniform(-0.05, 0.05, rgbd.image.shape)).astype(np.float32), rgbd.depth, rgbd.camera)
    whole = unmix_fringe(rgbd)
    monkeypatch.setattr(together, "BAND", 5)
    banded = unmix_fringe(rgbd)
    assert whole.mixed.any()
    for found, wanted in ((banded.share, whole.share), (banded.front.image, whole.front.image),
                          (banded.back.depth, whole.back.depth)):  # fmt: skip
        np.testing.assert_array_equal(found, wanted)
