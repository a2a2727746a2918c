"""The map of the Triton kernels, and what all of them share: the packed row, the view's columns, the blend itself.

The equations, letters and constants are those of the CPU rasterizer (`gen3d/splat/cpu/kernels.py`); so are the stages:

    triton_project.py    mean, quaternion, scales, sh -> a packed row, the tiles it touches, its depth (`triton_ewa.py`)
    triton_binning.py    depth order; one list of Gaussians for every tile, from near to far
    triton_raster.py     every tile walks its list front to back and blends; backward it walks it once more and writes a
                         gradient row per (tile, Gaussian) pair
    triton_gather.py     sums the rows of every Gaussian and carries them back through the projection

`gen3d/splat/triton_gpu.py` strings them together. How the kernels are laid out for a card:

- A tile is one warp, and its list is walked by scalars: what differs from Gaussian to Gaussian is the same for all
  lanes, so branches are uniform, nothing waits at a barrier and sums over pixels are shuffles. Tiles are small (8 px):
  most Gaussians of a lifted photo are a few pixels wide, and thousands of warps hide each other's loads.
- Sorting is two stable radix sorts, of Gaussians by depth and of pairs by tile (16 bits), not one of 64-bit keys.
- No atomics on results: every pair has a gradient row of its own, which one program adds up in the order of tiles. So
  the same arguments give the same bits on one card; sums of atomics would come in another order every time.
- The host waits once a picture, for the number of pairs; whether the input is sound comes along.

Only what Triton 3.4 to 3.7 compile is used: no lists, no break, tuples only between functions. Their interpreter, which
takes more, stumbles over a constant left of an operator: `x * C0`, not `C0 * x`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import triton
import triton.language as tl

from gen3d.splat.cpu import kernels as cpu

ALPHA_MAX = tl.constexpr(float(cpu.ALPHA_MAX))
ALPHA_MIN = tl.constexpr(float(cpu.ALPHA_MIN))
T_MIN = tl.constexpr(float(cpu.T_MIN))
EPS_2D = tl.constexpr(cpu.EPS_2D)
MINUS_LOG2_E = tl.constexpr(-1.4426950408889634)
"""Cards have an instruction for 2^x, none for e^x."""

ROW = tl.constexpr(10)
"""Floats in a packed row, and in a gradient row: dL/d of each."""
MX, MY, CONIC_A, CONIC_B, CONIC_C, OPACITY, RED, GREEN, BLUE, DEPTH = (tl.constexpr(k) for k in range(10))
"""Columns of a packed row, as on the CPU."""

W2C, CENTER, FX, FY, CX, CY, U_MIN, U_MAX, V_MIN, V_MAX, WIDTH, HEIGHT = (
    tl.constexpr(k) for k in (0, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24)
)
"""Places in the view, a vector of floats: twelve of w2c, three of the camera's centre, then the lens."""


def kernel(function: Callable | None = None, **options):
    """`triton.jit`; used bare, or with its options."""
    if function is None:
        return lambda f: kernel(f, **options)
    return triton.jit(inspect.unwrap(function), **options)  # Triton reads the source, not what a type checker wrapped


@kernel
def free_alpha(dx, dy, half_a, b, half_c, opacity):
    """Opacity at an offset from the mean, before its cap."""
    return opacity * tl.exp2((half_a * dx * dx + dy * (b * dx + half_c * dy)) * MINUS_LOG2_E)


@kernel
def blend(free, T):
    """(alpha, weight, T behind, who was drawn). T is negative where a pixel has stopped: it keeps what it had."""
    alpha = tl.minimum(free, ALPHA_MAX)
    w = alpha * T
    counts = (free >= ALPHA_MIN) & (T > 0)
    live, stops = counts & (T - w > T_MIN), counts & (T - w <= T_MIN)
    w = tl.where(live, w, 0.0)
    return alpha, w, tl.where(stops, -T, T - w), live
