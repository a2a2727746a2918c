"""A photo without the border around it: what is left of the picture, its lens and its depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.formats.depth_names import Size
from gen3d.geometry.border import Border, find_border
from gen3d.geometry.resample import resample_depth
from gen3d.source.given_depth import GivenDepth


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """What is left."""

    image: Float[np.ndarray, "h w 3"]
    camera: Camera | None
    """The photo's own lens through what is left of it: its principal point moved."""
    given: GivenDepth | None
    size: Size
    """Of what is left, in pixels of the photo's own size."""
    at_px: Size
    """Where it begins in the photo: columns from the left, rows from the top."""
    told: str
    """A sentence or two for people."""


def without_border(
    image: Float[np.ndarray, "h w 3"], size: Size, camera: Camera | None, given: GivenDepth | None
) -> Cut | None:
    """The photo without its border; None where it has none.

    size: of the photo before it was reduced, which `camera` is of; the depth covers the same view at a size of its own.
    """
    border = find_border(image)
    if border is None:
        return None
    height, width, _ = image.shape
    if camera is not None:
        window = border.left, border.top, border.width, border.height
        camera = camera.resized(width, height).cropped(*window)
    if given is not None:
        given = replace(given, depth=border.cut(resample_depth(given.depth, width, height)))
    x, y = size[0] / width, size[1] / height
    at_px = round(border.left * x), round(border.top * y)
    left = round(border.width * x), round(border.height * y)
    return Cut(border.cut(image), camera, given, left, at_px, _told(border, at_px, left, size))


def _told(border: Border, at_px: Size, size: Size, whole: Size) -> str:
    (left, top), (width, height), (all_width, all_height) = at_px, size, whole
    cut = {"left": left, "right": all_width - left - width, "top": top, "bottom": all_height - top - height}
    sides = ", ".join(f"{px} px {side}" for side, px in cut.items() if px > 0)
    return (
        f"The photo has a {border.called} border, which is no part of what it shows and was cut away ({sides}). "
        "border keep leaves it in (--border keep)."
    )
