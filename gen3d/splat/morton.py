"""The Z-order curve of Morton (1966) through space: what lies near along it lies near in space."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int


def morton_codes(cells: Int[np.ndarray, "n 3"], bits: int) -> Int[np.ndarray, "n"]:
    """Places along the curve of cells, each coordinate from 0 to 2^bits - 1; at most 21 bits. x counts least."""
    codes = np.zeros(len(cells), np.int64)
    for bit in range(bits):
        for axis in range(3):
            codes |= (cells[:, axis].astype(np.int64) >> bit & 1) << (3 * bit + axis)
    return codes
