"""Colour seen from a point: spherical harmonics of degree 0 and 1, and their derivative.

    rgb = max(0, 0.5 + C0 sh_0 + C1 (-y sh_1 + z sh_2 - x sh_3)),  (x, y, z) = unit vector from the camera to the mean

the convention of 3DGS and of its .ply files. Plain colours (`Lens.plain`) are taken as they stand. Called for one
Gaussian at a time by `project.py` and `gather.py`.
"""

from __future__ import annotations

import math

import numpy as np

from gen3d.splat.cpu.kernels import HALF, ONE, ZERO, inlined

C0 = np.float32(0.28209479177387814)
C1 = np.float32(0.4886025119029199)
BLACK = np.float32(-1e-6)
"""Colours down to here still receive a gradient: black, give or take rounding, may brighten."""


@inlined
def _direction(mean, center):
    """The unit vector from the camera, and one over the distance; zeros at the centre itself."""
    x, y, z = mean[0] - center[0], mean[1] - center[1], mean[2] - center[2]
    distance = math.sqrt(x * x + y * y + z * z)
    per_distance = ONE / distance if distance > ZERO else ZERO
    return x * per_distance, y * per_distance, z * per_distance, per_distance


@inlined
def _view_dependent(sh, i, c, x, y, z):
    return C1 * (z * sh[i, 2, c] - y * sh[i, 1, c] - x * sh[i, 3, c])


@inlined
def shade(sh, plain, i, mean, center):
    """The (red, green, blue) of Gaussian i of sh [n, k, 3], seen from `center`."""
    if plain:
        return sh[i, 0, 0], sh[i, 0, 1], sh[i, 0, 2]
    red, green, blue = HALF + C0 * sh[i, 0, 0], HALF + C0 * sh[i, 0, 1], HALF + C0 * sh[i, 0, 2]
    if sh.shape[1] > 1:
        x, y, z, _ = _direction(mean, center)
        red += _view_dependent(sh, i, 0, x, y, z)
        green += _view_dependent(sh, i, 1, x, y, z)
        blue += _view_dependent(sh, i, 2, x, y, z)
    return max(red, ZERO), max(green, ZERO), max(blue, ZERO)


@inlined
def shade_backward(sh, plain, i, mean, center, d_rgb, d_sh):
    """Fills d_sh[i]; returns dL/dmean, from what moving the mean does to the viewing direction."""
    if plain:
        d_sh[i, 0, 0], d_sh[i, 0, 1], d_sh[i, 0, 2] = d_rgb
        return ZERO, ZERO, ZERO
    if sh.shape[1] == 1:
        for c in range(3):
            d_sh[i, 0, c] = C0 * d_rgb[c] if HALF + C0 * sh[i, 0, c] >= BLACK else ZERO
        return ZERO, ZERO, ZERO
    x, y, z, per_distance = _direction(mean, center)
    d_x, d_y, d_z = ZERO, ZERO, ZERO
    for c in range(3):
        raw = HALF + C0 * sh[i, 0, c] + _view_dependent(sh, i, c, x, y, z)
        d = d_rgb[c] if raw >= BLACK else ZERO
        d_sh[i, 0, c] = C0 * d
        d *= C1
        d_sh[i, 1, c], d_sh[i, 2, c], d_sh[i, 3, c] = -y * d, z * d, -x * d
        d_x -= d * sh[i, 3, c]
        d_y -= d * sh[i, 1, c]
        d_z += d * sh[i, 2, c]
    along = d_x * x + d_y * y + d_z * z
    return (d_x - along * x) * per_distance, (d_y - along * y) * per_distance, (d_z - along * z) * per_distance
