"""The map of the kernels, and what all of them share: the equations, the packed row, the tile buffer, the tricks.

One view is drawn in four stages, and differentiated by walking the last one again and gathering:

    project.py    mean, quaternion, scales -> mean, conic and extent on the screen (EWA splatting, `ewa.py`),
                  sh and the direction it is seen from -> rgb (`shade.py`)
    binning.py    one list of Gaussians for every tile of 32 x 32 pixels
    sort.py       each list from near to far
    raster.py     every tile walks its list front to back and blends (3DGS, eq. 3); backward it walks it again and
                  writes a gradient row per (tile, Gaussian) pair
    gather.py     sums the rows of every Gaussian and carries them back through the projection

`function.py` strings them together. Conventions are those of `gen3d.camera`: OpenCV axes, pixel centres at +0.5, depth
is z, any principal point. The letters are the field's (Zwicker et al., EWA Volume Splatting, 2001; Kerbl et al., 3D
Gaussian Splatting, 2023; Yu et al., Mip-Splatting, 2024):

    Sigma  = R S S^T R^T                       covariance in the world, R from the quaternion, S = diag(scales)
    Sigma' = J W Sigma W^T J^T + eps2d I       covariance on the screen, W = w2c rotation, J = d(pixel)/d(camera xyz)
    Q      = Sigma'^-1 = [[A, B], [B, C]]      the conic
    o      = opacity, times sqrt(det(Sigma' - eps2d I) / det Sigma') where antialiased
    sigma  = A dx^2 / 2 + B dx dy + C dy^2 / 2 at the offset (dx, dy) of a pixel centre from the projected mean
    alpha  = min(ALPHA_MAX, o exp(-sigma)), left out below ALPHA_MIN
    rgb    = sum_i T_i alpha_i c_i,  T_i = prod_{j<i} (1 - alpha_j); the pixel stops before T would fall to T_MIN

The constants are those of gsplat, so files look the same elsewhere.

Why the kernels look the way they do (small edits silently lose a factor of up to 4; `tests/test_rasterizer.py` looks
into the machine code):

- A tile blends into one flat buffer that fits the first-level cache. Eight neighbouring pixels of a plane
  (transmittance, red, ...) are one vector (`lanes.py`).
- Such a chunk of eight columns runs down all rows of a Gaussian before the next chunk starts: most Gaussians are
  narrower than eight pixels, so this is one plain loop, and what depends on the columns alone is outside of it. Rows go
  in pairs: half as many turns, whose number nobody can guess ahead.
- The alphas of a chunk are worked out in a loop of their own. A row is a long chain of operations, each waiting for the
  one before, so its time is that of the chain by how many rows are under way; and that is as many as fit the
  registers which the processor has for what is not done yet.
- The hot loops are functions of their own that receive the buffer: of what it gets as an argument the compiler knows
  more.
- No loop is numba's `prange`: a kernel with `tickets` takes its work piece by piece, run by all threads that are free
  (`together.shared`), so nobody waits for the slower half, and several views can be drawn at once, which numba's
  threads abort at.
- A list names Gaussians from all over memory, and the first thing read of each decides how far its loops run: so
  rows are asked for some places ahead (`machine.prefetch`), and so is where a gradient will be written. No kernel
  calls `floor` or `ceil`: a call in a hot loop saves and restores every vector register.
- No atomics on results: a thread owns its tile, and every (tile, Gaussian) pair has a gradient row of its own which
  one thread adds up later, in the order of tiles. The result is bitwise the same for any number of threads, although
  tiles are handed out one by one to whoever is free (`machine.next_ticket`): a core that is busy elsewhere gets fewer.
- `fastmath` allows fused multiply-add only: NaN and infinity keep their meaning, sums keep their order.

numba keeps a compiled kernel as long as its own file stays as it is: after editing this one, remove what is kept of the
others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import float32, int32

from gen3d.geometry.compiled import compiled

ALPHA_MAX = np.float32(0.999)
ALPHA_MIN = np.float32(1 / 255)
T_MIN = np.float32(1e-4)
EPS_2D = 0.3
"""The usual low-pass in px^2: nothing is thinner than about half a pixel."""

ZERO, HALF, ONE, TWO = (np.float32(x) for x in (0, 0.5, 1, 2))
"""An integer literal would promote float32 to float64."""

LANES = 8
TILE = 32
STRIDE = TILE + LANES
"""Floats per row of the tile buffer: the last chunk of a row may run over the tile's right edge."""
PLANE = (TILE + 1) * STRIDE
"""Floats of a plane: rows go in pairs, so the last may run over the tile's bottom edge."""

ROW = 16
"""Floats in a packed row: one cache line per Gaussian."""
MX, MY, CONIC_A, CONIC_B, CONIC_C, OPACITY, RED, GREEN, BLUE, DEPTH, EXTENT_X, EXTENT_Y = range(12)
"""Columns of a packed row. The extents in px bound alpha >= ALPHA_MIN, tightly; 0 where a Gaussian is not drawn."""

GRADIENTS = 10
"""A gradient row holds dL/d of the first ten columns: MX ... DEPTH."""


def kernel(function: Callable | None = None, **options):
    """`compiled` as every kernel here wants it; used bare, or with more of numba's options."""
    return compiled(function, **{"error_model": "numpy", "fastmath": {"contract"}, **options})


def inlined(function: Callable):
    """For the small functions a kernel is made of: called, they would pass their tuples through memory."""
    return kernel(function, forceinline=True)


class Lens(NamedTuple):
    """A camera and the manner of drawing, as the kernels take them; numbers are float32."""

    fx: np.float32
    fy: np.float32
    cx: np.float32
    cy: np.float32
    u_min: np.float32
    u_max: np.float32
    v_min: np.float32
    v_max: np.float32
    """Bounds on x/z and y/z where J is taken: 30 % of half the field of view outside the picture, as in 3DGS; further
    out the linearisation explodes."""
    width: np.float32
    height: np.float32
    near: np.float32
    far: np.float32
    """Means nearer than `near` or farther than `far` are not drawn."""
    eps2d: np.float32
    antialiased: bool
    plain: bool
    """Colours are rgb as they stand, not coefficients of spherical harmonics."""


def make_lens(
    K: np.ndarray,
    width: int,
    height: int,
    near: float,
    far: float = float("inf"),
    eps2d: float = EPS_2D,
    antialiased: bool = False,
    plain: bool = False,
) -> Lens:
    """The lens of full intrinsics `K` (pixels)."""
    (fx, _, cx), (_, fy, cy), _ = K
    beyond_x, beyond_y = 0.15 * width / fx, 0.15 * height / fy
    u = (-cx / fx - beyond_x, (width - cx) / fx + beyond_x)
    v = (-cy / fy - beyond_y, (height - cy) / fy + beyond_y)
    numbers = (np.float32(x) for x in (fx, fy, cx, cy, *u, *v, width, height, near, far, eps2d))
    return Lens(*numbers, antialiased, plain)


@inlined
def whole_up(x):
    """The least int32 that is not below x >= 0."""
    below = int32(x)
    return below + int32(float32(below) < x)


def _fit_exp(degree: int, low: float) -> tuple[np.float32, ...]:
    """Coefficients of exp on [low, 0] with the least relative error, from Chebyshev nodes."""
    nodes = low / 2 * (1 - np.cos((2 * np.arange(400) + 1) * np.pi / 800))
    fit = np.polynomial.polynomial.polyfit(nodes, np.exp(nodes), degree, w=np.exp(-nodes))
    return tuple(np.float32(c) for c in fit)


E0, E1, E2, E3, E4, E5 = (c * np.float32(-0.125) ** k for k, c in enumerate(_fit_exp(degree=5, low=-0.7)))
"""Of exp(-x / 8)."""


@inlined
def exp_neg(sigma):
    """exp(-sigma) to 1e-6 for sigma in [0, 5.6], where alpha can reach ALPHA_MIN; beyond 5.6 the value at 5.6."""
    x = min(sigma, float32(5.6))
    p = E0 + x * (E1 + x * (E2 + x * (E3 + x * (E4 + x * E5))))
    p = p * p
    p = p * p
    return p * p
