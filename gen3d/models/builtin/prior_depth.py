"""A guess at the depth of a single photo from what most photos have in common; no network, no weights.

Sky is far, the ground recedes towards the horizon, the middle of a picture is farther than its sides, things stand
upright on what is below them, haze makes what is far pale and bright, and a long slanted edge high up is where a
ceiling meets a wall. It is a pop-up in the sense of Hoiem, Efros and Hebert
("Automatic photo pop-up", 2005): regions of like colour stand on the ground at their lower ends, so depth
steps follow colour edges. All of it is added up in inverse depth, in which planes are linear in pixel coordinates. The
scale is arbitrary: the median is set to a few metres.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float
from skimage.segmentation import felzenszwalb, watershed

MEDIAN_M = 4.0
"""The median depth of what is not sky, metres. Chosen by eye."""
FARTHEST = 250.0
"""What is not sky lies within this many times the median depth. Chosen by eye."""
WORK_PX = 256
"""Regions and sky are found on a picture with this longer side, and their borders refined at full size. Chosen by
eye."""
SIDES = 0.2
"""How much nearer the sides are than the middle; the ground's rise from horizon to bottom is 1. Chosen by eye."""
FAR = 0.3
"""Inverse depth of the horizon, in the same unit. Chosen by eye."""
UPRIGHT = 0.6
"""How upright a region stands: 0 lies on the ground, 1 stands straight at its foot. Chosen by eye."""
HAZE = 0.3
"""How much farther the palest and brightest region is than the darkest, outdoors. Chosen by eye."""
REGION_SCALE = 4.0
"""felzenszwalb's scale for colours in [0, 1]: the larger, the larger the regions. Chosen by eye."""
EYE_LEVEL = 0.5
"""Where the horizon is expected in a picture without sky, as a share of its height. Chosen by eye."""
LINES_PX = 320
"""Straight edges are found on a picture with this longer side. Chosen by eye."""
CEILING_LINE = (0.25, 0.4)
"""A slanted line above eye level is no ceiling's edge when shorter than the first share of the width, and surely one
when longer than the second. Chosen by eye."""
CRACK = 0.08
"""Relative steps of depth up to about this are smoothed. Chosen by eye."""
SKY = 0
"""The label of the sky among the regions. By definition."""
SKY_SHARE = 0.3
"""Sky takes up this much of the top border, or it is no sky. Chosen by eye."""
SKY_LIGHTER = 15.0
"""Sky is this much lighter (CIELAB) than the lower half of the picture. Chosen by eye."""


def guess_depth(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Metres along z for every pixel, +inf for sky; the scale is arbitrary, the same picture gives the same depth.

    image: sRGB in [0, 1].
    """
    height, width = image.shape[:2]
    image = np.ascontiguousarray(image, np.float32)
    scale = min(1.0, WORK_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    lab = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    regions = _refine(_regions(lab, find_sky(lab)), image)
    sky = regions == SKY
    near = _stand_upright(_ground(sky) + _nearer_sides(sky.shape), regions)
    if sky.any():
        near += _haze(image, regions)
    else:
        near = _room(image, near)
    depth = np.where(sky, np.inf, 1 / _calm(near, sky))
    return (depth * (MEDIAN_M / np.median(depth[~sky]))).astype(np.float32)


def find_sky(lab: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Smooth, bluish, lighter than the lower half of the picture, and hanging from its top border.

    White or warm skies are missed on purpose: a pale ceiling pushed to infinity is worse than a sky that is not.
    """
    change = cv2.blur(_gradient(lab) / 8, (5, 5))
    least = lab[lab.shape[0] // 2 :, :, 0].mean() + SKY_LIGHTER
    count, parts = cv2.connectedComponents((change < 2.5).astype(np.uint8), connectivity=4)
    sky = np.zeros(lab.shape[:2], bool)
    for i in range(1, count):
        part = parts == i
        light, a, b = lab[part].mean(axis=0)
        if part[0].mean() > 0.03 and light > least and b < -2 and a > -8:
            sky |= part
    if sky[0].mean() < SKY_SHARE:
        return np.zeros_like(sky)
    return _fill_sky(lab, sky)


def _fill_sky(lab: np.ndarray, core: np.ndarray) -> np.ndarray:
    """The core of the sky grown to its colour edges, clouds included."""
    ground = ~cv2.dilate(core.astype(np.uint8), np.ones((9, 9))).astype(bool)
    between = (lab[core][:, 0].mean() + lab[lab.shape[0] // 2 :, :, 0].mean()) / 2
    ground &= (lab[..., 0] < between) | (np.arange(lab.shape[0])[:, None] > np.flatnonzero(core.any(axis=1)).max())
    if not ground.any():
        return core
    return watershed(_gradient(lab), markers=np.where(core, 2, ground.astype(np.int32))) == 2


def _gradient(lab: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    return np.linalg.norm(np.hypot(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)), axis=2)


def _regions(lab: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Labels of regions of like colour (Felzenszwalb and Huttenlocher 2004), SKY for the sky."""
    labels = felzenszwalb(lab / 100, scale=REGION_SCALE, sigma=0.8, min_size=60, channel_axis=-1)
    return np.where(sky, SKY, labels + SKY + 1)


def _refine(regions: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The labels at the picture's own size, their borders drawn to its colour edges."""
    h, w = image.shape[:2]
    coarse = cv2.resize(regions.astype(np.int32), (w, h), interpolation=cv2.INTER_NEAREST_EXACT)
    reach = 2 * round(h / regions.shape[0]) + 1
    kernel, labels = np.ones((reach, reach), np.uint8), coarse.astype(np.float32)
    inner = cv2.erode(labels, kernel) == cv2.dilate(labels, kernel)
    refined = watershed(_gradient(cv2.cvtColor(image, cv2.COLOR_RGB2LAB)), markers=np.where(inner, coarse + 1, 0))
    return np.where(refined > 0, refined - 1, coarse)


def _ground(sky: np.ndarray) -> np.ndarray:
    """Inverse depth of the ground per row: from FAR at the top or at the sky's edge to 1 + FAR at the bottom."""
    h, w = sky.shape
    rows = (np.arange(h) + 0.5) / h
    top = np.quantile(rows[np.nonzero(sky)[0]], 0.95) if sky.any() else 0.0
    rise = np.maximum(rows - top, 0) / (1 - top)
    return np.repeat((FAR + rise**2)[:, None], w, axis=1)


def _nearer_sides(shape: tuple[int, int]) -> np.ndarray:
    columns = (np.arange(shape[1]) + 0.5) / shape[1]
    return np.repeat(SIDES * np.abs(columns - 0.5)[None], shape[0], axis=0)


def _stand_upright(near: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Each region turned up around its foot, the nearest twentieth of it."""
    order = np.argsort(regions, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(regions.ravel()))[:-1]
    foot = np.array([np.quantile(part, 0.95) if part.size else 0 for part in np.split(near.ravel()[order], ends)])
    return (1 - UPRIGHT) * near + UPRIGHT * foot[regions]


def _haze(image: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Outdoors the air between lightens and pales what is far: nearer by HAZE for black regions, by 0 for white."""
    tone = np.clip((cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., 0] - 10) / 80, 0, 1)
    mean = np.bincount(regions.ravel(), tone.ravel()) / np.maximum(np.bincount(regions.ravel()), 1)
    return HAZE * (1 - mean[regions])


def _room(image: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The walls under a ceiling's edge: a wall is as near as its edge is high above eye level."""
    height, trust = _ceiling(image, near.shape[1])
    if trust == 0:
        return near
    rows = (np.arange(near.shape[0]) + 0.5) / near.shape[0]
    room = np.maximum(height[None], rows[:, None] - EYE_LEVEL)
    return (1 - trust) * near + trust * 2.6 * room


def _ceiling(image: np.ndarray, columns: int) -> tuple[np.ndarray, float]:
    """Height of the ceiling's edge above eye level for every column, and how far to believe it (0 to 1)."""
    x = (np.arange(columns) + 0.5) / columns
    total, weight, longest = np.zeros(columns), np.zeros(columns), 0.0
    lines = _lines(image)
    for x0, y0, x1, y1 in lines:
        reach, slope = x1 - x0, (y1 - y0) / max(x1 - x0, 1e-6)
        if reach > CEILING_LINE[0] and 0.1 < abs(slope) < 1.7 and max(y0, y1) < EYE_LEVEL:
            under = (x >= x0) & (x <= x1)
            total += np.where(under, reach * (EYE_LEVEL - y0 - (x - x0) * slope), 0)
            weight += reach * under
            longest = max(longest, reach)
    known = np.flatnonzero(weight)
    if not known.size:
        return total, 0.0
    height = np.interp(np.arange(columns), known, total[known] / weight[known])
    return height, float(np.clip((longest - CEILING_LINE[0]) / (CEILING_LINE[1] - CEILING_LINE[0]), 0, 1))


def _lines(image: np.ndarray) -> np.ndarray:
    """Straight edges x0 y0 x1 y1 (x0 <= x1, shares of width and height), broken ones put together."""
    h, w = image.shape[:2]
    scale = min(1.0, LINES_PX / max(h, w))
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(np.clip(grey * 255, 0, 255).astype(np.uint8), (0, 0), 1.5)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4))
    lines = found.reshape(-1, 4) / np.tile(grey.shape[::-1], 2)
    lines = np.where(lines[:, :1] <= lines[:, 2:3], lines, lines[:, [2, 3, 0, 1]])
    return np.array([_prolonged(line, lines) for line in lines])


def _prolonged(line: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """The line together with those that lie in its continuation, if they leave no large gaps."""
    start, along = line[:2], line[2:] - line[:2]
    normal = np.array([-along[1], along[0]]) / max(np.linalg.norm(along), 1e-9)
    off = np.abs((lines.reshape(-1, 2, 2) - start) @ normal).max(axis=1)
    members = lines[off < 0.012]
    first, last = members[:, 0].argmin(), members[:, 2].argmax()
    whole = np.concatenate([members[first, :2], members[last, 2:]])
    covered = (members[:, 2] - members[:, 0]).sum()
    return whole if covered > 0.8 * (whole[2] - whole[0]) else line


def _calm(near: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Steps smaller than a few percent smoothed away by a bilateral filter, since lifted to 3D they would be cracks."""
    log = np.where(sky, -9.0, np.log(near)).astype(np.float32)
    radius = int(np.clip(round(0.02 * min(near.shape)), 2, 8))
    return np.exp(cv2.bilateralFilter(log, 2 * radius + 1, CRACK, radius / 2))


def metres(inverse: Float[np.ndarray, "h w"], sky: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Depth, the median of what is not sky at MEDIAN_M; inf is sky."""
    if sky.all():
        return np.full(sky.shape, np.inf, np.float32)
    middle = np.median(inverse[~sky])
    depth = MEDIAN_M * middle / np.maximum(inverse, middle / FARTHEST)
    return np.where(sky, np.inf, depth).astype(np.float32)
