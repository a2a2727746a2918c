"""The grid that a diffusion network works on: the picture scaled to a size it knows, its sides multiples of 8.

Stable Diffusion 1.5 was trained at 512 px: much smaller it draws nothing sensible, much larger it repeats itself. So a
picture is scaled until its shorter side has at least, and its longer side at most, a working length, and its right and
bottom edges are repeated to a multiple of the latent cell. Depth, holes and pictures go onto the grid alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

CELL_PX = 8
"""A latent pixel covers so many pixels along each axis."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A working grid for pictures of one size, and the ways there and back."""

    height: int
    width: int
    """Of the pictures that come and go."""
    inner: tuple[int, int]
    """Height and width of the scaled picture on the grid."""
    full: tuple[int, int]
    """Height and width of the grid: multiples of the cell."""

    @classmethod
    def fit(cls, height: int, width: int, shortest_px: int, longest_px: int, cell_px: int = CELL_PX) -> Canvas:
        """The grid whose shorter side has at least `shortest_px`, unless its longer one would exceed `longest_px`."""
        scale = min(max(1.0, shortest_px / min(height, width)), longest_px / max(height, width))
        inner = (max(1, round(scale * height)), max(1, round(scale * width)))
        return cls(height, width, inner, (-(-inner[0] // cell_px) * cell_px, -(-inner[1] // cell_px) * cell_px))

    def field(self, values: Float[np.ndarray, "h w *c"]) -> Float[np.ndarray, "h2 w2 *c"]:
        """A picture or numbers onto the grid, each the mean of what it covers."""
        (h, w), (rows, columns) = self.inner, self.full
        scaled = _scaled(np.asarray(values, np.float32), h, w, cv2.INTER_LINEAR)
        return np.pad(scaled, ((0, rows - h), (0, columns - w), *((0, 0),) * (values.ndim - 2)), mode="edge")

    def cells(self, region: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h2 w2"]:
        """A region onto the grid, in whole latent cells: every cell that it touches.

        Pipelines sample a mask once per cell, so a sliver that misses the sample would be taken for known. On the grid
        no pixel outside these cells has taken anything from the region.
        """
        touched = self.field(region.astype(np.float32)) > 0
        rows, columns = self.full[0] // CELL_PX, self.full[1] // CELL_PX
        cells = touched.reshape(rows, CELL_PX, columns, CELL_PX).any(axis=(1, 3))
        return cells.repeat(CELL_PX, axis=0).repeat(CELL_PX, axis=1)

    def back(self, picture: Float[np.ndarray, "h2 w2 3"]) -> Float[np.ndarray, "h w 3"]:
        """A picture from the grid, at the size the pictures came in."""
        cropped = picture[: self.inner[0], : self.inner[1]]
        return _scaled(cropped, self.height, self.width, cv2.INTER_CUBIC).clip(0, 1).astype(np.float32)

    def back_region(self, region: Bool[np.ndarray, "h2 w2"]) -> Bool[np.ndarray, "h w"]:
        """The pixels that a region on the grid touches."""
        cropped = region[: self.inner[0], : self.inner[1]].astype(np.float32)
        return _scaled(cropped, self.height, self.width, cv2.INTER_LINEAR) > 0


def _scaled(values: np.ndarray, height: int, width: int, enlarging: int) -> np.ndarray:
    """The array at another size: averaged when it shrinks, interpolated when it grows."""
    if values.shape[:2] == (height, width):
        return values
    shrinks = height <= values.shape[0] and width <= values.shape[1]
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA if shrinks else enlarging)
