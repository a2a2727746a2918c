import numpy as np
import pytest

from gen3d.geometry.rim import foreign_share, settle_rims
from tests.worlds import tilted_plane

EDGE = 20
"""Columns before it are near (2 m, red), from it on far (5 m, blue)."""


def step(mixed: float, similar: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A near and a far half; the first far column holds `mixed` of the near side's colour."""
    near, far = np.array([0.8, 0.2, 0.1]), np.array([0.82, 0.2, 0.1] if similar else [0.1, 0.3, 0.9])
    image = np.empty((24, 40, 3), np.float32)
    image[:, :EDGE], image[:, EDGE:] = near, far
    image[:, EDGE] = mixed * near + (1 - mixed) * far
    depth = np.full((24, 40), 5.0, np.float32)
    depth[:, :EDGE] = 2.0
    return image, depth


@pytest.mark.parametrize("mixed", [0.0, 0.3, 0.7, 1.0])
def test_the_share_of_a_mixed_rim_is_found(mixed):
    share = foreign_share(*step(mixed))
    np.testing.assert_allclose(share[:, EDGE], mixed, atol=1e-5)
    assert (np.delete(share, EDGE, axis=1) == 0).all()


def test_a_rim_pixel_of_the_near_colour_joins_the_near_side():
    image, depth = step(0.9)
    settled = settle_rims(image, depth)
    np.testing.assert_allclose(settled[:, EDGE], 2.0, rtol=1e-6)
    np.testing.assert_array_equal(np.delete(settled, EDGE, axis=1), np.delete(depth, EDGE, axis=1))


@pytest.mark.parametrize(("mixed", "similar"), [(0.1, False), (0.4, False), (1.0, True)])
def test_other_rims_stay_where_they_are(mixed, similar):
    image, depth = step(mixed, similar)
    np.testing.assert_array_equal(settle_rims(image, depth), depth)


def test_the_sky_beside_a_thing_is_settled_too():
    image, depth = step(1.0)
    depth[:, EDGE:] = np.inf
    settled = settle_rims(image, depth)
    np.testing.assert_allclose(settled[:, EDGE], 2.0, rtol=1e-6)
    assert np.isinf(settled[:, EDGE + 1 :]).all()


def test_a_plane_has_no_rims_to_settle():
    view = tilted_plane().view(tilted_plane().camera(64, 48))
    np.testing.assert_array_equal(settle_rims(view.image, view.depth), view.depth)
