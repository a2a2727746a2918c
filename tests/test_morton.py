"""The curve's codes are the coordinates' bits in turns."""

import numpy as np
import pytest

from gen3d.splat.morton import morton_codes


@pytest.mark.parametrize("bits", [1, 10, 21])
def test_a_code_holds_the_bits_of_z_y_and_x_in_turns(bits):
    cells = np.random.default_rng(0).integers(0, 2**bits, (50, 3))
    in_turns = ["".join(f"{z >> b & 1}{y >> b & 1}{x >> b & 1}" for b in reversed(range(bits))) for x, y, z in cells]
    np.testing.assert_array_equal(morton_codes(cells, bits), [int(code, 2) for code in in_turns])


def test_the_eight_cells_of_a_cube_come_in_the_order_of_a_z():
    cells = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
    np.testing.assert_array_equal(morton_codes(cells, 1), np.arange(8))
