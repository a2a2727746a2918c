"""How well new depth meets old (paper 3.2, eq. 4): the depth put into a hole, and its jump at the hole's rim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True, eq=False, slots=True)
class Seam:
    """A hole in known depth, and what was put into it: before and after it was aligned."""

    known: Float[np.ndarray, "h w"]
    """Metres, inf = sky; read outside the hole only."""
    hole: Bool[np.ndarray, "h w"]
    hiding: Bool[np.ndarray, "h w"]
    """Rim pixels that stand in front of what the hole shows: there depth has to jump."""
    estimated: Float[np.ndarray, "h w"]
    """As the estimator gave it, in its own scale."""
    aligned: Float[np.ndarray, "h w"]
    """As it was lifted."""

    @property
    def before(self) -> Float[np.ndarray, "h w"]:
        """The whole picture's depth, the hole as estimated."""
        return np.where(self.hole, self.estimated, self.known).astype(np.float32)

    @property
    def after(self) -> Float[np.ndarray, "h w"]:
        """The whole picture's depth, the hole aligned."""
        return np.where(self.hole, self.aligned, self.known).astype(np.float32)

    @property
    def correction(self) -> Float[np.ndarray, "h w"]:
        """log(aligned / estimated) in the hole: W of eq. 4 along the rays. NaN elsewhere and in the sky."""
        moved = self.hole & np.isfinite(self.estimated) & np.isfinite(self.aligned)
        ratio = np.where(moved, self.aligned, 1) / np.where(moved, self.estimated, 1)
        return np.where(moved, np.log(ratio), np.nan).astype(np.float32)

    def jump(self, depth: Float[np.ndarray, "h w"]) -> float:
        """Mean |log depth| step between neighbours across the hole's rim, hiding rim pixels and sky left out.

        Never quite zero: a surface that recedes has another depth a pixel further. NaN where nothing can be compared.
        """
        usable = np.isfinite(depth) & (depth > 0) & ~(self.hiding & ~self.hole)
        log = np.log(np.where(usable, depth, 1.0))
        steps = []
        for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
            across = (self.hole[one] != self.hole[other]) & usable[one] & usable[other]
            steps.append(np.abs(log[one] - log[other])[across])
        steps = np.concatenate(steps)
        return float(steps.mean()) if steps.size else float("nan")
