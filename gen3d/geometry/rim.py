"""How a region's rim stands against what lies outside it (paper 3.1): in front of it, or behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool


@dataclass(frozen=True, eq=False, slots=True)
class Rim:
    """A region's rim, judged pixel by pixel."""

    counted: Bool[np.ndarray, "h w"]
    """The rim pixels that have a say."""
    occludes: Bool[np.ndarray, "h w"]
    """Those that stand in front of what lies outside."""
    occluded: Bool[np.ndarray, "h w"]
    """Those that stand behind it."""

    def part(self, which: Bool[np.ndarray, "h w"]) -> float:
        """The share of the rim that `which` is; 0 where no pixel has a say."""
        return float(which.sum() / max(1, self.counted.sum()))

    @property
    def balance(self) -> float:
        """The occluding share less the occluded share, -1 to 1."""
        return self.part(self.occludes) - self.part(self.occluded)
