"""A video as a moving picture, WebP or GIF by its name: there and back, over and over.

Frames are kept until all are there, since such a file is written as a whole.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gen3d.formats.whole import write_whole

WIDEST_PX = 720
"""What is wider is reduced: such files grow large, and all frames are in memory at once. Chosen by eye."""
TICK_MS = {".gif": 10, ".webp": 1}
"""The unit in which a format says how long a frame stays."""
HOW = {".gif": {"optimize": False}, ".webp": {"quality": 80, "method": 2}}
"""Chosen by eye; a GIF's palette is each frame's own."""


class Boomerang:
    """Takes frames one by one inside a `with` block; the file appears when the block ends well, else nothing is left.

    The last frame and the first come once in each round. Raises InputError where the file cannot be written, ValueError
    for a frame of another size and for no frames.
    """

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        self._path, self._size, self._fps = path, (height, width), fps
        self._frames: list[Image.Image] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Boomerang:
        self._temporary = self._cleanup.enter_context(write_whole(self._path))
        return self

    def add(self, frame: UInt8[np.ndarray, "h w 3"]) -> None:
        """Appends a frame of sRGB bytes."""
        if frame.shape[:2] != self._size:
            raise ValueError(f"the frame is {frame.shape[:2]}, the video {self._size}")
        picture = Image.fromarray(frame)
        if picture.width > WIDEST_PX:
            picture = picture.resize((WIDEST_PX, max(1, round(picture.height * WIDEST_PX / picture.width))))
        self._frames.append(picture)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._cleanup.__exit__(kind, error, traceback)
            return
        with self._cleanup:
            self._write()

    def _write(self) -> None:
        if not self._frames:
            raise ValueError("a video needs at least one frame")
        first, *others = [*self._frames, *self._frames[-2:0:-1]]
        suffix = self._path.suffix.lower()
        stays = durations(len(others) + 1, self._fps, TICK_MS[suffix])
        first.save(
            self._temporary, save_all=True, append_images=others, duration=stays, loop=0, **HOW[suffix],
        )  # fmt: skip


def durations(frames: int, fps: int, tick_ms: int) -> list[int]:
    """How long each frame stays, milliseconds in whole ticks, so that together they last as long as they should."""
    ends = [tick_ms * round(1000 * i / fps / tick_ms) for i in range(frames + 1)]
    return [b - a for a, b in pairwise(ends)]
