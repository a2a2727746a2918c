"""Materials by name, turned into the rows that the tracer reads."""

from __future__ import annotations

import numpy as np

from gen3d.painter.materials import linear


class Palette:
    """Hands out the index of each material that is defined."""

    def __init__(self) -> None:
        """Empty."""
        self.rows: list[np.ndarray] = []

    def __call__(self, pattern, first, second=None, shine=0.0, rough=1.0, glow=0.0, relief=(0.0, 1.0), metal=0) -> int:
        """A new material: two sRGB colours like "#c08040", reflectance head-on, glow, relief = (depth, cells per m)."""
        row = [pattern, *linear(first), *linear(second or first), shine, rough, glow, *relief, metal]
        self.rows.append(np.array(row, np.float64))
        return len(self.rows) - 1

    def packed(self) -> np.ndarray:
        """All rows."""
        return np.stack(self.rows)


def lights(
    sun=(0.0, 1.0, 0.0),
    sun_rgb=(0, 0, 0),
    sun_size=0.02,
    sky=0.0,
    pane=None,
    pane_rgb=(0, 0, 0),
    lamp=None,
    lamp_rgb=(0, 0, 0),
    haze=0.0,
) -> np.ndarray:
    """The row of lights: pane = (corner, edge, edge), lamp = (centre, radius), haze per metre."""
    row = np.zeros(28)
    row[0:3], row[3], row[4:7], row[7] = np.array(sun) / np.linalg.norm(sun), sun_size, sun_rgb, sky
    if pane is not None:
        row[8:17], row[17:20] = np.concatenate(pane), pane_rgb
    if lamp is not None:
        row[20:23], row[23], row[24:27] = lamp[0], lamp[1], lamp_rgb
    row[27] = haze
    return row
