"""An exhibit: a picture with a caption and numbers, made from an intermediate result when a run is to be explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8

from gen3d.stage_table import number


@dataclass(frozen=True, eq=False, slots=True)
class Exhibit:
    """A picture of how a stage came to its product; nothing is drawn before `draw` is called."""

    stage: str
    place: str
    """Among the stage's exhibits: a number and what it shows, "1_photo"."""
    caption: str
    draw: Callable[[], UInt8[np.ndarray, "h w 3"]]
    figures: Callable[[], dict[str, Any]] = dict
    """The numbers that go with it, as JSON holds them."""

    @property
    def name(self) -> str:
        """Of its file, without .png; sorts in the order of the paper's steps."""
        return f"{number(self.stage):02d}_{self.stage}_{self.place}"
