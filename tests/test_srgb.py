"""The curve of sRGB at places that its standard names."""

import numpy as np

from gen3d.srgb import from_light, to_light


def test_known_values_and_both_ways():
    np.testing.assert_allclose(to_light(np.array([0.0, 0.04045, 0.5, 1.0])), [0, 0.0031308, 0.2140411, 1], atol=1e-7)
    every = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(from_light(to_light(every)), every, atol=3e-5)
    assert from_light(every.astype(np.float32)).dtype == np.float32
