"""How right a view is that nobody told the scene about, by what the photo knew of each of its pixels.

A pixel of a held-out view is `visible` when the photo saw its surface, `behind` when the photo saw something nearer
there, `outside` when its surface lies beside the photo's frame. Only the first can be known from the photo; what is
behind can be continued, what is outside has to be made up, so there closeness to the truth says little. The classes
come from true depth and cameras; where either depth is unknown a pixel is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import map_coordinates
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

from gen3d.camera import Camera
from gen3d.geometry.edges import inverse_depth

SAME_SURFACE = 0.02
"""A surface farther than the photo's depth by more than this share is behind it."""
FEWEST_PX = 100
"""On fewer pixels of a class no figure is given for it."""
FILLED = 0.5
"""Alpha from which a pixel counts as filled."""
SKY_M = 1e9
"""Sky is projected as if it were so far away."""
PERFECT_DB = 99.0


@dataclass(frozen=True, eq=False, slots=True)
class Classes:
    """Which pixels of a held-out view are which; no pixel is two, unknown ones are none."""

    visible: Bool[np.ndarray, "h w"]
    behind: Bool[np.ndarray, "h w"]
    outside: Bool[np.ndarray, "h w"]


def classify(
    depth: Float[np.ndarray, "h w"],
    camera: Camera,
    photo_depth: Float[np.ndarray, "h2 w2"],
    photo_camera: Camera,
) -> Classes:
    """The classes of a view with true `depth`, against the photo's true depth: metres, NaN unknown, inf sky."""
    known = ~np.isnan(depth)
    xyz = camera.unproject(np.where(known, np.minimum(depth, SKY_M), 1.0).astype(np.float64))
    uv, z = photo_camera.project(xyz)
    w, h = photo_camera.width, photo_camera.height
    inside = (z > 0) & (uv[..., 0] >= 0) & (uv[..., 0] < w) & (uv[..., 1] >= 0) & (uv[..., 1] < h)
    shown = photo_depth_at(photo_depth, np.where(inside[..., None], uv, 0.5))
    counted = known & inside & ~np.isnan(shown)
    reached = z <= (1 + SAME_SURFACE) * shown
    return Classes(visible=counted & reached, behind=counted & ~reached, outside=known & ~inside)


def photo_depth_at(photo_depth: Float[np.ndarray, "h2 w2"], uv: Float[np.ndarray, "h w 2"]) -> np.ndarray:
    """How far the photo sees at places (u, v) inside its frame, metres; NaN unknown.

    The farther of what the pixel there holds and of what its neighbours make together, linear in inverse depth, as
    planes are: a floor near its horizon may change by more than SAME_SURFACE within a pixel.
    """
    u, v = uv[..., 0], uv[..., 1]
    pixel = photo_depth[np.floor(v).astype(np.intp), np.floor(u).astype(np.intp)]
    between = map_coordinates(inverse_depth(photo_depth), [v - 0.5, u - 0.5], order=1, mode="nearest", prefilter=False)
    with np.errstate(divide="ignore"):
        return np.where(np.isnan(pixel), np.nan, np.fmax(pixel, 1.0 / between))


def psnr(
    a: Float[np.ndarray, "h w 3"], b: Float[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"] | None = None
) -> float | None:
    """Decibels between two pictures in [0, 1] on the pixels of `where`; None on too few."""
    error = (np.clip(a, 0, 1).astype(np.float64) - b) ** 2
    error = error if where is None else error[where]
    if error.size < 3 * FEWEST_PX:
        return None
    mean = float(error.mean())
    return PERFECT_DB if mean < 1e-9 else float(-10 * np.log10(mean))


def similarity(a: Float[np.ndarray, "h w 3"], b: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """SSIM around every pixel, on greys, in a Gaussian window of sigma 1.5 (Wang et al. 2004)."""
    grey = [rgb2gray(np.clip(x, 0, 1).astype(np.float64)) for x in (a, b)]
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return structural_similarity(*grey, data_range=1.0, full=True, **options)[1]


def sharpness(
    a: Float[np.ndarray, "h w 3"], b: Float[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"]
) -> float | None:
    """The gradient energy of a's greys over that of b's on `where`: 1 is as sharp as the truth, 0.2 is mush."""
    if where.sum() < FEWEST_PX:
        return None
    ours, theirs = (
        sum((g[where] ** 2).mean() for g in np.gradient(rgb2gray(np.clip(x, 0, 1).astype(np.float64)))) for x in (a, b)
    )
    return float(ours / max(theirs, 1e-12))


def score_view(
    drawn: Float[np.ndarray, "h w 3"],
    alpha: Float[np.ndarray, "h w"],
    truth: Float[np.ndarray, "h w 3"],
    classes: Classes,
) -> dict[str, float]:
    """The figures of one held-out view; a class with too few pixels has none."""
    alike = similarity(drawn, truth)
    figures = {"psnr": psnr(drawn, truth), "holes": float((alpha < FILLED).mean())}
    for name in ("visible", "behind", "outside"):
        where = getattr(classes, name)
        figures[f"psnr_{name}"] = psnr(drawn, truth, where)
        figures[f"ssim_{name}"] = float(alike[where].mean()) if where.sum() >= FEWEST_PX else None
    figures["sharp"] = sharpness(drawn, truth, classes.behind | classes.outside)
    return {name: value for name, value in figures.items() if value is not None}


def mean_of(rows: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure over the rows that have it."""
    rows = list(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
