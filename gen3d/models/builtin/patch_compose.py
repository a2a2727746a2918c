"""The picture put together from a finished match: one source pixel each, and the steps of colour taken out.

A step is taken out by a screened Poisson equation (Bhat et al. 2008), solved by successive over-relaxation; without a
screen and wanted differences the same equation continues colours smoothly, as a first guess does.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import ndimage

from gen3d.geometry.together import in_turn, together
from gen3d.models.builtin.patch_kernels import R, fast

CENTRAL = 0.1
"""By so much per squared distance to its centre a patch's cost is raised when single pixels are copied. Chosen by
eye."""
SCREEN = 0.01
"""Colour corrections at the rim fade over 1 / sqrt(SCREEN) = 10 pixels; over more, noise adds up to patches of colour.
Chosen by eye."""
RIM_STEP, SEAM_STEP = 0.2, 0.05
"""Colour steps that are smoothed away, at the hole's rim and between copied pieces; larger ones are edges. Chosen by
eye."""
ROUNDS, OMEGA = 40, 1.8
"""Rounds and factor of the over-relaxation that removes those steps. Measured on the room's wide view: 0.1 of 255 from
where more rounds lead, 0.9 at worst; 0.01 and 0.1 after 80."""
DIFFUSION_ROUNDS, DIFFUSION_OMEGA = 300, 1.9
"""The same of a fill by diffusion. Chosen by eye."""
LANES = 4
"""Channels that are relaxed at once, one of them idle for three colours. By definition: what a register holds."""
TURNS, LEAST_ROWS = 4, 32
"""Rounds are gone through in so many turns, in bands of at least so many rows. Changes nothing else. Chosen by eye."""
PART = 4096
"""Pixels that a core chooses sources for at a time. Changes nothing else. Chosen by eye."""


def compose(
    picture: np.ndarray, hole: np.ndarray, known: np.ndarray, borrow: np.ndarray, match: np.ndarray, cost: np.ndarray
) -> None:
    """Copies one source pixel to each hole pixel and takes the steps out of rim and seams, in place.

    picture: `h w 3`. known: pixels whose colours hold; borrow: those that were copied from. match, cost: of the search.
    """
    ys, xs = map(np.ascontiguousarray, np.nonzero(hole))  # of one pixel alone they would be of another type
    origin = np.zeros((*hole.shape, 2), np.int64)
    parts = [slice(i, i + PART) for i in range(0, len(ys), PART)]
    together([partial(_choose, ys[part], xs[part], match, cost, origin) for part in parts])
    picture[ys, xs] = picture[origin[ys, xs, 0], origin[ys, xs, 1]]
    right, down = _gradients(picture, known, borrow, ys, xs, origin, RIM_STEP, SEAM_STEP)
    relax(picture, known, hole, right, down, SCREEN, ROUNDS, OMEGA)


def diffuse(picture: np.ndarray, hole: np.ndarray, anchor: np.ndarray) -> None:
    """Harmonic interpolation of the anchors into the hole of a picture `h w c`, in place."""
    near = ndimage.distance_transform_edt(~anchor, return_distances=False, return_indices=True)
    picture[hole] = picture[near[0][hole], near[1][hole]]
    zero = np.zeros_like(picture)
    relax(picture, anchor, hole, zero, zero, 0.0, DIFFUSION_ROUNDS, DIFFUSION_OMEGA)


def relax(
    picture: np.ndarray, anchor: np.ndarray, hole: np.ndarray, right: np.ndarray, down: np.ndarray,
    screen: float, rounds: int, omega: float,
) -> None:  # fmt: skip
    """Screened Poisson by successive over-relaxation, row by row, in place in the hole of a picture `h w c`.

    Minimises sum |difference - wanted|^2 + screen |x - x_start|^2, with the values at `anchor` held; pixels that are
    in neither are as if outside the frame. right, down: the differences wanted, `h w c`.
    """
    for c in range(0, picture.shape[2], LANES):
        lanes = (np.ascontiguousarray(a[..., c : c + LANES]) for a in (picture, right, down))
        x, beside, wanted, total = _equations(*lanes, anchor, hole, np.float32(screen))
        _solve(x, beside, wanted, np.float32(omega) / total, rounds, np.float32(1 - omega), hole)
        picture[hole, c : c + LANES] = x[:-1, : picture.shape[2] - c]


@fast
def _choose(ys, xs, match, cost, origin):
    """One source pixel for each pixel (ys, xs), into `origin`: the best patch's over it, the central preferred."""
    h, w = cost.shape
    for i in range(len(ys)):
        y, x = ys[i], xs[i]
        best = np.inf
        for q in range(max(y - R, 0), min(y + R + 1, h)):
            for p in range(max(x - R, 0), min(x + R + 1, w)):
                off = (q - y) * (q - y) + (p - x) * (p - x)
                d = (cost[np.uintp(q), np.uintp(p)] + 1e-5) * (1 + CENTRAL * off)
                if d < best:
                    best = d
                    origin[y, x, 0] = match[q, p, 0] + y - q
                    origin[y, x, 1] = match[q, p, 1] + x - p


@fast
def _gradients(picture, known, usable, ys, xs, origin, rim_step, seam_step):
    """The differences to the right and lower neighbour that the copied `picture` should have, `h w 3` each.

    Inside a copied piece that is the piece's own difference, also across its end, where the two pieces' opinions are
    averaged (Darabi et al. 2012). A step in `picture` that exceeds what they wish by much more than `rim_step` (beside
    `known` pixels) or `seam_step` (between pieces) is an edge that was found, not a fault: it stays.
    """
    h, w = usable.shape
    right, down = np.zeros_like(picture), np.zeros_like(picture)
    for i in range(len(ys)):
        y, x = ys[i], xs[i]
        v, u = origin[y, x]
        for side in range(4):
            dy, dx = (0, 1) if side == 0 else (1, 0) if side == 1 else (0, -1) if side == 2 else (-1, 0)
            ny, nx, nv, nu = y + dy, x + dx, v + dy, u + dx
            if not (0 <= ny < h and 0 <= nx < w):
                continue
            inside = 0 <= nv < h and 0 <= nu < w and usable[nv, nu]
            share, tolerated = (1.0, rim_step) if known[ny, nx] else (0.5, seam_step)
            forward = dy + dx > 0
            field = right if dx != 0 else down
            fy, fx = (y, x) if forward else (ny, nx)
            fault = 0.0
            for c in range(3):
                wish = picture[nv, nu, c] - picture[v, u, c] if inside else 0.0
                fault += (picture[ny, nx, c] - picture[y, x, c] - wish) ** 2
            heal = np.exp(-fault / (3 * tolerated * tolerated))
            for c in range(3):
                step = picture[ny, nx, c] - picture[y, x, c]
                wish = picture[nv, nu, c] - picture[v, u, c] if inside else 0.0
                e = step + heal * (wish - step)
                field[fy, fx, c] += share * (e if forward else -e)
    return right, down


@fast
def _equations(picture, right, down, anchor, hole, screen):
    """Each pixel of the hole, row by row, as total x = wanted + the sum of x over those of its neighbours in the hole.

    Returns x [n + 1, LANES], who is above, left, right and below [n, 4], wanted [n, LANES] and total [n]. Neighbours
    that are not in the hole have the number n: a last x that stays 0. A pixel all alone shall stay as it is.
    """
    h, w, channels = picture.shape
    number, n = np.empty((h, w), np.uint32), 0
    for y in range(h):
        for x in range(w):
            if hole[y, x]:
                number[y, x], n = n, n + 1
    start, wanted = np.zeros((n + 1, LANES), np.float32), np.zeros((n, LANES), np.float32)
    beside, total = np.full((n, 4), n, np.uint32), np.full(n, screen, np.float32)
    for y in range(h):
        for x in range(w):
            if not hole[y, x]:
                continue
            i = number[y, x]
            for c in range(channels):
                start[i, c] = picture[y, x, c]
                wanted[i, c] = screen * picture[y, x, c]
            for k in range(4):
                v, u = y + (k == 3) - (k == 0), x + (k == 2) - (k == 1)
                if not (0 <= v < h and 0 <= u < w and (hole[v, u] or anchor[v, u])):
                    continue
                total[i] += 1
                field, fy, fx = down if k % 3 == 0 else right, min(y, v), min(x, u)
                for c in range(channels):
                    wanted[i, c] += field[fy, fx, c] if k < 2 else -field[fy, fx, c]
                    if not hole[v, u]:
                        wanted[i, c] += picture[v, u, c]
                if hole[v, u]:
                    beside[i, k] = number[v, u]
            if total[i] == 0:
                total[i], wanted[i] = 1, start[i]
    return start, beside, wanted, total


def _solve(
    x: np.ndarray, beside: np.ndarray, wanted: np.ndarray, weight: np.ndarray, rounds: int, kept: np.float32,
    hole: np.ndarray,
) -> None:  # fmt: skip
    """Rounds of over-relaxation of `_equations`, in place; weight: the factor over the total; kept: 1 - the factor.

    A row wants those above it done in its round, and those below in the round before. So a band of rows goes through
    some rounds at once, one row higher each round, as soon as the band above it has, and those below it have gone
    through the rounds before: what comes out is what going row by row gives, to the bit.
    """
    first = np.concatenate([[0], np.cumsum(hole.sum(axis=1))])
    at_once = -(-rounds // TURNS)
    height, tasks = max(LEAST_ROWS, at_once), {}
    for turn, band in np.ndindex(TURNS, -(-(len(hole) + at_once) // height)):
        more = min(at_once, rounds - turn * at_once)
        rows = band * height, (band + 1) * height
        before = (turn, band - 1), (turn - 1, band), (turn - 1, band + 1)
        task = partial(_relax_band, x, beside, wanted, weight, kept, first, *rows, more)
        tasks[turn, band] = task, [other for other in before if other in tasks]
    in_turn(tasks)


@fast
def _relax_band(x, beside, wanted, weight, kept, first, top, end, rounds):
    """Rounds over the rows from `top` to `end`, one row higher each; first: the number of each row's first pixel."""
    h = len(first) - 1
    for k in range(rounds):
        for i in range(np.uintp(first[min(max(top - k, 0), h)]), np.uintp(first[min(max(end - k, 0), h)])):
            above, left, right, below = beside[i, 0], beside[i, 1], beside[i, 2], beside[i, 3]
            for c in range(np.uintp(LANES)):
                around = wanted[i, c] + x[above, c] + x[right, c] + x[below, c] + x[left, c]
                x[i, c] = kept * x[i, c] + weight[i] * around
