"""3D Gaussians, activated: scales in metres and opacities in [0, 1], never their logs or logits.

Log-scales and logit-opacities exist only inside `fit/loop.py` and in `.ply` files. Quaternions are wxyz and need not be
of unit length; they rotate the Gaussian's own axes into the world. Colour is spherical harmonics without the
activation: rgb = 0.5 + SH_C0 * sh[:, 0] for degree 0. What is known of each goes along as its kind and its thing, and
changes nothing of how it is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int32, UInt8
from scipy.spatial.transform import Rotation

from gen3d.geometry.compiled import compiled
from gen3d.splat.cpu.ewa import combine, cross, dot
from gen3d.values import NO_THING, UNKNOWN, PointCloud

SH_C0 = 0.28209479177387814
"""The constant basis function, 1 / (2 sqrt(pi)). By definition."""
INITIAL_SIZE = 0.6
"""Standard deviation of a new Gaussian as a share of its point's footprint: smaller leaves cracks, larger blurs.
Measured on held-out views, as `python -m bench.quality` scores them: 0.7 lost 0.15 dB, 0.5 gained 0.1 but shows its
backing from nearby."""
INITIAL_OPACITY = 0.95
"""Of a new Gaussian whose point is opaque. Chosen by eye."""
THINNESS = 0.1
"""Extent along the surface normal as a share of the smaller extent within the surface. Chosen by eye."""
LONGEST = 0.05
"""The smaller extent within the surface is at least this share of the larger: needles are widened. Chosen by eye."""


def turning(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "4 4"]:
    """The matrix that a quaternion wxyz is multiplied by to be turned after its own rotation."""
    w, x, y, z = Rotation.from_matrix(rotation).as_quat(scalar_first=True)
    return np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])


def all_finite(numbers: torch.Tensor) -> bool:
    """Whether there is no NaN and no infinity: one sum finds any, and only where it is none itself all are asked."""
    return bool(numbers.sum().isfinite() or numbers.isfinite().all())


@dataclass(frozen=True, eq=False, slots=True)
class Gaussians:
    """A set of n 3D Gaussians."""

    means: Float[torch.Tensor, "n 3"]
    quats: Float[torch.Tensor, "n 4"]
    """wxyz."""
    scales: Float[torch.Tensor, "n 3"]
    """Standard deviations along the own axes, metres."""
    opacities: Float[torch.Tensor, "n"]
    sh: Float[torch.Tensor, "n k 3"]
    """k = (degree + 1)^2 coefficients per channel."""
    kinds: UInt8[torch.Tensor, "n"] | None = None
    """A `Kind` each, or UNKNOWN; None where nothing is known of any, as of other people's scenes."""
    things: Int32[torch.Tensor, "n"] | None = None
    """The number of a thing each, NO_THING or SKY; None where nothing is known of any."""

    def __len__(self) -> int:
        return len(self.means)

    @property
    def sh_degree(self) -> int:
        """0 for a constant colour, 1 for one linear in the viewing direction, ..."""
        return int(self.sh.shape[1] ** 0.5) - 1

    @property
    def rgb(self) -> Float[torch.Tensor, "n 3"]:
        """The colour without its view-dependent part, sRGB; may lie slightly outside [0, 1]."""
        return 0.5 + SH_C0 * self.sh[:, 0]

    def picked(self, which: Int[torch.Tensor, "k"]) -> Gaussians:
        """Those of these numbers, in that order."""
        return self._each(lambda t: t[which])

    def keep(self, which: Bool[torch.Tensor, "n"]) -> Gaussians:
        """The chosen ones, in order."""
        return self._each(lambda t: t[which])

    def detached(self) -> Gaussians:
        """The same values without their history."""
        return self._each(torch.Tensor.detach)

    def to(self, device: str | torch.device) -> Gaussians:
        """The same values in that device's memory; no copy where they are there already."""
        return self._each(lambda t: t.to(device))

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Gaussians:
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return Gaussians(**{name: None if part is None else change(part) for name, part in parts.items()})


def sh_from_rgb(rgb: Float[torch.Tensor, "n 3"]) -> Float[torch.Tensor, "n 1 3"]:
    """Degree-0 coefficients of a colour."""
    return ((rgb - 0.5) / SH_C0)[:, None, :]


def joined(*parts: Gaussians) -> Gaussians:
    """All of them as one set, in order; of one degree."""
    names = [field.name for field in fields(Gaussians) if field.name not in ("kinds", "things")]
    whole = Gaussians(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
    if any(part.kinds is not None for part in parts):
        whole = replace(whole, kinds=torch.cat([kinds_or_unknown(part) for part in parts]))
    if any(part.things is not None for part in parts):
        whole = replace(whole, things=torch.cat([things_or_none(part) for part in parts]))
    return whole


def kinds_or_unknown(gaussians: Gaussians) -> UInt8[torch.Tensor, "n"]:
    """Its kinds; UNKNOWN for all where it has none."""
    if gaussians.kinds is not None:
        return gaussians.kinds
    return torch.full((len(gaussians),), UNKNOWN, dtype=torch.uint8, device=gaussians.means.device)


def things_or_none(gaussians: Gaussians) -> Int32[torch.Tensor, "n"]:
    """Its things; NO_THING for all where it has none."""
    if gaussians.things is not None:
        return gaussians.things
    return torch.full((len(gaussians),), NO_THING, dtype=torch.int32, device=gaussians.means.device)


def from_points(points: PointCloud, size: float = INITIAL_SIZE) -> Gaussians:
    """One flat Gaussian per point, spread in the surface like the point's footprint, thin along the normal.

    size: standard deviation as a share of the footprint.

    The footprint M = [right down] (3x2) has covariance M M^T; its principal axes are M v for the eigenvectors v of
    the 2x2 Gram matrix M^T M, known in closed form.
    """
    quats, scales = np.empty((len(points), 4), np.float32), np.empty((len(points), 3), np.float32)
    _spread(points.tangents, size, quats, scales)
    return Gaussians(
        torch.from_numpy(points.xyz.copy()),
        torch.from_numpy(quats),
        torch.from_numpy(scales),
        INITIAL_OPACITY * torch.from_numpy(points.opacity.copy()),
        sh_from_rgb(torch.from_numpy(points.rgb.copy())),
    )


@compiled
def _spread(tangents, size, quats, scales):
    """Fills in the rotation and the scales of each footprint; one that has no extent lies across the z axis."""
    for i in range(len(tangents)):
        right, down = _vector(tangents[i, 0]), _vector(tangents[i, 1])
        angle = 0.5 * math.atan2(2 * dot(right, down), dot(right, right) - dot(down, down))
        cos, sin = math.cos(angle), math.sin(angle)
        long, short = combine(cos, right, sin, down), combine(cos, down, -sin, right)
        extent, other = math.sqrt(dot(long, long)), math.sqrt(dot(short, short))
        largest = max(extent, other)
        extent, other = max(extent, LONGEST * largest), max(other, LONGEST * largest)
        scales[i, 0], scales[i, 1], scales[i, 2] = size * extent, size * other, size * THINNESS * min(extent, other)
        x, y, z = _frame(long, short)
        quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3] = quaternion(x, y, z)


@compiled
def _vector(row):
    return np.float64(row[0]), np.float64(row[1]), np.float64(row[2])


@compiled
def _frame(long, short):
    """Three orthonormal axes, right-handed, from two directions that are all but orthogonal."""
    x = _unit(long)
    z = _unit(cross(x, short))
    if dot(z, z) == 0:
        x, z = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    return x, cross(z, x), z


@compiled
def _unit(a):
    length = math.sqrt(dot(a, a))
    return (a[0] / length, a[1] / length, a[2] / length) if length > 0 else (0.0, 0.0, 0.0)


@compiled
def quaternion(x, y, z):
    """Wxyz of the rotation that has these axes as columns, from the largest of its components (Shepperd 1978)."""
    trace = x[0] + y[1] + z[2]
    if trace >= max(x[0], y[1], z[2]):
        q = 1 + trace, y[2] - z[1], z[0] - x[2], x[1] - y[0]
    elif x[0] >= max(y[1], z[2]):
        q = y[2] - z[1], 1 - trace + 2 * x[0], x[1] + y[0], x[2] + z[0]
    elif y[1] >= z[2]:
        q = z[0] - x[2], x[1] + y[0], 1 - trace + 2 * y[1], y[2] + z[1]
    else:
        q = x[1] - y[0], x[2] + z[0], y[2] + z[1], 1 - trace + 2 * z[2]
    length = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    return q[0] / length, q[1] / length, q[2] / length, q[3] / length
