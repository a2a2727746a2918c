"""How well two views of one scene agree, and how whole and sharp a view is: figures that ask for no network.

Of two views the depth and the cameras say where each pixel of the first lies in the second: the known flow. Pixels
count that have a depth, stay in the frame and are not hidden there. Lengths are pixels; pictures are sRGB in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from gen3d.camera import Camera

HIDDEN = 0.02
"""A point farther than what the other view sees there by more than this share is hidden. From `bench/score.py`."""
MOST_CORNERS, CORNER_QUALITY, CORNERS_APART_PX = 400, 0.01, 5
"""Corners that are followed: how many, how strong beside the strongest, how far apart. Chosen by eye."""
RETURN_PX = 0.5
"""A corner that is followed there and back must come this near to where it was. Chosen by eye."""
FEWEST = 8
"""On fewer corners, and on fewer pixels, no figure is given. Chosen by eye."""
PERFECT_DB = 99.0
"""Stands for no difference at all. By definition."""
LEVELS = 255.0
"""Of eight bits. By definition."""
OCTAVES, ORIENTATIONS = 3, ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1))
"""The filters of a style: derivatives of these orders along x and y, at so many sizes. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A view with its depth."""

    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]
    """Metres along z; 0 or NaN where there is nothing."""
    camera: Camera


@dataclass(frozen=True, eq=False, slots=True)
class Flow:
    """Where the pixels of one view lie in another."""

    uv: Float[np.ndarray, "h w 2"]
    shared: Bool[np.ndarray, "h w"]
    """Pixels that count."""


def known_flow(a: Seen, b: Seen) -> Flow:
    """From the depth of a and both cameras."""
    has_depth = np.isfinite(a.depth) & (a.depth > 0)
    uv, z = b.camera.project(a.camera.unproject(np.where(has_depth, a.depth, 1.0).astype(np.float64)))
    inside = (z > 0) & (uv >= 0).all(-1) & (uv[..., 0] < b.camera.width) & (uv[..., 1] < b.camera.height)
    there = sampled(b.depth, uv, nearest=True)
    return Flow(uv, has_depth & inside & (there > 0) & (z <= (1 + HIDDEN) * there))


def sampled(values: Float[np.ndarray, "h w *c"], uv: np.ndarray, nearest: bool = False) -> np.ndarray:
    """Values at places between pixels; outside those of the rim."""
    kind = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    x, y = (uv[..., i].astype(np.float32) - np.float32(0.5) for i in (0, 1))
    return cv2.remap(values.astype(np.float32), x, y, kind, borderMode=cv2.BORDER_REPLICATE)


def reprojection_px(a: Seen, b: Seen) -> float | None:
    """How far corners of a that are found again in b lie from where depth and cameras say: the median.

    Corners are followed in the pictures alone (Lucas and Kanade, there and back), so this tells a wrong pose or depth.
    """
    flow, (grey_a, grey_b) = known_flow(a, b), (_grey(v.image) for v in (a, b))
    corners = cv2.goodFeaturesToTrack(
        grey_a, MOST_CORNERS, CORNER_QUALITY, CORNERS_APART_PX, mask=flow.shared.astype(np.uint8)
    )
    if corners is None:
        return None
    there, found, _ = cv2.calcOpticalFlowPyrLK(grey_a, grey_b, corners, None)
    back, again, _ = cv2.calcOpticalFlowPyrLK(grey_b, grey_a, there, None)
    kept = ((found > 0) & (again > 0) & (np.linalg.norm(back - corners, axis=-1) <= RETURN_PX))[:, 0]
    if kept.sum() < FEWEST:
        return None
    expected = sampled(flow.uv, corners[:, 0][kept][None] + 0.5)[0]
    return float(np.median(np.linalg.norm(there[:, 0][kept] + 0.5 - expected, axis=-1)))


def cycle_px(a: Seen, b: Seen) -> float | None:
    """How far a pixel comes back from where it was, by the known flow to b and that of b back: the mean."""
    there, back = known_flow(a, b), known_flow(b, a)
    shared = there.shared & (sampled(back.shared.astype(np.float32), there.uv, nearest=True) > 0)
    if shared.sum() < FEWEST:
        return None
    rows, columns = np.mgrid[: a.camera.height, : a.camera.width] + 0.5
    off = sampled(back.uv, there.uv) - np.stack([columns, rows], axis=-1)
    return float(np.linalg.norm(off, axis=-1)[shared].mean())


def warped_db(a: Seen, b: Seen) -> float | None:
    """PSNR between a and what b shows of it by the known flow."""
    difference = _difference(a, b)
    if difference is None:
        return None
    mean = float((difference**2).mean())
    return PERFECT_DB if mean <= 10 ** (-PERFECT_DB / 10) else float(-10 * np.log10(mean))


def flicker(a: Seen, b: Seen) -> float | None:
    """By how many levels of 255 the shared pixels are brighter or darker in b, as a whole."""
    difference = _difference(a, b)
    return None if difference is None else float(LEVELS * np.abs(difference.mean(axis=0)).mean())


def _difference(a: Seen, b: Seen) -> Float[np.ndarray, "n 3"] | None:
    flow = known_flow(a, b)
    return None if flow.shared.sum() < FEWEST else (sampled(b.image, flow.uv) - a.image)[flow.shared]


def coverage(filled: Bool[np.ndarray, "h w"]) -> float:
    """The share of a frame that shows anything."""
    return float(filled.mean())


def largest_hole(filled: Bool[np.ndarray, "h w"]) -> float:
    """The largest connected part of a frame that shows nothing, as a share of it."""
    regions, count = ndimage.label(~filled)
    return float(np.bincount(regions.ravel())[1:].max() / filled.size) if count else 0.0


def sharpness(image: Float[np.ndarray, "h w 3"], of: Float[np.ndarray, "h w 3"]) -> float:
    """The gradient energy of a picture over that of another: 1 is as sharp."""
    ours, theirs = (sum(float((g**2).mean()) for g in np.gradient(_grey(x).astype(np.float64))) for x in (image, of))
    return ours / theirs if theirs > 0 else 0.0


def style_distance(image: Float[np.ndarray, "h w 3"], of: Float[np.ndarray, "h w 3"]) -> float:
    """How differently two pictures are textured and coloured: the distance of their Gram matrices over their norms.

    0 is alike, 2 the most. Of fixed filters (colours, and derivatives at several sizes), not of a network.
    """
    first, second = _gram(image), _gram(of)
    norm = float(np.linalg.norm(first) + np.linalg.norm(second))
    return float(2 * np.linalg.norm(first - second) / norm) if norm > 0 else 0.0


def _gram(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "f f"]:
    responses = [image[..., c] for c in range(3)]
    for octave in range(OCTAVES):
        blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2.0**octave)
        responses += [
            2.0 ** (octave * (x + y)) * cv2.Sobel(blurred[..., c], cv2.CV_32F, x, y)
            for x, y in ORIENTATIONS
            for c in range(3)
        ]
    flat = np.stack(responses).reshape(len(responses), -1).astype(np.float64)
    return flat @ flat.T / flat.shape[1]


def pose_error(written: Float[np.ndarray, "n 4 4"], asked: Float[np.ndarray, "n 4 4"]) -> tuple[float, float]:
    """The largest rotation (degrees) and the largest shift (their own unit) between poses."""
    turn = np.swapaxes(written[:, :3, :3], 1, 2) @ asked[:, :3, :3]
    sine = np.linalg.norm(turn - np.swapaxes(turn, 1, 2), axis=(1, 2)) / np.sqrt(8)
    cosine = (np.trace(turn, axis1=1, axis2=2) - 1) / 2
    shift = np.linalg.norm(written[:, :3, 3] - asked[:, :3, 3], axis=-1)
    return float(np.degrees(np.arctan2(sine, cosine)).max()), float(shift.max())


def _grey(image: Float[np.ndarray, "h w 3"]) -> np.ndarray:
    return cv2.cvtColor(np.rint(LEVELS * np.clip(image, 0, 1)).astype(np.uint8), cv2.COLOR_RGB2GRAY)
