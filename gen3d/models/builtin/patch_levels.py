"""The image pyramid of `patchmatch`: one completion problem at several scales, solved from coarse to fine.

Colours are averaged over the pixels that count, known ones in the target and borrowable ones in the source, so that no
foreground colour leaks into a coarse pixel. Roughness is measured once, at the finest level, and then averaged like a
colour (Newson et al. 2014), since a coarse level has lost the texture it would be measured on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import ndimage

from gen3d.geometry.together import together
from gen3d.models.builtin.patch_kernels import SKY, R

COARSEST_PX = 32
"""No level is smaller than this along its short side. Chosen by eye."""
SAME_SURFACE = 0.2
"""Log depth step over which the trust in a known pixel beside the hole falls to 1/e. Chosen by eye."""
TEXTURE_PX, TEXTURE_GAIN = 3.0, 2.0
"""Radius over which roughness is measured, and what a step of it counts beside a step of colour. Chosen by eye."""
FEWEST_COARSE = 64
"""With fewer patches to copy from a coarser level is not made. Chosen by eye."""
NORMAL_SIGMA_PX = 2.0
"""Inverse depth is smoothed by this before its normals are taken. Chosen by eye."""


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """The problem at one scale; pictures are float32 `h 5w` rows, see `patch_kernels.C`."""

    target: np.ndarray
    """Known colours; whatever in the hole."""
    source: np.ndarray
    """Colours that may be copied, right at `borrow` only."""
    hole: np.ndarray
    borrow: np.ndarray
    trust: np.ndarray
    """0..1 `h w`: how much a known pixel says about the hole next to it; above 0.5 only for what may be copied."""
    guide: np.ndarray
    """`h w 4`: log depth (SKY in the sky) and the surface normal."""
    depth_in: np.ndarray
    """`h w`: distance to the nearest known pixel in pixels, 0 outside the hole."""
    lends: np.ndarray
    """Centres of patches that lie in `borrow` with every pixel."""


def pyramid(image: np.ndarray, hole: np.ndarray, borrow: np.ndarray, depth: np.ndarray) -> list[Level]:
    """Levels from fine to coarse, ending where the hole is thin or the sources run out.

    image: `h w 3` float32, finite. borrow must not overlap the hole; depth in metres, inf = sky.
    """
    near_y, near_x = ndimage.distance_transform_edt(~hole, return_distances=False, return_indices=True)
    log_depth = np.where(np.isinf(depth), SKY, np.log(np.minimum(depth, 1e6))).astype(np.float32)
    trust = np.exp(-(((log_depth - log_depth[near_y, near_x]) / SAME_SURFACE) ** 2))
    trust = (trust * np.where(borrow, 1, 0.5) * ~hole).astype(np.float32)
    known, levels = ~hole, []
    normals, *textures = together([partial(_normals, depth), *(partial(_texture, image, a) for a in (trust, borrow))])
    guide = np.dstack([log_depth, normals]).astype(np.float32)
    image, source = (np.dstack([image, texture]) for texture in textures)
    while True:
        depth_in = ndimage.distance_transform_edt(~known)
        rows = [np.ascontiguousarray(a.reshape(len(a), -1)) for a in (image, source)]
        level = Level(*rows, ~known, borrow, trust, np.ascontiguousarray(guide), depth_in, patch_within(borrow))
        if levels and level.lends.sum() < FEWEST_COARSE:
            return levels
        levels.append(level)
        if depth_in.max() <= R or min(known.shape) < 2 * COARSEST_PX:
            return levels
        image, source, trust = together([
            partial(_halved, image, trust + 1e-6 * known), partial(_halved, source, borrow),
            partial(_halved, trust[..., None], known),
        ])  # fmt: skip
        trust, borrow, known = trust[..., 0], _share(borrow) >= 0.5, _share(known) >= 0.5
        trust, guide = np.where(known, trust, 0).astype(np.float32), guide[::2, ::2]


def _share(a: np.ndarray) -> np.ndarray:
    """The mean of `a` over blocks of 2 x 2, with zeros beyond the frame."""
    h, w = a.shape[:2]
    a = np.pad(a.astype(np.float32), [(0, h % 2), (0, w % 2)] + [(0, 0)] * (a.ndim - 2))
    return (a[::2, ::2] + a[1::2, ::2] + a[::2, 1::2] + a[1::2, 1::2]) / 4


def _halved(a: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`h w c` at half the size, each pixel the weighted mean of its four."""
    return _share(a * weight[..., None]) / np.maximum(_share(weight), 1e-12)[..., None]


def _normals(depth: np.ndarray) -> np.ndarray:
    """Unit normals of the surfaces, 0 in the sky, for a lens of 53 degrees: only how they compare matters.

    On a plane 1/z is linear in pixel coordinates, so the normal is (f d/dx, f d/dy, 1 - x d/dx - y d/dy) of 1/z.
    """
    h, w = depth.shape
    near = ndimage.gaussian_filter(1 / depth.astype(np.float64), NORMAL_SIGMA_PX)
    dy, dx = np.gradient(near) if min(h, w) > 1 else (np.zeros_like(near), np.zeros_like(near))
    y, x = np.mgrid[:h, :w] - np.array([h / 2, w / 2]).reshape(2, 1, 1)
    n = np.stack([max(h, w) * dx, max(h, w) * dy, near - x * dx - y * dy], axis=-1)
    n /= np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-12)
    return np.where(np.isinf(depth)[..., None], 0, n)


def _texture(image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`h w 2`: mean strength of sideways and downward brightness changes around each pixel, in units of colour.

    Patches alone drift to whatever is smooth, for smooth things are alike; this keeps rough next to rough (Newson).
    """
    gray, sure = image.mean(axis=-1), weight.astype(np.float32)
    means = []
    for axis in (1, 0):
        both = np.minimum(sure, np.roll(sure, 1, axis))
        change = np.abs(np.diff(gray, axis=axis, prepend=gray.take([0], axis))) * both
        means.append(ndimage.gaussian_filter(change, TEXTURE_PX) / (ndimage.gaussian_filter(both, TEXTURE_PX) + 1e-6))
    return TEXTURE_GAIN * np.stack(means, axis=-1)


def patch_within(a: np.ndarray) -> np.ndarray:
    """True where every pixel of the patch around lies in `a` and in the frame."""
    return ndimage.minimum_filter(a, 2 * R + 1, mode="constant", cval=0)
