"""Completion of a picture with pieces of itself: the background fill that needs no download.

An image pyramid is completed from coarse to fine. At each level two steps alternate (Wexler, Shechtman, Irani,
"Space-time completion of video", PAMI 2007): every patch that touches the hole looks for the known patch most like it
(`patch_search.py`, PatchMatch of Barnes et al. 2009), then every hole pixel is repainted with what the patches
over it propose. The coarsest level starts from the rim inwards, and the last level copies single pixels instead of
averaging, both as in Newson et al., "Video inpainting of complex scenes" (SIIMS 2014); a screened Poisson solve then
takes the colour step out of the rim and the seams. Depth steers the search: surfaces are completed with surfaces of
like depth and tilt, sky with sky, and hardly ever with anything nearer than what is to be painted.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from gen3d.models.builtin.patch_compose import compose, diffuse
from gen3d.models.builtin.patch_kernels import C, R, fast
from gen3d.models.builtin.patch_levels import Level, patch_within, pyramid
from gen3d.models.builtin.patch_search import search, vote

FEWEST_SOURCES = 16
"""With fewer patches to copy from the picture is filled by diffusion. Chosen by eye."""
UNASKED = 1e30
"""The cost of a target before its first search: more than any. By definition."""
FEWEST_COMPARED = 5
"""Known pixels that a patch needs to be compared while the first guess is made, ring by ring. Chosen by eye."""
CONFIDENCE_DECAY = 1.1
"""Votes weigh less by this factor per pixel into the hole, so that the rim determines the inside. Chosen by eye."""
COARSEST_ROUNDS, FINEST_ROUNDS = 12, 1
"""Search and vote rounds; levels between have one more than the next finer. Chosen by eye."""
PEEL_SWEEPS, COARSEST_SWEEPS, SWEEPS = 6, 4, 2
"""Sweeps of propagation in a search: for the first guess, at the coarsest level, at all others. Chosen by eye."""
SOFT, SHARP = 0.7, 0.1
"""Excess of cost, as a share of the best vote's, at which a vote weighs 1/e: during a level's rounds, and for the first
guess. Chosen by eye."""
GUIDANCE, GUIDANCE_STEP = 0.2, 0.4
"""Weight of depth and tilt at the finest level, and how much more per level: the coarse levels place the surfaces, the
fine ones find the detail. Chosen by eye."""
GUIDANCE_REACH, GUIDANCE_FLOOR = 0.1, 0.2
"""That weight falls to 1/e over this share of the diagonal into the hole, but never below the floor, since depth there
was itself continued from the rim. Chosen by eye."""


def fill_by_patches(
    image: Float[np.ndarray, "h w 3"],
    hole: Bool[np.ndarray, "h w"],
    borrow: Bool[np.ndarray, "h w"],
    depth: Float[np.ndarray, "h w"],
    seed: int,
) -> Float[np.ndarray, "h w 3"]:
    """The picture with its hole completed from patches that lie in `borrow`; pixels outside the hole stay bit for bit.

    image: float32 sRGB in [0, 1], anything inside the hole. borrow: known pixels that may be copied; what it holds of
    the hole is ignored. depth: metres, inf = sky; in the hole the depth that the filled surface shall have.
    Where `borrow` has room for fewer than FEWEST_SOURCES patches of 7 x 7, the hole is filled by diffusion instead:
    smoothly from the borrowable pixels, or from all known ones if there are none.
    ValueError: a hole without any known pixel; shapes that differ; depth that is NaN or not positive.
    """
    _check(image, hole, borrow, depth)
    image = np.ascontiguousarray(image, np.float32)
    if not hole.any():
        return image.copy()
    borrow = borrow & ~hole
    filled = np.where(hole[..., None], np.float32(0), image)
    levels = pyramid(filled, hole, borrow, depth)
    if levels[0].lends.sum() < FEWEST_SOURCES:
        diffuse(filled, hole, borrow if borrow.any() else ~hole)
    else:
        match = None
        for i in range(len(levels) - 1, -1, -1):
            match, cost = _complete(levels[i], match, i, seed)
        compose(filled, hole, levels[0].trust > 0.5, borrow, match, cost)
    return np.where(hole[..., None], np.clip(filled, 0, 1), image)


def _check(image, hole, borrow, depth) -> None:
    if not image.shape[:2] == hole.shape == borrow.shape == depth.shape:
        raise ValueError(f"image {image.shape}, hole {hole.shape}, borrow {borrow.shape}, depth {depth.shape}")
    if hole.all():
        raise ValueError("the hole is the whole picture: nothing is known to fill it from")
    if not (depth > 0).all():
        raise ValueError("depth must be positive everywhere, inf for sky")


def _targets(hole: np.ndarray) -> np.ndarray:
    """Centres of patches inside the frame that touch `hole`."""
    inside = patch_within(np.ones_like(hole))
    return ndimage.maximum_filter(hole, 2 * R + 1, mode="constant", cval=0) & inside


def _complete(level: Level, coarser: np.ndarray | None, scale: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Search and vote in turn at one level (0 the finest); returns match `h w 2` and cost `h w`."""
    h, w = level.hole.shape
    lends, goal = level.lends, _targets(level.hole)
    sure = np.maximum(CONFIDENCE_DECAY**-level.depth_in, 1e-6).astype(np.float32)
    reach = GUIDANCE_REACH * float(np.hypot(h, w))
    strict = np.maximum(np.exp(-level.depth_in / reach), GUIDANCE_FLOOR) * (GUIDANCE + GUIDANCE_STEP * scale)
    strict = strict.astype(np.float32)
    seed = (seed % 2**32 * 31 + scale) * 1000
    if coarser is None:
        spots = np.argwhere(lends)
        match = spots[np.random.default_rng(seed).integers(len(spots), size=(h, w))]
        _peel(level, lends, match, sure, strict, seed)
        rounds, sweeps = COARSEST_ROUNDS, COARSEST_SWEEPS
    else:
        match = _upsampled(coarser, lends, h, w)
        vote(level, sure, level.hole, match, _costs(goal, 0.0), SOFT)
        rounds, sweeps = FINEST_ROUNDS + scale, SWEEPS
    weight, norm = _weights(np.where(level.hole, sure, level.trust))
    cost = _costs(goal, UNASKED)
    for k in range(rounds):
        search(level, weight, norm, lends, match, cost, sweeps, strict, seed + 500 + k)
        if k < rounds - 1:  # nobody looks at what the last ones would paint
            vote(level, sure, level.hole, match, cost, SOFT)
    return match, cost


def _costs(goal: np.ndarray, start: float) -> np.ndarray:
    """`start` at the targets, infinite where there is no target."""
    return np.where(goal, np.float32(start), np.float32(np.inf))


def _weights(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weight of each number in a target row, `h Cw`, and one over the sum of weights in each patch, `h w`."""
    total = ndimage.uniform_filter(weight.astype(np.float64), 2 * R + 1, mode="constant") * C * (2 * R + 1) ** 2
    return np.repeat(weight, C, axis=1).astype(np.float32), (1 / np.maximum(total, 1e-9)).astype(np.float32)


def _peel(level: Level, lends: np.ndarray, match: np.ndarray, sure: np.ndarray, strict: np.ndarray, seed: int) -> None:
    """First guess at the coarsest level: ring after ring from the rim inwards, comparing only what is already there."""
    trusted = level.trust > 0.5
    target = level.target.reshape(*level.hole.shape, C)
    diffuse(target, level.hole, trusted if trusted.any() else level.borrow)
    done = np.where(level.hole, 0, level.trust)
    ring_of = np.ceil(level.depth_in).astype(int)
    for ring in range(1, ring_of.max() + 1):
        now = level.hole & (ring_of == ring)
        weight, norm = _weights(done)
        # Patches with few known pixels match anything; they are used only where there are no others.
        picked = _targets(now) & (norm < 1 / (C * FEWEST_COMPARED))
        picked |= _targets(now & ~ndimage.maximum_filter(picked, 2 * R + 1, mode="constant", cval=0))
        cost = _costs(picked, UNASKED)
        search(level, weight, norm, lends, match, cost, PEEL_SWEEPS, strict, seed + ring)
        vote(level, sure, now, match, cost, SHARP)
        done = np.where(now, sure, done)


def _upsampled(coarse: np.ndarray, lends: np.ndarray, h: int, w: int) -> np.ndarray:
    """The matches of the level above on this level's grid, moved to the nearest patch that lends."""
    near = ndimage.distance_transform_edt(~lends, return_distances=False, return_indices=True)
    return _doubled(coarse, near, h, w)


@fast
def _doubled(coarse, near, h, w):
    """The matches on a grid of twice the size; near: (row, column) of what lends, nearest to each of its pixels."""
    match = np.empty((h, w, 2), np.int64)
    for y in range(h):
        for x in range(w):
            # Border targets at this level may have no counterpart above: they take the nearest inner one's.
            cy = min(max(y // 2, R), coarse.shape[0] - R - 1)
            cx = min(max(x // 2, R), coarse.shape[1] - R - 1)
            v = min(max(coarse[cy, cx, 0] * 2 + y - 2 * cy, 0), h - 1)
            u = min(max(coarse[cy, cx, 1] * 2 + x - 2 * cx, 0), w - 1)
            match[y, x, 0], match[y, x, 1] = near[0, v, u], near[1, v, u]
    return match
