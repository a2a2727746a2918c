"""From the world to the screen, colour and tiles included: the first stage. Its derivative is `triton_gather.py`."""

from __future__ import annotations

import triton.language as tl

from gen3d.splat.role import NEAR_OF_MEDIAN
from gen3d.splat.triton.ewa import (
    combine,
    constant_colour,
    cross,
    direction,
    dot,
    rotation,
    row_times,
    screen_jacobian,
    store_vector,
    times,
    to_camera,
    unit_quaternion,
    vector,
    view_dependent,
    world_rotation,
)
from gen3d.splat.triton.kernels import (
    ALPHA_MIN,
    CONIC_A,
    CX,
    CY,
    DEPTH,
    EPS_2D,
    FX,
    FY,
    HEIGHT,
    MX,
    MY,
    OPACITY,
    RED,
    ROW,
    WIDTH,
    kernel,
)

NEAR = tl.constexpr(NEAR_OF_MEDIAN)


@kernel
def _span(centre, extent, size, drawn, TILE: tl.constexpr):
    """First and last tile along one axis that hold a pixel centre within the extent, and whether there is any."""
    first = tl.ceil(tl.maximum(centre - extent - 0.5, 0.0))
    last = tl.floor(tl.minimum(centre + extent - 0.5, size - 1.0))
    seen = drawn & (centre + extent >= 0.5) & (centre - extent <= size - 0.5) & (first <= last)
    first, last = tl.where(seen, first, 0.0), tl.where(seen, last, 0.0)
    return first.to(tl.int32) // TILE, last.to(tl.int32) // TILE, seen


@kernel
def _sound(quat, sh, inside, mean, scale, opacity, COUNT: tl.constexpr):
    """Whether the numbers of a Gaussian can be drawn: one sum finds any NaN or infinity."""
    total = opacity + mean[0] + mean[1] + mean[2] + scale[0] + scale[1] + scale[2]
    for k in tl.static_range(4):
        total += tl.load(quat + k, mask=inside, other=0.0)
    for k in tl.static_range(COUNT):
        total += tl.load(sh + k, mask=inside, other=0.0)
    return (tl.abs(total) < float("inf")) & (opacity >= 0) & (opacity <= 1)


@kernel
def _colour(at, inside, mean, view, COUNT: tl.constexpr):
    """Colours from the coefficients at `at`, seen from the camera."""
    rgb = constant_colour(at, inside)
    if COUNT > 3:
        way, _ = direction(mean, view)
        rgb = combine(1.0, rgb, 1.0, view_dependent(at, inside, way))
    return tl.maximum(rgb[0], 0.0), tl.maximum(rgb[1], 0.0), tl.maximum(rgb[2], 0.0)


@kernel
def _store_span(at, x0, x1, y0, width, inside, TILE: tl.constexpr):
    """The first tile, in reading order, and how many there are across."""
    across = (width.to(tl.int32) + TILE - 1) // TILE
    tl.store(at, y0 * across + x0, mask=inside)
    tl.store(at + 1, x1 - x0 + 1, mask=inside)


@kernel
def _ellipse(mean, q, scale, view):
    """The mean in camera axes; Sigma' (xx, xy, yy) and its determinant."""
    W = world_rotation(view)
    xyz = to_camera(W, view, mean)
    j0, j1, _, _ = screen_jacobian(W, view, xyz)
    R = rotation(q)
    m0, m1 = times(row_times(j0, R), scale), times(row_times(j1, R), scale)
    cov_xx, cov_xy, cov_yy = dot(m0, m0) + EPS_2D, dot(m0, m1), dot(m1, m1) + EPS_2D
    area = cross(m0, m1)
    return xyz, cov_xx, cov_xy, cov_yy, dot(area, area) + (cov_xx + cov_yy - EPS_2D) * EPS_2D


@kernel(do_not_specialize=["n"])
def project(
    means, quats, scales, opacities, sh, view, median, n, packed, spans, counts, depths, unsound,
    COUNT: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Fills packed [n, ROW], spans [n, 2] (first tile, tiles across), counts [n] (tiles) and depths [n].

    COUNT is the number of coefficients of sh [n, COUNT]. Where a Gaussian is not visible its count is 0, its depth
    infinite and the rest undefined. Adds to unsound [1] how many hold NaN, infinity or an opacity outside [0, 1].
    """
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < n
    mean, scale = vector(means + i * 3, inside), vector(scales + i * 3, inside)
    q, _ = unit_quaternion(quats + i * 4, inside)
    opacity = tl.load(opacities + i, mask=inside, other=0.0)
    sound = _sound(quats + i * 4, sh + i * COUNT, inside, mean, scale, opacity, COUNT)
    tl.atomic_add(unsound, tl.sum((inside & (sound == 0)).to(tl.int32), axis=0))
    xyz, cov_xx, cov_xy, cov_yy, det = _ellipse(mean, q, scale, view)
    near = tl.load(median) * NEAR
    drawn = inside & (xyz[2] > 0) & (xyz[2] >= tl.where(near > 0, near, 0.0)) & (xyz[2] < float("inf"))
    drawn = drawn & (det > 0) & (det < float("inf")) & (opacity >= ALPHA_MIN)
    per_z, per_det = 1.0 / xyz[2], 1.0 / det
    width, height = tl.load(view + WIDTH), tl.load(view + HEIGHT)
    mx = tl.load(view + FX) * (xyz[0] * per_z) + tl.load(view + CX)
    my = tl.load(view + FY) * (xyz[1] * per_z) + tl.load(view + CY)
    reach = 2.0 * tl.log(tl.maximum(opacity / ALPHA_MIN, 1.0))
    x0, x1, seen_x = _span(mx, tl.sqrt(reach * cov_xx), width, drawn, TILE)
    y0, y1, seen_y = _span(my, tl.sqrt(reach * cov_yy), height, drawn, TILE)
    drawn = seen_x & seen_y
    _store_span(spans + i * 2, x0, x1, y0, width, inside, TILE)
    tl.store(counts + i, tl.where(drawn, (x1 - x0 + 1) * (y1 - y0 + 1), 0), mask=inside)
    tl.store(depths + i, tl.where(drawn, xyz[2], float("inf")), mask=inside)
    row = packed + i * ROW
    store_vector(row + CONIC_A, (cov_yy * per_det, -cov_xy * per_det, cov_xx * per_det), drawn)
    store_vector(row + RED, _colour(sh + i * COUNT, inside, mean, view, COUNT), drawn)
    tl.store(row + MX, mx, mask=drawn)
    tl.store(row + MY, my, mask=drawn)
    tl.store(row + OPACITY, opacity, mask=drawn)
    tl.store(row + DEPTH, xyz[2], mask=drawn)
