"""The seam of new depth (eq. 4): before and after alignment, in the same colours, and what alignment did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import depth_span
from gen3d.geometry.seam import Seam


def show_seam(
    stage: str, place: str, first: int, image: Float[np.ndarray, "h w 3"], seam: Seam
) -> Iterator[Exhibit]:
    """New depth in a hole as estimated and as aligned, and the correction W between the two (eq. 4).

    place: what the exhibits' places begin with; first: the number of the first of the three.
    """
    yield Exhibit(
        stage, f"{place}{first}_estimated", "Depth as estimated (seam error: mean |log| step across the rim)",
        lambda: ink.depth_drawn(seam.before, depth_span(seam.after)),
        lambda: {"seam_error": ink.number(seam.jump(seam.before))},
    )  # fmt: skip
    yield Exhibit(
        stage, f"{place}{first + 1}_aligned", "Depth aligned to what is known",
        lambda: ink.depth_drawn(seam.after, depth_span(seam.after)),
        lambda: {"seam_error": ink.number(seam.jump(seam.after))},
    )  # fmt: skip
    yield Exhibit(
        stage, f"{place}{first + 2}_correction", "The correction W: log(aligned / estimated)",
        lambda: ink.signed_drawn(seam.correction, image, ink.limit_of(seam.correction)),
        lambda: _size_of(seam.correction),
    )  # fmt: skip


def _size_of(correction: np.ndarray) -> dict[str, Any]:
    known = np.abs(correction[np.isfinite(correction)])
    mean, most = (float(known.mean()), float(known.max())) if known.size else (0.0, 0.0)
    return {"mean": ink.number(mean), "largest": ink.number(most), "drawn_to": ink.limit_of(correction)}
