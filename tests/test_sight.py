"""What a sight makes of cracks between points."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from gen3d.geometry.sight import _nearest


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_pixel_of_a_region_is_that_of_the_distance_transform(share, seed):
    draw = np.random.default_rng(seed)
    region = draw.random((23, 31)) < share
    region[draw.integers(23), draw.integers(31)] = True
    rows, columns = (np.ascontiguousarray(a) for a in np.nonzero(draw.random((23, 31)) < 0.4))
    found = _nearest(region, rows, columns)
    wanted = distance_transform_edt(~region, return_distances=False, return_indices=True)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b[rows, columns])
