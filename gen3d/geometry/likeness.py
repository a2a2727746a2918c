"""How alike two pictures are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

FLOOR = 1e-12
"""Added to the mean squared error, so that equal pictures have 120 dB. By definition."""


def psnr_db(
    a: Float[np.ndarray, "h w *c"], b: Float[np.ndarray, "h w *c"], where: Bool[np.ndarray, "h w"] | None = None
) -> float:
    """Peak signal to noise ratio (dB) of two pictures in [0, 1] on the pixels of `where`; NaN where there is none."""
    error = (a.astype(np.float64) - b) ** 2
    error = error if where is None else error[where]
    return float(-10 * np.log10(error.mean() + FLOOR)) if error.size else float("nan")
