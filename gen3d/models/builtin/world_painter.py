"""Plays TextToImage without a network: a sentence becomes a small world, see `gen3d/painter`."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gen3d.events import product
from gen3d.models.base import Painted
from gen3d.values import Things


@dataclass(frozen=True, slots=True)
class Painter:
    """Opened at once; the painter itself is imported when a sentence comes."""

    name: str = "world painter"

    def draw(self, prompt: str, width: int, height: int, seed: int = 0) -> Float[np.ndarray, "h w 3"]:
        """As the role says; raises InputError for a sentence of which nothing was understood."""
        return product(self.paint(prompt, width, height, seed)).image

    def paint(
        self, prompt: str, width: int, height: int, seed: int = 0, fov_deg: float | None = None
    ) -> Generator[float, None, Painted]:
        """As the role says."""
        from gen3d.painter.painting import painting

        drawn = yield from painting(prompt, width, height, seed, fov_deg)
        return Painted(drawn.image, drawn.depth, drawn.camera, Things(drawn.labels, drawn.names), drawn.told)
