"""3D Gaussians, activated: scales in metres and opacities in [0, 1], never their logs or logits.

Log-scales and logit-opacities exist only inside `fit.py` and in `.ply` files. Quaternions are wxyz and need not be of
unit length; they rotate the Gaussian's own axes into the world. Colour is spherical harmonics without the activation:
rgb = 0.5 + SH_C0 * sh[:, 0] for degree 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

SH_C0 = 0.28209479177387814
"""The constant basis function, 1 / (2 sqrt(pi))."""


@dataclass(frozen=True, eq=False, slots=True)
class Gaussians:
    """A set of n 3D Gaussians."""

    means: Float[Tensor, "n 3"]
    quats: Float[Tensor, "n 4"]
    """wxyz."""
    scales: Float[Tensor, "n 3"]
    """Standard deviations along the own axes, metres."""
    opacities: Float[Tensor, "n"]
    sh: Float[Tensor, "n k 3"]
    """k = (degree + 1)^2 coefficients per channel."""

    def __len__(self) -> int:
        return len(self.means)

    @property
    def sh_degree(self) -> int:
        """0 for a constant colour, 1 for one linear in the viewing direction, ..."""
        return int(self.sh.shape[1] ** 0.5) - 1

    @property
    def rgb(self) -> Float[Tensor, "n 3"]:
        """The colour without its view-dependent part, sRGB; may lie slightly outside [0, 1]."""
        return 0.5 + SH_C0 * self.sh[:, 0]

    def keep(self, which: Bool[Tensor, "n"]) -> Gaussians:
        """The chosen ones, in order."""
        return Gaussians(self.means[which], self.quats[which], self.scales[which], self.opacities[which], self.sh[which])

    def detached(self) -> Gaussians:
        """The same values without their history."""
        return Gaussians(*(t.detach() for t in (self.means, self.quats, self.scales, self.opacities, self.sh)))


def sh_from_rgb(rgb: Float[Tensor, "n 3"]) -> Float[Tensor, "n 1 3"]:
    """Degree-0 coefficients of a colour."""
    return ((rgb - 0.5) / SH_C0)[:, None, :]
