"""The algebra of EWA splatting for a block of Gaussians: `gen3d/splat/cpu/ewa.py` and `shade.py`, in Triton.

Vectors are tuples of three blocks, matrices tuples of rows; the letters are those of `ewa.py`. Three numbers of the
view (a row of W, the centre) are scalars in the same form.
"""

from __future__ import annotations

import triton.language as tl

from gen3d.splat.cpu import shade as cpu
from gen3d.splat.triton.kernels import CENTER, FX, FY, U_MAX, U_MIN, V_MAX, V_MIN, W2C, kernel

C0, C1, BLACK = tl.constexpr(float(cpu.C0)), tl.constexpr(float(cpu.C1)), tl.constexpr(float(cpu.BLACK))


@kernel
def dot(a, b):
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@kernel
def times(a, b):
    """The product, element by element."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@kernel
def combine(s, a, t, b):
    """The vector s a + t b."""
    return s * a[0] + t * b[0], s * a[1] + t * b[1], s * a[2] + t * b[2]


@kernel
def cross(a, b):
    """The vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@kernel
def row_times(a, M):
    """The row vector a M."""
    return (
        a[0] * M[0][0] + a[1] * M[1][0] + a[2] * M[2][0],
        a[0] * M[0][1] + a[1] * M[1][1] + a[2] * M[2][1],
        a[0] * M[0][2] + a[1] * M[1][2] + a[2] * M[2][2],
    )


@kernel
def times_column(M, a):
    """The column vector M a."""
    return dot(M[0], a), dot(M[1], a), dot(M[2], a)


@kernel
def vector(at, inside):
    """Three neighbouring numbers each; 1 outside."""
    return (
        tl.load(at, mask=inside, other=1.0),
        tl.load(at + 1, mask=inside, other=1.0),
        tl.load(at + 2, mask=inside, other=1.0),
    )


@kernel
def store_vector(at, v, inside):
    """Three neighbouring numbers each."""
    tl.store(at, v[0], mask=inside)
    tl.store(at + 1, v[1], mask=inside)
    tl.store(at + 2, v[2], mask=inside)


@kernel
def scalars(at):
    """Three neighbouring numbers of the view."""
    return tl.load(at), tl.load(at + 1), tl.load(at + 2)


@kernel
def unit_quaternion(at, inside):
    """(w, x, y, z) of length one, and one over the length it had."""
    w = tl.load(at, mask=inside, other=1.0)
    x, y, z = vector(at + 1, inside)
    per_length = 1.0 / tl.sqrt(w * w + x * x + y * y + z * z)
    return (w * per_length, x * per_length, y * per_length, z * per_length), per_length


@kernel
def rotation(q):
    """The matrix of a unit quaternion."""
    w, x, y, z = q
    return (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)),
        (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)),
        (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)),
    )


@kernel
def world_rotation(view):
    """W."""
    return scalars(view + W2C), scalars(view + W2C + 4), scalars(view + W2C + 8)


@kernel
def to_camera(W, view, mean):
    """A world point in camera axes."""
    x, y, z = times_column(W, mean)
    return x + tl.load(view + W2C + 3), y + tl.load(view + W2C + 7), z + tl.load(view + W2C + 11)


@kernel
def screen_jacobian(W, view, xyz):
    """J W, with x/z and y/z held near the picture; also whether each was free to move."""
    fx, fy = tl.load(view + FX), tl.load(view + FY)
    per_z = 1.0 / xyz[2]
    u, v = xyz[0] * per_z, xyz[1] * per_z
    u_held = tl.minimum(tl.maximum(u, tl.load(view + U_MIN)), tl.load(view + U_MAX))
    v_held = tl.minimum(tl.maximum(v, tl.load(view + V_MIN)), tl.load(view + V_MAX))
    fx_z, fy_z = fx * per_z, fy * per_z
    j0 = combine(fx_z, W[0], -fx_z * u_held, W[2])
    j1 = combine(fy_z, W[1], -fy_z * v_held, W[2])
    return j0, j1, u == u_held, v == v_held


@kernel
def direction(mean, view):
    """The unit vector from the camera, and one over the distance; NaN at the centre itself, which is never drawn."""
    center = scalars(view + CENTER)
    away = mean[0] - center[0], mean[1] - center[1], mean[2] - center[2]
    per_distance = 1.0 / tl.sqrt(dot(away, away))
    return (away[0] * per_distance, away[1] * per_distance, away[2] * per_distance), per_distance


@kernel
def constant_colour(at, inside):
    """The colour without its view-dependent part, not held at 0."""
    sh0 = vector(at, inside)
    return 0.5 + sh0[0] * C0, 0.5 + sh0[1] * C0, 0.5 + sh0[2] * C0


@kernel
def view_dependent(at, inside, way):
    """What degree 1 adds to the three colours, seen along `way`."""
    sh1, sh2, sh3 = vector(at + 3, inside), vector(at + 6, inside), vector(at + 9, inside)
    return combine(way[2] * C1, sh2, -1.0, combine(way[1] * C1, sh1, way[0] * C1, sh3))
