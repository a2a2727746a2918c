"""A hall with two rows of columns."""

from __future__ import annotations

from gen3d.painter.places.indoors import eye_of, shell
from gen3d.painter.setting import Setting, Wish


def hall(s: Setting) -> None:
    """Checkered marble, columns, pictures at the far wall."""
    floor = s.part("floor", "checks", "#d9d2c4", "#4a4a4c", more=(0.9, 0.0))
    shell(s, 4.4, 13.0, 5.4, floor, window=(4.0, 9.5, 1.2, 4.4), curtains=False)
    eye_of(s, 1.7, 0.25, 8.0)
    s.near, s.lights[17:20] = 2.6, s.lights[17:20] * 1.15
    for z in (3.6, 6.6, 9.6, 12.2):
        for x in (-3.3, 3.3):
            s.put(s.model("column", 1.36), (x, 0, z), 0, 0)
            s.taken.append((x - 0.75, x + 0.75, z - 0.75, z + 0.75))
    beam = s.ink("marble", "#d5c8ae")
    for x in (-3.3, 3.3):
        s.shapes.box(beam, (x - 0.6, 5.16, -2), (x + 0.6, 5.4, 13))
    s.wishes = (Wish("painting", 2), Wish("statue", where="middle"), Wish("rug"), Wish("bench", where="right"))
