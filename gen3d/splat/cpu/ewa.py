"""The algebra of EWA splatting for one Gaussian, shared by the projection and its derivative.

Symbols as in `kernels.py`. Vectors are tuples of three, matrices tuples of rows: W = (w0, w1, w2) is the rotation of
w2c; J W = (j0, j1); N = J W R = (n0, n1); M = N S = (m0, m1), so that Sigma' = M M^T + eps2d I. A number may be one, or
eight of as many Gaussians (`lanes.py`).
"""

from __future__ import annotations

import math

from gen3d.splat.cpu.kernels import ONE, TWO, inlined


@inlined
def dot(a, b):
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def times(a, b):
    """The product, element by element."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@inlined
def combine(s, a, t, b):
    """The vector s a + t b."""
    return s * a[0] + t * b[0], s * a[1] + t * b[1], s * a[2] + t * b[2]


@inlined
def row_times(a, M):
    """The row vector a M."""
    return (
        a[0] * M[0][0] + a[1] * M[1][0] + a[2] * M[2][0],
        a[0] * M[0][1] + a[1] * M[1][1] + a[2] * M[2][1],
        a[0] * M[0][2] + a[1] * M[1][2] + a[2] * M[2][2],
    )


@inlined
def times_column(M, a):
    """The column vector M a."""
    return dot(M[0], a), dot(M[1], a), dot(M[2], a)


@inlined
def vector(rows, i):
    """The first three numbers of a row of an array."""
    return rows[i, 0], rows[i, 1], rows[i, 2]


@inlined
def unit(q):
    """The quaternion of length one, and one over the length it had."""
    w, x, y, z = q
    per_length = ONE / math.sqrt(w * w + x * x + y * y + z * z)
    return (w * per_length, x * per_length, y * per_length, z * per_length), per_length


@inlined
def rotation(q):
    """The matrix of a unit quaternion."""
    w, x, y, z = q
    return (
        (ONE - TWO * (y * y + z * z), TWO * (x * y - w * z), TWO * (x * z + w * y)),
        (TWO * (x * y + w * z), ONE - TWO * (x * x + z * z), TWO * (y * z - w * x)),
        (TWO * (x * z - w * y), TWO * (y * z + w * x), ONE - TWO * (x * x + y * y)),
    )


@inlined
def world_rotation(w2c):
    """W."""
    return vector(w2c, 0), vector(w2c, 1), vector(w2c, 2)


@inlined
def to_camera(W, w2c, mean):
    """A world point in camera axes."""
    x, y, z = times_column(W, mean)
    return x + w2c[0, 3], y + w2c[1, 3], z + w2c[2, 3]


@inlined
def screen_jacobian(W, lens, xyz):
    """J W, with x/z and y/z held near the picture; also whether each was free to move."""
    per_z = ONE / xyz[2]
    u, v = xyz[0] * per_z, xyz[1] * per_z
    u_held = min(max(u, lens.u_min), lens.u_max)
    v_held = min(max(v, lens.v_min), lens.v_max)
    fx_z, fy_z = lens.fx * per_z, lens.fy * per_z
    j0 = combine(fx_z, W[0], -fx_z * u_held, W[2])
    j1 = combine(fy_z, W[1], -fy_z * v_held, W[2])
    return j0, j1, u == u_held, v == v_held


@inlined
def cross(a, b):
    """The vector product. |m0 x m1|^2 = det(M M^T) (Lagrange's identity), and does not cancel for needles."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
