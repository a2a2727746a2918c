"""The lens and the distance that MoGe's points leave open (MoGe, arXiv 2410.19115, section 3.1).

An affine point map is right up to a shift s along z. Both s and the focal length f follow from where each point was
seen: f * (x, y) / (z + s) = (u, v). Here u and v are distances from the picture's middle and f is the focal length,
all in half diagonals of the picture.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import least_squares

SAMPLES = 64
"""The fit looks at so many rows and columns."""
TOLERANCE = 1e-3
"""The fit ends when the squared error falls by a smaller share."""


def recover_focal_shift(
    points: Float[np.ndarray, "h w 3"], inside: Bool[np.ndarray, "h w"], focal: float | None = None
) -> tuple[float, float]:
    """The focal length (half diagonals) and the shift (in the points' unit) under which points lie where they are seen.

    inside: pixels whose points count. focal: given, only the shift is looked for. Where fewer than two points count,
    or no shift explains them, the shift is 0 and the focal length, if not given, that of the points as they are, or 1.
    """
    uv, xy, z = _samples(points, inside)
    if len(z) < 2:
        return focal or 1.0, 0.0

    def projected(shift: np.ndarray) -> tuple[np.ndarray, float]:
        flat = xy / (z + shift)[:, None]
        return flat, focal or _best_factor(flat, uv)

    def residual(shift: np.ndarray) -> np.ndarray:
        flat, factor = projected(shift)
        return (factor * flat - uv).ravel()

    with np.errstate(all="ignore"):
        shift = least_squares(residual, x0=0.0, method="lm", ftol=TOLERANCE).x
        if not np.isfinite(residual(shift)).all():
            shift = np.zeros(1)
        return float(projected(shift)[1]), float(shift[0])


def _best_factor(flat: np.ndarray, uv: np.ndarray) -> float:
    """The f that brings f * flat nearest to uv, in closed form."""
    return (flat * uv).sum() / max(np.square(flat).sum(), np.finfo(float).tiny)


def _samples(points: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where up to SAMPLES x SAMPLES pixels see their points: uv (n 2), xy (n 2), z (n)."""
    h, w = inside.shape
    rows, cols = (np.arange(SAMPLES) * side // SAMPLES for side in (h, w))
    grid = np.ix_(rows, cols)
    x, y = np.meshgrid(2 * cols + 1 - w, 2 * rows + 1 - h)
    uv = np.stack([x, y], axis=-1) / np.hypot(h, w)
    xyz = points[grid].astype(np.float64)
    counts = inside[grid] & np.isfinite(xyz).all(axis=-1) & (xyz[..., 2] > 0)
    return uv[counts], xyz[counts][:, :2], xyz[counts][:, 2]
