"""The video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.events import Preview
from gen3d.explain import ink
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.preview import picture_preview


def preview_frame(frame: Float[np.ndarray, "h w 3"], place: int, **_: Any) -> Preview:
    """A frame; place: its number among all frames."""
    return Preview(f"flythrough_{place:03d}", picture_preview(ink.as_bytes(frame).astype(np.float32) / 255))


def show_flight(
    frame: Float[np.ndarray, "h w 3"], place: int, amplitude: float, frames: int
) -> Iterator[Exhibit]:
    """The frame a quarter through the video; place: its number among all frames."""
    if place != frames // 4:
        return
    yield Exhibit(
        "flythrough", "1_frame", "The video, a quarter through", lambda: ink.as_bytes(frame),
        lambda: {"amplitude": amplitude, "frames": frames},
    )  # fmt: skip
