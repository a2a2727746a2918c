"""A video of any kind in `video_table.py`: what makes its frames, and the file that takes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.formats.picture import as_bytes
from gen3d.formats.video import VideoWriter
from gen3d.splat.shots import Shoot
from gen3d.stages.flythrough import FrameSink
from gen3d.video_table import VideoRow


def shoot_of(kind: VideoRow) -> Shoot:
    """What makes its frames."""
    return resolve_name(kind.shoots)


def sink_of(kind: VideoRow, file: Path, fps: int) -> FrameSink:
    """Where its frames go."""
    return partial(Film, file, fps=fps, writer=resolve_name(kind.writes))


class Film:
    """A video that takes frames as they are rendered.

    writer: makes the file; see `VideoRow.writes`.
    """

    def __init__(self, path: Path, width: int, height: int, fps: int, writer: Callable[..., Any] = VideoWriter) -> None:
        self._writer = writer(path, width, height, fps)

    def __enter__(self) -> Film:
        self._writer.__enter__()
        return self

    def __exit__(self, *failed: Any) -> None:
        self._writer.__exit__(*failed)

    def add(self, frame: Float[np.ndarray, "h w 3"]) -> None:
        """Appends a frame, sRGB in [0, 1]; what lies outside is cut off."""
        self._writer.add(as_bytes(frame))
